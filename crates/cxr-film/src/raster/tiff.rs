//! The directories of a TIFF or BigTIFF file (TIFF 6.0, section 2), one for each of its pages.

use std::borrow::Cow;

const NEW_SUBFILE_TYPE: u16 = 254;
const SUBFILE_TYPE: u16 = 255;
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const SUB_IFDS: u16 = 330;

/// More pages than a film has.
const MAX_PAGES: usize = 256;
/// The longer side of the largest thumbnails.
const THUMBNAIL: u64 = 512;

/// The first bytes of a file: byte order and version.
pub(crate) const MAGIC: [[u8; 4]; 4] = [*b"II*\0", *b"MM\0*", *b"II+\0", *b"MM\0+"];

/// A file whose directories are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
    /// BigTIFF: numbers and offsets of 64 bits.
    big: bool,
}

/// A value of a directory: its type, how many there are, and where the field lies that holds them or their offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    kind: u16,
    pub(super) count: u64,
    pub(super) field: usize,
}

/// A page: where its directory lies, and what that says of it.
#[derive(Debug, Clone, Copy)]
struct Page {
    directory: u64,
    /// A smaller copy of another page, or a mask.
    aside: bool,
    width: u64,
    height: u64,
}

impl<'a> Tiff<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let magic = MAGIC.iter().position(|magic| bytes.starts_with(magic))?;
        Some(Self { bytes, little: magic % 2 == 0, big: magic > 1 })
    }

    /// The width of an offset, and where that of the first directory lies.
    fn word(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// The offset of the first directory.
    pub(super) fn first(self) -> Option<u64> {
        self.number(self.word(), self.word())
    }

    /// Returns where the values of an entry lie that do not fit into its field.
    pub(super) fn offset(self, entry: Entry) -> Option<u64> {
        self.number(entry.field, self.word())
    }

    /// A number of so many bytes.
    pub(super) fn number(self, at: usize, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        Some(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// The entries of a directory as their offsets, and where the offset of the next directory lies.
    fn entries(self, directory: u64) -> Option<(impl Iterator<Item = usize>, usize)> {
        let directory = usize::try_from(directory).ok()?;
        let (header, size) = if self.big { (8, 20) } else { (2, 12) };
        let count = usize::try_from(self.number(directory, header)?).ok()?;
        let start = directory.checked_add(header)?;
        let end = start.checked_add(count.checked_mul(size)?)?;
        (end <= self.bytes.len()).then(|| ((start..end).step_by(size), end))
    }

    pub(super) fn entry(self, directory: u64, tag: u16) -> Option<Entry> {
        let at = self.entries(directory)?.0.find(|&at| self.number(at, 2) == Some(u64::from(tag)))?;
        let kind = u16::try_from(self.number(at + 2, 2)?).ok()?;
        let count = self.number(at + 4, self.word())?;
        Some(Entry { kind, count, field: at + 4 + self.word() })
    }

    /// The numbers of an entry, the first few of them.
    fn numbers(self, directory: u64, tag: u16) -> Option<Vec<u64>> {
        let entry = self.entry(directory, tag)?;
        let width = match entry.kind {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return None,
        };
        let count = usize::try_from(entry.count).ok()?.min(MAX_PAGES);
        let fits = count * width <= self.word();
        let start = if fits { entry.field } else { usize::try_from(self.offset(entry)?).ok()? };
        (0..count).map(|index| self.number(start.checked_add(index * width)?, width)).collect()
    }

    fn page(self, directory: u64) -> Option<Page> {
        let one = |tag| self.numbers(directory, tag).and_then(|numbers| numbers.first().copied());
        // Bit 0: a smaller copy; bit 2: a transparency mask. The older tag says 2 for a smaller copy.
        let aside = one(NEW_SUBFILE_TYPE).unwrap_or(0) & 0b101 != 0 || one(SUBFILE_TYPE) == Some(2);
        Some(Page { directory, aside, width: one(IMAGE_WIDTH)?, height: one(IMAGE_LENGTH)? })
    }

    /// All pages, each followed by those within it.
    fn pages(self) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut next = self.first();
        // Directories that lead in a circle, or hold no page, are looked at for so long.
        let mut left = MAX_PAGES;
        while left > 0
            && let Some(directory) = next.filter(|&directory| directory > 0)
        {
            pages.extend(self.page(directory));
            let mut within = self.numbers(directory, SUB_IFDS).unwrap_or_default();
            left -= 1;
            within.truncate(left);
            left -= within.len();
            pages.extend(within.into_iter().filter_map(|directory| self.page(directory)));
            let end = self.entries(directory).map(|(_, end)| end);
            next = end.and_then(|end| self.number(end, self.word()));
            if pages.is_empty() {
                break;
            }
        }
        pages
    }

    /// The directory of the page that is the film: the first of full size.
    fn film(self) -> Option<u64> {
        let pages = self.pages();
        let mut full = pages.iter().filter(|page| !page.aside);
        let Some(first) = full.next() else {
            return pages
                .iter()
                .max_by_key(|page| page.width.saturating_mul(page.height))
                .map(|page| page.directory);
        };
        let larger = full.filter(|page| first.is_thumbnail_of(page));
        Some(larger.max_by_key(|page| page.width).unwrap_or(first).directory)
    }
}

impl Page {
    /// Whether this page, which does not say so, is a smaller copy of another: of the same shape and half its size, or
    /// a quarter whatever the shape.
    fn is_thumbnail_of(&self, other: &Page) -> bool {
        let times = |factor: u64| self.width * factor <= other.width && self.height * factor <= other.height;
        let [a, b] = [self.width.saturating_mul(other.height), other.width.saturating_mul(self.height)];
        let alike = a.abs_diff(b) <= a.max(b) / 32;
        self.width.max(self.height) <= THUMBNAIL && (times(2) && alike || times(4))
    }
}

/// The file with the page that is the film as its first.
pub(super) fn with_film_first(bytes: &[u8]) -> Cow<'_, [u8]> {
    let film = Tiff::open(bytes)
        .and_then(|tiff| Some((tiff, tiff.film().filter(|&film| tiff.first() != Some(film))?)));
    let Some((tiff, film)) = film else { return Cow::Borrowed(bytes) };
    let mut changed = bytes.to_vec();
    tiff.put(&mut changed, tiff.word(), tiff.word(), film);
    Cow::Owned(changed)
}

impl Tiff<'_> {
    /// Writes a number of so many bytes into a copy of the file.
    pub(super) fn put(self, copy: &mut [u8], at: usize, width: usize, number: u64) {
        for (index, byte) in copy.iter_mut().skip(at).take(width).enumerate() {
            let place = if self.little { index } else { width - 1 - index };
            *byte = (number >> (8 * place)) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page: its width, height, entry for its kind, and whether it is within the first.
    type TestPage = (u64, u64, Option<(u16, u64)>, bool);

    /// A file of pages.
    fn file(big: bool, little: bool, pages: &[TestPage]) -> Vec<u8> {
        let tiff = Tiff { bytes: &[], little, big };
        let (header, word) = if big { (16, 8) } else { (8, 4) };
        let size = if big { 8 + 4 * 20 + 8 } else { 2 + 4 * 12 + 4 };
        let at = |index: usize| (header + index * size) as u64;
        let mut bytes = vec![0; header + pages.len() * size];
        let magic = MAGIC[usize::from(!little) + if big { 2 } else { 0 }];
        bytes[..4].copy_from_slice(&magic);
        tiff.put(&mut bytes, word, word, at(0));
        let within = pages.iter().position(|page| page.3);
        for (index, &(width, height, kind, _)) in pages.iter().enumerate() {
            let directory = at(index) as usize;
            let mut entries = vec![(IMAGE_WIDTH, width), (IMAGE_LENGTH, height)];
            entries.extend(kind);
            entries.extend(within.filter(|_| index == 0).map(|within| (SUB_IFDS, at(within))));
            let (mut place, count) = if big { (directory + 8, 8) } else { (directory + 2, 2) };
            tiff.put(&mut bytes, directory, count, entries.len() as u64);
            for (tag, value) in entries {
                tiff.put(&mut bytes, place, 2, u64::from(tag));
                tiff.put(&mut bytes, place + 2, 2, 4);
                tiff.put(&mut bytes, place + 4, word, 1);
                tiff.put(&mut bytes, place + 4 + word, 4, value);
                place += if big { 20 } else { 12 };
            }
            let next = pages.get(index + 1).filter(|page| !page.3).map_or(0, |_| at(index + 1));
            tiff.put(&mut bytes, place, word, next);
        }
        bytes
    }

    #[test]
    fn the_film_is_the_first_page_of_full_size() {
        let reduced = Some((NEW_SUBFILE_TYPE, 1));
        let page_of_several = Some((NEW_SUBFILE_TYPE, 2));
        let old = Some((SUBFILE_TYPE, 2));
        let cases = [
            ("one page", vec![(64, 64, None, false)], 0),
            (
                "two pages",
                vec![(2000, 2000, page_of_several, false), (2500, 2500, page_of_several, false)],
                0,
            ),
            ("two small pages", vec![(500, 400, None, false), (512, 512, None, false)], 0),
            ("a pyramid", vec![(512, 512, None, false), (64, 64, reduced, false)], 0),
            ("a thumbnail first", vec![(64, 64, reduced, false), (512, 512, None, false)], 1),
            ("by the older tag", vec![(64, 64, old, false), (512, 512, Some((SUBFILE_TYPE, 1)), false)], 1),
            (
                "a mask first",
                vec![(512, 512, Some((NEW_SUBFILE_TYPE, 4)), false), (512, 512, None, false)],
                1,
            ),
            ("a thumbnail that does not say so", vec![(64, 53, None, false), (512, 427, None, false)], 1),
            ("and square", vec![(128, 128, None, false), (512, 600, None, false)], 1),
            (
                "two thumbnails",
                vec![(64, 64, reduced, false), (128, 128, reduced, false), (900, 900, None, false)],
                2,
            ),
            ("thumbnails alone", vec![(64, 64, reduced, false), (128, 128, reduced, false)], 1),
            ("the film within", vec![(64, 64, reduced, false), (512, 512, None, true)], 1),
        ];
        for (what, pages, film) in cases {
            for (big, little) in [(false, true), (false, false), (true, true), (true, false)] {
                let bytes = file(big, little, &pages);
                let tiff = Tiff::open(&bytes).unwrap();
                let found = tiff.film().and_then(|at| tiff.page(at)).map(|page| (page.width, page.height));
                assert_eq!(found, Some((pages[film].0, pages[film].1)), "{what}, big {big}, little {little}");
                let first = with_film_first(&bytes);
                assert_eq!(Tiff::open(&first).unwrap().first(), tiff.film(), "{what}");
                for length in 0..bytes.len() {
                    with_film_first(&bytes[..length]);
                }
            }
        }
    }

    #[test]
    fn directories_that_lead_in_a_circle_end() {
        let entry = |tag: u16, value: u32| {
            [&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &1_u32.to_le_bytes(), &value.to_le_bytes()]
                .concat()
        };
        // A page, then a directory without entries that says to be its own successor.
        let page = [
            &2_u16.to_le_bytes()[..],
            &entry(IMAGE_WIDTH, 64),
            &entry(IMAGE_LENGTH, 32),
            &38_u32.to_le_bytes(),
        ];
        let bytes =
            [b"II*\0\x08\0\0\0", &page.concat()[..], &0_u16.to_le_bytes(), &38_u32.to_le_bytes()].concat();
        assert_eq!(bytes.len(), 44);
        assert!(matches!(with_film_first(&bytes), Cow::Borrowed(_)), "it ends");
    }
}
