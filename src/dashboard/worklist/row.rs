//! A study as the list keeps it: small, for there may be a hundred thousand of them.

use jiff::{Timestamp, civil::DateTime};

use super::fold::fold;
use crate::{
    dashboard::words,
    study::{
        Acknowledged, Attribute, Attributes, Marks, OutsidePriority, Severity, Status, StudyId, StudyRow,
    },
};

/// A study in few bytes. Its texts, and the folded ones that are searched in, are one piece of memory:
/// a search over a hundred thousand studies reads one string a study instead of ten. What few studies
/// have lies apart.
///
/// [`Row::study`] gives everything back as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As [`StudyRow::id`].
    pub id: StudyId,
    /// As [`StudyRow::revision`].
    pub revision: i64,
    /// As [`StudyRow::first_arrival`].
    pub first_arrival: Timestamp,
    /// As [`StudyRow::study_time`].
    pub study_time: Option<DateTime>,
    /// As [`StudyRow::score`].
    pub score: Option<f64>,
    /// As [`StudyRow::scored_films`].
    pub scored_films: u32,
    /// As [`StudyRow::held_films`].
    pub held_films: u32,
    /// As [`StudyRow::notes`].
    pub notes: u32,
    /// As [`StudyRow::severity`].
    pub severity: Severity,
    /// As [`StudyRow::status`].
    pub status: Status,
    /// As [`StudyRow::complete`].
    pub complete: bool,
    assessed: Severity,
    is_alarm: bool,
    is_gone: bool,
    has_top: bool,
    listed_films: u32,
    last_arrival: Timestamp,
    status_at: Option<Timestamp>,
    rare: Option<Box<Rare>>,
    /// Where each text ends in `text`; the folded one begins after the last.
    ends: [u32; TEXTS],
    text: Box<str>,
}

/// The fields that few studies have.
#[derive(Debug, Clone, Default, PartialEq)]
struct Rare {
    promoted_at: Option<Timestamp>,
    outside: Option<OutsidePriority>,
    was_critical_until: Option<Timestamp>,
    acknowledged: Option<Acknowledged>,
    marks: Marks,
}

static NO_MARKS: Marks = Marks {
    tags: Vec::new(),
    notes: Vec::new(),
    cells: Vec::new(),
    filters: Vec::new(),
    promoted_by: Vec::new(),
};

/// The texts of a study, in the order in which they are kept.
#[derive(Debug, Clone, Copy)]
enum Text {
    Key,
    PatientId,
    PatientName,
    AccessionNumber,
    Description,
    View,
    FileName,
    Top,
    StatusBy,
    Model,
    HeldReason,
}

impl Text {
    const COUNT: usize = 11;
}

/// All texts: those above, then the attributes.
const TEXTS: usize = Text::COUNT + Attribute::ALL.len();

impl From<StudyRow> for Row {
    fn from(study: StudyRow) -> Self {
        let own: [&str; Text::COUNT] = [
            &study.key,
            &study.patient_id,
            &study.patient_name,
            &study.accession_number,
            &study.description,
            &study.view,
            &study.file_name,
            study.top.as_deref().unwrap_or_default(),
            &study.status_by,
            &study.model,
            &study.held_reason,
        ];
        let mut texts = [""; TEXTS];
        let attributes = Attribute::ALL.iter().map(|attribute| study.attributes.get(*attribute));
        texts.iter_mut().zip(own.into_iter().chain(attributes)).for_each(|(place, text)| *place = text);
        let mut text = texts.concat();
        let mut end = 0;
        let ends = texts.map(|part| {
            end += part.len();
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        text.push_str(&searchable(&study));
        let (is_alarm, is_gone) = (study.is_alarm(), study.is_gone());
        let rare = Rare {
            promoted_at: study.promoted_at,
            outside: study.outside,
            was_critical_until: study.was_critical_until,
            acknowledged: study.acknowledged,
            marks: study.marks,
        };
        Self {
            id: study.id,
            revision: study.revision,
            first_arrival: study.first_arrival,
            study_time: study.study_time,
            score: study.score,
            scored_films: study.scored_films,
            held_films: study.held_films,
            notes: study.notes,
            severity: study.severity,
            status: study.status,
            complete: study.complete,
            assessed: study.assessed,
            is_alarm,
            is_gone,
            has_top: study.top.is_some(),
            listed_films: study.listed_films,
            last_arrival: study.last_arrival,
            status_at: study.status_at,
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
            ends,
            text: text.into(),
        }
    }
}

/// Everything that a bare word of a filter is looked for in, folded.
fn searchable(study: &StudyRow) -> String {
    let name = words::person(&study.patient_name);
    // As it is shown and as it is stored: both are found.
    let parts: [&str; 11] = [
        &name,
        &study.patient_name,
        &study.patient_id,
        &study.accession_number,
        &study.description,
        &study.file_name,
        study.top.as_deref().unwrap_or_default(),
        &study.held_reason,
        study.outside.as_ref().map_or("", |outside| &outside.source),
        &study.status_by,
        &study.key,
    ];
    let marks = study.marks.tags.iter().map(|tag| &*tag.text);
    let marks = marks.chain(study.marks.cells.iter().map(|cell| &*cell.text));
    let mut joined = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for part in parts.into_iter().chain(marks).filter(|part| !part.is_empty()) {
        joined.push_str(part);
        // Nobody types it, so that nothing is found across two parts.
        joined.push('\n');
    }
    fold(&joined)
}

impl Row {
    fn part(&self, text: Text) -> &str {
        self.text_at(text as usize)
    }

    /// As in [`StudyRow::attributes`].
    #[must_use]
    pub fn attribute(&self, attribute: Attribute) -> &str {
        self.text_at(Text::COUNT + attribute as usize)
    }

    fn text_at(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start as usize..self.ends[at] as usize).unwrap_or_default()
    }

    /// Everything that a bare word of a filter is looked for in, folded.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.text.get(self.ends[TEXTS - 1] as usize..).unwrap_or_default()
    }

    /// As [`StudyRow::is_alarm`].
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        self.is_alarm
    }

    /// As [`StudyRow::is_gone`].
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// As [`StudyRow::key`].
    #[must_use]
    pub fn key(&self) -> &str {
        self.part(Text::Key)
    }

    /// As [`StudyRow::patient_id`].
    #[must_use]
    pub fn patient_id(&self) -> &str {
        self.part(Text::PatientId)
    }

    /// As [`StudyRow::patient_name`].
    #[must_use]
    pub fn patient_name(&self) -> &str {
        self.part(Text::PatientName)
    }

    /// As [`StudyRow::accession_number`].
    #[must_use]
    pub fn accession_number(&self) -> &str {
        self.part(Text::AccessionNumber)
    }

    /// As [`StudyRow::description`].
    #[must_use]
    pub fn description(&self) -> &str {
        self.part(Text::Description)
    }

    /// As [`StudyRow::view`].
    #[must_use]
    pub fn view(&self) -> &str {
        self.part(Text::View)
    }

    /// As [`StudyRow::file_name`].
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.part(Text::FileName)
    }

    /// As [`StudyRow::top`].
    #[must_use]
    pub fn top(&self) -> Option<&str> {
        self.has_top.then(|| self.part(Text::Top))
    }

    /// As [`StudyRow::status_by`].
    #[must_use]
    pub fn status_by(&self) -> &str {
        self.part(Text::StatusBy)
    }

    /// As [`StudyRow::model`].
    #[must_use]
    pub fn model(&self) -> &str {
        self.part(Text::Model)
    }

    /// As [`StudyRow::held_reason`].
    #[must_use]
    pub fn held_reason(&self) -> &str {
        self.part(Text::HeldReason)
    }

    /// As [`StudyRow::promoted_at`].
    #[must_use]
    pub fn promoted_at(&self) -> Option<Timestamp> {
        self.rare.as_ref().and_then(|rare| rare.promoted_at)
    }

    /// As [`StudyRow::outside`].
    #[must_use]
    pub fn outside(&self) -> Option<&OutsidePriority> {
        self.rare.as_ref().and_then(|rare| rare.outside.as_ref())
    }

    /// As [`StudyRow::was_critical_until`].
    #[must_use]
    pub fn was_critical_until(&self) -> Option<Timestamp> {
        self.rare.as_ref().and_then(|rare| rare.was_critical_until)
    }

    /// As [`StudyRow::marks`].
    #[must_use]
    pub fn marks(&self) -> &Marks {
        self.rare.as_ref().map_or(&NO_MARKS, |rare| &rare.marks)
    }

    /// The study as the store gave it. A copy of all its texts: for few rows at a time.
    #[must_use]
    pub fn study(&self) -> StudyRow {
        let rare = self.rare.as_deref().cloned().unwrap_or_default();
        let mut attributes = Attributes::default();
        for attribute in Attribute::ALL {
            self.attribute(attribute).clone_into(attributes.get_mut(attribute));
        }
        StudyRow {
            id: self.id,
            key: self.key().to_owned(),
            patient_id: self.patient_id().to_owned(),
            patient_name: self.patient_name().to_owned(),
            accession_number: self.accession_number().to_owned(),
            description: self.description().to_owned(),
            view: self.view().to_owned(),
            file_name: self.file_name().to_owned(),
            study_time: self.study_time,
            first_arrival: self.first_arrival,
            last_arrival: self.last_arrival,
            complete: self.complete,
            scored_films: self.scored_films,
            held_films: self.held_films,
            listed_films: self.listed_films,
            severity: self.severity,
            assessed: self.assessed,
            score: self.score,
            top: self.top().map(str::to_owned),
            promoted_at: rare.promoted_at,
            outside: rare.outside,
            was_critical_until: rare.was_critical_until,
            status: self.status,
            status_by: self.status_by().to_owned(),
            status_at: self.status_at,
            acknowledged: rare.acknowledged,
            notes: self.notes,
            model: self.model().to_owned(),
            held_reason: self.held_reason().to_owned(),
            marks: rare.marks,
            attributes,
            revision: self.revision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::row, *};
    use crate::study::marks::Mark;

    #[test]
    fn a_study_comes_back_as_it_went_in() {
        let plain = row(7, Severity::Urgent, 0.6);
        let full = StudyRow {
            patient_id: "P7".into(),
            patient_name: "山田^太郎".into(),
            accession_number: "A".into(),
            description: "CHEST".into(),
            view: "PA".into(),
            file_name: "film.dcm".into(),
            top: Some(String::new()),
            promoted_at: Some(Timestamp::UNIX_EPOCH),
            outside: Some(OutsidePriority { floor: Severity::Urgent, source: "STAT".into() }),
            was_critical_until: Some(Timestamp::UNIX_EPOCH),
            status: Status::Seen,
            status_by: "eva".into(),
            status_at: Some(Timestamp::UNIX_EPOCH),
            acknowledged: Some(Acknowledged { by: "eva".into(), at: Timestamp::UNIX_EPOCH }),
            model: "starter".into(),
            held_reason: "It is blank.".into(),
            marks: Marks { tags: vec![Mark { plugin: "p".into(), text: "ICU".into() }], ..Marks::default() },
            attributes: Attributes::default().map(|_| "text".into()),
            ..row(8, Severity::Critical, 0.9)
        };
        let unscored = StudyRow { score: None, ..row(9, Severity::Held, 0.0) };
        for study in [plain, full, unscored] {
            let kept = Row::from(study.clone());
            assert_eq!(kept.study(), study);
            assert_eq!((kept.is_alarm(), kept.is_gone()), (study.is_alarm(), study.is_gone()));
        }
    }
}
