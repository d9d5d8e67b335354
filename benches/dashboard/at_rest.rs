//! The real program on a terminal that nobody touches: what it writes, what it computes, what memory it
//! takes. Linux alone tells.

use std::{
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

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Prints the figures of the program with the store in `folder`, after so many seconds at rest.
pub(crate) fn measure(folder: &Path, name: &str, seconds: u64) {
    let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cxr-triage"));
    command.args(["--store", "store.db", "watch", "inbox"]);
    command.cwd(folder);
    command.env("TERM", "xterm-256color");
    command.env("HOME", folder);
    command.env("XDG_CONFIG_HOME", folder);
    command.env("XDG_DATA_HOME", folder);
    command.env_remove("TMUX");
    command.env_remove("CXR_TRIAGE_CONFIG");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let process = child.process_id().unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let (count, mut reader) = (Arc::clone(&written), pair.master.try_clone_reader().unwrap());
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            count.fetch_add(read, Ordering::Relaxed);
        }
    });

    // Its start is over once it has written and computed nothing for some seconds; the clock apart.
    let started = Instant::now();
    let mut before = (0, 0);
    while started.elapsed() < Duration::from_secs(120) {
        thread::sleep(Duration::from_secs(5));
        let now = (written.load(Ordering::Relaxed), ticks(process).values().sum::<u64>());
        if now.0 > 0 && now.0.abs_diff(before.0) < 1_000 && now.1.abs_diff(before.1) < 5 {
            break;
        }
        before = now;
    }
    let (bytes, computed) = (written.load(Ordering::Relaxed), ticks(process));
    thread::sleep(Duration::from_secs(seconds));
    let bytes = written.load(Ordering::Relaxed) - bytes;
    let after = ticks(process);
    let spent: u64 = after.values().sum::<u64>() - computed.values().sum::<u64>();
    println!("at rest, {name}, {seconds} s:");
    println!("  bytes to the terminal            {bytes:>12}");
    println!(
        "  processor time                   {:>12} ms, {:.3} % of a core",
        spent * TICK,
        (spent * TICK) as f64 / (seconds as f64 * 10.0)
    );
    for (thread, ticks) in after {
        let spent = ticks - computed.get(&thread).copied().unwrap_or(0);
        if spent > 0 {
            println!("    {:<30} {:>12} ms", thread.1, spent * TICK);
        }
    }
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    for line in status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM") || line.starts_with("RssAnon"))
    {
        println!("  {line}");
    }
    pair.master.take_writer().unwrap().write_all(b"q").unwrap();
    let _ = child.wait();
}

/// Milliseconds of a tick of the kernel's accounts: 100 a second on every Linux that people run.
const TICK: u64 = 10;

/// Ticks in user and system mode, by thread.
fn ticks(process: u32) -> std::collections::BTreeMap<(u32, String), u64> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
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
