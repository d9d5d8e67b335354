//! Which films are trained on, which choose thresholds, and which are not touched, as a column of the label file says.

use std::collections::{BTreeMap, BTreeSet};

use super::TrainError;

/// The most folds that a column can number.
const MOST_FOLDS: usize = 20;
/// How the values begin of which films are trained on, and on which thresholds are chosen.
const TRAINED: [&str; 2] = ["train", "fit"];
const CHOSEN: [&str; 4] = ["val", "dev", "tun", "calib"];
/// How values begin of films that nobody may train on.
const KEPT_BACK: [&str; 3] = ["test", "report", "hold"];
/// Values and pairs of values that a message names.
const NAMED: usize = 8;

/// The purpose of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is trained on, and is in this fold, if the column says so.
    Train(Option<usize>),
    /// Thresholds are chosen on it, and AUCs measured.
    Choose,
    /// It is left alone.
    Leave,
}

/// The roles of films.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Of each film.
    pub of_film: Vec<Role>,
    /// The values of films that are left alone.
    pub left: BTreeSet<String>,
}

/// Reads the roles from `values`, one a film, of the column of that name. `patients` are those of the films, where they
/// are known.
///
/// A column in which a value begins with `train` names the films to train on; those that begin with `val` (`dev`, `tun`,
/// `calib`) choose the thresholds, and others are left alone. Any other column numbers folds.
///
/// # Errors
/// [`TrainError::Leak`], [`TrainError::Column`].
pub fn roles(column: &str, values: &[&str], patients: &[Option<&str>]) -> Result<Roles, TrainError> {
    refuse_leaks(column, values, patients)?;
    let names: Vec<String> = values.iter().map(|value| value.trim().to_lowercase()).collect();
    let distinct: BTreeSet<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let is_chosen = |name: &str| CHOSEN.iter().any(|word| name.starts_with(word));
    if distinct.iter().any(|name| is_trained(name)) {
        let role = |name: &String| match name.as_str() {
            name if is_trained(name) => Role::Train(None),
            name if is_chosen(name) => Role::Choose,
            _ => Role::Leave,
        };
        let of_film: Vec<Role> = names.iter().map(role).collect();
        let left = values.iter().zip(&of_film).filter(|(_, role)| **role == Role::Leave);
        let left = left.map(|(value, _)| value.trim().to_owned()).collect();
        return Ok(Roles { of_film, left });
    }
    let names_part = |name: &&str| is_kept_back(name);
    if !(2..=MOST_FOLDS).contains(&distinct.len()) || distinct.iter().any(names_part) {
        let values: Vec<String> = distinct.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        let more = if distinct.len() > NAMED { " and more" } else { "" };
        let values = if values.is_empty() { "no values".to_owned() } else { values.join(", ") + more };
        return Err(TrainError::Column { column: column.to_owned(), values, most: MOST_FOLDS });
    }
    let folds: BTreeMap<&str, usize> = distinct.into_iter().zip(0..).collect();
    let role = |name: &String| folds.get(name.as_str()).map_or(Role::Leave, |fold| Role::Train(Some(*fold)));
    let of_film: Vec<Role> = names.iter().map(role).collect();
    let left = of_film.contains(&Role::Leave).then(String::new).into_iter().collect();
    Ok(Roles { of_film, left })
}

/// Refuses patients (or whatever tells films apart) that have films of several values.
///
/// # Errors
/// [`TrainError::Leak`].
pub fn refuse_leaks(column: &str, values: &[&str], patients: &[Option<&str>]) -> Result<(), TrainError> {
    let mut parts: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (value, patient) in values.iter().zip(patients) {
        if let (Some(patient), false) = (patient, value.trim().is_empty()) {
            parts.entry(patient).or_default().insert(part(value));
        }
    }
    let leaking: Vec<&BTreeSet<String>> = parts.values().filter(|parts| parts.len() > 1).collect();
    if leaking.is_empty() {
        return Ok(());
    }
    let pair = |parts: &&BTreeSet<String>| {
        let two: Vec<&str> = parts.iter().map(String::as_str).take(2).collect();
        format!("`{}`", two.join("` and `"))
    };
    let between: BTreeSet<String> = leaking.iter().map(pair).collect();
    Err(TrainError::Leak {
        column: column.to_owned(),
        patients: leaking.len(),
        between: between.into_iter().take(NAMED).collect(),
    })
}

/// The part of the set that a value means: all that are trained on are one.
fn part(value: &str) -> String {
    if is_trained(value) { TRAINED[0].to_owned() } else { value.trim().to_lowercase() }
}

/// Whether a value says of its films that they are for something else than training.
#[must_use]
pub fn is_kept_back(value: &str) -> bool {
    let name = value.trim().to_lowercase();
    CHOSEN.iter().chain(&KEPT_BACK).any(|word| name.starts_with(word))
}

/// Whether a value says of its films that they are trained on.
#[must_use]
pub fn is_trained(value: &str) -> bool {
    let name = value.trim().to_lowercase();
    TRAINED.iter().any(|word| name.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str], patients: &[&str]) -> Result<Roles, TrainError> {
        let patients: Vec<Option<&str>> =
            patients.iter().map(|name| (!name.is_empty()).then_some(*name)).collect();
        roles("Split", values, &patients)
    }

    #[test]
    fn a_column_names_parts_or_numbers_folds() {
        let parts = of(&["Train", "val", "report", "train2", ""], &["a", "b", "c", "d", "e"]).unwrap();
        let [train, choose, leave] = [Role::Train(None), Role::Choose, Role::Leave];
        assert_eq!(parts.of_film, [train, choose, leave, train, leave]);
        assert_eq!(parts.left.iter().map(String::as_str).collect::<Vec<_>>(), ["", "report"]);
        let folds = of(&["2", "1", "2", "site B"], &["a", "b", "a", "c"]).unwrap();
        let fold = |n| Role::Train(Some(n));
        assert_eq!(folds.of_film, [fold(1), fold(0), fold(1), fold(2)]);
    }

    #[test]
    fn a_patient_on_both_sides_is_refused_with_the_sides() {
        let message = of(&["train", "val", "test", "train"], &["a", "a", "b", "b"]).unwrap_err().to_string();
        assert!(
            message.contains("2 patients") && message.contains("`test` and `train`, `train` and `val`"),
            "{message}"
        );
        assert!(
            of(&["train", "val"], &["", ""]).is_ok(),
            "of films of nobody knows whom nothing can be said"
        );
    }

    #[test]
    fn a_value_tells_what_its_films_are_for() {
        let told = |value| (is_trained(value), is_kept_back(value));
        for value in ["Train", " fit", "training-2"] {
            assert_eq!(told(value), (true, false), "{value}");
        }
        for value in ["Val", "test", "Report", "holdout", "calibration"] {
            assert_eq!(told(value), (false, true), "{value}");
        }
        assert_eq!(told("site A"), (false, false));
    }

    #[test]
    fn a_column_that_says_nothing_of_training_is_refused() {
        for values in [["val", "test"], ["a", "a"], ["", ""]] {
            let message = of(&values, &["a", "b"]).unwrap_err().to_string();
            assert!(message.contains("`Split`") && message.contains("`train`"), "{message}");
        }
    }
}
