//! Orthanc with a configuration as sites have it, and its REST interface.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use serde_json::{Value, json};

use super::peers::{Peer, free_port, has};

/// A running Orthanc; gone when dropped, with all that it has.
pub(crate) struct Orthanc {
    _process: Peer,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Orthanc {
    /// Starts it with some settings of its own; none, and a word why, where it is not installed.
    pub(crate) fn start(settings: &Value) -> Option<Self> {
        if !has("Orthanc", "orthanc") {
            return None;
        }
        // A port that was free may be another's by the time that Orthanc wants it.
        (0..10).find_map(|_| Self::try_to_start(settings)).or_else(|| panic!("Orthanc ends at once"))
    }

    fn try_to_start(settings: &Value) -> Option<Self> {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let files = folder.path().join("db");
        let mut config = json!({
            "DicomPort": free_port(), "HttpPort": port, "StorageDirectory": files, "IndexDirectory": files,
            "Plugins": [], "AuthenticationEnabled": false, "RemoteAccessAllowed": false,
        });
        let own = settings.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(own);
        let file = folder.path().join("orthanc.json");
        fs::write(&file, config.to_string()).unwrap();
        let mut process = Peer::start(Command::new("Orthanc").arg(&file));
        process.listens(port).then_some(Self { _process: process, port, _folder: folder })
    }

    /// Asks its REST interface; the answer where it is one of success.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Option<Value> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(socket, "{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        socket.write_all(body).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]);
        let is_success = head.split(' ').nth(1) == Some("200");
        is_success.then(|| serde_json::from_slice(&answer[end + 4..]).unwrap_or_default())
    }

    /// Something that it has.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, b"").unwrap_or_else(|| panic!("Orthanc has no {path}"))
    }
}
