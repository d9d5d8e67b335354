//! The lines at the top, whose number decides how high the header is.

use crate::{dashboard::cells, session::protocol::Health};

/// A banner or an alarm takes at most so many lines.
const MOST_LINES: usize = 2;

/// The kind of a line below the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dashboard) enum HeaderLine {
    /// The model and its banner.
    Model,
    /// Why films do not come or are not scored.
    Fault,
    /// No film has come for long.
    Alarm,
    /// The site's thresholds may be meant for other weights.
    Doubt,
}

/// The lines below the first, on a screen of that width.
pub(in crate::dashboard) fn lines(
    health: Option<&Health>,
    doubt: Option<&str>,
    width: u16,
) -> Vec<(HeaderLine, String)> {
    let Some(health) = health else { return Vec::new() };
    let width = usize::from(width).saturating_sub(2);
    let model = if health.banner.is_empty() {
        format!("model {}", health.model)
    } else {
        format!("model {}: {}", health.model, health.banner)
    };
    let texts = [
        (HeaderLine::Model, Some(model)),
        (HeaderLine::Fault, health.fault.as_ref().map(|fault| format!("✖ {fault}"))),
        (HeaderLine::Alarm, health.feed_alarm.as_ref().map(|alarm| format!("! {alarm}"))),
        (HeaderLine::Doubt, doubt.map(|doubt| format!("! {doubt}"))),
    ];
    let mut lines = Vec::new();
    for (kind, text) in texts {
        let wrapped = text.map(|text| cells::wrap(&text, width, MOST_LINES)).unwrap_or_default();
        lines.extend(wrapped.into_iter().map(|line| (kind, line)));
    }
    lines
}

/// Returns how many lines the header takes.
pub(in crate::dashboard) fn height(health: Option<&Health>, doubt: Option<&str>, width: u16) -> u16 {
    u16::try_from(1 + lines(health, doubt, width).len()).unwrap_or(u16::MAX)
}
