//! The file of people: read only where nobody but the administrator can have written it, and written whole.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{List, People, PeopleError, Person, PublicKey, is_name};
use crate::{
    files::{self, Expected},
    study::PersonRole,
    text::{clean, shortened},
    trust,
};

/// Its owner writes, its group reads.
const MODE: u32 = 0o640;
/// The permissions that it must not have: others none, the group no writing.
const FORBIDDEN: u32 = 0o027;

/// How long another's change is waited for; it takes as long as the disk takes.
const LONGEST_CHANGE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// The beginning of a new file.
const HEADER: &str = "\
# The people who may open the dashboard over SSH (docs/ssh.md). Written by `cxr-triage users`; it may be edited by hand,
# too. A change counts within seconds: a key that is taken away ends its sessions.
";

/// The marks that a file's state is known by: one that was changed, or whose owner or permissions were, has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp([i128; 7]);

/// The stamp of the file that lies at a path; none where there is none that can be looked at.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some(Stamp([
        found.dev().into(),
        found.ino().into(),
        found.size().into(),
        found.mtime().into(),
        found.mtime_nsec().into(),
        found.ctime().into(),
        found.ctime_nsec().into(),
    ]))
}

/// Reads the list of people.
///
/// # Errors
/// It cannot be read, others may have written it, or there is a mistake in it.
pub fn read(path: &Path) -> Result<List, PeopleError> {
    let unreadable = |source| PeopleError::Unreadable { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(unreadable)?.mode();
    let doubtful = |doubt| Err(PeopleError::Doubtful { path: path.to_owned(), doubt });
    if let Some(doubt) = trust::doubt_of_owners(path) {
        return doubtful(doubt);
    }
    if mode & FORBIDDEN != 0 {
        return doubtful(format!(
            "its permissions are {:03o}, and 640 is the most that they may be",
            mode & 0o777
        ));
    }
    let text = files::read_text(path, Expected::TEXT).map_err(unreadable)?;
    parse(&text).map_err(|(line, message)| PeopleError::Wrong { path: path.to_owned(), line, message })
}

/// Makes the file with nobody in it, where there is none: its owner's and its folder's group's.
///
/// # Errors
/// The file system's.
pub fn create(path: &Path) -> Result<(), PeopleError> {
    let make = || -> io::Result<()> {
        let group = fs::metadata(path.parent().unwrap_or(Path::new("/")))?.gid();
        let file = match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            opened => opened?,
        };
        if file.metadata()?.gid() != group {
            fchown(&file, None, Some(group))?;
        }
        file.set_permissions(Permissions::from_mode(MODE))
    };
    make().map_err(|source| PeopleError::Unwritable { path: path.to_owned(), source })
}

/// Changes the list, and writes it anew, whole or not at all; owner and permissions stay. Of several that change it at
/// once each sees what the one before has written.
///
/// # Errors
/// Those of [`read`] and of `change`, the file system's, or another's change takes too long; then nothing has changed.
pub fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut List) -> Result<T, PeopleError>,
) -> Result<T, PeopleError> {
    let lock = lock(path)?;
    let mut list = read(path)?;
    let header = if list.document.to_string().is_empty() { HEADER } else { "" };
    let outcome = change(&mut list)?;
    files::replace(path, format!("{header}{}", list.document).as_bytes(), &[b""])
        .map_err(|source| PeopleError::Unwritable { path: path.to_owned(), source })?;
    drop(lock);
    Ok(outcome)
}

/// Waits until nobody else changes the list: the lock is on the file itself, which each change replaces.
fn lock(path: &Path) -> Result<File, PeopleError> {
    let unreadable = |source| PeopleError::Unreadable { path: path.to_owned(), source };
    let began = Instant::now();
    loop {
        let file = files::open(path, Expected::TEXT).map_err(unreadable)?;
        match file.try_lock() {
            Ok(()) => {
                let (locked, there) =
                    (file.metadata().map_err(unreadable)?, fs::metadata(path).map_err(unreadable)?);
                // Else it was replaced meanwhile, and the lock is on a list that has gone.
                if (locked.dev(), locked.ino()) == (there.dev(), there.ino()) {
                    return Ok(file);
                }
            }
            Err(TryLockError::WouldBlock) if began.elapsed() < LONGEST_CHANGE => thread::sleep(LOOK),
            Err(TryLockError::WouldBlock) => return Err(PeopleError::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(unreadable(source)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    role: toml::Spanned<String>,
    keys: Vec<toml::Spanned<String>>,
}

/// A mistake: its line, where it is known, and what it is.
type Mistake = (Option<usize>, String);

/// Reads the text of a list.
pub(super) fn parse(text: &str) -> Result<List, Mistake> {
    let line_of = |at: usize| text.get(..at).map(|before| before.matches('\n').count() + 1);
    let document = text.parse().map_err(|error: toml_edit::TomlError| {
        (error.span().and_then(|span| line_of(span.start)), clean(error.message()))
    })?;
    let entries: std::collections::BTreeMap<toml::Spanned<String>, Entry> = toml::from_str(text)
        .map_err(|error| (error.span().and_then(|span| line_of(span.start)), clean(error.message())))?;
    let mut people = People::default();
    for (name, entry) in entries {
        let wrong = |at: &toml::Spanned<String>, message: String| Err((line_of(at.span().start), message));
        if !is_name(name.get_ref()) {
            return wrong(&name, PeopleError::Name(shortened(&clean(name.get_ref()), 40)).to_string());
        }
        let Some(role) = PersonRole::from_word(entry.role.get_ref()) else {
            let told = shortened(&clean(entry.role.get_ref()), 40);
            return wrong(
                &entry.role,
                format!("`{told}` is no role; write \"view\", \"triage\" or \"admin\""),
            );
        };
        let mut keys = Vec::with_capacity(entry.keys.len());
        for written in &entry.keys {
            let key = match PublicKey::parse(written.get_ref()) {
                Ok(key) => key,
                Err(error) => return wrong(written, format!("a key of {}: {error}", name.get_ref())),
            };
            if let Some(other) = people.of_key(&key) {
                let (fingerprint, name) = (key.fingerprint().to_owned(), other.to_owned());
                return wrong(written, PeopleError::Taken { fingerprint, name }.to_string());
            }
            // Whoever takes a key away takes away one line: a second one would still let its holder in.
            if keys.contains(&key) {
                let (name, fingerprint) = (name.get_ref(), key.fingerprint());
                return wrong(written, format!("a key of {name}: {fingerprint} stands there twice"));
            }
            keys.push(key);
        }
        people.0.insert(name.into_inner(), Person { role, keys });
    }
    Ok(List { people, document })
}

#[cfg(test)]
mod tests {
    use super::{
        super::key::tests::{ANNA, ANNAS},
        *,
    };

    #[test]
    fn people_are_read_as_they_are_written_and_mistakes_are_named_by_their_line() {
        let list = format!(
            "# staff\n[ANNA]\nrole = \"triage\"\nkeys = [\"{ANNA}\"]\n[bert]\nrole = \"view\"\nkeys = []\n"
        );
        let people = parse(&list).unwrap().people;
        assert_eq!(people.admits("ANNA", Some(ANNAS)), Some(PersonRole::Triage));
        assert_eq!(people.admits("ANNA", None), Some(PersonRole::Triage));
        assert_eq!(people.admits("ANNA", Some("SHA256:other")), None);
        assert_eq!(people.admits("bert", Some(ANNAS)), None);
        assert_eq!(people.admits("CARL", None), None);
        let twice = format!("{list}[c]\nrole = \"admin\"\nkeys = [\"{ANNA}\"]\n");
        for (text, line, says) in [
            ("[ANNA]\nrole = \"boss\"\nkeys = []", 2, "`boss` is no role"),
            ("[\"a b\"]\nrole = \"view\"\nkeys = []", 1, "cannot be a name"),
            ("[\"\\u001b[2J\"]\nrole = \"view\"\nkeys = []", 1, "`[2J` cannot be a name"),
            ("[ANNA]\nrole = \"view\"\nkeys = [\"ssh-ed25519\"]", 3, "a key of ANNA: what follows"),
            ("[ANNA]\nrole = \"view\"\nkeys = []\npassword = 1", 4, "unknown field"),
            ("[ANNA\n", 1, ""),
            (&twice, 10, "is of ANNA"),
            (
                &format!("[ANNA]\nrole = \"view\"\nkeys = [\n\"{ANNA}\",\n\"{ANNA} home\"]"),
                5,
                "stands there twice",
            ),
        ] {
            let (at, message) = parse(text).unwrap_err();
            assert!(at == Some(line) && message.contains(says), "{text}: {at:?} {message}");
        }
    }

    #[test]
    fn a_new_list_is_its_owners_and_its_groups_and_one_that_others_can_touch_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.toml");
        create(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&path), read(&path).unwrap().people.iter().count()), (0o640, 0));
        let before = stamp(&path);
        let key = PublicKey::parse(ANNA).unwrap();
        let people = change(&path, |list| {
            list.add("ANNA", PersonRole::View, &[key])?;
            Ok(list.people.clone())
        });
        assert_eq!((mode(&path), read(&path).unwrap().people), (0o640, people.unwrap()));
        assert_ne!(stamp(&path), before);
        assert!(fs::read_to_string(&path).unwrap().starts_with(HEADER));
        // It is there: nothing is made.
        create(&path).unwrap();
        assert!(read(&path).unwrap().people.get("ANNA").is_some());
        for (mode, is_believed) in
            [(0o600, true), (0o440, true), (0o644, false), (0o660, false), (0o642, false)]
        {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let found = read(&path);
            assert_eq!(found.is_ok(), is_believed, "{mode:o}: {found:?}");
        }
        fs::set_permissions(&path, Permissions::from_mode(MODE)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("can be written to by everybody"));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        let missing = read(&folder.path().join("none.toml")).unwrap_err();
        assert!(missing.to_string().contains("`cxr-triage users add` makes it"), "{missing}");
    }
    #[test]
    fn of_many_who_change_the_list_at_once_none_loses_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.toml");
        let names: Vec<String> = (0..24).map(|number| format!("P{number:02}")).collect();
        thread::scope(|scope| {
            for names in names.chunks(4) {
                let path = &path;
                scope.spawn(move || {
                    for name in names {
                        create(path).unwrap();
                        change(path, |list| list.add(name, PersonRole::View, &[])).unwrap();
                    }
                });
            }
        });
        let people = read(&path).unwrap().people;
        assert!(people.iter().map(|(name, _)| name).eq(&names), "{people:?}");
    }
}
