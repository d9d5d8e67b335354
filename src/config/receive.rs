//! `[receive]`: films that come in by DICOM.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use jiff::SignedDuration;
use serde::Deserialize;

use super::{ConfigError, document::Document, values};
use crate::dicom::receive::{Network, classes_of};

/// The longest AE title (PS3.5 section 6.2).
const TITLE: usize = 16;

/// `[receive]`: films that come in by DICOM.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Receive {
    /// The port that is listened on.
    pub port: u16,
    /// The address that is listened on.
    pub address: IpAddr,
    /// Our AE title.
    pub aet: String,
    /// Whether senders may call us by any title.
    pub any_called_aet: bool,
    /// The classes that are taken: words for SOP classes, or their UIDs.
    pub classes: Vec<String>,
    /// Associations at once.
    pub associations: usize,
    /// Associations at once from one address.
    pub associations_per_address: usize,
    /// The longest silence within an association.
    #[serde(deserialize_with = "values::duration")]
    pub idle: SignedDuration,
    /// Most bytes of a film.
    #[serde(deserialize_with = "values::size")]
    pub max_film: u64,
    /// Our certificate; none ("off"): no TLS.
    #[serde(deserialize_with = "values::path_or_off")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key.
    #[serde(deserialize_with = "values::path_or_off")]
    pub tls_key: Option<PathBuf>,
    /// The roots of senders' certificates; none ("off"): senders need no certificate.
    #[serde(deserialize_with = "values::path_or_off")]
    pub tls_senders: Option<PathBuf>,
    /// The devices that may send, by AE title; empty: any.
    pub peers: BTreeMap<String, Senders>,
}

/// The addresses of a sender: one, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Senders(#[serde(deserialize_with = "values::addresses")] pub Vec<String>);

impl Default for Receive {
    fn default() -> Self {
        Self {
            port: 11112,
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            aet: "CXRTRIAGE".to_owned(),
            any_called_aet: false,
            classes: ["cr", "dx"].map(str::to_owned).into(),
            associations: 64,
            associations_per_address: 16,
            idle: SignedDuration::from_secs(60),
            max_film: 512_000_000,
            tls_certificate: None,
            tls_key: None,
            tls_senders: None,
            peers: BTreeMap::new(),
        }
    }
}

/// Returns whether a text can be an AE title: 1 to 16 printable characters without a backslash, not only spaces.
#[must_use]
pub fn is_title(text: &str) -> bool {
    let is_printable = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'\\';
    !text.trim().is_empty() && text.len() <= TITLE && text.bytes().all(is_printable)
}

/// Checks the section beyond its types.
pub(super) fn check(receive: &Receive, document: &Document<'_>) -> Result<(), ConfigError> {
    let at =
        |key: &str, message: &str, help: &str| Err(document.error_at_value(&["receive", key], message, help));
    if receive.port == 0 {
        return at("port", "0 is no port", "the port of DICOM is 11112, or 2762 with TLS");
    }
    if !is_title(&receive.aet) {
        let help = "an AE title has 1 to 16 letters, digits, spaces or signs, such as \"CXRTRIAGE\"";
        return at("aet", &format!("`{}` is not an AE title", receive.aet), help);
    }
    if let Some(word) = receive.classes.iter().find(|word| classes_of(word).is_none()) {
        let help = "write \"cr\", \"dx\", \"sc\", \"rf\", or the UID of an SOP class";
        return at("classes", &format!("`{word}` is no class of films"), help);
    }
    for (key, number) in [
        ("associations", receive.associations),
        ("associations_per_address", receive.associations_per_address),
    ] {
        if !(1..=512).contains(&number) {
            return at(
                key,
                &format!("there cannot be {number} associations"),
                "write a number from 1 to 512",
            );
        }
    }
    if receive.idle < SignedDuration::from_secs(1) {
        return at("idle", "this is too short for any sender", "write \"1s\" or more; 60s is usual");
    }
    match (&receive.tls_certificate, &receive.tls_key) {
        (Some(_), None) => {
            return at(
                "tls_certificate",
                "there is a certificate and no `tls_key`",
                "set `tls_key` beside it",
            );
        }
        (None, _) if receive.tls_key.is_some() || receive.tls_senders.is_some() => {
            let key = if receive.tls_key.is_some() { "tls_key" } else { "tls_senders" };
            return at(key, "there is no `tls_certificate`", "set `tls_certificate` and `tls_key`");
        }
        _ => {}
    }
    for (title, Senders(addresses)) in &receive.peers {
        let keys = ["receive", "peers", title];
        if !is_title(title) {
            let message = format!("`{title}` is not an AE title");
            let help = "an AE title has 1 to 16 letters, digits, spaces or signs";
            return Err(document.error_at_key(&keys, &message, help));
        }
        if let Some(wrong) = addresses.iter().find(|address| Network::parse(address).is_none()) {
            let message = format!("`{wrong}` is not an address");
            let help = "write \"10.1.2.3\", a network such as \"10.1.2.0/24\", or \"any\"";
            return Err(document.error_at_value(&keys, &message, help));
        }
    }
    Ok(())
}
