//! The patients of films, and whether two sets share some.

use std::collections::BTreeSet;

use super::Row;

/// Where the patients were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// CheXpert: `.../patient00001/study1/view1_frontal.jpg`.
    Path,
    /// NIH: `00000001_000.png`.
    Name,
}

/// Fills in the patients from the films' names, where all rows follow one custom.
pub(super) fn guess(rows: &mut [Row]) -> Option<Guess> {
    for (guess, patient) in [(Guess::Path, in_path as fn(&str) -> Option<&str>), (Guess::Name, in_name)] {
        if !rows.is_empty() && rows.iter().all(|row| patient(&row.film).is_some()) {
            for row in rows.iter_mut() {
                row.patient = patient(&row.film).map(str::to_owned);
            }
            return Some(guess);
        }
    }
    None
}

fn in_path(film: &str) -> Option<&str> {
    let is_patient = |part: &&str| {
        let digits = part.strip_prefix("patient").or_else(|| part.strip_prefix('p'));
        digits.is_some_and(|digits| digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    film.split(['/', '\\']).rev().skip(1).find(is_patient)
}

fn in_name(film: &str) -> Option<&str> {
    let name = film.rsplit(['/', '\\']).next()?;
    let (patient, rest) = name.split_once('_')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = rest.split('.').next()?;
    (patient.len() == 8 && digits(patient) && number.len() == 3 && digits(number)).then_some(patient)
}

/// Patients who stand in two sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// Patients of the first set.
    pub first: usize,
    /// Patients of the second.
    pub second: usize,
    /// Those in both, in order.
    pub shared: Vec<String>,
}

/// Compares the patients of two sets; rows without one are left out. Zeros before a number and case do
/// not count: the same patient is 150 in one file and 00000150 in another.
pub fn overlap<'a, 'b>(
    first: impl IntoIterator<Item = &'a Row>,
    second: impl IntoIterator<Item = &'b Row>,
) -> Overlap {
    let (first, second) = (patients(first), patients(second));
    let shared = first.intersection(&second).cloned().collect();
    Overlap { first: first.len(), second: second.len(), shared }
}

fn patients<'a>(rows: impl IntoIterator<Item = &'a Row>) -> BTreeSet<String> {
    rows.into_iter().filter_map(|row| row.patient.as_deref()).map(patient_key).collect()
}

/// A patient's number as it is compared: without case, spaces around it, zeros before it, and the `.0` of spreadsheets.
#[must_use]
pub fn patient_key(patient: &str) -> String {
    let patient = patient.trim().to_lowercase();
    let patient = patient.strip_suffix(".0").unwrap_or(&patient);
    let short = patient.trim_start_matches('0');
    if short.is_empty() { patient.to_owned() } else { short.to_owned() }
}
