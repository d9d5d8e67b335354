//! `enqueue`: films into the store's queue, for its owner or its workers to score.

use std::io::Write;

use jiff::Timestamp;

use super::{
    CommandError,
    cli::{EnqueueArgs, GlobalArgs},
    output::stdout,
    scan::films_under,
    setup::Setup,
    unread::UnreadFiles,
};
use crate::{intake, store::Store};

/// Films that are entered as one change.
const TOGETHER: usize = 256;

/// Runs `enqueue`.
pub(super) fn run(args: &EnqueueArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let mut faults = UnreadFiles::new(&args.paths);
    let listed = films_under(&args.paths, &setup.config().inbox.ignore, &mut faults);
    let mut store = Store::open(setup.store()?)?;
    let (mut queued, mut known) = (0, 0);
    for files in listed.files.chunks(TOGETHER) {
        let mut arrivals = Vec::with_capacity(files.len());
        for file in files {
            let found = std::path::absolute(file).and_then(|path| intake::arrival(&path));
            match found {
                Ok(Some(arrival)) => arrivals.push(arrival),
                Ok(None) => faults.push(file, &"it is no file"),
                Err(error) => faults.push(file, &error),
            }
        }
        let received = store.receive(&arrivals, Timestamp::now())?.len();
        queued += received;
        known += arrivals.len() - received;
    }
    let mut out = stdout();
    writeln!(out, "{queued} films queued, {known} known already")?;
    if let Some(left_out) = listed.left_out.in_words() {
        writeln!(out, "files left out: {left_out}")?;
    }
    out.flush()?;
    faults.end()
}
