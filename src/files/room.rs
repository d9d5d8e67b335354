//! Room on disks: how much there is, and how much has to be left.

use std::{io, path::Path};

use rustix::fs::statvfs;

/// Room that has to be left on a disk: a share of it, or a size.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Space {
    /// So many hundredths of the disk.
    Percent(f64),
    /// So many bytes.
    Bytes(u64),
}

impl Space {
    /// Bytes of a disk that has `total` in all.
    #[must_use]
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Percent(percent) => (total as f64 * percent / 100.0) as u64,
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Reads "5%", "500 MB" or "2GiB"; none: it is neither a share nor a size.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = text.split_at(split);
        let number: f64 = number.parse().ok()?;
        let unit = match unit.trim() {
            "%" => return Some(Self::Percent(number)).filter(|_| number > 0.0 && number < 100.0),
            "MB" => 1e6,
            "GB" => 1e9,
            "TB" => 1e12,
            "MiB" => f64::from(1 << 20),
            "GiB" => f64::from(1 << 30),
            "TiB" => f64::from(1 << 20) * f64::from(1 << 20),
            _ => return None,
        };
        let bytes = number * unit;
        // Far more than any disk has is a slip.
        (1.0..1e18).contains(&bytes).then_some(Self::Bytes(bytes as u64))
    }
}

/// The room on a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Free for this user.
    pub free: u64,
    /// In all.
    pub total: u64,
}

impl Room {
    /// Asks the disk that a folder lies on.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let found = statvfs(folder)?;
        Ok(Self {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            total: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_a_share_or_a_size() {
        let cases = [
            ("5%", Some(Space::Percent(5.0)), 50),
            ("0.5 %", Some(Space::Percent(0.5)), 5),
            ("2GiB", Some(Space::Bytes(2 << 30)), 2 << 30),
            ("500 MB", Some(Space::Bytes(500_000_000)), 500_000_000),
            ("1.5TiB", Some(Space::Bytes(3 << 39)), 3 << 39),
            ("0%", None, 0),
            ("100%", None, 0),
            ("5", None, 0),
            ("-5%", None, 0),
            ("GiB", None, 0),
            ("9e9GiB", None, 0),
            ("", None, 0),
        ];
        for (text, space, of_thousand) in cases {
            assert_eq!(Space::parse(text), space, "{text}");
            assert_eq!(space.map_or(0, |space| space.of(1_000)), of_thousand, "{text}");
        }
    }
}
