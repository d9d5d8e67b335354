//! How intake begins, and how it ends.

use std::{fs, path::Path, thread, time::Duration};

use crossbeam_channel::{RecvTimeoutError, bounded};
use cxr_triage::intake::{self, IntakeError, IntakeEvent, Options};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn stopping_does_not_wait_for_a_full_receiver() {
    let place = tempfile::tempdir().unwrap();
    for film in 0..2_000 {
        fs::write(place.path().join(format!("{film}.dcm")), "film").unwrap();
    }
    let (out, events) = bounded(1);
    let running = intake::start(Options::new(place.path()), |_, _, _| false, out).unwrap();
    while !events.is_full() {
        thread::sleep(std::time::Duration::from_millis(1));
    }
    let (stopped, seen) = bounded(1);
    thread::spawn(move || {
        running.stop();
        stopped.send(()).unwrap();
    });
    assert_eq!(seen.recv_timeout(PATIENCE), Ok(()));
    assert_eq!(events.iter().count(), 1, "the thread is gone and has let go of the channel");
}

#[test]
fn a_receiver_that_is_gone_ends_the_thread() {
    let place = tempfile::tempdir().unwrap();
    let (out, events) = bounded(1);
    let (dropped, gone) = bounded::<()>(0);
    let known = move |_: &Path, _: u64, _: i64| {
        // Held by the thread for as long as it lives.
        let _ = &dropped;
        false
    };
    let running = intake::start(Options::new(place.path()), known, out).unwrap();
    assert_eq!(events.recv_timeout(PATIENCE), Ok(IntakeEvent::FirstScanDone { files: 0 }));
    drop(events);
    fs::write(place.path().join("film.dcm"), "film").unwrap();
    assert_eq!(gone.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    running.stop();
}

#[test]
fn an_inbox_that_cannot_be_one_is_refused_with_words() {
    let place = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        let (out, _events) = bounded(1);
        intake::start(Options::new(place.path().join(name)), |_, _, _| false, out).expect_err("no inbox")
    };
    fs::write(place.path().join("file"), "").unwrap();
    assert!(matches!(start("nowhere"), IntakeError::Missing(path) if path == place.path().join("nowhere")));
    assert!(matches!(start("file"), IntakeError::NotAFolder(_)));
    assert!(matches!(start("file/below"), IntakeError::NotAFolder(_)));
    let said = start("no\u{1b}[2Jwhere").to_string();
    assert!(said.contains("create the folder") && !said.contains('\u{1b}'), "{said}");
}
