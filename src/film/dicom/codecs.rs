//! The decoders of compressed frames: all pure Rust, each asked only after the frame's own header has
//! been found to agree with the data set.

use std::borrow::Cow;

use dicom_dictionary_std::uids;
use jpeg_decoder::{ColorTransform, PixelFormat};

use super::{
    Refusal,
    codestream::{Coding, FrameSize, frame_size, is_whole, says_its_colours},
    image_pixel::{ImagePixel, Photometric},
    jpeg as markers,
    open::syntax_name,
    packets, rle,
};
use crate::{
    film::{
        MAX_PIXELS,
        jpeg2000::{self, Limits},
    },
    text::clean,
};

/// Samples of a decoded frame, colour by pixel.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) samples: Vec<u16>,
    /// Bits a sample, where the frame says so.
    pub(super) precision: Option<u32>,
    /// A lossy coding may overshoot Bits Stored, where masking would turn white into black.
    pub(super) overshoots: bool,
    /// What the samples mean now.
    pub(super) photometric: Photometric,
}

/// The families of compression, by transfer syntax (PS3.5 A.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Jpeg,
    JpegLs,
    Jpeg2000,
    Rle,
}

/// `None` for native pixel data; an error for what is not read.
fn family(syntax: &str) -> Result<Family, Refusal> {
    // Besides those in use, all JPEG processes of the first edition, retired since (1.2.840.10008.1.2.4.51 to .66).
    if syntax.strip_prefix("1.2.840.10008.1.2.4.").is_some_and(|n| matches!(n.parse(), Ok(50_u8..=70))) {
        return Ok(Family::Jpeg);
    }
    match syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Ok(Family::JpegLs),
        uids::JPEG2000_LOSSLESS
        | uids::JPEG2000
        | uids::HTJ2K_LOSSLESS
        | uids::HTJ2K_LOSSLESS_RPCL
        | uids::HTJ2K => Ok(Family::Jpeg2000),
        uids::RLE_LOSSLESS => Ok(Family::Rle),
        _ => Err(format!(
            "The compression {} is not read: set the sender to JPEG Lossless or uncompressed and send again.",
            syntax_name(syntax)
        )),
    }
}

/// Decodes one frame.
pub(super) fn decode(frame: &[u8], syntax: &str, layout: &ImagePixel) -> Result<Decoded, Refusal> {
    let family = family(syntax)?;
    let damaged = |cause: &str| {
        let name = syntax_name(syntax);
        format!(
            "The {name} picture cannot be decoded ({}), so it is damaged or of an unusual kind: send the film again, \
             uncompressed if possible.",
            clean(cause)
        )
    };
    if family == Family::Rle {
        return rle(frame, layout).ok_or_else(|| damaged("a byte plane is missing or too short"));
    }
    // What is in the frame decides, not the label: JPEG, JPEG-LS and JPEG 2000 each begin in their own way.
    let size = frame_size(frame).ok_or_else(|| damaged("it has no frame header"))?;
    agree(size, layout)?;
    let pixels = layout.pixels() as u64;
    let too_short = match size.coding {
        Coding::Dct | Coding::Lossless => {
            markers::is_too_short(frame, pixels, size.coding == Coding::Lossless)
        }
        Coding::Ls | Coding::Jpeg2000 => false, // their decoders tell
    };
    if too_short || !is_whole(frame) {
        return Err(
            "The compressed picture breaks off before its end: its transfer was cut short; send the \
                    film again."
                .to_owned(),
        );
    }
    if markers::has_too_many_scans(frame, pixels) && size.coding != Coding::Jpeg2000
        || !packets::are_bearable(frame)
    {
        return Err(
            "The compressed picture asks for far more work than a film needs: check the sender.".to_owned()
        );
    }
    let (samples, photometric) = match size.coding {
        Coding::Dct if size.precision > 8 => return Err(lossy_12_bit(syntax)),
        Coding::Ls if size.components > 1 => return Err(colour_jpeg_ls(syntax)),
        Coding::Dct | Coding::Lossless => jpeg(frame, layout),
        Coding::Ls => jpeg_ls(frame, layout),
        Coding::Jpeg2000 => jpeg_2000(frame, layout),
    }
    .map_err(|cause| damaged(&cause))?;
    let lossy = [uids::JPEGLS_NEAR_LOSSLESS, uids::JPEG2000, uids::HTJ2K].contains(&syntax);
    Ok(Decoded { samples, precision: Some(size.precision), overshoots: lossy, photometric })
}

/// No decoder in pure Rust reads it, and a wrong guess would look like a film.
fn lossy_12_bit(syntax: &str) -> Refusal {
    format!(
        "The film is compressed as lossy JPEG of 12 bits ({syntax}), which is not read: set the sender to JPEG \
         Lossless, JPEG 2000 or uncompressed and send again."
    )
}

/// The decoder reads one component.
fn colour_jpeg_ls(syntax: &str) -> Refusal {
    format!(
        "The picture is JPEG-LS in colour ({syntax}), which is not read: set the sender to JPEG Lossless, JPEG 2000 \
         or uncompressed and send again."
    )
}

/// Refuses a frame whose own header contradicts the data set.
fn agree(frame: FrameSize, layout: &ImagePixel) -> Result<(), Refusal> {
    let FrameSize { columns, rows, precision, components, .. } = frame;
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

fn rle(frame: &[u8], layout: &ImagePixel) -> Option<Decoded> {
    let width = layout.bits_allocated as usize / 8;
    let planes = rle::decode(frame, layout.samples * width, layout.pixels())?;
    let mut samples = vec![0; layout.samples * layout.pixels()];
    for (sample, planes) in planes.chunks(width).enumerate() {
        for plane in planes {
            for (to, &byte) in samples.iter_mut().skip(sample).step_by(layout.samples).zip(plane) {
                *to = *to << 8 | u16::from(byte);
            }
        }
    }
    let photometric = match layout.photometric {
        // RLE has no shared colour differences.
        Photometric::Ybr422 => Photometric::Ybr,
        other => other,
    };
    Some(Decoded { samples, precision: None, overshoots: false, photometric })
}

type Samples = Result<(Vec<u16>, Photometric), String>;

fn jpeg(frame: &[u8], layout: &ImagePixel) -> Samples {
    let mut decoder = jpeg_decoder::Decoder::new(frame);
    decoder.set_max_decoding_buffer_size(usize::try_from(MAX_PIXELS * 3).unwrap_or(usize::MAX));
    // Y is the grey that is wanted: there is no need to make colour of it and grey of that. Without
    // a word in the frame itself, the data set says whether colour is RGB. The transform of RGB is none
    // (that called None leaves samples by line, not by pixel).
    let photometric = match layout.photometric {
        Photometric::Ybr | Photometric::Ybr422 => {
            decoder.set_color_transform(ColorTransform::RGB);
            Photometric::Ybr
        }
        Photometric::Rgb if !says_its_colours(frame) => {
            decoder.set_color_transform(ColorTransform::RGB);
            Photometric::Rgb
        }
        other => other,
    };
    let bytes = decoder.decode().map_err(|error| error.to_string())?;
    let samples = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::L16) => bytes.as_chunks().0.iter().map(|&pair| u16::from_ne_bytes(pair)).collect(),
        _ => bytes.into_iter().map(u16::from).collect(),
    };
    Ok((samples, photometric))
}

fn jpeg_ls(frame: &[u8], layout: &ImagePixel) -> Samples {
    let (columns, rows) = (layout.columns, layout.rows);
    let [columns, rows] = [columns, rows].map(|size| u32::try_from(size).unwrap_or_default());
    let frame = without_fill(frame);
    let (samples, ..) = jpegls::decode(&frame, columns, rows).map_err(|error| error.to_string())?;
    Ok((samples, layout.photometric))
}

/// The frame without the fill bytes FF that may stand before its end marker (ITU-T T.81, B.1.1.2): dcmtk makes the
/// length even by one, and the decoder takes none. Coded samples never end in FF.
fn without_fill(frame: &[u8]) -> Cow<'_, [u8]> {
    let Some(end) = frame.windows(2).rposition(|pair| pair == [0xff, 0xd9]) else {
        return Cow::Borrowed(frame);
    };
    let coded = frame[..end].iter().rposition(|&byte| byte != 0xff).map_or(0, |last| last + 1);
    if coded == end { Cow::Borrowed(frame) } else { Cow::Owned([&frame[..coded], &frame[end..]].concat()) }
}

fn jpeg_2000(frame: &[u8], layout: &ImagePixel) -> Samples {
    let limits = Limits { samples: 3 * MAX_PIXELS, components: 4 };
    let components = match jpeg2000::decode(frame, &limits) {
        Ok(image) => image.components,
        Err(jpeg2000::Error::HighThroughput) => return high_throughput(frame, layout),
        Err(error) => return Err(error.to_string()),
    };
    let whole = |c: &jpeg2000::Component| (c.width, c.height) == (layout.columns, layout.rows);
    if components.len() != layout.samples || !components.iter().all(whole) {
        return Err(DIFFER.to_owned());
    }
    let planes = components.into_iter().map(|component| component.samples).collect();
    Ok((by_pixel(planes), of_components(layout)))
}

/// What components are turned into when they are decoded: no decoder leaves colour differences in pairs.
fn of_components(layout: &ImagePixel) -> Photometric {
    match layout.photometric {
        Photometric::Ybr422 => Photometric::Ybr,
        other => other,
    }
}

const DIFFER: &str = "its components differ in size";

/// From sample by component to sample by pixel.
fn by_pixel(mut planes: Vec<Vec<u16>>) -> Vec<u16> {
    if planes.len() == 1 {
        return planes.pop().unwrap_or_default();
    }
    let mut samples = vec![0; planes.iter().map(Vec::len).sum()];
    for (first, plane) in planes.iter().enumerate() {
        for (to, &sample) in samples.iter_mut().skip(first).step_by(planes.len()).zip(plane) {
            *to = sample;
        }
    }
    samples
}

/// High-throughput JPEG 2000 (ITU-T T.814).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // two's complement of up to 16 bits
fn high_throughput(frame: &[u8], layout: &ImagePixel) -> Samples {
    let strict = jpeg2k::DecodeParameters::new().strict(true);
    let image = jpeg2k::Image::from_bytes_with(frame, strict).map_err(|error| error.to_string())?;
    let components = image.components();
    let whole = |c: &jpeg2k::ImageComponent| {
        (c.width() as usize, c.height() as usize) == (layout.columns, layout.rows)
    };
    if components.len() != layout.samples || !components.iter().all(whole) {
        return Err(DIFFER.to_owned());
    }
    let plane = |c: &jpeg2k::ImageComponent| c.data().iter().map(|&sample| sample as u16).collect();
    Ok((by_pixel(components.iter().map(plane).collect()), of_components(layout)))
}
