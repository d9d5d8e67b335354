//! From pixel data to stored values: what native or decoded samples mean is decided here.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::{
    Refusal,
    attributes::little_endian,
    codecs,
    dataset::{DataSet, Element},
    frame,
    image_pixel::{ImagePixel, Photometric},
    open::{is_native, syntax_name},
    palette::Palette,
    sign,
};
use crate::luma::rec601;

/// Samples as they lie in the pixel data or come out of a decoder.
struct Samples {
    values: Vec<u16>,
    /// Bits below the stored ones.
    shift: u32,
    /// Values beyond Bits Stored are its ends.
    saturate: bool,
    planar: bool,
    photometric: Photometric,
}

/// The stored values of the first frame, colour as luma, row by row: 0 to 2^BitsStored - 1, counted
/// from [`ImagePixel::least`] up. Bits outside Bits Stored (overlays of old, garbage) are masked off.
/// Values that stand for colours in a palette become their luma, and the layout's depth that of the
/// palette.
pub(super) fn stored(
    set: &DataSet<'_>,
    syntax: &str,
    layout: &mut ImagePixel,
    frames: u32,
) -> Result<Vec<u16>, Refusal> {
    let element = set.get(tags::PIXEL_DATA).ok_or_else(|| {
        "The film has no pixel data: its transfer was cut short; send the film again.".to_owned()
    })?;
    let samples = match (is_native(syntax), element.undefined) {
        (true, false) => native(element, layout)?,
        (false, true) => {
            let frame = frame::first(element, frames)?;
            let mut decoded = codecs::decode(&frame, syntax, layout)?;
            // A codestream of no more than Bits Stored has no room for idle bits below.
            let idle = decoded.precision.is_none_or(|precision| precision > layout.bits_stored);
            let shift = if idle { layout.shift } else { 0 };
            sign::settle(&mut decoded, layout, shift);
            Samples {
                values: decoded.samples,
                shift,
                saturate: decoded.overshoots && layout.shift == 0,
                planar: false,
                photometric: decoded.photometric,
            }
        }
        (true, true) => {
            return Err(
                "The header says uncompressed but the pixel data are not: check the sender.".to_owned()
            );
        }
        (false, false) => {
            return Err(format!(
                "The header says {} but the pixel data are not compressed: check the sender.",
                syntax_name(syntax)
            ));
        }
    };
    let needed = samples_needed(layout, samples.photometric);
    if samples.values.len() < needed {
        return Err(too_few(samples.values.len(), needed));
    }
    let grey = grey(samples, layout, needed);
    if layout.photometric != Photometric::Palette {
        return Ok(grey);
    }
    let palette = Palette::read(set)?;
    let least = layout.least();
    layout.become_luma(palette.bits());
    Ok(grey.into_iter().map(|value| palette.luma(i32::from(value) + least)).collect())
}

fn too_few(have: usize, needed: usize) -> Refusal {
    format!("The picture has {have} of its {needed} samples, though the file is whole: check the sender.")
}

fn samples_needed(layout: &ImagePixel, photometric: Photometric) -> usize {
    match photometric {
        Photometric::Ybr422 => layout.pixels() * 2,
        _ => layout.pixels() * layout.samples,
    }
}

fn native(element: &Element<'_>, layout: &ImagePixel) -> Result<Samples, Refusal> {
    let needed = samples_needed(layout, layout.photometric);
    let width = layout.bits_allocated as usize / 8;
    // What is not there is told before room is made for it; further frames are left alone, but not the
    // other half of a word.
    if element.value.len() / width < needed {
        return Err(too_few(element.value.len() / width, needed));
    }
    let length = (needed * width).next_multiple_of(2).min(element.value.len());
    let value = &element.value[..length];
    // Pixels of two bytes are words, whatever the VR says; of one byte only if it says so.
    let vr = if width == 2 { VR::OW } else { element.vr };
    let bytes = little_endian(&Element { value, vr, ..*element });
    let values = match width {
        1 => bytes.iter().take(needed).map(|&byte| u16::from(byte)).collect(),
        _ => bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect(),
    };
    let ImagePixel { shift, planar, photometric, .. } = *layout;
    Ok(Samples { values, shift, saturate: false, planar, photometric })
}

fn grey(samples: Samples, layout: &ImagePixel, needed: usize) -> Vec<u16> {
    let Samples { values: mut all, shift, saturate, planar, photometric } = samples;
    let max = layout.max();
    // Two's complement within Bits Stored becomes an offset by turning its sign bit over.
    let sign = if layout.signed { 1 << (layout.bits_stored - 1) } else { 0 };
    all.truncate(needed);
    if saturate && layout.signed {
        let half = i16::try_from(sign - 1).unwrap_or(i16::MAX);
        for value in &mut all {
            *value = value.cast_signed().clamp(-half - 1, half).cast_unsigned();
        }
    } else if saturate {
        for value in &mut all {
            *value = (*value).min(max);
        }
    }
    for value in &mut all {
        *value = ((*value >> shift) & max) ^ sign;
    }
    let pixels = layout.pixels();
    match photometric {
        Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::Palette => all,
        Photometric::Rgb if planar => {
            (0..pixels).map(|i| rec601(all[i], all[i + pixels], all[i + 2 * pixels])).collect()
        }
        Photometric::Rgb => all.as_chunks().0.iter().map(|&[r, g, b]| rec601(r, g, b)).collect(),
        // Y is the Rec. 601 luma already (C.7.6.3.1.2).
        Photometric::Ybr if planar => {
            all.truncate(pixels);
            all
        }
        Photometric::Ybr => all.as_chunks().0.iter().map(|&[y, _, _]| y).collect(),
        // Y Y Cb Cr for every two pixels.
        Photometric::Ybr422 => all.as_chunks().0.iter().flat_map(|&[a, b, _, _]| [a, b]).collect(),
    }
}
