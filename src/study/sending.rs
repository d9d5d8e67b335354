//! A result on its way to a destination, as people see it.

use jiff::{Timestamp, tz::TimeZone};

use super::StudyId;

/// One version of a study's result on its way to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub id: i64,
    /// The study.
    pub study: StudyId,
    /// The destination's name in the configuration.
    pub destination: String,
    /// Which version of the result it is, from 1.
    pub version: u32,
    /// How far it has come.
    pub state: SendingState,
}

/// How far a result has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendingState {
    /// It waits for its first try.
    Waiting,
    /// The last try failed.
    Failing {
        /// Why.
        why: String,
        /// When it is tried again.
        next: Timestamp,
    },
    /// The destination has it.
    Sent {
        /// Since when.
        at: Timestamp,
        /// Remarks of the destination; or empty.
        remark: String,
    },
    /// It is not tried any more.
    GivenUp {
        /// Since when.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

impl Sending {
    /// Says how far it has come: "sent 14:02", "failed: A700 out of resources, next try 14:02".
    #[must_use]
    pub fn words(&self, now: Timestamp, zone: &TimeZone) -> String {
        let time = |at: Timestamp| {
            let (at, today) = (zone.to_datetime(at), zone.to_datetime(now).date());
            let format = if at.date() == today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
            at.strftime(format).to_string()
        };
        let version = if self.version > 1 { format!(", version {}", self.version) } else { String::new() };
        match &self.state {
            SendingState::Waiting => format!("waits{version}"),
            SendingState::Failing { why, next } => format!("failed: {why}, next try {}", time(*next)),
            SendingState::Sent { at, remark } if remark.is_empty() => format!("sent {}{version}", time(*at)),
            SendingState::Sent { at, remark } if remark.starts_with('(') => {
                format!("sent {}{version} {remark}", time(*at))
            }
            SendingState::Sent { at, remark } => format!("sent {}{version} ({remark})", time(*at)),
            SendingState::GivenUp { why, at } => format!("given up {}: {why}", time(*at)),
        }
    }

    /// Puts other words in place of the destination's answer, which may repeat what was sent to it.
    pub fn replace_answer(&mut self, words: &str) {
        match &mut self.state {
            SendingState::Failing { why, .. } | SendingState::GivenUp { why, .. } => words.clone_into(why),
            SendingState::Sent { remark, .. } if !remark.is_empty() => words.clone_into(remark),
            SendingState::Sent { .. } | SendingState::Waiting => {}
        }
    }

    /// Returns whether it has not arrived, though it was tried.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        matches!(self.state, SendingState::Failing { .. } | SendingState::GivenUp { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_how_far_a_result_has_come() {
        let at: Timestamp = "2026-11-29T13:02:00Z".parse().unwrap();
        let before: Timestamp = "2026-11-28T13:02:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let why = "A700 out of resources".to_owned();
        let remark = "B000 stored, with elements coerced".to_owned();
        for (version, state, words) in [
            (1, SendingState::Waiting, "waits"),
            (2, SendingState::Waiting, "waits, version 2"),
            (
                1,
                SendingState::Failing { why: why.clone(), next: at },
                "failed: A700 out of resources, next try 14:02",
            ),
            (1, SendingState::Sent { at, remark: String::new() }, "sent 14:02"),
            (2, SendingState::Sent { at: before, remark: String::new() }, "sent 2026-11-28 14:02, version 2"),
            (1, SendingState::Sent { at, remark }, "sent 14:02 (B000 stored, with elements coerced)"),
            (1, SendingState::GivenUp { at, why }, "given up 14:02: A700 out of resources"),
        ] {
            let sending = Sending { id: 1, study: 1, destination: "pacs".to_owned(), version, state };
            assert_eq!(sending.words(at, &zone), words);
        }
    }
}
