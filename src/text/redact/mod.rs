//! Takes a patient's name and numbers out of free text, in whatever spelling they stand there.
//!
//! Too much is hidden rather than too little: a word of a description that happens to be part of the name goes too.

mod date;
mod fold;

use std::collections::BTreeSet;

use date::Date;
use fold::{Glyph, glyphs, without_umlaut_e};

use crate::study::StudyRow;
use cxr_film::Header;

/// Stands for what was taken out. It has no letter and no digit, so that it cannot be part of a name itself.
const HIDDEN: &str = "***";

/// Names are found anywhere within a word from so many letters on, and parts of numbers from so many digits.
const ANYWHERE: usize = 4;
/// A word that a name begins or ends with counts from this share of the name on.
const SHARE: usize = 2;
/// A number with dots is a UID from so many parts on.
const UID_PARTS: usize = 5;
/// Names and numbers of one study that are looked for: a study has one patient, or a few by mistake.
const MOST_SPELLINGS: usize = 64;

/// The words and numbers that say who a patient is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Parts of names, folded, two letters at least.
    words: BTreeSet<Vec<char>>,
    /// Those parts without the e of an umlaut.
    plain: BTreeSet<Vec<char>>,
    /// Names in scripts without spaces, each part in one piece.
    dense: BTreeSet<Vec<char>>,
    /// Numbers without their separators, and the parts between these.
    numbers: BTreeSet<Vec<char>>,
    /// Days, in whatever order and words they are written.
    dates: BTreeSet<Date>,
}

impl Secrets {
    /// Takes the patient's names, numbers and date of birth from a film's header.
    #[must_use]
    pub fn of_header(header: &Header) -> Self {
        let mut secrets = Self::default();
        secrets.add_name(&header.patient_name);
        numbers_of(header).into_iter().for_each(|number| secrets.add_number(number));
        secrets.add_date(&header.patient_birth_date);
        secrets
    }

    /// Takes the patient's names, numbers and dates of birth from a study's row and from the headers of its films, for each
    /// film may spell them otherwise.
    #[must_use]
    pub fn of_films<'a>(row: &'a StudyRow, films: impl Iterator<Item = &'a Header> + Clone) -> Self {
        let mut secrets = Self::default();
        let (mut known, births) = (BTreeSet::new(), films.clone());
        let names = [&row.patient_name].into_iter().chain(films.clone().map(|header| &header.patient_name));
        let names = names.filter(|name| known.insert(*name));
        names.take(MOST_SPELLINGS).for_each(|name| secrets.add_name(name));
        let numbers = [&row.patient_id, &row.accession_number].into_iter().chain(films.flat_map(numbers_of));
        let numbers = numbers.filter(|number| known.insert(*number));
        numbers.take(MOST_SPELLINGS).for_each(|number| secrets.add_number(number));
        let dates: BTreeSet<&String> = births.map(|header| &header.patient_birth_date).collect();
        dates.into_iter().take(MOST_SPELLINGS).for_each(|date| secrets.add_date(date));
        secrets
    }

    /// Takes the patient's names and numbers from a study's row.
    #[must_use]
    pub fn of_study(row: &StudyRow) -> Self {
        let mut secrets = Self::default();
        secrets.add_name(&row.patient_name);
        for number in [&row.patient_id, &row.accession_number] {
            secrets.add_number(number);
        }
        secrets
    }

    /// A name, as DICOM or anybody writes it.
    pub fn add_name(&mut self, name: &str) {
        let glyphs = glyphs(name);
        for word in glyphs.chunk_by(|_, next| !next.after_gap) {
            self.add_word(word);
            for part in word.chunk_by(|_, next| !next.begins_part) {
                self.add_word(part);
            }
        }
        // O'Brien as OBRIEN.
        name.split(['^', '=', ' ', ',']).for_each(|part| self.add_word(&fold::glyphs(part)));
        // Family and given name in one piece.
        let joined: Vec<char> =
            glyphs.iter().filter(|glyph| glyph.is_dense).map(|glyph| glyph.letter).collect();
        self.dense.extend(Some(joined).filter(|joined| joined.len() > 1));
    }

    fn add_word(&mut self, glyphs: &[Glyph]) {
        let word: Vec<char> = glyphs.iter().map(|glyph| glyph.letter).collect();
        if glyphs.iter().any(|glyph| glyph.is_dense) {
            self.dense.insert(word);
            return;
        }
        if word.len() > 1 {
            let plain: Vec<char> = without_umlaut_e(glyphs).iter().map(|glyph| glyph.letter).collect();
            self.plain.extend(Some(plain).filter(|plain| plain.len() > 2));
            self.words.insert(word);
        }
    }

    /// A number: of the patient, of the request. It may have letters.
    pub fn add_number(&mut self, number: &str) {
        let glyphs = glyphs(number);
        let mut add = |glyphs: &[Glyph]| {
            let all: Vec<char> = glyphs.iter().map(|glyph| glyph.letter).collect();
            let zeros = all.iter().take_while(|digit| **digit == '0').count();
            for number in [&all[zeros..], &all[..]] {
                if number.len() > 1 {
                    self.numbers.insert(number.to_owned());
                }
            }
        };
        add(&glyphs);
        for word in glyphs.chunk_by(|_, next| !next.after_gap) {
            add(word);
            word.chunk_by(|_, next| !next.begins_part).for_each(&mut add);
        }
    }

    /// A date of the patient's life, as DICOM writes it (YYYYMMDD): hidden in every usual spelling. What is no date is hidden
    /// as a number.
    pub fn add_date(&mut self, date: &str) {
        let Some(date) = Date::read(date) else { return self.add_number(date) };
        self.dates.insert(date);
        date.in_eight_digits().iter().for_each(|digits| self.add_number(digits));
    }

    /// Returns whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.dense.is_empty() && self.numbers.is_empty() && self.dates.is_empty()
    }

    /// The text without them.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let glyphs = glyphs(text);
        let mut hidden = vec![false; glyphs.len()];
        self.words.iter().for_each(|word| hide_word(&glyphs, word, &mut hidden));
        self.hide_umlauts(&glyphs, &mut hidden);
        self.hide_compounds(&glyphs, &mut hidden);
        self.dense.iter().for_each(|name| hide_dense(&glyphs, name, &mut hidden));
        self.numbers.iter().for_each(|number| hide_number(&glyphs, number, &mut hidden));
        self.dates.iter().for_each(|date| date.hide(&glyphs, &mut hidden));
        hide_uids(text, &glyphs, &mut hidden);
        let mut told = String::with_capacity(text.len());
        let mut kept_from = 0;
        for (at, glyph) in glyphs.iter().enumerate().filter(|(at, _)| hidden[*at]) {
            let begins = at == 0 || !hidden[at - 1] || glyph.after_gap;
            if begins {
                told.push_str(text.get(kept_from..glyph.start).unwrap_or_default());
                told.push_str(HIDDEN);
            }
            kept_from = glyph.end;
        }
        told + text.get(kept_from..).unwrap_or_default()
    }

    fn hide_umlauts(&self, glyphs: &[Glyph], hidden: &mut [bool]) {
        let merged = without_umlaut_e(glyphs);
        let mut hidden_merged = vec![false; merged.len()];
        self.plain.iter().for_each(|word| hide_word(&merged, word, &mut hidden_merged));
        let mut of_merged = merged.iter().zip(hidden_merged).peekable();
        for (glyph, hide) in glyphs.iter().zip(hidden) {
            while of_merged
                .next_if(|(whole, _)| whole.end <= glyph.start && whole.start < glyph.start)
                .is_some()
            {}
            *hide |= of_merged.peek().is_some_and(|(whole, hide)| whole.start <= glyph.start && *hide);
        }
    }

    /// Words that are nothing but parts of the name, one after the other: LIWEI.
    fn hide_compounds(&self, glyphs: &[Glyph], hidden: &mut [bool]) {
        let goes_on = |last: &Glyph, next: &Glyph| !next.after_gap && last.is_of_kind(next);
        let mut start = 0;
        for word in glyphs.chunk_by(goes_on) {
            let letters: Vec<char> = word.iter().map(|glyph| glyph.letter).collect();
            // Whether the first n letters are parts of the name.
            let mut is_name = vec![true];
            for end in 1..=letters.len() {
                let ends = |part: &Vec<char>| {
                    letters[..end].ends_with(part) && is_name.get(end - part.len()) == Some(&true)
                };
                is_name.push(self.words.iter().any(ends));
            }
            if is_name.last() == Some(&true) {
                hidden[start..start + word.len()].fill(true);
            }
            start += word.len();
        }
    }
}

/// The numbers and dates of a header that say whose film it is.
fn numbers_of(header: &Header) -> [&String; 4] {
    [&header.patient_id, &header.accession_number, &header.patient_birth_date, &header.study_date]
}

/// Returns where one of these begins; they may be cut by separators in the text.
fn places<'a>(glyphs: &'a [Glyph], wanted: &'a [char]) -> impl Iterator<Item = usize> + 'a {
    let is_there = |window: &[Glyph]| window.iter().map(|glyph| glyph.letter).eq(wanted.iter().copied());
    glyphs
        .windows(wanted.len().max(1))
        .enumerate()
        .filter(move |(_, window)| is_there(window))
        .map(|(at, _)| at)
}

fn hide_word(glyphs: &[Glyph], word: &[char], hidden: &mut [bool]) {
    for at in places(glyphs, word) {
        let end = at + word.len();
        let begins = glyphs[at].begins_part;
        let ends = glyphs.get(end).is_none_or(|next| next.begins_part);
        let is_whole = !glyphs[at + 1..end].iter().any(|glyph| glyph.after_gap);
        let is_name = match word.len() {
            ANYWHERE.. if is_whole => true,
            3 if is_whole => begins || ends,
            _ => begins && ends,
        };
        if is_name {
            hidden[at..end].fill(true);
        }
    }
    hide_halves(glyphs, word, hidden);
}

/// Words that are the beginning or the end of a longer name: DONG of XIAODONG.
fn hide_halves(glyphs: &[Glyph], name: &[char], hidden: &mut [bool]) {
    let mut start = 0;
    for part in glyphs.chunk_by(|_, next| !next.begins_part) {
        let letters: Vec<char> = part.iter().map(|glyph| glyph.letter).collect();
        let is_long = letters.len() >= ANYWHERE && letters.len() * SHARE >= name.len();
        if is_long && (name.starts_with(&letters) || name.ends_with(&letters)) {
            hidden[start..start + part.len()].fill(true);
        }
        start += part.len();
    }
}

/// Two neighbours of such a name are a part of it; and so is one, where it is a name by itself.
fn hide_dense(glyphs: &[Glyph], name: &[char], hidden: &mut [bool]) {
    for part in name.windows(name.len().min(2)) {
        for at in places(glyphs, part) {
            hidden[at..at + part.len()].fill(true);
        }
    }
}

fn hide_number(glyphs: &[Glyph], number: &[char], hidden: &mut [bool]) {
    for at in places(glyphs, number) {
        let end = at + number.len();
        let stands_alone = glyphs[at].begins_part && glyphs.get(end).is_none_or(|next| next.begins_part);
        if number.len() >= ANYWHERE || stands_alone {
            hidden[at..end].fill(true);
        }
    }
    // The last four digits of it, say.
    let mut start = 0;
    for part in glyphs.chunk_by(|_, next| !next.begins_part) {
        let letters: Vec<char> = part.iter().map(|glyph| glyph.letter).collect();
        let is_number = letters.len() >= ANYWHERE && letters.iter().all(char::is_ascii_digit);
        if is_number && number.windows(letters.len()).any(|some| some == letters) {
            hidden[start..start + part.len()].fill(true);
        }
        start += part.len();
    }
}

/// UIDs, whosever they are: studies, series and films have one each.
fn hide_uids(text: &str, glyphs: &[Glyph], hidden: &mut [bool]) {
    let is_of_uid = |c: char| c.is_ascii_digit() || c == '.';
    let mut end = 0;
    for piece in text.split_inclusive(|c| !is_of_uid(c)) {
        let start = end;
        end += piece.len();
        if piece.split('.').filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).count() >= UID_PARTS
        {
            let of_uid =
                |glyph: &Glyph| glyph.start >= start && glyph.end <= end && glyph.letter.is_ascii_digit();
            glyphs
                .iter()
                .zip(&mut *hidden)
                .filter(|(glyph, _)| of_uid(glyph))
                .for_each(|(_, hide)| *hide = true);
        }
    }
}

#[cfg(test)]
mod tests;
