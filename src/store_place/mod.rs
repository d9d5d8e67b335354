//! Where a store is: in a file, or in a database of a PostgreSQL server.

mod password;
mod server;

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use password::{Password, PasswordError};
pub use server::{ServerPlace, StoreUrlError, TlsMode};

use crate::{intake::Mounts, text::shown};

/// The place of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// A file on this host.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server(Box<ServerPlace>),
}

impl StorePlace {
    /// Reads a place as people write it: a URL that begins with `postgres://` or `postgresql://`, or the path of a file.
    ///
    /// # Errors
    /// A URL that cannot be understood.
    pub fn parse(text: &OsStr) -> Result<Self, StoreUrlError> {
        match text.to_str().filter(|text| ServerPlace::is_url(text)) {
            Some(url) => ServerPlace::parse(url).map(|server| Self::Server(Box::new(server))),
            None => Ok(Self::File(text.into())),
        }
    }

    /// Whether there may be a store: a file that is there, or a server, which says so itself.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.file().is_none_or(Path::exists)
    }

    /// The sentence for a store that is not there, and what to do.
    #[must_use]
    pub fn absence(&self) -> String {
        format!(
            "there is no store at {self}: start the service (or `cxr-triage watch`), which makes it, or name another one \
             with --store or `path` under [store]"
        )
    }

    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }

    /// The database of a server, if it is one.
    #[must_use]
    pub fn server(&self) -> Option<&ServerPlace> {
        match self {
            Self::File(_) => None,
            Self::Server(server) => Some(server),
        }
    }
}

impl StorePlace {
    /// Whether several hosts may share the store; else one process of one host owns it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.server().is_some()
    }

    /// The place as seen from a host that has the named inboxes there. A store that nobody shares keeps paths as they are.
    #[must_use]
    pub fn with_mounts(self, mounts: Arc<Mounts>) -> Self {
        match self {
            Self::Server(server) => Self::Server(Box::new(server.with_mounts(mounts))),
            file => file,
        }
    }

    /// Where this host has the named inboxes.
    #[must_use]
    pub fn mounts(&self) -> Arc<Mounts> {
        self.server().map(|server| Arc::clone(server.mounts())).unwrap_or_default()
    }
}

/// For people, without a password.
impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", shown(path)),
            Self::Server(server) => write!(f, "{server}"),
        }
    }
}

impl From<PathBuf> for StorePlace {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&PathBuf> for StorePlace {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Path> for StorePlace {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&StorePlace> for StorePlace {
    fn from(place: &StorePlace) -> Self {
        place.clone()
    }
}
