//! Colour to grey, as Pillow's mode "L" does it, so that the model sees what its training saw.

/// ITU-R BT.601 luma in 16-bit fixed point, rounded to the nearest. Works for 8- and 16-bit samples.
pub(super) fn rec601(red: u16, green: u16, blue: u16) -> u16 {
    let weighted = u64::from(red) * 19_595 + u64::from(green) * 38_470 + u64::from(blue) * 7_471;
    // The weights add up to 65536, so the result never exceeds the largest sample.
    u16::try_from((weighted + 0x8000) >> 16).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::rec601;

    #[test]
    fn luma_is_pillows() {
        // Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0)).
        for (colour, grey) in [
            ((255, 0, 0), 76),
            ((0, 255, 0), 150),
            ((0, 0, 255), 29),
            ((255, 255, 255), 255),
            ((12, 200, 99), 132),
        ] {
            assert_eq!(rec601(colour.0, colour.1, colour.2), grey, "{colour:?}");
        }
        assert_eq!(rec601(65_535, 65_535, 65_535), 65_535);
    }
}
