//! `watch --plain`: the dashboard as lines on standard output, commands from standard input.

use std::{
    io::{self, BufRead, Write},
    thread,
};

use crossbeam_channel::{Receiver, bounded, never, select};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    CommandError,
    output::stdout,
    signals::{Stop, stops},
};
use crate::{
    dashboard::{Plain, Reconfigure, Site},
    session::protocol::{Feed, Update},
};

/// Shows the feed until the person leaves or a signal asks to. Without anybody to type (standard input at
/// its end) it goes on telling.
pub(super) fn run(feed: &Feed, site: &Site, mut settings: Receiver<Reconfigure>) -> Result<(), CommandError> {
    let stops = stops()?;
    let mut typed = typed_lines()?;
    let mut plain = Plain::new(TimeZone::system(), site);
    let mut out = stdout();
    loop {
        select! {
            recv(feed.updates) -> update => {
                let update = match update {
                    Ok(Update::Ended(why)) => return Err(CommandError::failed(why)),
                    Ok(update) => update,
                    Err(_) => return Err(CommandError::failed("the pipeline has stopped; start again")),
                };
                say(&mut out, &plain.take(update, Timestamp::now()))?;
            }
            recv(settings) -> setting => match setting {
                Ok(setting) => plain.set(setting),
                Err(_) => settings = never(),
            },
            recv(typed) -> line => {
                let Ok(line) = line else {
                    typed = never();
                    continue;
                };
                let reply = plain.command(&line, Timestamp::now());
                say(&mut out, &reply.lines)?;
                for request in reply.requests {
                    let _ = feed.requests.send(request);
                }
                if reply.quits {
                    return Ok(());
                }
            }
            recv(stops) -> stop => return match stop {
                Ok(Stop::Interrupted) => Err(CommandError::Interrupted),
                _ => Ok(()),
            },
        }
    }
}

fn say(out: &mut impl Write, lines: &[String]) -> io::Result<()> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// The thread ends with the process: it waits in a read that nothing can interrupt.
fn typed_lines() -> Result<Receiver<String>, CommandError> {
    let (send, typed) = bounded(16);
    thread::Builder::new().name("lines".to_owned()).spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(typed)
}
