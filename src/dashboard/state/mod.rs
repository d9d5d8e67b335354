//! Everything that the dashboard knows. `update` changes it, `draw` shows it; neither waits.

mod compared;
mod counted;
mod names;
mod offers;
mod panel;
mod person;
mod places;
pub(in crate::dashboard) mod plugins;
mod selected;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use ratatui::layout::Size;

pub(in crate::dashboard) use compared::settle as settle_comparison;
pub(in crate::dashboard) use panel::choose;
pub use panel::{Handled, Next, Panel};
pub use plugins::Command;

use compared::Compared;
use counted::Counted;

use super::{
    keymap::{Key, Keymap},
    layout::View,
    pictures::{Canvas, Gallery},
    site::Site,
    theme::Theme,
    worklist::{Column, Filter, FilterError, SavedView, Worklist},
};
use crate::{
    picture::{Mode, Presentation},
    session::protocol::{Health, Notice, NoticeLevel},
    store::{Handling, PluginRecord, PriorFilm, StudyDetail, StudyId, StudyRow},
    study::{PersonRole, Sending, ThresholdChange},
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
    /// The columns of the list, as they were chosen last.
    pub(super) columns: Vec<Column>,
    /// The view that is open, and the one before it.
    pub(super) listed: usize,
    pub(super) listed_before: usize,
    /// The filter as it was typed, over that of the view.
    pub(super) typed: String,
    /// Why what is being typed is no filter yet.
    pub(super) mistake: Option<FilterError>,
    /// The results on their way, as far as they were asked for.
    pub(super) sendings: Vec<Sending>,
    /// The plugins with their health, and what they add to the screen.
    pub(super) plugins: Vec<PluginRecord>,
    pub(super) view: View,
    /// The panel that lies over the screen.
    pub(super) panel: Option<Box<dyn Panel>>,
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
    pub(super) presentation: Presentation,
    /// How the heatmap was shown before it was turned off.
    pub(super) heated: Mode,
    /// Whether an earlier film of the patient stands beside this one.
    pub(super) beside_prior: bool,
    /// The earlier films of a study's patient, once they were asked for.
    pub(super) priors: Option<(StudyId, Option<Vec<PriorFilm>>)>,
    /// The most findings that a film had so far: what the findings pane is laid out for, so that the
    /// panes stand still while one moves from film to film.
    pub(super) labels: u16,
    pub(super) gallery: Gallery,
    /// The small pictures of the open panel.
    pub(super) sheet: Gallery,
    /// The last films of the model, for comparison.
    pub(super) compared: Compared,
    /// The counts of the shift.
    pub(super) counted: Counted,
    /// Studies and how each stood before the person changed it, the last change last.
    pub(super) undo: Vec<(StudyId, Handling)>,
    /// The thresholds that were saved here, the last save last.
    pub(super) bench_saved: Vec<Vec<ThresholdChange>>,
    /// The person at the keys.
    pub(super) who: String,
    /// That person's role, where it is one who has logged in; none: the user of an account, who may do all.
    pub(super) role: Option<PersonRole>,
    /// When a key was pressed last.
    pub(super) touched_at: Timestamp,
    /// Whether names and identifiers are kept off the screen.
    hides_names: bool,
    /// When the bell rang last.
    pub(super) rung_at: Option<Timestamp>,
    /// Whether the person has pressed a key or a button of the mouse.
    pub(super) is_touched: bool,
    /// Whether the screen no longer shows this state.
    pub(super) stale: bool,
}

impl State {
    /// An empty dashboard on a terminal of that size.
    #[must_use]
    pub fn new(now: Timestamp, zone: TimeZone, size: Size, theme: Theme, canvas: Canvas) -> Self {
        let mut state = Self {
            now,
            zone,
            size,
            theme,
            keymap: Keymap::default(),
            worklist: Worklist::default(),
            health: None,
            columns: Site::default().columns,
            site: Site::default(),
            listed: 0,
            listed_before: 0,
            typed: String::new(),
            mistake: None,
            sendings: Vec::new(),
            plugins: Vec::new(),
            view: View::default(),
            panel: None,
            pending: Vec::new(),
            notice: None,
            asked: None,
            detail: None,
            film: 0,
            label: None,
            presentation: Presentation::default(),
            heated: Mode::Overlay,
            beside_prior: false,
            priors: None,
            labels: 0,
            gallery: Gallery::new(canvas),
            sheet: Gallery::new(canvas),
            compared: Compared::default(),
            counted: Counted::default(),
            undo: Vec::new(),
            bench_saved: Vec::new(),
            who: String::new(),
            role: None,
            touched_at: now,
            hides_names: false,
            rung_at: None,
            is_touched: false,
            stale: true,
        };
        state.filter_anew();
        state
    }

    /// Returns whether the heatmap lies over the film at the start.
    #[must_use]
    pub fn with_heatmap(mut self, heatmap: bool) -> Self {
        self.presentation.mode = if heatmap { self.heated } else { Mode::Film };
        self
    }

    /// The person at the keys, as far as is known.
    #[must_use]
    pub fn with_who(mut self, who: &str) -> Self {
        who.clone_into(&mut self.who);
        self
    }

    /// The list.
    #[must_use]
    pub fn worklist(&self) -> &Worklist {
        &self.worklist
    }

    /// Returns which view is open.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// The plugins, as far as they are known.
    #[must_use]
    pub fn plugins(&self) -> &[PluginRecord] {
        &self.plugins
    }

    /// The columns that the plugins that run add.
    pub fn plugin_columns(&self) -> impl Iterator<Item = Column> {
        self.plugins.iter().filter(|record| plugins::runs(record)).flat_map(Column::all_of_plugin)
    }

    /// The columns of the list.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The view of a number key, if there is one.
    #[must_use]
    pub fn view_at(&self, number: u8) -> Option<&SavedView> {
        self.site.views.all().get(usize::from(number).checked_sub(1)?)
    }

    /// The view that is open.
    #[must_use]
    pub fn listed_view(&self) -> Option<&SavedView> {
        self.site.views.all().get(self.listed)
    }

    /// The filter over the view's, as it was typed.
    #[must_use]
    pub fn typed_filter(&self) -> &str {
        &self.typed
    }

    /// Takes a filter as far as it is typed. What cannot be understood changes nothing but the mistake.
    pub(super) fn set_typed_filter(&mut self, text: &str) {
        match Filter::parse(text) {
            Ok(filter) => {
                text.trim().clone_into(&mut self.typed);
                self.mistake = None;
                self.filter_with(&filter);
            }
            Err(error) => self.mistake = Some(error),
        }
    }

    /// Opens another view; the typed filter stays over it.
    pub(super) fn open_view(&mut self, index: usize) {
        if index < self.site.views.all().len() && index != self.listed {
            (self.listed_before, self.listed) = (self.listed, index);
            self.filter_anew();
        }
    }

    /// Applies the filters of view and person.
    pub(super) fn filter_anew(&mut self) {
        self.filter_with(&Filter::parse(&self.typed).unwrap_or_default());
    }

    fn filter_with(&mut self, typed: &Filter) {
        let view = self.listed_view().map(|view| view.filter.clone()).unwrap_or_default();
        self.worklist.set_filter(view.and(typed), self.now);
    }

    /// Takes the site's settings over.
    pub(super) fn take_site(&mut self, site: Site) {
        if site.columns != self.site.columns {
            self.columns.clone_from(&site.columns);
        }
        self.keymap = site.keymap.clone();
        self.pending.clear();
        self.site = site;
        self.listed = self.listed.min(self.site.views.all().len().saturating_sub(1));
        self.filter_anew();
    }

    /// Returns whether the heatmap is on.
    #[must_use]
    pub fn heatmap_is_on(&self) -> bool {
        self.presentation.mode != Mode::Film
    }

    /// Returns how the film is presented.
    #[must_use]
    pub fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    /// The pictures.
    #[must_use]
    pub fn gallery(&self) -> &Gallery {
        &self.gallery
    }

    /// The small pictures of the open panel.
    #[must_use]
    pub fn sheet(&self) -> &Gallery {
        &self.sheet
    }

    /// The message in the message line.
    #[must_use]
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref().map(|(notice, _)| notice)
    }

    pub(super) fn say(&mut self, level: NoticeLevel, text: String) {
        self.notice = Some((Notice { level, text }, self.now));
    }

    /// Returns whether a change of status can be taken back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Returns whether `close` has something to close.
    #[must_use]
    pub fn has_something_to_close(&self) -> bool {
        self.panel.is_some() || self.notice.is_some() || self.view == View::Film || !self.typed.is_empty()
    }

    /// Returns whether the screen no longer shows this state.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Returns whether the screen no longer shows this state; the caller is about to draw it.
    pub fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.stale)
    }

    /// Today, where the screen is.
    pub(super) fn today(&self) -> civil::Date {
        self.zone.to_datetime(self.now).date()
    }

    /// Returns whether the study has waited past the site's limit without anybody opening it.
    pub(super) fn is_overdue(&self, row: &StudyRow) -> bool {
        row.is_overdue(self.site.max_wait, self.now)
    }
}
