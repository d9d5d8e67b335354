//! The selected study: its films, their findings, and what the film pane shows of them.

use super::State;
use crate::{
    dashboard::pictures::Scene,
    picture::{Mode, Presentation},
    quality::Gate,
    session::protocol::NoticeLevel,
    store::{Answer, FilmId, FilmRow, FilmState, PriorFilm, Status, StudyDetail, StudyId},
    study::{self, Finding},
};

impl State {
    /// The detail of the selected study, once it is there.
    #[must_use]
    pub fn detail(&self) -> Option<&StudyDetail> {
        let selected = self.worklist.selected()?;
        self.detail.as_deref().filter(|detail| detail.study.id == selected.id)
    }

    /// Returns how many films the selected study has, as far as is known.
    #[must_use]
    pub fn film_count(&self) -> usize {
        self.detail().map_or(0, |detail| detail.films.len())
    }

    /// The film in the film pane.
    #[must_use]
    pub fn film(&self) -> Option<&FilmRow> {
        let films = &self.detail()?.films;
        films.get(self.film.min(films.len().saturating_sub(1)))
    }

    /// The film in the film pane, if it is held, has a picture, and does not wait for its score already; none where
    /// another image of its exposure is scored. One that stopped the program may be tried again.
    #[must_use]
    pub fn scorable_film(&self) -> Option<FilmId> {
        let film = self.film()?;
        let waits = film.on_request.as_ref().is_some_and(|request| request.answer == Answer::Waiting);
        let scorable = match &film.state {
            FilmState::Held(held) if held.gate == Gate::Crash => true,
            FilmState::Held(held) => held.gate != Gate::Exposure && film.decoded && !waits,
            FilmState::Scored { .. } => false,
        };
        scorable.then_some(film.id)
    }

    /// Selects a study: in the list that is open, else in the one of all, else among those that are done.
    pub(in crate::dashboard) fn go_to(&mut self, study: StudyId) {
        if self.worklist.select_study(study) {
            return;
        }
        self.set_typed_filter("");
        let is_done = self.worklist.get(study).is_some_and(|row| row.status == Status::Done);
        self.open_view(if is_done { self.site.views.done() } else { 0 });
        self.worklist.finish();
        if !self.worklist.select_study(study) {
            self.say(NoticeLevel::Info, "That study is no longer on the list.".to_owned());
        }
    }

    /// Its index in the study.
    #[must_use]
    pub fn film_index(&self) -> usize {
        self.film.min(self.film_count().saturating_sub(1))
    }

    /// That film's findings as the pane lists them: the site's first labels, then ranking ones, then by score.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let Some(FilmState::Scored { findings, .. }) = self.film().map(|film| &film.state) else {
            return Vec::new();
        };
        study::in_order(findings, &self.site.findings_order)
    }

    /// The selected label: the person's choice, else the study's top finding, else the film's first.
    #[must_use]
    pub fn selected_label(&self) -> Option<&str> {
        let findings = self.findings();
        let listed = |label: &str| findings.iter().find(|finding| finding.label == label).copied();
        let chosen = self.label.as_deref().and_then(listed);
        let top = || self.detail().and_then(|detail| detail.study.top.as_deref()).and_then(listed);
        // Only the foremost film is sure to hold the study's top finding as its own.
        let top = || if self.film_index() == 0 { top() } else { None };
        chosen.or_else(top).or_else(|| findings.first().copied()).map(|finding| finding.label.as_str())
    }

    /// The label whose heatmap is to lie over the film.
    pub(in crate::dashboard) fn heatmap_label(&self) -> Option<String> {
        self.selected_label().filter(|_| self.heatmap_is_on()).map(str::to_owned)
    }

    /// The latest of the earlier films of the selected study's patient, if there is one.
    #[must_use]
    pub fn prior(&self) -> Option<&PriorFilm> {
        let (study, priors) = self.priors.as_ref()?;
        let selected = self.worklist.selected()?.id;
        priors.as_ref().filter(|_| self.beside_prior && *study == selected)?.first()
    }

    /// Returns what the film pane is to show; what makes no difference is left as it always is, so that a picture
    /// that was made once is found again.
    pub(in crate::dashboard) fn scene(&self) -> Option<Scene> {
        let film = self.film()?.id;
        let heatmap = self.heatmap_label();
        let usual = Presentation::default();
        let presentation = match (&heatmap, self.presentation.mode) {
            (None, _) => Presentation {
                mode: Mode::Film,
                opacity: usual.opacity,
                colours: usual.colours,
                ..self.presentation
            },
            (Some(_), Mode::Contours) => Presentation { opacity: usual.opacity, ..self.presentation },
            _ => self.presentation,
        };
        let beside = self.beside().or_else(|| self.prior().map(|prior| prior.film));
        Some(Scene { film, heatmap, beside, presentation })
    }
}
