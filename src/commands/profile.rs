//! `weights profile`: what a model's training films look like, so that it can say what is not like them.

use std::{io::Write, path::Path, sync::atomic::Ordering};

use super::{
    CommandError,
    output::{progress, stdout},
    scan::films_under,
    setup::Setup,
    signals,
    unread::UnreadFiles,
};
use crate::{
    guard::guarded,
    model::{Fitted, Input, Limits, Model, Profile, Sample, Source, turned},
    pipeline::read,
    quality::{self, Gates},
};

/// Films in one forward pass.
const BATCH: usize = 4;

/// Runs `weights profile`.
pub(super) fn run(setup: &Setup, name: &str, films: &Path) -> Result<(), CommandError> {
    let source = setup.library().find(Some(name))?;
    let Source::Folder(folder) = &source else {
        return Err(CommandError::usage(format!(
            "the model {name} lies in the program itself, where nothing can be written: name a folder that \
             holds a copy of it with --weights"
        )));
    };
    let model = setup.load_without_profile(&source)?;
    let interrupted = signals::interrupted()?;
    let named = [films.to_owned()];
    let mut faults = UnreadFiles::new(&named);
    let files = films_under(&named, &setup.config().inbox.ignore, &mut faults).files;
    faults.end()?;

    let bar = progress(files.len() as u64, "films");
    let mut samples = Vec::with_capacity(files.len());
    for (nth, batch) in files.chunks(BATCH).enumerate() {
        if interrupted.load(Ordering::Relaxed) {
            return Err(CommandError::Interrupted);
        }
        // Another way for each batch: the films that a profile is made of and those that it sets aside
        // alternate within one, and both are to have every way.
        let inputs: Vec<Input> = batch
            .iter()
            .filter_map(|path| guarded(|| inputs(path, &model, nth)).flatten())
            .flatten()
            .collect();
        let mut signatures = model.signatures(&inputs)?.into_iter();
        while let (Some(upright), Some(misplaced)) = (signatures.next(), signatures.next()) {
            samples.push(Sample { upright, misplaced });
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();

    let fitted = Profile::fit(&samples, model.sha256())?;
    fitted.save(folder)?;
    let Limits { cut_off, turned_cut_off } = fitted.limits;
    let Fitted { films, aside, caught, .. } = fitted;
    let left_out = files.len() - samples.len();
    let mut out = stdout();
    writeln!(
        out,
        "profile of {name}: {films} films, and {aside} others for the cut-offs, {cut_off:.3} and \
         {turned_cut_off:.3}; {caught} of these are held when turned or cut; {left_out} files left out"
    )?;
    Ok(())
}

/// Prepares a film and the same film misplaced for the model; none if it is no film that it would score.
fn inputs(path: &Path, model: &Model, nth: usize) -> Option<[Input; 2]> {
    let bytes = read(path).ok()?;
    let film = cxr_film::decode(&bytes.content).ok()?;
    quality::inspect(&film, &Gates::default()).ok()?;
    Some([model.prepare(&film).ok()?, model.prepare(&turned(&film, nth)).ok()?])
}
