//! Films of patients: figures of which several films of one patient are one witness.

use super::{
    AtThreshold, Ranked, Share,
    threshold::{wilson, wilson_of},
};

/// A film that counts for a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Its score.
    pub score: f64,
    /// Whether the finding is there.
    pub positive: bool,
    /// The number of its patient, from 0.
    pub cluster: usize,
}

/// The films of one label, the highest score first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clustered {
    films: Vec<Scored>,
}

/// The figures of a set of films, each film counted as often as its patient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counted {
    /// Twice the pairs of a film with and a film without the finding that the scores put in order, ties being half.
    pub ordered_twice: u64,
    /// Films with the finding.
    pub positives: u64,
    /// Films without it.
    pub negatives: u64,
    /// The sum over films with the finding of the precision at their scores.
    pub precision: f64,
}

impl Counted {
    /// Pairs of a film with and a film without the finding.
    #[must_use]
    pub fn pairs(&self) -> f64 {
        self.positives as f64 * self.negatives as f64
    }

    /// The area under the ROC curve; NaN with one class only.
    #[must_use]
    pub fn auc(&self) -> f64 {
        self.ordered_twice as f64 / 2.0 / self.pairs()
    }

    /// Average precision; NaN with one class only.
    #[must_use]
    pub fn average_precision(&self) -> f64 {
        if self.negatives == 0 { f64::NAN } else { self.precision / self.positives as f64 }
    }
}

impl Clustered {
    /// Orders films. Those with a score that is no number are left out.
    #[must_use]
    pub fn new(films: impl IntoIterator<Item = Scored>) -> Self {
        let mut films: Vec<Scored> = films.into_iter().filter(|film| !film.score.is_nan()).collect();
        films.sort_by(|a, b| b.score.total_cmp(&a.score));
        Self { films }
    }

    /// The films, the highest score first.
    #[must_use]
    pub fn films(&self) -> &[Scored] {
        &self.films
    }

    /// Returns the films without their patients.
    #[must_use]
    pub fn ranked(&self) -> Ranked {
        Ranked::new(self.films.iter().map(|film| (film.score, film.positive)))
    }

    /// Counts every film `weights[cluster]` times.
    #[must_use]
    pub fn counted(&self, weights: &[u32]) -> Counted {
        self.count(|cluster| u64::from(weights[cluster]))
    }

    /// Counts every film once.
    #[must_use]
    pub fn counted_once(&self) -> Counted {
        self.count(|_| 1)
    }

    fn count(&self, weight: impl Fn(usize) -> u64) -> Counted {
        let mut counted = Counted::default();
        for tie in self.films.chunk_by(|a, b| a.score == b.score) {
            let (mut positives, mut negatives) = (0, 0);
            for film in tie {
                *(if film.positive { &mut positives } else { &mut negatives }) += weight(film.cluster);
            }
            counted.ordered_twice += negatives * (2 * counted.positives + positives);
            counted.positives += positives;
            counted.negatives += negatives;
            if positives > 0 {
                let all = counted.positives + counted.negatives;
                counted.precision += positives as f64 * (counted.positives as f64 / all as f64);
            }
        }
        counted
    }

    /// How many patients have films with the finding, and how many have films without it.
    #[must_use]
    pub fn patients(&self) -> (u64, u64) {
        let count = |positive: bool| {
            let of_kind = self.films.iter().filter(|film| film.positive == positive);
            of_kind.map(|film| film.cluster).collect::<std::collections::BTreeSet<_>>().len() as u64
        };
        (count(true), count(false))
    }

    /// Counts what a threshold gives, as [`Ranked::at`] does, with intervals by patient.
    #[must_use]
    pub fn at(&self, threshold: f64) -> AtThreshold {
        let reaches = |film: &Scored| film.score >= threshold;
        let of_kind = |positive: bool| self.films.iter().filter(move |film| film.positive == positive);
        AtThreshold {
            sensitivity: share(of_kind(true).map(|film| (film.cluster, reaches(film)))),
            specificity: share(of_kind(false).map(|film| (film.cluster, !reaches(film)))),
            positive_predictive_value: share(
                self.films.iter().filter(|film| reaches(film)).map(|film| (film.cluster, film.positive)),
            ),
            ..self.ranked().at(threshold)
        }
    }
}

/// The share of films that are hits, each film with the number of its patient; none of no films. Wilson's interval
/// on the effective number of films: their number over the design effect (Rao and Scott 1992, Biometrics 48:577, whose
/// variance between patients is that of a ratio), never more than the films. Where all films or none are hits nothing
/// is known of how alike a patient's films are, and the patients are counted.
#[must_use]
pub fn share(films: impl IntoIterator<Item = (usize, bool)>) -> Option<Share> {
    let mut of_cluster = std::collections::BTreeMap::<usize, (u64, u64)>::new();
    for (cluster, hit) in films {
        let (hits, films) = of_cluster.entry(cluster).or_default();
        *hits += u64::from(hit);
        *films += 1;
    }
    let hits: u64 = of_cluster.values().map(|(hits, _)| hits).sum();
    let films: u64 = of_cluster.values().map(|(_, films)| films).sum();
    let patients = of_cluster.len() as f64;
    if films == 0 || of_cluster.len() as u64 == films {
        return wilson(hits, films);
    }
    let (number, value) = (films as f64, hits as f64 / films as f64);
    if hits == 0 || hits == films || of_cluster.len() == 1 {
        return Some(wilson_of(value, patients));
    }
    let residual = |(hits, films): &(u64, u64)| (*hits as f64 - value * *films as f64).powi(2);
    let between: f64 = of_cluster.values().map(residual).sum::<f64>() * patients / (patients - 1.0);
    let by_film = value * (1.0 - value) / (number - 1.0);
    let design_effect = (between / (number * number) / by_film).max(1.0);
    Some(wilson_of(value, number / design_effect))
}
