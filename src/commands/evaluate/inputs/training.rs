//! Films that the model was trained on: figures that are too good to be true come from these, and thresholds that
//! promise too much.

use std::{collections::BTreeSet, path::PathBuf};

use super::Inputs;
use crate::{
    commands::{CommandError, labelled::NAMED},
    evaluate::labels::Row,
    model::{self, Manifest},
};

/// The facts by which it is known whether a model was trained on a film.
pub(in crate::commands::evaluate) struct Training<'a> {
    pub(in crate::commands::evaluate) manifest: &'a Manifest,
    /// SHA-256 of the label file, hex.
    pub(in crate::commands::evaluate) labels_sha256: &'a str,
}

impl Training<'_> {
    /// Whether films are of training: by their split's name, or because the model says so of this file.
    fn has(&self, split: Option<&str>) -> bool {
        model::Training::has(self.manifest.training.as_ref(), self.labels_sha256, split)
    }

    pub(in crate::commands::evaluate) fn count(&self, films: &[(PathBuf, Row)]) -> usize {
        films.iter().filter(|(_, row)| self.has(row.split.as_deref())).count()
    }

    /// The sentence about films that the model was trained on. `split`: the one that was asked for.
    pub(in crate::commands::evaluate) fn note(
        &self,
        split: Option<&str>,
        films: &[(PathBuf, Row)],
    ) -> Option<String> {
        let count = self.count(films);
        let splits = films.iter().filter_map(|(_, row)| row.split.as_deref());
        let others: BTreeSet<&str> = splits.filter(|split| !self.has(Some(split))).collect();
        let others: Vec<String> =
            others.into_iter().take(NAMED).map(|name| format!("--split {name}")).collect();
        let advice = match others.join(" or ") {
            others if split.is_none() && !others.is_empty() => format!("; {others} leaves them out"),
            _ => String::new(),
        };
        (count > 0).then(|| {
            format!(
                "{count} of the films are of a training split: a model that was trained on them looks better here than \
                 it is{advice}"
            )
        })
    }
}

/// Refuses to write thresholds that would be chosen on films of training.
pub(in crate::commands::evaluate) fn refuse(inputs: &Inputs) -> Result<(), CommandError> {
    if inputs.training == 0 {
        return Ok(());
    }
    Err(CommandError::failed(format!(
        "{} of the films are of a training split: thresholds chosen on films that the model has seen promise more than \
         they keep, so none are written. Choose other films with --split, or propose without --write",
        inputs.training
    )))
}
