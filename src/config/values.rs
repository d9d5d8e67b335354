//! Values that are written as words: lengths of time, "off" and "auto", bands.
//!
//! A refusal is one text: its first line says what is wrong, the next what to do. The error that
//! serde carries has room for no more; [`super::document`] takes them apart again.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};

use crate::study::Severity;

const DURATION_HELP: &str = "write a number and its unit, such as \"300ms\", \"90s\", \"5m\" or \"1h 30m\"";

/// The words for a setting that is off or left to the program.
pub(super) const OFF: &str = "off";
const AUTO: &str = "auto";
/// The order of findings that needs no list.
const SCORE: &str = "score";

/// A length of time: "300ms", "90s", "5m", "4h", "1h 30m". Not negative.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let written = quoted(deserializer, DURATION_HELP)?;
    match parse_duration(&written) {
        Some(duration) => not_too_long(duration, &written),
        None => Err(not_a_duration(&written, DURATION_HELP)),
    }
}

/// A length of time that is longer than none, or "off".
pub(super) fn duration_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignedDuration>, D::Error> {
    let help = format!("{DURATION_HELP}, or \"off\"");
    let written = quoted(deserializer, &help)?;
    if written == OFF {
        return Ok(None);
    }
    match parse_duration(&written) {
        Some(SignedDuration::ZERO) => {
            Err(D::Error::custom(format!("`{written}` is no time at all\nto switch it off, write \"off\"")))
        }
        Some(duration) if duration < SHORTEST => Err(D::Error::custom(format!(
            "`{written}` is too short\nthe shortest is \"50ms\"; to switch it off, write \"off\""
        ))),
        Some(duration) => not_too_long(duration, &written).map(Some),
        None => Err(not_a_duration(&written, &help)),
    }
}

/// Nothing of this program is done more often, or more seldom.
const SHORTEST: SignedDuration = SignedDuration::from_millis(50);
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

fn not_too_long<E: Error>(duration: SignedDuration, written: &str) -> Result<SignedDuration, E> {
    if duration <= LONGEST {
        return Ok(duration);
    }
    Err(E::custom(format!("`{written}` is too long\nthe longest is a year, \"366d\" or \"8784h\"")))
}

fn parse_duration(text: &str) -> Option<SignedDuration> {
    // The parser would take ISO 8601 ("PT90S") and clock times ("01:30:00") too; one way to write a
    // thing is enough, and 1:30 could be read as two things.
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(':');
    text.parse().ok().filter(|duration: &SignedDuration| is_plain && !duration.is_negative())
}

fn not_a_duration<E: Error>(written: &str, help: &str) -> E {
    E::custom(format!("`{written}` is not a length of time\n{help}"))
}

/// Text in quotes. What else stands there is refused with `help`, for a bare number is the likeliest
/// mistake of all and the unit that is meant by it cannot be known.
pub(super) fn quoted<'de, D: Deserializer<'de>>(deserializer: D, help: &str) -> Result<String, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => {
            Err(D::Error::custom(format!("`{number}` is not a length of time\n{help}")))
        }
        other => {
            let kind = Unexpected::Other(other.type_str());
            Err(D::Error::invalid_type(kind, &"a length of time"))
        }
    }
}

fn word_or<'de, D: Deserializer<'de>>(deserializer: D, word: &str) -> Result<Option<String>, D::Error> {
    let written = String::deserialize(deserializer)?;
    if written.is_empty() {
        return Err(D::Error::custom(format!(
            "there is nothing between the quotes\nwrite \"{word}\", or leave the line out"
        )));
    }
    Ok(Some(written).filter(|written| written != word))
}

/// A text, or a list of them.
pub(super) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    const WRONG: &str = "keys are text\nwrite one in quotes, \"x\", or a list: [\"x\", \"g d\"]";
    list_of_texts(toml::Value::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(WRONG))
}

/// The addresses of a sender: one, or a list of them.
pub(super) fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    const WRONG: &str =
        "an address is text\nwrite one in quotes, \"10.1.2.3\", or a list: [\"10.1.2.3\", \"10.2.0.0/24\"]";
    list_of_texts(toml::Value::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(WRONG))
}

/// The texts of a text, or of a list of them.
fn list_of_texts(value: toml::Value) -> Option<Vec<String>> {
    let text = |value| if let toml::Value::String(text) = value { Some(text) } else { None };
    match value {
        toml::Value::Array(list) => list.into_iter().map(text).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

/// A number of bytes: "500 MB", "20 GB", "1 TB".
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let written = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    parse_size(&written).ok_or_else(|| {
        D::Error::custom(format!(
            "`{written}` is not a size\nwrite a number and its unit, such as \"500 MB\" or \"20 GB\""
        ))
    })
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Labels in an order, or "score".
pub(super) fn labels_or_score<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    const WRONG: &str = "this is no order of findings\nwrite \"score\", or labels in a list: [\"Pneumothorax\", \"Effusion\"]";
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) if text == SCORE => Ok(None),
        toml::Value::Array(list) => {
            let text = |value| match value {
                toml::Value::String(text) => Ok(text),
                _ => Err(D::Error::custom(WRONG)),
            };
            list.into_iter().map(text).collect::<Result<_, _>>().map(Some)
        }
        _ => Err(D::Error::custom(WRONG)),
    }
}

/// Text, or "auto".
pub(super) fn text_or_auto<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    word_or(deserializer, AUTO)
}

/// Text, or "off".
pub(super) fn text_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    word_or(deserializer, OFF)
}

/// A path, or "auto".
pub(super) fn path_or_auto<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(word_or(deserializer, AUTO)?.map(PathBuf::from))
}

/// A path, or "off".
pub(super) fn path_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(word_or(deserializer, OFF)?.map(PathBuf::from))
}

/// The address of a web server that nobody can speak for on the way, or "off": https, or this machine itself.
pub(super) fn secure_url_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let written = word_or(deserializer, OFF)?;
    match &written {
        Some(url) if !url.starts_with("https://") && !is_on_this_machine(url) => {
            let fault = if url.starts_with("http://") {
                "is not encrypted: anybody on the way could send other weights"
            } else {
                "is not a web address"
            };
            Err(D::Error::custom(format!(
                "`{}` {fault}\nwrite one that begins with https://, or \"off\"",
                crate::text::clean(url)
            )))
        }
        _ => Ok(written),
    }
}

/// Returns whether an address in plain http does not leave the machine.
fn is_on_this_machine(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// A band that a film can be given; `held` is none.
pub(super) fn band<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Severity>, D::Error> {
    let written = String::deserialize(deserializer)?;
    let band = Severity::from_word(&written).filter(|&band| band != Severity::Held);
    let refusal =
        || format!("`{written}` is not a band\nthe bands are \"routine\", \"urgent\" and \"critical\"");
    band.map(Some).ok_or_else(|| D::Error::custom(refusal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_asked_in_plain_http() {
        for (url, is) in [
            ("http://127.0.0.1:8080/our", true),
            ("http://localhost/our", true),
            ("http://[::1]:80", true),
            ("http://localhost.example/our", false),
            ("http://127.0.0.1@files.example/our", false),
            ("http://files.example/127.0.0.1", false),
            ("http://127.0.0.1.files.example", false),
            ("http://localhost:x@files.example", false),
            ("ftp://localhost", false),
        ] {
            assert_eq!(is_on_this_machine(url), is, "{url}");
        }
    }

    #[test]
    fn a_length_of_time_needs_a_unit() {
        // text, milliseconds
        let cases = [
            ("300ms", Some(300)),
            ("90s", Some(90_000)),
            ("5m", Some(300_000)),
            ("5 minutes", Some(300_000)),
            ("4h", Some(14_400_000)),
            ("1h 30m", Some(5_400_000)),
            ("1.5h", Some(5_400_000)),
            ("0s", Some(0)),
            ("", None),
            ("90", None),
            ("-5s", None),
            ("5m ago", None),
            ("PT90S", None),
            ("01:30:00", None),
            ("soon", None),
            ("9999999999999999999h", None),
        ];
        for (text, expected) in cases {
            let found = parse_duration(text).map(|duration| duration.as_millis());
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
