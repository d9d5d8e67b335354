//! The arguments of `evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::evaluate::{
    Goal, Prevalence,
    labels::{Blank, Uncertain},
};

/// `evaluate`.
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    /// Folder of the films, with its subfolders
    #[arg(long, value_name = "DIR", required_unless_present = "explore")]
    pub films: Option<PathBuf>,
    /// The findings on them: a column a finding (0, 1, empty, -1), or NIH's `Finding Labels`
    #[arg(long, value_name = "CSV", required_unless_present = "explore")]
    pub labels: Option<PathBuf>,
    /// Which labels count where the file has several, such as mined and adjudicated ones [default: ask]
    #[arg(long, value_name = "NAME")]
    pub truth: Option<String>,
    /// Only the rows of this split
    #[arg(long, value_name = "NAME")]
    pub split: Option<String>,
    /// Write report.html, report.json and plots there, and keep the scores for the next run
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Measure the heatmaps against these boxes: film, label, left, top, width, height in pixels
    #[arg(long, value_name = "CSV")]
    pub boxes: Option<PathBuf>,
    /// Size of the films that the boxes were drawn on [default: that of the films that are here]
    #[arg(long, value_name = "WxH", requires = "boxes", value_parser = size)]
    pub box_size: Option<(u32, u32)>,
    /// Refuse if a patient of these labels is in the set: what the model was trained on
    #[arg(long, value_name = "CSV")]
    pub against: Option<PathBuf>,
    /// Of these, only the rows of this split
    #[arg(long, value_name = "NAME", requires = "against")]
    pub against_split: Option<String>,
    /// How -1 counts
    #[arg(long, value_enum, default_value_t)]
    pub uncertain: UncertainAs,
    /// How an empty cell counts
    #[arg(long, value_enum, default_value_t)]
    pub blank: BlankAs,
    /// Count films that a gate would hold, too
    #[arg(long)]
    pub score_held: bool,
    /// Figures for groups of films: columns of the labels, such as View,Sex,Age,Source,Station
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Another model on the same films, side by side
    #[arg(long, value_name = "MODEL")]
    pub compare: Option<String>,
    /// How frequent findings are where the model is used, for predictive values: 0.02, or LABEL=0.02,...
    #[arg(long, value_name = "SHARE", value_delimiter = ',')]
    pub prevalence: Vec<Prevalence>,
    /// Propose thresholds: sensitivity=0.95, specificity=0.9, youden or alarms-per-day=20 (for each label), or
    /// alarms=0.10 (of films without findings, for all labels together)
    #[arg(long, value_name = "GOAL")]
    pub calibrate: Option<Goal>,
    /// How many films a day alarms are counted by
    #[arg(long, value_name = "N", value_parser = films_a_day)]
    pub films_per_day: Option<f64>,
    /// Write the proposed thresholds into the configuration
    #[arg(long, requires = "calibrate")]
    pub write: bool,
    /// Only describe these labels: films, patients, how often each finding is there, splits
    #[arg(long, value_name = "CSV", conflicts_with_all = ["labels", "films", "calibrate", "boxes", "out"])]
    pub explore: Option<PathBuf>,
    /// The report as one JSON object instead of tables and curves
    #[arg(long)]
    pub json: bool,
}

/// How -1 counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UncertainAs {
    /// Not at all
    #[default]
    Ignore,
    /// As present
    Positive,
    /// As absent
    Negative,
}

/// How an empty cell counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum BlankAs {
    /// Not at all
    #[default]
    Ignore,
    /// As absent
    Negative,
}

impl From<UncertainAs> for Uncertain {
    fn from(word: UncertainAs) -> Self {
        match word {
            UncertainAs::Ignore => Self::Ignore,
            UncertainAs::Positive => Self::Positive,
            UncertainAs::Negative => Self::Negative,
        }
    }
}

impl From<BlankAs> for Blank {
    fn from(word: BlankAs) -> Self {
        match word {
            BlankAs::Ignore => Self::Ignore,
            BlankAs::Negative => Self::Negative,
        }
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once(['x', 'X']).map(|(w, h)| (w.trim().parse(), h.trim().parse()));
    match parts {
        Some((Ok(width), Ok(height))) if SIDES.contains(&width) && SIDES.contains(&height) => {
            Ok((width, height))
        }
        _ => Err("a size is width x height in pixels, 1 to 100000 each, such as 1024x1024".to_owned()),
    }
}

/// Sides that a film can have, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 1..=100_000;

/// More films than any site takes in a day.
const MOST_FILMS: f64 = 1e6;

fn films_a_day(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|n: &f64| *n > 0.0 && *n <= MOST_FILMS);
    number.ok_or_else(|| format!("a number above 0 and at most {MOST_FILMS}"))
}
