//! A receiver of its own for each test, and the peers that are installed.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    peers::{Peer, has},
    program::{Running, program},
};

/// A folder with an inbox, and away from the developer's own configuration.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
}

impl Site {
    pub(crate) fn new(config: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(site.path("inbox")).unwrap();
        fs::write(site.path("cxr-triage.toml"), config).unwrap();
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        program(self.folder.path(), arguments)
    }

    /// A program that prints events and listens on a free port.
    pub(crate) fn start(&self, arguments: &[&str]) -> Listening {
        let mut program = Running::start(&mut self.command(arguments));
        let event = program.event("listening");
        let port = event["address"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        Listening { program, port }
    }

    /// The receiver alone.
    pub(crate) fn receive(&self) -> Listening {
        self.start(&["receive", "inbox", "--port", "0"])
    }

    /// The data sets of the films in the inbox, by their files.
    pub(crate) fn received(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(self.path("inbox")).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.is_file()).map(|path| (path.clone(), data_set(&path))).collect()
    }

    pub(crate) fn unfinished(&self) -> usize {
        let files = fs::read_dir(self.path("inbox/.cxr-receiving")).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().is_some()).count()
    }
}

/// A program that listens; killed when dropped.
pub(crate) struct Listening {
    pub(crate) program: Running,
    pub(crate) port: u16,
}

impl Listening {
    /// The next event that `is_it`.
    pub(crate) fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        self.program.until(is_it).pop().unwrap()
    }

    /// The next event of a kind.
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.program.event(kind)
    }
}

/// The data set of a DICOM file, without what stands before it.
pub(crate) fn data_set(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[128..132], b"DICM", "{}", path.display());
    let length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    bytes[144 + length..].to_vec()
}

/// Whether dcmtk is here; says so if not.
pub(crate) fn has_dcmtk() -> bool {
    has("storescu", "dcmtk")
}

/// dcmtk's receiver, which keeps what it gets in a folder.
pub(crate) fn storescp(folder: &Path, port: u16, options: &[&str]) -> Peer {
    let mut command = Command::new("storescp");
    let mut process = Peer::start(command.args(options).arg("-od").arg(folder).arg(port.to_string()));
    assert!(process.listens(port), "storescp has ended: was its port taken?");
    process
}

/// Runs a program of a peer.
pub(crate) fn peer(program: &str, arguments: &[impl AsRef<OsStr>]) -> Output {
    // Names are not looked up, so that nothing leaves this machine.
    Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Starts the sender in `peer.py`.
pub(crate) fn sender(python: &str, port: u16, files: &[PathBuf]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/network/peer.py");
    let mut command = Command::new(python);
    command.arg(script).arg(port.to_string()).args(files).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// How the files were answered: each with its status; none: no answer came.
pub(crate) fn answers(output: &[u8]) -> BTreeMap<PathBuf, Option<u64>> {
    let lines = String::from_utf8_lossy(output).into_owned();
    let answer = |line: &str| {
        let answer: Value = serde_json::from_str(line).unwrap();
        (PathBuf::from(answer["file"].as_str().unwrap()), answer["status"].as_u64())
    };
    lines.lines().map(answer).collect()
}

/// One synthetic picture in every syntax and depth.
pub(crate) fn variants() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/cxr-film/tests/golden/film_variants");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut films: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "dcm")).collect();
    films.sort();
    films
}
