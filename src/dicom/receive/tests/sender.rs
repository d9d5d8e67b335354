//! A sender, and a receiver to send to.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver as Events, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationRQ, MAXIMUM_PDU_SIZE, Pdu, PresentationContextProposed, PresentationContextResult,
    UserVariableItem, read_pdu, write_pdu,
};
use tempfile::TempDir;

use crate::dicom::receive::{
    Event, EventKind, Limits, Options, PASSING_FOLDER, Peers, Receiver, Times, classes_of,
};

pub(super) const CR: &str = uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE;
/// An event that does not come within this is missing.
const MISSING: Duration = Duration::from_secs(20);

/// A receiver that runs until it is dropped.
pub(super) struct Bench {
    pub(super) receiver: Arc<Receiver>,
    pub(super) events: Events<Event>,
    folder: TempDir,
    thread: Option<JoinHandle<()>>,
}

pub(super) fn options() -> Options {
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        aet: "CXRTRIAGE".to_owned(),
        any_called_aet: false,
        peers: Peers::default(),
        classes: ["cr", "dx"].iter().flat_map(|word| classes_of(word).unwrap()).collect(),
        inbox: PathBuf::new(),
        min_free: None,
        max_film: 64 << 20,
        limits: Limits::default(),
        times: Times { close: Duration::from_millis(200), ..Times::default() },
        tls: None,
    }
}

impl Bench {
    pub(super) fn new(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options { inbox: folder.path().to_owned(), ..options() };
        change(&mut options);
        let (send, events) = channel();
        let tell = move |event: &Event| drop(send.send(event.clone()));
        let receiver = Arc::new(Receiver::new(options, tell).unwrap());
        receiver.listen().unwrap();
        let runs = Arc::clone(&receiver);
        let thread = Some(std::thread::spawn(move || runs.run()));
        Self { receiver, events, folder, thread }
    }

    pub(super) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.receiver.listen().unwrap()).unwrap()
    }

    /// An association for CR in explicit little endian.
    pub(super) fn associate(&self) -> Sender {
        Sender::associate(self.connect(), &request("CR-1", &[(1, CR, &[uids::EXPLICIT_VR_LITTLE_ENDIAN])]))
            .expect("let in")
    }

    /// The next event of a kind; others are passed over.
    pub(super) fn wait<T>(&self, wanted: impl Fn(&EventKind) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(MISSING).expect("the event comes");
            if let Some(found) = wanted(&event.kind) {
                return found;
            }
        }
    }

    /// Waits for the end of an association, and returns the reason if it broke off.
    pub(super) fn end(&self) -> Option<String> {
        self.wait(|kind| match kind {
            EventKind::Ended { broken, .. } => Some(broken.clone()),
            _ => None,
        })
    }

    /// The films in the inbox: their bytes by their names.
    pub(super) fn films(&self) -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let named = |path: PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), path);
        let films = files.map(named).filter(|(name, _)| name != PASSING_FOLDER);
        films.map(|(name, path)| (name, fs::read(path).unwrap())).collect()
    }

    pub(super) fn inbox(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Returns how many unfinished films lie there.
    pub(super) fn unfinished(&self) -> usize {
        fs::read_dir(self.folder.path().join(PASSING_FOLDER)).unwrap().count()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.receiver.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

pub(super) type Proposal<'a> = (u8, &'a str, &'a [&'a str]);

pub(super) fn request(calling: &str, contexts: &[Proposal<'_>]) -> AssociationRQ {
    let proposed = |(id, class, syntaxes): &Proposal<'_>| PresentationContextProposed {
        id: *id,
        abstract_syntax: (*class).to_owned(),
        transfer_syntaxes: syntaxes.iter().map(|syntax| (*syntax).to_owned()).collect(),
    };
    AssociationRQ {
        protocol_version: 1,
        calling_ae_title: calling.to_owned(),
        called_ae_title: "CXRTRIAGE".to_owned(),
        application_context_name: uids::DICOM_APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: contexts.iter().map(proposed).collect(),
        user_variables: vec![UserVariableItem::MaxLength(16_384)],
    }
}

/// A sender that is in an association.
pub(super) struct Sender {
    pub(super) socket: TcpStream,
    pub(super) contexts: Vec<PresentationContextResult>,
    pub(super) variables: Vec<UserVariableItem>,
}

impl Sender {
    /// Asks for an association; an error is what came in place of one.
    #[allow(clippy::result_large_err)] // of a test
    pub(super) fn associate(mut socket: TcpStream, asked: &AssociationRQ) -> Result<Self, Option<Pdu>> {
        let mut bytes = Vec::new();
        write_pdu(&mut bytes, &Pdu::AssociationRQ(asked.clone())).unwrap();
        socket.write_all(&bytes).unwrap();
        match read(&mut socket) {
            Some(Pdu::AssociationAC(accepted)) => Ok(Self {
                socket,
                contexts: accepted.presentation_contexts,
                variables: accepted.user_variables,
            }),
            other => Err(other),
        }
    }

    /// Sends bytes, which may be refused in the middle.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// Stores a data set in one piece, and returns the status.
    pub(super) fn store(&mut self, instance: &str, data: &[u8]) -> u16 {
        self.send(&values(1, &store_command(CR, instance), true, usize::MAX));
        self.send(&values(1, data, false, 16_000));
        self.status().expect("an answer")
    }

    /// Reads an answer's status; none: the association has ended.
    pub(super) fn status(&mut self) -> Option<u16> {
        let Some(Pdu::PData { data }) = read(&mut self.socket) else { return None };
        let command: Vec<u8> = data.into_iter().flat_map(|value| value.data).collect();
        let at = command.windows(8).position(|bytes| bytes == [0, 0, 0, 9, 2, 0, 0, 0]).unwrap() + 8;
        Some(u16::from_le_bytes([command[at], command[at + 1]]))
    }

    /// Releases the association, and returns whether that was answered.
    pub(super) fn release(mut self) -> bool {
        self.send(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        matches!(read(&mut self.socket), Some(Pdu::ReleaseRP))
    }

    /// Breaks the connection off.
    pub(super) fn vanish(self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Reads a PDU; none where the connection ends before one.
pub(super) fn read(socket: &mut TcpStream) -> Option<Pdu> {
    socket.set_read_timeout(Some(MISSING)).unwrap();
    let mut bytes = vec![0; 6];
    socket.read_exact(&mut bytes).ok()?;
    let length = u32::from_be_bytes(bytes[2..6].try_into().unwrap());
    socket.take(length.into()).read_to_end(&mut bytes).ok()?;
    read_pdu(&bytes[..], MAXIMUM_PDU_SIZE, false).ok()?
}

/// Data or a command in P-DATA PDUs of at most `most` bytes of it each.
pub(super) fn values(context: u8, bytes: &[u8], is_command: bool, most: usize) -> Vec<u8> {
    let mut pdus = Vec::new();
    let pieces: Vec<&[u8]> = bytes.chunks(most.min(bytes.len().max(1))).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let length = u32::try_from(piece.len()).unwrap();
        let flags = u8::from(is_command) | if number + 1 == pieces.len() { 2 } else { 0 };
        pdus.extend([4, 0]);
        pdus.extend((length + 6).to_be_bytes());
        pdus.extend((length + 2).to_be_bytes());
        pdus.extend([context, flags]);
        pdus.extend(*piece);
    }
    pdus
}

/// A command set of these elements of group 0000.
pub(super) fn command(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (element, value) in elements {
        bytes.extend([0, 0]);
        bytes.extend(element.to_le_bytes());
        bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend(*value);
    }
    bytes
}

pub(super) fn store_command(class: &str, instance: &str) -> Vec<u8> {
    let even = |text: &str| format!("{text}{}", if text.len() % 2 == 1 { "\0" } else { "" }).into_bytes();
    let elements = [
        (0x0002, even(class)),
        (0x0100, vec![1, 0]),
        (0x0110, vec![7, 0]),
        (0x0700, vec![0, 0]),
        (0x0800, vec![0, 0]),
        (0x1000, even(instance)),
    ];
    command(&elements.iter().map(|(element, value)| (*element, value.as_slice())).collect::<Vec<_>>())
}

pub(super) fn echo_command() -> Vec<u8> {
    let class = format!("{}\0", uids::VERIFICATION);
    command(&[(0x0002, class.as_bytes()), (0x0100, &[0x30, 0]), (0x0110, &[1, 0]), (0x0800, &[1, 1])])
}
