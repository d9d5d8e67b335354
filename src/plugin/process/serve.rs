//! A plugin's process from inside: it answers questions until nobody asks any more.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex},
};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{
    super::{PluginError, PluginErrorKind, StudyView, Vm},
    bound::{Bound, Output, processor_time},
    wire::{Answer, Message, Question, Reply, Request, encode, read},
};

use crate::lock::lock;

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
    let mut server = Server { vm: None, study: StudyView::default(), looks: 0 };
    let mut bound = None;
    while let Some(request) = read::<Request>(input)? {
        if let (None, Question::Load { limits, .. }) = (&bound, &request.question) {
            bound = Some(Bound::start(limits.memory, Arc::clone(output))?);
        }
        let Some(bound) = &bound else { return Err(io::Error::other("nothing is loaded")) };
        let began = processor_time();
        bound.arm_between();
        let result = server.answer(request, bound);
        bound.disarm();
        let micros = processor_time().saturating_sub(began).as_micros();
        let (memory, printed) =
            server.vm.as_ref().map(|vm| (vm.memory() as u64, vm.printed())).unwrap_or_default();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let bytes = encode(&Message::Reply(Reply { result, micros, memory, printed }))?;
        let mut output = lock(output);
        output.write_all(&bytes)?;
        output.flush()?;
    }
    Ok(())
}

struct Server {
    vm: Option<Vm>,
    study: StudyView,
    looks: u64,
}

impl Server {
    fn answer(&mut self, request: Request, bound: &Arc<Bound>) -> Result<Answer, PluginError> {
        if let Some(study) = request.study {
            self.looks += 1;
            self.study = StudyView { look: self.looks, ..study };
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
            Question::Call(hook) => Answer::Deeds(loaded()?.call(&hook.call(&self.study))?),
            Question::Compute => Answer::Computed(loaded()?.compute(&self.study)?),
            Question::SelfTest => {
                let tested = loaded()?.self_test(&self.study)?;
                Answer::Tested(tested.into_iter().map(|(hook, deeds)| (hook.to_owned(), deeds)).collect())
            }
            Question::Collect => {
                loaded()?.collect();
                Answer::Collected
            }
        })
    }
}
