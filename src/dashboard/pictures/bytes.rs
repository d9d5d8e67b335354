//! Pictures of few greys as bytes of a terminal's protocol, as few of them as can be: for slow lines.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use icy_sixel::EncodeOptions;
use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageError, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use ratatui::layout::Size;
use ratatui_image::{
    picker::cap_parser::Parser,
    protocol::{iterm2::Iterm2, sixel::Sixel},
};

/// Colours of a strip of sixels: the greys, and some of the heatmap's.
const SIXEL_COLOURS: u16 = 32;

/// Sixels of few colours without dithering, whose noise would take more bytes than the film.
pub(super) fn sixel(image: &DynamicImage, size: Size, is_tmux: bool) -> Result<Sixel, icy_sixel::SixelError> {
    let options = EncodeOptions { max_colors: SIXEL_COLOURS, diffusion: 0.0, ..EncodeOptions::default() };
    let (width, height) = (image.width() as usize, image.height() as usize);
    let sixels = icy_sixel::sixel_encode(image.to_rgba8().as_raw(), width, height, &options)?;
    let (_, escape, end) = Parser::tmux_start_escape_end(is_tmux);
    let body = sixels.strip_prefix('\u{1b}').unwrap_or(&sixels);
    Ok(Sixel { data: format!("{}{escape}{body}{end}", cleared(size, is_tmux)), size, is_tmux })
}

/// An inline picture as a PNG that is compressed as well as it can be. Few greys stand in long runs, which any filter of
/// PNG's breaks up; a film without colours has a third of the values.
pub(super) fn iterm2(image: &RgbImage, size: Size, is_tmux: bool) -> Result<Iterm2, ImageError> {
    let (width, height) = image.dimensions();
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter);
    match grey(image) {
        Some(grey) => encoder.write_image(&grey, width, height, ExtendedColorType::L8)?,
        None => encoder.write_image(image.as_raw(), width, height, ExtendedColorType::Rgb8)?,
    }
    let (_, escape, end) = Parser::tmux_start_escape_end(is_tmux);
    let (clear, bytes, data) = (cleared(size, is_tmux), png.len(), STANDARD.encode(&png));
    let about = format!("size={bytes};width={width}px;height={height}px;doNotMoveCursor=1");
    Ok(Iterm2 { data: format!("{clear}{escape}]1337;File=inline=1;{about}:{data}\u{7}{end}"), size, is_tmux })
}

/// The greys of a picture; none where it has a colour.
fn grey(image: &RgbImage) -> Option<Vec<u8>> {
    let pixels = image.pixels().map(|pixel| pixel.0);
    pixels.map(|[red, green, blue]| (red == green && green == blue).then_some(red)).collect()
}

/// The beginning of a picture: its place is cleared, row by row.
fn cleared(Size { width, height }: Size, is_tmux: bool) -> String {
    let (start, escape, _) = Parser::tmux_start_escape_end(is_tmux);
    let row = format!("{escape}[{width}X{escape}[1B");
    format!("{start}{}{escape}[{height}A", row.repeat(usize::from(height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_picture_is_the_one_that_it_was_made_of_and_short() {
        let size = Size::new(30, 2);
        let grey = RgbImage::from_fn(300, 40, |x, y| image::Rgb([((x / 20 + y / 8) % 16) as u8 * 17; 3]));
        let mut coloured = grey.clone();
        coloured.put_pixel(7, 3, image::Rgb([255, 0, 0]));
        for picture in [grey, coloured] {
            let data = iterm2(&picture, size, false).unwrap().data;
            let (_, body) = data.split_once("doNotMoveCursor=1:").unwrap();
            let png = STANDARD.decode(body.strip_suffix('\u{7}').unwrap()).unwrap();
            assert!(data.contains(&format!("size={};width=300px;height=40px", png.len())), "{data}");
            assert_eq!(image::load_from_memory(&png).unwrap().into_rgb8(), picture);
            let usual = Iterm2::new(DynamicImage::ImageRgb8(picture), size, false).unwrap().data;
            assert!(data.len() < usual.len(), "{} and {} bytes", data.len(), usual.len());
            // It begins as the usual one does.
            let start = |data: &str| data.split_once("]1337").unwrap().0.to_owned();
            assert_eq!(start(&data), start(&usual));
        }
    }
}
