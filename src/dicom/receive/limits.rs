//! How many connections there may be.
//!
//! A connection waits until it has asked for an association and was let in. Waiting ones have places of their own, so
//! that whatever connects and says nothing takes none from a modality; where these places are full, the oldest waiting
//! connection of the address with the most of them gives way.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Shutdown, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::lock::lock;

/// How many associations there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub associations: usize,
    /// From one address.
    pub per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { associations: 64, per_address: 16 }
    }
}

/// Places for connections that have not asked yet.
const WAITING: usize = 256;
/// Of these, for one address: enough that a modality behind the same gateway as a flood has asked before its turn comes
/// to give way.
const WAITING_PER_ADDRESS: usize = 128;

/// All connections, each by its number.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<BTreeMap<u64, Connection>>);

#[derive(Debug)]
struct Connection {
    address: IpAddr,
    socket: TcpStream,
    is_associated: bool,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    address: IpAddr,
}

impl Connections {
    /// Gives a new connection a place among those that wait.
    pub(super) fn enter(
        self: &Arc<Self>,
        number: u64,
        address: IpAddr,
        socket: &TcpStream,
    ) -> io::Result<Place> {
        let socket = socket.try_clone()?;
        let mut all = self.lock();
        while let Some(oldest) = one_too_many(&all, address) {
            // Its thread finds the connection closed.
            if let Some(connection) = all.remove(&oldest) {
                let _ = connection.socket.shutdown(Shutdown::Both);
            }
        }
        all.insert(number, Connection { address, socket, is_associated: false });
        Ok(Place { connections: Arc::clone(self), number, address })
    }

    /// Closes all connections, and returns how many there are whose threads have not ended yet.
    pub(super) fn close(&self) -> usize {
        let all = self.lock();
        for connection in all.values() {
            let _ = connection.socket.shutdown(Shutdown::Both);
        }
        all.len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Connection>> {
        lock(&self.0)
    }
}

/// Returns the waiting connection that has to go before another of `address` comes.
fn one_too_many(all: &BTreeMap<u64, Connection>, address: IpAddr) -> Option<u64> {
    let waiting = || all.iter().filter(|(_, connection)| !connection.is_associated);
    let oldest_of =
        |address| waiting().find(|(_, other)| other.address == address).map(|(number, _)| *number);
    let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
    waiting().for_each(|(_, connection)| *counts.entry(connection.address).or_default() += 1);
    if counts.get(&address).is_some_and(|count| *count >= WAITING_PER_ADDRESS) {
        return oldest_of(address);
    }
    let total: usize = counts.values().sum();
    let greediest = counts.into_iter().max_by_key(|(_, count)| *count)?.0;
    if total >= WAITING { oldest_of(greediest) } else { None }
}

/// The limit that keeps a connection from becoming an association.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LimitError {
    #[error("there are {0} associations already ([receive] associations)")]
    Associations(usize),
    #[error("{address} has {count} associations already ([receive] associations_per_address)")]
    OfAddress { address: IpAddr, count: usize },
    #[error("it took too long while many others waited")]
    TookTooLong,
}

impl Place {
    /// Moves the connection from those that wait to the associations, or says which limit is in the way.
    pub(super) fn associate(&self, limits: Limits) -> Result<(), LimitError> {
        let mut all = self.connections.lock();
        let associated = all.values().filter(|connection| connection.is_associated);
        let (count, of_address) = associated.fold((0, 0), |(count, own), connection| {
            (count + 1, own + usize::from(connection.address == self.address))
        });
        if count >= limits.associations {
            return Err(LimitError::Associations(count));
        }
        if of_address >= limits.per_address {
            return Err(LimitError::OfAddress { address: self.address, count: of_address });
        }
        match all.get_mut(&self.number) {
            Some(connection) => connection.is_associated = true,
            None => return Err(LimitError::TookTooLong),
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
    }
}
