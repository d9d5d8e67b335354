//! The threshold workbench: thresholds moved by keys, and what that would have done to the last studies before
//! anything is saved.

mod answers;
mod draw;
mod keys;
mod labels;
mod outcome;

pub(in crate::dashboard) use answers::take_update;
pub use keys::bench_markdown;

use crossterm::event::KeyEvent;
use ratatui::{Frame, layout::Rect};

use keys::{BENCH_KEYS, BenchAction};

use crate::{
    dashboard::{
        keymap::{Key, action::Action},
        message::Effect,
        state::{Handled, Panel, State},
    },
    session::protocol::{BenchRequest, NoticeLevel, Request},
    study::{Bench, Mark, OperatingPoint, Sample, Setting, Stop, ThresholdChange, WhatIf},
};

/// The open workbench.
#[derive(Debug, Clone)]
pub struct Workbench {
    /// The thresholds in force, and what can be said of the last studies; none until they were read.
    ground: Option<(Bench, Sample)>,
    /// Why they could not be.
    failure: Option<String>,
    /// The proposed settings, a label each.
    settings: Vec<Setting>,
    /// The newest answer, and the settings that it is for.
    found: Option<(Vec<Setting>, WhatIf)>,
    chosen: usize,
    mark: Mark,
    /// The settings before each change that is not saved, the last one last.
    undo: Vec<Vec<Setting>>,
    /// The threshold that was moved last: further steps of it are one change.
    moving: Option<(usize, Mark)>,
    /// Moves that are scrolled out of sight above.
    scrolled: usize,
    /// Whether it has asked what is to become of unsaved changes.
    asks: bool,
    saving: Saving,
    said: Option<(NoticeLevel, String)>,
}

/// Whether thresholds are being written.
#[derive(Debug, Clone, PartialEq)]
enum Saving {
    No,
    Changes,
    /// A save is being taken back: the one that it was.
    Back(Vec<ThresholdChange>),
}

impl Workbench {
    pub(in crate::dashboard) fn open() -> (Self, Effect) {
        let bench = Self {
            ground: None,
            failure: None,
            settings: Vec::new(),
            found: None,
            chosen: 0,
            mark: Mark::Alert,
            undo: Vec::new(),
            moving: None,
            scrolled: 0,
            asks: false,
            saving: Saving::No,
            said: None,
        };
        (bench, ask(BenchRequest::Open))
    }

    /// The thresholds in force, once they were read.
    #[must_use]
    pub fn bench(&self) -> Option<&Bench> {
        self.ground.as_ref().map(|(bench, _)| bench)
    }

    /// Returns the sample of the last studies, once they were read.
    #[must_use]
    pub fn sample(&self) -> Option<&Sample> {
        self.ground.as_ref().map(|(_, sample)| sample)
    }

    /// Returns why it cannot be opened.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Returns the proposed settings, a label each.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Returns what the proposal would have done, as far as that is known.
    #[must_use]
    pub fn found(&self) -> Option<&WhatIf> {
        self.found.as_ref().map(|(_, found)| found)
    }

    /// Returns whether the answer for what is proposed has not come yet.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.found.as_ref().is_none_or(|(settings, _)| *settings != self.settings)
    }

    /// The chosen label.
    #[must_use]
    pub fn chosen(&self) -> usize {
        self.chosen
    }

    /// The threshold that the keys move.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Moves that are scrolled out of sight above, at most.
    #[must_use]
    pub fn scrolled(&self) -> usize {
        self.scrolled
    }

    /// The last message.
    #[must_use]
    pub fn said(&self) -> Option<(NoticeLevel, &str)> {
        self.said.as_ref().map(|(level, text)| (*level, text.as_str()))
    }

    /// Returns the changes that are proposed and not saved.
    #[must_use]
    pub fn changes(&self) -> Vec<ThresholdChange> {
        let Some(bench) = self.bench() else { return Vec::new() };
        let pairs = bench.labels.iter().zip(&self.settings);
        pairs
            .filter(|(label, to)| label.site != **to)
            .map(|(label, to)| ThresholdChange { label: label.rule.label.clone(), from: label.site, to: *to })
            .collect()
    }

    fn say(&mut self, level: NoticeLevel, text: impl Into<String>) {
        self.said = Some((level, text.into()));
    }

    fn choose(&mut self, label: usize) -> Vec<Effect> {
        self.chosen = label.min(self.settings.len().saturating_sub(1));
        self.moving = None;
        Vec::new()
    }

    fn scroll(&mut self, by: isize) -> Vec<Effect> {
        let last = self.found().map_or(0, |found| found.moves.len().saturating_sub(1));
        self.scrolled = self.scrolled.saturating_add_signed(by).min(last);
        Vec::new()
    }

    fn step(&mut self, by: f64) -> Vec<Effect> {
        let Some((own, setting)) = self.chosen_label() else { return Vec::new() };
        match setting.moved(self.mark, by, own) {
            Ok(moved) => {
                let at = (self.chosen, self.mark);
                self.propose(moved, self.moving == Some(at));
                self.moving = Some(at);
                vec![ask(BenchRequest::Try(self.settings.clone()))]
            }
            Err(stop) => {
                let why = match stop {
                    Stop::End => "Thresholds lie between 0 and 1.".to_owned(),
                    Stop::AtCritical(critical) => {
                        format!("Alert cannot pass critical ({critical}): tab, then raise that one first.")
                    }
                    Stop::AtAlert(alert) => {
                        format!("Critical cannot fall below alert ({alert}): tab, then lower that one first.")
                    }
                };
                self.say(NoticeLevel::Info, why);
                Vec::new()
            }
        }
    }

    fn own(&mut self) -> Vec<Effect> {
        match self.chosen_label() {
            Some((_, setting)) if setting != Setting::default() => {
                self.propose(Setting::default(), false);
                vec![ask(BenchRequest::Try(self.settings.clone()))]
            }
            Some(_) => {
                self.say(NoticeLevel::Info, "These are the model's own.");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// The model's own thresholds of the chosen label, and its proposed setting.
    fn chosen_label(&self) -> Option<(OperatingPoint, Setting)> {
        let own = self.bench()?.labels.get(self.chosen)?.own;
        Some((own, *self.settings.get(self.chosen)?))
    }

    /// Takes a setting for the chosen label over; `goes_on`: as part of the change before.
    fn propose(&mut self, setting: Setting, goes_on: bool) {
        if !goes_on {
            self.undo.push(self.settings.clone());
        }
        self.settings[self.chosen] = setting;
        self.moving = None;
    }

    fn take_back(&mut self, saved: &mut Vec<Vec<ThresholdChange>>) -> Vec<Effect> {
        self.moving = None;
        if let Some(before) = self.undo.pop() {
            self.settings = before;
            return vec![ask(BenchRequest::Try(self.settings.clone()))];
        }
        if self.saving != Saving::No || !self.changes().is_empty() {
            return Vec::new();
        }
        let Some(last) = saved.pop() else {
            self.say(NoticeLevel::Info, "There is nothing to take back.");
            return Vec::new();
        };
        let back = last.iter().map(ThresholdChange::back).collect();
        self.saving = Saving::Back(last);
        vec![ask(BenchRequest::Save(back))]
    }

    fn save(&mut self) -> Vec<Effect> {
        let changes = self.changes();
        if changes.is_empty() {
            self.say(NoticeLevel::Info, "Nothing has changed.");
            return Vec::new();
        }
        if self.saving != Saving::No {
            return Vec::new();
        }
        self.saving = Saving::Changes;
        self.say(NoticeLevel::Info, "Saving …");
        vec![ask(BenchRequest::Save(changes))]
    }
}

impl Panel for Workbench {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let action = state.keymap.action(event);
        let asked = std::mem::take(&mut self.asks);
        self.said = None;
        let key = Key::from(event);
        let is_named = |word: &str| word.parse::<Key>().is_ok_and(|named| named == key);
        let done =
            BENCH_KEYS.iter().find(|row| row.keys.iter().any(|word| is_named(word))).map(|row| row.action);
        let effects = match (done, action) {
            (_, Some(Action::Close | Action::Quit | Action::Workbench)) => {
                if asked || self.changes().is_empty() {
                    return Handled::close();
                }
                self.asks = true;
                self.say(
                    NoticeLevel::Warning,
                    "Not saved yet: enter saves, once more leaves without saving.",
                );
                Vec::new()
            }
            (_, Some(Action::Up)) => self.choose(self.chosen.saturating_sub(1)),
            (_, Some(Action::Down)) => self.choose(self.chosen + 1),
            (_, Some(Action::PageUp)) => self.scroll(-5),
            (_, Some(Action::PageDown)) => self.scroll(5),
            (_, Some(Action::Redraw)) => vec![Effect::Redraw],
            (Some(BenchAction::Move(by)), _) => self.step(by),
            (Some(BenchAction::Switch), _) => {
                self.mark = self.mark.other();
                Vec::new()
            }
            (Some(BenchAction::Own), _) => self.own(),
            (Some(BenchAction::Undo), _) | (None, Some(Action::Undo)) => {
                self.take_back(&mut state.bench_saved)
            }
            (Some(BenchAction::Save), _) => self.save(),
            _ => Vec::new(),
        };
        Handled::stay_with(effects)
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state, self)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, self, frame, area);
    }
}

fn ask(request: BenchRequest) -> Effect {
    Effect::Request(Request::Bench(request))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_key_of_the_workbench_is_a_key_and_does_one_thing() {
        let mut keys = HashSet::new();
        for word in BENCH_KEYS.iter().flat_map(|row| row.keys) {
            assert!(word.parse::<Key>().is_ok(), "{word}");
            assert!(keys.insert(word), "{word} stands for two things");
        }
    }

    #[test]
    fn the_documents_tell_the_keys_that_there_are() {
        let table = bench_markdown();
        let document = include_str!("../../../../docs/workbench.md");
        assert!(document.contains(&table), "docs/workbench.md's table of keys should be:\n{table}");
    }
}
