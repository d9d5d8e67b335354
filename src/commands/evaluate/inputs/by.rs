//! `--by`: which column groups the films, and what it says of each.

use super::{super::kept::Record, Inputs};
use crate::evaluate::{
    Column,
    labels::{LabelError, LabelSet},
};

/// Where a group is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A column of the label file.
    Labels(usize),
    /// View Position of the film's header.
    View,
    /// Station Name of the film's header.
    Station,
}

/// A column that films are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands::evaluate) struct By {
    name: String,
    place: Place,
}

impl By {
    /// Finds the columns that are asked for: in the label file, or view and station in the films' headers.
    pub(in crate::commands::evaluate) fn find(
        names: &[String],
        set: &LabelSet,
    ) -> Result<Vec<Self>, LabelError> {
        names.iter().map(|name| Self::find_one(name.trim(), set)).collect()
    }

    fn find_one(name: &str, set: &LabelSet) -> Result<Self, LabelError> {
        match set.column(name) {
            Ok(column) => Ok(Self { name: set.columns[column].clone(), place: Place::Labels(column) }),
            Err(error) => {
                let place = match name.to_ascii_lowercase().as_str() {
                    "view" => Place::View,
                    "station" => Place::Station,
                    _ => return Err(error),
                };
                Ok(Self { name: name.to_owned(), place })
            }
        }
    }

    /// The films in their groups.
    pub(in crate::commands::evaluate) fn group(&self, inputs: &Inputs, films: &[(usize, &Record)]) -> Column {
        let value = |(n, record): &(usize, &Record)| -> String {
            match self.place {
                Place::Labels(column) => inputs.joined[*n].1.cells.get(column).cloned().unwrap_or_default(),
                Place::View => record.view.clone(),
                Place::Station => record.station.clone(),
            }
        };
        let values: Vec<String> = films.iter().map(value).collect();
        Column::of(&self.name, &values.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
