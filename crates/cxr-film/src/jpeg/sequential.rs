//! Whether the coded data of a baseline or extended JPEG (ITU-T T.81, annex F) hold all blocks of the picture. Its
//! decoders fill with grey what is missing, which a model would read as film.

use super::{
    bits::{Bits, Table},
    error::{Error, Result},
    markers::{DHT, DRI, Intervals, SOS, Segment, Segments, restart_interval},
};

/// Walks through the Huffman codes of all scans without decoding a sample.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let mut frame: Option<Frame> = None;
    let mut tables = [const { [const { None }; 4] }; 2];
    let mut interval = 0;
    for segment in Segments::new(bytes) {
        match (segment.marker, &mut frame) {
            (DHT, _) => read_tables(segment.body, &mut tables)?,
            (DRI, _) => interval = restart_interval(segment.body)?,
            (SOS, Some(frame)) => frame.scan(&segment, &tables, interval)?,
            (0xc0 | 0xc1, None) => frame = Some(Frame::read(segment.body)?),
            _ => {}
        }
    }
    let frame = frame.ok_or(Error::Truncated("its header"))?;
    if frame.components.iter().all(|component| component.scanned) {
        Ok(())
    } else {
        Err(Error::Truncated("its data"))
    }
}

/// Tables of both classes: of the first coefficient of a block, and of the others.
type Tables = [[Option<Table>; 4]; 2];

fn read_tables(mut body: &[u8], tables: &mut Tables) -> Result<()> {
    while let [place, rest @ ..] = body {
        let (table, rest) = Table::read(rest)?;
        body = rest;
        let class = tables.get_mut(usize::from(place >> 4));
        let place = class.and_then(|class| class.get_mut(usize::from(place & 15)));
        *place.ok_or(Error::Damaged("a Huffman table has no place"))? = Some(table);
    }
    Ok(())
}

struct Frame {
    width: usize,
    height: usize,
    components: Vec<Component>,
}

struct Component {
    identifier: u8,
    /// Samples by the largest of the frame's factors, across and down.
    factors: (usize, usize),
    scanned: bool,
}

impl Frame {
    fn read(body: &[u8]) -> Result<Self> {
        let cut = Error::Truncated("its frame header");
        let (&[_, y1, y0, x1, x0, count], rest) = body.split_first_chunk().ok_or(cut)?;
        let [width, height] = [[x1, x0], [y1, y0]].map(|two| usize::from(u16::from_be_bytes(two)));
        let components = rest.as_chunks::<3>().0.get(..usize::from(count)).ok_or(cut)?;
        let components: Vec<_> = components
            .iter()
            .map(|&[identifier, factors, _]| Component {
                identifier,
                factors: (usize::from(factors >> 4), usize::from(factors & 15)),
                scanned: false,
            })
            .collect();
        let in_range = |c: &Component| (1..=4).contains(&c.factors.0) && (1..=4).contains(&c.factors.1);
        if components.is_empty() || !components.iter().all(in_range) {
            return Err(Error::Damaged("its frame header makes no sense"));
        }
        Ok(Self { width, height, components })
    }

    fn scan(&mut self, scan: &Segment<'_>, tables: &Tables, interval: usize) -> Result<()> {
        let cut = Error::Truncated("a scan header");
        let (&count, rest) = scan.body.split_first().ok_or(cut)?;
        let selectors = rest.get(..2 * usize::from(count)).ok_or(cut)?.as_chunks::<2>().0;
        let mut blocks = Vec::with_capacity(4);
        let mut factors = (1, 1);
        for &[selector, places] in selectors {
            let is_new = |c: &&mut Component| c.identifier == selector && !c.scanned;
            let component = self.components.iter_mut().find(is_new);
            let component = component.ok_or(Error::Damaged("a scan holds a component that it cannot"))?;
            component.scanned = true;
            factors = component.factors;
            let table = |class: usize, place: u8| {
                let table = tables[class].get(usize::from(place)).and_then(Option::as_ref);
                table.ok_or(Error::Damaged("a Huffman table is missing"))
            };
            let block = (table(0, places >> 4)?, table(1, places & 15)?);
            let several = if count == 1 { 1 } else { factors.0 * factors.1 };
            blocks.extend(std::iter::repeat_n(block, several));
        }
        let units = if count == 1 { self.blocks(factors) } else { self.units() };
        let per_interval = if interval == 0 { units } else { interval };
        let mut intervals = Intervals::new(scan.coded);
        for first in (0..units).step_by(per_interval.max(1)) {
            let mut bits = Bits::new(intervals.next()?);
            for _ in first..units.min(first + per_interval) {
                for &(first, others) in &blocks {
                    skip_block(&mut bits, first, others)?;
                }
            }
        }
        Ok(())
    }

    fn most(&self) -> (usize, usize) {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        (most(|c| c.factors.0), most(|c| c.factors.1))
    }

    /// Blocks of a component that is alone in its scan (A.2.2).
    fn blocks(&self, factors: (usize, usize)) -> usize {
        let most = self.most();
        let along = |size: usize, factor: usize, most: usize| (size * factor).div_ceil(most).div_ceil(8);
        along(self.width, factors.0, most.0) * along(self.height, factors.1, most.1)
    }

    /// Minimum coded units of a scan of several components (A.2.3).
    fn units(&self) -> usize {
        let most = self.most();
        self.width.div_ceil(8 * most.0) * self.height.div_ceil(8 * most.1)
    }
}

/// Passes over the 64 coefficients of a block (F.2.2).
fn skip_block(bits: &mut Bits<'_>, first: &Table, others: &Table) -> Result<()> {
    let mut skip = |table| bits.skip_number(table);
    let mut block = || {
        skip(first)?;
        let mut at = 1;
        while at < 64 {
            let value = skip(others)?;
            at += match (value >> 4, value & 15) {
                (0..15, 0) => 64, // the rest is nothing
                (zeros, _) => zeros + 1,
            };
        }
        Some(())
    };
    let whole = block().is_some();
    if bits.ran_out() {
        return Err(Error::Truncated("its data"));
    }
    if whole { Ok(()) } else { Err(Error::Damaged("its data hold an unknown code")) }
}
