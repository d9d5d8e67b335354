//! `weights pull`.

use std::{fs, io::Write, path::Path, sync::atomic::Ordering};

use super::{
    super::{
        CommandError,
        output::{progress_of_bytes, stderr, stdout},
        setup::Setup,
        signals,
    },
    import::tell,
};
use crate::{
    model::{Import, Manifest, PartFile, Pull, Source, preset},
    pipeline::shown,
};

/// Runs `weights pull`.
pub(super) fn run(setup: &Setup, name: &str) -> Result<(), CommandError> {
    let text = preset(name)?;
    let place = format!("preset {name}");
    let manifest = Manifest::draft(text, &place)?;
    let Some(published) = &manifest.published else {
        return Err(CommandError::usage(format!(
            "nobody publishes the weights of {name}: bring the file, and run `cxr-triage weights import FILE \
             --preset {name}`"
        )));
    };
    let library = setup.new_models()?;
    let model = library.join(name);
    let file = published.url.rsplit('/').next().unwrap_or(name);
    if is_here(&model, file, published.sha256.as_deref()) {
        let known = if published.sha256.is_some() { ", as published" } else { "" };
        writeln!(
            stdout(),
            "the model {name} is here already{known}: {}; to fetch it once more, remove that folder",
            shown(&model)
        )?;
        return Ok(());
    }
    let url = match &setup.config().weights.mirror {
        Some(mirror) => format!("{}/{file}", mirror.trim_end_matches('/')),
        None => published.url.clone(),
    };
    // The point keeps the library from taking it for a model.
    let folder = library.join(format!(".{name}.pull"));
    let whole = folder.join(file);
    let part = folder.join(format!("{file}.part"));
    let interrupted = signals::interrupted()?;
    let bar = progress_of_bytes(published.bytes.unwrap_or(0));
    let mut begun = false;
    if published.sha256.is_none() {
        writeln!(
            stderr(),
            "note: nobody published a hash of the file of {name}: nothing can say that what comes is what its authors \
             made"
        )?;
    }
    let pull = Pull { url: &url, bytes: published.bytes, sha256: published.sha256.as_deref(), preset: name };
    pull.run(&mut PartFile::at(part.clone()), &mut |now| {
        if let Some(total) = now.total {
            bar.set_length(total);
        }
        bar.set_position(now.have);
        if !begun {
            // What an earlier run brought says nothing of this one's speed.
            bar.reset_eta();
            begun = true;
        }
        !interrupted.load(Ordering::Relaxed)
    })?;
    bar.finish_and_clear();
    fs::rename(&part, &whole)
        .map_err(|error| CommandError::failed(format!("cannot name {}: {error}", shown(&whole))))?;
    let import = Import { file: &whole, manifest: text, place: &place, name: None, library: &library };
    let summary = import.run().inspect_err(|_| {
        // A file that is known to be right need not come again; another one must not be taken up.
        let _ = match published.sha256 {
            Some(_) => fs::rename(&whole, &part),
            None => fs::remove_dir_all(&folder),
        };
    })?;
    // The import holds all of it; what is left would only take room.
    let _ = fs::remove_dir_all(&folder);
    tell(setup, &summary)
}

/// Whether an import made it of the published file; where no hash is published, of a file with its name.
fn is_here(model: &Path, file: &str, published: Option<&str>) -> bool {
    let manifest = Source::Folder(model.to_owned()).manifest();
    let imported = manifest.ok().and_then(|manifest| manifest.imported);
    imported.is_some_and(|imported| match published {
        Some(sha256) => imported.sha256 == sha256,
        None => imported.file == file,
    })
}
