//! `weights import`.

use std::{io::Write, path::Path};

use super::super::{CommandError, cli::ImportArgs, output::stdout, setup::Setup};
use crate::{
    files::{self, Expected},
    model::{Import, OldProfile, Summary, preset},
    pipeline::shown,
};

/// Runs `weights import`.
pub(super) fn run(setup: &Setup, args: &ImportArgs) -> Result<(), CommandError> {
    let own = args.manifest.as_deref().map(read).transpose()?;
    let (manifest, place) = match (&own, &args.preset, &args.manifest) {
        (Some(text), _, Some(path)) => (text.as_str(), shown(path)),
        (_, Some(name), _) => (preset(name)?, format!("preset {name}")),
        _ => return Err(CommandError::usage("say what the file is: --preset NAME or --manifest FILE")),
    };
    let summary = Import {
        file: &args.file,
        manifest,
        place: &place,
        name: args.name.as_deref(),
        library: &setup.new_models()?,
    }
    .run()?;
    tell(setup, &summary)
}

/// Says what was imported, what it is, and what to do with it.
pub(super) fn tell(setup: &Setup, summary: &Summary) -> Result<(), CommandError> {
    let Summary { name, folder, format, sha256, published, tensors, values, profile, validated } = summary;
    let mut out = stdout();
    writeln!(out, "model {name}: {tensors} tensors, {values} values, from {format}")?;
    writeln!(out, "  lies in   {}", shown(folder))?;
    writeln!(out, "  the file  sha256 {sha256}")?;
    let origin = match published {
        Some(true) => "it is the file that its authors published",
        Some(false) => "it is NOT the file that its authors published: published results do not hold for it",
        None => {
            "no hash of the authors' file is known here, so it was not compared: nothing says that it is theirs; compare \
             the hash above with one that you trust"
        }
    };
    writeln!(out, "            {origin}")?;
    match profile {
        OldProfile::None => {}
        OldProfile::Kept => {
            writeln!(out, "  profile   of its training films: kept, the weights are the same")?;
        }
        OldProfile::Dropped(why) => {
            writeln!(
                out,
                "  profile   of its training films: dropped, {why}; films unlike them are not held until \
                 `cxr-triage weights profile {name} --films DIR` makes a new one"
            )?;
        }
    }
    if validated.1 == 0 {
        writeln!(
            out,
            "  finds     similar films, and names nothing: `embedder = \"{name}\"` under [similar] uses it"
        )?;
    } else if let (0, labels) = validated {
        writeln!(
            out,
            "  ranks     nothing yet: none of its {labels} labels is validated, so they are shown dimmed; measure \
             them with `cxr-triage evaluate`, then set `rank = true` under [thresholds.{name}.LABEL]"
        )?;
    }
    if let Some(shadowed) = setup.shadowed(name, folder) {
        writeln!(out, "  {shadowed}")?;
    }
    let score = if validated.1 > 0 { format!(", score with `--model {name}`") } else { String::new() };
    writeln!(out, "check it with `cxr-triage weights verify {name}`{score}")?;
    Ok(())
}

fn read(path: &Path) -> Result<String, CommandError> {
    files::read_text(path, Expected::TEXT)
        .map_err(|error| CommandError::usage(format!("cannot read {}: {error}", shown(path))))
}
