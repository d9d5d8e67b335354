//! The settings of operation: people, health, metrics, retention, similar films. Each struct is a section of the file, each
//! field a key.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error};

use super::values;
use crate::files::Space;

/// `[people]`: who may open the dashboard over SSH.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct People {
    /// The list of people, with their roles and keys.
    pub file: PathBuf,
    /// The account of this host that they log in to; keys let nobody into another one.
    pub account: String,
}

impl Default for People {
    fn default() -> Self {
        Self { file: "/etc/cxr-triage/people.toml".into(), account: "cxr".to_owned() }
    }
}

/// `[health]`: when `cxr-triage health` says that the program is not ready.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Health {
    /// The longest that a film may wait to be scored; none ("off"): for ever.
    #[serde(deserialize_with = "values::duration_or_off")]
    pub longest_queue: Option<SignedDuration>,
    /// Room that must be left on the disks of store and inbox; none ("off"): none.
    #[serde(deserialize_with = "space_or_off")]
    pub min_free: Option<Space>,
}

impl Default for Health {
    fn default() -> Self {
        Self { longest_queue: Some(SignedDuration::from_mins(15)), min_free: Some(Space::Bytes(1 << 30)) }
    }
}

/// `[metrics]`: numbers for a monitoring system.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Metrics {
    /// The text file that is written for Prometheus' node_exporter; none ("off"): no file.
    #[serde(deserialize_with = "values::path_or_off")]
    pub textfile: Option<PathBuf>,
}

/// `[retention]`: what is deleted, and when. Nothing is, unless the site says so.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Retention {
    /// The folders whose films the program may delete, subfolders included.
    pub folders: Vec<PathBuf>,
    /// A film of a study that has been done for so long is deleted; none ("off"): never.
    #[serde(deserialize_with = "age_or_off")]
    pub films: Option<SignedDuration>,
    /// Under so much free room on the disk of those folders films of done studies are deleted, those that were done first
    /// first; none ("off"): never.
    #[serde(deserialize_with = "space_or_off")]
    pub min_free: Option<Space>,
    /// The patient's data of a study that has been done for so long are removed; none ("off"): never.
    #[serde(deserialize_with = "age_or_off")]
    pub results: Option<SignedDuration>,
}

/// `[similar]`: the search for similar films.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Similar {
    /// Whether each scored film keeps its features, two bytes a number, in a file beside the store.
    pub keep: bool,
    /// The model that says which films are alike; none ("off"): the one that scores.
    #[serde(deserialize_with = "values::text_or_off")]
    pub embedder: Option<String>,
}

impl Default for Similar {
    fn default() -> Self {
        Self { keep: true, embedder: None }
    }
}

/// Room on a disk, or "off".
fn space_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Space>, D::Error> {
    let help = "write a share of the disk, \"5%\", a size, \"2GiB\", or \"off\"";
    let written = values::quoted(deserializer, help)?;
    if written == values::OFF {
        return Ok(None);
    }
    let space = Space::parse(&written);
    space.map(Some).ok_or_else(|| D::Error::custom(format!("`{written}` is no room on a disk\n{help}")))
}

/// The longest that something is kept.
const LONGEST_AGE: i64 = 100 * 366;

/// A number of days, "90d", or "off".
fn age_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedDuration>, D::Error> {
    let help = "write a number of days, such as \"90d\", or \"off\"";
    let written = values::quoted(deserializer, help)?;
    if written == values::OFF {
        return Ok(None);
    }
    let days: Option<i64> = written.strip_suffix('d').and_then(|days| days.trim().parse().ok());
    match days {
        Some(days) if (1..=LONGEST_AGE).contains(&days) => Ok(Some(SignedDuration::from_hours(24 * days))),
        Some(days) => Err(D::Error::custom(format!(
            "{days} days are out of range\nfrom \"1d\" to \"{LONGEST_AGE}d\", or \"off\""
        ))),
        None => Err(D::Error::custom(format!("`{written}` is not a number of days\n{help}"))),
    }
}
