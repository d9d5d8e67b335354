//! The line of `authorized_keys` that lets a person in: the dashboard, a terminal for it, and nothing else.
//!
//! sshd(8) takes the command out of its double quotes, and the account's shell reads it then.

use std::path::{Path, PathBuf};

use super::{LineError, PublicKey};
use crate::text::clean;

/// The program that a person's connection runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its whole path.
    pub path: PathBuf,
    /// The configuration, where one was named: what the client's environment says does not count then.
    pub config: Option<PathBuf>,
    /// The store, likewise: a file, or a URL.
    pub store: Option<PathBuf>,
}

/// Returns the line for sshd by which a person comes in with a key.
///
/// # Errors
/// A path has a character that cannot be written there.
pub fn authorized_line(program: &Program, name: &str, key: &PublicKey) -> Result<String, LineError> {
    let mut command = format!("{} watch --as {name} --key {}", quoted(&program.path)?, key.fingerprint());
    for (option, path) in [("--config", &program.config), ("--store", &program.store)] {
        if let Some(path) = path {
            command.push_str(&format!(" {option} {}", quoted(path)?));
        }
    }
    let command = command.replace('"', "\\\"");
    Ok(format!("restrict,pty,command=\"{command}\" {}", key.line()))
}

/// A path as one word for a shell.
fn quoted(path: &Path) -> Result<String, LineError> {
    let text = path.to_str().filter(|text| !text.is_empty() && clean(text) == **text);
    let text = text.ok_or_else(|| LineError(path.to_owned()))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{
        super::key::tests::{ANNA, ANNAS},
        *,
    };

    fn line(path: &str, config: Option<&str>) -> Result<String, LineError> {
        let program = Program {
            path: path.into(),
            config: config.map(PathBuf::from),
            store: Some("/var/lib/s.db".into()),
        };
        authorized_line(&program, "ANNA", &PublicKey::parse(ANNA).unwrap())
    }

    #[test]
    fn a_line_has_the_restrictions_the_command_and_the_key() {
        let key = ANNA.rsplit_once(' ').unwrap().0;
        let command =
            format!("/usr/local/bin/cxr-triage watch --as ANNA --key {ANNAS} --store /var/lib/s.db");
        assert_eq!(
            line("/usr/local/bin/cxr-triage", None).unwrap(),
            format!("restrict,pty,command=\"{command}\" {key}")
        );
    }

    /// The command as sshd takes it out of its quotes (`opt_dequote`).
    fn dequoted(line: &str) -> String {
        let mut rest = line.strip_prefix("restrict,pty,command=\"").unwrap();
        let mut command = String::new();
        while !rest.starts_with('"') {
            rest = rest.strip_prefix('\\').filter(|behind| behind.starts_with('"')).unwrap_or(rest);
            let first = rest.chars().next().unwrap();
            command.push(first);
            rest = &rest[first.len_utf8()..];
        }
        assert!(rest.starts_with("\" ssh-ed25519 AAAA"), "{rest}");
        command
    }

    #[test]
    fn a_shell_gets_the_paths_back_as_they_were_whatever_is_in_them() {
        for config in
            ["/etc/a b/c.toml", "/etc/it's.toml", "/a\"b", "/a\\\"b\\", "/a;$(id)`id`\"'\\'", "/é$HOME"]
        {
            let command = dequoted(&line("/usr/bin/printf", Some(config)).unwrap());
            let command = command.replacen("/usr/bin/printf", "printf '%s\\n'", 1);
            let told = Command::new("sh").args(["-c", &command]).output().unwrap().stdout;
            let told = String::from_utf8(told).unwrap();
            let words: Vec<&str> = told.lines().collect();
            let expected =
                ["watch", "--as", "ANNA", "--key", ANNAS, "--config", config, "--store", "/var/lib/s.db"];
            assert_eq!(words, expected);
        }
        for bad in ["/a ", "/a\nb", "/a\u{1b}[2J", "/a\u{202e}b", ""] {
            assert_eq!(line(bad, None), Err(LineError(bad.into())));
        }
    }
}
