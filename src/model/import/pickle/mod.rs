//! A reader of Python's pickles that builds data and runs nothing.
//!
//! A pickle is a program for a small stack machine, and Python's own reader calls whatever function the
//! program names. Here a name is only a name: one that weights do not need ends the reading
//! ([`globals`]), and a "call" of one that they need makes a record of what was called with what
//! ([`Value::Object`]), which [`super::torch`] then interprets as data.
//!
//! Every value lies in one list and refers to others by its place there; texts stay where they are in the file,
//! and names are ours. So nothing is ever copied, a hostile file cannot blow up in memory beyond a fixed multiple
//! of its own length, and nothing here recurses, however deep the nesting.

mod globals;
mod machine;
#[cfg(test)]
mod tests;

pub(super) use machine::read;

/// The place of a value in its [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(u32);

/// One value. Mutable ones are complete only when the pickle has been read to its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// A whole number of more than 64 bits: little-endian, two's complement.
    Long(&'a [u8]),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Tuple(Vec<Id>),
    /// Lists and sets.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A function or class by name, as [`globals::known`] gives it.
    Global(&'static str),
    /// The object that a call would have made.
    Object(Box<Object>),
    /// A reference to something outside the pickle, as PyTorch uses for storages.
    Persistent(Id),
}

/// A call that was not made: what was to be called with what, and what was to be put into the result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    pub(super) class: Id,
    pub(super) arguments: Id,
    pub(super) state: Option<Id>,
    pub(super) items: Vec<Id>,
    pub(super) entries: Vec<(Id, Id)>,
}

/// A pickle that has been read.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    pub(super) root: Id,
    /// How many bytes it took.
    pub(super) length: usize,
}

impl<'a> Pickle<'a> {
    /// Every value, in the order of the file.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        (0..self.values.len() as u32).map(Id)
    }

    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        self.values.get(id.0 as usize).unwrap_or(&Value::None)
    }

    pub(super) fn text(&self, id: Id) -> Option<&'a str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a dictionary, ordered or not.
    pub(super) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(entries) => Some(entries),
            Value::Object(object) if self.name(object.class) == Some("collections.OrderedDict") => {
                Some(&object.entries)
            }
            _ => None,
        }
    }

    /// The value of a key that is a text.
    pub(super) fn entry(&self, id: Id, key: &str) -> Option<Id> {
        // The last one counts, as it would in Python.
        let entries = self.entries(id)?;
        entries.iter().rev().find(|&&(name, _)| self.text(name) == Some(key)).map(|&(_, value)| value)
    }

    /// The members of a tuple or list.
    pub(super) fn members(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(members) | Value::List(members) => Some(members),
            _ => None,
        }
    }

    /// The name of a global.
    pub(super) fn name(&self, id: Id) -> Option<&'static str> {
        match self.get(id) {
            Value::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The object that a call would have made, with the name of what was called.
    pub(super) fn object(&self, id: Id) -> Option<(&'static str, &Object)> {
        let Value::Object(object) = self.get(id) else { return None };
        let class = match self.get(object.class) {
            // Old versions of PyTorch keep a class as ("module", class, file, source).
            Value::Persistent(reference) => match self.members(*reference)? {
                [kind, class, ..] if self.text(*kind) == Some("module") => *class,
                _ => return None,
            },
            _ => object.class,
        };
        Some((self.name(class)?, object))
    }
}
