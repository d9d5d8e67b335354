//! Studies, films, findings, audit, in a file (SQLite) or on a server (PostgreSQL). One process owns the pipeline of a
//! file, several hosts work for a server; any number follow.
//!
//! - [`Store::open`] opens and migrates; [`Ownership`] says which process runs the pipeline.
//! - The owner writes: [`Store::receive`], [`Store::finish`], and the changes of a study's life.
//! - Everybody reads: [`Store::studies_since`] gives what changed after a revision, so that a follower
//!   asks [`Store::revision`] as often as it likes and fetches only what is new.
//!
//! Every writing call is one transaction: a process that dies in the middle of one leaves the store
//! as it was before, and the file that it was at is still queued. Scores and bands come from
//! [`crate::study`] alone.

mod audit;
mod backup;
mod change;
mod changed_results;
mod columns;
mod condition;
mod convert;
mod copy;
mod due;
mod error;
mod exposure;
mod films;
mod findings;
mod finish;
mod identity;
mod in_work;
mod join;
#[cfg(test)]
mod large_tests;
mod migrations;
mod of_host;
mod open;
mod operations;
mod outbox;
mod outcome;
mod owner_file;
mod ownership;
mod past;
mod people;
mod place;
mod plugin_record;
mod plugin_work;
mod plugins;
mod queued;
mod read;
mod reassess;
mod receive;
mod record;
mod request;
mod restored;
mod retention;
mod rollup;
mod row;
mod rules;
mod senders;
mod sendings;
mod sends;
mod server;
mod shared;
mod shift;
mod similar;
mod spread;
mod sql;
mod study_time;
mod supersede;
mod tried;
mod unanswered;
mod unreadable;

use std::sync::Arc;

use sql::{Connection, Transaction};

pub use audit::{AuditEvent, NewEvent};
pub use change::PartialChangeError;
pub use changed_results::ChangedResults;
pub use copy::CopyProgress;
pub use error::{StoreError, StoreErrorKind};
pub use operations::{Operations, OutboxCount};
pub use outbox::{Destination, Due, PluginNotice, Waiting};
pub use outcome::{Finished, ModelRef, Outcome, Requested, Scored, Verdict};
pub use owner_file::OwnerFile;
pub use ownership::{Heartbeat, Ownership};
pub use place::place_beside;
pub use plugin_record::{
    Delivery, DeliveryKind, Lane, NewDelivery, PluginAction, PluginColumn, PluginCommand, PluginEffect,
    PluginRecord, PluginRequest, PluginState, PluginWork,
};
pub use plugin_work::PluginOutcome;
pub use queued::{Claim, Queued, RequestId, WorkerId};
pub use read::{Counts, StoredHeatmap};
pub use record::{FilmRow, FilmState, StudyDetail};
pub use retention::DoneFilm;
pub use rules::rules_digest;
pub use senders::{Sender, SenderNews};
pub use sends::{LastSend, SendContent, SentObject};
pub use shared::{
    Duty, DutyKind, DutyRow, HOST_VARIABLE, LEASE, Listener, Member, NewWorker, WorkerRow, host_name,
};
pub use shift::Shift;
pub use similar::ComparedFilm;
pub use spread::Spread;
pub use sql::Hint;
pub use tried::Tried;

pub use crate::study::{
    Acknowledged, Answer, FilmId, Handling, Marks, Note, OnRequest, OutsidePriority, PriorFilm, Seen,
    ShiftQuestion, Status, StudyId, StudyRow, Unseen,
    marks::{Cell, Mark},
};
use crate::{intake::Mounts, store_place::StorePlace};

/// A file's row number in the store.
pub type FileId = i64;

/// An open store. It can be sent to another thread, not shared: each thread opens its own.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    place: StorePlace,
    /// Where this host has the named inboxes.
    mounts: Arc<Mounts>,
    /// The duty to make the changes of this connection, if they belong to one.
    duty: Option<Duty>,
    /// The person whose session this connection is, if it is one's.
    signature: Option<audit::Signature>,
}

impl Store {
    /// Runs `work` as one transaction: all of it is kept, or nothing. It takes the write lock at once,
    /// so that two processes wait for each other instead of failing half-way.
    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>) -> Result<T, StoreError> {
        let Self { connection, place, signature, duty, .. } = self;
        let run = || {
            let transaction = connection.write()?;
            if let Some(duty) = duty
                && !shared::still_holds(&transaction, duty)?
            {
                return Err(sql::Error::OffDuty);
            }
            let result = match signature {
                Some(signature) => audit::signed(&transaction, signature, work)?,
                None => work(&transaction)?,
            };
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|error: sql::Error| StoreError::from_sql(&*place, error))
    }

    /// Whether several hosts share the store; else one process owns it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.place.is_shared()
    }

    fn failed(&self, error: sql::Error) -> StoreError {
        StoreError::from_sql(&self.place, error)
    }

    /// Runs `work` on one unchanging view of the store.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> sql::Result<T>) -> Result<T, StoreError> {
        let run = || {
            let view = self.connection.view()?;
            work(&view)
        };
        run().map_err(|error: sql::Error| StoreError::from_sql(&self.place, error))
    }
}
