//! A patient's date of birth, in the spellings that people use.

use super::fold::Glyph;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    year: u32,
    month: u32,
    day: u32,
}

impl Date {
    /// Reads a date as DICOM writes it, YYYYMMDD, with separators or without; none: it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let number = |from: usize, to: usize| digits.get(from..to)?.parse().ok();
        let date = Self { year: number(0, 4)?, month: number(4, 6)?, day: number(6, 8)? };
        (digits.len() == 8 && date.year > 0 && date.month > 0 && date.day > 0).then_some(date)
    }

    /// Its eight digits, in the orders in which people write them.
    pub(super) fn in_eight_digits(self) -> [String; 3] {
        let Self { year, month, day } = self;
        [
            format!("{year:04}{month:02}{day:02}"),
            format!("{day:02}{month:02}{year:04}"),
            format!("{month:02}{day:02}{year:04}"),
        ]
    }

    /// Hides it where it stands in parts (3.2.1961, 2/3/61, 3rd of February 1961, 1961年2月3日), or in six digits.
    pub(super) fn hide(self, glyphs: &[Glyph], hidden: &mut [bool]) {
        let mut parts: Vec<(usize, &[Glyph])> = Vec::new();
        let mut start = 0;
        for part in glyphs.chunk_by(|_, next| !next.begins_part) {
            if !is_filling(part) {
                parts.push((start, part));
            }
            if self.is_in_six_digits(part) {
                hidden[start..start + part.len()].fill(true);
            }
            start += part.len();
        }
        for window in parts.windows(3) {
            let [first, second, third] = window else { continue };
            let ((a, b), c) = ((first.1, second.1), third.1);
            let is_it = self.is_day(a) && self.is_month(b) && self.is_year(c)
                || self.is_month(a) && self.is_day(b) && self.is_year(c)
                || self.is_year(a) && self.is_month(b) && self.is_day(c);
            if is_it {
                hidden[first.0..third.0 + c.len()].fill(true);
            }
        }
    }

    fn is_day(self, part: &[Glyph]) -> bool {
        part.len() <= 2 && number(part) == Some(self.day)
    }

    fn is_month(self, part: &[Glyph]) -> bool {
        let names = usize::try_from(self.month).ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
        let is_name = |name: &&str| {
            part.len() >= name.chars().count()
                && name.chars().zip(part).all(|(letter, it)| it.letter == letter)
        };
        part.len() <= 2 && number(part) == Some(self.month)
            || names.is_some_and(|names| names.iter().any(is_name))
    }

    fn is_year(self, part: &[Glyph]) -> bool {
        let wanted = if part.len() == 2 { self.year % 100 } else { self.year };
        matches!(part.len(), 2 | 4) && number(part) == Some(wanted)
    }

    fn is_in_six_digits(self, part: &[Glyph]) -> bool {
        let Self { year, month, day } = self;
        let year = year % 100;
        let orders = [[year, month, day], [day, month, year], [month, day, year]];
        let in_digits = |[a, b, c]: [u32; 3]| a * 10_000 + b * 100 + c;
        part.len() == 6
            && number(part).is_some_and(|it| orders.into_iter().any(|order| in_digits(order) == it))
    }
}

fn number(part: &[Glyph]) -> Option<u32> {
    let digits: String = part.iter().map(|glyph| glyph.letter).collect();
    // A sign is no glyph, and no part is that long.
    digits.parse().ok()
}

/// Words within a date that say nothing: 3rd of, 3 de, 年月日.
fn is_filling(part: &[Glyph]) -> bool {
    let word: String = part.iter().map(|glyph| glyph.letter).collect();
    ["st", "nd", "rd", "th", "er", "of", "de", "del", "年", "月", "日", "년", "월", "일"]
        .contains(&word.as_str())
}

/// How months' names begin, folded: English, German, Dutch, French, Spanish, Portuguese, Italian.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen"],
    &["feb", "fev"],
    &["mar", "maa", "mrt"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mei", "mag"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aou", "ago"],
    &["sep", "set"],
    &["oct", "okt", "out", "ott"],
    &["nov"],
    &["dec", "dez", "dic"],
];
