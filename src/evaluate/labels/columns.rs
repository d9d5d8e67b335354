//! Which column is what.

use super::LabelError;

/// Names that a column of films goes by, in the form of [`plain`].
const FILM: &[&str] = &[
    "image",
    "imageindex",
    "film",
    "file",
    "filename",
    "path",
    "imagepath",
    "imageid",
    "imagename",
    "dicomid",
    "filepath",
];
const PATIENT: &[&str] = &["patientid", "patient", "subjectid", "subject"];
const VIEW: &[&str] = &["view", "viewposition", "appa", "projection"];
const SPLIT: &[&str] = &["split", "fold", "subset", "partition"];
const JOINED: &[&str] = &["findinglabels", "findinglabel"];
const SEX: &[&str] = &["sex", "patientsex", "gender", "patientgender"];
const AGE: &[&str] = &["age", "patientage", "patientsage", "ageyears", "ageinyears"];
const STATION: &[&str] = &["station", "stationname", "manufacturer", "scanner", "device"];
/// Columns that hold numbers and are no findings; `nofinding` is the absence of all.
const NO_FINDING: &[&str] = &[
    "nofinding",
    "followup",
    "frontallateral",
    "studyid",
    "studydate",
    "studytime",
    "supportdevices",
    "rows",
    "columns",
    "setid",
    "radid",
    "readerid",
    "width",
    "height",
    "index",
    "id",
];
/// Names in common label files for what the models call otherwise.
const SYNONYMS: &[(&str, &str)] = &[("pleuraleffusion", "effusion"), ("infiltrate", "infiltration")];

/// A name without case, spaces and signs.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name among `known` that `name` means: the same but for case, spaces and signs, or a common synonym.
#[must_use]
pub fn canonical<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = plain(name);
    let is = |wanted: &str| known.iter().find(|known| plain(known) == wanted).copied();
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == name);
    is(&name).or_else(|| synonym.and_then(|(_, ours)| is(ours)))
}

/// The name among `known` that `name` is nearest to, if it is near to any.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let nearness = |other: &str| strsim::normalized_damerau_levenshtein(&plain(name), &plain(other));
    let best = known.iter().max_by(|a, b| nearness(a).total_cmp(&nearness(b)))?;
    (nearness(best) >= 0.6).then_some(*best)
}

/// The place of a column of that name: the same but for case, spaces and signs, or another name of the same thing.
pub(super) fn named(name: &str, header: &[String]) -> Option<usize> {
    let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
    let name = plain(name);
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let alike =
        [PATIENT, VIEW, SPLIT, SEX, AGE, STATION].into_iter().find(|list| list.contains(&name.as_str()));
    place(&name).or_else(|| alike.into_iter().flatten().find_map(|other| place(other)))
}

/// Whether a column of that name holds ages.
pub(in crate::evaluate) fn is_age(name: &str) -> bool {
    AGE.contains(&plain(name).as_str())
}

/// The columns of a label file, by their places.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) film: usize,
    pub(super) patient: Option<usize>,
    pub(super) view: Option<usize>,
    pub(super) split: Option<usize>,
    /// NIH's column of joined names.
    pub(super) joined: Option<usize>,
    /// The other columns, which may be findings.
    pub(super) others: Vec<usize>,
}

impl Columns {
    pub(super) fn of(header: &[String]) -> Result<Self, LabelError> {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        // In the order of the names above, for a file may have a `Path` beside an `Image`.
        let place = |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|n| n == wanted));
        let Some(film) = place(FILM) else {
            return Err(LabelError::NoFilms { columns: quoted(header.iter().map(String::as_str)) });
        };
        let (patient, view, split, joined) = (place(PATIENT), place(VIEW), place(SPLIT), place(JOINED));
        let taken = [Some(film), patient, view, split, joined];
        let is_other = |&n: &usize| {
            let name = names[n].as_str();
            let known =
                [FILM, PATIENT, VIEW, SPLIT, SEX, AGE, NO_FINDING].iter().any(|list| list.contains(&name));
            !taken.contains(&Some(n)) && !name.is_empty() && !known
        };
        Ok(Self { film, patient, view, split, joined, others: (0..names.len()).filter(is_other).collect() })
    }
}

/// The first names of a list, quoted.
pub(super) fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    const LONGEST: usize = 40;
    let short = |name: &str| name.chars().take(LONGEST).collect::<String>();
    let all: Vec<String> = names.map(|name| format!("`{}`", short(name))).collect();
    let more = if all.len() > SHOWN { format!(" and {} more", all.len() - SHOWN) } else { String::new() };
    format!("{}{more}", all[..all.len().min(SHOWN)].join(", "))
}
