//! Answers to the workbench's requests.

use super::{Saving, Workbench, ask};
use crate::{
    dashboard::{message::Effect, state::State},
    session::protocol::{BenchRequest, BenchUpdate, NoticeLevel},
    study::{Bench, ThresholdChange},
};

impl Workbench {
    /// Takes the bench as it is now; what is proposed stays proposed, what is not follows.
    fn follow(&mut self, bench: Bench) {
        let Some((old, _)) = &mut self.ground else { return };
        let labels = old.labels.iter().zip(&bench.labels).zip(&mut self.settings);
        for ((old, new), setting) in labels {
            if *setting == old.site {
                *setting = new.site;
            }
        }
        *old = bench;
    }

    /// Takes an answer in.
    fn take(&mut self, update: BenchUpdate, saved: &mut Vec<Vec<ThresholdChange>>) -> Vec<Effect> {
        match update {
            BenchUpdate::Opened(bench, sample) => {
                self.settings = bench.settings();
                // The first that ranks: labels that do not move no study.
                self.chosen = bench.labels.iter().position(|label| label.rule.rank).unwrap_or(0);
                self.ground = Some((bench, sample));
            }
            BenchUpdate::Bench(bench) => {
                self.follow(bench);
                return vec![ask(BenchRequest::Try(self.settings.clone()))];
            }
            BenchUpdate::Tried(settings, found) => {
                self.scrolled = self.scrolled.min(found.moves.len().saturating_sub(1));
                self.found = Some((settings, *found));
            }
            BenchUpdate::Saved(bench, changes, warning) => {
                self.follow(bench);
                let back = std::mem::replace(&mut self.saving, Saving::No);
                // What was changed while it was being written is still to be taken back.
                if self.changes().is_empty() {
                    self.undo.clear();
                }
                self.moving = None;
                match (warning, back) {
                    (Some(warning), _) => self.say(NoticeLevel::Error, warning),
                    (None, Saving::Back(_)) => {
                        self.say(
                            NoticeLevel::Info,
                            format!("The former values are back: {}.", names(&changes)),
                        );
                    }
                    (None, _) => {
                        let text = format!("Saved: {}. u writes the former values back.", names(&changes));
                        self.say(NoticeLevel::Info, text);
                        saved.push(changes);
                    }
                }
                return vec![ask(BenchRequest::Try(self.settings.clone()))];
            }
            BenchUpdate::Refused(text) => {
                if let Saving::Back(last) = std::mem::replace(&mut self.saving, Saving::No) {
                    saved.push(last);
                }
                self.say(NoticeLevel::Error, text);
            }
            BenchUpdate::Failed(text) => self.failure = Some(text),
        }
        Vec::new()
    }
}

/// "Effusion, Mass".
fn names(changes: &[ThresholdChange]) -> String {
    changes.iter().map(|change| change.label.as_str()).collect::<Vec<_>>().join(", ")
}

/// Gives an answer to the workbench; what became of a save is told even if it was closed meanwhile.
pub(in crate::dashboard) fn take_update(state: &mut State, update: BenchUpdate) -> Vec<Effect> {
    let mut saved = std::mem::take(&mut state.bench_saved);
    let effects = match (state.panel_mut::<Workbench>(), update) {
        (Some(bench), update) => bench.take(update, &mut saved),
        (_, BenchUpdate::Saved(_, changes, warning)) => {
            let level = if warning.is_some() { NoticeLevel::Error } else { NoticeLevel::Info };
            state.say(level, warning.unwrap_or_else(|| format!("Thresholds saved: {}.", names(&changes))));
            Vec::new()
        }
        (_, BenchUpdate::Refused(text)) => {
            state.say(NoticeLevel::Error, text);
            Vec::new()
        }
        _ => Vec::new(),
    };
    state.bench_saved = saved;
    effects
}
