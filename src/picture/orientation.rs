//! Which side of the patient is on which side of the picture.

/// The patient's directions at the left and at the right edge of the picture, by Patient Orientation
/// (0020,0020): its first value is the direction of the rows, its second that of the columns, each the
/// letter of the side that they go to, the main direction first (DICOM PS3.3 C.7.6.1.1.1). None where the
/// header does not say, or says something else than a direction.
#[must_use]
pub fn sides(patient_orientation: &str) -> Option<(char, char)> {
    const OPPOSITES: [(char, char); 3] = [('L', 'R'), ('A', 'P'), ('H', 'F')];
    let right = patient_orientation.split('\\').next()?.trim().chars().next()?;
    let left = OPPOSITES.iter().find_map(|&(one, other)| {
        if right == one {
            Some(other)
        } else if right == other {
            Some(one)
        } else {
            None
        }
    })?;
    Some((left, right))
}

#[cfg(test)]
mod tests {
    use super::sides;

    #[test]
    fn the_header_says_which_side_is_which() {
        for (orientation, marks) in [
            ("L\\F", Some(('R', 'L'))),
            // Hung the other way round, as from behind.
            ("R\\F", Some(('L', 'R'))),
            ("P\\F", Some(('A', 'P'))),
            ("LA\\FP", Some(('R', 'L'))),
            ("", None),
            ("X\\F", None),
            ("\\F", None),
        ] {
            assert_eq!(sides(orientation), marks, "{orientation}");
        }
    }
}
