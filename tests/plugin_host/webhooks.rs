//! A server that is slow, down, answers 500, then recovers: nothing is lost, repeats carry the same key.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;

use crate::plugin_host::support::{Scene, plugin, until};

/// Requests that came in: key and study.
type Log = Arc<Mutex<Vec<(String, i64)>>>;

/// What the server does with its next requests; after the last, it answers 200.
#[derive(Clone, Copy)]
enum Mood {
    Slow,
    Status(u16),
    HangUp,
    Redirect,
}

fn serve(listener: TcpListener, moods: Vec<Mood>) -> Log {
    let log = Log::default();
    let written = Arc::clone(&log);
    std::thread::spawn(move || {
        let mut moods = moods.into_iter();
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            if answer(&stream, moods.next(), &written).is_none() {
                // The client went away, as it does from a slow server.
                continue;
            }
        }
    });
    log
}

fn answer(mut stream: &TcpStream, mood: Option<Mood>, log: &Log) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("idempotency-key: ") {
            key = value.to_owned();
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    log.lock().unwrap().push((key, body["study"].as_i64()?));
    let status = match mood {
        Some(Mood::Slow) => {
            std::thread::sleep(Duration::from_millis(700));
            "200 OK"
        }
        Some(Mood::HangUp) => return None,
        Some(Mood::Status(500)) => "500 Internal Server Error",
        Some(Mood::Status(_)) => "429 Too Many Requests",
        Some(Mood::Redirect) => "302 Found\r\nLocation: http://127.0.0.1:1/stolen",
        None => "200 OK",
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()
}

fn alerting(port: u16) -> (String, String) {
    let text = plugin(
        "page",
        &format!(
            "permissions = {{ 'webhook' }}, on_study = function(study)
             return {{ webhook = 'http://127.0.0.1:{port}/hook', body = {{ study = study.id }}, once = tostring(study.id) }}
             end"
        ),
    );
    let toml = format!(
        "[plugins]\nwebhooks = [\"http://127.0.0.1:{port}/\"]\n[plugins.page]\nallow = [\"webhook\"]"
    );
    (text, toml)
}

#[test]
fn nothing_is_lost_and_repeats_carry_the_same_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (text, toml) = alerting(listener.local_addr().unwrap().port());
    let moods = vec![
        Mood::Slow,
        Mood::HangUp,
        Mood::Status(500),
        Mood::Redirect,
        Mood::Status(429),
        Mood::Status(500),
    ];
    let log = serve(listener, moods);
    let mut scene = Scene::new(&[("page", &text)], &toml);
    scene.start();
    let studies: Vec<i64> = (0..5).map(|number| scene.critical(&format!("film {number}"))).collect();
    scene.wait("page", |record| record.waiting == 0 && record.calls >= 5);
    let mut keys: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (key, study) in log.lock().unwrap().iter() {
        assert!(!key.is_empty());
        keys.entry(*study).or_default().push(key.clone());
    }
    assert_eq!(keys.keys().copied().collect::<Vec<_>>(), studies, "each arrived");
    let tries: usize = keys.values().map(Vec::len).sum();
    assert!(tries >= 5 + 6, "the six bad answers were tried again: {keys:?}");
    for (study, of_study) in &keys {
        assert!(
            of_study.iter().all(|key| key == &of_study[0]),
            "study {study} changed its key: {of_study:?}"
        );
    }
    let mut first: Vec<&String> = keys.values().map(|of_study| &of_study[0]).collect();
    first.sort();
    first.dedup();
    assert_eq!(first.len(), 5, "two studies share a key");
    assert_eq!(scene.bench.count_kind("webhook"), 5, "each is in the audit once");
}

#[test]
fn a_server_that_is_down_holds_nothing_up_and_gets_everything_after_a_restart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (text, toml) = alerting(address.port());
    let mut scene = Scene::new(&[("page", &text)], &toml);
    scene.start();
    let studies: Vec<i64> = (0..3)
        .map(|number| {
            let (_, row) = scene.bench.record(
                &format!("film {number}"),
                &crate::store_behaviours::support::scored(&format!("film {number}"), [0.95, 0.1, 0.1]),
                jiff::Timestamp::now(),
            );
            row.id
        })
        .collect();
    scene.wait("page", |record| record.waiting == 3);
    scene.stop();
    let log = serve(TcpListener::bind(address).unwrap(), Vec::new());
    scene.start();
    let all = until(|| {
        let arrived: Vec<i64> = log.lock().unwrap().iter().map(|(_, study)| *study).collect();
        (arrived.len() >= 3).then_some(arrived)
    });
    let mut arrived = all.unwrap();
    arrived.sort_unstable();
    assert_eq!(arrived, studies);
}
