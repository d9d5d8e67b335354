//! One connection, from its first byte to its last.

use std::time::{Duration, Instant};

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationRJ, AssociationRJResult as Rejected, AssociationRJServiceProviderASCEReason as Acse,
    AssociationRJServiceProviderPresentationReason as Presentation, AssociationRJServiceUserReason as User,
    AssociationRJSource as Source, Pdu,
};

use super::{
    EventKind, Shared, Times,
    folder::{FolderError, Passing},
    limits::Place,
    negotiate::{Agreement, Context, agree},
};
use crate::dicom::{
    printable, title_words,
    wire::{Command, Incoming, Request, Status, Wire, WireError, code, field, is_uid},
};

/// A connection's peer.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: std::net::IpAddr,
    /// The calling AE title, harmless; empty before the request.
    pub(super) title: String,
}

/// Serves a connection until it ends.
pub(super) fn serve(shared: &Shared, mut wire: Wire, place: &Place, mut peer: Peer) {
    let times = shared.options.times;
    let request = match wire.request() {
        Ok(request) => request,
        Err(fault) => {
            // Its place is another's at once: whether it still reads the abort does not matter.
            if let Some(abort) = fault.abort() {
                let _ = wire.send(&abort);
            }
            return shared.tell(&peer, EventKind::Stray { reason: stray_words(&fault) });
        }
    };
    peer.title = printable(request.asked.calling_ae_title.trim_matches(['\0', ' ']), 16);
    if let Err((rejection, reason)) = admit(shared, place, &peer, &request) {
        let _ = wire.send(&Pdu::AssociationRJ(rejection));
        wire.close(times.close);
        return shared.tell(&peer, EventKind::Refused { reason });
    }
    let agreement = agree(&request.asked, &shared.options);
    if let Some(reason) = &agreement.refused {
        let reason = format!("{}: {reason}", title_words(&peer.title));
        shared.tell(&peer, EventKind::Limited { reason });
    }
    let began = Instant::now();
    let mut association = Association { shared, wire, peer, agreement, tally: Tally::default() };
    let end = association.run(&request.titles);
    let Association { mut wire, peer, tally, .. } = association;
    if let Some(abort) = end.as_ref().err().and_then(WireError::abort) {
        wire.limit(times.answer, times.answer);
        let _ = wire.send(&abort);
    }
    wire.close(times.close);
    let kind = EventKind::Ended {
        films: tally.films,
        failed: tally.failed,
        bytes: tally.bytes,
        lasted: began.elapsed(),
        broken: end.err().map(|fault| fault.to_string()),
    };
    shared.tell(&peer, kind);
}

/// Says what a connection did in place of asking for an association.
fn stray_words(fault: &WireError) -> String {
    match fault {
        WireError::Silent => "it asked for no association in time".to_owned(),
        WireError::Closed => "it closed the connection before it asked for an association".to_owned(),
        other => other.to_string(),
    }
}

/// Lets a sender in, or says why not: to it, and to people.
fn admit(
    shared: &Shared,
    place: &Place,
    peer: &Peer,
    request: &Request,
) -> Result<(), (AssociationRJ, String)> {
    let options = &shared.options;
    let asked = &request.asked;
    let permanent = |source, reason| (AssociationRJ { result: Rejected::Permanent, source }, reason);
    let who = title_words(&peer.title);
    if asked.protocol_version & 1 == 0 {
        let source = Source::ServiceProviderASCE(Acse::ProtocolVersionNotSupported);
        return Err(permanent(source, format!("{who} speaks another version of the protocol")));
    }
    if asked.application_context_name.trim_matches(['\0', ' ']) != uids::DICOM_APPLICATION_CONTEXT {
        let source = Source::ServiceUser(User::ApplicationContextNameNotSupported);
        return Err(permanent(source, format!("{who} asks for another application than DICOM")));
    }
    let called = printable(asked.called_ae_title.trim_matches(['\0', ' ']), 16);
    if called != options.aet && !options.any_called_aet {
        let source = Source::ServiceUser(User::CalledAETitleNotRecognized);
        let reason = format!(
            "{who} calls {}, but the AE title here is {}: set it at the sender, or [receive] aet",
            title_words(&called),
            options.aet
        );
        return Err(permanent(source, reason));
    }
    if let Err(reason) = shared.peers().check(&peer.title, peer.address) {
        return Err(permanent(Source::ServiceUser(User::CallingAETitleNotRecognized), reason.to_string()));
    }
    place.associate(options.limits).map_err(|reason| {
        let source = Source::ServiceProviderPresentation(Presentation::LocalLimitExceeded);
        (AssociationRJ { result: Rejected::Transient, source }, format!("{who} has to wait: {reason}"))
    })
}

/// The films and bytes that an association brought.
#[derive(Debug, Default)]
struct Tally {
    films: u64,
    failed: u64,
    bytes: u64,
}

struct Association<'s> {
    shared: &'s Shared,
    wire: Wire,
    peer: Peer,
    agreement: Agreement,
    tally: Tally,
}

impl Association<'_> {
    fn times(&self) -> Times {
        self.shared.options.times
    }

    fn limit(&mut self, idle: Duration, time: Duration) {
        self.wire.limit(idle, time);
    }

    /// Accepts, and does what the peer asks until it releases the association.
    fn run(&mut self, titles: &[u8; 32]) -> Result<(), WireError> {
        let times = self.times();
        self.limit(times.answer, times.answer);
        self.wire.accept(&Pdu::AssociationAC(self.agreement.answer.clone()), titles)?;
        loop {
            self.limit(times.idle, times.idle);
            match self.wire.next()? {
                Incoming::Release => {
                    self.limit(times.answer, times.answer);
                    // Whether it hears of it or not, it has nothing more to send.
                    let _ = self.wire.send(&Pdu::ReleaseRP);
                    return Ok(());
                }
                Incoming::Fragment(fragment) if fragment.is_command => {
                    self.limit(times.idle, times.message);
                    let command = self.wire.command(fragment)?;
                    self.perform(fragment.context, &command)?;
                }
                Incoming::Fragment(_) => return Err(WireError::unexpected("data came without a command")),
                Incoming::Released => {
                    return Err(WireError::unexpected("a PDU came that has no place in an association"));
                }
            }
        }
    }

    fn perform(&mut self, number: u8, command: &Command) -> Result<(), WireError> {
        let Some(context) = self.agreement.contexts.get(&number).cloned() else {
            return Err(WireError::invalid("a message came in a context that was not accepted"));
        };
        let status = match command.field {
            field::STORE => self.store(number, &context, command)?,
            field::ECHO => {
                self.skip(number, command)?;
                self.shared.tell(&self.peer, EventKind::Echoed);
                Status::success()
            }
            // There is nothing that could be cancelled, and no answer to it.
            field::CANCEL => return self.skip(number, command),
            _ => {
                self.skip(number, command)?;
                Status::new(code::UNRECOGNISED_OPERATION, "only C-STORE and C-ECHO are done here")
            }
        };
        let answer = self.times().answer;
        self.limit(answer, answer);
        self.wire.send_message(number, true, &command.answer(&status), self.agreement.max_pdu)
    }

    /// Reads a data set that nobody wants.
    fn skip(&mut self, number: u8, command: &Command) -> Result<(), WireError> {
        if command.has_data { self.wire.data(number, |_| {}) } else { Ok(()) }
    }

    /// Stores a film. The status is success only when the film is on disk.
    fn store(&mut self, number: u8, context: &Context, command: &Command) -> Result<Status, WireError> {
        let folder = &self.shared.folder;
        let mut passing = match checked(context, command) {
            Ok(()) => folder.begin(context, &command.instance).map_err(|error| status_of(&error)),
            Err(status) => Err(status),
        };
        if command.has_data {
            // A film that cannot be kept is read to its end all the same: only then is its sender told so.
            self.wire.data(number, |piece| write(&mut passing, piece))?;
        }
        let stored = match passing {
            Ok(film) if film.bytes() == 0 => {
                Err(Status::new(code::CANNOT_UNDERSTAND, "the data set is empty"))
            }
            Ok(film) => film.finish().map_err(|error| status_of(&error)),
            Err(status) => Err(status),
        };
        match stored {
            Ok(film) => {
                self.tally.films += 1;
                self.tally.bytes += film.bytes;
                let kind = EventKind::Stored {
                    file: film.path,
                    bytes: film.bytes,
                    syntax: context.syntax.clone(),
                    again: film.again,
                };
                self.shared.tell(&self.peer, kind);
                Ok(Status::success())
            }
            Err(status) => {
                self.tally.failed += 1;
                let kind = EventKind::NotStored { status: status.code, reason: status.reason.clone() };
                self.shared.tell(&self.peer, kind);
                Ok(status)
            }
        }
    }
}

/// Writes on; after a failure only the failure is left, and the unfinished file is gone.
fn write(passing: &mut Result<Passing<'_>, Status>, piece: &[u8]) {
    if let Ok(film) = passing
        && let Err(error) = film.write(piece)
    {
        *passing = Err(status_of(&error));
    }
}

fn checked(context: &Context, command: &Command) -> Result<(), Status> {
    if context.class == uids::VERIFICATION || command.class != context.class {
        let reason = "the SOP class is not that of the presentation context";
        return Err(Status::new(code::CLASS_NOT_SUPPORTED, reason));
    }
    if !is_uid(&command.instance) {
        return Err(Status::new(code::INVALID_INSTANCE, "the SOP Instance UID is none"));
    }
    Ok(())
}

fn status_of(error: &FolderError) -> Status {
    let code = match error {
        FolderError::Low(_) | FolderError::Unmounted | FolderError::Io(_) => code::OUT_OF_RESOURCES,
        FolderError::TooLong(_) => code::CANNOT_UNDERSTAND,
    };
    Status::new(code, error.to_string())
}
