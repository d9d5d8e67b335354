//! `send` and `echo`: for the person who sets up where results go.

use std::{io::Write, path::Path};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    CommandError,
    cli::{EchoArgs, GlobalArgs, SendArgs},
    output::{stderr, stdout},
    setup::Setup,
    watch::actor,
};
use crate::{
    config::Destination,
    deliver::{self, NowError},
    store::{Store, StoreError, StudyId},
    study::SendingState,
    text::clean,
};

/// Runs `send`: each study's result to one destination, now.
pub(super) fn run(args: &SendArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let _ = destination(&setup, &args.to)?;
    let place = setup.store_that_is_there()?;
    let mut store = Store::open(&place)?;
    let (actor, mut failed) = (actor(), 0_usize);
    for word in &args.studies {
        let sending = match find(&store, word)? {
            None => Err(NowError::NoStudy),
            Some(study) => deliver::send_now(&mut store, study, &args.to, &setup.config().send, &actor),
        };
        let (word, sending) = match (clean(word), sending) {
            (word, Ok(sending)) => (word, sending),
            (_, Err(NowError::Store(error))) => return Err(error.into()),
            (word, Err(error)) => {
                failed += 1;
                let why = match error {
                    NowError::NoStudy => format!("there is no study `{word}` in {place}"),
                    error => format!("{word}: {error}"),
                };
                writeln!(stderr(), "cxr-triage: {why}")?;
                continue;
            }
        };
        let words = sending.words(Timestamp::now(), &TimeZone::system());
        writeln!(stdout(), "{word}: {}: {words}", sending.destination)?;
        failed += usize::from(!matches!(sending.state, SendingState::Sent { .. }));
    }
    match failed {
        0 => Ok(()),
        1 => Err(CommandError::failed("1 result has not arrived")),
        _ => Err(CommandError::failed(format!("{failed} results have not arrived"))),
    }
}

/// Runs `echo`.
pub(super) fn echo(args: &EchoArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let to = destination(&setup, &args.name)?;
    let place = format!("{} at {}:{}", to.aet, to.host, to.port);
    let echo = deliver::echo(to)
        .map_err(|error| CommandError::failed(format!("{}, {place}: {error}", args.name)))?;
    let program =
        if echo.implementation.is_empty() { String::new() } else { format!(" ({})", echo.implementation) };
    writeln!(stdout(), "{}, {place}, answers{program}: {} ms", args.name, echo.took.as_millis())?;
    Ok(())
}

fn destination<'a>(setup: &'a Setup, name: &str) -> Result<&'a Destination, CommandError> {
    let known = &setup.config().send;
    known.get(name).ok_or_else(|| {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let there = match names.as_slice() {
            [] => "there is no section [send.NAME] in the configuration".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        CommandError::usage(format!("there is no destination `{name}`: {there}"))
    })
}

/// The study that a word means: its number, its key (the Study Instance UID), or the file of one of its films.
fn find(store: &Store, word: &str) -> Result<Option<StudyId>, StoreError> {
    if let Some(study) = store.study_by_key(word)? {
        return Ok(Some(study));
    }
    if let Ok(number) = word.parse() {
        return Ok(Some(number));
    }
    let path = Path::new(word);
    store.study_of(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}
