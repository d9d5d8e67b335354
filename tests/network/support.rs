//! A receiver of its own for each test, and the peers that are installed.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

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
        let mut command = Command::new(env!("CARGO_BIN_EXE_cxr-triage"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("home/config"))
            .env("XDG_DATA_HOME", self.path("home/data"))
            .env_remove("CXR_TRIAGE_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// A program that prints events and listens on a free port.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "the program ended before it listened");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "listening" {
                let address = event["address"].as_str().unwrap();
                break address.rsplit_once(':').unwrap().1.parse().unwrap();
            }
        };
        Running { child, out, port }
    }

    /// The receiver alone.
    pub(crate) fn receive(&self) -> Running {
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

/// A running program; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Running {
    /// The next event that `is_it`.
    pub(crate) fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "the program ended before the event came");
            let event: Value = serde_json::from_str(&line).unwrap();
            if is_it(&event) {
                return event;
            }
        }
    }

    /// The next event of a kind.
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.until(|event| event["event"] == kind)
    }

    /// Ends the program at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The data set of a DICOM file, without what stands before it.
pub(crate) fn data_set(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[128..132], b"DICM", "{}", path.display());
    let length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    bytes[144 + length..].to_vec()
}

/// Whether a program of dcmtk is here; says so if not.
pub(crate) fn has_dcmtk() -> bool {
    let has = Command::new("storescu").arg("--version").output().is_ok();
    if !has {
        println!("skipped: dcmtk is not installed (storescu)");
    }
    has
}

/// Runs a program of a peer.
pub(crate) fn peer(program: &str, arguments: &[impl AsRef<OsStr>]) -> Output {
    // Names are not looked up, so that nothing leaves this machine.
    Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// A Python with pynetdicom: the one that the environment names, or the system's.
pub(crate) fn pynetdicom() -> Option<String> {
    let python = std::env::var("CXR_TRIAGE_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import pynetdicom"]).output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: {python} has no pynetdicom (CXR_TRIAGE_PEER_PYTHON names another Python)");
    None
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

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
