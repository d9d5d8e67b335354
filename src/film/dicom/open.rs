//! From the bytes of a file to its data set, whatever part of the file format is missing.

use std::{borrow::Cow, io::Read};

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::dataset::{DataSet, Encoding};
use crate::{film::MAX_PIXELS, text::clean};

/// Room for what a deflated file may inflate to: 16 bits at [`MAX_PIXELS`], and a header.
const MAX_INFLATED: u64 = MAX_PIXELS * 2 + (1 << 20);

/// A file with its file meta information read.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    /// Transfer Syntax UID, which names the codec of the pixel data.
    pub(super) syntax: String,
    encoding: Encoding,
    data: Cow<'a, [u8]>,
}

impl<'a> Opened<'a> {
    /// Opens a file whose first element, of the file meta information or else of the data set, is at
    /// `offset`.
    pub(super) fn new(bytes: &'a [u8], offset: usize) -> Self {
        let elements = bytes.get(offset..).unwrap_or_default();
        let (told, data) = meta(elements);
        let looks = guess(data);
        let (syntax, encoding) = match told.as_str() {
            // Writers mistake these two for each other; the first element shows which it is.
            "" | uids::EXPLICIT_VR_LITTLE_ENDIAN | uids::IMPLICIT_VR_LITTLE_ENDIAN => {
                let uid = if looks.explicit {
                    uids::EXPLICIT_VR_LITTLE_ENDIAN
                } else {
                    uids::IMPLICIT_VR_LITTLE_ENDIAN
                };
                (uid.to_owned(), looks)
            }
            #[allow(deprecated)] // retired, and still in archives
            uids::EXPLICIT_VR_BIG_ENDIAN => (told, Encoding::BIG_ENDIAN),
            _ => (told, Encoding::EXPLICIT),
        };
        let data = if syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
            Cow::Owned(inflate(data))
        } else {
            Cow::Borrowed(data)
        };
        Self { syntax, encoding, data }
    }

    pub(super) fn data_set(&self) -> DataSet<'_> {
        DataSet::read(&self.data, self.encoding)
    }
}

/// The transfer syntax by the file meta information, which is explicit little endian whatever the
/// data set is (PS3.10 7.1), and the data set behind it.
fn meta(bytes: &[u8]) -> (String, &[u8]) {
    let mut rest = bytes;
    let mut syntax = String::new();
    while let [2, 0, e0, e1, v0, v1, tail @ ..] = rest {
        let explicit = v0.is_ascii_uppercase() && v1.is_ascii_uppercase();
        let long = matches!(&[*v0, *v1], b"OB" | b"OW" | b"UN" | b"SQ" | b"UT" | b"UC" | b"UR");
        let (length, tail) = match (explicit, long, tail) {
            (true, false, [l0, l1, tail @ ..]) => (u32::from(u16::from_le_bytes([*l0, *l1])), tail),
            (true, true, [_, _, l0, l1, l2, l3, tail @ ..]) => {
                (u32::from_le_bytes([*l0, *l1, *l2, *l3]), tail)
            }
            (false, _, [l2, l3, tail @ ..]) => (u32::from_le_bytes([*v0, *v1, *l2, *l3]), tail),
            _ => return (syntax, &[]),
        };
        let Some((value, tail)) = tail.split_at_checked(length as usize) else { return (syntax, &[]) };
        if Tag(2, u16::from_le_bytes([*e0, *e1])) == tags::TRANSFER_SYNTAX_UID {
            let text = String::from_utf8_lossy(&value[..value.len().min(64)]);
            clean(&text).clone_into(&mut syntax);
        }
        rest = tail;
    }
    (syntax, rest)
}

/// Whether a little-endian data set names the VR of its first element.
fn guess(data: &[u8]) -> Encoding {
    match data.get(4..6).and_then(|name| <[u8; 2]>::try_from(name).ok()).map(VR::from_binary) {
        Some(Some(_)) => Encoding::EXPLICIT,
        _ => Encoding::IMPLICIT,
    }
}

/// Inflates a deflated data set as far as it can be: if that was not all, the data set will be found cut short.
/// The standard wants the bare stream (PS3.5 A.5); some writers leave it wrapped as zlib (RFC 1950) or gzip (RFC 1952).
fn inflate(data: &[u8]) -> Vec<u8> {
    let all = |reader: &mut dyn Read| {
        let mut inflated = Vec::new();
        let _cut_short = reader.take(MAX_INFLATED).read_to_end(&mut inflated);
        inflated
    };
    // As a bare stream, a first byte of zlib begins a stored block, whose length stands twice (RFC 1951, 3.2.4).
    let is_stored = matches!(data, [_, l0, l1, n0, n1, ..] if (*l0, *l1) == (!n0, !n1));
    match data {
        [0x1f, 0x8b, 8, ..] => all(&mut MultiGzDecoder::new(data)),
        [first, second, ..]
            if first & 15 == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31) && !is_stored =>
        {
            all(&mut ZlibDecoder::new(data))
        }
        _ => all(&mut DeflateDecoder::new(data)),
    }
}

/// Whether a transfer syntax leaves pixel data uncompressed.
pub(super) fn is_native(syntax: &str) -> bool {
    #[allow(deprecated)] // retired, and still in archives
    let native = [
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        uids::EXPLICIT_VR_BIG_ENDIAN,
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ];
    native.contains(&syntax)
}

/// Names of compressions (PS3.6 table A-1), short as people use them.
const NAMES: [(&str, &str); 21] = [
    (uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "Deflated"),
    (uids::JPEG_BASELINE8_BIT, "JPEG Baseline"),
    (uids::JPEG_EXTENDED12_BIT, "JPEG Extended"),
    (uids::JPEG_LOSSLESS, "JPEG Lossless"),
    (uids::JPEG_LOSSLESS_SV1, "JPEG Lossless"),
    (uids::JPEGLS_LOSSLESS, "JPEG-LS"),
    (uids::JPEGLS_NEAR_LOSSLESS, "JPEG-LS near-lossless"),
    (uids::JPEG2000_LOSSLESS, "JPEG 2000 lossless"),
    (uids::JPEG2000, "JPEG 2000"),
    (uids::JPEG2000MC_LOSSLESS, "JPEG 2000 Part 2 lossless"),
    (uids::JPEG2000MC, "JPEG 2000 Part 2"),
    (uids::HTJ2K_LOSSLESS, "HTJ2K lossless"),
    (uids::HTJ2K_LOSSLESS_RPCL, "HTJ2K lossless, RPCL"),
    (uids::HTJ2K, "HTJ2K"),
    (uids::JPEGXL_LOSSLESS, "JPEG XL lossless"),
    (uids::JPEGXL, "JPEG XL"),
    (uids::RLE_LOSSLESS, "RLE"),
    (uids::MPEG2MPML, "MPEG2"),
    (uids::MPEG2MPHL, "MPEG2"),
    (uids::MPEG4HP41, "MPEG-4"),
    (uids::HEVCMP51, "HEVC"),
];

/// The name of a transfer syntax with its UID, as a person may need it for a search.
pub(super) fn syntax_name(uid: &str) -> String {
    match NAMES.iter().find(|(known, _)| *known == uid) {
        Some((_, name)) => format!("{name} ({uid})"),
        None => format!("transfer syntax \"{uid}\""),
    }
}
