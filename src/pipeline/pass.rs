//! A list of files, taken through the model by as many workers as there are cores.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{
    Cores, Step,
    cores::{Scored, Work},
};

/// Outcomes that may wait to be taken.
const TAKE_BEHIND: usize = 16;

/// How a pass treats each file of its list.
pub trait Pass: Sync {
    /// A file of the list.
    type File: Sync;
    /// A film that waits for its findings.
    type Film;
    /// The outcome of a file.
    type Outcome: Send;

    /// Reads, decodes and judges the file with that number in the list.
    fn read(&self, number: usize, file: &Self::File) -> Step<Self::Film, Self::Outcome>;

    /// The outcome of a file over which [`Pass::read`] panicked.
    fn broken(&self, file: &Self::File) -> Self::Outcome;

    /// The outcome of a film that went through the model.
    fn scored(&self, film: Self::Film, file: &Self::File, scored: Scored) -> Self::Outcome;
}

impl Cores {
    /// Takes all `files` through `pass`, while `take` takes their outcomes with their numbers, in any order. Once
    /// `interrupted` is set no further file is begun.
    pub fn pass<P: Pass, R>(
        &self,
        pass: &P,
        files: &[P::File],
        interrupted: &AtomicBool,
        take: impl FnOnce(Receiver<(usize, P::Outcome)>) -> R,
    ) -> R {
        let next = &AtomicUsize::new(0);
        thread::scope(|scope| {
            let (out, outcomes) = bounded(TAKE_BEHIND);
            for _ in 0..self.workers() {
                let mut worker = Worker { pass, files, next, interrupted, out: out.clone() };
                scope.spawn(move || self.run(&mut worker));
            }
            drop(out);
            take(outcomes)
        })
    }
}

/// One worker of a pass.
struct Worker<'a, P: Pass> {
    pass: &'a P,
    files: &'a [P::File],
    /// The number of the file that nobody has taken yet.
    next: &'a AtomicUsize,
    interrupted: &'a AtomicBool,
    out: Sender<(usize, P::Outcome)>,
}

impl<'a, P: Pass> Work for Worker<'a, P> {
    type File = (usize, &'a P::File);
    type Film = (usize, &'a P::File, P::Film);
    type Outcome = (usize, P::Outcome);

    fn wait(&mut self) -> Option<Self::File> {
        self.next()
    }

    fn next(&mut self) -> Option<Self::File> {
        if self.interrupted.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Some((number, self.files.get(number)?))
    }

    fn read(&self, (number, file): Self::File) -> Step<Self::Film, Self::Outcome> {
        match self.pass.read(number, file) {
            Step::Ready(film, input) => Step::Ready((number, file, film), input),
            Step::Ended(outcome) => Step::Ended((number, outcome)),
        }
    }

    fn broken(&self, (number, file): Self::File) -> Self::Outcome {
        (number, self.pass.broken(file))
    }

    fn send(&self, outcome: Self::Outcome) -> bool {
        self.out.send(outcome).is_ok()
    }

    fn scored(&mut self, films: Vec<(Self::Film, Scored)>) -> bool {
        films
            .into_iter()
            .all(|((number, file, film), scored)| self.send((number, self.pass.scored(film, file, scored))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{DeviceChoice, Model, Precision, Source};

    /// Panics over the file 2.
    struct Hostile;

    impl Pass for Hostile {
        type File = u32;
        type Film = ();
        type Outcome = String;

        fn read(&self, number: usize, file: &u32) -> Step<(), String> {
            assert_ne!(*file, 2, "a test's");
            Step::Ended(format!("{number} is {file}"))
        }

        fn broken(&self, file: &u32) -> String {
            format!("{file} is broken")
        }

        fn scored(&self, (): (), file: &u32, _: Scored) -> String {
            format!("{file} is scored")
        }
    }

    fn outcomes(files: &[u32], interrupted: bool) -> Vec<(usize, String)> {
        let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap();
        let cores = Cores::new(Arc::new(model));
        let mut outcomes: Vec<_> = cores
            .pass(&Hostile, files, &AtomicBool::new(interrupted), |outcomes| outcomes.into_iter().collect());
        outcomes.sort_unstable();
        outcomes
    }

    #[test]
    fn a_file_that_makes_its_reader_panic_costs_that_file_alone() {
        let files: Vec<u32> = (1..=100).collect();
        let expected = files.iter().enumerate().map(|(number, file)| match file {
            2 => (number, "2 is broken".to_owned()),
            file => (number, format!("{number} is {file}")),
        });
        assert_eq!(outcomes(&files, false), expected.collect::<Vec<_>>());
    }

    #[test]
    fn after_ctrl_c_no_file_is_begun() {
        assert!(outcomes(&[1, 2, 3], true).is_empty());
    }
}
