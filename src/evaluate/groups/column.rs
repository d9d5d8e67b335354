//! The values of a column as groups of films.

use std::collections::BTreeMap;

use crate::evaluate::labels::is_age;

/// Groups of a column, the largest; the rest are one together.
const MOST: usize = 20;

/// Age bands by the first age that is above them, in years.
const BANDS: [(f64, &str); 5] =
    [(18.0, "0-17"), (40.0, "18-39"), (60.0, "40-59"), (80.0, "60-79"), (151.0, "80 and over")];

/// A film of which the column says nothing.
const NOTHING: &str = "(empty)";
/// All films of groups that are too many to be named.
const OTHERS: &str = "(others)";

/// A column of the label file: in which group each film is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The groups, in order; those of films that the column says nothing of, or little, last.
    pub groups: Vec<String>,
    /// Of each film the place of its group.
    pub of_film: Vec<usize>,
}

impl Column {
    /// Groups films by what the column says of each. Ages become bands; of very many values the most frequent stay.
    #[must_use]
    pub fn of(name: &str, values: &[&str]) -> Self {
        let is_age = is_age(name);
        let group = |value: &&str| match value.trim() {
            "" => NOTHING.to_owned(),
            value if is_age => band(value).to_owned(),
            value => value.to_owned(),
        };
        let mut of_film: Vec<String> = values.iter().map(group).collect();
        let mut films = BTreeMap::<&str, usize>::new();
        for group in &of_film {
            *films.entry(group).or_default() += 1;
        }
        if films.len() > MOST {
            let mut by_size: Vec<(&str, usize)> = films.into_iter().collect();
            by_size.sort_by_key(|(_, films)| std::cmp::Reverse(*films));
            let small: Vec<String> = by_size.drain(MOST - 1..).map(|(group, _)| group.to_owned()).collect();
            for group in of_film.iter_mut().filter(|group| small.contains(group)) {
                OTHERS.clone_into(group);
            }
        }
        let mut groups = of_film.clone();
        groups.sort_by_key(|group| (group == OTHERS, group == NOTHING, group.clone()));
        groups.dedup();
        let place = |group: &String| groups.iter().position(|other| other == group).unwrap_or(0);
        let of_film = of_film.iter().map(place).collect();
        Self { name: name.to_owned(), groups, of_film }
    }
}

/// The band of an age: a number of years, or DICOM's Age String (PS3.5, 6.2: `058Y`, `018M`, `003W`, `005D`).
fn band(age: &str) -> &'static str {
    let (number, a_year) = match age.char_indices().last() {
        Some((at, unit)) if unit.is_alphabetic() => {
            let a_year = match unit.to_ascii_uppercase() {
                'Y' => 1.0,
                'M' => 12.0,
                'W' => 52.0,
                'D' => 365.0,
                _ => return NOTHING,
            };
            (&age[..at], a_year)
        }
        _ => (age, 1.0),
    };
    let years = number.trim().parse::<f64>().ok().map(|number| number / a_year);
    let years = years.filter(|years| (0.0..BANDS[4].0).contains(years));
    let band = years.and_then(|years| BANDS.iter().find(|(above, _)| years < *above));
    band.map_or(NOTHING, |(_, band)| band)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_become_bands_however_they_are_written() {
        for (age, band_of_it) in [
            ("17", "0-17"),
            ("17.9", "0-17"),
            ("18", "18-39"),
            ("058Y", "40-59"),
            ("018M", "0-17"),
            ("300W", "0-17"),
            ("005d", "0-17"),
            ("79", "60-79"),
            ("80", "80 and over"),
            ("411", NOTHING),
            ("-1", NOTHING),
            ("old", NOTHING),
            ("NaN", NOTHING),
        ] {
            assert_eq!(band(age), band_of_it, "{age}");
        }
        let column = Column::of("Patient Age", &["80", "", "20", "81"]);
        assert_eq!(column.groups, ["18-39", "80 and over", NOTHING]);
        assert_eq!(column.of_film, [1, 2, 0, 1]);
    }

    #[test]
    fn of_many_values_the_most_frequent_stay() {
        let values: Vec<String> =
            (0..100).map(|n| format!("station {}", if n < 50 { 0 } else { n })).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let column = Column::of("Station", &values);
        assert_eq!(column.groups.len(), MOST);
        assert_eq!((column.groups[0].as_str(), column.groups[MOST - 1].as_str()), ("station 0", OTHERS));
        assert_eq!(column.of_film.len(), 100);
    }
}
