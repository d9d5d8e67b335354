//! Programs of the site's list, with the arguments that the site fixed; the study goes in as JSON.

use std::{
    convert::Infallible,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, bounded};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value as Json, json};

use super::{
    LAST, Policy,
    attempt::{Attempt, Failure},
    notes::Notes,
};
use crate::{store::Delivery, supervise::is_closed, text::shown};

/// How often a program is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// Bytes that are kept of what one run says on its standard error.
const MOST_SAID: u64 = 16 << 10;
/// How long after its end it is listened to.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs it: no shell, no environment but a path and the delivery's key, at most `limit` long. What it says on its
/// standard error goes to `notes`, for it may name the patient.
pub(super) fn run(
    delivery: &Delivery,
    policy: &Policy,
    limit: Duration,
    notes: &Notes,
    stopped: &Receiver<Infallible>,
) -> Attempt {
    run_until(delivery, policy, limit, notes, stopped).map_err(Failure::from).transpose()
}

fn run_until(
    delivery: &Delivery,
    policy: &Policy,
    limit: Duration,
    notes: &Notes,
    stopped: &Receiver<Infallible>,
) -> Result<Option<Json>, String> {
    let line = policy.programs.get(&delivery.target);
    let (program, arguments) = line
        .and_then(|line| line.split_first())
        .ok_or_else(|| "the configuration no longer allows the program".to_owned())?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("CXR_IDEMPOTENCY_KEY", &delivery.key)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // So that what it starts can be ended with it; a key pressed at the terminal is not for it either.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let input = child.stdin.take();
    let content = delivery.content.clone();
    // A program need not read what it is given, and may leave another one behind that holds on to the pipes: nobody
    // waits for these threads, which end when the last of them has.
    thread::spawn(move || input.map(|mut input| input.write_all(content.as_bytes())));
    let errors = child.stderr.take();
    let (noted, end_of_notes) = bounded(1);
    let (notes_of_run, heading) = (notes.clone(), format!("{program} {}", delivery.key));
    thread::spawn(move || {
        let mut errors = errors?;
        let mut text = Vec::new();
        let _ = errors.by_ref().take(MOST_SAID).read_to_end(&mut text);
        let _ = noted.send(notes_of_run.add(&heading, &text));
        // The rest is read and dropped, so that the program is not held up.
        io::copy(&mut errors, &mut io::sink()).ok()
    });
    let Some(status) = wait(&mut child, limit, stopped)? else { return Ok(None) };
    if status.success() {
        return Ok(Some(json!({ "program": program })));
    }
    let place = match end_of_notes.recv_timeout(LAST_WORDS) {
        Ok(Ok(true)) => format!("; what it said is in {}", shown(notes.path())),
        Ok(Err(error)) => format!("; what it said could not be written to {}: {error}", shown(notes.path())),
        Ok(Ok(false)) | Err(_) => String::new(),
    };
    Err(format!("{program} ended with {status}{place}"))
}

/// Ends a program that has not ended, and all that it has started and that is still in its group.
fn end(child: &mut Child) {
    // Until it is waited for, nothing else can have its number.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Returns how it ended; none if it was stopped because everything stops.
fn wait(
    child: &mut Child,
    limit: Duration,
    stopped: &Receiver<Infallible>,
) -> Result<Option<ExitStatus>, String> {
    let mut until = Instant::now() + limit;
    let mut is_last = false;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(Some(status)),
            Ok(None) if Instant::now() < until => thread::sleep(GLANCE),
            Ok(None) => {
                end(child);
                let message = format!("it took longer than {} s and was stopped", limit.as_secs());
                return if is_last { Ok(None) } else { Err(message) };
            }
            Err(error) => return Err(format!("its end cannot be seen: {error}")),
        }
        if !is_last && is_closed(stopped) && until > Instant::now() + LAST {
            (until, is_last) = (Instant::now() + LAST, true);
        }
    }
}
