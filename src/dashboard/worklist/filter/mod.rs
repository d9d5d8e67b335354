//! Filters as a person types them: `effusion score>0.6 waiting>30m status:new view:AP`. All terms must
//! hold. A bare word is looked for in names, numbers, findings and file names; `-` before a term turns
//! it round; quotes keep spaces together; a comma is "or" between the words of one field.
//!
//! [`Filter::parse`] is pure and says at which characters a mistake stands; [`complete`](complete::complete)
//! says what may be written at the cursor.

mod complete;
mod field;
mod parse;
mod term;

pub use complete::Completion;
pub(in crate::dashboard) use complete::complete;
pub(in crate::dashboard) use field::begins_a_field;
pub use parse::FilterError;

use jiff::Timestamp;

use super::row::Row;
use term::Term;

/// A filter: the terms that a study must pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// Understands a filter.
    ///
    /// # Errors
    /// Where the first mistake is, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { terms: parse::terms(text)? })
    }

    /// Returns whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns whether a study passes at that time.
    #[must_use]
    pub fn matches(&self, row: &Row, now: Timestamp) -> bool {
        self.terms.iter().all(|term| term.matches(row, now))
    }

    /// Returns whether the passing of time alone can change what passes.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.terms.iter().any(Term::depends_on_time)
    }

    /// Both: what passes has to pass each. A wish about the status in `typed` takes the place of one in
    /// `self`: who asks for done studies in a view of open ones wants to see them.
    #[must_use]
    pub fn and(&self, typed: &Self) -> Self {
        let overruled = typed.terms.iter().any(Term::is_about_status);
        let mine = self.terms.iter().filter(|term| !(overruled && term.is_about_status()));
        Self { terms: mine.chain(&typed.terms).cloned().collect() }
    }

    /// Returns whether all that passes this has passed `other` too, as far as is easily told: so that typing one
    /// more character need only look at what is listed.
    #[must_use]
    pub fn narrows(&self, other: &Self) -> bool {
        other.terms.iter().all(|wide| self.terms.iter().any(|narrow| narrow.implies(wide)))
    }
}

#[cfg(test)]
mod tests;
