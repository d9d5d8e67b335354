//! Results on their way: the selected study's for each destination, and those of others that have not arrived.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        keymap::action::Action,
        message::Effect,
        state::{Handled, Panel, State, choose},
    },
    session::protocol::{NoticeLevel, Request},
    store::StudyId,
    study::Sending,
};

/// The open list of results.
#[derive(Debug, Clone, Copy)]
pub(in crate::dashboard) struct Results {
    /// The study that was selected.
    study: Option<StudyId>,
    chosen: usize,
}

/// A line of it: a study's result for a destination.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    /// The study.
    study: StudyId,
    /// The destination.
    destination: &'a str,
    /// How far it has come.
    progress: Progress<'a>,
}

/// How far a result has come.
#[derive(Debug, PartialEq)]
enum Progress<'a> {
    /// The study's detail is not there: not yet, or another study is selected by now.
    Unknown,
    /// Nobody has asked for it yet.
    NotSent,
    /// It is on its way, or was sent.
    Sent(&'a Sending),
}

impl Results {
    /// Opens it for the selected study, and asks for what is on its way.
    pub(in crate::dashboard) fn open(state: &State) -> (Self, Effect) {
        let study = state.worklist().selected().map(|row| row.id);
        (Self { study, chosen: 0 }, Effect::Request(Request::Sendings(true)))
    }

    /// Its lines: the study's, one a destination, then others in trouble.
    fn lines(self, state: &State) -> Vec<Line<'_>> {
        let own = self.study.into_iter().flat_map(|study| {
            let detail = state.detail().filter(|detail| detail.study.id == study);
            let of = move |name: &String| {
                let Some(detail) = detail else { return Progress::Unknown };
                let sent = detail.sendings.iter().find(|sending| sending.destination == *name);
                sent.map_or(Progress::NotSent, Progress::Sent)
            };
            state.site.destinations.iter().map(move |name| Line {
                study,
                destination: name,
                progress: of(name),
            })
        });
        let others = state
            .sendings
            .iter()
            .filter(|sending| sending.is_in_trouble() && Some(sending.study) != self.study)
            .map(|it| Line { study: it.study, destination: &it.destination, progress: Progress::Sent(it) });
        own.chain(others).collect()
    }

    /// The chosen line.
    fn chosen(self) -> usize {
        self.chosen
    }
}

impl Panel for Results {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let lines = self.lines(state);
        let action = state.keymap.action(event);
        choose(&mut self.chosen, lines.len(), action);
        match (event.code, action) {
            (KeyCode::Enter, _) => {
                // What cannot be seen is not sent: it may have arrived.
                let known = lines.get(self.chosen).filter(|line| line.progress != Progress::Unknown);
                let Some(line) = known else { return Handled::stay() };
                let (study, destination) = (line.study, line.destination.to_owned());
                if !state.may_send() {
                    state.refuse_to_send();
                    return Handled::stay();
                }
                state.say(NoticeLevel::Info, format!("The result goes to {destination}."));
                Handled::stay_with(vec![Effect::Request(Request::Send(study, destination))])
            }
            (_, action) => Handled::usual(action, Action::Results),
        }
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn at_close(&self) -> Option<Request> {
        Some(Request::Sendings(false))
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state, *self)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, *self, frame, area);
    }
}
