//! Calling the plugin: what it returns becomes deeds, what it does wrong is counted and shown.

use std::{
    collections::BTreeSet,
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::{
    super::{Call, Deed, Description, Fault, Permission, StudyView, Vm, policy},
    Worker,
};
use crate::store::{PluginColumn, PluginCommand, PluginDeed, PluginState, PluginWork};

impl Worker {
    /// What the plugin says of itself, for its record.
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

    /// Calls a hook and turns what it returns into deeds; a fault is counted and shown.
    pub(super) fn call(&mut self, call: &Call<'_>, study: Option<&StudyView>, work: &mut PluginWork) {
        let Some((loading, vm)) = self.loaded.as_ref().filter(|_| self.is_running()) else { return };
        if !vm.has(call) {
            return;
        }
        let started = Instant::now();
        let result = vm.call(call);
        let took = started.elapsed();
        let deeds = result.map(|deeds| {
            let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
            let deed = |deed: Deed| policy::deed(deed, study, &loading.granted, &policy);
            deeds.into_iter().map(deed).collect::<Vec<_>>()
        });
        self.count(call.name(), took, deeds.as_ref().err());
        for deed in deeds.unwrap_or_default() {
            self.record.refused += u64::from(matches!(deed, PluginDeed::Refused { .. }));
            work.deeds.push(deed);
        }
    }

    /// Computes columns and filters for a study.
    pub(super) fn compute(&mut self, study: &StudyView, work: &mut PluginWork) {
        let Some((_, vm)) = self.loaded.as_ref().filter(|_| self.is_running()) else { return };
        if self.record.filters.is_empty() && !vm.description().columns.iter().any(|column| column.computed) {
            return;
        }
        let started = Instant::now();
        let result = vm.compute(study);
        self.count("columns", started.elapsed(), result.as_ref().err());
        let Ok(computed) = result else { return };
        // A transaction for each study and plugin is what plugins cost most: none where nothing changes.
        let (id, marks, own) = (study.id, &study.marks, &self.name);
        // What waits to be written for this study may differ from what is there.
        let is_pending = work.deeds.iter().any(|deed| {
            matches!(deed, PluginDeed::Cell { study, .. } | PluginDeed::Filters { study, .. } if *study == id)
        });
        let cells =
            computed.columns.into_iter().filter(|(title, text)| is_pending || marks.cell(own, title) != text);
        let cells: Vec<_> = cells.map(|(title, text)| PluginDeed::Cell { study: id, title, text }).collect();
        work.deeds.extend(cells);
        let known = marks.filters.iter().filter(|mark| mark.plugin == *own).map(|mark| &mark.text);
        if is_pending || !known.eq(&computed.filters) {
            work.deeds.push(PluginDeed::Filters { study: id, titles: computed.filters });
        }
    }

    fn count(&mut self, hook: &str, took: Duration, fault: Option<&Fault>) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let record = &mut self.record;
        record.calls += 1;
        record.micros += micros;
        record.slowest = record.slowest.max(micros);
        if let Some((_, vm)) = &self.loaded {
            record.memory = vm.memory() as u64;
        }
        let Some(fault) = fault else {
            self.failing.remove(hook);
            return;
        };
        record.failures += 1;
        record.fault = fault.to_string();
        let in_a_row = self.failing.entry(hook.to_owned()).or_default();
        *in_a_row += 1;
        if *in_a_row >= self.limits.failures {
            record.state = PluginState::Off;
            record.fault = format!("switched off after {in_a_row} failures in a row: {fault}");
            tracing::warn!(plugin = self.name, fault = fault.without_message(), "a plugin was switched off");
        }
        if fault.kind.spoils_vm() {
            self.renew();
        } else if let Some((_, vm)) = &self.loaded {
            vm.collect();
            self.record.memory = vm.memory() as u64;
        }
    }

    /// A VM that was stopped in the middle of something is thrown away.
    fn renew(&mut self) {
        let Some((loading, spoiled)) = self.loaded.take() else { return };
        drop(spoiled);
        match Vm::load(&loading.source, &loading.settings, self.limits) {
            Ok(vm) => {
                self.record.memory = vm.memory() as u64;
                self.loaded = Some((loading, vm));
            }
            Err(fault) => self.broken(&fault),
        }
    }
}
