//! The codestream taken apart: headers read, the data of each tile in hand (ITU-T T.800, annex A).

mod coding;
mod packed;
mod parameters;
mod size;

pub(super) use self::{
    coding::Progression,
    parameters::{ComponentParameters, Parameters, Volume},
    size::{ComponentSize, Size},
};
use self::{packed::PackedHeaders, parameters::Scope};
use super::{
    Limits,
    bytes::Bytes,
    error::{Error, Result},
};
use std::borrow::Cow;

const SOC: u16 = 0xff4f;
const CAP: u16 = 0xff50;
const SIZ: u16 = 0xff51;
const COD: u16 = 0xff52;
const COC: u16 = 0xff53;
const QCD: u16 = 0xff5c;
const QCC: u16 = 0xff5d;
const RGN: u16 = 0xff5e;
const POC: u16 = 0xff5f;
const PPM: u16 = 0xff60;
const PPT: u16 = 0xff61;
const SOT: u16 = 0xff90;
const SOD: u16 = 0xff93;
const EOC: u16 = 0xffd9;

/// A codestream: the picture's size and, for each of its tiles, how it is coded and its data.
#[derive(Debug)]
pub(super) struct Codestream<'a> {
    pub(super) size: Size,
    pub(super) parameters: Parameters,
    /// Row by row.
    pub(super) tiles: Vec<TileData<'a>>,
}

/// The contents of the tile-parts of one tile.
#[derive(Debug, Default)]
pub(super) struct TileData<'a> {
    /// Where they differ from those of the picture.
    pub(super) parameters: Option<Box<Parameters>>,
    parts: Vec<&'a [u8]>,
    /// Tile-parts so far, empty ones among them.
    count: usize,
    /// Packet headers that were moved out of the data.
    headers: PackedHeaders<'a>,
}

impl<'a> TileData<'a> {
    /// The packets of all tile-parts, one after the other.
    pub(super) fn packets(&self) -> Cow<'a, [u8]> {
        match &self.parts[..] {
            [] => Cow::Borrowed(&[]),
            [all] => Cow::Borrowed(all),
            parts => Cow::Owned(parts.concat()),
        }
    }

    /// The packet headers, where they stand apart from the packets.
    pub(super) fn packet_headers(&self) -> Result<Option<Vec<u8>>> {
        self.headers.all()
    }
}

impl<'a> Codestream<'a> {
    /// Reads all headers. Tiles without a tile-part and tile-parts without all of their bytes are errors.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let mut bytes = Bytes::new(bytes, "its main header");
        if bytes.u16()? != SOC || bytes.u16()? != SIZ {
            return Err(Error::NotJpeg2000);
        }
        let size = Size::read(segment(&mut bytes)?, limits)?;
        let mut parameters = Parameters::new(size.components.len());
        let mut packed = PackedHeaders::default();
        loop {
            let marker = bytes.u16()?;
            match marker {
                SOT => break,
                CAP => {
                    // Bit 14 of Pcap, from the least significant of 32 on: Part 15 (T.801, A.2.1 and T.814, A.2).
                    if segment(&mut bytes)?.u32()? & 1 << (32 - 15) != 0 {
                        return Err(Error::HighThroughput);
                    }
                }
                PPM => packed.add(segment(&mut bytes)?)?,
                _ => skip_or_apply(marker, &mut bytes, &mut parameters, Scope::Picture)?,
            }
        }
        parameters.check()?;
        let mut packed = packed.of_tile_parts()?.map(Vec::into_iter);
        // Each tile has a tile-part, and each of those 12 bytes at least.
        if size.tiles() > bytes.len() / 12 + 1 {
            return Err(Error::Truncated("its tiles"));
        }
        let mut tiles: Vec<_> = (0..size.tiles()).map(|_| TileData::default()).collect();
        loop {
            let part = TilePart::read(&mut bytes)?;
            let tile = tiles.get_mut(part.tile).ok_or(Error::Damaged("it numbers a tile that it has not"))?;
            if let Some(packed) = &mut packed {
                tile.headers.push(packed.next().ok_or(Error::Truncated("its packed packet headers"))?);
            }
            if part.number != tile.count {
                return Err(Error::Damaged("a part of a tile is missing"));
            }
            tile.count += 1;
            tile.read_part(part.bytes, &parameters)?;
            // The end marker may be missing, and there may be padding after it or for it. That all tiles are whole is
            // found by decoding them.
            let rest = bytes.rest();
            match rest {
                [0xff, 0x90, ..] => bytes.u16()?,
                [] | [_] | [0xff, 0xd9, ..] => break,
                _ if rest.iter().all(|byte| matches!(byte, 0 | 0xff)) => break,
                _ => return Err(Error::Damaged("a tile is shorter or longer than it tells")),
            };
        }
        if tiles.iter().any(|tile| tile.parts.is_empty()) {
            return Err(Error::Truncated("its tiles"));
        }
        Ok(Self { size, parameters, tiles })
    }
}

/// The codestream up to its end marker, which the lengths of its tile-parts lead to; `None` if it is not there.
pub fn up_to_end(codestream: &[u8]) -> Option<&[u8]> {
    let mut bytes = Bytes::new(codestream, "its headers");
    loop {
        let start = codestream.len() - bytes.len();
        match bytes.u16().ok()? {
            EOC => return codestream.get(..start + 2),
            SOT => {
                let mut sot = segment(&mut bytes).ok()?;
                let (_tile, length) = (sot.u16().ok()?, sot.u32().ok()? as usize);
                // Without a length, the last tile-part goes on to the end.
                let end = if length > 0 { start + length } else { last(codestream, EOC)? };
                bytes.take(end.checked_sub(codestream.len() - bytes.len())?).ok()?;
            }
            SOC | 0xff30..=0xff3f => {}
            _ => drop(segment(&mut bytes).ok()?),
        }
    }
}

/// Returns where the last marker of a kind begins.
fn last(codestream: &[u8], marker: u16) -> Option<usize> {
    codestream.windows(2).rposition(|bytes| bytes == marker.to_be_bytes())
}

/// One tile-part: which of which tile, and its bytes after the SOT segment.
#[derive(Debug)]
struct TilePart<'a> {
    tile: usize,
    number: usize,
    bytes: Bytes<'a>,
}

impl<'a> TilePart<'a> {
    /// Reads from behind the SOT marker (A.4.2).
    fn read(bytes: &mut Bytes<'a>) -> Result<Self> {
        let whole = bytes.len() + 2;
        let mut sot = segment(bytes)?;
        let (tile, length) = (usize::from(sot.u16()?), sot.u32()? as usize);
        // How many parts the tile has in all may be left open, and is often told wrong.
        let (number, _count) = (usize::from(sot.u8()?), sot.u8()?);
        let header = whole - bytes.len();
        let length = match length {
            0 => {
                // To the end of the codestream, which may have its marker.
                let rest = bytes.rest();
                rest.len() - if rest.ends_with(&EOC.to_be_bytes()) { 2 } else { 0 }
            }
            _ => length.checked_sub(header).ok_or(Error::Damaged("a tile is shorter than its header"))?,
        };
        let part = bytes.take(length).map_err(|_| Error::Truncated("a tile"))?;
        Ok(Self { tile, number, bytes: Bytes::new(part, "the header of a tile") })
    }
}

impl<'a> TileData<'a> {
    fn read_part(&mut self, mut bytes: Bytes<'a>, picture: &Parameters) -> Result<()> {
        if bytes.is_empty() && !self.parts.is_empty() {
            return Ok(());
        }
        loop {
            match bytes.u16()? {
                SOD => break,
                PPT => self.headers.add(segment(&mut bytes)?)?,
                marker @ (COD | COC | QCD | QCC | RGN | POC) => {
                    let parameters = self.parameters.get_or_insert_with(|| Box::new(picture.of_tile()));
                    skip_or_apply(marker, &mut bytes, parameters, Scope::Tile)?;
                }
                marker => skip(marker, &mut bytes)?,
            }
        }
        if let Some(parameters) = &self.parameters {
            parameters.check()?;
        }
        self.parts.push(bytes.rest());
        Ok(())
    }
}

/// Reads a marker's segment into the parameters, or over it.
fn skip_or_apply(
    marker: u16,
    bytes: &mut Bytes<'_>,
    parameters: &mut Parameters,
    scope: Scope,
) -> Result<()> {
    match marker {
        COD => parameters.read_cod(segment(bytes)?, scope),
        COC => parameters.read_coc(segment(bytes)?, scope),
        QCD => parameters.read_qcd(segment(bytes)?, scope),
        QCC => parameters.read_qcc(segment(bytes)?, scope),
        RGN => parameters.read_rgn(segment(bytes)?),
        POC => parameters.read_poc(segment(bytes)?),
        _ => skip(marker, bytes),
    }
}

/// Reads over a marker that tells nothing needed: comments, lengths, offsets, and what newer editions may add.
fn skip(marker: u16, bytes: &mut Bytes<'_>) -> Result<()> {
    match marker {
        0xff30..=0xff3f => Ok(()), // without a segment (A.1.1)
        0xff52..=0xff6f => segment(bytes).map(drop),
        // Other ways to decorrelate components, and what is not linear (T.801, A.3)
        0xff74..=0xff78 => Err(Error::Unsupported("it uses extensions of JPEG 2000 that no film needs")),
        _ => Err(Error::Damaged("its header is garbled")),
    }
}

/// The segment that follows a marker, without its length.
fn segment<'a>(bytes: &mut Bytes<'a>) -> Result<Bytes<'a>> {
    let length = usize::from(bytes.u16()?).checked_sub(2).ok_or(Error::Damaged("its header is garbled"))?;
    Ok(Bytes::new(bytes.take(length)?, "a marker segment"))
}
