//! JSON in which every character that could drive a terminal, or deceive its reader, is an escape: the value is
//! whole for a program that parses it and harmless for a person who looks at it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};

use super::harmless;

/// Writes a value in one line, without ending it.
///
/// # Errors
/// Those of the writer, and of a value that is no JSON.
pub fn write<T: Serialize + ?Sized>(to: impl Write, value: &T) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(to, Escaped(CompactFormatter))).map_err(io::Error::from)
}

/// A value as text of one line.
#[must_use]
pub fn line<T: Serialize + ?Sized>(value: &T) -> String {
    let mut bytes = Vec::new();
    // Memory takes everything, and a value that is no JSON has no text.
    match write(&mut bytes, value) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// A value in indented lines.
///
/// # Errors
/// Those of a value that is no JSON.
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let formatter = Escaped(PrettyFormatter::new());
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter)).map_err(io::Error::from)?;
    Ok(bytes)
}

/// Another formatter, with more escapes.
struct Escaped<F>(F);

impl<F: Formatter> Formatter for Escaped<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain_from = 0;
        for (at, character) in fragment.char_indices() {
            if harmless(character) == Some(character) {
                continue;
            }
            to.write_all(&fragment.as_bytes()[plain_from..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                to.write_all(format!("\\u{unit:04x}").as_bytes())?;
            }
            plain_from = at + character.len_utf8();
        }
        to.write_all(&fragment.as_bytes()[plain_from..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_key(to)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn keys_and_values_are_escaped_and_the_layout_stays() {
        let value = json!({ "a\u{9b}": ["\u{2066}", 1] });
        assert_eq!(line(&value), "{\"a\\u009b\":[\"\\u2066\",1]}");
        let pretty = String::from_utf8(pretty(&value).unwrap()).unwrap();
        assert_eq!(pretty, "{\n  \"a\\u009b\": [\n    \"\\u2066\",\n    1\n  ]\n}");
    }

    proptest! {
        #[test]
        fn whatever_a_text_holds_comes_back_and_is_harmless_on_the_way(text in "(?s)[\u{0}-\u{ff}\u{2000}-\u{2070}\u{feff}\u{e0041}a-z]{0,30}") {
            let line = line(&json!({ text.as_str(): text.as_str() }));
            prop_assert!(line.chars().all(|c| harmless(c) == Some(c)), "{line:?}");
            let back: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&back[text.as_str()], &Value::String(text.clone()));
        }
    }
}
