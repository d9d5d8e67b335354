//! DICOM: the grey chain is ours, one small file a step (PS3.4 N.2, PS3.3 C.7.6.3, C.11).
//!
//! ```text
//! open ─▶ header
//!    └─▶ image_pixel ─▶ pixels (stored values) ─▶ grey { modality ─▶ voi ─▶ polarity } ─▶ Film
//!                          └ codestream             └ lut ┘
//! ```

mod attributes;
mod codestream;
mod grey;
mod header;
mod image_pixel;
mod lut;
mod modality;
mod open;
mod pixels;
mod voi;

use dicom_object::DefaultDicomObject;

use super::{Film, Header, MAX_PIXELS, Unreadable, guard::guarded, sniff::Shape};
use image_pixel::ImagePixel;

/// A data set with the file meta information that names its transfer syntax.
type Object = DefaultDicomObject;

/// Why a step could not be done: one sentence for a person.
type Refusal = String;

/// Decodes a DICOM file or data set; of several frames the first.
pub(super) fn decode(bytes: &[u8], shape: Shape) -> Result<Film, Unreadable> {
    let broken = "The file starts like DICOM but its header cannot be read, so it was cut short or damaged on the way: \
                  send the film again.";
    // The header is read on its own first, so that what follows can say whose film could not be read.
    let header = guarded(|| open::header_only(bytes, shape).map(|object| header::read(&object)))
        .unwrap_or_else(|| Err(broken.to_owned()))
        .map_err(Unreadable::nameless)?;
    guarded(|| film(bytes, shape, &header))
        .unwrap_or_else(|| {
            Err(format!(
                "The decoder for {} broke down on this file, so its pixel data are damaged or of an unusual kind: \
                 send the film again, uncompressed if possible.",
                open::syntax_name(&header.transfer_syntax)
            ))
        })
        .map_err(|reason| Unreadable::of(header, reason))
}

fn film(bytes: &[u8], shape: Shape, header: &Header) -> Result<Film, Refusal> {
    let pixels = u64::from(header.columns) * u64::from(header.rows);
    if pixels > MAX_PIXELS {
        let (columns, rows) = (header.columns, header.rows);
        return Err(format!(
            "The header claims {columns} x {rows} pixels, more than any film has: check the sender."
        ));
    }
    let object = open::with_pixels(bytes, shape, header)?;
    let layout = ImagePixel::read(&object)?;
    let stored = pixels::stored(&object, &layout)?;
    let curve = grey::Curve::read(&object, &layout, &stored)?;
    Ok(Film {
        width: header.columns,
        height: header.rows,
        linear: stored.iter().map(|&v| curve.linear(v)).collect(),
        linear_max: curve.linear_max(),
        display: stored.iter().map(|&v| curve.display(v)).collect(),
        header: header.clone(),
    })
}
