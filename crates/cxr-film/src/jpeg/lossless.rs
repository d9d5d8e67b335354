//! A decoder of lossless JPEG (ITU-T T.81, process 14 with all its predictors, point transforms and restart
//! intervals; annex H), which shows nothing of a picture that is not whole.

use super::{
    ARITHMETIC, HIERARCHICAL,
    bits::{Bits, Table},
    error::{Error, Result},
    markers::{DHT, DRI, Intervals, SOS, Segment, Segments, restart_interval},
    predict::{Predictor, reconstruct_first},
};

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Samples a row and component.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// Components: 1 for grey, 3 for colour.
    pub(crate) components: usize,
    /// Bits a sample, 2 to 16.
    pub(crate) precision: u8,
    /// Row by row, the components of a pixel beside each other. Encoders may put more bits in than the precision
    /// (T.81 reckons modulo 65,536), such as the sign of negative numbers; they are left as they are.
    pub(crate) samples: Vec<u16>,
}

/// Decodes a lossless JPEG of up to so many samples. What lies behind its end marker is left alone, and the marker may
/// be missing where all samples are there.
///
/// # Errors
///
/// [`Error::Truncated`] if bytes are missing, [`Error::Damaged`] if they contradict each other, and the others
/// for what is legal and not decoded.
pub(crate) fn decode(bytes: &[u8], max_samples: u64) -> Result<Picture> {
    let mut decoder: Option<Decoder> = None;
    let mut tables = [const { None }; 4];
    let mut interval = 0;
    for segment in Segments::new(bytes) {
        match (segment.marker, &mut decoder) {
            (DHT, _) => read_tables(segment.body, &mut tables)?,
            (DRI, _) => interval = restart_interval(segment.body)?,
            (SOS, Some(decoder)) => decoder.scan(&segment, &tables, interval)?,
            (SOS, None) => return Err(Error::Damaged("it has data before its frame header")),
            (0xc3, None) => decoder = Some(Decoder::new(segment.body, bytes.len(), max_samples)?),
            (0xc3, Some(_)) => return Err(Error::Damaged("it has two frame headers")),
            (0xcb, _) => return Err(Error::Unsupported(ARITHMETIC)),
            (0xc5..=0xc7 | 0xcd..=0xcf | 0xde, _) => return Err(Error::Unsupported(HIERARCHICAL)),
            (0xc0..=0xc2 | 0xc9 | 0xca, _) => return Err(Error::Unsupported("it is not lossless")),
            _ => {}
        }
    }
    let decoder = decoder.ok_or(Error::Truncated("its header"))?;
    if decoder.components.iter().any(|component| !component.decoded) {
        return Err(Error::Truncated("its data"));
    }
    Ok(decoder.picture)
}

/// Reads the tables of a DHT segment into their places (B.2.4.2). Those of the class for cosine transforms are
/// passed over.
fn read_tables(mut body: &[u8], tables: &mut [Option<Table>; 4]) -> Result<()> {
    while let [place, rest @ ..] = body {
        let (table, rest) = Table::read(rest)?;
        body = rest;
        if place >> 4 == 0 {
            let place = tables.get_mut(usize::from(place & 15));
            *place.ok_or(Error::Damaged("a Huffman table has no place"))? = Some(table);
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Decoder {
    picture: Picture,
    components: Vec<Component>,
}

/// A component of the frame header (B.2.2).
#[derive(Debug)]
struct Component {
    identifier: u8,
    decoded: bool,
}

/// A component of a scan, with two rows before the point transform is undone.
struct Channel<'a> {
    /// Its place in the frame header.
    index: usize,
    table: &'a Table,
    above: Vec<u16>,
    row: Vec<u16>,
}

impl Decoder {
    /// Reads the frame header SOF3. A file of `length` bytes that cannot hold its samples takes no memory.
    fn new(body: &[u8], length: usize, max_samples: u64) -> Result<Self> {
        let (&[precision, y1, y0, x1, x0, count], specifications) =
            body.split_first_chunk().ok_or(Error::Truncated("its frame header"))?;
        let [width, height] = [[x1, x0], [y1, y0]].map(|two| usize::from(u16::from_be_bytes(two)));
        let specifications = specifications.as_chunks::<3>().0.get(..usize::from(count));
        let specifications = specifications.ok_or(Error::Truncated("its frame header"))?;
        if !(2..=16).contains(&precision) || width == 0 || specifications.is_empty() {
            return Err(Error::Damaged("its frame header makes no sense"));
        }
        if height == 0 {
            return Err(Error::Unsupported("it tells its height behind the picture"));
        }
        let several = specifications.len() > 1;
        if specifications.len() > 4
            || several && specifications.iter().any(|&[_, factors, _]| factors != 0x11)
        {
            return Err(Error::Unsupported("its components differ in size"));
        }
        let components: Vec<_> =
            specifications.iter().map(|&[identifier, ..]| Component { identifier, decoded: false }).collect();
        let samples = width * height * components.len();
        if samples as u64 > max_samples {
            return Err(Error::TooLarge);
        }
        // A code has one bit at least.
        if samples / 8 > length {
            return Err(Error::Truncated("its data"));
        }
        let picture =
            Picture { width, height, components: components.len(), precision, samples: vec![0; samples] };
        Ok(Self { picture, components })
    }

    /// Decodes a scan (B.2.3). Each component is in one of them.
    fn scan(&mut self, scan: &Segment<'_>, tables: &[Option<Table>; 4], interval: usize) -> Result<()> {
        let cut = Error::Truncated("a scan header");
        let (&count, rest) = scan.body.split_first().ok_or(cut)?;
        let (selectors, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(cut)?;
        let &[selection, _, shift] = rest.first_chunk().ok_or(cut)?;
        let (predictor, shift) = (Predictor::read(selection)?, u32::from(shift & 15));
        let precision = u32::from(self.picture.precision);
        if shift >= precision {
            return Err(Error::Damaged("its point transform leaves nothing of a sample"));
        }
        let width = self.picture.width;
        let mut channels = Vec::with_capacity(4);
        for &[selector, table] in selectors.as_chunks::<2>().0 {
            let is_new = |c: &Component| c.identifier == selector && !c.decoded;
            let index = self.components.iter().position(is_new);
            let index = index.ok_or(Error::Damaged("a scan holds a component that it cannot"))?;
            self.components[index].decoded = true;
            let table = tables.get(usize::from(table >> 4)).and_then(Option::as_ref);
            let table = table.ok_or(Error::Damaged("a Huffman table is missing"))?;
            if !table.is_of_differences() {
                return Err(Error::Damaged("a Huffman table holds what no lossless JPEG has"));
            }
            channels.push(Channel { index, table, above: vec![0; width], row: vec![0; width] });
        }
        if !interval.is_multiple_of(width) {
            return Err(Error::Unsupported("it restarts within a row"));
        }
        let rows = if interval == 0 { self.picture.height } else { interval / width };
        let mut intervals = Intervals::new(scan.coded);
        for first in (0..self.picture.height).step_by(rows) {
            let mut bits = Bits::new(intervals.next()?);
            for y in first..self.picture.height.min(first + rows) {
                read_row(&mut bits, &mut channels)?;
                for channel in &mut channels {
                    if y == first {
                        reconstruct_first(&mut channel.row, 1 << (precision - shift - 1));
                    } else {
                        predictor.reconstruct(&mut channel.row, &channel.above);
                    }
                    self.picture.put(channel, y, shift);
                    std::mem::swap(&mut channel.row, &mut channel.above);
                }
            }
            is_used_up(bits.rest())?;
        }
        is_used_up(intervals.rest())
    }
}

/// Reads a row of differences.
fn read_row(bits: &mut Bits<'_>, channels: &mut [Channel<'_>]) -> Result<()> {
    // Told apart where the bits have run out: what was read behind their end contradicts itself by accident.
    let fault = |bits: &Bits<'_>| {
        if bits.ran_out() {
            Error::Truncated("its data")
        } else {
            Error::Damaged("its data hold an unknown code")
        }
    };
    if let [channel] = channels {
        for difference in &mut channel.row {
            *difference = bits.number(channel.table).ok_or_else(|| fault(bits))? as u16;
        }
    } else {
        for x in 0..channels.first().map_or(0, |channel| channel.row.len()) {
            for channel in &mut *channels {
                channel.row[x] = bits.number(channel.table).ok_or_else(|| fault(bits))? as u16;
            }
        }
    }
    if bits.ran_out() { Err(Error::Truncated("its data")) } else { Ok(()) }
}

/// Bytes of any kind that encoders may leave behind the last sample.
const MAX_PADDING: usize = 16;

/// So much that is left was meant to be read: bytes before it are damaged.
fn is_used_up(rest: &[u8]) -> Result<()> {
    if rest.len() > MAX_PADDING && rest.iter().any(|byte| !matches!(byte, 0 | 0xff)) {
        return Err(Error::Damaged("it has more data than its samples take"));
    }
    Ok(())
}

impl Picture {
    /// Puts a row into its place, with the point transform undone (H.1.1).
    fn put(&mut self, channel: &Channel<'_>, y: usize, shift: u32) {
        let stride = self.width * self.components;
        let row = &mut self.samples[y * stride..(y + 1) * stride];
        for (to, &sample) in row.iter_mut().skip(channel.index).step_by(self.components).zip(&channel.row) {
            *to = sample << shift;
        }
    }
}
