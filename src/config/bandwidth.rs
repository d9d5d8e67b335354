//! The speed of the line to a terminal: "256 kbit/s".

use std::{fmt, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};

use super::values::OFF;

/// The ways to write one.
const HELP: &str = "write a number and its unit, such as \"256 kbit/s\" or \"2 Mbit/s\"";
/// Over a slower line not even text can be used.
const SLOWEST: u64 = 16_000;
const FASTEST: u64 = 10_000_000_000;

/// Bits a second to a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Bandwidth(u64);

/// A text that is no bandwidth: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BandwidthError(String);

impl Bandwidth {
    /// The bytes that pass in `time`.
    #[must_use]
    pub fn bytes_in(self, time: Duration) -> usize {
        let bytes = u128::from(self.0) * time.as_micros() / 8_000_000;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// The time that so many bytes take.
    #[must_use]
    pub fn time_of(self, bytes: u64) -> Duration {
        let micros = u128::from(bytes) * 8_000_000 / u128::from(self.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

impl FromStr for Bandwidth {
    type Err = BandwidthError;

    fn from_str(text: &str) -> Result<Self, BandwidthError> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let factor = match unit.trim() {
            "kbit/s" => 1_000,
            "Mbit/s" => 1_000_000,
            _ => return Err(BandwidthError(format!("`{text}` is no bandwidth"))),
        };
        let bits = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        match bits {
            Some(bits) if (SLOWEST..=FASTEST).contains(&bits) => Ok(Self(bits)),
            _ => Err(BandwidthError(format!("`{text}` is not within 16 kbit/s and 10000 Mbit/s"))),
        }
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} kbit/s", self.0 / 1_000)
    }
}

/// A bandwidth, or "off".
pub(super) fn bandwidth_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Bandwidth>, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) if text == OFF => Ok(None),
        toml::Value::String(text) => match text.parse() {
            Ok(bandwidth) => Ok(Some(bandwidth)),
            Err(error) => Err(D::Error::custom(format!("{error}\n{HELP}, or \"off\""))),
        },
        toml::Value::Integer(number) => {
            Err(D::Error::custom(format!("`{number}` has no unit\n{HELP}, or \"off\"")))
        }
        other => Err(D::Error::invalid_type(Unexpected::Other(other.type_str()), &"a bandwidth")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bandwidth_is_a_number_and_its_unit() {
        for (text, bits) in [("256 kbit/s", 256_000), ("256kbit/s", 256_000), ("2 Mbit/s", 2_000_000)] {
            assert_eq!(text.parse(), Ok(Bandwidth(bits)), "{text}");
        }
        for text in ["", "256", "256 kB/s", "kbit/s", "1 kbit/s", "-5 kbit/s", "20000 Mbit/s", "off"] {
            assert!(text.parse::<Bandwidth>().is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_take_their_time() {
        let line = Bandwidth(256_000);
        assert_eq!(line.bytes_in(Duration::from_millis(150)), 4_800);
        assert_eq!(line.time_of(4_800), Duration::from_millis(150));
    }
}
