//! PDUs on the wire (PS3.8 section 9.3), for the receiver and for the sender: requests and answers of associations read
//! whole, data streamed, PDUs written.
//!
//! Memory does not depend on any length that a peer claims: an association request is read into memory as it comes, up to
//! [`MAX_REQUEST`]; data goes through one buffer of [`BUFFER`] bytes, whatever its PDU's length.

mod command;
mod error;
mod stream;

use std::{
    io::{BufRead, BufReader, Read, Write},
    time::Duration,
};

use dicom_ul::pdu::{
    AbortRQServiceProviderReason as Reason, AssociationAC, AssociationRJ, AssociationRQ, MAXIMUM_PDU_SIZE,
    Pdu, read_pdu, write_pdu,
};

pub(super) use command::{Command, MAX_COMMAND, Status, code, field, is_uid, padded};
pub(super) use error::WireError;
pub(super) use stream::{Channel, Timed};

/// Our implementation, to peers and in the files that are written: a number made from a UUID (PS3.5 annex B.2).
pub(super) const IMPLEMENTATION_CLASS: &str = "2.25.263144520582207658838257235794216155516";
/// The name of our implementation.
pub(super) const IMPLEMENTATION_NAME: &str = "CXR-TRIAGE";

/// The longest P-DATA PDU that peers are asked to send, without its header. Longer ones are read all the same.
pub(super) const MAX_PDU: u32 = 128 << 10;
/// The longest association request or answer: 128 contexts, each with all transfer syntaxes that there are, take half of
/// it.
const MAX_REQUEST: u32 = 1 << 20;
/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;
/// Bytes of a PDU's header: type, reserved, length.
const HEADER: usize = 6;
/// Bytes of a presentation data value's header: length, context, flags.
const VALUE_HEADER: u32 = 6;
/// Bytes that are read and thrown away while a peer reads the last answer.
const LAST_BYTES: u64 = 1 << 20;

/// Types of PDUs.
mod kind {
    pub(super) const ASSOCIATE_RQ: u8 = 1;
    pub(super) const ASSOCIATE_AC: u8 = 2;
    pub(super) const ASSOCIATE_RJ: u8 = 3;
    pub(super) const P_DATA: u8 = 4;
    pub(super) const RELEASE_RQ: u8 = 5;
    pub(super) const RELEASE_RP: u8 = 6;
    pub(super) const ABORT: u8 = 7;
}

/// A peer's connection, by PDUs.
#[derive(Debug)]
pub(super) struct Wire {
    reader: BufReader<Channel>,
    /// Bytes of the P-DATA PDU that is being read.
    left: u32,
}

/// An association request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) asked: AssociationRQ,
    /// The titles as they came, 16 bytes each: an answer repeats them.
    pub(super) titles: [u8; 32],
}

/// The beginning of a presentation data value; `length` bytes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) context: u8,
    pub(super) is_command: bool,
    pub(super) is_last: bool,
    pub(super) length: u32,
}

/// The next thing that a peer says in an association.
#[derive(Debug)]
pub(super) enum Incoming {
    Fragment(Fragment),
    /// It asks for the release of the association.
    Release,
    /// It grants the release that was asked for.
    Released,
}

/// The answer to an association request.
#[derive(Debug)]
pub(super) enum Answer {
    Accepted(AssociationAC),
    Rejected(AssociationRJ),
}

impl Wire {
    pub(super) fn new(channel: Channel) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER, channel), left: 0 }
    }

    /// Limits each read and write to `idle`, and all together to `time`.
    pub(super) fn limit(&mut self, idle: Duration, time: Duration) {
        self.timed().limit(idle, time);
    }

    fn timed(&mut self) -> &mut Timed {
        self.reader.get_mut().timed()
    }

    /// Reads the association request that a connection has to begin with.
    pub(super) fn request(&mut self) -> Result<Request, WireError> {
        let (header, length) = self.header()?;
        match header[0] {
            kind::ASSOCIATE_RQ => {}
            2..=7 => {
                return Err(WireError::unexpected(
                    "it began with something else than an association request",
                ));
            }
            0x16 if header[1] == 3 => {
                return Err(WireError::Foreign(
                    "it speaks TLS, which is not set up here (see [receive] tls_certificate)",
                ));
            }
            _ if header.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => {
                return Err(WireError::Foreign("it speaks HTTP or another language, not DICOM"));
            }
            _ => return Err(WireError::Foreign("it does not speak DICOM")),
        }
        let too_long = "its association request claims to be longer than 1 MiB";
        let bytes = self.whole(header, length, too_long)?;
        let titles = bytes.get(10..42).and_then(|titles| titles.try_into().ok());
        match (titles, read_pdu(&bytes[..], MAXIMUM_PDU_SIZE, false)) {
            (Some(titles), Ok(Some(Pdu::AssociationRQ(asked)))) => Ok(Request { asked, titles }),
            _ => Err(WireError::invalid("its association request cannot be read")),
        }
    }

    /// Reads the answer to an association request.
    pub(super) fn answer(&mut self) -> Result<Answer, WireError> {
        let (header, length) = self.header()?;
        match header[0] {
            kind::ASSOCIATE_AC | kind::ASSOCIATE_RJ => {}
            kind::ABORT => return Err(self.abort(length)?),
            4..=6 => {
                return Err(WireError::unexpected("it answered with something else than an association"));
            }
            _ => return Err(WireError::Foreign("it does not speak DICOM")),
        }
        let too_long = "its answer to the association request claims to be longer than 1 MiB";
        let bytes = self.whole(header, length, too_long)?;
        match read_pdu(&bytes[..], MAXIMUM_PDU_SIZE, false) {
            Ok(Some(Pdu::AssociationAC(accepted))) => Ok(Answer::Accepted(accepted)),
            Ok(Some(Pdu::AssociationRJ(rejected))) => Ok(Answer::Rejected(rejected)),
            _ => Err(WireError::invalid("its answer to the association request cannot be read")),
        }
    }

    /// Reads a PDU of an association's beginning; `too_long` says that it is longer than any.
    fn whole(
        &mut self,
        header: [u8; HEADER],
        length: u32,
        too_long: &'static str,
    ) -> Result<Vec<u8>, WireError> {
        if length > MAX_REQUEST {
            return Err(WireError::invalid(too_long));
        }
        let mut bytes = header.to_vec();
        let read = self.reader.by_ref().take(length.into()).read_to_end(&mut bytes)?;
        if read < length as usize { Err(WireError::Closed) } else { Ok(bytes) }
    }

    /// Reads on to the next fragment, or to what ends the association.
    pub(super) fn next(&mut self) -> Result<Incoming, WireError> {
        while self.left == 0 {
            let (header, length) = self.header()?;
            match header[0] {
                kind::P_DATA => self.left = length,
                kind::RELEASE_RQ => {
                    self.short_body(length)?;
                    return Ok(Incoming::Release);
                }
                kind::RELEASE_RP => {
                    self.short_body(length)?;
                    return Ok(Incoming::Released);
                }
                kind::ABORT => return Err(self.abort(length)?),
                1..=5 => return Err(WireError::unexpected("a PDU came that has no place in an association")),
                _ => {
                    return Err(WireError::Protocol(
                        "a PDU of an unknown type came",
                        Reason::UnrecognizedPdu,
                    ));
                }
            }
        }
        self.fragment().map(Incoming::Fragment)
    }

    fn fragment(&mut self) -> Result<Fragment, WireError> {
        if self.left < VALUE_HEADER {
            return Err(WireError::invalid("a PDU ends within the header of a value"));
        }
        let mut header = [0; VALUE_HEADER as usize];
        self.reader.read_exact(&mut header)?;
        let [a, b, c, d, context, flags] = header;
        // The length counts context and flags, not itself.
        let claimed = u32::from_be_bytes([a, b, c, d]);
        let room = self.left - VALUE_HEADER;
        let length = claimed.checked_sub(2).filter(|length| *length <= room);
        let length =
            length.ok_or_else(|| WireError::invalid("a value's length does not fit into its PDU"))?;
        self.left = room - length;
        Ok(Fragment { context, is_command: flags & 1 != 0, is_last: flags & 2 != 0, length })
    }

    /// Passes a fragment's bytes on in pieces, without copying them.
    pub(super) fn pass(&mut self, length: u32, mut take: impl FnMut(&[u8])) -> Result<(), WireError> {
        let mut left = length as usize;
        while left > 0 {
            let piece = self.reader.fill_buf()?;
            if piece.is_empty() {
                return Err(WireError::Closed);
            }
            let piece = &piece[..piece.len().min(left)];
            take(piece);
            let taken = piece.len();
            self.reader.consume(taken);
            left -= taken;
        }
        Ok(())
    }

    /// Reads the next fragment of a message: of the same context, and of the same kind.
    pub(super) fn following(&mut self, context: u8, is_command: bool) -> Result<Fragment, WireError> {
        match self.next()? {
            Incoming::Fragment(next) if (next.context, next.is_command) == (context, is_command) => Ok(next),
            Incoming::Fragment(_) => Err(WireError::unexpected("a message broke off for another")),
            Incoming::Release | Incoming::Released => {
                Err(WireError::unexpected("a message broke off for a release"))
            }
        }
    }

    /// Reads a command set from its first fragment on.
    pub(super) fn command(&mut self, first: Fragment) -> Result<Command, WireError> {
        let mut bytes = Vec::new();
        let mut fragment = first;
        loop {
            if bytes.len() + fragment.length as usize > MAX_COMMAND {
                return Err(WireError::invalid("a command is longer than any command"));
            }
            self.pass(fragment.length, |piece| bytes.extend_from_slice(piece))?;
            if fragment.is_last {
                return Command::read(&bytes).map_err(WireError::invalid);
            }
            fragment = self.following(first.context, true)?;
        }
    }

    /// Reads a data set and passes it on in pieces.
    pub(super) fn data(&mut self, context: u8, mut take: impl FnMut(&[u8])) -> Result<(), WireError> {
        loop {
            let fragment = self.following(context, false)?;
            self.pass(fragment.length, &mut take)?;
            if fragment.is_last {
                return Ok(());
            }
        }
    }

    /// Reads the rest of an abort.
    fn abort(&mut self, length: u32) -> Result<WireError, WireError> {
        let body = self.short_body(length)?;
        Ok(WireError::Aborted(abort_words(body[2], body[3])))
    }

    fn header(&mut self) -> Result<([u8; HEADER], u32), WireError> {
        let mut header = [0; HEADER];
        self.reader.read_exact(&mut header)?;
        let [.., a, b, c, d] = header;
        Ok((header, u32::from_be_bytes([a, b, c, d])))
    }

    /// Reads the body of a release or an abort: four bytes, whatever is in them.
    fn short_body(&mut self, length: u32) -> Result<[u8; 4], WireError> {
        let mut body = [0; 4];
        if length != 4 {
            return Err(WireError::invalid("a release or an abort has a wrong length"));
        }
        self.reader.read_exact(&mut body)?;
        Ok(body)
    }

    /// Sends a PDU.
    pub(super) fn send(&mut self, pdu: &Pdu) -> Result<(), WireError> {
        self.send_bytes(&encoded(pdu)?)
    }

    /// Sends the acceptance of a request, with the request's own titles.
    pub(super) fn accept(&mut self, answer: &Pdu, titles: &[u8; 32]) -> Result<(), WireError> {
        let mut bytes = encoded(answer)?;
        if let Some(place) = bytes.get_mut(10..42) {
            place.copy_from_slice(titles);
        }
        self.send_bytes(&bytes)
    }

    /// Sends a command, or a data set, in as many PDUs as a peer wants that takes at most `most` bytes in each (0: any
    /// number).
    pub(super) fn send_message(
        &mut self,
        context: u8,
        is_command: bool,
        message: &[u8],
        most: u32,
    ) -> Result<(), WireError> {
        let most = if most == 0 { MAX_PDU } else { most.min(MAX_PDU) };
        // Even a nonsensical limit leaves room for something.
        let room = (most.saturating_sub(VALUE_HEADER) as usize).max(64);
        let last = message.len().div_ceil(room).saturating_sub(1);
        let mut bytes = Vec::with_capacity(message.len().min(room) + 12);
        for (number, piece) in message.chunks(room).enumerate() {
            let length = piece.len() as u32;
            bytes.clear();
            bytes.extend([kind::P_DATA, 0]);
            bytes.extend((length + VALUE_HEADER).to_be_bytes());
            bytes.extend((length + 2).to_be_bytes());
            bytes.extend([context, u8::from(is_command) | if number == last { 2 } else { 0 }]);
            bytes.extend(piece);
            self.reader.get_mut().write_all(&bytes)?;
        }
        Ok(self.reader.get_mut().flush()?)
    }

    fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let channel = self.reader.get_mut();
        channel.write_all(bytes)?;
        Ok(channel.flush()?)
    }

    /// Closes the connection so that the peer still reads what was sent last: an unread byte would make the operating
    /// system break the connection off.
    pub(super) fn close(&mut self, time: Duration) {
        self.limit(time, time);
        self.reader.get_mut().finish_writing();
        let _ = std::io::copy(&mut self.reader.by_ref().take(LAST_BYTES), &mut std::io::sink());
    }
}

fn encoded(pdu: &Pdu) -> Result<Vec<u8>, WireError> {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, pdu).map_err(|_| WireError::invalid("its request cannot be answered"))?;
    Ok(bytes)
}

/// Says who aborted and why (PS3.8 table 9-26).
fn abort_words(source: u8, reason: u8) -> &'static str {
    match (source, reason) {
        (0, _) => "by its user or program",
        (2, 1) => "it did not recognise a PDU",
        (2, 2) => "it did not expect a PDU",
        (2, 4..=6) => "it did not understand a value in a PDU",
        _ => "for no reason that it gave",
    }
}
