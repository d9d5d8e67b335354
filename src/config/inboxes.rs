//! `[inboxes]`: where this host has the inboxes that a shared store knows by name.

use std::{collections::BTreeMap, path::PathBuf};

use super::{ConfigError, document::Document};
use crate::intake::{InboxName, Mount, MountError, Mounts};

/// The keys of `[inboxes]`: names, each with the folder on this host.
pub type Inboxes = BTreeMap<String, PathBuf>;

/// The inboxes of a configuration, with those of the command line over them.
///
/// # Errors
/// A name or a folder cannot be used, or one folder lies in another.
pub fn mounts(inboxes: &Inboxes, command_line: &[Mount]) -> Result<Mounts, MountError> {
    let named =
        inboxes.iter().map(|(name, folder)| Ok(Mount { name: name.parse()?, folder: folder.clone() }));
    let mut all: Vec<Mount> = named.collect::<Result<_, MountError>>()?;
    all.extend(command_line.iter().cloned());
    Mounts::new(all)
}

/// Checks the rules that its types cannot express.
pub(super) fn check(inboxes: &Inboxes, document: &Document<'_>) -> Result<(), ConfigError> {
    for name in inboxes.keys() {
        if let Err(error) = name.parse::<InboxName>() {
            let help = "write small letters, as in er = \"/mnt/er\"";
            return Err(document.error_at_key(&["inboxes", name], &error.to_string(), help));
        }
    }
    // Relative ones start at the folder of the file, which is not known here.
    let rooted =
        inboxes.iter().map(|(name, folder)| (name.clone(), PathBuf::from("/").join(folder))).collect();
    mounts(&rooted, &[]).map(|_| ()).map_err(|error| {
        document.error_at_key(&["inboxes"], &error.to_string(), "name folders that lie beside one another")
    })
}
