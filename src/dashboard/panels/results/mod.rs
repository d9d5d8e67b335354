//! Results on their way: the selected study's for each destination, and those of others that have not arrived.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        keymap::action::Action,
        message::Effect,
        state::{Panel, State, Turn, choose},
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
    /// How far it has come; none: nobody has asked for it yet.
    sending: Option<&'a Sending>,
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
            let sent = state.detail().filter(|detail| detail.study.id == study);
            let sent = sent.map_or(&[][..], |detail| &detail.sendings);
            let of = move |name: &String| sent.iter().find(|sending| sending.destination == *name);
            state.site.destinations.iter().map(move |name| Line {
                study,
                destination: name,
                sending: of(name),
            })
        });
        let others = state
            .sendings
            .iter()
            .filter(|sending| sending.is_in_trouble() && Some(sending.study) != self.study)
            .map(|it| Line { study: it.study, destination: &it.destination, sending: Some(it) });
        own.chain(others).collect()
    }

    /// The chosen line.
    fn chosen(self) -> usize {
        self.chosen
    }
}

impl Panel for Results {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Turn {
        let lines = self.lines(state);
        let action = state.keymap.action(event);
        choose(&mut self.chosen, lines.len(), action);
        match (event.code, action) {
            (KeyCode::Enter, _) => {
                let Some(line) = lines.get(self.chosen) else { return Turn::stay() };
                let (study, destination) = (line.study, line.destination.to_owned());
                state.say(NoticeLevel::Info, format!("The result goes to {destination}."));
                return Turn::stay_with(vec![Effect::Request(Request::Send(study, destination))]);
            }
            (_, Some(Action::Close | Action::Results | Action::Quit)) => {
                return Turn::close_with(vec![Effect::Request(Request::Sendings(false))]);
            }
            (_, Some(Action::Redraw)) => return Turn::stay_with(vec![Effect::Redraw]),
            _ => {}
        }
        Turn::stay()
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state, *self)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, *self, frame, area);
    }
}
