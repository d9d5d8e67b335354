//! The columns of studies and findings, made from the fields of their structs: how each kind of field stands in the
//! store, and what every query and statement over whole rows is put together from.

use jiff::{Timestamp, civil::DateTime};

use super::{
    convert::{Micros, to_json},
    sql::{self, Row, ToSql, ToSqlOutput, ValueRef},
};
use crate::{
    study::{
        Acknowledged, Attribute, Attributes, Finding, Marks, OutsidePriority, Severity, Status, StudyId,
        StudyRow, finding_fields, study_fields,
    },
    text::clean,
};

/// The values of a row on their way into a statement.
pub(super) type Values<'a> = Vec<ToSqlOutput<'a>>;

fn or_null<'a>(value: Option<impl Into<ToSqlOutput<'a>>>) -> ToSqlOutput<'a> {
    value.map_or(ToSqlOutput::Borrowed(ValueRef::Null), Into::into)
}

/// A kind of field.
pub(super) trait Stored: Sized {
    /// How many columns it takes.
    const WIDTH: usize = 1;

    /// The names of its columns, `WIDTH` of them.
    fn names(field: &'static str) -> Vec<&'static str> {
        vec![field]
    }

    /// Reads it from the column at `at` and those after it.
    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self>;

    /// As much of it as there is where it cannot be read.
    fn remains(row: &Row<'_>, at: usize) -> Self;

    /// Adds its values, `WIDTH` of them.
    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()>;
}

/// When a field's columns are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Once, with the row.
    Fixed,
    /// With every change.
    Kept,
}

/// A struct whose fields are the columns of a table.
pub(super) trait TableRow: Sized {
    /// The columns, in the order of the fields.
    fn columns() -> Vec<(Written, &'static str)>;

    /// Reads [all columns](Self::all), which stand first in the query.
    fn read_all(row: &Row<'_>) -> sql::Result<Self>;

    /// As much of all columns as can be read.
    fn readable_part(row: &Row<'_>) -> Self;

    /// Adds the values of the columns, all or those that are written with every change.
    fn write_columns<'a>(&'a self, which: Option<Written>, values: &mut Values<'a>) -> sql::Result<()>;

    /// The names of all columns, for a query.
    fn all() -> String {
        let names: Vec<&str> = Self::columns().into_iter().map(|(_, name)| name).collect();
        names.join(", ")
    }

    /// The columns that are written with every change, for an `UPDATE`: parameters from `?1` on, and the number of the
    /// first one that is free after them.
    fn set_kept() -> (String, usize) {
        let kept = Self::columns().into_iter().filter(|(when, _)| *when == Written::Kept);
        let set: Vec<String> = (1..).zip(kept).map(|(at, (_, name))| format!("{name} = ?{at}")).collect();
        (set.join(", "), set.len() + 1)
    }
}

/// Makes a struct a [`TableRow`] from the table of its fields in [`crate::study`].
macro_rules! stored {
    (@when fixed) => { Written::Fixed };
    (@when kept) => { Written::Kept };
    ($row:ident $($(#[$doc:meta])* $when:ident $field:ident: $type:ty,)+) => {
        impl TableRow for $row {
            fn columns() -> Vec<(Written, &'static str)> {
                let mut columns = Vec::new();
                $({
                    let names = <$type>::names(stringify!($field));
                    columns.extend(names.into_iter().map(|name| (stored!(@when $when), name)));
                })+
                columns
            }

            fn read_all(row: &Row<'_>) -> sql::Result<Self> {
                let mut at = Places::default();
                Ok(Self { $($field: <$type>::read(row, at.next::<$type>())?,)+ })
            }

            fn readable_part(row: &Row<'_>) -> Self {
                let mut at = Places::default();
                Self {
                    $($field: {
                        let at = at.next::<$type>();
                        <$type>::read(row, at).unwrap_or_else(|_| <$type>::remains(row, at))
                    },)+
                }
            }

            fn write_columns<'a>(
                &'a self,
                which: Option<Written>,
                values: &mut Values<'a>,
            ) -> sql::Result<()> {
                $(if which.is_none_or(|which| which == stored!(@when $when)) {
                    self.$field.write(values)?;
                })+
                Ok(())
            }
        }
    };
}
study_fields!(stored StudyRow);
finding_fields!(stored Finding);

/// The place of the next field among the columns.
#[derive(Default)]
struct Places(usize);

impl Places {
    fn next<T: Stored>(&mut self) -> usize {
        let at = self.0;
        self.0 += T::WIDTH;
        at
    }
}

/// Kinds that SQLite has, or that `convert` gives a word, each with what stands in the place of one that is lost.
macro_rules! plain {
    ($($kind:ty = $lost:expr),+ $(,)?) => {
        $(impl Stored for $kind {
            fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
                row.get(at)
            }

            fn remains(_row: &Row<'_>, _at: usize) -> Self {
                $lost
            }

            fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
                values.push(self.to_sql()?);
                Ok(())
            }
        })+
    };
}
plain! {
    i64 = 0,
    u32 = 0,
    bool = false,
    f64 = 0.0,
    Option<f64> = None,
    Option<String> = None,
    Severity = Severity::Held,
    Status = Status::New,
}

impl Stored for String {
    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        row.get(at)
    }

    fn remains(row: &Row<'_>, at: usize) -> Self {
        match row.get_ref(at) {
            Ok(ValueRef::Text(bytes)) => clean(&Self::from_utf8_lossy(bytes)),
            _ => Self::new(),
        }
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.push(self.as_str().into());
        Ok(())
    }
}

impl Stored for Timestamp {
    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        row.get::<_, Micros>(at).map(|time| time.0)
    }

    fn remains(_row: &Row<'_>, _at: usize) -> Self {
        Self::default()
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.push(self.as_microsecond().into());
        Ok(())
    }
}

impl Stored for Option<Timestamp> {
    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        Ok(row.get::<_, Option<Micros>>(at)?.map(|time| time.0))
    }

    fn remains(_row: &Row<'_>, _at: usize) -> Self {
        None
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.push(or_null(self.map(|time| time.as_microsecond())));
        Ok(())
    }
}

/// As text, so that it can be compared; a text that is no time is none.
impl Stored for Option<DateTime> {
    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        Ok(row.get::<_, Option<String>>(at)?.and_then(|text| text.parse().ok()))
    }

    fn remains(_row: &Row<'_>, _at: usize) -> Self {
        None
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.push(or_null(self.map(|time| time.to_string())));
        Ok(())
    }
}

impl Stored for Option<OutsidePriority> {
    const WIDTH: usize = 2;

    fn names(_field: &'static str) -> Vec<&'static str> {
        vec!["outside_floor", "outside_source"]
    }

    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        let outside: (Option<Severity>, Option<String>) = (row.get(at)?, row.get(at + 1)?);
        Ok(match outside {
            (Some(floor), Some(source)) => Some(OutsidePriority { floor, source }),
            _ => None,
        })
    }

    fn remains(_row: &Row<'_>, _at: usize) -> Self {
        None
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.push(or_null(self.as_ref().map(|outside| outside.floor.word())));
        values.push(or_null(self.as_ref().map(|outside| outside.source.as_str())));
        Ok(())
    }
}

impl Stored for Option<Acknowledged> {
    const WIDTH: usize = 2;

    fn names(_field: &'static str) -> Vec<&'static str> {
        vec!["acknowledged_by", "acknowledged_at"]
    }

    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        let acknowledged: (Option<String>, Option<Micros>) = (row.get(at)?, row.get(at + 1)?);
        Ok(match acknowledged {
            (Some(by), Some(at)) => Some(Acknowledged { by, at: at.0 }),
            _ => None,
        })
    }

    fn remains(row: &Row<'_>, at: usize) -> Self {
        let time = row.get::<_, Option<Micros>>(at + 1).ok().flatten();
        time.map(|time| Acknowledged { by: String::remains(row, at), at: time.0 })
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.push(or_null(self.as_ref().map(|acknowledged| acknowledged.by.as_str())));
        values.push(or_null(self.as_ref().map(|acknowledged| acknowledged.at.as_microsecond())));
        Ok(())
    }
}

/// As JSON; most studies have none and an empty text. A text that cannot be read is not worth losing the list for.
impl Stored for Marks {
    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        let text: String = row.get(at)?;
        Ok(if text.is_empty() { Self::default() } else { serde_json::from_str(&text).unwrap_or_default() })
    }

    fn remains(_row: &Row<'_>, _at: usize) -> Self {
        Self::default()
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        let text = if *self == Self::default() { String::new() } else { to_json(self)? };
        values.push(text.into());
        Ok(())
    }
}

impl Stored for Attributes {
    const WIDTH: usize = Attribute::ALL.len();

    fn names(_field: &'static str) -> Vec<&'static str> {
        Attribute::ALL.map(Attribute::name).to_vec()
    }

    fn read(row: &Row<'_>, at: usize) -> sql::Result<Self> {
        let mut attributes = Self::default();
        for (attribute, at) in Attribute::ALL.into_iter().zip(at..) {
            *attributes.get_mut(attribute) = row.get(at)?;
        }
        Ok(attributes)
    }

    fn remains(row: &Row<'_>, at: usize) -> Self {
        let mut attributes = Self::default();
        for (attribute, at) in Attribute::ALL.into_iter().zip(at..) {
            *attributes.get_mut(attribute) = String::remains(row, at);
        }
        attributes
    }

    fn write<'a>(&'a self, values: &mut Values<'a>) -> sql::Result<()> {
        values.extend(Attribute::ALL.map(|attribute| ToSqlOutput::from(self.get(attribute))));
        Ok(())
    }
}
