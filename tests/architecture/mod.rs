//! The walls between the modules: the table in `docs/architecture.md`, no circles, no long files.
//!
//! The imports are read from the sources, those of tests too; of a name that is handed on by `pub use`, the module that
//! defines it counts.

mod graph;
mod source;
mod table;

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
