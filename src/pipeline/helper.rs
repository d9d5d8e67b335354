//! A film examined in a process of its own: what the two processes say to each other, and the child's part.
//!
//! ```text
//! child: {"model": ...}   parent: {"length": n, "gates": ...} and n bytes, the file   child: the answer
//! ```
//! Each message is one line of JSON. The child opens no file but the model's.

use std::{
    ffi::OsString,
    io::{self, BufRead, Read, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Admitted, Examined, examine};
use crate::{
    model::{Distance, Findings, Heatmap, Model, ModelError, Parallelism},
    quality::{Gates, Held, Warning},
};
use cxr_film::Header;

/// No message is longer; a heatmap of a hundred labels takes some 50 kB.
const LONGEST_MESSAGE: u64 = 64 << 20;

/// How the child is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The process ends when so many trials in a row have come to nothing; none: they go on for ever.
    pub trials: Option<u32>,
}

/// The child is ready.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    /// SHA-256 of the model's weights, hex.
    pub(super) model: String,
}

/// A film to be examined: so many bytes come behind it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) length: u64,
    pub(super) gates: Gates,
}

/// The outcome of the film.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) header: Header,
    pub(super) decoded: bool,
    pub(super) verdict: Result<Scores, Held>,
}

/// A film that went through the model.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Scores {
    pub(super) warnings: Vec<Warning>,
    probabilities: Vec<f32>,
    /// In its stored form.
    heatmap: Vec<u8>,
    features: Vec<f32>,
    distance: Option<Distance>,
}

impl Scores {
    /// The findings, and what is to be said beside them; none if the heatmap is damaged.
    pub(super) fn findings(self) -> Option<(Findings, Vec<Warning>)> {
        let Self { warnings, probabilities, heatmap, features, distance } = self;
        let heatmap = Heatmap::from_bytes(&heatmap)?;
        Some((Findings { probabilities, heatmap, features, distance }, warnings))
    }
}

/// The child's whole work: one film from `input`, its answer to `output`. When the parent goes meanwhile, so does the
/// child: `orphaned` is called on a thread of its own, and is not expected to come back.
///
/// # Errors
/// If the parent does not say what is to be examined, or does not take the answer.
pub fn examine_one(
    model: &Model,
    mut input: impl BufRead + Send + 'static,
    mut output: impl Write,
    orphaned: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    write_message(&mut output, &Ready { model: model.sha256().to_owned() })?;
    let Task { length, gates } = read_message(&mut input)?;
    let mut content = Vec::new();
    if (&mut input).take(length).read_to_end(&mut content)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || {
        // Nothing more comes: a read ends when the other end has gone.
        let _ = input.read(&mut [0]);
        orphaned();
    })?;
    write_message(&mut output, &answer(model, content, &gates))
}

fn answer(model: &Model, content: Vec<u8>, gates: &Gates) -> Answer {
    let Examined { header, decoded, verdict } = examine(content, model, gates);
    let scores = verdict.and_then(|Admitted { input, warnings }| {
        let outcome = model.infer_each(&[input], Parallelism::AllThreads).pop();
        let findings = outcome.unwrap_or_else(|| Err(ModelError::broke_down()));
        let Findings { probabilities, heatmap, features, distance } =
            findings.map_err(|error| super::failed(&error))?;
        Ok(Scores { warnings, probabilities, heatmap: heatmap.to_bytes(), features, distance })
    });
    Answer { header, decoded, verdict: scores }
}

/// Writes a message.
pub(super) fn write_message(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, message)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// Reads a message.
pub(super) fn read_message<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<T> {
    let mut line = String::new();
    input.take(LONGEST_MESSAGE).read_line(&mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}
