//! The picture as a whole, put together from its tiles.

use super::{
    block::BlockDecoder,
    codestream::{Codestream, ComponentSize, TileData},
    colour::{Finish, Range, finish_row},
    component::{self, Dequantise, TileSource},
    error::{Error, Result},
    geometry::Rect,
    jp2,
    limits::Limits,
    packet, tile,
    tile::TileComponent,
    wavelet::{Irreversible, Reversible},
};

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Columns of the image area on the reference grid.
    pub width: u32,
    /// Rows of the image area on the reference grid.
    pub height: u32,
    /// In the order of the codestream.
    pub components: Vec<Component>,
}

/// One component of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Samples a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row; signed ones in two's complement.
    pub samples: Vec<u16>,
    /// Bits a sample, 1 to 16.
    pub precision: u8,
    /// Whether samples are signed.
    pub signed: bool,
    /// Steps on the reference grid from one sample to the next, across and down.
    pub step: (u8, u8),
}

/// Decodes a codestream, bare or in a JP2 file.
///
/// # Errors
///
/// [`Error::HighThroughput`] for code-blocks of Part 15, which another decoder reads; else where the bytes are no whole
/// codestream of Part 1, or ask for more than `limits`.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Image> {
    let codestream = Codestream::read(jp2::codestream(bytes)?, limits)?;
    let size = &codestream.size;
    let mut image = Image {
        width: size.image.x1 - size.image.x0,
        height: size.image.y1 - size.image.y0,
        components: size.components.iter().map(|&component| Component::new(size.image, component)).collect(),
    };
    let mut decoder = BlockDecoder::new();
    for (index, data) in codestream.tiles.iter().enumerate() {
        decode_tile(&codestream, size.tile(index), data, &mut decoder, &mut image)?;
    }
    Ok(image)
}

fn decode_tile(
    codestream: &Codestream<'_>,
    area: Rect,
    data: &TileData<'_>,
    decoder: &mut BlockDecoder,
    image: &mut Image,
) -> Result<()> {
    let parameters = data.parameters.as_deref().unwrap_or(&codestream.parameters);
    let (packets, headers) = (data.packets(), data.packet_headers()?);
    let bytes = headers.as_ref().map_or(packets.len(), Vec::len);
    let sizes = &codestream.size.components;
    let (mut components, budget) = tile::components(area, sizes, parameters, bytes)?;
    let volumes = parameters.volumes(&codestream.parameters);
    let pieces =
        packet::read_all(area, &mut components, parameters, &volumes, &packets, headers.as_deref(), budget)?;
    let source = TileSource { packets: &packets, pieces: &pieces };
    let origin = codestream.size.image;
    let mut rest = &components[..];
    let mut targets = &mut image.components[..];
    if parameters.colour_transform {
        let (colours, others) = rest.split_first_chunk().ok_or(MIXED)?;
        let (red_green_blue, other_targets) = targets.split_first_chunk_mut().ok_or(MIXED)?;
        if is_reversible(&colours[0]) {
            decode_colours::<Reversible>(colours, &source, decoder, origin, red_green_blue)?;
        } else {
            decode_colours::<Irreversible>(colours, &source, decoder, origin, red_green_blue)?;
        }
        (rest, targets) = (others, other_targets);
    }
    for (component, target) in rest.iter().zip(targets) {
        if is_reversible(component) {
            decode_component::<Reversible>(component, &source, decoder, origin, target)?;
        } else {
            decode_component::<Irreversible>(component, &source, decoder, origin, target)?;
        }
    }
    Ok(())
}

const MIXED: Error = Error::Damaged("its colours are transformed, and its components differ");

fn is_reversible(component: &TileComponent<'_>) -> bool {
    component.parameters.coding.reversible
}

fn decode_component<W: Dequantise<Sample: Finish>>(
    component: &TileComponent<'_>,
    source: &TileSource<'_>,
    decoder: &mut BlockDecoder,
    image: Rect,
    target: &mut Component,
) -> Result<()> {
    let range = Range::of(component.size);
    let mut rows = target.rows(image, component);
    component::decode::<W>(component, source, decoder, |samples| {
        if let Some(row) = rows.next() {
            finish_row(row, samples, range);
        }
    })
}

/// Decodes the three components that the colour transform has mixed (annex G).
fn decode_colours<W: Dequantise<Sample: Finish>>(
    components: &[TileComponent<'_>; 3],
    source: &TileSource<'_>,
    decoder: &mut BlockDecoder,
    image: Rect,
    targets: &mut [Component; 3],
) -> Result<()> {
    let [first, others @ ..] = components;
    let alike = |c: &TileComponent<'_>| c.area == first.area && is_reversible(c) == is_reversible(first);
    if !others.iter().all(alike) {
        return Err(MIXED);
    }
    let mut planes = [const { Vec::new() }; 3];
    for (component, plane) in components.iter().zip(&mut planes) {
        plane.reserve_exact(component.area.width() * component.area.height());
        component::decode::<W>(component, source, decoder, |row| plane.extend_from_slice(row))?;
    }
    let width = first.area.width().max(1);
    let [red, green, blue] = targets;
    let rows = red.rows(image, first).zip(green.rows(image, first)).zip(blue.rows(image, first));
    let [y, u, v] = planes.each_ref().map(|plane| plane.chunks_exact(width));
    let ranges = components.each_ref().map(|component| Range::of(component.size));
    for (((red, green), blue), ((y, u), v)) in rows.zip(y.zip(u).zip(v)) {
        let row = red.iter_mut().zip(green).zip(blue).zip(y).zip(u).zip(v);
        for (((((red, green), blue), &y), &u), &v) in row {
            let colours = W::Sample::colours([y, u, v]);
            *red = colours[0].finish(ranges[0]);
            *green = colours[1].finish(ranges[1]);
            *blue = colours[2].finish(ranges[2]);
        }
    }
    Ok(())
}

impl Component {
    fn new(image: Rect, size: ComponentSize) -> Self {
        let area = image.on_grid(size.step);
        let (width, height) = (area.width(), area.height());
        Self {
            width,
            height,
            samples: vec![0; width * height],
            precision: size.precision,
            signed: size.signed,
            step: size.step,
        }
    }

    /// The rows of a tile in this component of an image.
    fn rows(&mut self, image: Rect, tile: &TileComponent<'_>) -> impl Iterator<Item = &mut [u16]> {
        let (image, tile) = (image.on_grid(self.step), tile.area);
        let (x, y) = ((tile.x0 - image.x0) as usize, (tile.y0 - image.y0) as usize);
        let rows = self.samples.chunks_exact_mut(self.width.max(1)).skip(y).take(tile.height());
        rows.map(move |row| &mut row[x..x + tile.width()])
    }
}
