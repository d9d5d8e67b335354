//! The inbox as a whole: is it there, and what is in it?

use std::{
    fs::{self, ReadDir},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    disk::{self, Found},
    faults::Cause,
    folders::NoWatch,
    names::is_receivers,
    settle::{Sighting, Stamp},
    shown,
    worker::{Stopped, Worker},
};

/// How often we look whether the inbox is still the same folder.
const CHECK: Duration = Duration::from_secs(2);

/// Events can be missed in ways that no system admits: look through everything this often, or more
/// seldom where that takes long (at most a twentieth of the time).
const SAFETY: Duration = Duration::from_secs(60);

/// Polling where the system gives no watches.
const FALLBACK_POLL: Duration = Duration::from_secs(2);

impl<K: Fn(&Path, u64, i64) -> bool> Worker<K> {
    /// Looks whether the inbox is there and is the folder that is watched; begins (again) if not.
    pub(super) fn check_inbox(&mut self) -> Result<(), Stopped> {
        self.next_check = self.now() + CHECK;
        let identity = match disk::identity(&self.inbox) {
            Ok(identity) => identity,
            Err(error) => return self.inbox_away(&error.to_string()),
        };
        if self.identity == Some(identity) {
            return Ok(());
        }
        let other_device = self.home.is_some_and(|home| home.device != identity.device);
        if other_device && disk::is_empty(&self.inbox) {
            return self.inbox_away("an empty folder of another file system is in its place");
        }
        self.identity = Some(identity);
        self.home = self.identity;
        if self.poll.is_none()
            && let Err(problem) = self.folders.renew()
        {
            self.poll_instead(&problem)?;
        }
        self.walk()
    }

    fn inbox_away(&mut self, why: &str) -> Result<(), Stopped> {
        self.identity = None;
        self.next_walk = Duration::MAX;
        self.folders.close();
        if let Some(first) = &mut self.first {
            first.walked = true;
        }
        let sentence = format!(
            "The inbox {} cannot be read ({why}): was it unmounted, moved or deleted? New films are not seen \
             until it is back; it is tried every {} seconds.",
            shown(&self.inbox),
            CHECK.as_secs()
        );
        self.raise(Cause::Inbox, sentence)
    }

    fn poll_instead(&mut self, problem: &NoWatch) -> Result<(), Stopped> {
        self.poll = Some(FALLBACK_POLL);
        self.next_walk = self.now() + FALLBACK_POLL;
        self.folders.close();
        let sentence = format!(
            "The system gives no more watches on folders ({}): the inbox is looked through every {} seconds \
             instead. Raise fs.inotify.max_user_watches and max_user_instances with sysctl, or set polling \
             for the inbox in the configuration.",
            problem.0,
            FALLBACK_POLL.as_secs()
        );
        self.raise(Cause::Events, sentence)
    }

    /// Looks the whole inbox through.
    pub(super) fn walk(&mut self) -> Result<(), Stopped> {
        self.next_walk = Duration::MAX;
        if self.identity.is_none() {
            // The next check finds it, and walks.
            return Ok(());
        }
        let began = self.now();
        self.settle.begin_walk();
        self.left_out.begin_walk();
        let inbox = self.inbox.clone();
        let first = self.first.as_ref().is_some_and(|first| !first.walked);
        if self.scan(&inbox, first)? {
            self.settle.end_walk();
            self.left_out.end_walk();
            self.faults.forget_missing();
        }
        if let Some(first) = &mut self.first {
            first.walked = true;
        }
        if self.identity.is_some() {
            let took = self.now().saturating_sub(began);
            self.next_walk = self.now() + self.poll.unwrap_or(SAFETY.max(took * 20));
        }
        Ok(())
    }

    /// Lists a folder and all beneath it; watches each before listing it. True when all could be seen.
    pub(super) fn scan(&mut self, top: &Path, first: bool) -> Result<bool, Stopped> {
        let is_walk = top == self.inbox;
        let mut folders = vec![top.to_path_buf()];
        let mut complete = true;
        while let Some(folder) = folders.pop() {
            let is_inbox = folder == self.inbox;
            if let Err(problem) = self.folders.watch(&folder, is_inbox) {
                self.poll_instead(&problem)?;
            }
            let listed = match fs::read_dir(&folder) {
                Ok(entries) => {
                    if is_inbox {
                        self.faults.clear(&Cause::Inbox);
                    }
                    self.list(entries, first, is_walk, &mut folders)?
                }
                Err(error) if is_inbox => {
                    self.inbox_away(&error.to_string())?;
                    return Ok(false);
                }
                Err(error) => Err(error),
            };
            match listed {
                Ok(()) => self.faults.clear(&Cause::Folder(folder)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.gone(&folder),
                Err(error) => {
                    complete = false;
                    self.unreadable(&folder, &error)?;
                }
            }
        }
        Ok(complete)
    }

    /// Takes one folder's entries. The inner error is that of something in it that could not be read.
    fn list(
        &mut self,
        entries: ReadDir,
        first: bool,
        is_walk: bool,
        folders: &mut Vec<PathBuf>,
    ) -> Result<io::Result<()>, Stopped> {
        let mut outcome = Ok(());
        for entry in entries {
            self.stop_asked()?;
            let entry = match entry {
                Ok(entry) => entry,
                // A listing that breaks off can repeat its error for ever.
                Err(error) => return Ok(Err(error)),
            };
            let path = entry.path();
            match disk::find(&path) {
                Ok(Found::File(stamp)) => {
                    let age = disk::age(stamp).saturating_sub(self.clock_margin);
                    let sighting = if first { Sighting::Found { age } } else { Sighting::Looked };
                    self.file(&path, stamp, sighting)?;
                }
                Ok(Found::Folder) => match self.names.folder(&entry.file_name()) {
                    None => folders.push(path),
                    Some(_) if is_receivers(&entry.file_name()) => {}
                    // A passing name is counted where it is still there at the next walk.
                    Some(why) if is_walk => self.left_out.add(&path, Stamp::NONE, why),
                    Some(_) => {}
                },
                Ok(Found::Other) => self.special(&path),
                // Gone since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => outcome = Err(error),
            }
        }
        Ok(outcome)
    }

    pub(super) fn unreadable(&mut self, folder: &Path, error: &io::Error) -> Result<(), Stopped> {
        let sentence = format!(
            "The folder {} cannot be read ({error}): films in it are not seen. Give the user that runs \
             cxr-triage permission to list it and to read in it.",
            shown(folder)
        );
        self.raise(Cause::Folder(folder.to_path_buf()), sentence)
    }
}
