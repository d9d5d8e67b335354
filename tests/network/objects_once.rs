//! Which objects of a result go out, and which have arrived: to our own receiver at the other end.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cxr_triage::{
    config::{Destination, Destinations},
    deliver::send_now,
    dicom::{
        receive::{EventKind, Limits, Options, Peers, Receiver, Times},
        results::What,
    },
    hash::sha256,
    phantom::{Phantom, View},
    quality::Gate,
    store::{Outcome, SendContent, SentObject, StudyId},
    study::{Sending, SendingState},
};
use jiff::SignedDuration;
use serde_json::json;

use crate::store_behaviours::support::{Bench, at, dicom, held, scored};

const STUDY: &str = "2.25.4711";

/// A receiver of reports and pictures that counts them.
struct Archive {
    receiver: Arc<Receiver>,
    thread: Option<thread::JoinHandle<()>>,
    objects: Arc<AtomicUsize>,
    port: u16,
}

impl Archive {
    fn new(folder: PathBuf) -> Self {
        let classes = [What::Sr, What::Sc].map(|what| what.sop_class_uid().to_owned());
        let options = Options {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            aet: "PACS".to_owned(),
            any_called_aet: false,
            peers: Peers::default(),
            classes: classes.into(),
            inbox: folder,
            min_free: None,
            max_film: 64 << 20,
            limits: Limits::default(),
            times: Times::default(),
            tls: None,
        };
        let objects = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&objects);
        let count = move |event: &cxr_triage::dicom::receive::Event| {
            let is_one = matches!(event.kind, EventKind::Stored { .. });
            counted.fetch_add(usize::from(is_one), Ordering::SeqCst);
        };
        let receiver = Arc::new(Receiver::new(options, count).unwrap());
        let port = receiver.listen().unwrap().port();
        let runs = Arc::clone(&receiver);
        Self { receiver, thread: Some(thread::spawn(move || runs.run())), objects, port }
    }

    /// The objects that have come since it was asked last.
    fn came(&self) -> usize {
        self.objects.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.receiver.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A film of the study: the file, and what a model made of it.
fn film(bench: &mut Bench, place: u64, outcome: impl FnOnce(&str) -> Outcome) {
    let taken = jiff::civil::date(2026, 11, 29).at(8, 0, 0, 0);
    let phantom = (0..).map(|place| Phantom::nth(7, place)).find(|it| it.view == View::Frontal).unwrap();
    let mut bytes = phantom.dicom(64, taken);
    // Another film of the same study: its number ends with another digit.
    let (header, _) = cxr_film::header(&bytes, &[]).unwrap();
    let number = header.sop_instance_uid.as_bytes().to_vec();
    let digit = b'0' + u8::try_from(place).unwrap();
    let places: Vec<usize> =
        bytes.windows(number.len()).enumerate().filter(|(_, it)| *it == number).map(|(at, _)| at).collect();
    places.into_iter().for_each(|at| bytes[at + number.len() - 1] = digit);
    add(bench, place, &bytes, outcome);
}

fn add(bench: &mut Bench, place: u64, bytes: &[u8], outcome: impl FnOnce(&str) -> Outcome) {
    let path = bench.path.with_file_name(format!("{place}.dcm"));
    std::fs::write(&path, bytes).unwrap();
    let number = cxr_film::header(bytes, &[]).map(|(header, _)| header.sop_instance_uid).unwrap_or_default();
    let outcome = dicom(outcome(&sha256(bytes)), STUDY, &number);
    bench.record(path.to_str().unwrap(), &outcome, at(0));
}

fn alerting(bytes: &str) -> Outcome {
    scored(bytes, [0.9, 0.1, 0.1])
}

/// The study, complete, and how it is sent.
fn complete(bench: &mut Bench) -> StudyId {
    bench.store.complete_quiet(SignedDuration::ZERO, at(1)).unwrap();
    bench.store.study_by_key(STUDY).unwrap().unwrap()
}

fn destinations(port: u16, what: &[What]) -> Destinations {
    let destination = Destination {
        host: "127.0.0.1".to_owned(),
        port,
        aet: "PACS".to_owned(),
        what: what.to_vec(),
        held: true,
        ..Destination::default()
    };
    Destinations::from([("pacs".to_owned(), destination)])
}

fn assert_sent(sending: &Sending) {
    assert!(matches!(sending.state, SendingState::Sent { .. }), "{sending:?}");
}

#[test]
fn once_more_means_each_object_once_more_however_often_that_is_tried() {
    let (mut bench, inbox) = (Bench::new(), tempfile::tempdir().unwrap());
    film(&mut bench, 1, alerting);
    film(&mut bench, 2, alerting);
    let study = complete(&mut bench);
    let archive = Archive::new(inbox.path().to_owned());
    let destinations = destinations(archive.port, &[What::Sr, What::Sc]);
    assert_sent(&send_now(&mut bench.store, study, "pacs", &destinations, "anna").unwrap());
    assert_eq!(archive.came(), 3, "a report and two pictures");
    assert_sent(&send_now(&mut bench.store, study, "pacs", &destinations, "anna").unwrap());
    assert_eq!(archive.came(), 3, "once more");
    // Asked for a third time, of which two objects have arrived when it is tried again.
    assert!(bench.store.ask_to_send(study, "pacs", "anna", at(9)).unwrap());
    let taken = |bench: &mut Bench, objects: usize| {
        let delivery = bench.store.waiting_send(study, "pacs").unwrap().unwrap();
        let round = SendContent::read(&delivery.content).unwrap().round;
        let mut plan: Vec<SentObject> = serde_json::from_str(&delivery.plan).unwrap();
        plan.iter_mut().take(objects).for_each(|object| object.round = round);
        bench.store.plan_delivery(delivery.id, &json!(plan).to_string()).unwrap();
    };
    taken(&mut bench, 2);
    assert_sent(&send_now(&mut bench.store, study, "pacs", &destinations, "anna").unwrap());
    assert_eq!(archive.came(), 1, "the one that was missing");
    // The program ended after the last object, before it could note that this was all.
    assert!(bench.store.ask_to_send(study, "pacs", "anna", at(10)).unwrap());
    taken(&mut bench, 3);
    drop(archive);
    assert_sent(&send_now(&mut bench.store, study, "pacs", &destinations, "anna").unwrap());
}

#[test]
fn a_held_film_without_numbers_holds_no_result_back() {
    let (mut bench, inbox) = (Bench::new(), tempfile::tempdir().unwrap());
    film(&mut bench, 1, alerting);
    add(&mut bench, 2, b"this is no film", |bytes| held(bytes, Gate::Unreadable, "it is no picture"));
    let study = complete(&mut bench);
    let archive = Archive::new(inbox.path().to_owned());
    let destinations = destinations(archive.port, &[What::Sr]);
    assert_sent(&send_now(&mut bench.store, study, "pacs", &destinations, "anna").unwrap());
    assert_eq!(archive.came(), 1);
    // One that cannot be read at the moment is waited for.
    let mut other = Bench::new();
    film(&mut other, 1, alerting);
    film(&mut other, 2, |bytes| held(bytes, Gate::Blank, "it is blank"));
    let file = other.path.with_file_name("2.dcm");
    std::fs::rename(&file, file.with_extension("away")).unwrap();
    let study = complete(&mut other);
    let sending = send_now(&mut other.store, study, "pacs", &destinations, "anna").unwrap();
    assert!(matches!(sending.state, SendingState::Failing { .. }), "{sending:?}");
}
