//! A plugin's process: started with its text, given up for another one, done without.

use std::time::Instant;

use super::{
    super::{Call, PluginError, PluginErrorKind, PluginProcess, StudyView},
    Loading, Worker,
};
use crate::store::{PluginState, StoreError};

impl Worker {
    /// The new version is compiled and tried in a fresh VM, and takes the old one's place only if it
    /// works.
    pub(super) fn load(&mut self, loading: Loading) {
        self.state.resting = None;
        let fresh = self.tested(&loading).or_else(|fault| match fault.kind {
            // Perhaps it was killed from outside.
            PluginErrorKind::Crash => self.tested(&loading),
            _ => Err(fault),
        });
        match fresh {
            _ if self.ender.is_ended() => {}
            Ok(process) => {
                self.describe(process.description(), &loading.granted);
                self.record.state = PluginState::Running;
                self.record.fault.clear();
                self.state.failing.clear();
                self.state.backfill = Some(0);
                self.state.clock.tick = Instant::now();
                self.state.loaded = Some((loading, process));
                if let Err(error) = self.start() {
                    tracing::error!(%error, plugin = self.name, "what a plugin did at its start could not be saved");
                }
            }
            Err(fault) => {
                self.broken(&fault);
                if fault.kind == PluginErrorKind::Process {
                    self.state.resting = Some((loading, Some(Instant::now() + self.pace.retry)));
                }
            }
        }
    }

    fn tested(&self, loading: &Loading) -> Result<PluginProcess, PluginError> {
        let mut process = self.process(loading)?;
        process.self_test(&StudyView::recorded())?;
        Ok(process)
    }

    fn process(&self, loading: &Loading) -> Result<PluginProcess, PluginError> {
        let Loading { source, settings, .. } = loading;
        PluginProcess::load(&self.program, &self.ender, source, settings, self.limits)
    }

    fn start(&mut self) -> Result<(), StoreError> {
        let mut work = self.new_work(self.cursor);
        self.call(&Call::Start, None, &mut work);
        self.keep(&work).map(|_| ())
    }

    /// The old version goes on, if there is one.
    pub(super) fn broken(&mut self, fault: &PluginError) {
        self.record.fault = fault.to_string();
        self.record.state = match (self.record.state, &self.state.loaded) {
            (PluginState::Off, Some(_)) => PluginState::Off,
            (_, Some(_)) => PluginState::Old,
            (_, None) => PluginState::Broken,
        };
        tracing::warn!(plugin = self.name, fault = fault.without_message(), "a plugin cannot be loaded");
    }

    /// A process that was stopped in the middle of something is thrown away; one that is switched off needs none.
    pub(super) fn renew(&mut self) {
        let Some((loading, spoiled)) = self.state.loaded.take() else { return };
        drop(spoiled);
        self.record.memory = 0;
        if self.record.state == PluginState::Off {
            self.state.resting = Some((loading, None));
            return;
        }
        match self.process(&loading) {
            Ok(process) => {
                self.record.memory = process.memory();
                self.state.loaded = Some((loading, process));
            }
            Err(fault) => {
                self.broken(&fault);
                // It worked before: that its process cannot be had, or dies, is no fault of the plugin's.
                let is_ours = matches!(fault.kind, PluginErrorKind::Process | PluginErrorKind::Crash);
                let again = is_ours.then(|| Instant::now() + self.pace.retry);
                self.state.resting = Some((loading, again));
            }
        }
    }
}
