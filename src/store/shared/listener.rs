//! Hearing of the changes that other processes make to a shared store.

use std::{fmt, time::Duration};

use super::super::{
    StoreError,
    sql::{self, Hint},
};
use crate::store_place::StorePlace;

/// Hears of one kind of change while it lives. What it says is a hint: it may come late, or not at all, so that whoever
/// goes by it looks by himself all the same, now and then.
pub struct Listener {
    listener: sql::Listener,
    place: StorePlace,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({})", self.place)
    }
}

impl Listener {
    /// Listens on the server of a store from now on, on a connection of its own; none for a store in a file.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn open(place: &StorePlace, hint: Hint) -> Result<Option<Self>, StoreError> {
        let StorePlace::Server(server) = place else { return Ok(None) };
        match sql::Listener::open(server, hint) {
            Ok(listener) => Ok(Some(Self { listener, place: place.clone() })),
            Err(error) => Err(StoreError::from_sql(place, error)),
        }
    }

    /// Waits so long at most; returns whether anything was told since the last time.
    ///
    /// # Errors
    /// The connection broke: it hears nothing any more.
    pub fn wait(&self, most: Duration) -> Result<bool, StoreError> {
        self.listener.wait(most).map_err(|error| StoreError::from_sql(&self.place, error))
    }
}
