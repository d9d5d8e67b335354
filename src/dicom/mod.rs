//! The DICOM network: films that come in by C-STORE, results (`results`) that go out by it.

pub mod receive;
pub mod results;
pub mod send;
pub mod tls;
mod wire;

/// Returns a text of a peer, of at most so many characters, in which nothing can drive a terminal.
fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}

/// An AE title as a sentence names it.
fn title_words(title: &str) -> String {
    if title.is_empty() { "A sender without an AE title".to_owned() } else { title.to_owned() }
}
