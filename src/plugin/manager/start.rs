//! The start of the threads that plugins and deliveries run on, each with a connection of its own to the store.

use std::{sync::Arc, thread};

use crossbeam_channel::{bounded, unbounded};

use super::{
    super::{
        Ender, HostError, HostParts,
        worker::{State, Worker},
    },
    Manager, Running, thread_of,
};
use crate::{
    deliver::{Deliverer, Notes, THREADS},
    store::{Lane, PluginState, PluginWork, Store},
    supervise::{Loss, is_closed},
};

impl Manager {
    /// A thread for a plugin. One that never ran before begins with what happens from now on.
    pub(super) fn begin(&self, name: &str) -> Result<Running, HostError> {
        let mut store = open(&self.parts)?;
        let known = store.plugins()?.into_iter().find(|record| record.name == name);
        let was_enabled = known.as_ref().is_some_and(|record| record.state != PluginState::Stopped);
        let mut record = known.unwrap_or_default();
        name.clone_into(&mut record.name);
        // After a restart it goes on where it was; after a time of not being enabled it does not make
        // up for that.
        let cursor = match store.plugin_cursor(name)? {
            Some(cursor) if was_enabled => cursor,
            _ => store.newest_event()?,
        };
        let work = PluginWork { plugin: name.to_owned(), cursor, ..PluginWork::default() };
        store.save_plugin_work(&work, store.now())?;
        self.progress.is_at(name, cursor);
        let (orders, taken) = unbounded();
        let (wake, woken) = bounded(1);
        let ender = Ender::default();
        let worker = Worker {
            name: name.to_owned(),
            store,
            program: self.parts.program.clone(),
            ender: ender.clone(),
            orders: taken,
            limits: self.parts.limits,
            pace: self.parts.pace,
            policy: Arc::clone(&self.policy),
            details: Arc::clone(&self.details),
            progress: Arc::clone(&self.progress),
            lanes: self.lanes.clone(),
            record,
            cursor,
            saved: cursor,
            _ownership: self.parts.ownership.clone(),
            state: State::new(),
        };
        let alive = self.threads.clone();
        let work = move || {
            let _alive = alive;
            worker.run(&woken);
        };
        let thread = thread::Builder::new().name(thread_of(name)).spawn(work)?;
        Ok(Running { orders, wake, from: None, ender, thread })
    }

    /// Starts the threads of a lane of deliveries.
    pub(super) fn deliver(&mut self, lane: Lane) -> Result<(), HostError> {
        let (wake, woken) = bounded(1);
        let schedule = Arc::default();
        for number in 1..=THREADS {
            let mut deliverer = Deliverer {
                store: open(&self.parts)?,
                duty: self.parts.duty.clone(),
                lane,
                schedule: Arc::clone(&schedule),
                wake: wake.clone(),
                policy: Arc::clone(&self.policy),
                retries: self.parts.retries,
                notes: Notes::beside(&self.parts.store).map_err(HostError::Notes)?,
                listener: self.parts.listener.clone(),
                stopped: self.stopped.clone(),
                _ownership: self.parts.ownership.clone(),
            };
            let (stopped, alive, woken) = (self.stopped.clone(), self.threads.clone(), woken.clone());
            let work = move || {
                let _alive = &alive;
                deliverer.run(&woken);
            };
            let loss = Loss::Vital("some of what is to go out is not sent");
            let name = format!("deliver-{}-{number}", lane.word());
            let thread = self.parts.supervisor.spawn(&name, loss, move || is_closed(&stopped), work)?;
            self.others.push((format!("deliveries: {} {number}", lane.word()), thread));
        }
        if lane == Lane::Results {
            self.results = Some(wake.clone());
        }
        self.lanes.push(wake);
        Ok(())
    }
}

/// A connection to the store whose changes count only while this process has the duty.
pub(super) fn open(parts: &HostParts) -> Result<Store, HostError> {
    let mut store = Store::open(&parts.store)?;
    store.serve(&parts.duty);
    Ok(store)
}
