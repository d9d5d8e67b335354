//! From characters to terms.

use std::ops::Range;

use jiff::SignedDuration;

use super::{
    super::fold::fold,
    field::{FIELDS, Field, Flag},
    term::{Comparison, Term, Wish},
};
use crate::{store::Status, study::Severity};

/// A mistake in a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// The bytes that are wrong; empty where something is missing.
    pub at: Range<usize>,
    /// The mistake, and what to write instead.
    pub message: String,
}

impl FilterError {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// How a comparison is written, the longest first.
const COMPARISONS: [(&str, Comparison); 5] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Over),
    ("<", Comparison::Under),
    ("=", Comparison::Equal),
];

/// The places of the words between spaces; what stands in quotes is one.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let (mut start, mut quoted) = (None, false);
    for (at, character) in text.char_indices() {
        quoted ^= character == '"';
        if character.is_whitespace() && !quoted {
            words.extend(start.take().map(|from| from..at));
        } else if start.is_none() {
            start = Some(at);
        }
    }
    words.extend(start.map(|from| from..text.len()));
    words
}

/// A word taken apart: where its field's name stands, what follows it (":" or a comparison), the rest.
pub(super) struct Parts<'a> {
    pub(super) negated: bool,
    pub(super) name: Option<(&'a str, Range<usize>)>,
    pub(super) operator: &'a str,
    pub(super) value: &'a str,
    pub(super) value_at: usize,
}

pub(super) fn parts(text: &str, word: Range<usize>) -> Parts<'_> {
    let written = &text[word.clone()];
    let negated = written.len() > 1 && written.starts_with('-');
    let from = word.start + usize::from(negated);
    let written = &text[from..word.end];
    let name_end = written.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(written.len());
    let rest = &written[name_end..];
    let operator = if rest.starts_with(':') {
        ":"
    } else {
        COMPARISONS.iter().map(|(sign, _)| *sign).find(|sign| rest.starts_with(sign)).unwrap_or("")
    };
    if name_end == 0 || operator.is_empty() {
        return Parts { negated, name: None, operator: "", value: written, value_at: from };
    }
    Parts {
        negated,
        name: Some((&written[..name_end], from..from + name_end)),
        operator,
        value: &rest[operator.len()..],
        value_at: from + name_end + operator.len(),
    }
}

/// The field of a name, in any case of letters.
pub(super) fn field(name: &str) -> Option<Field> {
    FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| *field)
}

pub(super) fn terms(text: &str) -> Result<Vec<Term>, FilterError> {
    let mut terms = Vec::new();
    for word in words(text) {
        if text[word.clone()].matches('"').count() % 2 == 1 {
            return Err(FilterError::new(word.end..word.end, "the closing \" is missing"));
        }
        terms.extend(term(text, word)?);
    }
    Ok(terms)
}

/// One term; `None` for a pair of quotes with nothing between.
fn term(text: &str, word: Range<usize>) -> Result<Option<Term>, FilterError> {
    let parts = parts(text, word);
    let negated = parts.negated;
    let Some((name, name_at)) = parts.name.clone() else {
        let wanted = fold(&unquoted(parts.value));
        let wish = (!wanted.is_empty()).then(|| Wish::anywhere(&wanted));
        return Ok(wish.map(|wish| Term { negated, wish }));
    };
    let Some(field) = field(name) else {
        return Err(FilterError::new(name_at, unknown_field(name)));
    };
    let operator_at = name_at.end..name_at.end + parts.operator.len();
    let sign = COMPARISONS.iter().find(|(sign, _)| *sign == parts.operator).map(|(_, sign)| *sign);
    let wish = match (field, sign) {
        (Field::Number(number), Some(sign)) => Wish::Number(number, sign, decimal(&parts)?),
        (Field::Waiting, Some(sign)) => Wish::Waiting(sign, duration(&parts)?),
        (Field::Number(_) | Field::Waiting, None) => {
            let example = if field == Field::Waiting { "waiting>30m" } else { "score>0.6" };
            return Err(FilterError::new(operator_at, format!("numbers are compared: {example}")));
        }
        (_, Some(Comparison::Equal) | None) => choice(field, &parts)?,
        (_, Some(_)) => {
            return Err(FilterError::new(operator_at, format!("words are chosen with a colon: {name}:…")));
        }
    };
    Ok(Some(Term { negated, wish }))
}

fn unknown_field(name: &str) -> String {
    let name = name.to_lowercase();
    let nearness = |known: &str| strsim::normalized_damerau_levenshtein(&name, known);
    let nearest = FIELDS.iter().map(|(known, _)| (nearness(known), *known));
    match nearest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(rate, _)| *rate >= 0.5) {
        Some((_, near)) => format!("there is no `{name}`; did you mean `{near}`?"),
        None => format!("there is no `{name}`; to look for the word itself, put it in quotes"),
    }
}

fn unquoted(text: &str) -> String {
    text.replace('"', "")
}

fn decimal(parts: &Parts<'_>) -> Result<f64, FilterError> {
    let at = parts.value_at..parts.value_at + parts.value.len();
    let (digits, scale) = parts.value.strip_suffix('%').map_or((parts.value, 1.0), |digits| (digits, 0.01));
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    match digits.parse::<f64>() {
        Ok(value) if plain => Ok(value * scale),
        _ if digits.is_empty() => Err(FilterError::new(at, "a number is missing: 0.6")),
        _ => Err(first_wrong(at, digits, "write a number: 0.6")),
    }
}

/// Blames the first character that cannot stand in a number.
fn first_wrong(at: Range<usize>, digits: &str, message: &str) -> FilterError {
    let wrong = digits.char_indices().find(|(_, c)| !c.is_ascii_digit() && *c != '.');
    let at = wrong.map_or(at.clone(), |(from, c)| at.start + from..at.start + from + c.len_utf8());
    FilterError::new(at, message)
}

/// `30m`, `2h`, `1h30`, `1h30m`, `45s`, `3d`.
fn duration(parts: &Parts<'_>) -> Result<SignedDuration, FilterError> {
    let end = parts.value_at + parts.value.len();
    if parts.value.is_empty() {
        return Err(FilterError::new(end..end, "a time is missing: 30m, 2h or 1d"));
    }
    let (mut seconds, mut digits, mut last) = (0_i64, String::new(), 0);
    for (at, character) in parts.value.char_indices() {
        let unit = match character {
            '0'..='9' if digits.len() < 6 => {
                digits.push(character);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => 0,
        };
        let at = parts.value_at + at;
        let number = digits.parse::<i64>().ok().filter(|_| unit > 0);
        let Some(number) = number else {
            return Err(FilterError::new(at..at + character.len_utf8(), "write a time: 30m, 2h, 1h30 or 1d"));
        };
        seconds += number * unit;
        (digits, last) = (String::new(), unit);
    }
    match digits.parse::<i64>() {
        // "1h30": what follows hours without a unit are minutes.
        Ok(minutes) if last == 3600 => seconds += minutes * 60,
        Ok(number) => {
            let message = format!("{number} what? write {number}m or {number}h");
            return Err(FilterError::new(end..end, message));
        }
        Err(_) => {}
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// Returns the words between the commas of a value; those in quotes part nothing.
pub(super) fn alternatives(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    value.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

/// The words of a field that is chosen.
fn choice(field: Field, parts: &Parts<'_>) -> Result<Wish, FilterError> {
    let mut places = Vec::new();
    let mut from = parts.value_at;
    for word in alternatives(parts.value) {
        let at = from..from + word.len();
        from = at.end + 1;
        let word = unquoted(word);
        if word.is_empty() {
            let choices = field.choices();
            let example =
                if choices.is_empty() { String::new() } else { format!(": {}", choices.join(", ")) };
            return Err(FilterError::new(at, format!("a word is missing{example}")));
        }
        places.push((word, at));
    }
    let none = |(word, at): &(String, Range<usize>)| {
        let choices = field.choices().join(", ");
        FilterError::new(at.clone(), format!("`{word}` is none of {choices}"))
    };
    Ok(match field {
        Field::Status => {
            let mut wanted = Vec::new();
            for place in &places {
                let word = place.0.to_lowercase();
                match (word.as_str(), Status::from_word(&word)) {
                    ("open", _) => wanted.extend([Status::New, Status::Seen, Status::Claimed]),
                    (_, Some(status)) => wanted.push(status),
                    (_, None) => return Err(none(place)),
                }
            }
            Wish::Status(wanted)
        }
        Field::Band => {
            let band = |place: &(String, _)| Severity::from_word(&place.0.to_lowercase());
            Wish::Band(
                places
                    .iter()
                    .map(|place| band(place).ok_or_else(|| none(place)))
                    .collect::<Result<_, _>>()?,
            )
        }
        Field::Is => {
            let flag = |place: &(String, _)| {
                let word = place.0.to_lowercase();
                Flag::ALL.iter().find(|(known, _)| *known == word).map(|(_, flag)| *flag)
            };
            Wish::Is(
                places
                    .iter()
                    .map(|place| flag(place).ok_or_else(|| none(place)))
                    .collect::<Result<_, _>>()?,
            )
        }
        Field::Plugin => Wish::Plugin(places.iter().map(|(word, _)| fold(word)).collect()),
        Field::Tag => Wish::Tag(places.iter().map(|(word, _)| fold(word)).collect()),
        Field::Text(text) => Wish::Text(text, places.iter().map(|(word, _)| fold(word)).collect()),
        // Those are compared, never chosen.
        Field::Number(_) | Field::Waiting => Wish::Status(Status::ALL.to_vec()),
    })
}
