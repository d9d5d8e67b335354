//! Letters drawn into a picture: eight by eight dots, enlarged, without a file of fonts.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage};

/// The width and the height of a letter at scale 1, in pixels.
pub const LETTER: u32 = 8;

/// Writes one line of text with its top left corner at `at`, each dot `scale` pixels wide and high. What lies outside the
/// picture is cut off; a letter beyond Latin becomes a question mark.
pub fn write(picture: &mut RgbImage, text: &str, at: (u32, u32), scale: u32, colour: [u8; 3]) {
    for (place, letter) in (0_u32..).zip(text.chars()) {
        let left = at.0 + place * LETTER * scale;
        let dots =
            BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter)).or_else(|| BASIC_FONTS.get('?'));
        for (row, bits) in (0_u32..).zip(dots.unwrap_or_default()) {
            for column in (0..LETTER).filter(|column| bits >> column & 1 == 1) {
                dot(picture, (left + column * scale, at.1 + row * scale), scale, colour);
            }
        }
    }
}

fn dot(picture: &mut RgbImage, at: (u32, u32), scale: u32, colour: [u8; 3]) {
    for y in at.1..at.1 + scale {
        for x in at.0..at.0 + scale {
            if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                *pixel = Rgb(colour);
            }
        }
    }
}

/// The text in lines of at most `most` letters, parted at blanks where there are some.
#[must_use]
pub fn wrapped(text: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (part, piece) in letters.chunks(most).enumerate() {
            let piece: String = piece.iter().collect();
            match lines.last_mut() {
                Some(line) if part == 0 && line.chars().count() + 1 + piece.chars().count() <= most => {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_drawn_upright_and_cut_at_the_edge() {
        let mut picture = RgbImage::new(40, 16);
        write(&mut picture, "L", (0, 0), 2, [255; 3]);
        let is_lit = |x: u32, y: u32| picture.get_pixel(x, y).0 == [255; 3];
        let column = |xs: std::ops::Range<u32>| {
            xs.flat_map(|x| (0..16).map(move |y| (x, y))).filter(|&(x, y)| is_lit(x, y)).count()
        };
        assert!(column(0..8) > column(8..16), "an L has its stem at the left");
        assert!((8..16).any(|x| is_lit(x, 12)), "and its foot at the bottom");
        write(&mut picture, "cut off at the edge, ü and 山", (30, 10), 3, [1; 3]);
    }

    #[test]
    fn lines_are_parted_at_blanks() {
        for (text, most, lines) in [
            ("one two three", 7, &["one two", "three"][..]),
            ("one two three", 3, &["one", "two", "thr", "ee"]),
            ("", 5, &[]),
            ("a", 0, &["a"]),
        ] {
            assert_eq!(wrapped(text, most), lines, "{text}");
        }
    }
}
