//! The report on a new model, for people.

use std::{io::Write, path::Path};

use super::{films::Films, learn::Learned};
use crate::{
    commands::{
        CommandError,
        output::{Lean, stdout, table},
        setup::Setup,
    },
    model::{Manifest, NewProfile},
    pipeline::shown,
};

/// Says what was trained, what it is worth, and what to do with it.
pub(super) fn tell(
    setup: &Setup,
    folder: &Path,
    manifest: &Manifest,
    films: &Films,
    learned: &Learned,
    profile: NewProfile,
) -> Result<(), CommandError> {
    let mut out = stdout();
    let name = &manifest.name;
    let Learned { films: count, patients, division, .. } = learned;
    writeln!(out, "model {name}: trained on {count} films of {patients} patients, {division}\n")?;
    for note in &films.notes {
        writeln!(out, "note: {note}")?;
    }
    if !films.notes.is_empty() {
        writeln!(out)?;
    }
    labels(&mut out, manifest, learned)?;
    writeln!(out, "\nAUCs and thresholds: {}", learned.evaluated.films)?;
    match profile {
        NewProfile::Own { films, aside, caught } => writeln!(
            out,
            "profile: {films} films, and {aside} others for the cut-offs; {caught} of these are held when turned or cut"
        )?,
        NewProfile::Inherited => {
            writeln!(
                out,
                "profile: the films are too few for one, so that of the model to begin with stays"
            )?;
        }
        NewProfile::None => {
            writeln!(out, "profile: none, the films are too few for one: films unlike them are not held")?;
        }
    }
    let validated = manifest.labels.iter().filter(|label| label.validated).count();
    writeln!(
        out,
        "ranks: {validated} of {} labels; the others are shown dimmed until you set `rank = true` under \
         [thresholds.{name}.LABEL]",
        manifest.labels.len()
    )?;
    writeln!(out, "lies in {}", shown(folder))?;
    if let Some(shadowed) = setup.shadowed(name, folder) {
        writeln!(out, "{shadowed}")?;
    }
    writeln!(
        out,
        "score with `--model {name}`; compare on films of other patients with `cxr-triage evaluate --compare {name}`"
    )?;
    out.flush()?;
    Ok(())
}

fn labels(out: &mut impl Write, manifest: &Manifest, learned: &Learned) -> std::io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("WITH", Lean::Right),
        ("WITHOUT", Lean::Right),
        ("PENALTY", Lean::Right),
        ("AUC [95 %]", Lean::Left),
        ("ALERT", Lean::Right),
        ("CRITICAL", Lean::Right),
        ("RANKS", Lean::Left),
        ("", Lean::Left),
    ];
    let rows: Vec<Vec<String>> = manifest
        .labels
        .iter()
        .enumerate()
        .map(|(n, label)| {
            let [with, without] = learned.counts[n];
            let auc = label.evaluation.map_or("-".to_owned(), |known| {
                let interval = known.interval.map(|[low, high]| format!(" [{low:.3}, {high:.3}]"));
                format!("{:.3}{}", known.auc, interval.unwrap_or_default())
            });
            let otherwise = learned.outcomes[n].chosen_otherwise.as_ref();
            vec![
                label.name.clone(),
                with.to_string(),
                without.to_string(),
                learned.fitted.strengths[n].to_string(),
                auc,
                format!("{:.4}", label.alert),
                label.critical.map_or("-".to_owned(), |critical| format!("{critical:.4}")),
                if label.validated { "yes" } else { "no" }.to_owned(),
                otherwise.map(|how| format!("threshold {how}")).unwrap_or_default(),
            ]
        })
        .collect();
    writeln!(out, "WITH, WITHOUT: patients trained on")?;
    table(out, &columns, &rows)
}
