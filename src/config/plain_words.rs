//! The parser's complaints in the words of the people who read them.
//!
//! The phrases that are looked for are those of serde and toml. Where a new version of them changes
//! one, its own words are shown, and the snapshots of `tests/config_files.rs` tell us.

use std::ops::Range;

/// Message and help for a text that is not TOML.
pub(super) fn of_syntax(message: &str, text: &str, span: &Range<usize>) -> (String, &'static str) {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let meant = text.get(span.clone()).unwrap_or_default();
    let is_section = line.trim_start().starts_with('[');
    if message.starts_with("duplicate key") {
        let help =
            if is_section { "put the settings of both in one section" } else { "delete one of the two" };
        return (format!("`{meant}` is here for the second time"), help);
    }
    let help = if is_section && line.contains(']') {
        "a name with a space in it needs quotes: [thresholds.starter.\"Lung Lesion\"]"
    } else if is_section {
        "a section's name stands in square brackets: [inbox]"
    } else if before.ends_with('\\') {
        "write paths with /, or in single quotes: path = 'D:\\films'"
    } else if message.starts_with("invalid basic string") {
        "text ends with the quote that it began with"
    } else if text.get(span.start..).is_some_and(|rest| rest.starts_with(',')) {
        "write a decimal point: 0.4"
    } else if line.contains('=') {
        "text needs quotes: path = \"/data/inbox\"; a number needs none: alert = 0.4"
    } else {
        "a setting is written as: name = value"
    };
    (message.to_owned(), help)
}

/// Keys of older versions, which are read and not offered.
const OLD_KEYS: [&str; 2] = ["lateral", "multi_frame"];

/// Message and help for TOML that is not a configuration.
pub(super) fn of_meaning(message: &str) -> (String, Option<String>) {
    // Our own values say both (see `values`).
    if let Some((message, help)) = message.split_once('\n') {
        return (message.to_owned(), Some(help.to_owned()));
    }
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((unknown, known)) = quoted.split_first() {
        if message.starts_with("unknown field") {
            let known: Vec<&str> = known.iter().copied().filter(|key| !OLD_KEYS.contains(key)).collect();
            return (format!("unknown key `{unknown}`"), Some(suggest(unknown, "the keys here are", &known)));
        }
        if message.starts_with("unknown variant") {
            let help = suggest(unknown, "the choices are", known);
            return (format!("`{unknown}` is not one of the choices"), Some(help));
        }
    }
    // What toml says of a choice that is not text.
    if message == "wanted string or table" {
        return (format!("there should be {} here", TEXT.1), Some(TEXT.2.to_owned()));
    }
    match message.strip_prefix("invalid type: ").and_then(|types| types.split_once(", expected ")) {
        Some((found, expected)) => wrong_type(found, expected),
        None => (message.to_owned(), None),
    }
}

/// A type by serde's name, by people's name, and as it is written.
type Kind = (&'static str, &'static str, &'static str);

const TEXT: Kind = ("a string", "text in quotes", "write it in quotes: \"like this\"");

const KINDS: [Kind; 9] = [
    TEXT,
    ("path string", TEXT.1, TEXT.2),
    ("f64", "a number", "write it without quotes: 0.4"),
    ("a boolean", "true or false", "write true or false, without quotes"),
    ("a sequence", "a list", "write it in square brackets: [\"one\", \"two\"]"),
    ("a section", "a section", "write its name in square brackets on a line of its own, its settings below"),
    ("a map", "a section", "write [thresholds.MODEL.LABEL] on a line of its own, its settings below"),
    (
        "a section for each label",
        "a section for each label",
        "write [thresholds.MODEL.LABEL] on a line of its own, its settings below",
    ),
    ("a length of time", "a length of time", "write it in quotes: \"90s\""),
];

/// Serde's names for a value that it found; the value follows, where it is a plain one.
const FOUND: [(&str, &str); 7] = [
    ("floating point ", "the number "),
    ("integer ", "the number "),
    ("string ", "the text "),
    ("boolean ", ""),
    ("sequence", "a list"),
    ("array", "a list"),
    ("map", "a section"),
];

fn wrong_type(found: &str, expected: &str) -> (String, Option<String>) {
    let found = FOUND
        .iter()
        .find_map(|(theirs, ours)| Some(format!("{ours}{}", found.strip_prefix(theirs)?)))
        .unwrap_or_else(|| found.to_owned());
    let kind = KINDS.iter().find(|(theirs, ..)| *theirs == expected);
    let (expected, help) = kind.map_or((expected, None), |(_, ours, help)| (*ours, Some(*help)));
    (format!("here is {found}, but there should be {expected}"), help.map(str::to_owned))
}

/// "did you mean `x`?", where one of the known words is near, and all of them.
pub(super) fn suggest(unknown: &str, introduction: &str, known: &[&str]) -> String {
    let list = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match nearest(unknown, known) {
        Some(near) => format!("did you mean `{near}`? {introduction} {list}"),
        None => format!("{introduction} {list}"),
    }
}

/// Nearness below which a suggestion confuses more than it helps; 1 is the same word. `gpu` is 0.67
/// near to `cpu`.
const NEAR: f64 = 0.7;

fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace(['_', '-'], " ");
    let unknown = plain(unknown);
    let nearness = |word: &str| strsim::normalized_damerau_levenshtein(&unknown, &plain(word));
    let rated = known.iter().map(|word| (nearness(word), *word));
    rated.filter(|(rate, _)| *rate >= NEAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_in_any_spelling() {
        let labels = ["Lung Lesion", "Lung Opacity", "Pleural_Thickening", "Mass", "Effusion"];
        // written, suggested
        let cases = [
            ("lung lesion", Some("Lung Lesion")),
            ("Lung_Lesion", Some("Lung Lesion")),
            ("Pleural Thickening", Some("Pleural_Thickening")),
            ("Efusion", Some("Effusion")),
            ("mass", Some("Mass")),
            ("Pneumothorax", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(nearest(written, &labels), expected, "{written:?}");
        }
    }
}
