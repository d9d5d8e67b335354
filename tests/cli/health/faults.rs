//! Faults of what surrounds the program: its disk, its port, its clock, the receiver of its effects, its plugins.

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

use super::{CONFIG, health, until, within};
use crate::{
    cli::support::{Bench, is},
    support::peers::libfaketime,
};

/// A small file system of its own, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None, and a word why, where this user may not mount one.
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(&at).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: this user may not mount a small disk");
        }
        mounted.then_some(Self(at))
    }

    /// Writes until nothing more fits; the file that takes the room.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
        for piece in [1 << 20, 512] {
            let mut file = OpenOptions::new().create(true).append(true).open(&ballast).unwrap();
            while file.write_all(&vec![0; piece]).is_ok() {}
        }
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_is_told_before_and_while_it_is_full_and_costs_no_result() {
    let bench = Bench::new();
    let Some(disk) = Disk::mount(bench.path("data")) else { return };
    bench.config("[health]\nmin_free = \"8 MiB\"\n");
    bench.film("a.png", 1);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "idle"));
    // The inbox lies on a disk with more room.
    until(&bench, &[]);
    let early = bench.path("data/early");
    fs::write(&early, vec![0; 25 << 20]).unwrap();
    until(&bench, &["disk"]);
    let ballast = disk.fill();
    bench.film("b.png", 2);
    until(&bench, &["store", "disk"]);
    fs::remove_file(ballast).unwrap();
    fs::remove_file(early).unwrap();
    let events = watch.until(|event| is(event, "scored"));
    assert!(events.last().unwrap()["path"].as_str().unwrap().ends_with("b.png"), "{events:#?}");
    until(&bench, &[]);
}

#[test]
fn a_port_that_is_taken_is_told_and_had_once_it_is_free() {
    let bench = Bench::new();
    bench.config(CONFIG);
    let other = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let mut watch = bench.watch(&["--config", "config.toml", "--receive", &port.to_string()]);
    let told = watch.until(|event| is(event, "error"));
    let message = told.last().unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("no film can be received") && message.contains(&port.to_string()), "{message}");
    let said = until(&bench, &["receiver"]);
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("another program"), "{said:#}");
    // Films that come by the folder are scored meanwhile.
    bench.film("a.png", 1);
    watch.until(|event| is(event, "scored"));
    drop(other);
    watch.until(|event| is(event, "listening"));
    until(&bench, &[]);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
}

#[test]
fn a_receiver_of_its_own_that_died_or_has_no_port_is_told_until_one_receives_again() {
    let bench = Bench::new();
    bench.config(CONFIG);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "idle"));
    let receive = |port: &str| bench.command(&["receive", "inbox", "--port", port]).spawn().unwrap();
    let stop = |mut receiver: Child, signal: &str| {
        Command::new("kill").args([signal, &receiver.id().to_string()]).status().unwrap();
        receiver.wait().unwrap();
    };
    let other = TcpListener::bind("0.0.0.0:0").unwrap();
    let taken = receive(&other.local_addr().unwrap().port().to_string());
    let said = until(&bench, &["receiver"]);
    assert!(said["receiver_fault"].as_str().unwrap().contains("another program"), "{said:#}");
    drop(other);
    until(&bench, &[]);
    stop(taken, "-KILL");
    let said = until(&bench, &["receiver"]);
    assert!(said["receiver_fault"].as_str().unwrap().contains("start it again"), "{said:#}");
    let again = receive("0");
    until(&bench, &[]);
    // One that is told to end is not missed.
    stop(again, "-TERM");
    until(&bench, &[]);
}

/// Answers one request after the other with success.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let _ = reader.read_exact(&mut vec![0; length]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

#[test]
fn an_outbox_that_is_stuck_is_told_until_its_receiver_answers() {
    let bench = Bench::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let url = format!("http://{address}/");
    bench.config(&format!(
        "{CONFIG}[plugins]\nenabled = [\"hook\"]\nwebhooks = [\"{url}\"]\n[plugins.hook]\nallow = [\"webhook\"]\n"
    ));
    fs::create_dir(bench.path("plugins")).unwrap();
    let plugin = format!(
        "return {{ api = 1, name = \"hook\", version = \"1\", permissions = {{ \"webhook\" }},
           on_film = function(film) return {{ webhook = \"{url}\", body = {{ film = 1 }} }} end }}"
    );
    fs::write(bench.path("plugins/hook.luau"), plugin).unwrap();
    bench.film("a.png", 1);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "scored"));
    let stuck = until(&bench, &["outbox"]);
    assert!(stuck["reasons"][0]["text"].as_str().unwrap().contains("1 of 1"), "{stuck:#}");
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || serve(&listener));
    // It is tried again by itself, ever more seldom.
    within(Duration::from_secs(90), &bench, &[]);
}

#[test]
fn a_plugin_that_is_switched_off_is_told_until_its_file_is_mended() {
    let bench = Bench::new();
    bench.config(&format!("{CONFIG}[plugins]\nenabled = [\"fails\"]\n"));
    fs::create_dir(bench.path("plugins")).unwrap();
    let plugin = |body: &str| {
        let text = format!(
            "return {{ api = 1, name = \"fails\", version = \"1\", on_film = function(film) {body} end }}"
        );
        fs::write(bench.path("plugins/fails.luau"), text).unwrap();
    };
    plugin("error(\"no\")");
    let mut watch = bench.watch(&["--config", "config.toml"]);
    // It is switched off after a few failures.
    for seed in 0..8 {
        bench.film(&format!("{seed}.png"), seed);
        watch.until(|event| is(event, "scored"));
    }
    let said = until(&bench, &["plugins"]);
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("fails does not run"), "{said:#}");
    plugin("return nil");
    until(&bench, &[]);
}

#[test]
fn a_clock_that_is_set_back_is_told_for_a_minute_and_films_go_on() {
    let Some(library) = libfaketime() else { return };
    let bench = Bench::new();
    bench.config(CONFIG);
    let clock = bench.path("clock");
    let set = |offset: &str| {
        fs::write(bench.path("clock.new"), offset).unwrap();
        fs::rename(bench.path("clock.new"), &clock).unwrap();
    };
    set("+7200");
    let variables: [(&str, &OsStr); 5] = [
        ("LD_PRELOAD", library.as_os_str()),
        ("FAKETIME_TIMESTAMP_FILE", clock.as_os_str()),
        ("FAKETIME_NO_CACHE", "1".as_ref()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".as_ref()),
        ("NO_FAKE_STAT", "1".as_ref()),
    ];
    bench.film("a.png", 1);
    let mut watch = bench.watch_in(&["--config", "config.toml"], &variables);
    watch.until(|event| is(event, "idle"));
    until(&bench, &[]);
    set("+0");
    let said = until(&bench, &["clock"]);
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("the clock was set back by"), "{said:#}");
    bench.film("b.png", 2);
    watch.until(|event| is(event, "scored"));
    within(Duration::from_secs(90), &bench, &[]);
    // What came in the future counts as coming now.
    let (said, _) = health(&bench);
    assert!(said["store"]["last_arrival_seconds"].as_i64().is_some_and(|ago| ago < 120), "{said:#}");
}
