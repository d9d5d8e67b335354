//! Objects that go to our own receiver, and to peers that do not behave.

use std::{
    fs,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationAC, Pdu, PresentationContextResult, PresentationContextResultReason, UserVariableItem,
    write_pdu,
};

use super::{Association, CalledEntity, SendError, Storable, Times, Verdict, echo};
use crate::{
    dicom::receive::{Limits, Network, Options, Peers, Receiver, Times as ReceiverTimes, classes_of},
    files::Space,
};

const SC: &str = uids::SECONDARY_CAPTURE_IMAGE_STORAGE;
const SR: &str = uids::COMPREHENSIVE3_DSR_STORAGE;
const IMPLICIT: &str = uids::IMPLICIT_VR_LITTLE_ENDIAN;

/// A receiver of secondary captures, until it is dropped.
struct Station {
    receiver: Arc<Receiver>,
    thread: Option<thread::JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Station {
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            aet: "STATION".to_owned(),
            any_called_aet: false,
            peers: Peers::default(),
            classes: classes_of("sc").unwrap(),
            inbox: folder.path().to_owned(),
            min_free: None,
            max_film: 64 << 20,
            limits: Limits::default(),
            times: ReceiverTimes::default(),
            tls: None,
        };
        change(&mut options);
        let receiver = Arc::new(Receiver::new(options, |_| {}).unwrap());
        receiver.listen().unwrap();
        let runs = Arc::clone(&receiver);
        Self { receiver, thread: Some(thread::spawn(move || runs.run())), folder }
    }

    fn entity(&self) -> CalledEntity {
        entity(self.receiver.listen().unwrap().port())
    }

    fn films(&self) -> Vec<Vec<u8>> {
        let paths = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path: &PathBuf| path.is_file()).map(|path| fs::read(path).unwrap()).collect()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.receiver.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn entity(port: u16) -> CalledEntity {
    let times =
        Times { answer: Duration::from_secs(20), close: Duration::from_millis(200), ..Times::default() };
    CalledEntity {
        host: "127.0.0.1".to_owned(),
        port,
        aet: "STATION".to_owned(),
        calling_aet: "CXRTRIAGE".to_owned(),
        tls: None,
        times,
    }
}

/// A peer that takes one connection, hears a request, says `answer` and holds the connection for a while.
fn strange_peer(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(answer);
        // Until the other side has had enough.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    port
}

#[test]
fn an_object_arrives_byte_for_byte_and_an_echo_tells_who_is_there() {
    let station = Station::new(|_| {});
    assert_eq!(echo(&station.entity()).unwrap().implementation, "CXR-TRIAGE");
    let mut association = Association::open(&station.entity(), &[(SR, IMPLICIT), (SC, IMPLICIT)]).unwrap();
    // Longer than any PDU, and of an odd number of pieces.
    let data: Vec<u8> = (0..300_001_usize).map(|at| (at * 31 % 251) as u8).collect();
    for instance in ["1.2.3", "1.2.4"] {
        let object = Storable { class: SC, instance, data_set: &data };
        assert_eq!(association.store(object).unwrap(), Verdict::Stored);
    }
    let refused = association.store(Storable { class: SR, instance: "1.2.5", data_set: &data }).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "it takes no structured reports (Comprehensive 3D SR): it does not know this class of objects"
    );
    association.release();
    let films = station.films();
    assert_eq!(films.len(), 2);
    assert!(films.iter().all(|film| film.ends_with(&data)));
}

#[test]
fn what_keeps_us_out_is_said_with_what_to_do() {
    let known = |peers: &mut Peers| {
        let network = Network::Of { address: IpAddr::V4(Ipv4Addr::LOCALHOST), bits: 32 };
        peers.add("OTHER", vec![network]);
    };
    let picky = Station::new(|options| known(&mut options.peers));
    let full = Station::new(|options| options.limits = Limits { associations: 0, per_address: 0 });
    let open = Station::new(|_| {});
    let wrong = CalledEntity { aet: "PACS".to_owned(), ..open.entity() };
    for (entity, says) in [
        (
            picky.entity(),
            "it rejected the association: it does not know CXRTRIAGE: enter this AE title there",
        ),
        (full.entity(), "it rejected the association: it has too many associations already"),
        (wrong, "it rejected the association: it is not called PACS: correct `aet`"),
        (CalledEntity { host: "no such host".to_owned(), ..open.entity() }, "cannot be looked up"),
    ] {
        let error = echo(&entity).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_full_disk_is_told_as_its_status() {
    let station = Station::new(|options| options.min_free = Some(Space::Bytes(u64::MAX)));
    let mut association = Association::open(&station.entity(), &[(SC, IMPLICIT)]).unwrap();
    let error = association.store(Storable { class: SC, instance: "1.2.3", data_set: &[0; 64] }).unwrap_err();
    assert!(matches!(error, SendError::Refused(Verdict::Refused { code: 0xA700, .. })), "{error}");
    assert!(
        error.to_string().starts_with("A700 out of resources (the disk of the inbox has less"),
        "{error}"
    );
}

#[test]
fn an_echo_that_is_not_answered_is_no_object() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]);
        // Nothing more is heard of it.
        let accepted = AssociationAC {
            protocol_version: 1,
            calling_ae_title: "CXRTRIAGE".to_owned(),
            called_ae_title: "STATION".to_owned(),
            application_context_name: uids::DICOM_APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: vec![PresentationContextResult {
                id: 1,
                reason: PresentationContextResultReason::Acceptance,
                transfer_syntax: IMPLICIT.to_owned(),
            }],
            user_variables: vec![UserVariableItem::MaxLength(16_384)],
        };
        let mut answer = Vec::new();
        write_pdu(&mut answer, &Pdu::AssociationAC(accepted)).unwrap();
        let _ = socket.write_all(&answer);
        let _ = socket.read(&mut [0; 4096]);
    });
    let error = echo(&entity(port)).unwrap_err().to_string();
    assert!(error.contains("after we had sent an echo"), "{error}");
}

#[test]
fn peers_that_do_not_behave_are_an_error_in_time() {
    for (answer, says) in [
        (&b""[..], "nothing came in time, after we had asked for an association"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak DICOM"),
        // An acceptance that claims to be of 4 GiB.
        (
            &[2, 0, 0xff, 0xff, 0xff, 0xff, 0, 1],
            "its answer to the association request claims to be longer than 1 MiB",
        ),
        (&[7, 0, 0, 0, 0, 4, 0, 0, 2, 0], "the other side aborted it"),
        (&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0], "it answered with something else than an association"),
        (&[2, 0, 0, 0, 0, 2, 0, 0], "cannot be read"),
    ] {
        let port = strange_peer(answer);
        let times = Times { answer: Duration::from_millis(300), ..entity(port).times };
        let error = echo(&CalledEntity { times, ..entity(port) }).unwrap_err().to_string();
        assert!(error.contains(says), "{answer:?}: {error}");
    }
}
