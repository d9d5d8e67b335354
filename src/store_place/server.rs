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

/// What begins a URL of a store.
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
        let (before, query) = parted(url)?;
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
        // The client would take what stands before it for a user.
        let rest = rest.join("&").replace('@', "%40");
        let joined = if rest.is_empty() { before.to_owned() } else { format!("{before}?{rest}") };
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
        let is_of_this_host = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        config.ssl_mode(match self.tls {
            // As with libpq, which asks for no TLS on a socket, whatever `sslmode` says.
            _ if is_of_this_host && config.get_hostaddrs().is_empty() => SslMode::Disable,
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

    /// What a connection is made by, but for the password.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What TLS has to be worth.
    #[must_use]
    pub fn tls(&self) -> TlsMode {
        self.tls
    }

    /// The file of the roots that the server's certificate must lead to.
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

/// Parts a URL before its parameters. A question mark in the password begins none. What can be parted in two ways is refused:
/// a URL that is parted at the wrong place loses its `sslmode` in silence.
fn parted(url: &str) -> Result<(&str, &str), StoreUrlError> {
    let scheme = SCHEMES.iter().find(|scheme| url.starts_with(**scheme)).map_or(0, |scheme| scheme.len());
    let authority = url[scheme..].split('/').next().unwrap_or_default();
    let user = authority.rfind('@').map_or("", |at| &authority[..at]);
    let host = scheme + user.len();
    let (before, query) = match url[host..].find('?') {
        Some(at) => (&url[..host + at], &url[host + at + 1..]),
        None => (url, ""),
    };
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let are_names = query.split('&').filter_map(|parameter| parameter.split('=').next()).all(is_name);
    if query.contains('?') || !are_names || user.contains("sslmode=") {
        let why =
            "its parameters cannot be told from its password: write / as %2F, ? as %3F and @ as %40 there";
        return Err(StoreUrlError(why.to_owned()));
    }
    Ok((before, query))
}

fn decoded(text: &str) -> Result<String, StoreUrlError> {
    let bytes = percent_encoding::percent_decode_str(text);
    let text = bytes.decode_utf8().map_err(|_| StoreUrlError("a parameter is no UTF-8 text".to_owned()))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests;
