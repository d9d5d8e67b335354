//! From pixel data to stored values. The codecs come from dicom-transfer-syntax-registry; what their
//! output means is decided here.

use std::borrow::Cow;

use dicom_dictionary_std::uids;
use dicom_encoding::{Codec, TransferSyntaxIndex, adapters::PixelDataObject};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{
    Object, Refusal,
    codestream::{FrameSize, frame_size, is_whole},
    image_pixel::{ImagePixel, Photometric},
    open::{innermost, syntax_name},
};
use crate::film::luma::rec601;

/// Samples as they come out of a decoder.
struct Samples<'a> {
    bytes: Cow<'a, [u8]>,
    /// 1 or 2, little endian.
    width: usize,
    /// Bits below the stored ones.
    shift: u32,
    planar: bool,
    photometric: Photometric,
}

/// The stored values of the first frame, colour as luma, row by row: 0 to 2^BitsStored - 1, counted
/// from [`ImagePixel::least`] up. Bits outside Bits Stored (overlays of old, garbage) are masked off.
pub(super) fn stored(object: &Object, layout: &ImagePixel) -> Result<Vec<u16>, Refusal> {
    let samples = decode(object, layout)?;
    let needed = match samples.photometric {
        Photometric::Ybr422 => layout.pixels() * 2,
        _ => layout.pixels() * layout.samples,
    };
    let have = samples.bytes.len() / samples.width;
    if have < needed {
        return Err(format!(
            "The picture has {have} of its {needed} samples: its transfer was cut short; send the film again."
        ));
    }
    Ok(grey(&samples, layout, needed))
}

fn decode<'a>(object: &'a Object, layout: &ImagePixel) -> Result<Samples<'a>, Refusal> {
    let uid = object.meta().transfer_syntax().trim_end_matches(['\0', ' ']);
    let unsupported = || {
        let name = syntax_name(uid);
        format!(
            "The compression {name} is not read yet: set the sender to JPEG Lossless or uncompressed and send again."
        )
    };
    let codec = TransferSyntaxRegistry.get(uid).ok_or_else(unsupported)?.codec();
    let native = Samples {
        bytes: Cow::Borrowed(&[]),
        width: layout.bits_allocated as usize / 8,
        shift: layout.shift,
        planar: layout.planar,
        photometric: layout.photometric,
    };
    match codec {
        Codec::EncapsulatedPixelData(Some(decoder), _) => {
            let frame = object.frame_pixel_data(0).unwrap_or_default();
            let size = frame_size(&frame);
            if let Some(size) = size {
                agree(size, layout)?;
                if !is_whole(&frame) {
                    return Err(
                        "The compressed picture breaks off before its end: its transfer was cut short; \
                                send the film again."
                            .to_owned(),
                    );
                }
            }
            let mut bytes = Vec::new();
            decoder.decode_frame(object, 0, &mut bytes).map_err(|error| {
                let (name, cause) = (syntax_name(uid), innermost(&error));
                format!(
                    "The {name} picture cannot be decoded ({cause}), so it is damaged: send the film again."
                )
            })?;
            Ok(decoded(bytes, size, uid, layout, &native))
        }
        Codec::EncapsulatedPixelData(None, _) => Err(unsupported()),
        Codec::None | Codec::Dataset(_) => {
            let bytes = object.fragment(0).filter(|_| object.number_of_fragments().is_none());
            bytes.map(|bytes| Samples { bytes, ..native }).ok_or_else(|| {
                "The header says uncompressed but the pixel data are not: check the sender.".to_owned()
            })
        }
    }
}

/// Refuses a frame whose own header contradicts the data set.
fn agree(frame: FrameSize, layout: &ImagePixel) -> Result<(), Refusal> {
    let FrameSize { columns, rows, precision, components } = frame;
    let told = (layout.columns, layout.rows, layout.samples);
    if (columns as usize, rows as usize, components as usize) != told || precision > layout.bits_allocated {
        return Err(format!(
            "The header says {} x {} pixels of {} bits, the picture within {columns} x {rows} of {precision}: check \
             the sender.",
            layout.columns, layout.rows, layout.bits_allocated
        ));
    }
    Ok(())
}

/// What a decoder leaves: samples by pixel, and for the JPEG families colour as RGB.
fn decoded<'a>(
    bytes: Vec<u8>,
    size: Option<FrameSize>,
    uid: &str,
    layout: &ImagePixel,
    native: &Samples<'_>,
) -> Samples<'a> {
    let precision = size.map_or(layout.bits_allocated, |size| size.precision);
    let jpeg = size.is_some() && !is_jpeg2000(uid);
    Samples {
        bytes: Cow::Owned(bytes),
        // The JPEG decoder gives bytes for up to 8 bits, whatever Bits Allocated says.
        width: if jpeg && precision <= 8 { 1 } else { native.width },
        // A codestream of no more than Bits Stored has no room for idle bits below.
        shift: if precision <= layout.bits_stored { 0 } else { native.shift },
        planar: false,
        photometric: match layout.photometric {
            Photometric::Ybr | Photometric::Ybr422 if size.is_some() => Photometric::Rgb,
            other => other,
        },
    }
}

fn is_jpeg2000(uid: &str) -> bool {
    [uids::JPEG2000_LOSSLESS, uids::JPEG2000, uids::HTJ2K_LOSSLESS, uids::HTJ2K_LOSSLESS_RPCL, uids::HTJ2K]
        .contains(&uid)
}

fn grey(samples: &Samples<'_>, layout: &ImagePixel, needed: usize) -> Vec<u16> {
    let max = layout.max();
    // Two's complement within Bits Stored becomes an offset by turning its sign bit over.
    let sign = if layout.signed { 1 << (layout.bits_stored - 1) } else { 0 };
    let value = |raw: u16| ((raw >> samples.shift) & max) ^ sign;
    let all: Vec<u16> = match samples.width {
        1 => samples.bytes[..needed].iter().map(|&byte| value(u16::from(byte))).collect(),
        _ => {
            let words = samples.bytes[..needed * 2].chunks_exact(2);
            words.map(|pair| value(u16::from_le_bytes([pair[0], pair[1]]))).collect()
        }
    };
    let pixels = layout.pixels();
    match samples.photometric {
        Photometric::Monochrome1 | Photometric::Monochrome2 => all,
        Photometric::Rgb if samples.planar => {
            (0..pixels).map(|i| rec601(all[i], all[i + pixels], all[i + 2 * pixels])).collect()
        }
        Photometric::Rgb => all.chunks_exact(3).map(|rgb| rec601(rgb[0], rgb[1], rgb[2])).collect(),
        // Y is the Rec. 601 luma already (C.7.6.3.1.2).
        Photometric::Ybr if samples.planar => all[..pixels].to_vec(),
        Photometric::Ybr => all.chunks_exact(3).map(|ybr| ybr[0]).collect(),
        // Y Y Cb Cr for every two pixels.
        Photometric::Ybr422 => all.chunks_exact(4).flat_map(|pair| [pair[0], pair[1]]).collect(),
    }
}
