//! From the bytes of a file to its data set, whatever part of the file format is missing.

use std::{borrow::Cow, io::Read};

use dicom_dictionary_std::uids;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::dataset::{self, DataSet, Encoding};
use crate::{MAX_PIXELS, text::clean};

/// Room for what a deflated file may inflate to: 16 bits at [`MAX_PIXELS`], and a header.
const MAX_INFLATED: u64 = MAX_PIXELS * 2 + (1 << 20);
/// Bytes of a data set by which it is known.
const HEAD: u64 = 256;

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
        let (told, data) = dataset::meta(bytes.get(offset..).unwrap_or_default());
        let told = clean(&String::from_utf8_lossy(&told[..told.len().min(64)]));
        let is_deflated =
            told == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN || told.is_empty() && is_deflated(data);
        let data = if is_deflated { Cow::Owned(inflate(data)) } else { Cow::Borrowed(data) };
        let encoding = Encoding::of(&data);
        let syntax = match told.as_str() {
            "" | uids::EXPLICIT_VR_LITTLE_ENDIAN | uids::IMPLICIT_VR_LITTLE_ENDIAN => {
                native(encoding).to_owned()
            }
            _ => told,
        };
        Self { syntax, encoding, data }
    }

    pub(super) fn data_set(&self) -> DataSet<'_> {
        DataSet::read(&self.data, self.encoding)
    }
}

/// The transfer syntax of an uncompressed data set.
fn native(encoding: Encoding) -> &'static str {
    match encoding {
        #[allow(deprecated)] // retired, and still in archives
        Encoding { big_endian: true, .. } => uids::EXPLICIT_VR_BIG_ENDIAN,
        Encoding { explicit: true, .. } => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        Encoding { explicit: false, .. } => uids::IMPLICIT_VR_LITTLE_ENDIAN,
    }
}

/// Inflates a deflated data set as far as it can be: if that was not all, the data set will be found cut short.
fn inflate(data: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    let _cut_short = inflater(data).take(MAX_INFLATED).read_to_end(&mut inflated);
    inflated
}

/// Returns whether these bytes are a deflated data set, by what its start inflates to.
pub(crate) fn is_deflated(data: &[u8]) -> bool {
    let mut head = Vec::new();
    let _cut_short = inflater(data).take(HEAD).read_to_end(&mut head);
    is_bare(&head)
}

/// A data set starts with a group 0002 or 0008 element whose VR, or else whose length, is plausible; in big endian
/// there is always a VR.
pub(crate) fn is_bare(bytes: &[u8]) -> bool {
    let Some(&[g0, g1, e0, e1, v0, v1, l0, l1]) = bytes.first_chunk() else { return false };
    let explicit = VRS.contains(&[v0, v1]);
    let length = u32::from_le_bytes([v0, v1, l0, l1]);
    // The first elements of a data set are short: character set, image type, dates, UIDs.
    let implicit = length <= 256 && bytes.len() > 8 + length as usize;
    let (group, first, plausible) = match (g0, g1) {
        (_, 0) => (g0, u16::from_le_bytes([e0, e1]), explicit || implicit),
        (0, _) => (g1, u16::from_be_bytes([e0, e1]), explicit),
        _ => return false,
    };
    match group {
        2 => plausible && first <= 0x0016,
        8 => plausible && first <= 0x0070,
        _ => false,
    }
}

/// The value representations that open a data set or its meta information.
const VRS: [[u8; 2]; 11] =
    [*b"UL", *b"OB", *b"UI", *b"CS", *b"DA", *b"TM", *b"DT", *b"SH", *b"LO", *b"PN", *b"SQ"];

/// The standard wants the bare stream (PS3.5 A.5); some writers leave it wrapped as zlib (RFC 1950) or gzip (RFC 1952).
fn inflater(data: &[u8]) -> Box<dyn Read + '_> {
    // As a bare stream, a first byte of zlib begins a stored block, whose length stands twice (RFC 1951, 3.2.4).
    let is_stored = matches!(data, [_, l0, l1, n0, n1, ..] if (*l0, *l1) == (!n0, !n1));
    match data {
        [0x1f, 0x8b, 8, ..] => Box::new(MultiGzDecoder::new(data)),
        [first, second, ..]
            if first & 15 == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31) && !is_stored =>
        {
            Box::new(ZlibDecoder::new(data))
        }
        _ => Box::new(DeflateDecoder::new(data)),
    }
}

/// Returns whether a transfer syntax leaves pixel data uncompressed.
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
