//! What connects and misbehaves costs little, and keeps no modality out.

use std::{fs, io::Write, net::TcpStream, path::PathBuf};

use crate::network::support::{Site, answers, pynetdicom, sender, variants};

/// A number from a process's status, such as `VmRSS` (kB) or `Threads`.
fn status_of(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn claims_of_gigabytes_silence_and_http_cost_little_and_a_modality_is_served() {
    let Some(python) = pynetdicom() else { return };
    if !PathBuf::from("/proc/self/status").exists() {
        println!("skipped: this system has no /proc");
        return;
    }
    let site = Site::new("");
    let mut receiver = site.receive();
    let process = receiver.child.id();
    let before = status_of(process, "VmRSS");
    let openings: [&[u8]; 5] = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\xff\xff\xff\xff\x00\x01",
        b"\x01\x00\x00\x0f\xff\xff\x00\x01\x00\x00",
        b"\x04\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00",
    ];
    let mut strays = Vec::new();
    for opening in openings.iter().cycle().take(400) {
        let mut socket = TcpStream::connect(("127.0.0.1", receiver.port)).unwrap();
        let _ = socket.write_all(opening);
        strays.push(socket);
    }
    let film: Vec<PathBuf> = variants().into_iter().take(1).collect();
    let output = sender(&python, receiver.port, &film).output().unwrap();
    assert!(answers(&output.stdout).values().all(|status| *status == Some(0)));
    assert_eq!(receiver.until(|event| event["event"] == "association")["films"], 1);
    let handles = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let (threads, after) = (status_of(process, "Threads"), status_of(process, "VmRSS"));
    println!("{threads} threads, {handles} handles, {} kB more than before", after.saturating_sub(before));
    assert!(threads < 330 && handles < 800, "{threads} threads, {handles} handles");
    assert!(after < before + 64 * 1024, "{before} kB became {after} kB");
}
