//! Calling the plugin: what it returns becomes effects, what it does wrong is counted and shown.

use std::{collections::BTreeSet, time::Duration};

use super::{
    super::{
        Call, Description, Permission, PluginError, PluginErrorKind, PluginProcess, RequestedEffect,
        StudyView, policy,
    },
    Worker,
};
use crate::store::{PluginColumn, PluginCommand, PluginEffect, PluginState, PluginWork};

impl Worker {
    /// Notes the plugin's description of itself in its record.
    pub(super) fn describe(&mut self, description: &Description, granted: &BTreeSet<Permission>) {
        let record = &mut self.record;
        record.version.clone_from(&description.version);
        record.description.clone_from(&description.description);
        record.missing = description.permissions.difference(granted).map(|it| it.word().to_owned()).collect();
        let columns = description.columns.iter();
        record.columns =
            columns.map(|it| PluginColumn { title: it.title.clone(), width: it.width }).collect();
        record.filters.clone_from(&description.filters);
        let commands = description.commands.iter();
        record.commands =
            commands.map(|it| PluginCommand { title: it.title.clone(), key: it.key.clone() }).collect();
    }

    /// Calls a hook and turns what it returns into effects; a fault is counted and shown.
    pub(super) fn call(&mut self, call: &Call<'_>, study: Option<&StudyView>, work: &mut PluginWork) {
        let is_running = self.is_running();
        if !self.state.loaded.as_ref().is_some_and(|(_, process)| is_running && process.has(call)) {
            return;
        }
        let (result, took) = self.ask(|process| process.call(call));
        let granted =
            self.state.loaded.as_ref().map(|(loading, _)| loading.granted.clone()).unwrap_or_default();
        let effects = result.map(|effects| {
            let policy = self.policy.load();
            let effect = |effect: RequestedEffect| policy::checked(effect, study, &granted, &policy);
            effects.into_iter().map(effect).collect::<Vec<_>>()
        });
        self.count(call.name(), took, effects.as_ref().err());
        for effect in effects.unwrap_or_default() {
            self.record.refused += u64::from(matches!(effect, PluginEffect::Refused { .. }));
            work.effects.push(effect);
        }
    }

    /// Computes columns and filters for a study.
    pub(super) fn compute(&mut self, study: &StudyView, work: &mut PluginWork) {
        let is_running = self.is_running();
        let Some((_, process)) = self.state.loaded.as_ref().filter(|_| is_running) else { return };
        let description = process.description();
        if description.filters.is_empty() && !description.columns.iter().any(|column| column.computed) {
            return;
        }
        let (result, took) = self.ask(|process| process.compute(study));
        self.count("columns", took, result.as_ref().err());
        let Ok(computed) = result else { return };
        // A transaction for each study and plugin is what plugins cost most: none where nothing changes.
        let (id, marks, own) = (study.id, &study.marks, &self.name);
        // What waits to be written for this study may differ from what is there.
        let is_pending = work.effects.iter().any(|effect| {
            matches!(effect, PluginEffect::Cell { study, .. } | PluginEffect::Filters { study, .. } if *study == id)
        });
        let cells =
            computed.columns.into_iter().filter(|(title, text)| is_pending || marks.cell(own, title) != text);
        let cells: Vec<_> =
            cells.map(|(title, text)| PluginEffect::Cell { study: id, title, text }).collect();
        work.effects.extend(cells);
        let known = marks.filters.iter().filter(|mark| mark.plugin == *own).map(|mark| &mark.text);
        if is_pending || !known.eq(&computed.filters) {
            work.effects.push(PluginEffect::Filters { study: id, titles: computed.filters });
        }
    }

    /// Asks the plugin's process; with what that took of the processor. One that was killed from outside is no fault
    /// of the plugin's: nothing is done yet, so another one is asked, and once more.
    fn ask<T>(
        &mut self,
        ask: impl Fn(&mut PluginProcess) -> Result<T, PluginError>,
    ) -> (Result<T, PluginError>, Duration) {
        let once = |worker: &mut Self| match &mut worker.state.loaded {
            Some((_, process)) => (ask(process), process.took()),
            None => (
                Err(PluginError::new(PluginErrorKind::Process, &worker.name, "it has no process")),
                Duration::ZERO,
            ),
        };
        let is_dead = |answer: &(Result<T, PluginError>, Duration)| {
            answer.0.as_ref().is_err_and(|fault| fault.kind == PluginErrorKind::Crash)
        };
        let mut answer = once(self);
        for _ in 0..2 {
            if !is_dead(&answer) || self.ender.is_ended() {
                break;
            }
            self.renew();
            if self.state.loaded.is_none() {
                break;
            }
            answer = once(self);
        }
        answer
    }

    /// Counts a call, and what it took of the processor. One that was cut off by the plugin's end, or
    /// for which there is no process, is none.
    fn count(&mut self, hook: &str, took: Duration, fault: Option<&PluginError>) {
        if self.ender.is_ended() || self.has_no_process() {
            return;
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let record = &mut self.record;
        record.calls += 1;
        record.micros += micros;
        record.slowest = record.slowest.max(micros);
        if let Some((_, process)) = &self.state.loaded {
            record.memory = process.memory();
        }
        let Some(fault) = fault else {
            self.state.failing.remove(hook);
            return;
        };
        record.failures += 1;
        record.fault = fault.to_string();
        let in_a_row = self.state.failing.entry(hook.to_owned()).or_default();
        *in_a_row += 1;
        if *in_a_row >= self.limits.failures {
            record.state = PluginState::Off;
            record.fault = format!("switched off after {in_a_row} failures in a row: {fault}");
            tracing::warn!(plugin = self.name, fault = fault.without_message(), "a plugin was switched off");
        }
        if fault.kind.spoils_vm() {
            self.renew();
        } else if let Some((_, process)) = &mut self.state.loaded {
            let collected = process.collect();
            self.record.memory = process.memory();
            if collected.is_err() {
                self.renew();
            }
        }
    }
}
