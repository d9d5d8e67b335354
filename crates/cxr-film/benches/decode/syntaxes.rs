//! One film as DICOM in the transfer syntaxes that departments send, as far as there is an encoder that needs no
//! `unsafe`: JPEG 2000 is missing.

use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value, value::PixelFragmentSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::{SIDE, coded, eight_bit};

/// Explicit VR Big Endian: retired, and still sent.
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// A film in one transfer syntax.
pub(crate) struct Coded {
    pub(crate) syntax: &'static str,
    pub(crate) file: Vec<u8>,
    /// Bytes of a stored pixel.
    pub(crate) pixel: u64,
    /// Whether decoding gives the very pixels.
    pub(crate) is_lossless: bool,
}

/// A film of these pixels, of 12 bits, in each transfer syntax.
pub(crate) fn all(pixels: &[u16]) -> Vec<Coded> {
    let film = uncompressed(pixels);
    let native = [
        ("implicit VR", uids::IMPLICIT_VR_LITTLE_ENDIAN),
        ("explicit VR", uids::EXPLICIT_VR_LITTLE_ENDIAN),
        ("big endian", BIG_ENDIAN),
        ("deflated", uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ];
    let coded = [
        ("RLE", uids::RLE_LOSSLESS, coded::rle(pixels, SIDE)),
        ("JPEG Lossless", uids::JPEG_LOSSLESS_SV1, coded::jpeg_lossless(pixels, SIDE)),
        ("JPEG-LS", uids::JPEGLS_LOSSLESS, coded::jpeg_ls(pixels, SIDE)),
    ];
    let lossless = |syntax, file| Coded { syntax, file, pixel: 2, is_lossless: true };
    let mut all: Vec<Coded> = native.map(|(name, syntax)| lossless(name, file(film.clone(), syntax))).into();
    all.extend(coded.map(|(name, syntax, frame)| lossless(name, encapsulated(film.clone(), syntax, frame))));
    let baseline = {
        let frame = coded::jpeg(&eight_bit(pixels));
        let mut object = film;
        for (tag, value) in [(tags::BITS_ALLOCATED, 8), (tags::BITS_STORED, 8), (tags::HIGH_BIT, 7)] {
            object.put(DataElement::new(tag, VR::US, dicom_value!(U16, value)));
        }
        object.put_str(tags::WINDOW_CENTER, VR::DS, "128");
        object.put_str(tags::WINDOW_WIDTH, VR::DS, "256");
        encapsulated(object, uids::JPEG_BASELINE8_BIT, frame)
    };
    all.push(Coded { syntax: "JPEG Baseline", file: baseline, pixel: 1, is_lossless: false });
    all
}

/// The data set with its pixels as they are.
fn uncompressed(pixels: &[u16]) -> InMemDicomObject {
    let side = u16::try_from(SIDE).unwrap();
    let mut object = InMemDicomObject::new_empty();
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, side),
        (tags::COLUMNS, side),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, dicom_value!(U16, value)));
    }
    for (tag, vr, value) in [
        (tags::SOP_CLASS_UID, VR::UI, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
        (tags::MODALITY, VR::CS, "CR"),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::WINDOW_CENTER, VR::DS, "2048"),
        (tags::WINDOW_WIDTH, VR::DS, "4096"),
    ] {
        object.put_str(tag, vr, value);
    }
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())));
    object
}

fn encapsulated(mut object: InMemDicomObject, syntax: &str, mut frame: Vec<u8>) -> Vec<u8> {
    // Fragments are of even length (PS3.5 A.4).
    if frame.len() % 2 == 1 {
        frame.push(0);
    }
    let fragments = PixelFragmentSequence::new(vec![], vec![frame]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
    file(object, syntax)
}

fn file(object: InMemDicomObject, syntax: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}
