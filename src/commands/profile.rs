//! `weights profile`: what a model's training films look like, so that it can say what is not like them.

use std::{
    io::{self, Write},
    path::Path,
    sync::atomic::Ordering,
};

use super::{Failure, output::progress, scan::films_under, setup::Setup, signals};
use crate::{
    film,
    model::{Input, Model, Profile, Source},
    pipeline::read,
    quality::{self, Gates},
};

/// Films in one forward pass.
const BATCH: usize = 4;

/// Runs `weights profile`.
pub(super) fn run(setup: &Setup, name: &str, films: &Path) -> Result<(), Failure> {
    let source = setup.library().find(Some(name))?;
    let Source::Folder(folder) = &source else {
        return Err(Failure::usage(format!(
            "the model {name} lies in the program itself, where nothing can be written: name a folder that \
             holds a copy of it with --weights"
        )));
    };
    let model = setup.load_without_profile(&source)?;
    let interrupted = signals::interrupted()?;
    let mut faults = Vec::new();
    let files = films_under(&[films.to_owned()], &setup.config().inbox.ignore, &mut faults);
    if let Some(fault) = faults.first() {
        return Err(Failure::failed(format!("could not be read: {fault}")));
    }

    let bar = progress(files.len() as u64, "films");
    let mut signatures = Vec::with_capacity(files.len());
    for batch in files.chunks(BATCH) {
        if interrupted.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let inputs: Vec<Input> = batch.iter().filter_map(|path| input(path, &model)).collect();
        signatures.extend(model.signatures(&inputs)?);
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();

    let fitted = Profile::fit(&signatures, model.sha256())?;
    fitted.save(folder)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "profile of {name}: {} films, and {} others for the cut-off, {:.3}; {} files left out",
        fitted.films,
        fitted.aside,
        fitted.cut_off,
        files.len() - signatures.len()
    )?;
    Ok(())
}

/// What the model takes of a file; none if it is no film that it would score.
fn input(path: &Path, model: &Model) -> Option<Input> {
    let bytes = read(path).ok()?;
    let film = film::decode(&bytes.content).ok()?;
    quality::inspect(&film, &Gates::default()).ok()?;
    model.prepare(&film).ok()
}
