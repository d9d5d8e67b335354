//! The sender: a Storage SCU (PS3.4 annex B), and a Verification SCU for whoever sets it up.
//!
//! One [`Association`] carries objects to one [`CalledEntity`], one after the other. What it answers is judged in
//! `verdict.rs`, and every failure is a sentence that names what the other side said.

mod error;
#[cfg(test)]
mod tests;
mod verdict;

use std::{
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::{Duration, Instant},
};

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, Pdu, PresentationContextProposed,
    PresentationContextResultReason as Reason, UserVariableItem,
};
use rustls::{ClientConfig, pki_types::ServerName};

pub use error::SendError;
pub use verdict::Verdict;

use super::{
    printable,
    wire::{
        Answer, Channel, Command, IMPLEMENTATION_CLASS, IMPLEMENTATION_NAME, Incoming, MAX_PDU, Timed, Wire,
        WireError, field,
    },
};

/// Where objects are sent to.
#[derive(Debug, Clone)]
pub struct CalledEntity {
    /// Its host: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its AE title.
    pub aet: String,
    /// The AE title that we call with.
    pub calling_aet: String,
    /// TLS, and the name that its certificate has to bear; none: plain TCP.
    pub tls: Option<(Arc<ClientConfig>, String)>,
    /// How long things may take.
    pub times: Times,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// A connection, to each address of the host.
    pub connect: Duration,
    /// Silence: until the other side takes what is written, or answers.
    pub answer: Duration,
    /// A message, from its first byte until its answer has been read.
    pub message: Duration,
    /// From our last word until the other side closes the connection.
    pub close: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            message: Duration::from_mins(5),
            close: Duration::from_secs(1),
        }
    }
}

/// An object to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storable<'a> {
    /// SOP Class UID.
    pub class: &'a str,
    /// SOP Instance UID.
    pub instance: &'a str,
    /// The data set in the transfer syntax that was proposed for its class.
    pub data_set: &'a [u8],
}

/// The answer to an echo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// How long the whole of it took.
    pub took: Duration,
    /// The other side's name for its program; empty where it does not say.
    pub implementation: String,
}

/// Asks a destination whether it is there and takes us for one that may speak to it (C-ECHO).
///
/// # Errors
/// It cannot be reached, does not let us in, or does not answer as it should.
pub fn echo(to: &CalledEntity) -> Result<Echo, SendError> {
    let began = Instant::now();
    let mut association = Association::open(to, &[(uids::VERIFICATION, uids::IMPLICIT_VR_LITTLE_ENDIAN)])?;
    let context = association.context(uids::VERIFICATION)?;
    let command =
        Command { field: field::ECHO, class: uids::VERIFICATION.to_owned(), ..association.next_command() };
    let verdict = association.perform(context, &command, &[], "sent an echo")?;
    let implementation = association.implementation.clone();
    association.release();
    match verdict {
        Verdict::Refused { .. } => Err(SendError::Refused(verdict)),
        Verdict::Stored | Verdict::StoredBut { .. } => Ok(Echo { took: began.elapsed(), implementation }),
    }
}

/// An open association. One that is dropped without [`Association::release`] is broken off.
#[derive(Debug)]
pub struct Association {
    wire: Wire,
    times: Times,
    /// The contexts: the class of each, and why it was not accepted.
    contexts: Vec<(u8, String, Option<&'static str>)>,
    /// The longest PDU that the other side takes; 0: of any length.
    max_pdu: u32,
    implementation: String,
    messages: u16,
}

impl Association {
    /// Asks for an association, with a context for each pair of SOP class and transfer syntax.
    ///
    /// # Errors
    /// It cannot be reached, speaks no DICOM, or does not let us in. A class that it does not take is no error here: see
    /// [`Association::store`].
    pub fn open(to: &CalledEntity, wanted: &[(&str, &str)]) -> Result<Self, SendError> {
        let mut wire = Wire::new(connect(to)?);
        wire.limit(to.times.answer, to.times.answer);
        let proposed = proposed(wanted);
        let request = Pdu::AssociationRQ(AssociationRQ {
            protocol_version: 1,
            calling_ae_title: to.calling_aet.clone(),
            called_ae_title: to.aet.clone(),
            application_context_name: uids::DICOM_APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: proposed.clone(),
            user_variables: vec![
                UserVariableItem::MaxLength(MAX_PDU),
                UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS.to_owned()),
                UserVariableItem::ImplementationVersionName(IMPLEMENTATION_NAME.to_owned()),
            ],
        });
        let answer = wire.send(&request).and_then(|()| wire.answer());
        match answer {
            Ok(Answer::Accepted(accepted)) => Ok(Self {
                contexts: contexts(&proposed, &accepted),
                max_pdu: max_pdu(&accepted),
                implementation: implementation(&accepted),
                wire,
                times: to.times,
                messages: 0,
            }),
            Ok(Answer::Rejected(rejected)) => {
                wire.close(to.times.close);
                Err(SendError::Rejected(error::rejection(&rejected, to)))
            }
            Err(fault) => Err(broken(&mut wire, &fault, "asked for an association")),
        }
    }

    /// Sends an object and waits until it is stored or refused (C-STORE).
    ///
    /// # Errors
    /// The class was not accepted; the object was refused, with the status; the connection broke: then whether the object
    /// is stored is not known, and the association is of no more use.
    pub fn store(&mut self, object: Storable<'_>) -> Result<Verdict, SendError> {
        let context = self.context(object.class)?;
        let command = Command {
            field: field::STORE,
            class: object.class.to_owned(),
            instance: object.instance.to_owned(),
            has_data: true,
            ..self.next_command()
        };
        let verdict = self.perform(context, &command, object.data_set, "sent an object")?;
        if matches!(verdict, Verdict::Refused { .. }) {
            Err(SendError::Refused(verdict))
        } else {
            Ok(verdict)
        }
    }

    /// Ends the association in good order, as far as the other side goes along.
    pub fn release(mut self) {
        self.wire.limit(self.times.close, self.times.close);
        if self.wire.send(&Pdu::ReleaseRQ).is_ok() && matches!(self.wire.next(), Ok(Incoming::Release)) {
            let _ = self.wire.send(&Pdu::ReleaseRP);
        }
        self.wire.close(self.times.close);
    }

    /// Returns the context in which objects of that class go.
    fn context(&self, class: &str) -> Result<u8, SendError> {
        let mut refused = "it says nothing of it";
        for (number, of, why) in &self.contexts {
            match why {
                _ if of != class => {}
                None => return Ok(*number),
                Some(why) => refused = why,
            }
        }
        Err(SendError::NotTaken { class: error::class_words(class), why: refused })
    }

    fn next_command(&mut self) -> Command {
        self.messages = self.messages.wrapping_add(1);
        Command { message: self.messages, ..Command::default() }
    }

    /// Sends a message and reads the status of its answer. `after`: what was done, for the case that no answer comes.
    fn perform(
        &mut self,
        context: u8,
        command: &Command,
        data: &[u8],
        after: &'static str,
    ) -> Result<Verdict, SendError> {
        self.wire.limit(self.times.answer, self.times.message);
        let answered = self.exchange(context, command, data);
        answered.map_err(|fault| broken(&mut self.wire, &fault, after))
    }

    fn exchange(&mut self, context: u8, command: &Command, data: &[u8]) -> Result<Verdict, WireError> {
        self.wire.send_message(context, true, &command.request(), self.max_pdu)?;
        if command.has_data {
            self.wire.send_message(context, false, data, self.max_pdu)?;
        }
        let answer = match self.wire.next()? {
            Incoming::Fragment(fragment) if fragment.is_command && fragment.context == context => {
                self.wire.command(fragment)?
            }
            _ => return Err(WireError::unexpected("it answered with something else than an answer")),
        };
        if answer.has_data {
            self.wire.data(context, |_| {})?;
        }
        match answer.status {
            Some(status) if answer.answers(command) => Ok(Verdict::of(status, &answer.comment)),
            _ => Err(WireError::unexpected("it answered another message than the one that it got")),
        }
    }
}

/// Connects to the first address of the host that can be connected to.
fn connect(to: &CalledEntity) -> Result<Channel, SendError> {
    let host = || format!("{}:{}", to.host, to.port);
    let addresses = (to.host.as_str(), to.port)
        .to_socket_addrs()
        .map_err(|source| SendError::Name { host: to.host.clone(), source })?;
    let mut failure = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, to.times.connect) {
            Ok(socket) => {
                let _ = socket.set_nodelay(true);
                return secured(Timed::new(socket, to.times.connect), to);
            }
            Err(source) => failure = Some(source),
        }
    }
    let source = failure.unwrap_or_else(|| std::io::ErrorKind::AddrNotAvailable.into());
    Err(SendError::Connect { host: host(), source })
}

fn secured(socket: Timed, to: &CalledEntity) -> Result<Channel, SendError> {
    let tls = to.tls.as_ref().map(|(config, name)| {
        let server = ServerName::try_from(name.clone());
        server.map(|server| (Arc::clone(config), server)).map_err(|_| SendError::TlsName(name.clone()))
    });
    Channel::connect(socket, tls.transpose()?).map_err(SendError::Tls)
}

fn proposed(wanted: &[(&str, &str)]) -> Vec<PresentationContextProposed> {
    // Numbers of contexts are odd, so that there are 128.
    let numbers = (1..=u8::MAX).step_by(2);
    let propose = |(id, (class, syntax)): (u8, &(&str, &str))| PresentationContextProposed {
        id,
        abstract_syntax: (*class).to_owned(),
        transfer_syntaxes: vec![(*syntax).to_owned()],
    };
    numbers.zip(wanted).map(propose).collect()
}

fn contexts(
    proposed: &[PresentationContextProposed],
    accepted: &AssociationAC,
) -> Vec<(u8, String, Option<&'static str>)> {
    let answer = |proposed: &PresentationContextProposed| {
        let result = accepted.presentation_contexts.iter().find(|result| result.id == proposed.id);
        let why = match result.map(|result| &result.reason) {
            Some(Reason::Acceptance) => None,
            Some(Reason::AbstractSyntaxNotSupported) => Some("it does not know this class of objects"),
            Some(Reason::TransferSyntaxesNotSupported) => Some("it does not take them uncompressed"),
            Some(Reason::UserRejection) => Some("it does not want them"),
            Some(Reason::NoReason) => Some("it does not say why"),
            None => Some("it says nothing of it"),
        };
        (proposed.id, proposed.abstract_syntax.clone(), why)
    };
    proposed.iter().map(answer).collect()
}

fn max_pdu(accepted: &AssociationAC) -> u32 {
    let said = accepted.user_variables.iter().find_map(|variable| match variable {
        UserVariableItem::MaxLength(length) => Some(*length),
        _ => None,
    });
    said.unwrap_or(0)
}

fn implementation(accepted: &AssociationAC) -> String {
    let said = accepted.user_variables.iter().find_map(|variable| match variable {
        UserVariableItem::ImplementationVersionName(name) => {
            Some(printable(name.trim_matches(['\0', ' ']), 16))
        }
        _ => None,
    });
    said.unwrap_or_default()
}

/// Tells the other side of a fault that it would understand, and people of every one.
fn broken(wire: &mut Wire, fault: &WireError, after: &'static str) -> SendError {
    if let Some(abort) = fault.abort() {
        let time = Duration::from_millis(200);
        wire.limit(time, time);
        let _ = wire.send(&abort);
    }
    SendError::Broken { after, why: fault.to_string() }
}
