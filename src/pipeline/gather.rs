//! One machine that works best on many things at once, shared by threads that each have a few.
//!
//! No thread waits for others to come: the first takes the machine for what it has, and while it runs the others
//! queue up; the next that gets the machine takes along everything that waits.

use std::sync::Mutex;

use crossbeam_channel::{Sender, TryRecvError, bounded};

use crate::lock::lock;

/// The things of one thread, and where their results go.
type Ticket<I, O> = (Vec<I>, Sender<Vec<O>>);

/// The queue before a machine that makes an `O` of each `I`.
#[derive(Debug)]
pub(super) struct Gather<I, O> {
    /// Things in one run, unless one thread alone has more.
    most: usize,
    waiting: Mutex<Vec<Ticket<I, O>>>,
    machine: Mutex<()>,
}

impl<I, O> Gather<I, O> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, waiting: Mutex::default(), machine: Mutex::default() }
    }

    /// The results of `inputs`, in order, by `work`: on this thread, with others' things, or on another's. `work`
    /// gives as many results as it is given things. None if it broke down on another thread.
    pub(super) fn run(&self, inputs: Vec<I>, work: impl Fn(&[I]) -> Vec<O>) -> Option<Vec<O>> {
        let (reply, answer) = bounded(1);
        lock(&self.waiting).push((inputs, reply));
        let _machine = lock(&self.machine);
        loop {
            match answer.try_recv() {
                Ok(results) => return Some(results),
                Err(TryRecvError::Disconnected) => return None,
                // Nobody else has the machine, so the things still wait, behind a few others at most.
                Err(TryRecvError::Empty) => self.work_on_what_waits(&work),
            }
        }
    }

    fn work_on_what_waits(&self, work: impl Fn(&[I]) -> Vec<O>) {
        let (mut inputs, mut replies) = (Vec::new(), Vec::new());
        {
            let mut waiting = lock(&self.waiting);
            let mut sum = 0;
            let fit = waiting.iter().take_while(|(inputs, _)| {
                sum += inputs.len();
                sum <= self.most
            });
            let count = fit.count().max(1).min(waiting.len());
            for (things, reply) in waiting.drain(..count) {
                replies.push((things.len(), reply));
                inputs.extend(things);
            }
        }
        let mut results = work(&inputs).into_iter();
        for (count, reply) in replies {
            // A thread that has gone wants no answer.
            let _ = reply.send(results.by_ref().take(count).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{Barrier, mpsc},
        thread,
    };

    use super::*;

    /// The first thread's run lasts until `late` others wait.
    fn with_late_comers(most: usize, late: &[Vec<u32>]) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
        let gather = Gather::new(most);
        let (runs, batches) = mpsc::channel();
        let started = Barrier::new(2);
        let results = thread::scope(|scope| {
            let first = scope.spawn(|| {
                let work = |batch: &[u32]| {
                    if batch == [0] {
                        started.wait();
                        while lock(&gather.waiting).len() < late.len() {
                            thread::yield_now();
                        }
                    }
                    runs.send(batch.to_vec()).unwrap();
                    batch.iter().map(|number| number * 10).collect()
                };
                gather.run(vec![0], work).unwrap()
            });
            started.wait();
            let others: Vec<_> = late
                .iter()
                .map(|numbers| {
                    let (gather, runs) = (&gather, runs.clone());
                    let before = lock(&gather.waiting).len();
                    let other = scope.spawn(move || {
                        let work = |batch: &[u32]| {
                            runs.send(batch.to_vec()).unwrap();
                            batch.iter().map(|number| number * 10).collect()
                        };
                        gather.run(numbers.clone(), work).unwrap()
                    });
                    // They come in this order.
                    while lock(&gather.waiting).len() == before && !other.is_finished() {
                        thread::yield_now();
                    }
                    other
                })
                .collect();
            [first].into_iter().chain(others).map(|thread| thread.join().unwrap()).collect()
        });
        drop(runs);
        (results, batches.into_iter().collect())
    }

    #[test]
    fn what_waits_while_the_machine_runs_goes_through_it_together() {
        let late = [vec![1, 2], vec![3], vec![4, 5, 6]];
        let (results, batches) = with_late_comers(6, &late);
        assert_eq!(results, [vec![0], vec![10, 20], vec![30], vec![40, 50, 60]]);
        assert_eq!(batches, [vec![0], vec![1, 2, 3, 4, 5, 6]]);
    }

    #[test]
    fn a_run_takes_no_more_than_it_may_but_never_parts_what_came_together() {
        let late = [vec![1, 2], vec![3], vec![4, 5, 6]];
        assert_eq!(with_late_comers(3, &late).1, [vec![0], vec![1, 2, 3], vec![4, 5, 6]]);
        assert_eq!(with_late_comers(2, &late).1, [vec![0], vec![1, 2], vec![3], vec![4, 5, 6]]);
    }

    #[test]
    fn a_run_that_breaks_down_loses_nobody_elses_things() {
        let gather = Gather::new(4);
        let broken = |_: &[u32]| -> Vec<u32> { panic!("a test's") };
        assert!(catch_unwind(AssertUnwindSafe(|| gather.run(vec![1], broken))).is_err());
        assert_eq!(gather.run(vec![2], <[u32]>::to_vec), Some(vec![2]));
    }
}
