//! PNG, JPEG and TIFF: 8 or 16 bits, grey or colour, with palette, alpha or EXIF orientation.

mod palette;
pub(super) mod tiff;

use std::{borrow::Cow, io::Cursor};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, metadata::Orientation,
};

use super::{DecodeError, Film, Header, MAX_PIXELS, jpeg, luma::rec601, marks, tone};
use crate::guard::guarded;
use crate::text::clean;

/// Room for the samples: colour of 8 bits at [`MAX_PIXELS`].
const MAX_BYTES: u64 = MAX_PIXELS * 3;

/// Samples that a byte of a file may make. Deflate makes 1,032 bytes of one, in each of which may lie 8 samples.
const MOST_A_BYTE: u64 = 16_384;

/// Decodes a raster file of a known format.
pub(super) fn decode(bytes: &[u8], format: ImageFormat) -> Result<Film, DecodeError> {
    let name = name(format);
    let bytes = match format {
        ImageFormat::Jpeg => jpeg::whole(bytes).map_err(|error| DecodeError::nameless(jpeg_fault(error)))?,
        ImageFormat::Tiff => tiff::with_film_first(bytes),
        _ => Cow::Borrowed(bytes),
    };
    let decode = || match palette::as_indices(&bytes) {
        Some((indices, luma)) => read(&indices, format, Some(&luma)),
        None => read(&bytes, format, None),
    };
    guarded(decode).unwrap_or_else(|| {
        Err(DecodeError::nameless(format!(
            "The {name} decoder broke down on this file, so it is damaged or of an unusual kind: export the film again."
        )))
    })
}

fn jpeg_fault(error: jpeg::Error) -> String {
    match error {
        jpeg::Error::Truncated(_) => cut_short("JPEG"),
        error => format!("The JPEG file cannot be decoded ({error}): export the film as 8- or 16-bit PNG."),
    }
}

/// Decodes; the values of a picture with a palette are looked up in it.
fn read(bytes: &[u8], format: ImageFormat, palette: Option<&[u8]>) -> Result<Film, DecodeError> {
    let name = name(format);
    let nameless = |error: &ImageError| DecodeError::nameless(explain(name, error));
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| nameless(&e))?;

    let (columns, rows) = decoder.dimensions();
    let color = decoder.color_type();
    let header = Header {
        format: name.to_owned(),
        columns,
        rows,
        bits_stored: u16::from(color.bytes_per_pixel() / color.channel_count().max(1)) * 8,
        frames: 1,
        ..Header::default()
    };
    if u64::from(columns) * u64::from(rows) > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
        let reason = format!(
            "The picture claims {columns} x {rows} pixels, more than any film has: check the sender."
        );
        return Err(DecodeError::of(header, reason));
    }
    // What cannot be there is told before room is made for it.
    if decoder.total_bytes() / MOST_A_BYTE > bytes.len() as u64 {
        let reason = format!(
            "The picture claims {columns} x {rows} pixels in a file of {} bytes, which cannot hold them: check the \
             sender.",
            bytes.len()
        );
        return Err(DecodeError::of(header, reason));
    }
    if format == ImageFormat::Jpeg && jpeg::has_too_many_scans(bytes, u64::from(columns) * u64::from(rows)) {
        return Err(DecodeError::of(
            header,
            "The JPEG draws its picture over and over, as no film does: export the film again.",
        ));
    }
    // A photograph of a light box carries its orientation in EXIF; a broken tag is as good as none.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)
        .map_err(|e| DecodeError::of(header.clone(), explain(name, &e)))?;
    if let (Some(palette), DynamicImage::ImageLuma8(indices)) = (palette, &mut picture) {
        indices.iter_mut().for_each(|index| *index = palette.get(usize::from(*index)).copied().unwrap_or(0));
    }
    picture.apply_orientation(orientation);
    let coloured_percent = coloured_percent(&picture);
    film(picture, Header { coloured_percent, ..header })
}

/// Percent of a picture's pixels whose channels differ by more than a tenth of the range: compression and
/// the tint of a scanned film stay below. Every seventh pixel is looked at, which no pattern in a picture keeps
/// step with for long.
fn coloured_percent(picture: &DynamicImage) -> u8 {
    fn of<T: Copy + Into<u32>>(samples: &[T], channels: usize, max: u32) -> usize {
        let mut coloured = 0_usize;
        let mut looked_at = 0_usize;
        for pixel in samples.chunks_exact(channels).step_by(7) {
            let colours = pixel[..3].iter().map(|&sample| sample.into());
            let (low, high) = colours.fold((max, 0), |(low, high), v: u32| (low.min(v), high.max(v)));
            coloured += usize::from(high.saturating_sub(low) > max / 10);
            looked_at += 1;
        }
        coloured * 100 / looked_at.max(1)
    }
    let percent = match picture {
        DynamicImage::ImageRgb8(p) => of(p, 3, 255),
        DynamicImage::ImageRgba8(p) => of(p, 4, 255),
        DynamicImage::ImageRgb16(p) => of(p, 3, 65_535),
        DynamicImage::ImageRgba16(p) => of(p, 4, 65_535),
        _ => 0,
    };
    u8::try_from(percent).unwrap_or(100)
}

fn film(picture: DynamicImage, header: Header) -> Result<Film, DecodeError> {
    let (width, height) = (picture.width(), picture.height());
    let Some(Grey { values, max }) = grey(&picture) else {
        let reason =
            "The picture has floating-point samples, which no film has: export it with 8 or 16 bits.";
        return Err(DecodeError::of(header, reason));
    };
    // A large film's samples need not lie in memory three times over.
    drop(picture);
    if values.is_empty() {
        return Err(DecodeError::of(header, "The picture has no pixels: export the film again."));
    }
    let linear_max = f32::from(max);
    let counts = tone::counts(max, &values);
    let (black, white) = tone::ends(&counts);
    let curve: Vec<u8> =
        (0..=max).map(|v| tone::grey(f64::from((f32::from(v) - black) / (white - black)))).collect();
    let display: Vec<u8> = values.iter().map(|&v| curve[usize::from(v)]).collect();
    let scored = tone::apart_from_marks(&counts).map(|picture| {
        let is_mark = |at: usize| !picture.contains(&usize::from(values[at]));
        marks::without(display.clone(), width as usize, is_mark)
    });
    Ok(Film {
        width,
        height,
        display,
        scored,
        linear: values.into_iter().map(f32::from).collect(),
        linear_max,
        header,
        warnings: Vec::new(),
    })
}

/// Grey values and the largest that they can take.
struct Grey {
    values: Vec<u16>,
    max: u16,
}

impl Grey {
    /// From samples of one depth: luma of what has colour, alpha composited on black.
    fn from_samples<T: Copy + Into<u16>>(samples: &[T], channels: usize, max: u16) -> Self {
        let on_black = |grey: u16, alpha: u16| {
            let product = u32::from(grey) * u32::from(alpha);
            u16::try_from((product + u32::from(max) / 2) / u32::from(max)).unwrap_or(max)
        };
        let values = samples
            .chunks_exact(channels)
            .map(|pixel| match *pixel {
                [grey] => grey.into(),
                [grey, alpha] => on_black(grey.into(), alpha.into()),
                [red, green, blue] => rec601(red.into(), green.into(), blue.into()),
                [red, green, blue, alpha, ..] => {
                    on_black(rec601(red.into(), green.into(), blue.into()), alpha.into())
                }
                [] => 0,
            })
            .collect();
        Self { values, max }
    }
}

/// `None` for floating-point samples.
fn grey(picture: &DynamicImage) -> Option<Grey> {
    let channels = usize::from(picture.color().channel_count());
    let eight = |samples: &[u8]| Some(Grey::from_samples(samples, channels, 255));
    let sixteen = |samples: &[u16]| Some(Grey::from_samples(samples, channels, u16::MAX));
    match picture {
        DynamicImage::ImageLuma8(p) => eight(p),
        DynamicImage::ImageLumaA8(p) => eight(p),
        DynamicImage::ImageRgb8(p) => eight(p),
        DynamicImage::ImageRgba8(p) => eight(p),
        DynamicImage::ImageLuma16(p) => sixteen(p),
        DynamicImage::ImageLumaA16(p) => sixteen(p),
        DynamicImage::ImageRgb16(p) => sixteen(p),
        DynamicImage::ImageRgba16(p) => sixteen(p),
        _ => None,
    }
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Tiff => "TIFF",
        _ => "picture",
    }
}

fn cut_short(name: &str) -> String {
    format!("The {name} file breaks off before its end: its transfer was cut short; send the film again.")
}

fn explain(name: &str, error: &ImageError) -> String {
    match error {
        ImageError::IoError(_) => cut_short(name),
        ImageError::Limits(_) => {
            format!("The {name} file claims more pixels or memory than any film needs: check the sender.")
        }
        ImageError::Unsupported(_) => {
            let detail = clean(&error.to_string());
            format!("This kind of {name} is not read ({detail}): export the film as 8- or 16-bit PNG.")
        }
        _ => {
            let detail = clean(&error.to_string());
            format!("The {name} file is damaged ({detail}): export the film again.")
        }
    }
}
