//! Programs of the site's list, with the arguments that the site fixed; the study goes in as JSON.

use std::{
    io::{self, Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;
use serde_json::{Value as Json, json};

use super::{super::Policy, notes::Notes};
use crate::{store::Delivery, text::shown};

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
) -> Result<Json, String> {
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
    let status = wait(&mut child, limit)?;
    if status.success() {
        return Ok(json!({ "program": program }));
    }
    let place = match end_of_notes.recv_timeout(LAST_WORDS) {
        Ok(Ok(true)) => format!("; what it said is in {}", shown(notes.path())),
        Ok(Err(error)) => format!("; what it said could not be written to {}: {error}", shown(notes.path())),
        Ok(Ok(false)) | Err(_) => String::new(),
    };
    Err(format!("{program} ended with {status}{place}"))
}

fn wait(child: &mut Child, limit: Duration) -> Result<std::process::ExitStatus, String> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if started.elapsed() < limit => thread::sleep(GLANCE),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it took longer than {} s and was stopped", limit.as_secs()));
            }
            Err(error) => return Err(format!("its end cannot be seen: {error}")),
        }
    }
}
