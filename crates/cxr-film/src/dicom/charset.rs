//! Text by Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1): single-byte sets, the multi-byte sets
//! that replace them, and ISO 2022, where escape sequences switch between sets within one value.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

/// One coded character set, as far as it is active in either half of the byte range.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    /// ISO 646, or nothing yet.
    Ascii,
    /// Decoded as it stands.
    Plain(&'static Encoding),
    /// Two bytes a character of seven bits each: read with the high bits set.
    Raised(&'static Encoding),
    /// JIS X 0212, which EUC-JP marks by a byte 8F before each character.
    Jis0212,
}

/// The character set that text starts in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CharacterSet {
    upper: Set,
    /// The bytes of a character may be anything, escapes have no meaning.
    whole: bool,
    /// The set that further terms announce, for writers that leave out its escape sequence.
    announced: Option<&'static Encoding>,
}

impl Default for CharacterSet {
    fn default() -> Self {
        Self { upper: Set::Ascii, whole: false, announced: None }
    }
}

/// Defined terms of Specific Character Set, without and with code extensions, by their number.
const NAMED: [(&str, &Encoding); 16] = [
    // ISO 8859-1 and -9 and TIS 620 differ from these in control characters only.
    ("100", WINDOWS_1252),
    ("101", ISO_8859_2),
    ("109", ISO_8859_3),
    ("110", ISO_8859_4),
    ("144", ISO_8859_5),
    ("127", ISO_8859_6),
    ("126", ISO_8859_7),
    ("138", ISO_8859_8),
    ("148", WINDOWS_1254),
    ("203", ISO_8859_15),
    ("166", WINDOWS_874),
    // JIS X 0201: Shift JIS without its double bytes
    ("13", SHIFT_JIS),
    ("87", SHIFT_JIS),
    ("159", SHIFT_JIS),
    ("149", EUC_KR),
    ("58", GBK),
];

/// Terms of encodings that take the place of all others, without what is neither letter nor digit.
const WHOLE: [(&str, &Encoding); 7] = [
    ("GB18030", GB18030),
    ("GBK", GBK),
    ("GB2312", GBK),
    ("BIG5", BIG5),
    ("UTF8", UTF_8),
    ("ISOIR192", UTF_8),
    ("ISO2022IR192", UTF_8),
];

/// Escape sequences (PS3.3 tables C.12-3 and C.12-4), what they select, and whether in the upper half.
const ESCAPES: [(&[u8], Set, bool); 21] = [
    (b"(B", Set::Ascii, false),
    (b"(J", Set::Ascii, false),
    (b")I", Set::Plain(SHIFT_JIS), true),
    (b"-A", Set::Plain(WINDOWS_1252), true),
    (b"-B", Set::Plain(ISO_8859_2), true),
    (b"-C", Set::Plain(ISO_8859_3), true),
    (b"-D", Set::Plain(ISO_8859_4), true),
    (b"-L", Set::Plain(ISO_8859_5), true),
    (b"-G", Set::Plain(ISO_8859_6), true),
    (b"-F", Set::Plain(ISO_8859_7), true),
    (b"-H", Set::Plain(ISO_8859_8), true),
    (b"-M", Set::Plain(WINDOWS_1254), true),
    (b"-b", Set::Plain(ISO_8859_15), true),
    (b"-T", Set::Plain(WINDOWS_874), true),
    (b"$B", Set::Raised(EUC_JP), false),
    (b"$@", Set::Raised(EUC_JP), false),
    (b"$(B", Set::Raised(EUC_JP), false),
    (b"$(D", Set::Jis0212, false),
    (b"$)C", Set::Plain(EUC_KR), true),
    (b"$)A", Set::Plain(GBK), true),
    (b"%G", Set::Plain(UTF_8), true),
];

impl CharacterSet {
    /// By the value of Specific Character Set: its first term counts, further ones announce what
    /// escape sequences will select. Unknown terms are as good as none.
    pub(super) fn named(value: &[u8]) -> Self {
        let mut terms = value.split(|&byte| byte == b'\\').map(term);
        let (upper, whole) = match terms.next().flatten() {
            Some((encoding, Use::Whole)) => (Set::Plain(encoding), true),
            Some((encoding, Use::High)) => (Set::Plain(encoding), false),
            Some((_, Use::Escaped)) | None => (Set::Ascii, false),
        };
        Self { upper, whole, announced: terms.find_map(|term| Some(term?.0)) }
    }

    /// Decodes a value; what has no meaning becomes U+FFFD, and escape sequences vanish.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        if self.whole
            && let Set::Plain(encoding) = self.upper
        {
            return encoding.decode_without_bom_handling(bytes).0.into_owned();
        }
        let mut text = String::with_capacity(bytes.len());
        let (mut lower, mut upper) = (Set::Ascii, self.upper);
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if first == 0x1b {
                let escape = ESCAPES.iter().find(|(sequence, ..)| rest[1..].starts_with(sequence));
                // An escape that is not known is cut off its ESC, so that it can drive nothing.
                let length = escape.map_or(0, |(sequence, ..)| sequence.len());
                match escape {
                    Some(&(_, set, true)) => upper = set,
                    Some(&(_, set, false)) => lower = set,
                    None => {}
                }
                rest = &rest[1 + length..];
                continue;
            }
            if is_delimiter(first) && !matches!(lower, Set::Raised(_) | Set::Jis0212) || first < 0x20 {
                // Delimiters and line ends take the sets back to the first ones (PS3.5 6.1.2.5.3).
                (lower, upper) = (Set::Ascii, self.upper);
                text.push(char::from(first));
                rest = &rest[1..];
                continue;
            }
            let high = first >= 0x80;
            let set = if high { upper } else { lower };
            let (run, after) = rest.split_at(run_length(rest, high, set));
            text.push_str(&set.decode(run, self.announced));
            rest = after;
        }
        text
    }
}

/// Value, component and group delimiters.
fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\\' | b'^' | b'=')
}

/// Returns how many bytes from here on, one at least, belong to one set.
fn run_length(bytes: &[u8], high: bool, set: Set) -> usize {
    let mut length = 0;
    while let Some(&byte) = bytes.get(length)
        && belongs(byte, high, set)
    {
        length += 1;
        // The second byte of a character of two may be any, a delimiter too.
        let is_lead = set == Set::Plain(SHIFT_JIS) && matches!(byte, 0x81..=0x9f | 0xe0..=0xfc);
        let is_trail = |byte: &u8| matches!(byte, 0x40..=0x7e | 0x80..=0xfc);
        if is_lead && bytes.get(length).is_some_and(is_trail) {
            length += 1;
        }
    }
    length.max(1)
}

/// Returns whether a byte goes on with a run of one set.
fn belongs(byte: u8, high: bool, set: Set) -> bool {
    let delimits = is_delimiter(byte) && !matches!(set, Set::Raised(_) | Set::Jis0212);
    byte >= 0x20 && (byte >= 0x80) == high && (high || !delimits)
}

/// How a term's encoding is used.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Use {
    /// For the whole value, escapes having no meaning.
    Whole,
    /// For bytes of the upper half, until an escape.
    High,
    /// Only behind an escape.
    Escaped,
}

/// The encoding of one term, however it is spelt: "ISO_IR 100", "ISO IR 100", "iso-ir-100", "ISO 2022 IR 100",
/// "ISO8859-1", "Latin1".
fn term(term: &[u8]) -> Option<(&'static Encoding, Use)> {
    let text = String::from_utf8_lossy(term);
    let name = text.replace(|c: char| !c.is_ascii_alphanumeric(), "").to_ascii_uppercase();
    if let Some(&(_, encoding)) = WHOLE.iter().find(|(known, _)| *known == name) {
        return Some((encoding, Use::Whole));
    }
    let number = name.trim_start_matches("ISO").trim_start_matches("2022").trim_start_matches("IR");
    if let Some(&(_, encoding)) = NAMED.iter().find(|(known, _)| *known == number) {
        // Characters of JIS X 0208 and 0212 are of seven bits, and always escaped to.
        return Some((encoding, if matches!(number, "87" | "159") { Use::Escaped } else { Use::High }));
    }
    // Names of the Internet's, which some writers use.
    let label = text.trim_matches([' ', '\0']).replace(' ', "-");
    let encoding = Encoding::for_label(label.as_bytes()).or_else(|| Encoding::for_label(name.as_bytes()))?;
    let kind = if encoding.is_single_byte() { Use::High } else { Use::Whole };
    encoding.is_ascii_compatible().then_some((encoding, kind))
}

impl Set {
    fn decode<'a>(self, run: &'a [u8], announced: Option<&'static Encoding>) -> Cow<'a, str> {
        let decode = |encoding: &'static Encoding, bytes: &[u8]| {
            Cow::Owned(encoding.decode_without_bom_handling(bytes).0.into_owned())
        };
        match self {
            // High bytes where no set was named: UTF-8 if that is what they are, else what was announced, else the
            // commonest.
            Self::Ascii => match std::str::from_utf8(run) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => {
                    let fits = |encoding: &&'static Encoding| !encoding.decode_without_bom_handling(run).1;
                    decode(announced.filter(fits).unwrap_or(WINDOWS_1252), run)
                }
            },
            Self::Plain(encoding) => decode(encoding, run),
            Self::Raised(encoding) => {
                decode(encoding, &run.iter().map(|byte| byte | 0x80).collect::<Vec<_>>())
            }
            Self::Jis0212 => {
                let marked =
                    run.chunks(2).flat_map(|pair| [0x8f].into_iter().chain(pair.iter().map(|b| b | 0x80)));
                decode(EUC_JP, &marked.collect::<Vec<_>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CharacterSet;

    #[test]
    fn the_examples_of_the_standard_and_more() {
        // PS3.5 annexes H to J, and names as single-byte sets write them.
        let cases: [(&str, &[u8], &str); 15] = [
            ("", b"Doe^Jane", "Doe^Jane"),
            ("", b"M\xc3\xbcller", "Müller"),
            ("", b"M\xfcller", "Müller"),
            ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
            ("ISO_IR 144", b"\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3", "Люксембург"),
            ("ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
            (
                "\\ISO 2022 IR 87",
                b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
                "Yamada^Tarou=山田^太郎=やまだ^たろう",
            ),
            (
                "ISO 2022 IR 13\\ISO 2022 IR 87",
                b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
                "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            ),
            (
                "\\ISO 2022 IR 149",
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
                "Hong^Gildong=洪^吉洞=홍^길동",
            ),
            (
                "ISO_IR 192",
                b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
                "Wang^XiaoDong=王^小東=",
            ),
            ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
            ("\\ISO 2022 IR 58", b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=", "Zhang^XiaoDong=张^小东="),
            ("ISO 2022 IR 6\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B", "丂"),
            ("ISO 2022 IR 100\\ISO 2022 IR 144", b"\xe9 \x1b-L\xbb\xee^\xe9", "é Лю^é"),
            ("ISO_IR 6", b"DOE^J\x1b[2J", "DOE^J[2J"),
        ];
        for (set, bytes, text) in cases {
            assert_eq!(CharacterSet::named(set.as_bytes()).decode(bytes), text, "{set}");
        }
    }

    #[test]
    fn an_escape_that_was_left_out_is_made_good_by_the_term_that_announces_its_set() {
        for (set, bytes, text) in [
            ("\\ISO 2022 IR 149", &b"\xb1\xe8^\xc8\xf1"[..], "김^희"),
            ("\\ISO 2022 IR 58", b"\xd5\xc5^\xd0\xa1\xb6\xab", "张^小东"),
            ("ISO 2022 IR 6\\ISO 2022 IR 144", b"\xbb\xee\xda", "Люк"),
            ("\\ISO 2022 IR 149", "김^희".as_bytes(), "김^희"),
            ("\\ISO 2022 IR 87", b"M\xfcller", "Müller"),
        ] {
            assert_eq!(CharacterSet::named(set.as_bytes()).decode(bytes), text, "{set}");
        }
    }

    #[derive(serde::Deserialize)]
    struct Case {
        set: String,
        bytes: String,
        name: String,
    }

    #[test]
    fn names_are_shown_as_pydicom_shows_them() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/golden/charset_peer.json")).unwrap();
        for Case { set, bytes, name } in cases {
            let digit = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).unwrap();
            let bytes: Vec<u8> = (0..bytes.len()).step_by(2).map(digit).collect();
            assert_eq!(CharacterSet::named(set.as_bytes()).decode(&bytes), name, "{set}");
        }
        let utf8 = "山田^太郎=やまだ";
        for set in ["ISO_IR_192", "utf-8", "utf8", "iso_ir 192", "ISO 2022 IR 192"] {
            assert_eq!(CharacterSet::named(set.as_bytes()).decode(utf8.as_bytes()), utf8, "{set}");
        }
        for set in [
            "iso_ir 100",
            "ISO_IR100",
            "Latin1",
            "latin-1",
            "ISO8859-1",
            "ISO-8859-1",
            "ISO 8859-1",
            "windows-1252",
        ] {
            assert_eq!(CharacterSet::named(set.as_bytes()).decode(b"M\xfcller"), "Müller", "{set}");
        }
    }
}
