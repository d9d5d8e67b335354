//! Everything that the dashboard knows. `update` changes it, `render` shows it; neither waits.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use ratatui::layout::{Rect, Size};

use super::{
    Health, Notice, NoticeLevel, Site,
    keymap::{Key, Keymap},
    layout::{Layout, View, inside},
    overlay::Overlay,
    pictures::{Canvas, Gallery},
    render,
    theme::Theme,
    words,
    worklist::Worklist,
};
use crate::{
    quality::Gate,
    store::{Answer, FilmId, FilmRow, FilmState, Status, StudyDetail, StudyId, StudyRow},
    triage::Finding,
};

/// How long a message for information stays.
pub(super) const INFO_STAYS: SignedDuration = SignedDuration::from_secs(6);
/// Lines that the reason takes over a held film.
pub(super) const HELD_LINES: u16 = 4;

/// The dashboard's state.
#[derive(Debug)]
pub struct State {
    pub(super) now: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) size: Size,
    pub(super) theme: Theme,
    pub(super) keymap: Keymap,
    pub(super) worklist: Worklist,
    pub(super) health: Option<Health>,
    pub(super) site: Site,
    pub(super) view: View,
    /// What lies over the screen.
    pub(super) overlay: Option<Overlay>,
    /// The keys pressed so far that begin a longer one ("g" of "g g").
    pub(super) pending: Vec<Key>,
    pub(super) notice: Option<(Notice, Timestamp)>,
    /// The study whose detail was asked for last.
    pub(super) asked: Option<StudyId>,
    pub(super) detail: Option<Box<StudyDetail>>,
    /// Which film of the study is shown.
    pub(super) film: usize,
    /// The label that the person chose; else the top finding.
    pub(super) label: Option<String>,
    pub(super) heatmap: bool,
    /// The most findings that a film had so far: what the findings pane is laid out for, so that the
    /// panes stand still while one moves from film to film.
    pub(super) labels: u16,
    pub(super) gallery: Gallery,
    /// Studies and the status that each had before the person changed it, the last change last.
    pub(super) undo: Vec<(StudyId, Status)>,
    /// Whether the screen no longer shows this state.
    pub(super) stale: bool,
}

impl State {
    /// An empty dashboard on a terminal of that size.
    #[must_use]
    pub fn new(now: Timestamp, zone: TimeZone, size: Size, theme: Theme, canvas: Canvas) -> Self {
        Self {
            now,
            zone,
            size,
            theme,
            keymap: Keymap::default(),
            worklist: Worklist::default(),
            health: None,
            site: Site { max_wait: None },
            view: View::default(),
            overlay: None,
            pending: Vec::new(),
            notice: None,
            asked: None,
            detail: None,
            film: 0,
            label: None,
            heatmap: true,
            labels: 0,
            gallery: Gallery::new(canvas),
            undo: Vec::new(),
            stale: true,
        }
    }

    /// Whether the heatmap lies over the film at the start.
    #[must_use]
    pub fn with_heatmap(mut self, heatmap: bool) -> Self {
        self.heatmap = heatmap;
        self
    }

    /// The list.
    #[must_use]
    pub fn worklist(&self) -> &Worklist {
        &self.worklist
    }

    /// Which view is open.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// What lies over the screen.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// Whether the help lies over the screen.
    #[must_use]
    pub fn help_is_open(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Help(_)))
    }

    /// Whether the heatmap is on.
    #[must_use]
    pub fn heatmap_is_on(&self) -> bool {
        self.heatmap
    }

    /// The pictures.
    #[must_use]
    pub fn gallery(&self) -> &Gallery {
        &self.gallery
    }

    /// The message in the message line.
    #[must_use]
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref().map(|(notice, _)| notice)
    }

    pub(super) fn say(&mut self, level: NoticeLevel, text: String) {
        self.notice = Some((Notice { level, text }, self.now));
    }

    /// Whether a change of status can be taken back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether `close` has something to close.
    #[must_use]
    pub fn has_something_to_close(&self) -> bool {
        self.overlay.is_some() || self.notice.is_some() || self.view == View::Film
    }

    /// Whether the screen no longer shows this state.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether the screen no longer shows this state; the caller is about to draw it.
    pub fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.stale)
    }

    /// The detail of the selected study, once it is there.
    #[must_use]
    pub fn detail(&self) -> Option<&StudyDetail> {
        let selected = self.worklist.selected()?;
        self.detail.as_deref().filter(|detail| detail.study.id == selected.id)
    }

    /// How many films the selected study has, as far as is known.
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
    /// another image of its exposure is scored.
    #[must_use]
    pub fn scorable_film(&self) -> Option<FilmId> {
        let film = self.film()?;
        let waits = film.on_request.as_ref().is_some_and(|request| request.answer == Answer::Waiting);
        let scorable = match &film.state {
            FilmState::Held(held) => held.gate != Gate::Exposure && film.decoded && !waits,
            FilmState::Scored { .. } => false,
        };
        scorable.then_some(film.id)
    }

    /// Its index in the study.
    #[must_use]
    pub fn film_index(&self) -> usize {
        self.film.min(self.film_count().saturating_sub(1))
    }

    /// That film's findings as the pane lists them: ranking labels first, then by score.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let Some(FilmState::Scored { findings, .. }) = self.film().map(|film| &film.state) else {
            return Vec::new();
        };
        let mut sorted: Vec<&Finding> = findings.iter().collect();
        sorted.sort_by(|a, b| b.rank.cmp(&a.rank).then_with(|| b.score.total_cmp(&a.score)));
        sorted
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
    pub(super) fn heatmap_label(&self) -> Option<String> {
        self.selected_label().filter(|_| self.heatmap).map(str::to_owned)
    }

    /// Today, where the screen is.
    pub(super) fn today(&self) -> civil::Date {
        self.zone.to_datetime(self.now).date()
    }

    pub(super) fn layout(&self) -> Option<Layout> {
        let header = u16::try_from(render::header_lines(self).len()).unwrap_or(u16::MAX);
        Layout::of(self.size, self.view, header, self.labels)
    }

    /// How many studies the list shows at once.
    pub(super) fn list_rows(&self) -> usize {
        let Some(list) = self.layout().and_then(|layout| layout.list) else { return 1 };
        // One line goes to the headings, and one to the rule over the held studies.
        let rules = u16::from(self.has_held_rule()) + 1;
        usize::from(inside(list).height.saturating_sub(rules)).max(1)
    }

    /// Whether a rule parts the held studies from ranked ones.
    pub(super) fn has_held_rule(&self) -> bool {
        self.worklist.held_from() < self.worklist.len()
    }

    /// Where the picture goes: the film pane without its border, its label line, and the reason over a
    /// held film.
    pub(super) fn picture_area(&self) -> Option<Rect> {
        let inner = inside(self.layout()?.film?);
        let held = self.film().is_some_and(|film| matches!(film.state, FilmState::Held(_)));
        let above = if held { HELD_LINES.min(inner.height) } else { 0 };
        let area = Rect { y: inner.y + above, height: inner.height.saturating_sub(above + 1), ..inner };
        (!area.is_empty()).then_some(area)
    }

    /// Whether the study has waited past the site's limit without anybody opening it.
    pub(super) fn is_overdue(&self, row: &StudyRow) -> bool {
        let waited = self.now.duration_since(row.first_arrival);
        row.status == Status::New && self.site.max_wait.is_some_and(|limit| waited > limit)
    }

    /// The rows on the screen; one more than is sure to fit while the rule over the held studies is out
    /// of sight.
    pub(super) fn rows_on_screen(&self) -> &[Arc<StudyRow>] {
        let rows = self.worklist.rows();
        let from = self.worklist.offset().min(rows.len());
        let spare = usize::from(self.has_held_rule());
        &rows[from..(from + self.list_rows() + spare).min(rows.len())]
    }

    /// Everything on the screen that only the clock changes. While it stays the same, a tick needs no
    /// drawing.
    pub(super) fn clock_face(&self) -> Vec<i64> {
        let waits = self.rows_on_screen().iter().map(|row| row.first_arrival);
        let mut face: Vec<i64> = waits.map(|since| words::minutes_between(self.now, since)).collect();
        face.push(self.now.as_second().div_euclid(60));
        face.push(i64::from(self.notice.is_some()));
        face
    }
}
