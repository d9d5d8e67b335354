//! A desk with a dashboard on it: a morning's studies, a pipeline that answers at once, and a terminal
//! of any size that can be read.

// Each test file uses a part of it.
#![allow(dead_code)]
// Clippy knows a test by its attribute, and this is only what tests stand on.
use std::{collections::BTreeMap, sync::Arc};

use cxr_film::Header;
use cxr_triage::{
    dashboard::{Canvas, Effect, Key, Message, Past, Reconfigure, Site, State, Theme, draw, settle, update},
    picture,
    quality::{Gate, Held},
    session::protocol::{
        BenchRequest, BenchUpdate, Health, NoSimilarError, Notice, NoticeLevel, Picture, PictureError,
        Position, Request, Similar, SimilarFilm, Update,
    },
    store::{
        Answer, FilmRow, FilmState, Note, OnRequest, OutsidePriority, PriorFilm, Sender, Shift, Spread,
        Status, StudyDetail, StudyId, StudyRow,
    },
    study::{
        self, Attributes, Bench, BenchLabel, Clash, Difference, Finding, LabelRule, OperatingPoint,
        PastStudy, Sample, Setting, Severity,
    },
};
use image::{Rgb, RgbImage};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::{Terminal, backend::TestBackend, layout::Size};

/// The time at which every test starts: Monday, 14:02.
pub(crate) fn noon() -> Timestamp {
    "2026-03-02T14:02:00Z".parse().expect("a time")
}

const LABELS: [&str; 8] = [
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumothorax",
];
/// The labels that the model is not validated for.
const WEAK: [&str; 2] = ["Infiltration", "Nodule"];

/// One finding a label: the probabilities given, and little for the rest.
fn findings(given: &[(&str, f64)]) -> Vec<Finding> {
    let finding = |label: &str| {
        let known = given.iter().find(|(name, _)| *name == label);
        let probability = known.map_or(0.04, |(_, probability)| *probability);
        let validated = !WEAK.contains(&label);
        let (threshold, critical) = (0.3, study::default_critical(0.3));
        let severity = match probability {
            p if !validated || p < threshold => Severity::Routine,
            p if p < critical => Severity::Urgent,
            _ => Severity::Critical,
        };
        Finding {
            label: label.to_owned(),
            probability,
            threshold,
            critical,
            score: study::score(probability, threshold),
            severity,
            rank: validated,
            validated,
        }
    };
    LABELS.map(finding).to_vec()
}

/// A study of one scored film that came in so many minutes ago.
pub(crate) fn study(id: StudyId, name: &str, minutes: i64, given: &[(&str, f64)]) -> StudyDetail {
    let findings = findings(given);
    let assessment = study::combine([findings.as_slice()]);
    let arrival = noon() - SignedDuration::from_mins(minutes);
    let study = StudyRow {
        patient_id: format!("P{id:04}"),
        patient_name: name.to_owned(),
        accession_number: format!("A{id}"),
        description: "CHEST".to_owned(),
        view: "PA".to_owned(),
        file_name: format!("film-{id}.dcm"),
        study_time: "2026-03-02T13:30:00".parse().ok(),
        complete: true,
        scored_films: 1,
        severity: assessment.severity,
        assessed: assessment.severity,
        score: assessment.score,
        top: assessment.top,
        model: "starter".to_owned(),
        attributes: Attributes {
            patient_age: "058Y".to_owned(),
            patient_sex: "F".to_owned(),
            station_name: "ROOM 1".to_owned(),
        },
        revision: id,
        ..StudyRow::new(id, format!("1.2.826.{id}"), arrival)
    };
    let state = FilmState::Scored {
        findings,
        model: "starter".to_owned(),
        model_sha256: "0".repeat(64),
        scored_at: arrival,
    };
    StudyDetail {
        study,
        films: vec![film(id * 10, "PA", state)],
        notes: Vec::new(),
        clashes: Vec::new(),
        sendings: Vec::new(),
    }
}

fn film(id: i64, view: &str, state: FilmState) -> FilmRow {
    let header = Header { view_position: view.to_owned(), ..Header::default() };
    FilmRow {
        id,
        path: format!("inbox/film-{id}.dcm").into(),
        sha256: "0".repeat(64),
        header,
        state,
        warnings: Vec::new(),
        clashes: Vec::new(),
        decoded: true,
        on_request: None,
    }
}

/// Adds a held film to a study.
fn with_held(mut detail: StudyDetail, reason: &str) -> StudyDetail {
    let held = Held { gate: Gate::OutOfDistribution, reason: reason.to_owned() };
    detail.films.push(film(detail.study.id * 10 + 1, "LL", FilmState::Held(held)));
    detail.study.held_films += 1;
    reason.clone_into(&mut detail.study.held_reason);
    detail
}

/// Adds a lateral to a study with a scored film.
fn with_lateral(mut detail: StudyDetail) -> StudyDetail {
    let reason = "Lateral: listed with its study, not scored. Its view is LL, and only frontal films (PA, AP) are scored.";
    let lateral = Held { gate: Gate::View, reason: reason.to_owned() };
    detail.films.push(film(detail.study.id * 10 + 1, "LL", FilmState::Held(lateral)));
    detail.study.listed_films += 1;
    detail
}

/// A study whose only film is held.
pub(crate) fn held(id: StudyId, name: &str, minutes: i64, reason: &str) -> StudyDetail {
    let mut detail = study(id, name, minutes, &[]);
    detail.films.clear();
    let row = &mut detail.study;
    (row.severity, row.assessed, row.score, row.top) = (Severity::Held, Severity::Held, None, None);
    (row.scored_films, row.model) = (0, String::new());
    with_held(detail, reason)
}

/// The first study of the morning; another patient's film bears its film's number and its study's.
pub(crate) fn mixed_up() -> StudyDetail {
    let mut detail = morning().remove(0);
    let key = format!("{}#2", detail.study.key);
    detail.films[0].clashes.push(Clash::Film {
        file_name: "roe.dcm".to_owned(),
        study: key.clone(),
        difference: Difference { patient: true, study: false, pixels: Some(true) },
    });
    detail.clashes.push(Clash::Study { key });
    detail
}

/// A dozen studies over all bands, with everything that a row can carry.
pub(crate) fn morning() -> Vec<StudyDetail> {
    let mut stat = study(5, "STERN^EVA", 3, &[("Cardiomegaly", 0.11)]);
    stat.study.outside = Some(OutsidePriority { floor: Severity::Urgent, source: "STAT".to_owned() });
    stat.study.severity = study::reported(stat.study.assessed, Some(Severity::Urgent), false);

    let mut promoted = study(7, "LANGE^OTTO", 95, &[("Atelectasis", 0.2)]);
    promoted.study.promoted_at = Some(noon() - SignedDuration::from_mins(5));
    promoted.study.severity = study::reported(promoted.study.assessed, None, true);

    let mut was_critical = study(4, "OKORO^NGOZI", 40, &[("Mass", 0.62), ("Nodule", 0.8)]);
    was_critical.study.was_critical_until = Some(noon() - SignedDuration::from_mins(12));

    let mut seen = study(8, "", 200, &[]);
    seen.study.status = Status::Seen;

    let mut raster = study(9, "", 8, &[("Effusion", 0.29)]);
    raster.study.patient_id.clear();
    raster.study.accession_number.clear();
    raster.study.description.clear();
    raster.study.view.clear();
    raster.study.study_time = None;
    raster.study.file_name = "00000150_002.png".to_owned();

    let mut incomplete = study(6, "NOVÁK^JIŘÍ", 1, &[("Pleural_Thickening", 0.41)]);
    incomplete.study.complete = false;

    vec![
        study(1, "DOE^JANE", 12, &[("Effusion", 0.97), ("Atelectasis", 0.55), ("Infiltration", 0.9)]),
        study(2, "=山田^太郎", 47, &[("Pneumothorax", 0.86)]),
        with_lateral(study(3, "RAMIREZ^MARIA DEL CARMEN", 25, &[("Mass", 0.7)])),
        was_critical,
        stat,
        incomplete,
        promoted,
        seen,
        raster,
        study(10, "FISCHER^ADA", 0, &[("Cardiomegaly", 0.05)]),
        held(
            11,
            "SMITH^JO",
            31,
            "Body part is HAND, not the chest: send it to the right inbox, or score it by hand",
        ),
        held(12, "", 2, "The file ends in the middle of its pixels: send it again"),
    ]
}

/// Intake and engine at work.
pub(crate) fn health() -> Health {
    Health {
        position: Position::Owner,
        inbox: "./inbox".to_owned(),
        fault: None,
        queued: 3,
        working_on: Some("00000506_013.png".to_owned()),
        films_per_second: Some(3.4),
        device: "cpu".to_owned(),
        model: "starter".to_owned(),
        banner: "trained on few films; to try the tool, not to read films".to_owned(),
        last_arrival: Some(noon() - SignedDuration::from_mins(1)),
        feed_alarm: None,
        reasons: Vec::new(),
        hosts: cxr_triage::health::HostsFacts::default(),
    }
}

/// A dashboard, and the pipeline behind it.
pub(crate) struct Desk {
    pub(crate) state: State,
    pub(crate) studies: BTreeMap<StudyId, StudyDetail>,
    /// Every request that the dashboard sent.
    pub(crate) sent: Vec<Request>,
    pub(crate) has_quit: bool,
    /// How often the bell rang.
    pub(crate) rung: usize,
    /// What the desktop was told.
    pub(crate) notices: Vec<String>,
    pub(crate) suspended: usize,
    /// The encoder's memory.
    past: Past,
    /// While false, no request is answered.
    pub(crate) is_answered: bool,
    /// While false, requests for pictures stay unanswered.
    pub(crate) makes_pictures: bool,
    /// The films that do not decode, and why.
    pub(crate) broken: BTreeMap<i64, String>,
    /// The earlier films of a study's patient.
    pub(crate) priors: BTreeMap<StudyId, Vec<PriorFilm>>,
    /// Answers to the question for similar films, by film.
    pub(crate) similar: BTreeMap<i64, Result<Vec<SimilarFilm>, NoSimilarError>>,
    /// What the last films of a model got.
    pub(crate) spread: Option<Spread>,
    /// How the shift goes.
    pub(crate) shift: Option<Shift>,
    /// Who sends films by DICOM.
    pub(crate) senders: Option<Vec<Sender>>,
    /// What answers the threshold workbench.
    pub(crate) workbench: Backroom,
}

impl Desk {
    /// An empty dashboard that has heard of its pipeline.
    pub(crate) fn empty(width: u16, height: u16) -> Self {
        let size = Size::new(width, height);
        let state =
            State::new(noon(), TimeZone::UTC, size, Theme::standard(), Canvas::halfblocks()).with_who("ann");
        let mut desk = Self {
            state,
            studies: BTreeMap::new(),
            sent: Vec::new(),
            has_quit: false,
            rung: 0,
            notices: Vec::new(),
            suspended: 0,
            past: Past::default(),
            is_answered: true,
            makes_pictures: true,
            broken: BTreeMap::new(),
            priors: BTreeMap::new(),
            similar: BTreeMap::new(),
            spread: None,
            shift: None,
            senders: None,
            workbench: Backroom::default(),
        };
        desk.configure(Site { max_wait: Some(SignedDuration::from_mins(90)), ..Site::default() });
        desk.tell(Update::Health(health()));
        desk
    }

    /// The dashboard with the morning's studies.
    pub(crate) fn morning(width: u16, height: u16) -> Self {
        let mut desk = Self::empty(width, height);
        desk.arrive(morning());
        desk.settle();
        desk
    }

    pub(crate) fn arrive(&mut self, details: Vec<StudyDetail>) {
        let rows = details.iter().map(|detail| detail.study.clone()).collect();
        self.studies.extend(details.into_iter().map(|detail| (detail.study.id, detail)));
        self.tell(Update::Studies(rows));
    }

    pub(crate) fn tell(&mut self, update: Update) {
        self.handle(Message::Update(update));
    }

    pub(crate) fn configure(&mut self, site: Site) {
        self.handle(Message::Reconfigure(Reconfigure::Site(Box::new(site))));
    }

    pub(crate) fn paint(&mut self, theme: Theme) {
        self.handle(Message::Reconfigure(Reconfigure::Theme(Box::new(theme))));
    }

    /// The screen without colours or any sign that is no letter of ASCII's, which is looked at here.
    pub(crate) fn ascii_screen(&mut self, width: u16, height: u16) -> String {
        self.paint(Theme { ascii: true, ..Theme::monochrome() });
        let screen = self.screen(width, height);
        let odd = |line: &&str| line.trim_matches('"').chars().any(|c| !c.is_ascii() && !c.is_alphabetic());
        assert_eq!(screen.lines().find(odd), None, "{screen}");
        screen
    }

    pub(crate) fn notice(&mut self, level: NoticeLevel, text: &str) {
        self.tell(Update::Notice(Notice { level, text: text.to_owned() }));
    }

    /// Presses keys by their names, a space apart.
    pub(crate) fn press(&mut self, keys: &str) {
        for word in keys.split_whitespace() {
            let key: Key = word.parse().expect("a key");
            self.handle(Message::Key(key.into()));
            self.settle();
        }
    }

    pub(crate) fn handle(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        self.perform(effects);
    }

    /// Lets the dashboard ask, until it wants nothing more.
    pub(crate) fn settle(&mut self) {
        loop {
            let effects = settle(&mut self.state);
            if effects.is_empty() {
                break;
            }
            self.perform(effects);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit | Effect::End(_) => self.has_quit = true,
                Effect::Redraw => {}
                Effect::Bell => self.rung += 1,
                Effect::DesktopNotice { text, .. } => self.notices.push(text),
                Effect::Suspend => self.suspended += 1,
                Effect::Encode(job) => {
                    let encoded = job.run(&mut self.past);
                    self.handle(Message::Encoded(encoded));
                }
                Effect::Request(request) => {
                    self.sent.push(request.clone());
                    if self.is_answered {
                        self.answer(request);
                    }
                }
            }
        }
    }

    /// What the store would do.
    fn change(&mut self, id: StudyId, change: impl FnOnce(&mut StudyRow)) {
        if let Some(detail) = self.studies.get_mut(&id) {
            change(&mut detail.study);
            detail.study.revision += 100;
            let row = detail.study.clone();
            self.tell(Update::Studies(vec![row]));
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Detail(id) => {
                if let Some(detail) = self.studies.get(&id) {
                    self.tell(Update::Detail(Box::new(detail.clone())));
                }
            }
            Request::Status(id, status) => {
                self.change(id, |study| {
                    study.set_status(status, "ann", noon());
                });
            }
            Request::TakeBack(id, handling) => self.change(id, |study| {
                study.take_back(&handling);
            }),
            Request::Acknowledge(id) => self.change(id, |study| {
                study.acknowledge("ann", noon());
            }),
            Request::Note(id, text) => {
                self.change(id, |study| study.notes += 1);
                if let Some(detail) = self.studies.get_mut(&id) {
                    detail.notes.push(Note { author: "ann".to_owned(), time: noon(), text });
                    let detail = detail.clone();
                    self.tell(Update::Detail(Box::new(detail)));
                }
            }
            Request::Similar(film) => {
                let neighbours = self.similar.get(&film).cloned().unwrap_or_else(|| Ok(Vec::new()));
                self.tell(Update::Similar(Similar { film, neighbours }));
            }
            Request::Priors(id) => {
                let priors = self.priors.get(&id).cloned().unwrap_or_default();
                self.tell(Update::Priors(id, priors));
            }
            Request::Who(_) => {}
            Request::Spread { .. } => {
                if let Some(spread) = self.spread.clone() {
                    self.tell(Update::Spread(Arc::new(spread)));
                }
            }
            Request::Shift(watch) => {
                if let (Some(watch), Some(shift)) = (watch, self.shift.clone()) {
                    self.tell(Update::Shift(watch.period, Box::new(shift)));
                }
            }
            Request::Senders(is_open) => {
                if let Some(senders) = self.senders.clone().filter(|_| is_open) {
                    self.tell(Update::Senders(senders));
                }
            }
            Request::Picture(request) if self.makes_pictures => {
                let image = match self.broken.get(&request.film) {
                    Some(reason) => Err(PictureError(reason.clone())),
                    None if request.is_sheet() => {
                        let film = image::imageops::grayscale(&chest(100));
                        let films: Vec<_> = request.sheet.iter().map(|_| Some(&film)).collect();
                        Ok(Arc::new(picture::sheet(&films, (request.width, request.height))))
                    }
                    None => Ok(Arc::new(chest(request.width.min(request.height)))),
                };
                self.tell(Update::Picture(Picture { request, image }));
            }
            Request::Picture(_) | Request::Plugin(_) | Request::Send(..) | Request::Sendings(_) => {}
            Request::Bench(request) => self.workbench.answer(request).into_iter().for_each(|update| {
                self.tell(Update::Bench(Box::new(update)));
            }),
            Request::Score(film) => self.wait_for_score(film),
        }
    }

    /// What the store makes of a request for a held film.
    fn wait_for_score(&mut self, film: i64) {
        let Some(detail) = self.studies.values_mut().find(|d| d.films.iter().any(|f| f.id == film)) else {
            return;
        };
        for row in detail.films.iter_mut().filter(|row| row.id == film) {
            let FilmState::Held(held) = &row.state else { continue };
            row.on_request = Some(OnRequest {
                by: "anna".to_owned(),
                at: noon(),
                was_held: held.reason.clone(),
                answer: Answer::Waiting,
            });
        }
        let detail = detail.clone();
        self.tell(Update::Detail(Box::new(detail)));
    }

    /// The screen as text.
    pub(crate) fn screen(&self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| draw(&self.state, frame)).expect("a frame");
        terminal.backend().to_string()
    }

    pub(crate) fn selected(&self) -> Option<StudyId> {
        self.state.worklist().selected().map(|row| row.id)
    }
}

/// What stands behind the threshold workbench: the studies of three days, and a file that can be written.
pub(crate) struct Backroom {
    /// What is in force; or why it cannot be read.
    pub(crate) bench: Result<Bench, String>,
    pub(crate) past: Vec<PastStudy>,
    /// Why nothing can be saved.
    pub(crate) refuses: Option<&'static str>,
    /// While false, no question is answered.
    pub(crate) counts: bool,
}

impl Default for Backroom {
    fn default() -> Self {
        let label = |name: &str| {
            let rank = !WEAK.contains(&name);
            let rule = LabelRule {
                label: name.to_owned(),
                alert: 0.3,
                critical: study::default_critical(0.3),
                cap: Severity::Critical,
                rank,
                validated: rank,
            };
            BenchLabel { rule, own: OperatingPoint::of_alert(0.3), site: Setting::default() }
        };
        let bench = Bench {
            model: "starter".to_owned(),
            labels: LABELS.map(label).to_vec(),
            max_wait: Some(SignedDuration::from_mins(90)),
        };
        // A fixed sequence of numbers: few are high, as on real films.
        let mut seed = 7_u32;
        let mut roll = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        let mut past: Vec<PastStudy> = (0..240_i64)
            .map(|back| {
                let since = noon() - SignedDuration::from_mins(20 * back);
                let opened = since + SignedDuration::from_mins(15 + (roll() * 120.0) as i64);
                let id = if back < 10 { back + 1 } else { 1000 + back };
                let film = LABELS.map(|_| roll().powi(6) as f32).to_vec();
                PastStudy {
                    study: id,
                    key: format!("1.2.826.{id}"),
                    since,
                    opened: (opened < noon()).then_some(opened),
                    outside: None,
                    films: vec![film],
                }
            })
            .collect();
        past.reverse();
        Self { bench: Ok(bench), past, refuses: None, counts: true }
    }
}

impl Backroom {
    fn answer(&mut self, request: BenchRequest) -> Vec<BenchUpdate> {
        let bench = match &mut self.bench {
            Ok(bench) => bench,
            Err(text) => return vec![BenchUpdate::Failed(text.clone())],
        };
        let tried = |bench: &Bench, settings: Vec<Setting>| {
            let found =
                study::what_if(&self.past, &bench.in_force(), &bench.rules(&settings), bench.max_wait);
            BenchUpdate::Tried(settings, Box::new(found))
        };
        match request {
            BenchRequest::Open => {
                let sample = Sample::of(&self.past, bench.labels.len());
                vec![BenchUpdate::Opened(bench.clone(), sample), tried(bench, bench.settings())]
            }
            BenchRequest::Try(settings) if self.counts => vec![tried(bench, settings)],
            BenchRequest::Try(_) | BenchRequest::Reread => Vec::new(),
            BenchRequest::Save(changes) => {
                if let Some(why) = self.refuses {
                    return vec![BenchUpdate::Refused(why.to_owned())];
                }
                for change in &changes {
                    for label in bench.labels.iter_mut().filter(|label| label.rule.label == change.label) {
                        assert_eq!(label.site, change.from, "what is replaced is what there is");
                        label.site = change.to;
                    }
                }
                let rules = bench.rules(&bench.settings());
                for (label, rule) in bench.labels.iter_mut().zip(rules.labels) {
                    label.rule = rule;
                }
                vec![BenchUpdate::Saved(bench.clone(), changes, None)]
            }
        }
    }
}

/// Two dark lungs on grey.
fn chest(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let (x, y) = (f64::from(x) / f64::from(side), f64::from(y) / f64::from(side));
        let lung = |centre: f64| ((x - centre) / 0.16).powi(2) + ((y - 0.5) / 0.33).powi(2) < 1.0;
        if lung(0.28) || lung(0.72) { Rgb([40; 3]) } else { Rgb([170; 3]) }
    })
}
