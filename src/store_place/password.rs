//! The password of a server, from the places where libpq and services keep it.

use std::{
    fmt, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    files::{self, Expected},
    text::shown,
};

/// A file of passwords.
const FILE: Expected = Expected::new("a file of passwords", 1 << 20);

/// A password, which no message and no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Vec<u8>);

impl Password {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The password itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Why a password cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Others may read it.
    #[error("others than its owner may read the password in {}: give it the mode 0600", shown(.0))]
    Open(PathBuf),
    /// It cannot be read.
    #[error("the password in {} cannot be read: {source}", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The password in a file that holds nothing else; the end of its line does not count.
pub(super) fn alone_in(path: &Path) -> Result<Password, PasswordError> {
    let bytes = read(path)?;
    let end = bytes.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    Ok(Password::new(&bytes[..end]))
}

/// The password that `PGPASSFILE`, the file of the URL or `~/.pgpass` holds for one of these hosts; none where none does.
pub(super) fn of_passfile(
    named: Option<&Path>,
    hosts: &[(String, u16)],
    database: &str,
    user: &str,
) -> Result<Option<Password>, PasswordError> {
    let variable = || std::env::var_os("PGPASSFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let at_home = || etcetera::home_dir().ok().map(|home| home.join(".pgpass"));
    let Some(path) = named.map(Path::to_owned).or_else(variable).or_else(at_home) else { return Ok(None) };
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read(&path)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(hosts.iter().find_map(|(host, port)| of_lines(&text, [host, &port.to_string(), database, user])))
}

fn read(path: &Path) -> Result<Vec<u8>, PasswordError> {
    let unreadable = |source| PasswordError::Unreadable { path: path.to_owned(), source };
    let mode = path.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(PasswordError::Open(path.to_owned()));
    }
    files::read(path, FILE).map_err(unreadable)
}

/// The password of the first line that fits: `host:port:database:user:password`, where `*` fits everything and a
/// backslash stands before a colon or a backslash. A socket's folder is `localhost` too, as for libpq.
fn of_lines(text: &str, wanted: [&str; 4]) -> Option<Password> {
    let fits = |field: &str, at: usize| {
        field == "*" || field == wanted[at] || (at == 0 && field == "localhost" && wanted[0].starts_with('/'))
    };
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, key) = fields.split_last().filter(|(_, key)| key.len() == wanted.len())?;
        key.iter().enumerate().all(|(at, field)| fits(field, at)).then(|| Password::new(password.as_bytes()))
    })
}

/// The fields of a line; the fifth is the rest of it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            letter => letter,
        };
        if let Some(field) = fields.last_mut() {
            field.push(letter);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_of_passwords_counts_for_whom_it_is_written() {
        let text = "# sites\nother:5432:films:ines:a\ndb:*:films:ines:b\\:c\\\\d:e\n*:*:*:rad:x\nlocalhost:5432:films:er:y";
        for (wanted, expected) in [
            (["db", "5432", "films", "ines"], Some("b:c\\d:e")),
            (["db", "5432", "others", "ines"], None),
            (["other", "5432", "films", "ines"], Some("a")),
            (["other", "5433", "films", "ines"], None),
            (["anywhere", "1", "any", "rad"], Some("x")),
            (["/var/run/postgresql", "5432", "films", "er"], Some("y")),
            (["# sites", "", "", ""], None),
        ] {
            assert_eq!(
                of_lines(text, wanted),
                expected.map(|text| Password::new(text.as_bytes())),
                "{wanted:?}"
            );
        }
    }

    #[test]
    fn a_password_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "s3cret word\n").unwrap();
        for (mode, is_taken) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = alone_in(&path);
            assert_eq!(read.is_ok(), is_taken, "{mode:o}");
            match read {
                Ok(password) => assert_eq!(password.bytes(), b"s3cret word"),
                Err(error) => assert!(!error.to_string().contains("s3cret"), "{error}"),
            }
        }
    }
}
