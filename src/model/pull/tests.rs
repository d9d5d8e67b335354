//! Against a server of our own on 127.0.0.1 that behaves as told.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use super::*;
use crate::hash::sha256;

/// The server's answer to one request.
#[derive(Debug, Clone)]
enum Answer {
    /// The file, or the rest of it that was asked for.
    Whole,
    /// The file, but the connection ends after so many bytes.
    Cut(usize),
    /// The whole file, whatever was asked for.
    NoRanges,
    /// Another place on the same server.
    Redirect,
    /// A status and nothing else.
    Status(u16),
    /// A range that nobody asked for.
    OtherRange,
    /// No length is told.
    NoLength,
}

struct Server {
    url: String,
    /// The `Range` of each request, empty for none.
    asked: Arc<Mutex<Vec<String>>>,
}

fn content() -> Vec<u8> {
    (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn serve(answers: &[Answer]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/weights.pt", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (noted, mut answers) = (Arc::clone(&asked), VecDeque::from(answers.to_vec()));
    thread::spawn(move || {
        while let Some(answer) = answers.pop_front() {
            let (stream, _) = listener.accept().unwrap();
            let range = request(&stream);
            noted.lock().unwrap().push(range.clone());
            // The client may hang up in the middle: that is its right.
            let _ = reply(stream, &answer, &range);
        }
    });
    Server { url, asked }
}

/// Reads a request's head, and gives its `Range`.
fn request(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let mut range = String::new();
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            range = value.trim().to_owned();
        }
    }
    range
}

fn reply(mut stream: TcpStream, answer: &Answer, range: &str) -> io::Result<()> {
    let content = content();
    let asked = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')?.parse().ok());
    let start: usize = match answer {
        Answer::NoRanges | Answer::NoLength => 0,
        Answer::OtherRange => asked.unwrap_or(0) + 7,
        _ => asked.unwrap_or(0),
    };
    let (rest, end) = (&content[start..], content.len());
    let head = match (answer, asked) {
        (Answer::Redirect, _) => {
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: /there.pt\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        (Answer::Status(code), _) => {
            return write!(stream, "HTTP/1.1 {code} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        (Answer::NoLength, _) => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(),
        (Answer::NoRanges, _) | (_, None) => {
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", rest.len())
        }
        (_, Some(_)) => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{end}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            end - 1,
            rest.len()
        ),
    };
    stream.write_all(head.as_bytes())?;
    let sent = if let Answer::Cut(count) = answer { rest.len().min(*count) } else { rest.len() };
    stream.write_all(&rest[..sent])
}

struct Scene {
    _folder: tempfile::TempDir,
    path: PathBuf,
    sha256: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("within/weights.pt.part");
        Self { path, _folder: folder, sha256: sha256(content()) }
    }

    fn pull(&self, url: &str) -> Result<(), PullError> {
        let pull = Pull { url, bytes: Some(300_000), sha256: Some(&self.sha256), preset: "xrv-all" };
        pull.run(&mut PartFile::at(self.path.clone()), &mut |_| true)
    }

    fn is_whole(&self) -> bool {
        std::fs::read(&self.path).unwrap() == content()
    }
}

fn asked(server: &Server) -> Vec<String> {
    server.asked.lock().unwrap().clone()
}

#[test]
fn a_file_comes_whole_and_is_not_fetched_twice() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Whole]));
    let mut seen = Vec::new();
    let pull = Pull { url: &server.url, bytes: None, sha256: Some(&scene.sha256), preset: "xrv-all" };
    pull.run(&mut PartFile::at(scene.path.clone()), &mut |progress| {
        seen.push(progress);
        true
    })
    .unwrap();
    assert!(scene.is_whole());
    assert_eq!(seen.last(), Some(&Progress { have: 300_000, total: Some(300_000) }));
    assert!(seen.is_sorted_by_key(|progress| progress.have));
    // The server answers no more: what is there is enough.
    scene.pull(&server.url).unwrap();
    assert_eq!(asked(&server), [""]);
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Cut(100_000), Answer::Cut(50_000), Answer::Whole]));
    scene.pull(&server.url).unwrap();
    assert!(scene.is_whole());
    assert_eq!(asked(&server), ["", "bytes=100000-", "bytes=150000-"]);
}

#[test]
fn a_later_run_goes_on_where_an_earlier_one_stopped() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Whole, Answer::Whole]));
    let pull =
        Pull { url: &server.url, bytes: Some(300_000), sha256: Some(&scene.sha256), preset: "xrv-all" };
    let mut part = PartFile::at(scene.path.clone());
    let stopped = pull.run(&mut part, &mut |progress| progress.have < 100_000).unwrap_err();
    assert!(matches!(stopped.kind, PullErrorKind::Stopped));
    let have = part.have().unwrap();
    assert!((100_000..300_000).contains(&have), "{have}");
    scene.pull(&server.url).unwrap();
    assert!(scene.is_whole());
    assert_eq!(asked(&server), [String::new(), format!("bytes={have}-")]);
}

#[test]
fn a_connection_that_brings_nothing_is_an_error_with_a_way_out() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Cut(1000), Answer::Cut(0)]));
    let message = scene.pull(&server.url).unwrap_err().to_string();
    assert!(message.contains("broke after 1000 of 300000 bytes"), "{message}");
    assert!(
        message.contains("weights pull xrv-all") && message.contains("goes on where it stopped"),
        "{message}"
    );
}

#[test]
fn a_server_without_ranges_sends_the_file_anew() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Cut(100_000), Answer::NoRanges]));
    scene.pull(&server.url).unwrap();
    assert!(scene.is_whole());
}

#[test]
fn an_answer_to_another_range_is_not_believed() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Cut(100_000), Answer::OtherRange, Answer::Whole]));
    scene.pull(&server.url).unwrap();
    assert!(scene.is_whole());
    assert_eq!(asked(&server), ["", "bytes=100000-", ""]);
}

#[test]
fn redirects_are_followed() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Redirect, Answer::Whole]));
    scene.pull(&server.url).unwrap();
    assert!(scene.is_whole());
}

#[test]
fn a_length_that_nobody_tells_is_no_hindrance() {
    let (scene, server) = (Scene::new(), serve(&[Answer::NoLength]));
    scene.pull(&server.url).unwrap();
    assert!(scene.is_whole());
}

#[test]
fn another_file_is_thrown_away() {
    let (scene, server) = (Scene::new(), serve(&[Answer::Whole, Answer::Whole]));
    let wanted = "0".repeat(64);
    let pull = Pull { url: &server.url, bytes: Some(300_000), sha256: Some(&wanted), preset: "xrv-all" };
    let mut part = PartFile::at(scene.path.clone());
    let error = pull.run(&mut part, &mut |_| true).unwrap_err();
    assert!(matches!(&error.kind, PullErrorKind::Hash { found, .. } if *found == scene.sha256));
    assert!(error.to_string().contains("is not the published file"), "{error}");
    assert_eq!(part.have().unwrap(), 0);

    let pull = Pull { bytes: Some(1000), ..pull };
    let message = pull.run(&mut part, &mut |_| true).unwrap_err().to_string();
    assert!(message.contains("more than the 1000 bytes"), "{message}");
}

#[test]
fn what_is_not_to_be_had_says_how_to_bring_it_by_hand() {
    for (code, said) in [(404, "not there (404)"), (403, "a proxy or a firewall"), (503, "try again later")] {
        let (scene, server) = (Scene::new(), serve(&[Answer::Status(code)]));
        let message = scene.pull(&server.url).unwrap_err().to_string();
        assert!(message.contains(said), "{code}: {message}");
        assert!(message.contains("weights import FILE --preset xrv-all") && message.contains(&server.url));
        assert!(!scene.path.exists(), "nothing is left of a refusal");
    }
    // A port that nobody listens at.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = Scene::new().pull(&format!("http://{port}/weights.pt")).unwrap_err().to_string();
    assert!(message.contains("cannot be reached") && message.contains("weights import FILE"), "{message}");
}

/// A disk with room for so many bytes.
struct SmallDisk {
    room: usize,
    have: u64,
}

impl Part for SmallDisk {
    fn have(&self) -> io::Result<u64> {
        Ok(self.have)
    }

    fn open(&mut self, from: u64) -> io::Result<Box<dyn Write>> {
        self.have = from;
        Ok(Box::new(Room(self.room)))
    }

    fn sha256(&self) -> io::Result<String> {
        Ok(String::new())
    }
}

struct Room(usize);

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.len().min(self.0) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            count => {
                self.0 -= count;
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_to_be_full() {
    let server = serve(&[Answer::Whole]);
    let pull = Pull { url: &server.url, bytes: Some(300_000), sha256: None, preset: "xrv-all" };
    let error = pull.run(&mut SmallDisk { room: 100_000, have: 0 }, &mut |_| true).unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
