//! The meaning of a header's words and codes for view and body part. The tables are in [`words`] and [`codes`].

mod codes;
mod words;

use std::sync::LazyLock;

/// A view, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Frontal,
    Lateral,
    Oblique,
    Decubitus,
    /// The patient lies, and the view is frontal all the same.
    Lying,
    /// Frontal with a slanting beam, as for the apices.
    Axial,
    /// Another that no frontal film has.
    Special,
}

/// A body part, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Chest,
    Other,
}

/// Views that a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Views {
    pub(super) frontal: bool,
    /// Of those that are not frontal the one that says most.
    pub(super) other: Option<View>,
}

impl Views {
    fn of(found: &[View]) -> Self {
        let has = |view: View| found.contains(&view);
        let told = |view: &View| has(*view) && !(*view == View::Decubitus && has(View::Lying));
        let by_weight = [View::Decubitus, View::Oblique, View::Special, View::Lateral, View::Axial];
        Self { frontal: has(View::Frontal) || has(View::Lying), other: by_weight.into_iter().find(told) }
    }

    pub(super) fn is_told(self) -> bool {
        self.frontal || self.other.is_some()
    }
}

/// The views that View Position names.
pub(super) fn views(text: &str) -> Views {
    let text = Text::of(text);
    let mut found = VIEWS.found(&text);
    found.extend(VIEW_CODES.found(&text));
    Views::of(&found)
}

/// The views that a description of a film or a study names, and whether it is one of several films.
pub(super) fn described(text: &str) -> (Views, bool) {
    let several = text.contains(['&', '+']) || !SEVERAL.found(&Text::of(text)).is_empty();
    (Views::of(&VIEWS.found(&Text::of(text))), several)
}

/// The view that a code of CID 4010 or 4011 means.
pub(super) fn view_of_code(code: &str) -> Views {
    let found = codes::VIEWS.iter().find(|(_, sct, srt)| !code.is_empty() && [*sct, *srt].contains(&code));
    Views::of(found.map(|(view, ..)| *view).as_slice())
}

/// The body part that a text names; one of several counts that is the chest.
pub(super) fn part(text: &str) -> Option<Part> {
    let found = PARTS.found(&Text::of(text));
    if found.contains(&Part::Chest) { Some(Part::Chest) } else { found.first().copied() }
}

/// The body part that a code of CID 4009 means.
pub(super) fn part_of_code(code: &str) -> Option<Part> {
    let found = codes::PARTS.iter().find(|(_, sct, srt)| !code.is_empty() && [*sct, *srt].contains(&code))?;
    Some(found.0)
}

static VIEWS: LazyLock<Table<View>> = LazyLock::new(|| Table::of(words::VIEWS));
static VIEW_CODES: LazyLock<Table<View>> = LazyLock::new(|| Table::of(words::VIEW_CODES));
static SEVERAL: LazyLock<Table<()>> = LazyLock::new(|| Table::of(words::SEVERAL));
static PARTS: LazyLock<Table<Part>> = LazyLock::new(|| Table::of(words::PARTS));

/// A text as words: in capitals, without accents; letters that stand alone in a row are one word ("P.A.").
struct Text {
    words: Vec<String>,
}

impl Text {
    fn of(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut joins = false;
        for word in split(&fold(text)) {
            let is_letter = word.chars().count() == 1 && word.chars().all(|c| c.is_ascii_alphabetic());
            match words.last_mut() {
                Some(last) if joins && is_letter => last.push_str(&word),
                _ => words.push(word),
            }
            joins = is_letter;
        }
        Self { words }
    }
}

/// Runs of letters and runs of digits.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        if c.is_alphabetic() != before.is_alphabetic() || c.is_numeric() != before.is_numeric() {
            words.push(String::new());
        }
        before = c;
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Capitals without accents.
fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_uppercase)
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(base)
        .collect()
}

/// Letters with accents, behind the letter that they are.
const ACCENTS: [&str; 27] = [
    "AÀÁÂÃÄÅĀĂĄẢẠẤẦẨẪẬẮẰẲẴẶ",
    "CÇĆĈĊČ",
    "DĎĐ",
    "EÈÉÊËĒĔĖĘĚẺẸẾỀỂỄỆ",
    "GĜĞĠĢ",
    "HĤĦ",
    "IÌÍÎÏĨĪĬĮİỈỊ",
    "JĴ",
    "KĶ",
    "LĹĻĽŁ",
    "NÑŃŅŇ",
    "OÒÓÔÕÖØŌŎŐƠỎỌỐỒỔỖỘỚỜỞỠỢ",
    "RŔŖŘ",
    "SŚŜŞŠȘ",
    "TŢŤŦȚ",
    "UÙÚÛÜŨŪŬŮŰŲƯỦỤỨỪỬỮỰ",
    "WŴ",
    "YÝŶŸ",
    "ZŹŻŽ",
    "ΑΆ",
    "ΕΈ",
    "ΗΉ",
    "ΙΊΪ",
    "ΟΌ",
    "ΥΎΫ",
    "ΩΏ",
    "ЕЁ",
];

fn base(letter: char) -> char {
    let accents = ACCENTS.iter().find(|accents| !letter.is_ascii() && accents.contains(letter));
    accents.and_then(|accents| accents.chars().next()).unwrap_or(letter)
}

/// Words with what they mean.
struct Table<T> {
    /// Words of scripts with spaces.
    spaced: Vec<(T, Vec<Pattern>)>,
    /// Words of scripts without, the longest first.
    unspaced: Vec<(T, String)>,
}

/// A word, or a part of one.
struct Pattern {
    word: String,
    any_before: bool,
    any_after: bool,
}

impl Pattern {
    fn of(text: &str) -> Self {
        Self {
            word: fold(text.trim_matches('*')),
            any_before: text.starts_with('*'),
            any_after: text.ends_with('*'),
        }
    }

    fn fits(&self, word: &str) -> bool {
        match (self.any_before, self.any_after) {
            (false, false) => word == self.word,
            (false, true) => word.starts_with(&self.word),
            (true, false) => word.ends_with(&self.word),
            (true, true) => word.contains(&self.word),
        }
    }
}

impl<T: Copy> Table<T> {
    fn of(rows: &[(T, &str)]) -> Self {
        let words =
            rows.iter().flat_map(|&(kind, words)| words.split_whitespace().map(move |word| (kind, word)));
        let (unspaced, spaced): (Vec<_>, Vec<_>) = words.partition(|(_, word)| word.chars().any(is_unspaced));
        let patterns = |word: &str| word.split(['_', '-']).map(Pattern::of).collect();
        let mut unspaced: Vec<(T, String)> =
            unspaced.into_iter().map(|(kind, word)| (kind, fold(&word.replace('_', "")))).collect();
        unspaced.sort_by_key(|(_, word)| std::cmp::Reverse(word.chars().count()));
        Self { spaced: spaced.into_iter().map(|(kind, word)| (kind, patterns(word))).collect(), unspaced }
    }

    /// Meanings of the words that a text has.
    fn found(&self, text: &Text) -> Vec<T> {
        let stands = |patterns: &[Pattern]| {
            let fits =
                |words: &[String]| patterns.iter().zip(words).all(|(pattern, word)| pattern.fits(word));
            text.words.windows(patterns.len()).any(fits)
        };
        let spaced = self.spaced.iter().filter(|(_, patterns)| stands(patterns)).map(|(kind, _)| *kind);
        let mut found: Vec<T> = spaced.collect();
        let mut rest: String = text.words.concat();
        if rest.chars().any(is_unspaced) {
            for (kind, word) in &self.unspaced {
                // A word within a longer one that was found is none of its own.
                if rest.contains(word) {
                    rest = rest.replace(word, " ");
                    found.push(*kind);
                }
            }
        }
        found
    }
}

/// Scripts whose words are not, or not always, set apart: Hebrew to Devanagari, Thai, and those of East Asia.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{e7f}' | '\u{1100}'..='\u{11ff}' | '\u{3040}'..)
}

#[cfg(test)]
mod tests;
