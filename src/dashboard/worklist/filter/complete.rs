//! Completions at the cursor.

use std::ops::Range;

use super::{
    super::fold::fold,
    field::{FIELDS, Field, TextField},
    parse::{alternatives, field, parts, words},
};

/// A word that would fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The bytes that it takes the place of.
    pub at: Range<usize>,
    /// The text.
    pub text: String,
}

/// Returns the words that would fit at the cursor, at most `most` of them. `values` gives the words that the list has for
/// a field by its name ("finding", "view", "model", "by", "tag", "plugin").
#[must_use]
pub(in crate::dashboard) fn complete(
    text: &str,
    cursor: usize,
    most: usize,
    values: impl Fn(&str) -> Vec<String>,
) -> Vec<Completion> {
    let cursor = (0..=cursor.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let word = words(text).into_iter().find(|word| word.start <= cursor && cursor <= word.end);
    let begun = word.map_or(cursor..cursor, |word| word.start..cursor);
    let parts = parts(text, begun);
    let mut offers = match parts.name.clone() {
        None => {
            let typed = fold(parts.value);
            let names = FIELDS.iter().enumerate().filter(|(at, (_, field))| {
                // Of the words for one field, the first.
                FIELDS.iter().position(|(_, other)| other == field) == Some(*at)
            });
            let names = names.filter(|(_, (name, _))| name.starts_with(&typed));
            let mut offers: Vec<String> = names.map(|(_, (name, field))| signed(name, *field)).collect();
            if !typed.is_empty() {
                let findings = values("finding").into_iter().filter(|value| fold(value).contains(&typed));
                offers.extend(findings.map(|value| quoted(&value)));
            }
            let at = parts.value_at..cursor;
            offers.into_iter().map(|text| Completion { at: at.clone(), text }).collect()
        }
        Some((name, _)) => match field(name) {
            Some(field) if field.is_chosen() => {
                let last = parts.value.len() - alternatives(parts.value).last().map_or(0, str::len);
                let typed = fold(&parts.value[last..].replace('"', ""));
                let known = match field {
                    Field::Text(TextField::Patient | TextField::Id | TextField::Accession) => Vec::new(),
                    Field::Text(_) | Field::Tag | Field::Plugin => values(&name.to_lowercase()),
                    other => other.choices().into_iter().map(str::to_owned).collect(),
                };
                let fitting = known.into_iter().filter(|word| fold(word).starts_with(&typed));
                let at = parts.value_at + last..cursor;
                fitting.map(|word| Completion { at: at.clone(), text: quoted(&word) }).collect()
            }
            _ => Vec::new(),
        },
    };
    offers.retain(|offer| text[offer.at.clone()] != offer.text);
    offers.truncate(most);
    offers
}

/// A field's name with what follows it.
fn signed(name: &str, field: Field) -> String {
    if field.is_chosen() { format!("{name}:") } else { format!("{name}>") }
}

fn quoted(word: &str) -> String {
    if word.contains([' ', ',']) { format!("\"{word}\"") } else { word.to_owned() }
}
