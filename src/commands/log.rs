//! The log: a file alone, for the terminal belongs to the dashboard.

use std::io::{self, Write};

use super::{
    CommandError,
    log_file::{LogFile, MOST},
};
use crate::{
    config::Log,
    files,
    text::{Writer, shown},
};

/// How our logs begin: with the time, of this century.
const BEGINNING: &[u8] = b"20";

/// Starts it where the site wants one. Its owner alone can read it, and no patient's name is in it.
pub(super) fn start(config: &Log) -> Result<(), CommandError> {
    let Some(path) = &config.file else { return Ok(()) };
    let cannot =
        |error: io::Error| CommandError::usage(format!("cannot write the log {}: {error}", shown(path)));
    // Nothing is added to a file that was named by mistake. A device, or a pipe that somebody reads, may be meant.
    if path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        files::check_place(path, &[BEGINNING]).map_err(cannot)?;
    }
    let file = LogFile::open(path, MOST).map_err(cannot)?;
    let filter = tracing_subscriber::EnvFilter::new(format!("cxr_triage={}", config.level.word()));
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(move || Entries(Writer::new(file.clone())));
    log.try_init().map_err(|error| CommandError::failed(format!("cannot start the log: {error}")))
}

/// Writes each entry as one clean line.
struct Entries(Writer<LogFile>);

impl Write for Entries {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        write!(self.0, "{}", String::from_utf8_lossy(entry)).map(|()| entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
