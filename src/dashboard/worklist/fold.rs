//! Text folded for searching.

/// Text as it is compared: capitals, the underscore of label names and the separators in a name (`DOE^JANE`) do not
/// matter.
#[must_use]
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(folded).collect()
}

fn folded(character: char) -> impl Iterator<Item = char> {
    let plain = if matches!(character, '_' | '^') { ' ' } else { character };
    plain.to_lowercase()
}

/// Returns whether folded text stands in a text that is not folded yet; without making a copy of it.
pub(super) fn contains(text: &str, wanted: &str) -> bool {
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.into_iter().any(|at| begins(&text[at..], wanted).is_some())
}

/// Returns whether a text is the folded one.
pub(super) fn equals(text: &str, wanted: &str) -> bool {
    begins(text, wanted).is_some_and(|rest| rest.is_none())
}

/// `Some` if the text begins with `wanted`; within, what comes after it.
fn begins(text: &str, wanted: &str) -> Option<Option<char>> {
    let mut text = text.chars().flat_map(folded);
    for wanted in wanted.chars() {
        if text.next() != Some(wanted) {
            return None;
        }
    }
    Some(text.next())
}
