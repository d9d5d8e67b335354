//! Saved views: filters with a name, on the number keys.

use super::filter::{Filter, FilterError};

/// A filter with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedView {
    /// The title of the list while it is open.
    pub name: String,
    /// The filter that its studies pass.
    pub filter: Filter,
}

/// The views that every site has, unless it gives one of these names to another filter.
const USUAL: [(&str, &str); 5] = [
    ("All", "status:open"),
    ("New", "status:new"),
    ("Critical", "status:open band:critical"),
    ("Held", "status:open held>0"),
    (DONE, "status:done"),
];

/// The view that `show-done` opens.
pub(in crate::dashboard) const DONE: &str = "Done";

/// As many as there are number keys.
pub const MOST_VIEWS: usize = 9;

/// All views, in the order of their keys, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedViews(Vec<SavedView>);

impl Default for SavedViews {
    fn default() -> Self {
        let parsed = |filter| Filter::parse(filter).unwrap_or_default();
        let views = USUAL.map(|(name, filter)| SavedView { name: name.to_owned(), filter: parsed(filter) });
        Self(views.into())
    }
}

impl SavedViews {
    /// Adds a site's view, or puts it in the place of the one of that name.
    ///
    /// # Errors
    /// The filter cannot be understood.
    pub fn add(&mut self, name: &str, filter: &str) -> Result<(), FilterError> {
        let view = SavedView { name: crate::text::clean(name), filter: Filter::parse(filter)? };
        match self.0.iter_mut().find(|known| known.name == view.name) {
            Some(known) => *known = view,
            None => self.0.push(view),
        }
        Ok(())
    }

    /// The views.
    #[must_use]
    pub fn all(&self) -> &[SavedView] {
        &self.0
    }

    /// The place of the Done view.
    pub(in crate::dashboard) fn done(&self) -> usize {
        self.0.iter().position(|view| view.name == DONE).unwrap_or(0)
    }
}
