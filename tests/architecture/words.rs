//! The text of sources: how long a function is, whether a comment stands by itself, and that a text is no error.

use super::source::{Token, tokens};

/// A function may have so many lines, so that a reader holds it in mind.
pub(crate) const MOST_LINES: usize = 100;
/// The words by which a comment leans on the name below it instead of standing by itself.
const HEADLESS: [&str; 4] = ["What", "Who", "Whose", "The same"];

/// A function that is not one of the tests' own.
#[derive(Debug)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// Its first line.
    pub(crate) line: usize,
    pub(crate) lines: usize,
    /// Whether another file may call it.
    is_visible: bool,
    /// The tokens between its name and its body.
    signature: Vec<&'a str>,
}

impl Function<'_> {
    /// Whether it answers a mistake with a text in place of an error, though others may call it.
    pub(crate) fn fails_with_text(&self) -> bool {
        self.is_visible
            && self.signature.iter().enumerate().any(|(at, token)| {
                *token == "Result" && last_argument(&self.signature[at + 1..]) == Some(&["String"][..])
            })
    }
}

/// The functions of a file, up to its module of tests.
pub(crate) fn functions(text: &str) -> Vec<Function<'_>> {
    let all = tokens(text);
    let tests = all.windows(3).position(|it| it[0].1 == "mod" && it[1].1 == "tests" && it[2].1 == "{");
    let tokens = &all[..tests.unwrap_or(all.len())];
    let is_visible = |at: usize| {
        let before = tokens[..at].iter().rev().map(|it| it.1);
        before.take_while(|token| !["{", "}", ";", "]"].contains(token)).any(|token| token == "pub")
    };
    let mut found = Vec::new();
    for (at, it) in tokens.windows(2).enumerate() {
        if it[0].1 == "fn" && it[1].1.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let read = function(&tokens[at + 2..], it[0].0, it[1].1);
            found.push(Function { is_visible: is_visible(at), ..read });
        }
    }
    found
}

/// Reads a function whose name has been read.
fn function<'a>(rest: &[Token<'a>], line: usize, name: &'a str) -> Function<'a> {
    let mut open = 0_usize;
    let mut signature = Vec::new();
    let mut body = None;
    for (at, (_, token)) in rest.iter().enumerate() {
        match *token {
            "(" | "[" => open += 1,
            ")" | "]" => open = open.saturating_sub(1),
            ";" if open == 0 => break,
            "{" if open == 0 => {
                body = Some(at);
                break;
            }
            _ => {}
        }
        signature.push(*token);
    }
    let mut depth = 0_usize;
    let end = body.and_then(|body| {
        rest[body..].iter().find(|(_, token)| {
            match *token {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    });
    let lines = end.map_or(1, |end| end.0 - line + 1);
    Function { name, line, lines, is_visible: false, signature }
}

/// The tokens of the last argument between the angle brackets that begin here, if there are two arguments.
fn last_argument<'a, 'b>(tokens: &'b [&'a str]) -> Option<&'b [&'a str]> {
    let (mut depth, mut comma) = (0_usize, None);
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "<" | "(" | "[" => depth += 1,
            // The arrow of a closure's type.
            ">" if at > 0 && tokens[at - 1] == "-" => {}
            ">" | ")" | "]" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return comma.map(|comma: usize| &tokens[comma + 1..at]);
                }
            }
            "," if depth == 1 => comma = Some(at),
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The lines of comments on items and modules that begin with a word which leans on the name below.
pub(crate) fn headless(text: &str) -> Vec<(usize, &str)> {
    let mut before = "";
    let mut found = Vec::new();
    for (number, line) in text.lines().map(str::trim).enumerate() {
        let mark = ["///", "//!"].into_iter().find(|mark| line.starts_with(mark)).unwrap_or("");
        let says = line[mark.len()..].trim_start();
        let leans = |word: &&str| {
            says.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
        };
        if !mark.is_empty() && mark != before && HEADLESS.iter().any(leans) {
            found.push((number + 1, line));
        }
        before = mark;
    }
    found
}
