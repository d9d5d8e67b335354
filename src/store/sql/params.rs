//! The parameters of a statement, in the order of their numbers.

use super::ToSql;

/// Values for `?1`, `?2` and so on: a tuple, an array, or what [`params`] and [`params_from_iter`] make.
pub(in crate::store) trait Params {
    /// Lends them to `with`.
    fn bind<R>(self, with: impl FnOnce(&[&dyn ToSql]) -> R) -> R;
}

macro_rules! array {
    ($($length:literal),+) => {
        $(impl<T: ToSql> Params for [T; $length] {
            fn bind<R>(self, with: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
                with(&self.each_ref().map(|value| value as &dyn ToSql))
            }
        })+
    };
}
array!(1, 2, 3);

/// None: `[]`.
impl Params for [&(dyn ToSql + Send + Sync); 0] {
    fn bind<R>(self, with: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        with(&[])
    }
}

impl Params for &[&dyn ToSql] {
    fn bind<R>(self, with: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        with(self)
    }
}

macro_rules! tuple {
    ($($name:ident $at:tt),+) => {
        impl<$($name: ToSql),+> Params for ($($name,)+) {
            fn bind<R>(self, with: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
                with(&[$(&self.$at),+])
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// Parameters of an iterator's values.
pub(in crate::store) struct FromIter<I>(I);

/// Takes the values of an iterator for parameters.
pub(in crate::store) fn params_from_iter<I: IntoIterator<Item: ToSql>>(values: I) -> FromIter<I> {
    FromIter(values)
}

impl<I: IntoIterator<Item: ToSql>> Params for FromIter<I> {
    fn bind<R>(self, with: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        let values: Vec<_> = self.0.into_iter().collect();
        let all: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        with(&all)
    }
}

/// The places of so many rows of so many values each: `(?1, ?2), (?3, ?4)`.
pub(in crate::store) fn places(rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=width).map(|at| format!("?{}", row * width + at)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// More parameters than a tuple holds.
macro_rules! params {
    ($($value:expr),+ $(,)?) => {
        [$(&$value as &dyn crate::store::sql::ToSql),+].as_slice()
    };
}
pub(in crate::store) use params;
