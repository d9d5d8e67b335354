//! Programs of the site's list, with the arguments that the site fixed; the study goes in as JSON.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;
use serde_json::{Value as Json, json};

use super::super::Policy;
use crate::store::Delivery;

/// How often a program is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// What is kept of what it complains about.
const COMPLAINT: u64 = 300;
/// How long after its end it is listened to.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs it: no shell, no environment but a path and the delivery's key, at most `limit` long.
pub(super) fn run(delivery: &Delivery, policy: &Policy, limit: Duration) -> Result<Json, String> {
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
    let (said, complaint) = bounded(1);
    thread::spawn(move || {
        let mut errors = errors?;
        let mut text = String::new();
        let _ = errors.by_ref().take(COMPLAINT).read_to_string(&mut text);
        let _ = said.send(text);
        // The rest is read and dropped, so that the program is not held up.
        std::io::copy(&mut errors, &mut std::io::sink()).ok()
    });
    let status = wait(&mut child, limit)?;
    if status.success() {
        return Ok(json!({ "program": program }));
    }
    let complaint = complaint.recv_timeout(LAST_WORDS).unwrap_or_default();
    Err(format!("{program} ended with {status}: {}", crate::text::clean(&complaint)))
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
