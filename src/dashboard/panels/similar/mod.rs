//! "Like this": the nearest studies of other patients, beside the film, each with its small picture. The chosen one's film
//! stands beside the selected one in the film pane; enter goes to its study.

mod draw;

use crossterm::event::KeyEvent;
use ratatui::{
    Frame,
    layout::{Rect, Size},
};

use crate::{
    dashboard::{
        keymap::action::Action,
        layout::View,
        message::Effect,
        state::{Handled, Panel, State, choose},
    },
    session::protocol::{NoSimilarError, NoticeLevel, Request, Similar, SimilarFilm},
    store::{FilmId, FilmState},
};

/// The open panel.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarPanel {
    /// The film that was asked about.
    film: FilmId,
    /// None until the answer comes.
    answer: Option<Result<Vec<SimilarFilm>, NoSimilarError>>,
    chosen: usize,
}

impl SimilarPanel {
    /// Opens the panel for the film that is shown, and asks for what is in it.
    pub(in crate::dashboard) fn open(state: &mut State) -> Vec<Effect> {
        let Some(film) = state.film() else { return Vec::new() };
        if !matches!(film.state, FilmState::Scored { .. }) {
            let key = state.keymap.shown(Action::Score);
            let text = format!("A held film cannot be compared with others: {key} has it scored anyway.");
            state.say(NoticeLevel::Info, text);
            return Vec::new();
        }
        let film = film.id;
        // The film alone leaves the panel no place beside it.
        if state.layout().is_some_and(|layout| layout.findings.is_none()) {
            state.view = View::Worklist;
        }
        state.open(Self { film, answer: None, chosen: 0 });
        vec![Effect::Request(Request::Similar(film))]
    }

    /// The nearest films, once they are known.
    #[must_use]
    pub fn neighbours(&self) -> &[SimilarFilm] {
        match &self.answer {
            Some(Ok(neighbours)) => neighbours,
            _ => &[],
        }
    }

    fn chosen(&self) -> Option<&SimilarFilm> {
        self.neighbours().get(self.chosen)
    }
}

/// Takes an answer, if the panel still waits for it.
pub(in crate::dashboard) fn take(state: &mut State, answer: Similar) {
    if let Some(panel) = state.panel_mut::<SimilarPanel>().filter(|panel| panel.film == answer.film) {
        panel.answer = Some(answer.neighbours);
    }
}

impl Panel for SimilarPanel {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let (lines, action) = (self.neighbours().len(), state.keymap.action(event));
        choose(&mut self.chosen, lines, action);
        match action {
            Some(Action::Open) => {
                if let Some(neighbour) = self.chosen() {
                    state.go_to(neighbour.study.id);
                    return Handled::close();
                }
            }
            action => return Handled::usual(action, Action::Similar),
        }
        Handled::stay()
    }

    fn has_lines(&self) -> bool {
        self.neighbours().len() > 1
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, self, frame, area);
    }

    /// None where another film is selected by now: the study may have left the list under the panel.
    fn beside(&self, state: &State) -> Option<FilmId> {
        state.film().filter(|film| film.id == self.film)?;
        self.chosen().map(|neighbour| neighbour.film)
    }

    fn sheet(&self, state: &State) -> Option<(Vec<FilmId>, Size)> {
        let (part, places) = draw::pictured(state, self)?;
        Some((self.neighbours()[part].iter().map(|it| it.film).collect(), places.as_size()))
    }
}
