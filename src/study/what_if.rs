//! Past studies under other thresholds: bands, alarms, and how long each would have
//! waited. The same functions judge and rank as everywhere else.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{RankKey, Rules, Severity, Waiting, assess, combine, quantile, reported};

/// The parts of a distribution of probabilities, of equal width.
pub const BINS: usize = 50;
/// The bands that scores give, from the top down: the order of [`Side::bands`].
pub const BANDS: [Severity; 3] = [Severity::Critical, Severity::Urgent, Severity::Routine];

/// A study that came and was scored.
#[derive(Debug, Clone, PartialEq)]
pub struct PastStudy {
    /// Its number in the store.
    pub study: i64,
    /// Its key, for the order of equals.
    pub key: String,
    /// When its first film arrived.
    pub since: Timestamp,
    /// When somebody first changed its status; none: nobody yet.
    pub opened: Option<Timestamp>,
    /// The lowest band that a priority from outside left it.
    pub outside: Option<Severity>,
    /// Of each scored film the probabilities, in the order of the rules' labels.
    pub films: Vec<Vec<f32>>,
}

/// The figures of past studies that do not depend on the thresholds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// How many.
    pub studies: usize,
    /// How many of them somebody opened.
    pub opened: usize,
    /// When the first and the last of them came; none without any.
    pub period: Option<(Timestamp, Timestamp)>,
    /// Of each label, how many studies have their highest probability in each of [`BINS`] parts of 0 to 1.
    pub histograms: Vec<[u32; BINS]>,
}

impl Sample {
    /// Describes studies scored for that many labels.
    #[must_use]
    pub fn of(past: &[PastStudy], labels: usize) -> Self {
        let mut histograms = vec![[0; BINS]; labels];
        for study in past {
            for (label, histogram) in histograms.iter_mut().enumerate() {
                let highest = study.films.iter().filter_map(|film| film.get(label)).copied().reduce(f32::max);
                if let Some(probability) = highest {
                    // A cast saturates, and takes what is not a number for 0.
                    let bin = (probability * BINS as f32) as usize;
                    histogram[bin.min(BINS - 1)] += 1;
                }
            }
        }
        let first = past.iter().map(|study| study.since).min();
        let last = past.iter().map(|study| study.since).max();
        Self {
            studies: past.len(),
            opened: past.iter().filter(|study| study.opened.is_some()).count(),
            period: first.zip(last),
            histograms,
        }
    }

    /// The days that it spans, if it is one at least: over less, a number a day would be made up.
    #[must_use]
    pub fn days(&self) -> Option<f64> {
        let (first, last) = self.period?;
        let days = last.duration_since(first).as_secs_f64() / 86_400.0;
        (days >= 1.0).then_some(days)
    }
}

/// Half of the studies waited no longer than `median`, and nine of ten no longer than `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The median.
    pub median: SignedDuration,
    /// The 90th percentile.
    pub most: SignedDuration,
}

impl Wait {
    fn of(mut waits: Vec<SignedDuration>) -> Option<Self> {
        waits.sort();
        Some(Self { median: quantile(&waits, 50)?, most: quantile(&waits, 90)? })
    }
}

/// One band under one set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Band {
    /// The studies in it.
    pub studies: usize,
    /// How long they would have waited; none where nothing says when studies were opened.
    pub wait: Option<Wait>,
}

/// The studies under one set of rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// The bands, in the order of [`BANDS`].
    pub bands: [Band; 3],
    /// Of each label the studies that reach its alert threshold, and its critical one; caps and whether the label
    /// ranks are left aside.
    pub labels: Vec<(usize, usize)>,
}

/// A study that would stand in another band.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The study.
    pub study: i64,
    /// The band that it is in.
    pub from: Severity,
    /// The band that it would be in.
    pub to: Severity,
    /// The finding that would lead it, and its score.
    pub top: Option<(String, f64)>,
}

/// The differences.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WhatIf {
    /// With the rules in force.
    pub before: Side,
    /// With the proposed ones.
    pub after: Side,
    /// The studies that change their band: first those that would stand highest.
    pub moves: Vec<Move>,
    /// How long the studies that rise waited, and would have.
    pub risen: Option<(Wait, Wait)>,
}

/// A study under one set of rules.
struct Judged {
    severity: Severity,
    score: Option<f64>,
    top: Option<String>,
    /// Of each label whether it reaches alert and critical.
    reached: Vec<(bool, bool)>,
}

/// Compares two sets of rules for the same labels. Bands are those that films and outside priorities give: that
/// studies are promoted for their waiting counts in the order of the replay only.
#[must_use]
pub fn what_if(
    past: &[PastStudy],
    before: &Rules,
    after: &Rules,
    max_wait: Option<SignedDuration>,
) -> WhatIf {
    let old = judge(past, before);
    let new = judge(past, after);
    let (old_waits, new_waits) = (replay(past, &old, max_wait), replay(past, &new, max_wait));

    let mut moves = Vec::new();
    let mut risen = (Vec::new(), Vec::new());
    for (at, study) in past.iter().enumerate() {
        let (from, to) = (old[at].severity, new[at].severity);
        if from == to {
            continue;
        }
        if to > from {
            risen.0.extend(old_waits[at]);
            risen.1.extend(new_waits[at]);
        }
        let top = new[at].top.clone().zip(new[at].score);
        moves.push((at, Move { study: study.study, from, to, top }));
    }
    moves.sort_by(|(a, _), (b, _)| key(&past[*a], &new[*a], false).cmp(&key(&past[*b], &new[*b], false)));
    WhatIf {
        before: side(&old, &old_waits, before.labels.len()),
        after: side(&new, &new_waits, after.labels.len()),
        moves: moves.into_iter().map(|(_, it)| it).collect(),
        risen: Wait::of(risen.0).zip(Wait::of(risen.1)),
    }
}

fn judge(past: &[PastStudy], rules: &Rules) -> Vec<Judged> {
    let one = |study: &PastStudy| {
        let films: Vec<_> = study.films.iter().map(|film| assess(film, rules).findings).collect();
        let assessed = combine(films.iter().map(Vec::as_slice));
        let mut reached = vec![(false, false); rules.labels.len()];
        for (at, finding) in films.iter().flat_map(|film| film.iter().enumerate()) {
            reached[at].0 |= finding.probability >= finding.threshold;
            reached[at].1 |= finding.probability >= finding.critical;
        }
        Judged {
            severity: reported(assessed.severity, study.outside, false),
            score: assessed.score,
            top: assessed.top,
            reached,
        }
    };
    past.iter().map(one).collect()
}

fn side(judged: &[Judged], waits: &[Option<SignedDuration>], labels: usize) -> Side {
    let mut reached = vec![(0, 0); labels];
    for (count, (alert, critical)) in
        judged.iter().flat_map(|study| study.reached.iter().enumerate()).map(|(at, it)| (at, *it))
    {
        reached[count].0 += usize::from(alert);
        reached[count].1 += usize::from(critical);
    }
    let bands = BANDS.map(|band| {
        let of_band = || judged.iter().zip(waits).filter(|(study, _)| study.severity == band);
        Band { studies: of_band().count(), wait: Wait::of(of_band().filter_map(|(_, wait)| *wait).collect()) }
    });
    Side { bands, labels: reached }
}

fn key<'a>(study: &'a PastStudy, judged: &Judged, promoted: bool) -> RankKey<'a> {
    let severity = reported(judged.severity, None, promoted);
    RankKey { severity, score: judged.score, since: study.since, study: &study.key }
}

/// Each study's wait, if at each moment at which really one was opened somebody had opened the first of the list
/// in this order. A study that would still be waiting at the last such moment has waited until then, at least;
/// one that came later is left out, and without any such moment all are.
fn replay(
    past: &[PastStudy],
    judged: &[Judged],
    max_wait: Option<SignedDuration>,
) -> Vec<Option<SignedDuration>> {
    let mut moments: Vec<Timestamp> = past.iter().filter_map(|study| study.opened).collect();
    moments.sort();
    let mut by_arrival: Vec<usize> = (0..past.len()).collect();
    by_arrival.sort_by_key(|at| past[*at].since);

    let mut waits = vec![None; past.len()];
    let mut waiting = BTreeMap::new();
    let (mut arrived, mut overdue) = (0, 0);
    for &now in &moments {
        while let Some(&at) = by_arrival.get(arrived).filter(|at| past[**at].since <= now) {
            waiting.insert(key(&past[at], &judged[at], false), at);
            arrived += 1;
        }
        // Who came first is overdue first.
        while let Some(&at) = by_arrival[..arrived].get(overdue) {
            let study = &past[at];
            if !(Waiting { since: study.since, seen: false, limit: max_wait }).is_overdue(now) {
                break;
            }
            overdue += 1;
            if waiting.remove(&key(study, &judged[at], false)).is_some() {
                waiting.insert(key(study, &judged[at], true), at);
            }
        }
        if let Some((_, at)) = waiting.pop_first() {
            waits[at] = Some(now.duration_since(past[at].since));
        }
    }
    if let Some(end) = moments.last() {
        for at in waiting.into_values() {
            waits[at] = Some(end.duration_since(past[at].since));
        }
    }
    waits
}

#[cfg(test)]
#[path = "what_if_tests.rs"]
mod tests;
