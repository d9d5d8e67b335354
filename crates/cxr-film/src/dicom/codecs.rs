//! The decoders of compressed frames: all pure Rust, each asked only after the frame's own header has
//! been found to agree with the data set.

use cxr_jpeg2000::Limits;
use dicom_dictionary_std::uids;
use jpeg_decoder::{ColorTransform, PixelFormat};

use super::{
    Refusal,
    codec_error::CodecError,
    codestream::{Coding, FrameSize, frame_size, says_its_colours},
    image_pixel::{ImagePixel, Photometric},
    jpeg, jpeg_ls,
    open::syntax_name,
    packets, rle,
};
use crate::MAX_PIXELS;

/// Samples of a decoded frame, colour by pixel.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) samples: Vec<u16>,
    /// Bits a sample, where the frame says so.
    pub(super) precision: Option<u32>,
    /// Whether the frame calls its samples signed, as JPEG 2000 does: they are in two's complement of 16 bits then.
    pub(super) signed: bool,
    /// A lossy coding may overshoot Bits Stored, where masking would turn white into black.
    pub(super) overshoots: bool,
    /// The meaning of the samples now.
    pub(super) photometric: Photometric,
}

/// Pixels that a byte of JPEG may make: a block of 64 has a bit at least. What cannot be there is told before room is
/// made for it.
const MOST_PIXELS_A_BYTE: usize = 8 * 64;

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
            "The compression {} is not read: set the sender to JPEG Lossless or uncompressed.",
            syntax_name(syntax)
        )),
    }
}

/// Decodes one frame.
pub(super) fn decode(frame: &[u8], syntax: &str, layout: &ImagePixel) -> Result<Decoded, Refusal> {
    let sentence = |error: CodecError| error.sentence(syntax);
    if family(syntax)? == Family::Rle {
        return rle(frame, layout).map_err(sentence);
    }
    // What is in the frame decides, not the label: JPEG, JPEG-LS and JPEG 2000 each begin in their own way.
    let size = frame_size(frame).map_err(sentence)?;
    agree(size, layout)?;
    if size.coding != Coding::Jpeg2000 && jpeg::has_too_many_scans(frame, layout.pixels() as u64) {
        return Err(sentence(CodecError::TooMuch));
    }
    if size.coding == Coding::Dct && layout.pixels() / MOST_PIXELS_A_BYTE > frame.len() {
        return Err(sentence(CodecError::CutShort));
    }
    let decoded = match size.coding {
        Coding::Dct if size.precision > 8 => return Err(lossy_12_bit(syntax)),
        Coding::Ls if size.components > 1 => return Err(colour_jpeg_ls(syntax)),
        Coding::Dct => cosine(frame, layout),
        Coding::Lossless => lossless(frame, layout),
        Coding::Ls => jpeg_ls::decode(frame, layout).map(|samples| (samples, layout.photometric, false)),
        Coding::Jpeg2000 => jpeg_2000(frame, layout),
    };
    let (samples, photometric, signed) = decoded.map_err(sentence)?;
    let overshoots = [uids::JPEGLS_NEAR_LOSSLESS, uids::JPEG2000, uids::HTJ2K].contains(&syntax);
    Ok(Decoded { samples, precision: Some(size.precision), signed, overshoots, photometric })
}

/// No decoder in pure Rust reads it, and a wrong guess would look like a film.
fn lossy_12_bit(syntax: &str) -> Refusal {
    format!(
        "The film is compressed as lossy JPEG of 12 bits ({syntax}), which is not read: set the sender to JPEG \
         Lossless, JPEG 2000 or uncompressed."
    )
}

/// The decoder reads one component.
fn colour_jpeg_ls(syntax: &str) -> Refusal {
    format!(
        "The picture is JPEG-LS in colour ({syntax}), which is not read: set the sender to JPEG Lossless, JPEG 2000 \
         or uncompressed."
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

fn rle(frame: &[u8], layout: &ImagePixel) -> Result<Decoded, CodecError> {
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
    Ok(Decoded { samples, precision: None, signed: false, overshoots: false, photometric })
}

/// Samples, what they mean, and whether they are signed.
type Samples = Result<(Vec<u16>, Photometric, bool), CodecError>;

/// Baseline, extended and progressive JPEG of 8 bits.
fn cosine(frame: &[u8], layout: &ImagePixel) -> Samples {
    let frame = jpeg::whole(frame)?;
    let mut decoder = jpeg_decoder::Decoder::new(&frame[..]);
    decoder.set_max_decoding_buffer_size(usize::try_from(MAX_PIXELS * 3).unwrap_or(usize::MAX));
    // Y is the grey that is wanted: there is no need to make colour of it and grey of that. Without
    // a word in the frame itself, the data set says whether colour is RGB. The transform of RGB is none
    // (that called None leaves samples by line, not by pixel).
    let photometric = match layout.photometric {
        Photometric::Ybr | Photometric::Ybr422 => {
            decoder.set_color_transform(ColorTransform::RGB);
            Photometric::Ybr
        }
        Photometric::Rgb if !says_its_colours(&frame) => {
            decoder.set_color_transform(ColorTransform::RGB);
            Photometric::Rgb
        }
        other => other,
    };
    let bytes = decoder.decode().map_err(|error| match error {
        jpeg_decoder::Error::Unsupported(_) => CodecError::Unsupported(error.to_string()),
        _ => CodecError::Damaged(error.to_string()),
    })?;
    match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::L8 | PixelFormat::RGB24) => {
            Ok((bytes.into_iter().map(u16::from).collect(), photometric, false))
        }
        _ => Err(CodecError::Unsupported("its components are neither grey nor three colours".to_owned())),
    }
}

fn lossless(frame: &[u8], layout: &ImagePixel) -> Samples {
    let picture = jpeg::lossless::decode(frame, 3 * MAX_PIXELS)?;
    Ok((picture.samples, of_components(layout), false))
}

fn jpeg_2000(frame: &[u8], layout: &ImagePixel) -> Samples {
    let codestream = cxr_jpeg2000::codestream(frame)?;
    if !packets::are_bearable(codestream) {
        return Err(CodecError::TooMuch);
    }
    let limits = Limits { samples: 3 * MAX_PIXELS, components: 4 };
    let components = match cxr_jpeg2000::decode(codestream, &limits) {
        Ok(image) => image.components,
        Err(cxr_jpeg2000::Error::HighThroughput) => return high_throughput(codestream, layout),
        Err(error) => return Err(error.into()),
    };
    let whole = |c: &cxr_jpeg2000::Component| (c.width, c.height) == (layout.columns, layout.rows);
    if components.len() != layout.samples || !components.iter().all(whole) {
        return Err(CodecError::Unsupported(DIFFER.to_owned()));
    }
    let signed = components.iter().all(|component| component.signed);
    let planes = components.into_iter().map(|component| component.samples).collect();
    Ok((by_pixel(planes), of_components(layout), signed))
}

/// Returns the meaning of decoded components: no decoder leaves colour differences in pairs.
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
fn high_throughput(codestream: &[u8], layout: &ImagePixel) -> Samples {
    // OpenJPEG fills in what is missing at the end.
    let whole = cxr_jpeg2000::up_to_end(codestream).ok_or(CodecError::CutShort)?;
    let strict = jpeg2k::DecodeParameters::new().strict(true);
    let image = jpeg2k::Image::from_bytes_with(whole, strict)
        .map_err(|error| CodecError::Damaged(error.to_string()))?;
    let components = image.components();
    let whole = |c: &jpeg2k::ImageComponent| {
        (c.width() as usize, c.height() as usize) == (layout.columns, layout.rows)
    };
    if components.len() != layout.samples || !components.iter().all(whole) {
        return Err(CodecError::Unsupported(DIFFER.to_owned()));
    }
    let plane = |c: &jpeg2k::ImageComponent| c.data().iter().map(|&sample| sample as u16).collect();
    let signed = components.iter().all(jpeg2k::ImageComponent::is_signed);
    Ok((by_pixel(components.iter().map(plane).collect()), of_components(layout), signed))
}
