//! `--compare`: another model on the films that both score.

use std::collections::HashMap;

use super::{
    super::{
        cases::{Counting, cases, infos, whose},
        kept::Record,
        score::Outcome,
    },
    Evaluated, model_info,
};
use crate::{
    evaluate::{Comparison, Scores, compare},
    model::Model,
    study::Rules,
};

/// The other model with what came of the films, in the order of `Inputs::joined`.
pub(in crate::commands::evaluate) struct Other<'a> {
    pub(in crate::commands::evaluate) model: &'a Model,
    pub(in crate::commands::evaluate) rules: &'a Rules,
    pub(in crate::commands::evaluate) outcomes: &'a [Outcome],
}

impl Other<'_> {
    /// Compares it with the model that is evaluated, on the films that count for both.
    pub(in crate::commands::evaluate) fn against(&self, evaluated: &Evaluated<'_>) -> Comparison {
        let held_too = evaluated.args.score_held;
        let scored: HashMap<usize, &Record> = self
            .outcomes
            .iter()
            .enumerate()
            .filter_map(|(n, outcome)| Some((n, outcome.as_ref().ok()?)))
            .filter(|(_, record)| record.counts(held_too))
            .collect();
        let counted = &evaluated.films.counted;
        let films: Vec<(usize, &Record, &Record)> =
            counted.iter().filter_map(|&(n, record)| Some((n, record, *scored.get(&n)?))).collect();
        let of_first: Vec<(usize, &Record)> = films.iter().map(|&(n, record, _)| (n, record)).collect();
        let of_second: Vec<(usize, &Record)> = films.iter().map(|&(n, _, record)| (n, record)).collect();
        let whose = whose(evaluated.inputs, &of_first);
        let counting = Counting::of(evaluated.args);
        let prevalences = &evaluated.args.prevalence;
        let (first, second) = (evaluated.model.manifest(), self.model.manifest());
        let first_labels = infos(first, evaluated.rules, prevalences);
        let second_labels = infos(second, self.rules, prevalences);
        let first_cases = cases(evaluated.inputs, &first.labels, &of_first, &whose, counting);
        let second_cases = cases(evaluated.inputs, &second.labels, &of_second, &whose, counting);
        compare(
            model_info(self.model),
            Scores { labels: &first_labels, cases: &first_cases },
            Scores { labels: &second_labels, cases: &second_cases },
            counted.len() - films.len(),
        )
    }
}
