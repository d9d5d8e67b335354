//! The walls between the modules: the table in `docs/architecture.md`, no circles, no long files; and the habits of
//! CONTRIBUTING.md that can be read from the sources: no long functions, comments that stand by themselves, errors that are
//! types.
//!
//! The imports are read from the sources, those of tests too; of a name that is handed on by `pub use`, the module that
//! defines it counts.

mod graph;
mod source;
mod table;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use graph::{Edge, Tree};
use table::Table;

/// The library's own modules.
static LIBRARY: LazyLock<Tree> = LazyLock::new(|| Tree::of_folder(&root().join("src")));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> Table {
    Table::read(&fs::read_to_string(root().join("docs/architecture.md")).expect("the document"))
}

/// The sources of this package and of those below `crates/`.
fn packages() -> Vec<PathBuf> {
    let crates = fs::read_dir(root().join("crates")).into_iter().flatten();
    let below =
        crates.filter_map(Result::ok).map(|entry| entry.path().join("src")).filter(|src| src.is_dir());
    [root().join("src")].into_iter().chain(below).collect()
}

/// The imports that the table does not have.
fn forbidden(tree: &Tree, table: &Table) -> Vec<String> {
    let edges = tree.edges().into_iter().filter(|edge| !table.allows(edge));
    edges.map(|edge| format!("src/{edge}, which docs/architecture.md does not list")).collect()
}

/// The circles, in words.
fn circles(tree: &Tree) -> Vec<String> {
    let in_words = |circle: &Vec<Edge>| circle.iter().map(|edge| format!("\n  {edge}")).collect();
    tree.circles().iter().map(in_words).collect()
}

#[test]
fn a_module_imports_only_what_the_table_lists() {
    let (tree, table) = (&*LIBRARY, table());
    let found = forbidden(tree, &table);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_module_has_a_row_and_every_row_a_module() {
    let (tree, table) = (&*LIBRARY, table());
    let mut modules = tree.top();
    // A module that is a crate of its own is handed on under its old name.
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("the library");
    let handed_on = |name: &&str| lib.contains(&format!(" as {name};"));
    modules.extend(table.modules().into_iter().filter(handed_on));
    assert_eq!(modules, table.modules(), "the modules of src/, and the rows of docs/architecture.md");
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    for src in packages() {
        let found = circles(&Tree::of_folder(&src));
        assert!(found.is_empty(), "circles in {}:{}", src.display(), found.join("\n"));
    }
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    for src in packages() {
        let found = Tree::of_folder(&src).too_long();
        assert!(found.is_empty(), "in {}: {}", src.display(), found.join("\n"));
    }
}

/// Every source file of our packages, by its path, with its text.
fn sources() -> Vec<(String, String)> {
    packages().iter().flat_map(|src| sources_below(src)).collect()
}

fn sources_below(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    graph::collect(folder, root(), &mut files);
    files
}

/// Whether a file holds tests alone.
fn is_of_tests(file: &str) -> bool {
    file.split('/').any(|part| part == "tests" || part.trim_end_matches(".rs").ends_with("tests"))
}

#[test]
fn no_function_is_longer_than_a_reader_can_hold() {
    let mut found = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| !is_of_tests(file)) {
        let long = words::functions(text).into_iter().filter(|it| it.lines > words::MOST_LINES);
        found.extend(long.map(|it| {
            format!(
                "{file}:{}: `{}` has {} lines, more than {}",
                it.line,
                it.name,
                it.lines,
                words::MOST_LINES
            )
        }));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_function_that_others_call_answers_a_mistake_with_a_text() {
    let mut found = Vec::new();
    for (file, text) in sources_below(&root().join("src")).iter().filter(|(file, _)| !is_of_tests(file)) {
        let with_text = words::functions(text).into_iter().filter(words::Function::fails_with_text);
        found.extend(with_text.map(|it| format!("{file}:{}: `{}` fails with a String", it.line, it.name)));
    }
    assert!(found.is_empty(), "an error is a type of its own:\n{}", found.join("\n"));
}

#[test]
fn every_comment_on_an_item_stands_by_itself() {
    let mut found = Vec::new();
    for (file, text) in &sources() {
        let headless = words::headless(text).into_iter();
        found.extend(headless.map(|(line, comment)| format!("{file}:{line}: {comment}")));
    }
    assert!(found.is_empty(), "begin with a verb or a noun phrase:\n{}", found.join("\n"));
}

#[test]
fn long_functions_texts_as_errors_and_headless_comments_are_found() {
    let body = "    let _ = \"}\"; // }\n".repeat(words::MOST_LINES - 2);
    for (more, is_found) in [("", false), ("\n", true)] {
        let text =
            format!("impl A {{\nfn f(&self, x: [u8; 2]) -> B\nwhere C: D {{{more}{body}}}\n}}\nfn g();");
        let found = words::functions(&text);
        assert_eq!(found.iter().map(|it| it.name).collect::<Vec<_>>(), ["f", "g"]);
        assert_eq!(found[0].lines > words::MOST_LINES, is_found, "{found:?}");
    }
    for (signature, is_found) in [
        ("fn f() -> Result<A, String> {}", false),
        ("pub fn f() -> Result<A, String> {}", true),
        ("} #[must_use] pub(super) const fn f() -> Result<A, String> {}", true),
        ("pub fn f(a: impl Fn(u8) -> Result<Vec<(A, B)>, String>) {}", true),
        ("pub fn f<T>() -> std::result::Result<HashMap<A, String>, AError> {}", false),
        ("pub fn f() -> Result<String> {}", false),
        ("mod tests { pub fn f() -> Result<A, String> {} }", false),
    ] {
        let found = words::functions(signature);
        assert_eq!(found.iter().any(words::Function::fails_with_text), is_found, "{signature}");
    }
    for (comment, is_found) in [
        ("/// What it is.", true),
        ("//! Whose film it is.", true),
        ("    /// The same for a row.", true),
        ("/// A film and\n/// What it is.", false),
        ("/// Whoever can connect.", false),
        ("// What it is.", false),
    ] {
        assert_eq!(!words::headless(comment).is_empty(), is_found, "{comment}");
    }
}

/// A small crate that keeps to the table and has no circle.
const CLEAN: &[(&str, &str)] = &[
    ("lib.rs", "pub mod dashboard; pub mod pipeline; pub mod session; pub mod store; pub mod text;"),
    (
        "dashboard/mod.rs",
        "mod list; mod state;\npub use state::State;\npub use list::draw;\npub struct Options;",
    ),
    ("dashboard/state.rs", "use crate::session::protocol::Update;\npub struct State(Update);"),
    ("dashboard/list.rs", "use super::{Options, State};\npub fn draw(_: &State, _: Options) {}"),
    ("session/mod.rs", "pub mod protocol;\nmod follow;\nuse crate::store;"),
    ("session/follow.rs", "use super::protocol::Update;"),
    ("session/protocol.rs", "pub enum Update {}"),
    ("pipeline/mod.rs", "use crate::{store::Store, text::{clean, shown}};"),
    ("store.rs", "pub struct Store; /* use crate::dashboard::State; */"),
    (
        "text.rs",
        "pub fn clean() -> &'static str { \"use crate::dashboard::State;\" } pub fn shown(_: char) { shown('\\'') }",
    ),
];

/// The clean crate with a line more in one file.
fn planted(file: &str, line: &str) -> Tree {
    let more = |text: &str| format!("{text}\n{line}\n");
    let files: Vec<(&str, String)> = CLEAN
        .iter()
        .map(|&(name, text)| (name, if name == file { more(text) } else { text.to_owned() }))
        .collect();
    Tree::new(files.iter().map(|(name, text)| (*name, text.as_str())))
}

#[test]
fn a_planted_import_is_found_however_it_is_written() {
    let table = table();
    assert_eq!(forbidden(&planted("text.rs", ""), &table), [""; 0]);
    for (file, line, names) in [
        ("pipeline/mod.rs", "use crate::dashboard::State;", "dashboard::state"),
        ("pipeline/mod.rs", "use crate::{store::Store as S, dashboard::{self, Options}};", "dashboard"),
        ("pipeline/mod.rs", "fn f() { let _ = crate::dashboard::draw; }", "dashboard::list"),
        ("pipeline/mod.rs", "mod tests { use super::super::dashboard::*; }", "dashboard"),
        (
            "store.rs",
            "pub(in crate::store) fn f(_: &super::session::protocol::Update) {}",
            "session::protocol",
        ),
        ("dashboard/list.rs", "use crate::session;", "session"),
        ("dashboard/list.rs", "use crate::pipeline as line;", "pipeline"),
        ("text.rs", "use crate::store::{\n    Store,\n};", "store"),
    ] {
        let found = forbidden(&planted(file, line), &table);
        let expected = format!("imports {names}, which");
        assert!(found.iter().any(|it| it.contains(&expected)), "`{line}` in {file}: {found:?}");
    }
}

#[test]
fn a_planted_circle_is_found_between_files_and_between_folders() {
    assert_eq!(circles(&planted("text.rs", "")), [""; 0]);
    for (file, line) in [
        // `draw` is handed on by the parent: the child that defines it counts.
        ("dashboard/state.rs", "use super::draw;"),
        ("session/protocol.rs", "use super::follow;"),
        ("store.rs", "use crate::pipeline;"),
        ("text.rs", "fn f() { crate::pipeline::g() }"),
    ] {
        let found = circles(&planted(file, line));
        assert_eq!(found.len(), 1, "`{line}` in {file}: {found:?}");
    }
    // Parent and child may know each other.
    assert_eq!(circles(&planted("dashboard/state.rs", "use super::Options;")), [""; 0]);
}

#[test]
fn a_planted_long_file_is_found() {
    let (long, short) = ("\n".repeat(graph::MOST_LINES), "\n".repeat(graph::MOST_LINES - 4));
    assert_eq!(planted("store.rs", &long).too_long().len(), 1);
    assert_eq!(planted("store.rs", &short).too_long(), [""; 0]);
}
