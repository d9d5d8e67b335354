//! One plugin in its VM: loaded, described, called.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use mlua::{Function, Lua, Table, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    Description, Effect, Limits, PluginError, PluginErrorKind, RequestedEffect, Source, StudyView,
    bound::Bound,
    effect, sandbox, settings,
    values::{frozen, kind},
    watchdog::Watchdog,
};

/// A status before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// The status before.
    pub before: String,
    /// The status now.
    pub status: String,
}

/// A hook to call, with its arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Call<'a> {
    /// The plugin has begun to run.
    Start,
    /// A film was scored or held.
    Film {
        /// Its place among the study's films.
        film: usize,
        /// The study.
        study: &'a StudyView,
    },
    /// A study was assessed or changed.
    Study(&'a StudyView),
    /// A person set its status.
    Status(&'a StudyView, &'a StatusChange),
    /// A critical study waits, and nobody has opened it.
    CriticalWaiting(&'a StudyView),
    /// The schedule says so; with how many studies there are, by band.
    Tick(&'a Json),
    /// A person chose one of the plugin's commands.
    Command(usize, &'a StudyView),
}

impl Call<'_> {
    /// The hook's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start => "on_start",
            Self::Film { .. } => "on_film",
            Self::Study(_) => "on_study",
            Self::Status(..) => "on_status",
            Self::CriticalWaiting(_) => "on_critical_waiting",
            Self::Tick(_) => "on_tick",
            Self::Command(..) => "commands",
        }
    }
}

impl<'a> Call<'a> {
    /// The study that it is about, if one.
    pub(super) fn study(&self) -> Option<&'a StudyView> {
        match self {
            Self::Start | Self::Tick(_) => None,
            Self::Film { study, .. }
            | Self::Study(study)
            | Self::Status(study, _)
            | Self::CriticalWaiting(study)
            | Self::Command(_, study) => Some(study),
        }
    }
}

/// The plugin's own view of one study: cells of its columns, and which of its filters match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed {
    /// Title and cell, of computed columns alone.
    pub columns: Vec<(String, String)>,
    /// The titles of the filters that match.
    pub filters: Vec<String>,
}

/// A plugin that is loaded. It stays on its thread.
pub struct Vm {
    lua: Lua,
    table: Table,
    settings: Value,
    watchdog: Rc<Watchdog>,
    printed: sandbox::Printed,
    file: String,
    limits: Limits,
    description: Description,
    /// The study of the last call, with the number of its snapshot.
    last: RefCell<Option<(u64, Value)>>,
}

impl Vm {
    /// Runs the file in a fresh VM and reads what it returns; `site` is what the configuration sets.
    ///
    /// # Errors
    /// A fault with file, line and message.
    pub fn load(source: &Source, site: &BTreeMap<String, Json>, limits: Limits) -> Result<Self, PluginError> {
        Self::load_within(source, site, limits, None)
    }

    /// As [`Vm::load`], in a process that `bound` ends where the VM cannot be stopped.
    pub(super) fn load_within(
        source: &Source,
        site: &BTreeMap<String, Json>,
        limits: Limits,
        bound: Option<Arc<Bound>>,
    ) -> Result<Self, PluginError> {
        let watchdog = Rc::new(Watchdog::new(bound));
        let printed: sandbox::Printed = Rc::new(RefCell::default());
        let fault = |error: &mlua::Error| PluginError::of_lua(error, &source.main);
        let lua = sandbox::new_vm(source, &limits, &watchdog, &printed).map_err(|error| fault(&error))?;
        let chunk = sandbox::compile(&lua, &source.main, source.text()).map_err(|error| fault(&error))?;
        let returned = timed(&watchdog, limits.load, &source.main, || chunk.call::<Value>(()))?;
        let Value::Table(table) = returned else {
            let message = format!("it must return one table, but returns {}", kind(&returned));
            return Err(PluginError::new(PluginErrorKind::Shape, &source.main, &message));
        };
        let description = Description::read(&table, &source.name)
            .map_err(|why| PluginError::new(PluginErrorKind::Shape, &source.main, &why.to_string()))?;
        let values = settings::resolve(&description.settings, site)
            .map_err(|why| PluginError::new(PluginErrorKind::Setting, &source.main, &why.to_string()))?;
        let settings = frozen(&lua, &values).map_err(|error| fault(&error))?;
        let (file, last) = (source.main.clone(), RefCell::default());
        Ok(Self { lua, table, settings, watchdog, printed, file, limits, description, last })
    }

    /// Returns the plugin's description of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Bytes that the VM holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.lua.used_memory()
    }

    /// Gives back what is no longer used.
    pub fn collect(&self) {
        self.last.take();
        // A full collection runs no code of the plugin: Luau has no finalizers.
        let _ = self.lua.gc_collect();
    }

    /// Takes the lines that it printed since the last call of this.
    pub fn printed(&self) -> Vec<String> {
        self.printed.borrow_mut().drain(..).collect()
    }

    /// Calls a hook, if the plugin has it.
    ///
    /// # Errors
    /// A fault with file, line and message; after one that [spoils the VM](PluginErrorKind::spoils_vm) the
    /// plugin must be loaded anew.
    pub fn call(&self, call: &Call<'_>) -> Result<Vec<RequestedEffect>, PluginError> {
        let Some(function) = self.function(call) else { return Ok(Vec::new()) };
        let fault = |fault: PluginError| fault.within(call.name());
        let returned = self.invoke(&function, call).map_err(fault)?;
        let effects = effect::read(&returned, self.limits.effects)
            .and_then(|effects| Ok(self.check(effects, call)?))
            .map_err(|why| {
                let line = function.info().line_defined.and_then(|line| u32::try_from(line).ok());
                PluginError::new(PluginErrorKind::Effect, &self.file, &why.to_string())
                    .at(line)
                    .within(call.name())
            })?;
        Ok(effects)
    }

    /// Returns whether the plugin has the hook.
    #[must_use]
    pub fn has(&self, call: &Call<'_>) -> bool {
        self.function(call).is_some()
    }

    fn function(&self, call: &Call<'_>) -> Option<Function> {
        match call {
            Call::Command(index, _) => self.part("commands", *index, "run"),
            _ => self.table.raw_get(call.name()).ok(),
        }
    }

    /// A function of the `index`-th part of a list.
    fn part(&self, list: &str, index: usize, key: &str) -> Option<Function> {
        let list: Table = self.table.raw_get(list).ok()?;
        let part: Table = list.raw_get(index + 1).ok()?;
        part.raw_get(key).ok()
    }

    fn invoke(&self, function: &Function, call: &Call<'_>) -> Result<Value, PluginError> {
        let settings = &self.settings;
        match call {
            Call::Start => self.timed(|| function.call(settings)),
            Call::Film { film, study } => {
                let study = self.study(study)?;
                let film = self.film(&study, *film)?;
                self.timed(|| function.call((film, study, settings)))
            }
            Call::Study(study) | Call::CriticalWaiting(study) | Call::Command(_, study) => {
                let study = self.study(study)?;
                self.timed(|| function.call((study, settings)))
            }
            Call::Status(study, change) => {
                let study = self.study(study)?;
                let change = self.frozen(&json!(change))?;
                self.timed(|| function.call((study, change, settings)))
            }
            Call::Tick(tick) => {
                let tick = self.frozen(tick)?;
                self.timed(|| function.call((tick, settings)))
            }
        }
    }

    /// Refuses what does not fit: an effect without a study, a column that is not there, no permission.
    fn check(&self, effects: Vec<RequestedEffect>, call: &Call<'_>) -> Result<Vec<RequestedEffect>, String> {
        let has_study = !matches!(call, Call::Start | Call::Tick(_));
        for effect in &effects {
            let permission = effect.effect.permission();
            let word = permission.word();
            if !self.description.permissions.contains(&permission) {
                return Err(format!(
                    "it returned `{word}` and does not ask for that: permissions = {{ \"{word}\" }}"
                ));
            }
            if effect.effect.needs_study() && !has_study {
                return Err(format!("`{word}` needs a study, and {} has none", call.name()));
            }
            if let Effect::Column { title, .. } = &effect.effect
                && !self.description.columns.iter().any(|column| column.title == *title)
            {
                return Err(format!("it has no column `{title}`"));
            }
        }
        Ok(effects)
    }

    /// Computes its columns and filters for a study.
    ///
    /// # Errors
    /// As [`Vm::call`].
    pub fn compute(&self, study: &StudyView) -> Result<Computed, PluginError> {
        let mut computed = Computed::default();
        let columns = &self.description.columns;
        if self.description.filters.is_empty() && !columns.iter().any(|column| column.computed) {
            return Ok(computed);
        }
        let study = self.study(study)?;
        for (index, column) in columns.iter().enumerate().filter(|(_, column)| column.computed) {
            let Some(function) = self.part("columns", index, "value") else { continue };
            let value = self.ask(&function, &study, "columns")?;
            let cell = effect::cell(&value).map_err(|why| {
                let message = format!("column {}: its value {why}", column.title);
                PluginError::new(PluginErrorKind::Effect, &self.file, &message)
            })?;
            computed.columns.push((column.title.clone(), cell));
        }
        for (index, title) in self.description.filters.iter().enumerate() {
            let Some(function) = self.part("filters", index, "matches") else { continue };
            let matches =
                !matches!(self.ask(&function, &study, "filters")?, Value::Nil | Value::Boolean(false));
            if matches {
                computed.filters.push(title.clone());
            }
        }
        Ok(computed)
    }

    fn ask(&self, function: &Function, study: &Value, what: &str) -> Result<Value, PluginError> {
        self.timed(|| function.call((study, &self.settings))).map_err(|fault| fault.within(what))
    }

    /// Calls everything once with a study, and throws away what comes back.
    ///
    /// # Errors
    /// The first fault.
    pub fn self_test(
        &self,
        study: &StudyView,
    ) -> Result<Vec<(&'static str, Vec<RequestedEffect>)>, PluginError> {
        let change = StatusChange { before: "new".to_owned(), status: "seen".to_owned() };
        let tick = tick(&BTreeMap::from([("critical", 1)]), 0);
        let mut calls = vec![
            Call::Start,
            Call::Study(study),
            Call::Status(study, &change),
            Call::CriticalWaiting(study),
            Call::Tick(&tick),
        ];
        calls.extend((0..study.films.len()).map(|film| Call::Film { film, study }));
        calls.extend((0..self.description.commands.len()).map(|index| Call::Command(index, study)));
        let mut results = Vec::new();
        for call in &calls {
            if self.function(call).is_some() {
                results.push((call.name(), self.call(call)?));
            }
        }
        self.compute(study)?;
        Ok(results)
    }

    fn timed<T>(&self, work: impl FnOnce() -> mlua::Result<T>) -> Result<T, PluginError> {
        timed(&self.watchdog, self.limits.call, &self.file, work)
    }

    /// The study as a table. Several calls for one snapshot get the same one: nobody can change it.
    fn study(&self, study: &StudyView) -> Result<Value, PluginError> {
        if let Some((snapshot, table)) = &*self.last.borrow()
            && *snapshot == study.snapshot
        {
            return Ok(table.clone());
        }
        let table = self.frozen(&json!(study))?;
        self.last.replace((study.snapshot > 0).then(|| (study.snapshot, table.clone())));
        Ok(table)
    }

    fn film(&self, study: &Value, film: usize) -> Result<Value, PluginError> {
        let find = || -> mlua::Result<Value> {
            let Value::Table(study) = study else { return Ok(Value::Nil) };
            study.raw_get::<Table>("films")?.raw_get(film + 1)
        };
        find().map_err(|error| PluginError::of_lua(&error, &self.file))
    }

    fn frozen(&self, value: &Json) -> Result<Value, PluginError> {
        frozen(&self.lua, value).map_err(|error| PluginError::of_lua(&error, &self.file))
    }
}

/// Makes what `on_tick` receives: studies that are not done, by band, and files in the queue.
#[must_use]
pub fn tick(open: &BTreeMap<&str, usize>, queued: usize) -> Json {
    json!({ "open": open, "queued": queued })
}

/// Runs `work` under the watchdog.
fn timed<T>(
    watchdog: &Watchdog,
    limit: Duration,
    file: &str,
    work: impl FnOnce() -> mlua::Result<T>,
) -> Result<T, PluginError> {
    watchdog.start(limit);
    let result = work();
    match watchdog.stop() {
        // Also where the plugin caught the error and returned something: it took too long.
        Some(place) => {
            let message = format!("it took longer than {} ms", limit.as_millis());
            let (place, line) = place.map_or((None, None), |(place, line)| (Some(place), Some(line)));
            Err(PluginError::new(PluginErrorKind::Time, place.as_deref().unwrap_or(file), &message).at(line))
        }
        None => result.map_err(|error| PluginError::of_lua(&error, file)),
    }
}
