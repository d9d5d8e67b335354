//! The status of a C-STORE, judged (PS3.4 section B.2.3, PS3.7 annex C).

use std::fmt;

/// The outcome of an object, by the status that it was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored.
    Stored,
    /// It is stored, and something was remarked.
    StoredBut {
        /// The status.
        code: u16,
        /// The meaning of the status.
        meaning: &'static str,
    },
    /// It is not stored.
    Refused {
        /// The status.
        code: u16,
        /// The meaning of the status.
        meaning: &'static str,
        /// The other side's own words, harmless; or empty.
        comment: String,
    },
}

impl Verdict {
    /// Judges a status; `comment` is the error comment beside it, or empty.
    #[must_use]
    pub fn of(code: u16, comment: &str) -> Self {
        match meaning(code) {
            (_, "") => Self::Stored,
            (true, meaning) => Self::StoredBut { code, meaning },
            (false, meaning) => Self::Refused { code, meaning, comment: comment.to_owned() },
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored => f.write_str("stored"),
            Self::StoredBut { code, meaning } => write!(f, "{code:04X} {meaning}"),
            Self::Refused { code, meaning, comment } if comment.is_empty() => {
                write!(f, "{code:04X} {meaning}")
            }
            Self::Refused { code, meaning, comment } => write!(f, "{code:04X} {meaning} ({comment})"),
        }
    }
}

/// Returns whether an object with that status is stored, and the meaning of the status; success has none.
fn meaning(code: u16) -> (bool, &'static str) {
    match code {
        0x0000 => (true, ""),
        0xB000 => (true, "stored, with elements coerced"),
        0xB006 => (true, "stored, with elements discarded"),
        0xB007 => (true, "stored, though it does not match its class"),
        0x0001 | 0x0107 | 0x0116 | 0xB001..=0xB005 | 0xB008..=0xBFFF => (true, "stored, with a warning"),
        // Its number is made from its content: whoever has one of that number has this one.
        0x0111 => (true, "stored before"),
        0xA700..=0xA7FF | 0x0213 => (false, "out of resources"),
        0xA900..=0xA9FF => (false, "the object does not match its class"),
        0xC000..=0xCFFF => (false, "the object cannot be understood"),
        0x0105 | 0x0106 | 0x0115 | 0x0120 | 0x0121 => (false, "a value in it is missing or wrong"),
        0x0110 => (false, "failed while it was processed"),
        0x0117 => (false, "the object's number is none"),
        0x0118 | 0x0119 | 0x0122 => (false, "objects of this class are not taken"),
        0x0124 => (false, "not allowed to send"),
        0x0210..=0x0212 => (false, "the operation is not known"),
        0xFE00 => (false, "cancelled"),
        _ => (false, "a status that no standard gives a meaning"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_the_object_is_stored() {
        for (code, is_stored, words) in [
            (0x0000, true, "stored"),
            (0xB000, true, "B000 stored, with elements coerced"),
            (0xB006, true, "B006 stored, with elements discarded"),
            (0xB007, true, "B007 stored, though it does not match its class"),
            (0xB123, true, "B123 stored, with a warning"),
            (0x0001, true, "0001 stored, with a warning"),
            (0x0107, true, "0107 stored, with a warning"),
            (0x0111, true, "0111 stored before"),
            (0xA700, false, "A700 out of resources (full)"),
            (0xA7FF, false, "A7FF out of resources (full)"),
            (0xA800, false, "A800 a status that no standard gives a meaning (full)"),
            (0xA900, false, "A900 the object does not match its class (full)"),
            (0xC000, false, "C000 the object cannot be understood (full)"),
            (0xC123, false, "C123 the object cannot be understood (full)"),
            (0x0110, false, "0110 failed while it was processed (full)"),
            (0x0117, false, "0117 the object's number is none (full)"),
            (0x0122, false, "0122 objects of this class are not taken (full)"),
            (0x0124, false, "0124 not allowed to send (full)"),
            (0x0211, false, "0211 the operation is not known (full)"),
            (0xFE00, false, "FE00 cancelled (full)"),
            // Pending has no place here: nothing says that anything is stored.
            (0xFF00, false, "FF00 a status that no standard gives a meaning (full)"),
            (0x1234, false, "1234 a status that no standard gives a meaning (full)"),
        ] {
            let verdict = Verdict::of(code, "full");
            assert_eq!(!matches!(verdict, Verdict::Refused { .. }), is_stored, "{code:04X}");
            assert_eq!(verdict.to_string(), words);
        }
        assert_eq!(Verdict::of(0xA700, "").to_string(), "A700 out of resources");
    }
}
