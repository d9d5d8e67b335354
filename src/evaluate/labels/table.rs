//! From the bytes of a file to a table of clean text: whatever program wrote it, in whatever encoding.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::LabelError;
use crate::text::clean;

/// A table of clean text.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    /// Each row with the line that it begins on.
    pub(super) lines: Vec<(u64, Vec<String>)>,
}

impl Table {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LabelError> {
        let text = decoded(bytes);
        let mut records = records(&text, false);
        let header = match records.next() {
            Some(record) => record?.1,
            None => return Err(LabelError::Empty),
        };
        if header.iter().all(String::is_empty) {
            return Err(LabelError::Empty);
        }
        Ok(Self { header, lines: records.collect::<Result<_, _>>()? })
    }
}

/// The text of a file: in the encoding that its byte order mark names, or without one UTF-16, which has zeros in
/// every other byte of Latin text, UTF-8, or what Windows wrote before that.
pub(in crate::evaluate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => match utf_16(bytes) {
            Some(encoding) => encoding,
            None if std::str::from_utf8(bytes).is_ok() => UTF_8,
            None => WINDOWS_1252,
        },
    };
    encoding.decode(bytes).0
}

fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    const LOOKED_AT: usize = 512;
    let pairs = bytes.as_chunks::<2>().0;
    let pairs = &pairs[..pairs.len().min(LOOKED_AT)];
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let many = pairs.len().div_ceil(2).max(1);
    match (first >= many, second >= many) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// The records of a text, each with the line that it begins on, from 1. Cells are separated as a first line `sep=;`
/// says, else by what stands most often in the first line. `ragged`: rows may have other numbers of cells.
pub(in crate::evaluate) fn records(
    text: &str,
    ragged: bool,
) -> impl Iterator<Item = Result<(u64, Vec<String>), LabelError>> {
    let (delimiter, text, mut line) = delimiter(text);
    let reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(ragged)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut at = 0;
    reader.into_byte_records().map(move |record| {
        let record = record.map_err(|error| LabelError::Table(plain_words(&error, text, line, at)))?;
        let start = record.position().map_or(at, |position| position.byte() as usize);
        line += line_ends(text, at, start);
        at = start.max(at);
        let begins = line + line_ends(text, at, text_start(text, at));
        Ok((begins, record.iter().map(|cell| clean(&String::from_utf8_lossy(cell))).collect()))
    })
}

/// Where the text goes on behind empty lines.
fn text_start(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
}

/// How many lines end between two places: `\n`, `\r\n`, and the `\r` of old Macs.
fn line_ends(text: &str, from: usize, to: usize) -> u64 {
    let bytes = text.as_bytes();
    let is_end = |&n: &usize| bytes[n] == b'\n' || (bytes[n] == b'\r' && bytes.get(n + 1) != Some(&b'\n'));
    (from..to.min(bytes.len())).filter(is_end).count() as u64
}

/// The byte between cells, the text from the header on, and the number of its first line.
fn delimiter(text: &str) -> (u8, &str, u64) {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    // A line of Excel's own, which some programs put in quotes.
    let said = first.trim_matches(['"', ' ']).to_ascii_lowercase();
    if let Some(separator) = said.strip_prefix("sep=").and_then(|separators| separators.bytes().next()) {
        let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        return (separator, rest, 2);
    }
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| !quoted && *delimiter == byte) {
            *count += 1;
        }
    }
    // Of equals the first: without any, the table has one column.
    let most = counts.iter().map(|(_, count)| *count).max();
    let delimiter = counts.iter().find(|(_, count)| Some(*count) == most).map_or(b',', |(byte, _)| *byte);
    (delimiter, text, 1)
}

fn plain_words(error: &csv::Error, text: &str, line: u64, at: usize) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let start = pos.as_ref().map_or(at, |position| position.byte() as usize);
            let line = line + line_ends(text, at, text_start(text, start));
            format!("line {line} has {len} cells, and the first line names {expected_len} columns")
        }
        _ => format!("it is no table of comma-separated values: {error}"),
    }
}
