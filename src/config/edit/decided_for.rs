//! Which weights the site's thresholds were decided for. A threshold is a probability of one network: with other
//! weights of the same name the same number means something else, and nobody would notice.

use std::{fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use toml_edit::Table;

use crate::config::{ConfigError, LabelDefaults, Loaded, ModelThresholds, document::Document, edit};

/// The key, in `[thresholds.MODEL]`, whose value is how the SHA-256 of the weights begins.
const FOR: &str = "for";

/// Digits of the hash that are written: enough to tell weights apart, short enough to compare by eye.
const WRITTEN: usize = 16;
/// Digits that must be there at least.
const LEAST: usize = 8;

/// Returns how the hash of weights is written into the file.
fn written(sha256: &str) -> &str {
    sha256.get(..WRITTEN).unwrap_or(sha256)
}

/// Returns what is to be said where the site sets thresholds for a model and they were decided for other weights, or
/// nobody wrote down for which; none where all is in order.
#[must_use]
pub fn doubt(loaded: &Loaded, model: &str, sha256: &str) -> Option<String> {
    let site = loaded.config.thresholds.get(model)?;
    if !site.labels.values().any(|label| label.alert.is_some() || label.critical.is_some()) {
        return None;
    }
    let fault = match &site.weights {
        Some(decided) if sha256.starts_with(decided.as_str()) => return None,
        Some(decided) => format!("were decided for weights {decided}, and these are {}", written(sha256)),
        None => "do not say for which weights they were decided".to_owned(),
    };
    Some(format!(
        "the thresholds of {model} {fault}: look at them (`evaluate --calibrate`, workbench), then save them or run \
         `cxr-triage config affirm`"
    ))
}

/// Writes into the file at `path` that the thresholds of a model are meant for these weights.
///
/// # Errors
/// The file cannot be read or written, or sets no thresholds of the model.
pub fn affirm(
    path: &Path,
    model: &str,
    sha256: &str,
    labels: &[LabelDefaults<'_>],
) -> Result<(), ConfigError> {
    edit::write(path, model, labels, |text| with_weights(text, model, sha256))
}

/// Notes for which weights the thresholds of a model were decided. A text without any is left as it is.
pub(super) fn with_weights(text: &str, model: &str, sha256: &str) -> Result<String, ConfigError> {
    let mut document = edit::document(text)?;
    let of_model = document.get_mut("thresholds").and_then(|it| it.get_mut(model));
    let Some(of_model) = of_model else { return Ok(text.to_owned()) };
    if let Some(table) = of_model.as_table_mut().filter(|table| table.is_implicit()) {
        give_header(table);
    }
    let Some(of_model) = of_model.as_table_like_mut() else { return Ok(text.to_owned()) };
    if of_model.iter().all(|(key, _)| key == FOR) {
        // The last threshold has gone, and nothing is decided any more.
        return without_weights(text, model);
    }
    edit::set(of_model, FOR, written(sha256));
    Ok(document.to_string())
}

/// Makes a section that has none yet begin with a header of its own, right above its first part. Comments that a blank
/// line parts from that one stay above the header.
fn give_header(table: &mut Table) {
    let parts = table.iter_mut().filter_map(|(_, item)| item.as_table_mut());
    let Some(first) = parts.filter(|part| part.position().is_some()).min_by_key(|part| part.position())
    else {
        return;
    };
    let prefix = first.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
    let own = prefix.rfind("\n\n").map_or(usize::from(prefix.starts_with('\n')), |at| at + 2);
    let (above, own) = prefix.split_at(own);
    first.decor_mut().set_prefix(format!("\n{own}"));
    let position = first.position();
    table.decor_mut().set_prefix(above);
    table.set_position(position);
    table.set_implicit(false);
}

/// The text without the note for which weights thresholds were decided, and without a section that held nothing else.
fn without_weights(text: &str, model: &str) -> Result<String, ConfigError> {
    let Some(span) = Document::parse(text, None)?.span(&["thresholds", model, FOR]) else {
        return Ok(text.to_owned());
    };
    let (start, end) = edit::line_of(text, &span);
    if !text[start..span.start].trim().is_empty() || !text[span.end..end].trim().is_empty() {
        return Ok(text.to_owned());
    }
    edit::without_empty(&format!("{}{}", &text[..start], &text[end..]), &["thresholds", model])
}

impl<'de> Deserialize<'de> for ModelThresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Sections)
    }
}

/// Reads `for` and the labels' sections one by one, so that a mistake keeps its place in the file.
struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = ModelThresholds;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a section for each label")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ModelThresholds, A::Error> {
        let mut found = ModelThresholds::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == FOR {
                found.weights = Some(map.next_value::<Weights>()?.0);
            } else {
                found.labels.insert(key, map.next_value()?);
            }
        }
        Ok(found)
    }
}

/// How a SHA-256 begins.
struct Weights(String);

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hash = String::deserialize(deserializer)?.to_ascii_lowercase();
        let is_hash = (LEAST..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then_some(Self(hash)).ok_or_else(|| {
            D::Error::custom(
                "`for` is how the SHA-256 of the weights begins\nwrite 8 to 64 hexadecimal digits in quotes, or run \
                 `cxr-triage config affirm`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{TEMPLATE, parse, with_alerts, with_thresholds},
        study::Setting,
    };

    const SHA256: &str = "4217a361bd4ae164cb80a56bb5fb3f19a0f701418007696f02481df157222a6b";

    fn doubt_of(text: &str) -> Option<String> {
        doubt(&parse(text, None).unwrap(), "starter", SHA256)
    }

    #[test]
    fn thresholds_of_other_or_unknown_weights_are_doubted() {
        let set = "[thresholds.starter.Effusion]\nalert = 0.5\n";
        for (text, says) in [
            (set.to_owned(), Some("do not say for which weights")),
            (format!("[thresholds.starter]\nfor = \"4217a361bd4a\"\n{set}"), None),
            (format!("[thresholds.starter]\nfor = \"4217A361\"\n{set}"), None),
            (format!("[thresholds.starter]\nfor = \"{SHA256}\"\n{set}"), None),
            (
                format!("[thresholds.starter]\nfor = \"deadbeef\"\n{set}"),
                Some("for weights deadbeef, and these are 4217a361bd4ae164"),
            ),
            ("[thresholds.starter.Effusion]\ncap = \"urgent\"\n".to_owned(), None),
            (set.replace("starter", "another"), None),
            (String::new(), None),
        ] {
            let found = doubt_of(&text);
            assert_eq!(found.is_some(), says.is_some(), "{text}: {found:?}");
            assert!(found.unwrap_or_default().contains(says.unwrap_or_default()), "{text}");
        }
    }

    #[test]
    fn what_is_no_hash_is_a_mistake_at_its_line() {
        for text in ["for = \"4217\"", "for = \"the new ones\"", "for = 4217"] {
            let error = parse(&format!("[thresholds.starter]\n{text}"), None).unwrap_err();
            assert_eq!(error.line, Some(2), "{text}: {error}");
        }
        let error = parse("[thresholds.starter.Effusion]\nalarm = 0.5", None).unwrap_err();
        assert_eq!(error.line, Some(2), "{error}");
    }

    #[test]
    fn the_weights_are_noted_beside_the_thresholds() {
        let sha256 = "0123456789abcdef0123456789abcdef";
        let note = "for = \"0123456789abcdef\"\n";
        for (text, expected) in [
            (
                "[log]\nlevel = \"warn\"\n# no file\n\n# the pleura\n[thresholds.m.Effusion]\nalert = 0.3\n"
                    .to_owned(),
                format!(
                    "[log]\nlevel = \"warn\"\n# no file\n\n[thresholds.m]\n{note}\n# the pleura\n\
                     [thresholds.m.Effusion]\nalert = 0.3\n"
                ),
            ),
            (
                "[thresholds.m.A]\nalert = 0.3\n\n[log]\n\n[thresholds.n.B]\nalert = 0.4\n".to_owned(),
                format!(
                    "[thresholds.m]\n{note}\n[thresholds.m.A]\nalert = 0.3\n\n[log]\n\n[thresholds.n.B]\nalert = 0.4\n"
                ),
            ),
            (
                "[thresholds.m]\nEffusion = { alert = 0.3 }\nfor = \"deadbeef\" # May\n".to_owned(),
                "[thresholds.m]\nEffusion = { alert = 0.3 }\nfor = \"0123456789abcdef\" # May\n".to_owned(),
            ),
            (format!("[log]\n\n[thresholds.m]\n{note}\n[triage]\n"), "[log]\n\n[triage]\n".to_owned()),
            ("[log]\n".to_owned(), "[log]\n".to_owned()),
        ] {
            let new = with_weights(&text, "m", sha256).unwrap();
            assert_eq!(new, expected, "from {text}");
            assert_eq!(with_weights(&new, "m", sha256).unwrap(), expected, "said once");
            parse(&new, None).unwrap();
        }
    }

    #[test]
    fn a_template_keeps_its_comments_where_they_belong() {
        let text = TEMPLATE;
        let alerts = with_alerts(text, "starter", &[("Effusion", 0.25)]).unwrap();
        let new = with_weights(&alerts, "starter", "0123456789abcdef").unwrap();
        let added = "\n[thresholds.starter]\nfor = \"0123456789abcdef\"\n\n[thresholds.starter.Effusion]\nalert = 0.25\n";
        assert_eq!(new, format!("{text}{added}"));
        let none = [("Effusion", Setting { alert: None, critical: None })];
        let back = with_thresholds(&new, "starter", &none).unwrap();
        assert_eq!(with_weights(&back, "starter", "0123456789abcdef").unwrap(), text);
    }
}
