//! The real program on a terminal of its own, watched from outside. Linux alone tells all of it.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Milliseconds of so many ticks of the kernel's accounts: 100 a second on every Linux that people run.
pub(crate) fn milliseconds_of(ticks: u64) -> f64 {
    ticks as f64 * 10.0
}

pub(crate) struct Running {
    pub(crate) child: Box<dyn Child + Send + Sync>,
    pub(crate) writer: Box<dyn Write + Send>,
    /// Its end is the terminal's.
    _master: Box<dyn MasterPty + Send>,
    process: u32,
    written: Arc<AtomicUsize>,
}

impl Running {
    /// Starts the program with `store.db` and `inbox` in a folder.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &["watch", "inbox", "--store", "store.db"])
    }

    /// Starts the program in a folder, with these words.
    pub(crate) fn start_with(folder: &Path, words: &[&str]) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cxr-triage"));
        command.args(words);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        for home in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env(home, folder);
        }
        command.env_remove("TMUX");
        command.env_remove("CXR_TRIAGE_CONFIG");
        let child = pair.slave.spawn_command(command).unwrap();
        let written = Arc::new(AtomicUsize::new(0));
        let (count, mut reader) = (Arc::clone(&written), pair.master.try_clone_reader().unwrap());
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                count.fetch_add(read, Ordering::Relaxed);
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let process = child.process_id().unwrap();
        Self { child, writer, _master: pair.master, process, written }
    }

    /// Bytes that it wrote so far.
    pub(crate) fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// Waits until the start is over: nothing but the clock was written, and nothing computed, for a while.
    pub(crate) fn wait_until_quiet(&self) {
        let started = Instant::now();
        let mut before = (0, 0);
        while started.elapsed() < Duration::from_secs(120) {
            thread::sleep(Duration::from_secs(5));
            let now = (self.written(), self.ticks().values().sum::<u64>());
            if now.0 > 0 && now.0.abs_diff(before.0) < 1_000 && now.1.abs_diff(before.1) < 5 {
                return;
            }
            before = now;
        }
    }

    /// Ticks in user and system mode, by thread.
    pub(crate) fn ticks(&self) -> BTreeMap<(u32, String), u64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process)).unwrap().flatten();
        let of = |thread: fs::DirEntry| {
            let id = thread.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(thread.path().join("stat")).ok()?;
            let (before, fields) = stat.rsplit_once(") ")?;
            let name = before.split_once('(')?.1.to_owned();
            let fields: Vec<&str> = fields.split(' ').collect();
            let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
            Some(((id, name), ticks))
        };
        threads.filter_map(of).collect()
    }

    /// Resident memory, now and at most, and the part of it that is no file.
    pub(crate) fn memory(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap();
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let kilobytes = line.trim().trim_end_matches(" kB").parse::<f64>();
            kilobytes.unwrap_or_else(|_| panic!("the program has ended: it says no {name}")) / 1024.0
        };
        let [now, own, most] = ["VmRSS:", "RssAnon:", "VmHWM:"].map(megabytes);
        format!("{now:.0} MB ({own:.0} MB without files), at most {most:.0} MB")
    }

    pub(crate) fn quit(mut self) {
        // Whatever is open: ctrl-c leaves.
        self.writer.write_all(b"\x03").unwrap();
        let _ = self.child.wait();
    }
}
