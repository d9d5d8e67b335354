//! A film that was in work when the program died, tried alone in a child process. How that ends says whether the film
//! did it: only a death of the child's own, seen from here, counts against the film. Whoever kills this process kills
//! what would have counted; whoever kills the child does so by a signal that no film sends.

use std::{
    io::{self, BufReader, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use signal_hook::{consts, low_level::signal_name};

use super::{
    helper::{Answer, Helper, Ready, Task, read_message, write_message},
    judge::{Judge, Opened, Prepared},
    report::{Identity, POLL, Report, ReportKind},
};
use crate::store::Queued;

/// A child that takes longer hangs for a reason that is not the film's: decoding alone is given up much earlier.
const LIMIT: Duration = Duration::from_secs(180);
/// A child that has closed its pipe is gone within this time.
const GOING: Duration = Duration::from_secs(5);
/// The longest wait before a film is tried again that something else than itself has ended.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a trial ended.
pub(super) enum Trial {
    /// There is a report.
    Done(Box<Report>),
    /// The film ended the child: of this content, for this cause.
    Stopped { sha256: String, why: String },
    /// Something else did, or there was no child; to be tried again later.
    Later(String),
    /// The program ends.
    Asked,
}

/// Tries films, one at a time.
pub(super) struct Alone {
    pub(super) helper: Helper,
    /// SHA-256 of the weights of the model that runs here, hex.
    pub(super) model: String,
    pub(super) judge: Judge,
    /// Trials in a row that came to nothing, and when the next one may be.
    pub(super) fruitless: u32,
    pub(super) next: Option<Instant>,
}

impl Alone {
    /// Whether a film may be tried now.
    pub(super) fn is_due(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    /// Whether so many trials have come to nothing that no more is to be expected of them.
    pub(super) fn is_hopeless(&self) -> bool {
        self.helper.trials.is_some_and(|trials| self.fruitless >= trials)
    }

    /// Tries one film.
    pub(super) fn examine(&mut self, due: &Queued, stop: &AtomicBool) -> Trial {
        let opened = match self.judge.open(due) {
            Ok(opened) => opened,
            Err(report) => return Trial::Done(Box::new(report)),
        };
        let (sha256, started) = (opened.sha256.clone(), opened.started);
        let trial = match self.run(opened, due.request.is_some(), stop) {
            Ok(End::Answered(answer)) => match self.report(due, sha256, started, *answer) {
                Some(report) => Trial::Done(Box::new(report)),
                None => Trial::Later("its answer cannot be used".to_owned()),
            },
            Ok(End::Died(why)) => Trial::Stopped { sha256, why },
            Ok(End::Killed(why)) => Trial::Later(why),
            Ok(End::Asked) => Trial::Asked,
            Err(error) => Trial::Later(error.to_string()),
        };
        if let Trial::Later(_) = trial {
            let wait = Duration::from_secs(1 << self.fruitless.min(16)).min(LONGEST_WAIT);
            (self.fruitless, self.next) = (self.fruitless + 1, Some(Instant::now() + wait));
        } else {
            (self.fruitless, self.next) = (0, None);
        }
        trial
    }

    fn run(&self, opened: Opened, requested: bool, stop: &AtomicBool) -> io::Result<End> {
        let killed_for_memory = killed_for_memory();
        let mut child = Command::new(&self.helper.program)
            .args(&self.helper.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A key pressed at the terminal is not for the child.
            .process_group(0)
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let task =
            Task { length: opened.content.len() as u64, gates: (*self.judge.gates(requested)).clone() };
        let talk = Talk { stdin, stdout, model: self.model.clone(), task, content: opened.content };
        let (said_in, said) = bounded(2);
        let talking =
            thread::Builder::new().name("helper".to_owned()).spawn(move || talk.run(&said_in)).map(|_| ());
        let heard = talking.map(|()| hear(&said, stop));
        let status = end(&mut child, matches!(heard, Ok(Heard::Broken { .. })))?;
        Ok(match heard? {
            Heard::Answered(answer) => End::Answered(answer),
            Heard::Asked => End::Asked,
            Heard::Late => End::Killed(format!("it did not end within {} seconds", LIMIT.as_secs())),
            Heard::Broken { began: false, why } => End::Killed(format!("it did not start ({why})")),
            Heard::Broken { began: true, why } => match status {
                None => End::Killed(why),
                Some(status) => ended_by(status, killed_for_memory_since(killed_for_memory)),
            },
        })
    }

    fn report(
        &self,
        due: &Queued,
        sha256: String,
        started: jiff::Timestamp,
        answer: Answer,
    ) -> Option<Report> {
        let Answer { header, decoded, verdict } = answer;
        let (claim, path) = (due.claim, due.arrival.path.clone());
        let film = Identity { sha256, header, started };
        match verdict {
            Ok(scores) => {
                let (findings, warnings) = scores.findings()?;
                let requested = due.request.is_some();
                let film = Prepared { claim, path, film, warnings, requested };
                Some(self.judge.judged(film, Ok(findings)))
            }
            Err(held) => {
                let kind = ReportKind::Held { film: Box::new(film), decoded, held };
                Some(Report { claim, path, kind })
            }
        }
    }
}

/// How the child ended.
enum End {
    Answered(Box<Answer>),
    /// Of itself, over the film.
    Died(String),
    /// By somebody else, or it never began.
    Killed(String),
    Asked,
}

/// The end of a child.
enum Heard {
    Answered(Box<Answer>),
    /// It says nothing more; whether it had begun with the film.
    Broken {
        began: bool,
        why: String,
    },
    Late,
    Asked,
}

fn hear(said: &Receiver<Said>, stop: &AtomicBool) -> Heard {
    let (started, mut began) = (Instant::now(), false);
    loop {
        match said.recv_timeout(POLL) {
            Ok(Said::Began) => began = true,
            Ok(Said::Answered(answer)) => return Heard::Answered(answer),
            Ok(Said::Broken(why)) => return Heard::Broken { began, why },
            Err(RecvTimeoutError::Disconnected) => {
                return Heard::Broken { began, why: "nobody talks to it".to_owned() };
            }
            Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return Heard::Asked,
            Err(RecvTimeoutError::Timeout) if started.elapsed() >= LIMIT => return Heard::Late,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Waits for the end of a child that is `going`, and ends it if it is not; its status if it ended by itself.
fn end(child: &mut Child, going: bool) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + GOING;
    while going && Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Whether a film can have ended a process so: a signal that only people and other programs send says no.
fn ended_by(status: ExitStatus, for_memory: bool) -> End {
    let Some(signal) = status.signal() else {
        return match status.code() {
            Some(0) => End::Killed("it ended without an answer".to_owned()),
            code => End::Died(format!("exit code {}", code.unwrap_or_default())),
        };
    };
    let name = signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned);
    match signal {
        consts::SIGABRT
        | consts::SIGSEGV
        | consts::SIGBUS
        | consts::SIGILL
        | consts::SIGFPE
        | consts::SIGTRAP
        | consts::SIGSYS => End::Died(name),
        consts::SIGKILL if for_memory => End::Died("it took more memory than there is".to_owned()),
        _ => End::Killed(format!("somebody ended it ({name})")),
    }
}

/// How many processes the system has killed for want of memory since it started; none where it does not say.
fn killed_for_memory() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/vmstat").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

fn killed_for_memory_since(before: Option<u64>) -> bool {
    before.zip(killed_for_memory()).is_some_and(|(before, now)| now > before)
}

/// A message of the thread that talks to the child.
enum Said {
    Began,
    Answered(Box<Answer>),
    Broken(String),
}

/// Talks to the child, on a thread of its own: a pipe makes its writer wait.
struct Talk {
    stdin: ChildStdin,
    stdout: ChildStdout,
    model: String,
    task: Task,
    content: Vec<u8>,
}

impl Talk {
    fn run(self, said: &Sender<Said>) {
        // Nobody listens any more when the program ends.
        let _ = match self.ask(said) {
            Ok(answer) => said.send(Said::Answered(Box::new(answer))),
            Err(error) => said.send(Said::Broken(error.to_string())),
        };
    }

    fn ask(self, said: &Sender<Said>) -> io::Result<Answer> {
        let Self { mut stdin, stdout, model, task, content } = self;
        let mut lines = BufReader::new(stdout);
        let ready: Ready = read_message(&mut lines)?;
        if ready.model != model {
            return Err(io::Error::other(
                "the model's files are others than at the start of the program: restart it",
            ));
        }
        let _ = said.send(Said::Began);
        write_message(&mut stdin, &task)?;
        stdin.write_all(&content)?;
        stdin.flush()?;
        drop(content);
        read_message(&mut lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_film_can_do_counts_against_it() {
        // A wait status: the signal in the low bits, the exit code above them.
        for (status, for_memory, counts) in [
            (consts::SIGABRT, false, true),
            (consts::SIGSEGV, false, true),
            (consts::SIGBUS, false, true),
            (consts::SIGKILL, true, true),
            (consts::SIGKILL, false, false),
            (consts::SIGTERM, false, false),
            (consts::SIGINT, false, false),
            (consts::SIGHUP, true, false),
            (101 << 8, false, true),
            (0, false, false),
        ] {
            let end = ended_by(ExitStatus::from_raw(status), for_memory);
            assert_eq!(matches!(end, End::Died(_)), counts, "status {status}");
        }
    }
}
