//! The imports of a Rust file, read from its tokens: `use` trees, and paths from `crate`, `super` or `self`.

use std::collections::{HashMap, HashSet};

/// A path of a module or of a name in it, from the root of its crate.
pub(crate) type Path = Vec<String>;

/// A path that stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: Path,
}

/// A file's part in the graph of imports.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) imports: Vec<Import>,
    /// The path behind each name that a `use` brings into the module.
    pub(crate) names: HashMap<String, Path>,
    /// The modules of which the module takes every name.
    pub(crate) globs: Vec<Path>,
    /// The names that the file defines.
    pub(crate) defined: HashSet<String>,
}

/// A token with its line.
pub(crate) type Token<'a> = (usize, &'a str);

impl Source {
    /// Reads the file of a module.
    pub(crate) fn read(module: &[String], text: &str) -> Self {
        let mut source = Self::default();
        let tokens = tokens(text);
        // The inline modules around a token, with the depth of braces inside each.
        let (mut inline, mut depth): (Vec<(String, usize)>, usize) = (Vec::new(), 0);
        let mut at = 0;
        while at < tokens.len() {
            let word = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.1);
            let here =
                || -> Path { module.iter().cloned().chain(inline.iter().map(|it| it.0.clone())).collect() };
            match word(0) {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    inline.retain(|(_, inside)| *inside <= depth);
                }
                "mod" if word(2) == "{" => inline.push((word(1).to_owned(), depth + 1)),
                "use" if word(1) != "<" => {
                    let mut reader = UseTree { tokens: &tokens, at: at + 1, leaves: Vec::new() };
                    reader.read(&[]);
                    at = reader.at;
                    let is_top = inline.is_empty();
                    for (line, path, name) in reader.leaves {
                        source.take(&here(), is_top, line, &path, name);
                    }
                    continue;
                }
                "in" if word(1) == "crate" && tokens[at.saturating_sub(2)].1 == "pub" => at += 1,
                first @ ("crate" | "super" | "self") if word(1) == "::" => {
                    let (line, mut path) = (tokens[at].0, vec![first.to_owned()]);
                    while tokens.get(at + 1).is_some_and(|it| it.1 == "::") {
                        let Some((_, next)) = tokens.get(at + 2).filter(|it| is_word(it.1)) else { break };
                        path.push((*next).to_owned());
                        at += 2;
                    }
                    if let Some(path) = absolute(&here(), &path) {
                        source.imports.push(Import { line, path });
                    }
                }
                "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" | "union"
                    if is_word(word(1)) =>
                {
                    source.defined.insert(word(1).to_owned());
                }
                _ => {}
            }
            at += 1;
        }
        source
    }

    fn take(&mut self, here: &[String], is_top: bool, line: usize, path: &[String], name: Option<String>) {
        let from_root = absolute(here, path);
        // A path that begins with another word is that of a child, or of another crate.
        let target = from_root.unwrap_or_else(|| here.iter().chain(path).cloned().collect());
        self.imports.push(Import { line, path: target.clone() });
        match name {
            _ if !is_top => {}
            Some(name) => drop(self.names.insert(name, target)),
            None => self.globs.push(target),
        }
    }
}

/// The path from the root of the crate, of one that begins with `crate`, `super` or `self`.
fn absolute(here: &[String], path: &[String]) -> Option<Path> {
    let (mut base, mut rest) = (here.to_vec(), path);
    match path.first().map(String::as_str) {
        Some("crate") => (base, rest) = (Vec::new(), &path[1..]),
        Some("self") => rest = &path[1..],
        Some("super") => {}
        _ => return None,
    }
    while rest.first().is_some_and(|word| word == "super") {
        base.pop();
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    Some(base)
}

/// Reads the tree behind a `use`, to its semicolon.
struct UseTree<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// Line, path and the name that it gets; no name for a glob.
    leaves: Vec<(usize, Path, Option<String>)>,
}

impl UseTree<'_> {
    fn word(&self) -> &str {
        self.tokens.get(self.at).map_or("", |token| token.1)
    }

    fn read(&mut self, prefix: &[String]) {
        let (line, mut path) = (self.tokens.get(self.at).map_or(0, |token| token.0), prefix.to_vec());
        loop {
            match self.word() {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.word(), "}" | "") {
                        self.read(&path);
                        if self.word() == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    self.leaves.push((line, path, None));
                    return;
                }
                "self" if !path.is_empty() => self.at += 1,
                "as" => {
                    self.at += 1;
                    let name = self.word().to_owned();
                    self.at += 1;
                    self.leaves.push((line, path, Some(name)));
                    return;
                }
                word if is_word(word) => {
                    path.push(word.to_owned());
                    self.at += 1;
                }
                _ => {
                    let name = path.last().cloned();
                    self.leaves.push((line, path, name));
                    return;
                }
            }
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The tokens of a file with their lines: words, `::` and other characters one by one; no comments, texts or numbers.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' | 'b' | 'c' if raw(rest).is_some() => raw(rest).unwrap_or(1),
            '\'' => character(rest),
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                tokens.push((line, &rest[..end]));
                end
            }
            c if c.is_numeric() => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            ':' if rest.starts_with("::") => {
                tokens.push((line, &rest[..2]));
                2
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push((line, &rest[..c.len_utf8()]));
                }
                c.len_utf8()
            }
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of a text in quotes.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a raw or byte text, if one begins here.
fn raw(rest: &str) -> Option<usize> {
    let letters = rest.find(|c: char| !matches!(c, 'r' | 'b' | 'c'))?;
    let hashes = rest[letters..].find(|c| c != '#')?;
    let body = rest[letters + hashes..].strip_prefix('"')?;
    if !rest[..letters].contains('r') {
        return (hashes == 0 && letters == 1).then(|| 1 + quoted(&rest[1..]));
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(letters + hashes + 1 + body.find(&end)? + end.len())
}

/// The length of a character in quotes, or of a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest.char_indices().skip(1);
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some((at, _))) => {
            rest[at + 1..].find('\'').map_or(rest.len(), |end| at + 1 + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}
