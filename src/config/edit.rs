//! Thresholds written into the file, its comments kept.

use std::{ops::Range, path::Path};

use toml_edit::{DocumentMut, Item, Table, TableLike, value};

mod decided_for;

pub use decided_for::{affirm, doubt};

use decided_for::with_weights;

use super::{ConfigError, LabelDefaults, document::Document, parse, rules};
use crate::{files, study::Setting};

/// Sets `alert` for labels of one model in the text of a configuration; all else stays as it is, comments
/// and order included.
///
/// # Errors
/// The text is no TOML, or `thresholds`, the model or a label is there and is no table.
pub fn with_alerts(text: &str, model: &str, alerts: &[(&str, f64)]) -> Result<String, ConfigError> {
    let numbers: Vec<_> = alerts.iter().map(|(label, alert)| (*label, "alert", *alert)).collect();
    with_numbers(text, model, &numbers)
}

/// Sets both thresholds of labels of one model, or takes away those that are to be the default. All else stays as
/// it is. A line with a comment is not taken away: it becomes one.
///
/// # Errors
/// As [`with_alerts`].
pub fn with_thresholds(text: &str, model: &str, settings: &[(&str, Setting)]) -> Result<String, ConfigError> {
    let mut new = text.to_owned();
    let mut numbers = Vec::new();
    for (label, setting) in settings {
        let keys = [("alert", setting.alert), ("critical", setting.critical)];
        numbers.extend(keys.iter().filter_map(|(key, number)| Some((*label, *key, (*number)?))));
        // From below, so that what becomes a comment is not taken for one about the next line.
        for (key, _) in keys.iter().rev().filter(|(_, number)| number.is_none()) {
            new = without(&new, ["thresholds", model, label, key])?;
        }
    }
    with_numbers(&new, model, &numbers)
}

fn fail(message: &str) -> ConfigError {
    ConfigError::of_file(None, message, Some("write the thresholds as [thresholds.MODEL.LABEL] by hand"))
}

pub(super) fn document(text: &str) -> Result<DocumentMut, ConfigError> {
    text.parse().map_err(|_| fail("this is not TOML"))
}

/// Sets numbers, each given by its label and its key.
fn with_numbers(text: &str, model: &str, numbers: &[(&str, &str, f64)]) -> Result<String, ConfigError> {
    if numbers.is_empty() {
        return Ok(text.to_owned());
    }
    let mut document = document(text)?;
    let thresholds = document.entry("thresholds").or_insert_with(implicit);
    let thresholds = thresholds.as_table_like_mut().ok_or_else(|| fail("`thresholds` is no section"))?;
    let of_model = thresholds.entry(model).or_insert_with(implicit);
    let of_model =
        of_model.as_table_like_mut().ok_or_else(|| fail(&format!("`thresholds.{model}` is no section")))?;
    let mut first_new = None;
    for (label, key, number) in numbers {
        let is_new = !of_model.contains_key(label);
        let section = of_model.entry(label).or_insert_with(|| Item::Table(Table::new()));
        let section = section
            .as_table_like_mut()
            .ok_or_else(|| fail(&format!("`thresholds.{model}.{label}` is no section")))?;
        set(section, key, *number);
        first_new = first_new.or(is_new.then_some(*label));
    }
    if let Some(label) = first_new {
        keep_last_comments(&mut document, text, [model, label]);
    }
    Ok(document.to_string())
}

/// The text without one threshold.
fn without(text: &str, at: [&str; 4]) -> Result<String, ConfigError> {
    let Some(span) = Document::parse(text, None)?.span(&at) else { return Ok(text.to_owned()) };
    let (start, end) = line_of(text, &span);
    let (before, behind) = (text[start..span.start].trim(), text[span.end..end].trim());
    // `alert = 0.3`, or `Effusion.alert = 0.3` in the model's section.
    let has_a_line = before.is_empty() || (before.ends_with('.') && !before.contains('{'));
    if has_a_line && behind.is_empty() && !ends_with_comment(&text[..start]) {
        let cut = format!("{}{}", &text[..start], &text[end..]);
        return without_empty(&cut, &at[..3]);
    }
    if has_a_line {
        // Somebody wrote down why: that stays, and the number with it.
        return Ok(format!("{}# {}", &text[..start], &text[start..]));
    }
    let mut document = document(text)?;
    let [thresholds, model, label, key] = at;
    let section =
        document.get_mut(thresholds).and_then(|it| it.get_mut(model)).and_then(|it| it.get_mut(label));
    if let Some(section) = section.and_then(Item::as_table_like_mut) {
        section.remove(key);
    }
    Ok(document.to_string())
}

/// The text without a section, if nothing is left in it and nothing was said about it.
pub(super) fn without_empty(text: &str, at: &[&str]) -> Result<String, ConfigError> {
    let document = Document::parse(text, None)?;
    let (true, Some(span)) = (document.is_empty_section(at), document.span(at)) else {
        return Ok(text.to_owned());
    };
    let (start, end) = line_of(text, &span);
    let header = text[start..end].trim();
    // A comment right above belongs to it; one with a blank line between does not.
    if !header.starts_with('[') || !header.ends_with(']') || ends_with_comment(&text[..start]) {
        return Ok(text.to_owned());
    }
    let before = text[..start].strip_suffix("\n\n").map(|before| format!("{before}\n"));
    Ok(format!("{}{}", before.as_deref().unwrap_or(&text[..start]), &text[end..]))
}

/// Returns where the lines of a span begin and end, the last one's end of line included.
pub(super) fn line_of(text: &str, span: &Range<usize>) -> (usize, usize) {
    let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[span.start..].find('\n').map_or(text.len(), |length| span.start + length + 1);
    (start, end)
}

/// Returns whether the last line is a comment and nothing else.
fn ends_with_comment(text: &str) -> bool {
    text.lines().next_back().is_some_and(|line| line.trim_start().starts_with('#'))
}

/// Keeps the comments at the end of the file with its last section, for they are often its settings: a new section must
/// come behind them, not between.
fn keep_last_comments(document: &mut DocumentMut, before: &str, [model, label]: [&str; 2]) {
    let last_header = |text: &str| text.lines().rev().find(|line| line.starts_with('[')).map(str::to_owned);
    let comments = document.trailing().as_str().unwrap_or_default().to_owned();
    if comments.trim().is_empty() || last_header(&document.to_string()) == last_header(before) {
        return;
    }
    if let Some(section) = document["thresholds"][model][label].as_table_mut() {
        section.decor_mut().set_prefix(format!("{}\n\n", comments.trim_end()));
        document.set_trailing("");
    }
}

/// A section that has a header only if something is written right into it.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// Sets a value, the comment behind the old one kept.
pub(super) fn set(section: &mut dyn TableLike, key: &str, new: impl Into<toml_edit::Value>) {
    let mut new = value(new);
    if let (Some(old), Some(new)) = (section.get(key).and_then(Item::as_value), new.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    match section.get_mut(key) {
        Some(item) => *item = new,
        None => {
            section.insert(key, new);
        }
    }
}

/// Writes alert thresholds into the file at `path`, and for which weights they were decided: the new text is checked
/// against the model's labels first, then replaces the old file at once, or not at all. A file that changed meanwhile is
/// read anew.
///
/// # Errors
/// The file cannot be read or written, or would not be right afterwards: a critical threshold that the file
/// sets would lie below the new alert threshold.
pub fn write_alerts(
    path: &Path,
    model: &str,
    sha256: &str,
    labels: &[LabelDefaults<'_>],
    alerts: &[(&str, f64)],
) -> Result<(), ConfigError> {
    write(path, model, labels, |text| with_weights(&with_alerts(text, model, alerts)?, model, sha256))
}

/// Writes [both thresholds](with_thresholds) of labels into the file at `path`, likewise.
///
/// # Errors
/// As [`write_alerts`].
pub fn write_thresholds(
    path: &Path,
    model: &str,
    sha256: &str,
    labels: &[LabelDefaults<'_>],
    settings: &[(&str, Setting)],
) -> Result<(), ConfigError> {
    write(path, model, labels, |text| with_weights(&with_thresholds(text, model, settings)?, model, sha256))
}

pub(super) fn write(
    path: &Path,
    model: &str,
    labels: &[LabelDefaults<'_>],
    edit: impl FnOnce(&str) -> Result<String, ConfigError>,
) -> Result<(), ConfigError> {
    let old = super::read(path)?;
    let new = edit(&old.text)?;
    let loaded = parse(&new, Some(path))?;
    rules(&loaded, model, labels)?;
    // The text that was read is a configuration, whatever it begins with.
    files::replace(path, new.as_bytes(), &[b""]).map_err(|error| {
        let help = "see that your user may write the file and its folder; nothing was changed";
        ConfigError::of_file(Some(path), &format!("cannot be written: {error}"), Some(help))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::study::OperatingPoint;

    const LABELS: [LabelDefaults<'static>; 2] = [
        LabelDefaults { name: "Effusion", own: OperatingPoint::of_alert(0.4), validated: true },
        LabelDefaults { name: "Lung Lesion", own: OperatingPoint::of_alert(0.2), validated: false },
    ];

    #[test]
    fn comments_and_everything_else_stay() {
        let text = "# ours\n[thresholds.starter.Effusion] # the pleura\n# set by Ines\nalert = 0.3 # since May\n\
                    critical = 0.9\n\n[log]\nlevel = \"warn\"\n";
        let new = with_alerts(text, "starter", &[("Effusion", 0.25), ("Lung Lesion", 0.125)]).unwrap();
        insta::assert_snapshot!(new, @r#"
        # ours
        [thresholds.starter.Effusion] # the pleura
        # set by Ines
        alert = 0.25 # since May
        critical = 0.9

        [thresholds.starter."Lung Lesion"]
        alert = 0.125

        [log]
        level = "warn"
        "#);
    }

    #[test]
    fn a_file_of_comments_gets_its_first_section() {
        let new = with_alerts(super::super::TEMPLATE, "starter", &[("Effusion", 0.25)]).unwrap();
        let added = "\n[thresholds.starter.Effusion]\nalert = 0.25\n";
        assert_eq!(
            new,
            format!("{}{added}", super::super::TEMPLATE),
            "behind what belongs to the last section"
        );
        let loaded = parse(&new, None).unwrap();
        assert_eq!(rules(&loaded, "starter", &LABELS).unwrap().labels[0].alert, 0.25);
    }

    #[test]
    fn short_forms_are_kept_short() {
        let text = "[thresholds.starter]\nEffusion = { alert = 0.3, cap = \"urgent\" }\n";
        let new = with_alerts(text, "starter", &[("Effusion", 0.5)]).unwrap();
        assert_eq!(new, "[thresholds.starter]\nEffusion = { alert = 0.5, cap = \"urgent\" }\n");
    }

    #[test]
    fn a_file_that_would_be_wrong_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cxr-triage.toml");
        let text = "[thresholds.starter.Effusion]\ncritical = 0.45\n";
        fs::write(&path, text).unwrap();
        let error =
            write_alerts(&path, "starter", "0123456789abcdef00", &LABELS, &[("Effusion", 0.5)]).unwrap_err();
        assert!(error.to_string().contains("critical"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        write_alerts(&path, "starter", "0123456789abcdef00", &LABELS, &[("Effusion", 0.42)]).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("alert = 0.42"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
    }

    fn set(alert: Option<f64>, critical: Option<f64>) -> Setting {
        Setting { alert, critical }
    }

    #[test]
    fn what_goes_back_to_the_models_own_leaves_the_file_and_comments_stay() {
        let (none, both) = (set(None, None), set(Some(0.25), Some(0.75)));
        for (text, setting, expected) in [
            // A section that has nothing left goes, unless somebody said something about it.
            ("[inbox]\n\n[thresholds.m.Effusion]\nalert = 0.3\n\n[log]\n", none, "[inbox]\n\n[log]\n"),
            (
                "# the pleura\n[thresholds.m.Effusion]\nalert = 0.3\n",
                none,
                "# the pleura\n[thresholds.m.Effusion]\n",
            ),
            (
                "[thresholds.m.Effusion]\nalert = 0.3 # since May\ncritical = 0.9\n",
                none,
                "[thresholds.m.Effusion]\n# alert = 0.3 # since May\n",
            ),
            (
                "[thresholds.m.Effusion]\n# set by Ines\nalert = 0.3\ncap = \"urgent\"",
                none,
                "[thresholds.m.Effusion]\n# set by Ines\n# alert = 0.3\ncap = \"urgent\"",
            ),
            (
                "[thresholds.m]\nEffusion.alert = 0.3\nMass.alert = 0.4\n",
                none,
                "[thresholds.m]\nMass.alert = 0.4\n",
            ),
            (
                "[thresholds.m]\nEffusion = { alert = 0.3, cap = \"urgent\" }\n",
                none,
                "[thresholds.m]\nEffusion = { cap = \"urgent\" }\n",
            ),
            (
                "[thresholds.m.Effusion]\ncritical = 0.9 # high\n",
                both,
                "[thresholds.m.Effusion]\ncritical = 0.75 # high\nalert = 0.25\n",
            ),
            ("", none, ""),
        ] {
            let new = with_thresholds(text, "m", &[("Effusion", setting)]).unwrap();
            assert_eq!(new, expected, "from {text}");
            parse(&new, None).unwrap();
        }
    }

    #[test]
    fn a_file_of_comments_is_the_same_again_when_a_change_is_taken_back() {
        let text = super::super::TEMPLATE;
        let changed = with_thresholds(text, "m", &[("Mass", set(Some(0.25), Some(0.5)))]).unwrap();
        assert_ne!(changed, text);
        let back = with_thresholds(&changed, "m", &[("Mass", set(None, None))]).unwrap();
        assert_eq!(back, text);
    }
}
