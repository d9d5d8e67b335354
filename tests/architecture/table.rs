//! The tables of modules in `docs/architecture.md`: which module may import which.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Edge;

/// The heading of a table of modules, and that of the small ones, which any module may import.
const MODULES: &str = "| module | holds | imports |";
const SMALL: &str = "| small module | holds | imports |";

/// What each module may import.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The paths that a module may import; none: all.
    rows: BTreeMap<String, Option<Vec<Vec<String>>>>,
    small: BTreeSet<String>,
}

impl Table {
    /// Reads the tables of a document.
    pub(crate) fn read(document: &str) -> Self {
        let (mut table, mut is_small) = (Self::default(), None);
        for line in document.lines().map(str::trim) {
            match line {
                MODULES => is_small = Some(false),
                SMALL => is_small = Some(true),
                _ if !line.starts_with('|') => is_small = None,
                _ => {}
            }
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let (Some(is_small), &[names, _, imports]) = (is_small, cells.as_slice()) else { continue };
            for name in quoted(names) {
                let name = name.trim_end_matches('/').trim_end_matches(".rs").to_owned();
                let allowed = (imports != "all").then(|| quoted(imports).map(path).collect());
                if is_small {
                    table.small.insert(name.clone());
                }
                table.rows.insert(name, allowed);
            }
        }
        table
    }

    /// The modules that have a row.
    pub(crate) fn modules(&self) -> BTreeSet<&str> {
        self.rows.keys().map(String::as_str).collect()
    }

    /// Whether the table has this import of one module by another.
    pub(crate) fn allows(&self, edge: &Edge) -> bool {
        let (Some(from), Some(to)) = (edge.from.first(), edge.to.first()) else { return true };
        let is_listed = || match self.rows.get(from) {
            Some(Some(allowed)) => allowed.iter().any(|path| edge.to.starts_with(path)),
            Some(None) => true,
            None => false,
        };
        from == to
            || self.small.contains(to) && self.rows.contains_key(from) && !self.small.contains(from)
            || is_listed()
    }
}

/// The words between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn path(name: &str) -> Vec<String> {
    name.split("::").map(str::to_owned).collect()
}
