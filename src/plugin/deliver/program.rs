//! Programs of the site's list, with the arguments that the site fixed; the study goes in as JSON.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use super::super::Policy;
use crate::store::Delivery;

/// How often a program is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// What is kept of what it complains about.
const COMPLAINT: u64 = 300;

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
    // A program need not read what it is given: then this thread ends when the program does.
    let feed = thread::spawn(move || input.map(|mut input| input.write_all(content.as_bytes())));
    let errors = child.stderr.take();
    let listen = thread::spawn(move || {
        let mut text = String::new();
        let mut errors = errors?;
        let _ = errors.by_ref().take(COMPLAINT).read_to_string(&mut text);
        // The rest is read and dropped, so that the program is not held up.
        let _ = std::io::copy(&mut errors, &mut std::io::sink());
        Some(text)
    });
    let status = wait(&mut child, limit)?;
    let _ = feed.join();
    if status.success() {
        return Ok(json!({ "program": program }));
    }
    let complaint = listen.join().ok().flatten().unwrap_or_default();
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
