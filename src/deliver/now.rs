//! For the person who sets sending up: an echo, and a study's result sent while one waits.

use jiff::{SignedDuration, Timestamp};

use super::{
    Retries,
    attempt::{Failure, Remedy},
    results,
    transmit::entity,
};
use crate::{
    config::{Destination, Destinations},
    dicom::{
        send::{self, Echo, SendError},
        tls::TlsError,
    },
    store::{Store, StoreError, StudyId, Tried},
    study::Sending,
};

/// Why there was no echo.
#[derive(Debug, thiserror::Error)]
pub enum EchoError {
    /// The files of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It did not answer as it should.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Asks a destination whether it is there and lets us in.
///
/// # Errors
/// See [`EchoError`].
pub fn echo(destination: &Destination) -> Result<Echo, EchoError> {
    Ok(send::echo(&entity(destination)?)?)
}

/// Why a result cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum NowError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such study.
    #[error("there is no such study")]
    NoStudy,
    /// The patient's data were removed, so that no object can be made any more.
    #[error("the patient's data were removed from the store")]
    Forgotten,
}

/// Sends a study's result to a destination, also where that has it, and says how far it came. What failed stays in the
/// outbox, for the program that owns the store.
///
/// # Errors
/// See [`NowError`].
pub fn send_now(
    store: &mut Store,
    study: StudyId,
    target: &str,
    destinations: &Destinations,
    actor: &str,
) -> Result<Sending, NowError> {
    if store.detail_with(study, &[], 1)?.is_none() {
        return Err(NowError::NoStudy);
    }
    if !store.ask_to_send(study, target, actor, Timestamp::now())? {
        return Err(NowError::Forgotten);
    }
    // A second time, where the result has changed since a part of it was sent.
    for _ in 0..2 {
        let Some(delivery) = store.waiting_send(study, target)? else { break };
        let attempt = results::send(store, &delivery, destinations, &crossbeam_channel::never());
        let now = Timestamp::now();
        let tried = match attempt {
            Some(Ok(detail)) => Tried::Done(detail),
            Some(Err(Failure { why, remedy })) => match remedy {
                Remedy::Nothing => Tried::GivenUp(why),
                Remedy::Time | Remedy::Configuration => again(why, delivery.attempts, now),
                // The host that delivers may have the film: it tries at once.
                Remedy::AnotherHost => Tried::Elsewhere { why, due: now },
            },
            None => break,
        };
        store.tried_delivery(&delivery, &tried, now)?;
        if !matches!(tried, Tried::Done(_)) {
            break;
        }
    }
    let detail = store.detail_with(study, &[], 1)?;
    let sendings = detail.map(|detail| detail.sendings).unwrap_or_default();
    sendings.into_iter().find(|sending| sending.destination == target).ok_or(NowError::NoStudy)
}

fn again(why: String, attempts: u32, now: Timestamp) -> Tried {
    let wait = SignedDuration::try_from(Retries::default().after(attempts + 1)).unwrap_or_default();
    let due = now.checked_add(wait).unwrap_or(now);
    Tried::Again { why, due, others: now }
}
