//! Films that count, with their truths and their patients, as one model is measured on them.

use super::{inputs::Inputs, kept::Record};
use crate::{
    commands::{CommandError, cli::EvaluateArgs, labelled::patient},
    evaluate::{
        self, Case, LabelInfo, Prevalence, Published, Whose,
        labels::{Blank, Uncertain, canonical, nearest},
    },
    model::{Label, Manifest},
    study::{LabelRule, Rules},
};

/// How -1 and empty cells count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting {
    pub(super) uncertain: Uncertain,
    pub(super) blank: Blank,
}

impl Counting {
    pub(super) fn of(args: &EvaluateArgs) -> Self {
        Self { uncertain: args.uncertain.into(), blank: args.blank.into() }
    }

    pub(super) fn says_of_uncertain(self) -> &'static str {
        match self.uncertain {
            Uncertain::Ignore => "-1 does not count",
            Uncertain::Positive => "-1 counts as present",
            Uncertain::Negative => "-1 counts as absent",
        }
    }

    pub(super) fn says_of_blank(self) -> &'static str {
        match self.blank {
            Blank::Ignore => "an empty cell does not count",
            Blank::Negative => "an empty cell counts as absent",
        }
    }
}

/// Names the patient of each film: as the label file says, else the film's header, else nobody's.
pub(super) fn whose(inputs: &Inputs, films: &[(usize, &Record)]) -> Vec<Whose> {
    let patient = |(n, record): &(usize, &Record)| patient(&inputs.joined[*n].1, record.patient.as_deref());
    evaluate::whose(films.iter().map(patient))
}

/// The films that count, with their truths in the order of a model's labels.
pub(super) fn cases<'a>(
    inputs: &Inputs,
    labels: &[Label],
    films: &[(usize, &'a Record)],
    whose: &[Whose],
    counting: Counting,
) -> Vec<Case<'a>> {
    let findings: Vec<&str> = inputs.findings.iter().map(String::as_str).collect();
    let place = |label: &Label| {
        let name = canonical(&label.name, &findings)?;
        findings.iter().position(|finding| *finding == name)
    };
    let places: Vec<Option<usize>> = labels.iter().map(place).collect();
    let case = |((n, record), whose): (&(usize, &'a Record), &Whose)| {
        let truths = &inputs.joined[*n].1.truths;
        let truth =
            |place: &Option<usize>| truths.get((*place)?)?.counted(counting.uncertain, counting.blank);
        Case {
            probabilities: record.probabilities.as_deref().unwrap_or_default(),
            truths: places.iter().map(truth).collect(),
            whose: *whose,
        }
    };
    films.iter().zip(whose).map(case).collect()
}

/// Collects the facts about a model's labels that are known before anything is measured.
pub(super) fn infos(manifest: &Manifest, rules: &Rules, prevalences: &[Prevalence]) -> Vec<LabelInfo> {
    let names: Vec<&str> = manifest.labels.iter().map(|label| label.name.as_str()).collect();
    let prevalence = |label: &Label| {
        let is_said = |said: &&Prevalence| {
            let said = said.label.as_deref().and_then(|said| canonical(said, &names));
            said == Some(label.name.as_str())
        };
        let of_all = || prevalences.iter().find(|said| said.label.is_none());
        prevalences.iter().find(is_said).or_else(of_all).map(|said| said.share)
    };
    let info = |(label, rule): (&Label, &LabelRule)| LabelInfo {
        name: label.name.clone(),
        alert: rule.alert,
        critical: rule.critical,
        validated: rule.validated,
        rank: rule.rank,
        published: label.evaluation.map(|known| Published {
            auc: known.auc,
            interval: known.interval,
            positives: known.positives,
            films: known.films,
        }),
        prevalence: prevalence(label),
    };
    manifest.labels.iter().zip(&rules.labels).map(info).collect()
}

/// Refuses a prevalence of a label that the model does not have.
pub(super) fn check_prevalences(prevalences: &[Prevalence], known: &[&str]) -> Result<(), CommandError> {
    let mut named = prevalences.iter().filter_map(|said| said.label.as_deref());
    let Some(name) = named.find(|name| canonical(name, known).is_none()) else { return Ok(()) };
    let near = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(CommandError::usage(format!("--prevalence: the model has no label `{name}`{near}")))
}
