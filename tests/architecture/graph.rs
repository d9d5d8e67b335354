//! The modules of a crate, and which of them imports which: of a name that is handed on, the module that defines it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, path,
};

use super::source::{Path, Source};

/// A file of a module may have so many lines.
pub(crate) const MOST_LINES: usize = 450;

/// A use of another module's names.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) from: Path,
    pub(crate) to: Path,
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} imports {}", self.file, self.line, self.to.join("::"))
    }
}

struct Module {
    file: String,
    lines: usize,
    source: Source,
}

/// A crate's modules by their paths.
pub(crate) struct Tree(BTreeMap<Path, Module>);

impl Tree {
    /// Reads all files below a crate's `src`.
    pub(crate) fn of_folder(src: &path::Path) -> Self {
        let mut files = Vec::new();
        collect(src, src, &mut files);
        Self::new(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// Takes files by their names below `src`, with `/` between folders.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files: Vec<(&str, &str)> = files.into_iter().filter(|(name, _)| *name != "main.rs").collect();
        let names: BTreeSet<&str> = files.iter().map(|(name, _)| *name).collect();
        let modules = files.iter().map(|&(name, text)| {
            let path = module(name, &names);
            let source = Source::read(&path, text);
            (path, Module { file: name.to_owned(), lines: text.lines().count(), source })
        });
        Self(modules.collect())
    }

    /// The modules right under the root.
    pub(crate) fn top(&self) -> BTreeSet<&str> {
        self.0.keys().filter_map(|path| path.first()).map(String::as_str).collect()
    }

    /// Every import of one module by another.
    pub(crate) fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (from, module) in &self.0 {
            for import in &module.source.imports {
                let to = self.resolve(&import.path, 0);
                if to != *from && !to.is_empty() {
                    let (file, line) = (module.file.clone(), import.line);
                    edges.push(Edge { from: from.clone(), to, file, line });
                }
            }
        }
        edges
    }

    /// The module that defines what a path names.
    fn resolve(&self, path: &[String], depth: usize) -> Path {
        let mut at = Path::new();
        for (next, name) in path.iter().enumerate() {
            at.push(name.clone());
            if self.0.contains_key(&at) {
                continue;
            }
            at.pop();
            return self.behind(&at, name, &path[next + 1..], depth);
        }
        at
    }

    /// The module that defines a name which is seen in another one.
    fn behind(&self, module: &Path, name: &String, rest: &[String], depth: usize) -> Path {
        let Some(source) = self.0.get(module).map(|it| &it.source).filter(|_| depth < 16) else {
            return module.clone();
        };
        if let Some(target) = source.names.get(name) {
            let path: Path = target.iter().chain(rest).cloned().collect();
            let found = self.resolve(&path, depth + 1);
            // The root hands another crate on under a name of its own.
            return if found.is_empty() { vec![name.clone()] } else { found };
        }
        let by_glob = source.globs.iter().filter(|_| !source.defined.contains(name)).find_map(|glob| {
            let path: Path = glob.iter().chain([name]).cloned().collect();
            let found = self.resolve(&path, depth + 1);
            self.0.get(&found).is_some_and(|it| it.source.defined.contains(name)).then_some(found)
        });
        by_glob.unwrap_or_else(|| module.clone())
    }

    /// The circles between the modules and folders that lie in one folder, each as the imports that close it. A module
    /// and what lies below it may know each other.
    pub(crate) fn circles(&self) -> Vec<Vec<Edge>> {
        let mut folders: BTreeMap<Path, BTreeMap<(String, String), Edge>> = BTreeMap::new();
        for edge in self.edges() {
            let shared = edge.from.iter().zip(&edge.to).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (edge.from.get(shared), edge.to.get(shared)) {
                let folder = folders.entry(edge.from[..shared].to_vec()).or_default();
                folder.entry((from.clone(), to.clone())).or_insert(edge);
            }
        }
        folders.values().flat_map(circles_of).collect()
    }

    /// The files that are longer than a reader can hold.
    pub(crate) fn too_long(&self) -> Vec<String> {
        let long = self.0.values().filter(|module| module.lines > MOST_LINES);
        long.map(|module| format!("{} has {} lines, more than {MOST_LINES}", module.file, module.lines))
            .collect()
    }
}

/// The groups of siblings that reach each other, each as the imports within it.
fn circles_of(edges: &BTreeMap<(String, String), Edge>) -> Vec<Vec<Edge>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges.keys() {
        next.entry(from).or_default().push(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|node| (*node, reached_from(node, &next))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|it| it.contains(to));
    let groups: BTreeSet<BTreeSet<&str>> = reached
        .iter()
        .map(|(node, others)| others.iter().copied().filter(|other| reaches(other, node)).collect())
        .filter(|group: &BTreeSet<&str>| group.len() > 1)
        .collect();
    let within = |group: &BTreeSet<&str>| {
        let edges = edges.iter().filter(|((from, to), _)| group.contains(&**from) && group.contains(&**to));
        edges.map(|(_, edge)| edge.clone()).collect()
    };
    groups.iter().map(within).collect()
}

/// The nodes that a node reaches.
fn reached_from<'a>(start: &'a str, next: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let (mut seen, mut queue) = (BTreeSet::new(), vec![start]);
    while let Some(node) = queue.pop() {
        queue.extend(next.get(node).into_iter().flatten().copied().filter(|to| seen.insert(*to)));
    }
    seen
}

/// The path of the module in a file. A file `x_tests.rs` beside `x.rs` is a child of that.
fn module(name: &str, names: &BTreeSet<&str>) -> Path {
    let stem = name.trim_end_matches(".rs");
    let stem = match stem.strip_suffix("_tests") {
        Some(tested) if names.contains(format!("{tested}.rs").as_str()) => format!("{tested}/tests"),
        _ => stem.to_owned(),
    };
    let path: Path = stem.split('/').map(str::to_owned).collect();
    match path.last().map(String::as_str) {
        Some("mod" | "lib") => path[..path.len() - 1].to_vec(),
        _ => path,
    }
}

/// The Rust files below a folder: their names below `root`, and their texts.
pub(crate) fn collect(folder: &path::Path, root: &path::Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            collect(&entry, root, files);
        } else if entry.extension().is_some_and(|it| it == "rs") {
            let name = entry.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.push((name, fs::read_to_string(&entry).expect("a text")));
        }
    }
}
