//! Results that go to Orthanc as the PACS.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::network::{
    send::{WATCH, config, films},
    support::{Site, free_port},
};

/// Orthanc as sites have it; killed when dropped.
struct Orthanc {
    child: Child,
    http: u16,
}

impl Orthanc {
    fn start(site: &Site, port: u16) -> Option<Self> {
        let (http, files) = (free_port(), site.path("orthanc"));
        let config = json!({
            "Name": "PACS", "DicomAet": "PACS", "DicomPort": port, "HttpPort": http, "DicomCheckCalledAet": true,
            "StorageDirectory": files, "IndexDirectory": files, "Plugins": [], "AuthenticationEnabled": false,
            "RemoteAccessAllowed": false,
        });
        fs::write(site.path("orthanc.json"), config.to_string()).unwrap();
        let mut command = Command::new("Orthanc");
        command.arg(site.path("orthanc.json")).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            println!("skipped: Orthanc is not installed");
            return None;
        };
        let orthanc = Self { child, http };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", http)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "Orthanc does not start");
            thread::sleep(Duration::from_millis(50));
        }
        Some(orthanc)
    }

    fn get(&self, path: &str) -> Value {
        let mut socket = TcpStream::connect(("127.0.0.1", self.http)).unwrap();
        write!(socket, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// What it has: for each object modality, description of its series, and accession number.
    fn objects(&self) -> Vec<(String, String, String)> {
        let ids = self.get("/instances");
        let ids = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap());
        let mut objects: Vec<_> = ids
            .map(|id| self.get(&format!("/instances/{id}/simplified-tags")))
            .map(|tags| {
                let tag = |name: &str| tags[name].as_str().unwrap_or_default().to_owned();
                (tag("Modality"), tag("SeriesDescription"), tag("AccessionNumber"))
            })
            .collect();
        objects.sort();
        objects
    }
}

impl Drop for Orthanc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn orthanc_has_report_and_picture_of_a_study_once_in_the_films_own_study() {
    let port = free_port();
    let all = "[thresholds.starter.Cardiomegaly]\nalert = 0.0001\ncritical = 0.0002";
    let site = Site::new(&config(port, &format!("what = [\"sr\", \"sc\"]\nwhen = \"urgent\"\n{all}")));
    let Some(orthanc) = Orthanc::start(&site, port) else { return };
    films(&site, 1);
    let mut program = site.start(&WATCH);
    assert_eq!(program.event("sent")["version"], 1);
    let objects = orthanc.objects();
    let kinds: Vec<&str> = objects.iter().map(|(modality, ..)| modality.as_str()).collect();
    assert_eq!(kinds, ["OT", "SR"], "{objects:?}");
    assert!(objects.iter().all(|(_, series, _)| series.contains("not for diagnosis")), "{objects:?}");
    assert_eq!(objects[0].2, objects[1].2, "one order");
    drop(program);
    let output = site.command(&["send", "1", "--to", "pacs"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(orthanc.objects().len(), 2, "sent again, it is what it has");
    assert_eq!(orthanc.get("/studies").as_array().unwrap().len(), 1);
}
