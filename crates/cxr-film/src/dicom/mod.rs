//! DICOM: the way from bytes to grey is ours, one small file a step (PS3.5, PS3.3 C.7.6.3 and C.11, PS3.4 N.2).
//!
//! ```text
//! open ─▶ dataset ─▶ header
//!             └────▶ image_pixel ─▶ pixels (stored values) ─▶ grey { modality ─▶ voi ─▶ polarity } ─▶ Film
//!                                     ├ frame ─▶ codecs         └ padding, lut
//!                                     └ palette
//! ```

mod attributes;
mod charset;
mod codec_error;
mod codecs;
mod codestream;
mod cursor;
mod dataset;
mod decimal;
mod digest;
mod frame;
mod grey;
mod header;
mod image_pixel;
mod jpeg_ls;
mod lut;
mod modality;
mod open;
mod packets;
mod padding;
mod palette;
mod pixels;
mod rle;
mod sign;
mod spacing;
mod suited;
mod values;
mod voi;

use super::{DecodeError, Film, Header, MAX_PIXELS, jpeg, square};
use crate::guard::guarded;
pub(super) use open::{is_bare, is_deflated};
pub use values::Values;

use dataset::DataSet;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use image_pixel::{ImagePixel, Photometric};
use open::Opened;

/// Why a step could not be done: one sentence for a person.
type Refusal = String;

/// Decodes a DICOM file or data set whose first element is at `offset`; of several frames the first.
pub(super) fn decode(bytes: &[u8], offset: usize) -> Result<Film, DecodeError> {
    // The readers are ours and the decoders are asked with care, but neither is trusted with the process.
    let read = guarded(|| {
        let opened = Opened::new(bytes, offset);
        let set = opened.data_set();
        let header = header::read(&set, &opened.syntax);
        whole(&set, &header)
            .and_then(|()| {
                guarded(|| film(&set, &opened.syntax, &header)).unwrap_or_else(|| Err(broke_down(&header)))
            })
            .map_err(|reason| {
                let known = [
                    &header.sop_instance_uid,
                    &header.study_instance_uid,
                    &header.patient_id,
                    &header.modality,
                ];
                let header = known.iter().any(|text| !text.is_empty()).then(|| Box::new(header.clone()));
                DecodeError { reason, header }
            })
    });
    read.unwrap_or_else(|| Err(header_broke_down()))
}

/// Reads the header alone, and the values of some elements.
pub(super) fn header(bytes: &[u8], offset: usize, wanted: &[Tag]) -> Result<(Header, Values), DecodeError> {
    let read = guarded(|| {
        let opened = Opened::new(bytes, offset);
        let set = opened.data_set();
        (header::read(&set, &opened.syntax), Values::read(&set, wanted))
    });
    read.ok_or_else(header_broke_down)
}

fn header_broke_down() -> DecodeError {
    DecodeError::nameless(
        "The file starts like DICOM, and this program's reader broke down on its header: export the film again by \
         another way, and keep this file for a report.",
    )
}

fn broke_down(header: &Header) -> Refusal {
    format!(
        "This program's decoder for {} broke down on this film: set the sender to uncompressed, and keep this file \
         for a report.",
        open::syntax_name(&header.transfer_syntax)
    )
}

/// Refuses a data set that ends before its pixel data, or that has none.
fn whole(set: &DataSet<'_>, header: &Header) -> Result<(), Refusal> {
    match set.fault {
        Some(dataset::DataSetError::CutShort(tags::PIXEL_DATA)) => {
            Err("The film breaks off within its pixel data: its transfer was cut short; send the film again."
                .to_owned())
        }
        Some(fault @ (dataset::DataSetError::CutShort(_) | dataset::DataSetError::Ends)) => Err(format!(
            "The header breaks off ({fault}): the film's transfer was cut short, or the header contradicts itself; \
             send the film again."
        )),
        Some(fault) => Err(format!(
            "The header is none that this program reads ({fault}): check the sender, and read the film on its \
             workstation."
        )),
        None if set.get(tags::PIXEL_DATA).is_none() => {
            let what = if header.modality.is_empty() { "no modality" } else { &header.modality };
            Err(format!(
                "This DICOM object holds no picture ({what}): it is a report, a reference or a film cut short; check \
                 what the sender puts into the inbox."
            ))
        }
        None => Ok(()),
    }
}

fn film(set: &DataSet<'_>, syntax: &str, header: &Header) -> Result<Film, Refusal> {
    let (columns, rows) = (header.columns, header.rows);
    let mut layout = ImagePixel::read(set)?;
    // Colour takes three times the room, so it may have a third of the pixels.
    let samples =
        (layout.columns as u64).saturating_mul(layout.rows as u64).saturating_mul(layout.samples as u64);
    if samples > MAX_PIXELS {
        return Err(format!(
            "The header claims {columns} x {rows} pixels, more than any film has: check the sender."
        ));
    }
    let stored = pixels::stored(set, syntax, &mut layout, header.frames)?;
    let pixels = digest::of_picture((columns, rows), layout.photometric == Photometric::Monochrome1, &stored);
    let mut warnings = Vec::new();
    let curve = grey::Curve::read(set, &layout, &stored, &mut warnings)?;
    let height_of_pixel = spacing::height_of_pixel(set, &mut warnings);
    let film = Film {
        width: columns,
        height: rows,
        linear: stored.iter().map(|&v| curve.linear(v)).collect(),
        linear_max: curve.linear_max(),
        display: stored.iter().map(|&v| curve.display(v)).collect(),
        scored: curve.scored(&stored, layout.columns),
        header: Header { pixels, ..header.clone() },
        warnings,
    };
    drop(stored);
    Ok(square::squared(film, height_of_pixel))
}
