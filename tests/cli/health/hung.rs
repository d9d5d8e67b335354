//! A worker that hangs: a tracer holds its thread, while all others go on.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::net::UnixDatagram,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use image::{GrayImage, imageops::FilterType};

use super::{CONFIG, health, until};
use crate::cli::support::{Bench, drawn_film, is};

/// Holds the workers of a process once one of them is at work, until its standard input is closed.
const TRACER: &str = r#"
import ctypes, os, sys
SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
pid = int(sys.argv[1])
name = lambda thread: open(f"/proc/{pid}/task/{thread}/comm").read().strip()
workers = [int(thread) for thread in os.listdir(f"/proc/{pid}/task") if name(thread) == "worker"]
if not workers or any(libc.ptrace(SEIZE, worker, None, None) for worker in workers):
    print("no")
    sys.exit()
for worker in workers:
    libc.ptrace(INTERRUPT, worker, None, None)
    os.waitpid(worker, WALL)
print("held", flush=True)
sys.stdin.read()
for worker in workers:
    libc.ptrace(DETACH, worker, None, None)
"#;

/// The workers of a process, held until this is dropped.
struct Held(Child);

impl Held {
    /// None where no thread may be traced here.
    fn workers(process: u32) -> Option<Self> {
        let mut tracer = Command::new("python3");
        tracer.args(["-c", TRACER, &process.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = tracer.stderr(Stdio::null()).spawn().ok()?;
        let mut said = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut said).ok()?;
        let held = Self(child);
        (said == "held\n").then_some(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Films that a worker is at for a while.
fn put_large_films(bench: &Bench, round: u32) {
    let large =
        |seed| -> GrayImage { image::imageops::resize(&drawn_film(seed), 3_000, 2_800, FilterType::Nearest) };
    for seed in 0..4 {
        let name = format!("{round}-{seed}.png");
        large(10 * round + seed).save(bench.path(&name)).unwrap();
        fs::rename(bench.path(&name), bench.inbox().join(&name)).unwrap();
    }
}

/// Holds the workers while one of them is at a film.
fn hang(bench: &Bench, process: u32, arrived: &mut dyn FnMut()) -> Option<Held> {
    for round in 1..20 {
        put_large_films(bench, round);
        arrived();
        let held = Held::workers(process);
        if held.is_none() {
            println!("skipped: no thread can be traced here");
            return None;
        }
        let (said, _) = health(bench);
        let is_busy = said["owner"]["workers"].as_array().unwrap().iter().any(|it| it["busy_ms"].is_number());
        if is_busy {
            return held;
        }
    }
    panic!("no worker was ever caught at its work");
}

#[test]
fn a_worker_that_hangs_is_told_and_after_90_seconds_the_service_manager_hears_no_sign_of_life() {
    let bench = Bench::new();
    bench.config(CONFIG);
    let socket = bench.path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    let mut watch = bench.watch_in(&["--config", "config.toml"], &[("NOTIFY_SOCKET", socket.as_os_str())]);
    until(&bench, &[]);
    let process = watch.child.id();
    let Some(held) = hang(&bench, process, &mut || {
        watch.until(|event| is(event, "arrived"));
    }) else {
        return;
    };
    let begun = Instant::now();
    let said = until(&bench, &["workers"]);
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("has been at one film for"), "{said:#}");
    // Signs of life go on, and end.
    manager.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut last = None;
    let mut bytes = [0; 512];
    while begun.elapsed() < Duration::from_secs(150) {
        match manager.recv(&mut bytes) {
            Ok(length) if bytes[..length].starts_with(b"WATCHDOG=1") => last = Some(begun.elapsed()),
            Ok(_) => {}
            Err(_) if begun.elapsed() > Duration::from_secs(60) => break,
            Err(error) => panic!("no sign of life after {:?}: {error}", begun.elapsed()),
        }
        if last.is_some_and(|last| begun.elapsed() > last + Duration::from_secs(10)) {
            break;
        }
    }
    let last = last.unwrap();
    assert!((70..=100).contains(&last.as_secs()), "the last sign of life came after {last:?}");
    // A service manager kills it then, and starts it again: the film is tried alone, and all goes on.
    watch.child.kill().unwrap();
    drop(held);
    drop(watch);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "idle"));
    until(&bench, &[]);
}

#[test]
fn a_worker_that_goes_on_is_no_fault_any_more() {
    let bench = Bench::new();
    bench.config(CONFIG);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    until(&bench, &[]);
    let process = watch.child.id();
    let Some(held) = hang(&bench, process, &mut || {
        watch.until(|event| is(event, "arrived"));
    }) else {
        return;
    };
    until(&bench, &["workers"]);
    drop(held);
    watch.until(|event| is(event, "idle"));
    until(&bench, &[]);
}
