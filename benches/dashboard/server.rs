//! The same studies on a PostgreSQL server, and the way to it, on which bytes are counted.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// The variable that names an empty database of a server, as `postgres://USER@HOST:PORT/NAME`.
pub(crate) const VARIABLE: &str = "CXR_TRIAGE_BENCH_SERVER";

/// Copies a store in a file to a server.
pub(crate) fn copy(path: &Path, url: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxr-triage"));
    let status = command.args(["store", "copy", "--to", url, "--from"]).arg(path).status().unwrap();
    assert!(status.success(), "the store was not copied to {url}");
}

/// A port of this machine that leads to a server.
pub(crate) struct Wire {
    /// The URL by way of it.
    pub(crate) url: String,
    bytes: Arc<AtomicU64>,
}

impl Wire {
    pub(crate) fn to(url: &str) -> Self {
        let (user, rest) = url.split_once('@').expect("a URL with a user");
        let (server, database) = rest.split_once('/').expect("a URL with a database");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{user}@{}/{database}", listener.local_addr().unwrap());
        let bytes = Arc::new(AtomicU64::new(0));
        let (count, server) = (Arc::clone(&bytes), server.to_owned());
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(&server).unwrap();
                pass(near.try_clone().unwrap(), far.try_clone().unwrap(), Arc::clone(&count));
                pass(far, near, Arc::clone(&count));
            }
        });
        Self { url, bytes }
    }

    /// Bytes that went over it so far, both ways.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, count: Arc<AtomicU64>) {
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            count.fetch_add(read as u64, Ordering::Relaxed);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
