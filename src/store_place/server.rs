//! The URL of a store on a PostgreSQL server, with the parameters that libpq knows.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio_postgres::config::{Config, Host, SslMode};

use super::password::{self, Password, PasswordError};
use crate::{hash::sha256, intake::Mounts, text::clean};

/// The beginnings of a store's URL.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// The port of a server that says nothing else.
pub(super) const PORT: u16 = 5432;

/// Where Debian's and most other servers put the socket for programs of the same host.
const SOCKETS: &str = "/var/run/postgresql";

/// How long one attempt to reach a server may take, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(5);

/// How much a connection has to be worth before a word of the store is sent on it, as libpq's `sslmode` means it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Without TLS.
    Disable,
    /// With TLS where the server has it; nobody is checked.
    #[default]
    Prefer,
    /// With TLS; whose certificate it is, is checked where there are roots to check it by.
    Require,
    /// With TLS, and a certificate that leads to one of the roots.
    VerifyCa,
    /// With TLS, and such a certificate in the name of the host.
    VerifyFull,
}

impl TlsMode {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Disable,
            // `allow` begins without TLS where libpq has a choice; with it nothing is lost.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPlace {
    config: Config,
    tls: TlsMode,
    root_certificates: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    passfile: Option<PathBuf>,
    password_file: Option<PathBuf>,
    mounts: Arc<Mounts>,
}

/// Why a URL of a store cannot be understood. The message never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the URL of the store cannot be understood: {0}")]
pub struct StoreUrlError(String);

impl ServerPlace {
    /// Whether a text is a URL of a store, and not a file's path.
    #[must_use]
    pub fn is_url(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// Reads a URL: `postgres://USER@HOST:PORT/DATABASE?sslmode=...`. What it leaves out is as libpq has it: `PGHOST`,
    /// `PGPORT`, `PGUSER`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`; else the server of this host, this user, and a
    /// database of the user's name.
    ///
    /// # Errors
    /// It is no URL, or has a parameter that is not known.
    pub fn parse(url: &str) -> Result<Self, StoreUrlError> {
        Self::parse_with(url, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn parse_with(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, StoreUrlError> {
        let (before, query) = url.split_once('?').unwrap_or((url, ""));
        let mut place = Self {
            config: Config::new(),
            tls: TlsMode::default(),
            root_certificates: variable("PGSSLROOTCERT").map(PathBuf::from),
            certificate: variable("PGSSLCERT").map(PathBuf::from),
            key: variable("PGSSLKEY").map(PathBuf::from),
            passfile: None,
            password_file: None,
            mounts: Arc::default(),
        };
        let mut mode = variable("PGSSLMODE");
        let mut rest = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let path = || decoded(value).map(|value| Some(PathBuf::from(value)));
            match name {
                "sslmode" => mode = Some(decoded(value)?),
                "sslrootcert" => place.root_certificates = path()?,
                "sslcert" => place.certificate = path()?,
                "sslkey" => place.key = path()?,
                "passfile" => place.passfile = path()?,
                _ => rest.push(parameter),
            }
        }
        if let Some(mode) = mode {
            place.tls = TlsMode::from_word(&mode).ok_or_else(|| {
                let known = "disable, prefer, require, verify-ca or verify-full";
                StoreUrlError(format!("sslmode is {known}, not {:?}", clean(&mode)))
            })?;
        }
        let joined = if rest.is_empty() { before.to_owned() } else { format!("{before}?{}", rest.join("&")) };
        place.config = joined.parse().map_err(|error: tokio_postgres::Error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            StoreUrlError(clean(&source.unwrap_or_else(|| error.to_string())))
        })?;
        place.fill_in(variable)?;
        Ok(place)
    }

    fn fill_in(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), StoreUrlError> {
        let config = &mut self.config;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            let port = match variable("PGPORT") {
                Some(port) => port.parse().map_err(|_| StoreUrlError("PGPORT is no number".to_owned()))?,
                None => PORT,
            };
            match variable("PGHOST") {
                Some(host) if host.starts_with('/') => config.host_path(host),
                Some(host) => config.host(host),
                None if Path::new(SOCKETS).is_dir() => config.host_path(SOCKETS),
                None => config.host("localhost"),
            };
            config.port(port);
        }
        if config.get_user().is_none() {
            let user = ["PGUSER", "LOGNAME", "USER"].into_iter().find_map(&variable);
            config.user(user.ok_or_else(|| StoreUrlError("it names no user".to_owned()))?);
        }
        if config.get_dbname().is_none() {
            let user = config.get_user().unwrap_or_default().to_owned();
            config.dbname(variable("PGDATABASE").unwrap_or(user));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("cxr-triage");
        }
        config.ssl_mode(match self.tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        Ok(())
    }

    /// The file that holds nothing but the password; it counts before what libpq would look for.
    #[must_use]
    pub fn with_password_file(mut self, file: Option<&Path>) -> Self {
        self.password_file = file.map(Path::to_owned);
        self
    }

    /// As seen from a host that has the named inboxes there.
    #[must_use]
    pub fn with_mounts(self, mounts: Arc<Mounts>) -> Self {
        Self { mounts, ..self }
    }

    /// Where this host has the named inboxes.
    #[must_use]
    pub fn mounts(&self) -> &Arc<Mounts> {
        &self.mounts
    }

    /// Whether the URL itself holds a password, which whoever may list the host's processes reads.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The settings of a connection, but for the password.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The protection that TLS has to give.
    #[must_use]
    pub fn tls(&self) -> TlsMode {
        self.tls
    }

    /// The file of the roots that the server's certificate must lead to; `system`: those of this host.
    #[must_use]
    pub fn root_certificates(&self) -> Option<&Path> {
        self.root_certificates.as_deref()
    }

    /// The files of our own certificate and its key, for a server that asks for one.
    #[must_use]
    pub fn own_certificate(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }

    /// Looks for the password, at each connection anew: in the URL, in its own file, in `PGPASSWORD`, in the file that
    /// `PGPASSFILE` or the URL names, in `~/.pgpass`. None where there is none.
    ///
    /// # Errors
    /// A file of passwords that others may read, or that cannot be read.
    pub fn password(&self) -> Result<Option<Password>, PasswordError> {
        if let Some(given) = self.config.get_password() {
            return Ok(Some(Password::new(given)));
        }
        if let Some(file) = &self.password_file {
            return password::alone_in(file).map(Some);
        }
        if let Some(given) = std::env::var_os("PGPASSWORD").filter(|given| !given.is_empty()) {
            return Ok(Some(Password::new(given.as_encoded_bytes())));
        }
        password::of_passfile(self.passfile.as_deref(), &self.hosts(), self.database(), self.user())
    }

    /// The hosts, as people write them, each with its port.
    #[must_use]
    pub fn hosts(&self) -> Vec<(String, u16)> {
        let named = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.to_string_lossy().into_owned(),
        });
        let mut hosts: Vec<String> = named.collect();
        if hosts.is_empty() {
            hosts = self.config.get_hostaddrs().iter().map(ToString::to_string).collect();
        }
        let ports = self.config.get_ports();
        let port = |at: usize| *ports.get(at).or(ports.last()).unwrap_or(&PORT);
        hosts.into_iter().enumerate().map(|(at, host)| (host, port(at))).collect()
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The name of the user there.
    #[must_use]
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// A name for a folder in which this host keeps what it knows of the store, the same for each way to write the URL.
    #[must_use]
    pub fn folder_name(&self) -> String {
        let whole = format!("{:?} {} {:?}", self.hosts(), self.database(), self.config.get_options());
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(40).collect()
        };
        let host = self.hosts().into_iter().next().map(|(host, _)| host).unwrap_or_default();
        let digest = sha256(whole);
        format!("{}-{}-{}", plain(&host), plain(self.database()), &digest[..12])
    }
}

/// For people: who, where, which database and which options, and no password.
impl fmt::Display for ServerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", clean(self.user()))?;
        for (at, (host, port)) in self.hosts().into_iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}", clean(&host))?;
            if port != PORT {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", clean(self.database()))?;
        match self.config.get_options() {
            Some(options) => write!(f, "?options={}", clean(options)),
            None => Ok(()),
        }
    }
}

fn decoded(text: &str) -> Result<String, StoreUrlError> {
    let bytes = percent_encoding::percent_decode_str(text);
    let text = bytes.decode_utf8().map_err(|_| StoreUrlError("a parameter is no UTF-8 text".to_owned()))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Result<ServerPlace, StoreUrlError> {
        ServerPlace::parse_with(url, |name| (name == "PGUSER").then(|| "rad".to_owned()))
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, expected) in [
            ("postgres://ines@db.example/films", "postgres://ines@db.example/films"),
            ("postgres://ines:s3cret@db.example:5433/films", "postgres://ines@db.example:5433/films"),
            ("postgresql://ines:s3cret@a,b/films?password=s3cret", "postgres://ines@a,b/films"),
            (
                "postgres://db/films?sslmode=require&options=-c%20search_path%3Der",
                "postgres://rad@db/films?options=-c search_path=er",
            ),
            ("postgres://rad@%2Ftmp%2Fpg:5555/films", "postgres://rad@/tmp/pg:5555/films"),
        ] {
            let place = place(url).unwrap();
            assert_eq!(place.to_string(), expected, "{url}");
            assert!(!format!("{place:?}").contains("s3cret"), "{place:?}");
        }
    }

    #[test]
    fn sslmode_is_that_of_libpq() {
        for (word, mode, wire) in [
            ("disable", TlsMode::Disable, SslMode::Disable),
            ("prefer", TlsMode::Prefer, SslMode::Prefer),
            ("require", TlsMode::Require, SslMode::Require),
            ("verify-ca", TlsMode::VerifyCa, SslMode::Require),
            ("verify-full", TlsMode::VerifyFull, SslMode::Require),
        ] {
            let place = place(&format!("postgres://h/d?sslmode={word}&sslrootcert=%2Fetc%2Fr.pem")).unwrap();
            assert_eq!((place.tls(), place.config().get_ssl_mode()), (mode, wire), "{word}");
            assert_eq!(place.root_certificates(), Some(Path::new("/etc/r.pem")));
        }
        assert_eq!(place("postgres://h/d").unwrap().tls(), TlsMode::Prefer);
    }

    #[test]
    fn a_url_with_a_mistake_is_refused_without_its_password() {
        for (url, word) in [
            ("postgres://a:s3cret@h/d?sslmode=full", "sslmode"),
            ("postgres://a:s3cret@h/d?colour=red", "colour"),
            ("postgres://a:s3cret@h:port/d", "port"),
        ] {
            let error = place(url).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn ways_to_write_one_database_have_one_folder_and_others_another() {
        let name = |url: &str| place(url).unwrap().folder_name();
        let one = name("postgres://a@h/d");
        assert_eq!(one, name("postgresql://b:x@h:5432/d?sslmode=disable"));
        for other in [
            "postgres://a@h/e",
            "postgres://a@g/d",
            "postgres://a@h:1/d",
            "postgres://a@h/d?options=-c%20search_path=x",
        ] {
            assert_ne!(one, name(other), "{other}");
        }
        assert!(name("postgres://a@%2Fvar%2Frun/d").chars().all(|c| c != '/'));
    }
}
