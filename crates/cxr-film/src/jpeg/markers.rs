//! The marker segments of a JPEG or JPEG-LS file, one after the other (ITU-T T.81, B.1; T.87, C.1).

use super::error::{Error, Result};

/// Start of image, end of image, start of scan; fill bytes may precede any marker.
pub(crate) const SOI: u8 = 0xd8;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const SOS: u8 = 0xda;
pub(crate) const DHT: u8 = 0xc4;
pub(crate) const DRI: u8 = 0xdd;

/// A marker with all that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// The second byte of the marker.
    pub(crate) marker: u8,
    /// The parameters behind the segment's length.
    pub(crate) body: &'a [u8],
    /// The entropy-coded data behind a start of scan, restart markers among them.
    pub(crate) coded: &'a [u8],
    /// Offset behind all of it.
    pub(crate) end: usize,
}

/// Reads segments up to the end of image, or as far as there are whole ones.
#[derive(Debug, Clone)]
pub(crate) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Segments<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, ended: false }
    }
}

/// Returns whether the byte behind FF makes a marker. FF is followed by 00 within JPEG's coded data, by less than 80 within
/// those of JPEG-LS, and by FF where it fills.
fn is_marker(second: u8) -> bool {
    (0xc0..0xff).contains(&second)
}

/// Returns whether a marker divides coded data and does not end them: RST0 to RST7.
fn is_restart(marker: u8) -> bool {
    matches!(marker, 0xd0..=0xd7)
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        if self.ended {
            return None;
        }
        let skipped = memchr::memchr_iter(0xff, &self.bytes[self.at..])
            .find(|&at| self.bytes.get(self.at + at + 1).is_some_and(|&second| is_marker(second)))?;
        let marker = self.bytes[self.at + skipped + 1];
        let behind = self.at + skipped + 2;
        if matches!(marker, SOI | EOI) || is_restart(marker) {
            self.ended = marker == EOI;
            self.at = behind;
            return Some(Segment { marker, body: &[], coded: &[], end: behind });
        }
        let length = self.bytes.get(behind..behind + 2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let body = self.bytes.get(behind + 2..behind + length)?;
        let start = behind + length;
        let coded = if marker == SOS { coded_data(&self.bytes[start..]) } else { &[] };
        self.at = start + coded.len();
        Some(Segment { marker, body, coded, end: self.at })
    }
}

/// The entropy-coded data in front of the next marker other than a restart.
fn coded_data(bytes: &[u8]) -> &[u8] {
    let ends =
        |&at: &usize| bytes.get(at + 1).is_some_and(|&second| is_marker(second) && !is_restart(second));
    let end = memchr::memchr_iter(0xff, bytes).find(ends).unwrap_or(bytes.len());
    &bytes[..end]
}

/// The restart intervals of a scan: what lies between its restart markers, which count from 0 to 7 and again (B.2.1).
pub(super) struct Intervals<'a> {
    rest: &'a [u8],
    /// How many were read.
    count: usize,
}

impl<'a> Intervals<'a> {
    pub(super) fn new(coded: &'a [u8]) -> Self {
        Self { rest: coded, count: 0 }
    }

    pub(super) fn next(&mut self) -> Result<&'a [u8]> {
        if self.count > 0 {
            // The marker that ended the interval before this one.
            let (marker, rest) = self.rest.split_first_chunk::<2>().ok_or(Error::Truncated("its data"))?;
            if usize::from(marker[1]) & 7 != (self.count - 1) & 7 {
                return Err(Error::Truncated("its data, of which a restart interval is missing"));
            }
            self.rest = rest;
        }
        self.count += 1;
        let mut markers = memchr::memchr_iter(0xff, self.rest);
        let is_end = |&at: &usize| self.rest.get(at + 1).is_some_and(|&second| is_restart(second));
        let (interval, rest) = self.rest.split_at(markers.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        Ok(interval)
    }

    /// The bytes behind the interval that was read last.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// Reads how many units lie between restarts from a DRI segment; 0 for no restarts (B.2.4.4).
pub(super) fn restart_interval(body: &[u8]) -> Result<usize> {
    let &two = body.first_chunk().ok_or(Error::Truncated("its restart interval"))?;
    Ok(usize::from(u16::from_be_bytes(two)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_read_past_fill_stuffing_restarts_and_what_looks_like_markers_within_them() {
        let bytes: &[u8] = &[
            0xff, 0xd8, // SOI
            0xff, 0xe1, 0, 6, 0xff, 0xda, 0xff, 0xd9, // a thumbnail in APP1
            0xff, 0xff, 0xff, 0xc0, 0, 3, 7, // SOF0 behind fill bytes
            0, // a stray byte
            0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd0, 3, 0xff, 0x7f, 4, // SOS, coded data
            0xff, 0xff, 0xd9, // EOI behind a fill byte
            0xff, 0xda, 0, 2, 9, // beyond the end
        ];
        let read: Vec<_> = Segments::new(bytes).map(|s| (s.marker, s.body.len(), s.coded.len())).collect();
        assert_eq!(read, [(SOI, 0, 0), (0xe1, 4, 0), (0xc0, 1, 0), (SOS, 0, 11), (EOI, 0, 0)]);
        assert_eq!(Segments::new(bytes).last().map(|s| s.end), Some(bytes.len() - 5));
        for length in 0..bytes.len() {
            assert!(Segments::new(&bytes[..length]).all(|segment| segment.end <= length), "cut to {length}");
        }
    }
}
