//! `[send.NAME]`: where results are sent by DICOM, which, and when.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::{ConfigError, document::Document, receive::is_title, values};
use crate::{dicom::results::What, study::Severity};

/// The sections `[send.NAME]`, by their names.
pub type Destinations = BTreeMap<String, Destination>;

/// `[send.NAME]`: a destination of results.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Destination {
    /// Its host: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its AE title.
    pub aet: String,
    /// The AE title that we call with.
    pub calling_aet: String,
    /// Whether the connection is secured by TLS.
    pub tls: bool,
    /// The roots of its certificate; needed with `tls`.
    #[serde(deserialize_with = "values::path_or_off")]
    pub tls_roots: Option<PathBuf>,
    /// Our certificate; none ("off"): the destination wants none.
    #[serde(deserialize_with = "values::path_or_off")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key.
    #[serde(deserialize_with = "values::path_or_off")]
    pub tls_key: Option<PathBuf>,
    /// The name that the destination's certificate bears; none ("auto"): the host.
    #[serde(deserialize_with = "values::text_or_auto")]
    pub tls_name: Option<String>,
    /// The kinds of objects that are sent.
    pub what: Vec<What>,
    /// The studies whose results are sent by themselves.
    pub when: When,
    /// Whether it is sent, too, that films were held and why.
    pub held: bool,
}

/// The studies whose results are sent by themselves, once they are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Critical ones.
    Critical,
    /// Urgent and critical ones.
    Urgent,
    /// All that have a scored film.
    All,
    /// None: a person or a plugin says which.
    #[default]
    OnCommand,
}

impl When {
    /// Returns whether a study with this band by its findings is one of them.
    #[must_use]
    pub fn includes(self, band: Severity) -> bool {
        match self {
            Self::Critical => band >= Severity::Critical,
            Self::Urgent => band >= Severity::Urgent,
            Self::All => band > Severity::Held,
            Self::OnCommand => false,
        }
    }
}

impl Default for Destination {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 104,
            aet: String::new(),
            calling_aet: "CXRTRIAGE".to_owned(),
            tls: false,
            tls_roots: None,
            tls_certificate: None,
            tls_key: None,
            tls_name: None,
            what: vec![What::Sr],
            when: When::OnCommand,
            held: false,
        }
    }
}

/// Checks the section beyond its types.
pub(super) fn check(send: &Destinations, document: &Document<'_>) -> Result<(), ConfigError> {
    send.iter().try_for_each(|(name, destination)| check_one(name, destination, document))
}

fn check_one(name: &str, destination: &Destination, document: &Document<'_>) -> Result<(), ConfigError> {
    let at = |key: &str, message: &str, help: &str| {
        Err(document.error_at_value(&["send", name, key], message, help))
    };
    let whole = |message: &str, help: &str| Err(document.error_at_key(&["send", name], message, help));
    if !is_name(name) {
        return whole(
            &format!("`{name}` is no name for a destination"),
            "write letters, digits, - and _, as in [send.pacs]",
        );
    }
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if destination.host.is_empty() || !destination.host.chars().all(is_host) {
        let help = "write host = \"pacs.example.org\" or its address";
        return match destination.host.as_str() {
            "" => whole("the destination has no `host`", help),
            host => at("host", &format!("`{host}` is not a host"), help),
        };
    }
    if destination.port == 0 {
        return at("port", "0 is no port", "the ports of DICOM are 104 and 11112, or 2762 with TLS");
    }
    let help = "an AE title has 1 to 16 letters, digits, spaces or signs, such as \"PACS\"";
    if destination.aet.is_empty() {
        return whole("the destination has no `aet`", help);
    }
    for (key, title) in [("aet", &destination.aet), ("calling_aet", &destination.calling_aet)] {
        if !is_title(title) {
            return at(key, &format!("`{title}` is not an AE title"), help);
        }
    }
    if destination.what.is_empty() {
        return at("what", "nothing is sent", "write what = [\"sr\"], [\"sc\"] or [\"sr\", \"sc\"]");
    }
    check_tls(destination, at)
}

/// Names of files and certificates without `tls = true` would have the results go in clear, unseen.
fn check_tls(
    destination: &Destination,
    at: impl Fn(&str, &str, &str) -> Result<(), ConfigError>,
) -> Result<(), ConfigError> {
    let Destination { tls, tls_roots, tls_certificate, tls_key, tls_name, .. } = destination;
    let of_tls = [
        ("tls_roots", tls_roots.is_some()),
        ("tls_certificate", tls_certificate.is_some()),
        ("tls_key", tls_key.is_some()),
        ("tls_name", tls_name.is_some()),
    ];
    if let Some((key, _)) = of_tls.iter().find(|(_, is_set)| *is_set && !tls) {
        return at(key, "`tls` is not on", "set tls = true beside it");
    }
    match (tls_roots, tls_certificate, tls_key) {
        (None, ..) if *tls => {
            at("tls", "there are no `tls_roots`", "name the file with the roots of its certificate")
        }
        (_, Some(_), None) => {
            at("tls_certificate", "there is a certificate and no `tls_key`", "set `tls_key` beside it")
        }
        (_, None, Some(_)) => {
            at("tls_key", "there is a key and no `tls_certificate`", "set `tls_certificate` beside it")
        }
        _ => Ok(()),
    }
}

/// Returns whether a text can be the name of a destination: plugins and the command line know it by that.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= 40 && text.chars().all(is_plain)
}
