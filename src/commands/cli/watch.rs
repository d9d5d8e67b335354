//! The arguments of `watch`, and of `demo`, which is `watch` with films of its own.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Bandwidth, Pictures};

/// `watch`.
#[derive(Debug, Clone, Default, Args)]
pub struct WatchArgs {
    /// Folder that films arrive in [default: from the configuration, else ./inbox, created]
    pub inbox: Option<PathBuf>,
    /// No dashboard: one JSON object a line for each event
    #[arg(long)]
    pub headless: bool,
    /// With --headless: no names in the output; a hash in place of each path, the study's number in place of its key
    #[arg(long, requires = "headless")]
    pub no_names: bool,
    /// With --headless: stop when everything in the inbox has been dealt with
    #[arg(long, requires = "headless")]
    pub once: bool,
    /// Also receive films by DICOM (C-STORE) into the inbox [default port: 11112, or the configuration's]
    #[arg(long, value_name = "PORT")]
    pub receive: Option<Option<u16>>,
    /// How the dashboard draws pictures [default: detected]
    #[arg(long, value_enum)]
    pub pictures: Option<Pictures>,
    /// The speed of a slow line to the terminal, such as 256kbit/s: pictures are made to fit
    #[arg(long, value_name = "RATE")]
    pub bandwidth: Option<Bandwidth>,
    /// Colours: dark, light, high-contrast, colour-blind, sixteen, mono, one of your own, or a file
    /// [default: as the terminal suggests]
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// Lines instead of a screen, for a screen reader: one an event, lists on request (type `help`)
    #[arg(long, conflicts_with = "headless")]
    pub plain: bool,
    /// The dashboard alone, which follows what other processes write: the pipeline is never run here
    #[arg(long, conflicts_with_all = ["headless", "receive", "inbox"])]
    pub follow: bool,
    /// For a person of the list (see `users`), as sshd starts it: what the role does not permit is refused, and the
    /// pipeline is never run
    #[arg(long = "as", value_name = "NAME", conflicts_with_all = ["headless", "receive", "inbox"])]
    pub person: Option<String>,
    /// With --as: the fingerprint of the person's key
    #[arg(long, value_name = "FINGERPRINT", requires = "person")]
    pub key: Option<String>,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// A film comes this often
    #[arg(long, default_value = "4s", value_name = "TIME", value_parser = interval)]
    pub every: jiff::SignedDuration,
    /// Stop after so many films [default: never]
    #[arg(long, value_name = "N")]
    pub films: Option<u64>,
    /// Which series of phantoms
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How the dashboard draws pictures [default: detected]
    #[arg(long, value_enum)]
    pub pictures: Option<Pictures>,
    /// Colours, as for watch
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// Lines instead of a screen
    #[arg(long)]
    pub plain: bool,
}

impl DemoArgs {
    /// Returns the options of `watch` that are among them.
    #[must_use]
    pub fn watch(&self) -> WatchArgs {
        WatchArgs {
            pictures: self.pictures,
            theme: self.theme.clone(),
            plain: self.plain,
            ..WatchArgs::default()
        }
    }
}

fn interval(text: &str) -> Result<jiff::SignedDuration, String> {
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    let is_sound =
        |time: &jiff::SignedDuration| !time.is_negative() && *time <= jiff::SignedDuration::from_hours(24);
    parsed.filter(is_sound).ok_or_else(|| "a length of time from 0s to 24h, such as 4s".to_owned())
}
