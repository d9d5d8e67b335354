//! Letters and digits without what spellings differ in: case, accents, width, the digits of other scripts.

/// One letter or digit of a text, folded, with the bytes that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) letter: char,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether another word begins here: after something that is neither letter nor digit.
    pub(super) after_gap: bool,
    /// Whether a part of a word begins here: also between letters and digits, between scripts, and in camelCase.
    pub(super) begins_part: bool,
    /// Whether its script is written without spaces between words.
    pub(super) is_dense: bool,
}

impl Glyph {
    /// Returns whether both are digits, or letters of scripts with spaces, or of scripts without.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        self.letter.is_ascii_digit() == other.letter.is_ascii_digit() && self.is_dense == other.is_dense
    }
}

/// The letters and digits of a text; all else is a gap between them.
pub(super) fn glyphs(text: &str) -> Vec<Glyph> {
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut after_gap = true;
    let mut was_lower = false;
    for (start, written) in text.char_indices() {
        let end = start + written.len_utf8();
        if is_mark(written) {
            // An accent of its own belongs to the letter before it.
            if let Some(last) = glyphs.last_mut().filter(|_| !after_gap) {
                last.end = end;
            }
            continue;
        }
        if !written.is_alphanumeric() {
            after_gap = true;
            continue;
        }
        let is_dense = is_dense(written);
        for letter in fold(written) {
            let is_upper = was_lower && written.is_uppercase();
            let mut glyph =
                Glyph { letter, start, end, after_gap, begins_part: after_gap || is_upper, is_dense };
            glyph.begins_part |= glyphs.last().is_some_and(|last| !last.is_of_kind(&glyph));
            glyphs.push(glyph);
            (after_gap, was_lower) = (false, false);
        }
        was_lower = written.is_lowercase();
    }
    glyphs
}

/// The letters that a character is compared by.
fn fold(written: char) -> impl Iterator<Item = char> {
    let wide = u32::from(written);
    let narrow = match wide {
        0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(written),
        _ => written,
    };
    let digit = ZEROS.iter().find_map(|zero| wide.checked_sub(*zero).filter(|digit| *digit < 10));
    let narrow = digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(narrow);
    narrow.to_lowercase().filter(|c| !is_mark(*c)).flat_map(|lower| {
        let (first, second) = match lower {
            'ß' => ('s', Some('s')),
            'æ' => ('a', Some('e')),
            'œ' => ('o', Some('e')),
            'þ' => ('t', Some('h')),
            lower if lower.is_ascii() => (lower, None),
            lower => {
                (BASES.iter().find(|(_, all)| all.contains(lower)).map_or(lower, |(base, _)| *base), None)
            }
        };
        std::iter::once(first).chain(second)
    })
}

/// Accents, vowel points and the like that are characters of their own.
fn is_mark(c: char) -> bool {
    let is_of_letters = matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}'
            | '\u{6d6}'..='\u{6ed}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
    );
    let is_indic = matches!(c, '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{17ff}');
    is_of_letters || is_indic && !c.is_alphanumeric()
}

/// The text without each `e` that may be an umlaut's: MUELLER as MULLER.
pub(super) fn without_umlaut_e(glyphs: &[Glyph]) -> Vec<Glyph> {
    let mut merged: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    for glyph in glyphs {
        match merged.last_mut() {
            Some(last)
                if glyph.letter == 'e' && !glyph.after_gap && matches!(last.letter, 'a' | 'o' | 'u') =>
            {
                last.end = glyph.end;
            }
            _ => merged.push(*glyph),
        }
    }
    merged
}

/// Scripts without spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, Hangul, kana, Han.
fn is_dense(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{f00}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..='\u{3ffff}'
    )
}

/// The zeros of scripts that have digits of their own.
const ZEROS: [u32; 12] =
    [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xbe6, 0xc66, 0xe50, 0xed0, 0x17e0, 0x1040];

/// Letters with accents, Latin, Greek and Cyrillic, by the letter that they are written as where accents are missing.
#[rustfmt::skip]
const BASES: [(char, &str); 35] = [
    ('a', "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ"),
    ('b', "ḃḅḇɓ"),
    ('c', "çćĉċčḉ"),
    ('d', "ðďđḋḍḏḑḓɗ"),
    ('e', "èéêëēĕėęěǝȅȇȩḕḗḙḛḝẹẻẽếềểễệəɛ"),
    ('f', "ƒḟ"),
    ('g', "ĝğġģǧǵḡ"),
    ('h', "ĥħȟḣḥḧḩḫẖ"),
    ('i', "ìíîïĩīĭįıǐȉȋḭḯỉị"),
    ('j', "ĵǰȷ"),
    ('k', "ķĸƙǩḱḳḵ"),
    ('l', "ĺļľŀłḷḹḻḽ"),
    ('m', "ḿṁṃ"),
    ('n', "ñńņňŋǹṅṇṉṋɲ"),
    ('o', "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợɔ"),
    ('p', "ṕṗ"),
    ('r', "ŕŗřȑȓṙṛṝṟ"),
    ('s', "śŝşšſșṡṣṥṧṩẛ"),
    ('t', "ţťŧțṫṭṯṱẗ"),
    ('u', "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
    ('v', "ṽṿ"),
    ('w', "ŵẁẃẅẇẉẘ"),
    ('x', "ẋẍ"),
    ('y', "ýÿŷƴȳẏẙỳỵỷỹ"),
    ('z', "źżžẑẓẕ"),
    ('α', "ά"), ('ε', "έ"), ('η', "ή"), ('ι', "ίϊΐ"), ('ο', "ό"), ('υ', "ύϋΰ"), ('ω', "ώ"), ('σ', "ς"),
    ('е', "ё"), ('и', "й"),
];
