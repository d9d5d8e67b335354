//! The tone curve of a film that brings none of its own.

/// Where black and white lie on the linear scale `0..=linear_max` when no window says so.
///
/// Without a VOI transformation the whole range is shown (PS3.3 C.11.2: identity), so that an 8-bit
/// DICOM and the same picture as PNG look alike. But a film of 12 bits that says it has 16 would come
/// out near black: where the values used span less than a quarter of the range (two bits or more of
/// it are idle), and still enough of it for 8-bit grey, they are stretched from least to most, as
/// workstations do. A blank film of sensor noise is not stretched into a picture.
pub(super) fn ends(linear_max: f32, (least, most): (f32, f32)) -> (f32, f32) {
    let span = most - least;
    if (255.0..linear_max / 4.0).contains(&span) { (least, most) } else { (0.0, linear_max) }
}

/// A fraction of white as an 8-bit grey, rounded to the nearest and clamped.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=255
pub(super) fn grey(fraction: f64) -> u8 {
    (fraction * 255.0).round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::{ends, grey};

    #[test]
    fn idle_bits_are_stretched_and_noise_is_not() {
        for (what, max, used, expected) in [
            ("8 bits, dim", 255.0, (0.0, 60.0), (0.0, 255.0)),
            ("12 bits, full", 4095.0, (100.0, 4000.0), (0.0, 4095.0)),
            ("12 bits said to be 16", 65_535.0, (10.0, 4000.0), (10.0, 4000.0)),
            ("inverted, 12 bits said to be 16", 65_535.0, (61_440.0, 65_535.0), (61_440.0, 65_535.0)),
            ("sensor noise in 16 bits", 65_535.0, (1000.0, 1100.0), (0.0, 65_535.0)),
            ("constant", 65_535.0, (7.0, 7.0), (0.0, 65_535.0)),
        ] {
            assert_eq!(ends(max, used), expected, "{what}");
        }
    }

    #[test]
    fn grey_clamps_and_rounds() {
        assert_eq!([-1.0, 0.0, 0.5, 1.0, 9.0].map(grey), [0, 0, 128, 255, 255]);
    }
}
