//! The log: a file alone, for the terminal belongs to the dashboard.

use std::{
    fs::File,
    io::{self, Write},
    sync::Arc,
};

use super::Failure;
use crate::{
    config::Log,
    private_file,
    text::{Writer, shown},
};

/// Starts it where the site wants one. Its owner alone can read it, and no patient's name is in it.
pub(super) fn start(config: &Log) -> Result<(), Failure> {
    let Some(path) = &config.file else { return Ok(()) };
    let file = private_file::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| Failure::usage(format!("cannot write the log {}: {error}", shown(path))))?;
    let file = Arc::new(file);
    let filter = tracing_subscriber::EnvFilter::new(format!("cxr_triage={}", config.level.word()));
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(move || Entries(Writer::new(Arc::clone(&file))));
    log.try_init().map_err(|error| Failure::failed(format!("cannot start the log: {error}")))
}

/// Writes each entry as one clean line.
struct Entries(Writer<Arc<File>>);

impl Write for Entries {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        write!(self.0, "{}", String::from_utf8_lossy(entry)).map(|()| entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
