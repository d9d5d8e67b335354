//! The studies of a scan: which film counts, in whose row it stands, and which numbers stand on several.
//! [`crate::study`] decides, as it does for a store.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use crossbeam_channel::Receiver;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::unread::UnreadFiles,
    work::{Known, Outcome},
};
use crate::{
    guard::guarded,
    intake::LeftOut,
    model::{Findings, ModelError},
    pipeline::{ask_last_gate, broke_down, failed, file_name, shown},
    quality::{Gates, Held, SAME_EXPOSURE, Warning},
    study::{
        self, Attributes, Claim, Clash, Finding, MOST_CLASHES, Patient, RankKey, Rules, Severity, row_key,
        row_of,
    },
    text::unnamed,
};
use cxr_film::Header;

/// One study, as a line of JSON. The fields are a contract with scripts.
#[derive(Debug, Serialize)]
pub(super) struct Study {
    /// Its key: see [`crate::store::StudyRow::key`].
    study: String,
    pub(super) films: Vec<Film>,
    pub(super) severity: Severity,
    pub(super) score: Option<f64>,
    pub(super) top: Option<String>,
    pub(super) held: Vec<HeldFilm>,
    /// Of the header of its first film that decoded, else of its first film.
    #[serde(flatten)]
    attributes: Attributes,
    #[serde(skip)]
    is_identified: bool,
    /// Other studies and films that bear a number of its own or of its films, a sentence each.
    warnings: Vec<String>,
    /// The files that the whole scan left out: the same in every line.
    left_out: LeftOut,
    model: ModelName,
    version: &'static str,
}

/// A film's place among all that count.
type Number = usize;

#[derive(Debug, Serialize)]
pub(super) struct Film {
    pub(super) path: String,
    sha256: String,
    #[serde(serialize_with = "four_fields")]
    findings: Vec<Finding>,
    /// The warnings for a reader beside the findings, a sentence each.
    pub(super) warnings: Vec<String>,
    #[serde(skip)]
    header: Header,
    #[serde(skip)]
    number: Number,
}

#[derive(Debug, Serialize)]
pub(super) struct HeldFilm {
    pub(super) path: String,
    pub(super) reason: String,
    /// As of a scored film.
    pub(super) warnings: Vec<String>,
    /// The header of a file that decoded.
    #[serde(skip)]
    header: Option<Header>,
    #[serde(skip)]
    number: Number,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ModelName {
    pub(super) name: String,
    pub(super) sha256: String,
}

/// Of a finding, what the contract names.
fn four_fields<S: serde::Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Four<'a> {
        label: &'a str,
        probability: f64,
        threshold: f64,
        score: f64,
    }
    serializer.collect_seq(findings.iter().map(|finding| Four {
        label: &finding.label,
        probability: finding.probability,
        threshold: finding.threshold,
        score: finding.score,
    }))
}

impl Study {
    fn place(&self, since: Timestamp) -> RankKey<'_> {
        RankKey { severity: self.severity, score: self.score, since, study: &self.study }
    }

    /// Takes over the attributes of a film's header, unless those of a better one are known.
    fn identify(&mut self, header: &Header, decoded: bool) {
        let is_first = self.films.is_empty() && self.held.is_empty();
        if is_first || (decoded && !self.is_identified) {
            self.attributes = Attributes::of(header);
            self.is_identified = decoded;
        }
    }

    /// An image for processing is not scored where the one for presentation of its exposure is.
    fn count_exposures_once(&mut self) {
        let scored: Vec<Header> = self.films.iter().map(|film| film.header.clone()).collect();
        let held = self.held.iter().filter_map(|film| Some((film.number, film.header.clone()?)));
        let all = self.films.iter().map(|film| (film.number, film.header.clone()));
        let all: Vec<(Number, Header)> = all.chain(held).collect();
        let aside = |number: Number, raw: &Header| {
            scored.iter().any(|shown| raw.is_raw_of(shown))
                && !all.iter().any(|(other, header)| *other != number && header.is_namesake_of(raw))
        };
        for held in &mut self.held {
            if held.header.as_ref().is_some_and(|header| aside(held.number, header)) {
                SAME_EXPOSURE.clone_into(&mut held.reason);
            }
        }
        for film in self.films.extract_if(.., |film| aside(film.number, &film.header)) {
            let Film { path, header, number, warnings, .. } = film;
            let (reason, header) = (SAME_EXPOSURE.to_owned(), Some(header));
            self.held.push(HeldFilm { path, reason, warnings, header, number });
        }
    }

    /// Puts what bears one number beside the study and its films.
    fn warn(&mut self, others: &[String], of_films: &HashMap<Number, Vec<String>>) {
        self.warnings.extend_from_slice(others);
        let films = self.films.iter_mut().map(|film| (film.number, &mut film.warnings));
        let held = self.held.iter_mut().map(|film| (film.number, &mut film.warnings));
        for (number, warnings) in films.chain(held) {
            let clashes = of_films.get(&number).map_or(&[][..], Vec::as_slice);
            warnings.splice(..0, others.iter().chain(clashes).cloned());
            let room = (others.len() + MOST_CLASHES as usize).saturating_sub(self.warnings.len());
            self.warnings.extend(clashes.iter().take(room).cloned());
        }
    }
}

/// A film that bears a SOP Instance UID.
struct Namesake {
    number: Number,
    claim: Claim,
    file_name: String,
    study: String,
}

/// Gathers the studies by key.
pub(super) struct Gathering {
    studies: BTreeMap<String, Study>,
    /// By SHA-256, the file that came first with these bytes.
    seen: HashMap<String, PathBuf>,
    /// By SOP Instance UID, the films that bear it.
    namesakes: HashMap<String, Vec<Namesake>>,
    /// By Study Instance UID, whose its rows are.
    rows: HashMap<String, Vec<Patient>>,
    films: Number,
    model: ModelName,
}

impl Gathering {
    pub(super) fn new(model: ModelName) -> Self {
        let (studies, seen) = (BTreeMap::new(), HashMap::new());
        Self { studies, seen, namesakes: HashMap::new(), rows: HashMap::new(), films: 0, model }
    }

    fn study(&mut self, key: String) -> &mut Study {
        let model = &self.model;
        self.studies.entry(key.clone()).or_insert_with(|| Study {
            study: key,
            films: Vec::new(),
            severity: Severity::Held,
            score: None,
            top: None,
            held: Vec::new(),
            attributes: Attributes::default(),
            is_identified: false,
            warnings: Vec::new(),
            left_out: LeftOut::default(),
            model: model.clone(),
            version: crate::VERSION,
        })
    }

    /// Whether these bytes are here already.
    fn is_repeat(&mut self, sha256: &str, path: &Path) -> bool {
        if let Some(first) = self.seen.get(sha256) {
            tracing::info!(file = unnamed(path), first = unnamed(first), "the same film again");
            return true;
        }
        self.seen.insert(sha256.to_owned(), path.to_owned());
        false
    }

    /// Takes what the workers say, in the order of the files however it comes: the same files give the same bytes.
    pub(super) fn gather(
        &mut self,
        outcomes: &Receiver<(usize, Outcome)>,
        judge: &Judge<'_>,
        bar: &indicatif::ProgressBar,
        faults: &mut UnreadFiles<'_>,
    ) {
        let (mut early, mut due) = (BTreeMap::new(), 0);
        for (number, outcome) in outcomes {
            bar.inc(1);
            early.insert(number, outcome);
            while let Some(outcome) = early.remove(&due) {
                due += 1;
                self.take(outcome, judge, faults);
            }
        }
    }

    fn take(&mut self, outcome: Outcome, judge: &Judge<'_>, faults: &mut UnreadFiles<'_>) {
        let (known, judged) = match outcome {
            Outcome::Unread { path, error } => return faults.push(&path, &error),
            Outcome::Repeat { path, sha256 } => {
                self.is_repeat(&sha256, &path);
                return;
            }
            Outcome::Held(known, held) => (known, Err(held)),
            Outcome::Scored(mut known, findings) => {
                let judged = judge.say(findings, &mut known.warnings);
                (known, judged)
            }
        };
        let Known { path, sha256, study, header, decoded, warnings } = known;
        if self.is_repeat(&sha256, &path) {
            return;
        }
        let claim = Claim::of(&header, decoded);
        if self.is_copy(&claim, &path) {
            return;
        }
        let key = self.row(&header, study);
        self.drop_replaced(&claim);
        self.films += 1;
        let number = self.films;
        if !claim.sop_instance_uid.is_empty() {
            let (uid, file_name) = (claim.sop_instance_uid.clone(), file_name(&path));
            let namesake = Namesake { number, claim, file_name, study: key.clone() };
            self.namesakes.entry(uid).or_default().push(namesake);
        }
        let (study, path, header) = (self.study(key), shown(&path), *header);
        study.identify(&header, decoded);
        match judged {
            Ok(findings) => {
                let warnings = warnings.into_iter().map(|warning| warning.sentence).collect();
                study.films.push(Film { path, sha256, findings, warnings, header, number });
            }
            Err(held) => {
                let header = decoded.then_some(header);
                study.held.push(HeldFilm { path, reason: held.reason, warnings: Vec::new(), header, number });
            }
        }
    }

    /// Whether a film is one that is here already, by its number and all else that tells films apart.
    fn is_copy(&self, claim: &Claim, path: &Path) -> bool {
        let known = self.namesakes.get(&claim.sop_instance_uid);
        let first = known.and_then(|known| known.iter().find(|known| claim.repeats(&known.claim)));
        if first.is_some() {
            tracing::info!(file = unnamed(path), "the same film again, in another file");
        }
        first.is_some()
    }

    /// The key of the study that a film joins: by its Study Instance UID that of its patient.
    fn row(&mut self, header: &Header, key: String) -> String {
        if header.study_instance_uid.is_empty() {
            return key;
        }
        let patient = Patient::of(header);
        let rows = self.rows.entry(header.study_instance_uid.clone()).or_default();
        let place = row_of(&patient, rows).unwrap_or(rows.len());
        match rows.get_mut(place) {
            Some(row) => row.learn(&patient),
            None => rows.push(patient),
        }
        row_key(&header.study_instance_uid, u32::try_from(place + 1).unwrap_or(u32::MAX))
    }

    /// Drops the broken films whose place a film takes.
    fn drop_replaced(&mut self, claim: &Claim) {
        let Some(known) = self.namesakes.get_mut(&claim.sop_instance_uid) else { return };
        for broken in known.extract_if(.., |known| claim.replaces(&known.claim)) {
            let Some(study) = self.studies.get_mut(&broken.study) else { continue };
            study.held.retain(|held| held.number != broken.number);
            if study.films.is_empty() && study.held.is_empty() {
                self.studies.remove(&broken.study);
            }
        }
    }

    /// For each film that bears the number of another one, which.
    fn clashes(&self) -> HashMap<Number, Vec<String>> {
        let mut clashes = HashMap::new();
        for known in self.namesakes.values().filter(|known| known.len() > 1) {
            for film in known {
                let others = known.iter().filter(|other| other.number != film.number);
                let clash = others.filter_map(|other| {
                    let difference = film.claim.difference(&other.claim);
                    let (file_name, study) = (other.file_name.clone(), other.study.clone());
                    (!difference.is_none()).then_some(Clash::Film { file_name, study, difference })
                });
                let sentences = clash.take(MOST_CLASHES as usize).map(|clash| clash.sentence(true));
                clashes.insert(film.number, sentences.collect());
            }
        }
        clashes
    }

    /// For each study that bears the Study Instance UID of other patients' studies, which.
    fn others(&self) -> HashMap<String, Vec<String>> {
        let mut others = HashMap::new();
        for (uid, rows) in self.rows.iter().filter(|(_, rows)| rows.len() > 1) {
            let keys = (1_u32..).zip(rows).map(|(number, _)| row_key(uid, number));
            let keys: Vec<String> = keys.filter(|key| self.studies.contains_key(key)).collect();
            for key in &keys {
                let others_of = keys.iter().filter(|other| *other != key).take(MOST_CLASHES as usize);
                let sentences = others_of.map(|other| Clash::Study { key: other.clone() }.sentence(true));
                others.insert(key.clone(), sentences.collect());
            }
        }
        others
    }

    /// The studies, the sickest first.
    pub(super) fn ranked(self, left_out: LeftOut) -> Vec<Study> {
        let (of_films, of_studies) = (self.clashes(), self.others());
        let mut studies: Vec<Study> = self.studies.into_values().collect();
        for study in &mut studies {
            let others = of_studies.get(&study.study).map_or(&[][..], Vec::as_slice);
            study.left_out = left_out;
            study.warn(others, &of_films);
            study.count_exposures_once();
            let assessed = study::combine(study.films.iter().map(|film| film.findings.as_slice()));
            study.severity = assessed.severity;
            study.score = assessed.score;
            study.top = assessed.top;
        }
        // Nothing has waited: all arrive now.
        let now = Timestamp::UNIX_EPOCH;
        studies.sort_by(|a, b| a.place(now).cmp(&b.place(now)));
        studies
    }
}

/// Says what a film's findings mean.
pub(super) struct Judge<'a> {
    pub(super) rules: &'a Rules,
    pub(super) gates: &'a Gates,
}

impl Judge<'_> {
    /// Adds the last gate's warning to those of the gates before it.
    fn say(
        &self,
        findings: Result<Findings, ModelError>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Finding>, Held> {
        let findings = findings.map_err(|error| failed(&error))?;
        *warnings = ask_last_gate(findings.distance, warnings.clone(), self.gates)?;
        let assessed = guarded(|| study::assess(&findings.probabilities, self.rules).findings);
        assessed.ok_or_else(broke_down)
    }
}
