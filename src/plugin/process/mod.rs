//! A plugin in a process of its own: whatever it does there, its end can be brought about.
//!
//! The VM's clock ends most calls that take too long, and tells the line. Luau's own functions, its compiler and
//! its parser never ask that clock; for these the process ends itself ([`super::bound`]), and for all else the program
//! ends it: when it does not answer, and when the plugin is no longer wanted.

mod pipe;
mod serve;
mod wire;

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value as Json;

pub use serve::serve_plugin;

use super::{
    Call, Computed, Description, Limits, PluginError, PluginErrorKind, RequestedEffect, Source, StudyView,
    bound::Excess,
};
use pipe::Pipe;
use wire::{Answer, Hook, Message, Question, Reply, Request};

use crate::lock::lock;

/// The program's command that is a plugin's process.
const COMMAND: &str = "plugin-process";
/// By the wall's clock a process has so many times what it may take of the processor: a busy machine may give it
/// little. One that says nothing for longer is stopped.
const WALL: u32 = 40;
/// Processor time after which a process has ended itself, beside its limit.
const OWN_END: Duration = Duration::from_secs(1);

/// Ends a plugin's processes from any thread, and lets no other one start.
#[derive(Debug, Clone, Default)]
pub struct Ender(Arc<Ending>);

#[derive(Debug, Default)]
struct Ending {
    is_ended: AtomicBool,
    children: Mutex<BTreeMap<u32, Child>>,
}

impl Ender {
    /// Ends them, whatever they do.
    pub fn end(&self) {
        self.0.is_ended.store(true, Ordering::SeqCst);
        for child in self.children().values_mut() {
            // One that has ended by itself cannot be killed.
            let _ = child.kill();
        }
    }

    /// Returns whether they were ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.0.is_ended.load(Ordering::SeqCst)
    }

    fn children(&self) -> MutexGuard<'_, BTreeMap<u32, Child>> {
        lock(&self.0.children)
    }

    /// Starts a process, unless they were ended.
    fn spawn(&self, program: &Path) -> io::Result<(u32, ChildStdin, ChildStdout)> {
        let mut children = self.children();
        if self.is_ended() {
            return Err(io::Error::other("the plugin is no longer wanted"));
        }
        let mut command = Command::new(program);
        command.arg(COMMAND).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // What a terminal's keys end is the program, which then ends this.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let id = child.id();
        children.insert(id, child);
        match (input, output) {
            (Some(input), Some(output)) => Ok((id, input, output)),
            _ => Err(io::Error::other("it has no pipes")),
        }
    }

    /// Ends one process; how it ended.
    fn reap(&self, id: u32) -> Option<std::process::ExitStatus> {
        let mut child = self.children().remove(&id)?;
        let _ = child.kill();
        child.wait().ok()
    }
}

/// A plugin that is loaded in a process of its own. The process ends when this is dropped.
pub struct PluginProcess {
    ender: Ender,
    id: u32,
    input: Pipe<ChildStdin>,
    output: BufReader<Pipe<ChildStdout>>,
    file: String,
    limits: Limits,
    description: Description,
    /// The snapshot of a study that the process has; 0 for none that is known again.
    snapshot: u64,
    memory: u64,
    took: Duration,
    printed: Vec<String>,
}

impl PluginProcess {
    /// Starts a process of `program`, which is this program, and loads the plugin there; `site` is what the
    /// configuration sets.
    ///
    /// # Errors
    /// A fault with file, line and message.
    pub fn load(
        program: &Path,
        ender: &Ender,
        source: &Source,
        site: &BTreeMap<String, Json>,
        limits: Limits,
    ) -> Result<Self, PluginError> {
        let failed = |error: io::Error| {
            let message = format!("a process for it cannot be started: {error}");
            PluginError::new(PluginErrorKind::Process, &source.main, &message)
        };
        let (id, input, output) = ender.spawn(program).map_err(failed)?;
        // From here on the process is ended when this is dropped.
        let reap = || ender.reap(id);
        let pipes = Pipe::new(input).and_then(|input| Ok((input, Pipe::new(output)?)));
        let (input, output) = pipes.inspect_err(|_| _ = reap()).map_err(failed)?;
        let mut process = Self {
            ender: ender.clone(),
            id,
            input,
            output: BufReader::new(output),
            file: source.main.clone(),
            limits,
            description: Description::default(),
            snapshot: 0,
            memory: 0,
            took: Duration::ZERO,
            printed: Vec::new(),
        };
        let question = Question::Load { source: source.clone(), settings: site.clone(), limits };
        match process.ask(None, question)? {
            Answer::Loaded(description) => process.description = *description,
            _ => return Err(process.confused()),
        }
        Ok(process)
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the plugin's description of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Bytes that its VM holds.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Processor time of the last call.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Takes the lines that it printed since the last call of this.
    pub fn printed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.printed)
    }

    /// Returns whether the plugin has the hook.
    #[must_use]
    pub fn has(&self, call: &Call<'_>) -> bool {
        match call {
            Call::Command(index, _) => *index < self.description.commands.len(),
            _ => self.description.has(call.name()),
        }
    }

    /// Calls a hook, if the plugin has it.
    ///
    /// # Errors
    /// A fault with file, line and message; after one that [spoils the VM](PluginErrorKind::spoils_vm) the
    /// plugin must be loaded anew.
    pub fn call(&mut self, call: &Call<'_>) -> Result<Vec<RequestedEffect>, PluginError> {
        let answer = self.ask(call.study(), Question::Call(Hook::of(call)));
        match answer.map_err(|fault| fault.within_if_none(call.name()))? {
            Answer::Effects(effects) => Ok(effects),
            _ => Err(self.confused()),
        }
    }

    /// Computes its columns and filters for a study.
    ///
    /// # Errors
    /// As [`PluginProcess::call`].
    pub fn compute(&mut self, study: &StudyView) -> Result<Computed, PluginError> {
        match self.ask(Some(study), Question::Compute).map_err(|fault| fault.within_if_none("columns"))? {
            Answer::Computed(computed) => Ok(computed),
            _ => Err(self.confused()),
        }
    }

    /// Calls everything once with a study; what comes back is not done.
    ///
    /// # Errors
    /// The first fault.
    pub fn self_test(
        &mut self,
        study: &StudyView,
    ) -> Result<Vec<(String, Vec<RequestedEffect>)>, PluginError> {
        match self.ask(Some(study), Question::SelfTest)? {
            Answer::Tested(tested) => Ok(tested),
            _ => Err(self.confused()),
        }
    }

    /// Has it give back what is no longer used.
    ///
    /// # Errors
    /// As [`PluginProcess::call`].
    pub fn collect(&mut self) -> Result<(), PluginError> {
        self.ask(None, Question::Collect).map(|_| ())
    }

    fn ask(&mut self, study: Option<&StudyView>, question: Question) -> Result<Answer, PluginError> {
        // Several questions about one snapshot of a study: it is sent once.
        let study = study.filter(|study| study.snapshot == 0 || study.snapshot != self.snapshot);
        if let Some(study) = study {
            self.snapshot = study.snapshot;
        }
        let limit = match &question {
            Question::Load { .. } => self.limits.load,
            Question::Call(_) | Question::Compute | Question::SelfTest | Question::Collect => {
                self.limits.call
            }
        };
        let longest = (limit + OWN_END) * WALL;
        let Reply { result, micros, memory, printed } =
            match self.exchange(&Request { study: study.cloned(), question }, longest) {
                Ok(Message::Reply(reply)) => reply,
                Ok(Message::Stopped { micros, excess }) => {
                    self.took = Duration::from_micros(micros);
                    return Err(self.exceeded(excess, limit));
                }
                Err(error) => return Err(self.lost(&error, longest)),
            };
        self.took = Duration::from_micros(micros);
        self.memory = memory;
        self.printed.extend(printed);
        result
    }

    fn exchange(&mut self, request: &Request, limit: Duration) -> io::Result<Message> {
        let deadline = Instant::now() + limit;
        (self.input.deadline, self.output.get_mut().deadline) = (deadline, deadline);
        self.input.write_all(&wire::encode(request)?)?;
        wire::read(&mut self.output)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// A fault of a plugin that was stopped because nothing in the VM could stop it.
    fn exceeded(&self, excess: Excess, limit: Duration) -> PluginError {
        let (kind, message) = match excess {
            Excess::Time => {
                let limit = limit.as_millis();
                (PluginErrorKind::Time, format!("it took longer than {limit} ms in one step and was stopped"))
            }
            Excess::Memory => (PluginErrorKind::Memory, "it took too much memory and was stopped".to_owned()),
        };
        PluginError::new(kind, &self.file, &message)
    }

    /// A fault of a process that says nothing more.
    fn lost(&self, error: &io::Error, limit: Duration) -> PluginError {
        let status = self.ender.reap(self.id);
        if error.kind() == io::ErrorKind::TimedOut {
            let message = format!("its process did not answer for {} s and was stopped", limit.as_secs());
            return PluginError::new(PluginErrorKind::Crash, &self.file, &message);
        }
        let status = status.map_or_else(|| error.to_string(), |status| status.to_string());
        PluginError::new(
            PluginErrorKind::Crash,
            &self.file,
            &format!("its process ended by itself: {status}"),
        )
    }

    fn confused(&self) -> PluginError {
        PluginError::new(
            PluginErrorKind::Crash,
            &self.file,
            "its process gave the answer to another question",
        )
    }
}

impl Drop for PluginProcess {
    fn drop(&mut self) {
        self.ender.reap(self.id);
    }
}

/// This program, as its own processes are started from: where the system allows it the file that runs, even
/// if a newer one has taken its place.
#[must_use]
pub fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or(running) }
}
