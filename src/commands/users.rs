//! `users add|list|remove|authorized-keys`: the people who may open the dashboard over SSH.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
};

use super::{
    CommandError,
    cli::{GlobalArgs, UsersCommand},
    output::{Lean, stderr, stdout, table},
    people_change::{Change, Trace},
};
use crate::{
    config::{self, Loaded},
    files::{self, Expected},
    people::{self, PeopleError, Program, PublicKey, authorized_line, keys_of_file},
    store_place::ServerPlace,
    study::PersonRole,
    text::shown,
};

/// A file of public keys is a few hundred bytes.
const KEYS: Expected = Expected::new("a file of public keys", 64 << 10);

/// Runs `users`. It has no log file: root would open it, and the service could not write to it any more.
pub(super) fn run(command: &UsersCommand, global: &GlobalArgs) -> Result<(), CommandError> {
    let loaded = config::load(global.config.as_deref())?;
    let file = loaded.config.people.file.clone();
    match command {
        UsersCommand::Add { name, key, role } => {
            let change = add(&file, name, key, *role)?;
            trace(&change, &loaded, global)
        }
        UsersCommand::List => list(&file),
        UsersCommand::Remove { name, key } => {
            let change = remove(&file, name, key.as_deref())?;
            trace(&change, &loaded, global)
        }
        UsersCommand::AuthorizedKeys { user, kind, key } => {
            authorized_keys(&loaded, global, user, &format!("{kind} {key}"))
        }
    }
}

fn add<'a>(file: &Path, name: &'a str, key: &Path, role: PersonRole) -> Result<Change<'a>, CommandError> {
    let unusable = |why: String| CommandError::usage(format!("{} cannot be taken: {why}", shown(key)));
    let text = files::read_text(key, KEYS).map_err(|error| unusable(error.to_string()))?;
    let keys = keys_of_file(&text).map_err(|error| unusable(error.to_string()))?;
    people::create(file)?;
    let (before, after) = people::change(file, |list| {
        let before = list.people().get(name).cloned();
        list.add(name, role, &keys)?;
        Ok((before, list.people().get(name).cloned()))
    })?;
    let mut out = stdout();
    match before.as_ref().map(|person| person.role) {
        Some(was) if was != role => {
            writeln!(out, "{name} is {} now, and was {}; open sessions follow", role.word(), was.word())?;
        }
        _ => writeln!(out, "{name} is {}", role.word())?,
    }
    for key in &keys {
        writeln!(out, "{name} comes in with {} {}", key.kind(), key.fingerprint())?;
    }
    Ok(Change { name, before, after })
}

fn list(file: &Path) -> Result<(), CommandError> {
    let list = people::read(file)?;
    let columns =
        [("NAME", Lean::Left), ("ROLE", Lean::Left), ("TYPE", Lean::Left), ("FINGERPRINT", Lean::Left)];
    let mut rows = Vec::new();
    for (name, person) in list.people().iter() {
        let row = |kind: &str, fingerprint: &str| {
            [name, person.role.word(), kind, fingerprint].map(str::to_owned).to_vec()
        };
        match person.keys.is_empty() {
            true => rows.push(row("", "no key: does not come in by SSH")),
            false => rows.extend(person.keys.iter().map(|key| row(key.kind(), key.fingerprint()))),
        }
    }
    let mut out = stdout();
    if rows.is_empty() {
        writeln!(out, "nobody is on the list {}", shown(file))?;
        return Ok(());
    }
    table(&mut out, &columns, &rows)?;
    Ok(())
}

fn remove<'a>(file: &Path, name: &'a str, key: Option<&str>) -> Result<Change<'a>, CommandError> {
    let (before, after) = people::change(file, |list| {
        let before = list.people().get(name).cloned();
        match key {
            Some(key) => list.remove_key(name, key)?,
            None => list.remove(name)?,
        }
        Ok((before, list.people().get(name).cloned()))
    })?;
    let what = key.map_or_else(String::new, |key| format!("the key {key} of "));
    writeln!(stdout(), "{what}{name} is no longer on the list; open sessions end within 5 seconds")?;
    Ok(Change { name, before, after })
}

/// Has a change written down, and says where it is where that is not the audit.
fn trace(change: &Change<'_>, loaded: &Loaded, global: &GlobalArgs) -> Result<(), CommandError> {
    match change.write_down(loaded, global) {
        Trace::Audit => {}
        Trace::SystemLog { why } => {
            writeln!(
                stderr(),
                "cxr-triage: this change is in the system's log, and not in the audit: {why}"
            )?;
        }
        Trace::Nowhere { why } => {
            writeln!(stderr(), "cxr-triage: this change is made, and written down nowhere: {why}")?;
        }
    }
    Ok(())
}

/// Answers sshd: the line of the person whose key it is. No line: sshd goes on, and lets nobody in by this.
fn authorized_keys(loaded: &Loaded, global: &GlobalArgs, user: &str, key: &str) -> Result<(), CommandError> {
    // Another account's user has own keys; these are for this one.
    if user != loaded.config.people.account {
        return Ok(());
    }
    let Ok(key) = PublicKey::parse(key) else { return Ok(()) };
    let list = people::read(&loaded.config.people.file)?;
    let Some(name) = list.people().of_key(&key) else { return Ok(()) };
    let absolute = |path: &PathBuf| std::path::absolute(path);
    let program = Program {
        path: env::current_exe()?,
        config: loaded.path.as_ref().map(absolute).transpose()?,
        store: global.store.as_ref().map(store_word).transpose()?,
    };
    let line =
        authorized_line(&program, name, &key).map_err(|error| CommandError::failed(error.to_string()))?;
    writeln!(stdout(), "{line}")?;
    Ok(())
}

/// The store as the person's dashboard is to be told it: a file by its whole path, a URL as it is.
fn store_word(store: &PathBuf) -> Result<PathBuf, CommandError> {
    let Some(url) = store.to_str().filter(|text| ServerPlace::is_url(text)) else {
        return Ok(std::path::absolute(store)?);
    };
    if ServerPlace::parse(url).is_ok_and(|place| place.has_password()) {
        return Err(CommandError::usage(
            "a line for sshd holds no password: put it into ~/.pgpass or password_file under [store]",
        ));
    }
    Ok(store.clone())
}

impl From<PeopleError> for CommandError {
    fn from(error: PeopleError) -> Self {
        Self::usage_by(error)
    }
}
