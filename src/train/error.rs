//! Why nothing was trained.

/// Why nothing was trained. Each message says what failed, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Somebody asked for the end.
    #[error("interrupted")]
    Interrupted,
    /// Patients have films on both sides of a split.
    #[error(
        "{patients} patients have films in more than one part of the column `{column}` ({}): what is trained on one film \
         of a patient knows the others. Give all films of a patient the same value",
        .between.join(", ")
    )]
    Leak {
        /// The column.
        column: String,
        /// How many patients.
        patients: usize,
        /// Values that share a patient, a pair each.
        between: Vec<String>,
    },
    /// A column divides films in no way that training knows.
    #[error(
        "the column `{column}` has {values}: it must say `train` for the films to train on and may say `val` for those \
         that thresholds are chosen on, or number 2 to {most} folds"
    )]
    Column {
        /// The column.
        column: String,
        /// Its values, in words.
        values: String,
        /// The most folds there can be.
        most: usize,
    },
    /// The engine: no memory, most likely.
    #[error("the computation failed: {reason}; free memory, or train on fewer films or labels")]
    Engine {
        /// Candle's reason.
        reason: String,
    },
    /// The state of training cannot be written.
    #[error("cannot write {place}: {source}; make room, and the same command goes on from the last epoch")]
    State {
        /// The file.
        place: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A film that was read before is not to be had any more.
    #[error("{film} cannot be read any more: {reason}; the same command leaves it out")]
    Film {
        /// The film, or a hash of its path.
        film: String,
        /// Why.
        reason: String,
    },
    /// The minimum was not reached.
    #[error(
        "the label `{label}` did not converge: the slope is still {slope:.1e}; its films may hold values out of all \
         bounds: please report this"
    )]
    NotConverged {
        /// The label.
        label: String,
        /// The largest component of the gradient.
        slope: f64,
    },
}

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        Self::Engine { reason: error.to_string().lines().next().unwrap_or_default().to_owned() }
    }
}
