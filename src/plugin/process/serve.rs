//! A plugin's process from inside: it answers questions until nobody asks any more.

use std::{
    convert::Infallible,
    io::{self, Read, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{
    super::{
        PluginError, PluginErrorKind, StudyView, Vm,
        bound::{Bound, Excess, processor_time},
    },
    wire::{Answer, Message, Question, Reply, Request, encode, read},
};

use crate::lock::lock;

/// The exit code of a process that was ended for taking too much.
const ENDED: i32 = 75;

/// Where a plugin's process writes, shared with the thread that ends it.
type Output = Arc<Mutex<dyn Write + Send>>;

/// Answers questions from the standard input on the standard output: the life of a plugin's process.
///
/// # Errors
/// The other side is gone, or says what nobody understands.
#[expect(clippy::disallowed_methods, reason = "a pipe between two processes of ours")]
pub fn serve_plugin() -> io::Result<()> {
    // A service manager and a terminal tell every process to end: this one ends when the program no longer needs it.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    // The standard output is for messages alone: nothing else in here writes to it.
    serve(&mut io::stdin().lock(), &(Arc::new(Mutex::new(io::stdout())) as Output))
}

fn serve(input: &mut impl Read, output: &Output) -> io::Result<()> {
    let mut server = Server { vm: None, study: StudyView::default(), snapshots: 0 };
    let mut bound = None;
    while let Some(request) = read::<Request>(input)? {
        if let (None, Question::Load { limits, .. }) = (&bound, &request.question) {
            let output = Arc::clone(output);
            bound = Some(Bound::start(limits.memory, move |took, excess| end(&output, took, excess))?);
        }
        let Some(bound) = &bound else { return Err(io::Error::other("nothing is loaded")) };
        let began = processor_time();
        bound.arm_between();
        let result = server.answer(request, bound);
        bound.disarm();
        let micros = in_micros(processor_time().saturating_sub(began));
        let (memory, printed) =
            server.vm.as_ref().map(|vm| (vm.memory() as u64, vm.printed())).unwrap_or_default();
        let bytes = encode(&Message::Reply(Reply { result, micros, memory, printed }))?;
        let mut output = lock(output);
        output.write_all(&bytes)?;
        output.flush()?;
    }
    Ok(())
}

/// Says why, and ends the process without running anything more of it.
fn end(output: &Output, took: Duration, excess: Excess) -> Infallible {
    let mut output = lock(output);
    if let Ok(bytes) = encode(&Message::Stopped { micros: in_micros(took), excess }) {
        // A program that has gone does not read it.
        let _ = output.write_all(&bytes).and_then(|()| output.flush());
    }
    signal_hook::low_level::exit(ENDED)
}

fn in_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

struct Server {
    vm: Option<Vm>,
    study: StudyView,
    snapshots: u64,
}

impl Server {
    fn answer(&mut self, request: Request, bound: &Arc<Bound>) -> Result<Answer, PluginError> {
        if let Some(study) = request.study {
            self.snapshots += 1;
            self.study = StudyView { snapshot: self.snapshots, ..study };
        }
        let loaded = || {
            self.vm
                .as_ref()
                .ok_or_else(|| PluginError::new(PluginErrorKind::Crash, "", "no plugin is loaded"))
        };
        Ok(match request.question {
            Question::Load { source, settings, limits } => {
                bound.arm(limits.load);
                let vm = Vm::load_within(&source, &settings, limits, Some(Arc::clone(bound)))?;
                let description = vm.description().clone();
                self.vm = Some(vm);
                Answer::Loaded(Box::new(description))
            }
            Question::Call(hook) => Answer::Effects(loaded()?.call(&hook.call(&self.study))?),
            Question::Compute => Answer::Computed(loaded()?.compute(&self.study)?),
            Question::SelfTest => {
                let tested = loaded()?.self_test(&self.study)?;
                Answer::Tested(tested.into_iter().map(|(hook, effects)| (hook.to_owned(), effects)).collect())
            }
            Question::Collect => {
                loaded()?.collect();
                Answer::Collected
            }
        })
    }
}
