//! The outcomes of the films of a labelled set, put in order as workers finish them: for `evaluate` and `train`.

use indicatif::ProgressBar;

use super::CommandError;

/// The outcome of a film: its record, or why the file could not be read.
pub(super) type Outcome<R> = Result<R, String>;

/// The end of the work on a film in this run.
pub(super) enum Done<R> {
    /// A record that is to be kept for other runs.
    New(R),
    /// A record of an earlier run.
    Known(R),
    /// The reason why the file could not be read.
    Unread(String),
}

/// A run that came to its end, or to ctrl-C.
pub(super) struct Run<R> {
    /// The outcomes of the films, in order; after ctrl-C, of those before the first that is missing.
    pub(super) outcomes: Vec<Outcome<R>>,
    /// How many films are done, wherever they stand.
    pub(super) done: usize,
    /// How many of them were known from earlier runs.
    pub(super) reused: usize,
}

/// The outcomes of a run so far.
pub(super) struct Outcomes<'a, R> {
    of_films: Vec<Option<Outcome<R>>>,
    reused: usize,
    bar: &'a ProgressBar,
}

impl<'a, R> Outcomes<'a, R> {
    /// Begins with what is known of each film before any is read.
    pub(super) fn new(known: impl IntoIterator<Item = Option<R>>, bar: &'a ProgressBar) -> Self {
        let of_films: Vec<Option<Outcome<R>>> = known.into_iter().map(|it| it.map(Ok)).collect();
        let reused = of_films.iter().flatten().count();
        bar.inc(reused as u64);
        // The rate is that of films that are read.
        bar.reset_eta();
        Self { of_films, reused, bar }
    }

    /// Takes the outcome of the film with that number; a new record goes to `keep` first.
    pub(super) fn take(
        &mut self,
        number: usize,
        done: Done<R>,
        keep: impl FnOnce(&R) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        self.bar.inc(1);
        self.of_films[number] = Some(match done {
            Done::New(record) => {
                keep(&record)?;
                Ok(record)
            }
            Done::Known(record) => {
                self.reused += 1;
                Ok(record)
            }
            Done::Unread(reason) => Err(reason),
        });
        Ok(())
    }

    pub(super) fn end(self) -> Run<R> {
        let done = self.of_films.iter().flatten().count();
        let outcomes = self.of_films.into_iter().map_while(|outcome| outcome).collect();
        Run { outcomes, done, reused: self.reused }
    }
}
