//! The parameters of a picture or of one of its tiles, and which segment has the last word (ITU-T T.800, A.6).

use super::{
    super::{
        bytes::Bytes,
        error::{Error, Result},
    },
    coding::{Coding, Progression},
};

/// Most changes of progression that are followed; there are as many as resolutions times components at most.
const MAX_VOLUMES: usize = 1024;

/// Sub-bands of 32 decompositions. Further step sizes are of none, and each tile has a copy of all.
const MAX_STEPS: usize = 3 * 32 + 1;

/// Whether a segment stands in the main header or in that of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Picture,
    Tile,
}

/// How strong a word is: one of a tile goes before one of the picture, one of a component before one of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Rank {
    #[default]
    Unset,
    Picture,
    PictureComponent,
    Tile,
    TileComponent,
}

impl Scope {
    fn rank(self, of_component: bool) -> Rank {
        match (self, of_component) {
            (Self::Picture, false) => Rank::Picture,
            (Self::Picture, true) => Rank::PictureComponent,
            (Self::Tile, false) => Rank::Tile,
            (Self::Tile, true) => Rank::TileComponent,
        }
    }
}

/// A value with the rank of the segment that gave it.
#[derive(Debug, Clone)]
struct Ranked<T> {
    rank: Rank,
    value: Option<T>,
}

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self { rank: Rank::Unset, value: None }
    }
}

impl<T> Ranked<T> {
    fn set(&mut self, rank: Rank, value: T) {
        if rank >= self.rank {
            *self = Self { rank, value: Some(value) };
        }
    }
}

/// How a picture or a tile is coded.
#[derive(Debug, Clone)]
pub(in super::super) struct Parameters {
    progression: Option<Progression>,
    /// Quality layers, at least 1.
    pub(in super::super) layers: u16,
    /// Whether the first three components went through a colour transform (annex G).
    pub(in super::super) colour_transform: bool,
    /// Whether each packet header may end with a marker.
    pub(in super::super) marks_headers: bool,
    /// Changes of the progression order; without any, that of COD holds.
    volumes: Vec<Volume>,
    components: Vec<Component>,
}

#[derive(Debug, Clone, Default)]
struct Component {
    coding: Ranked<Coding>,
    quantisation: Ranked<Quantisation>,
    roi_shift: u8,
}

/// The parameters of one component.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct ComponentParameters<'a> {
    pub(in super::super) coding: &'a Coding,
    pub(in super::super) quantisation: &'a Quantisation,
    /// By how many bit-planes coefficients of the region of interest were shifted up (annex H).
    pub(in super::super) roi_shift: u8,
}

/// Packets in one progression order: all up to these ends that have not come yet (A.6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Volume {
    pub(in super::super) progression: Progression,
    pub(in super::super) resolutions: (u8, u8),
    pub(in super::super) components: (u16, u16),
    pub(in super::super) layers: u16,
}

/// Step sizes of the sub-bands (A.6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Quantisation {
    guard_bits: u8,
    derived: bool,
    /// Exponent and mantissa by sub-band: LL, then HL, LH and HH from the lowest resolution up.
    steps: Vec<(u8, u16)>,
}

impl Quantisation {
    fn read(mut bytes: Bytes<'_>) -> Result<Self> {
        let style = bytes.u8()?;
        let mut steps = Vec::new();
        match style & 31 {
            0 => steps.extend(bytes.rest().iter().take(MAX_STEPS).map(|&byte| (byte >> 3, 0))),
            1 | 2 => {
                let (pairs, _) = bytes.rest().as_chunks();
                steps.extend(pairs.iter().take(MAX_STEPS).map(|&pair| u16::from_be_bytes(pair)).map(
                    |step| {
                        ((step >> 11) as u8, step & 0x7ff) // 5 and 11 bits
                    },
                ));
            }
            _ => return Err(Error::Damaged("its quantisation is of no known kind")),
        }
        Ok(Self { guard_bits: style >> 5, derived: style & 31 == 1, steps })
    }

    /// Guard bits, and the exponent and mantissa of a sub-band, 0 to 3 (LL, HL, LH, HH) of a resolution (E.1).
    pub(in super::super) fn step(&self, resolution: u8, orientation: u8) -> Result<(u8, u8, u16)> {
        let missing = Error::Damaged("its quantisation leaves out a sub-band");
        let (exponent, mantissa) = if self.derived {
            let &(exponent, mantissa) = self.steps.first().ok_or(missing)?;
            (exponent.saturating_sub(resolution.saturating_sub(1)), mantissa) // equation E-5
        } else {
            let index = (3 * usize::from(resolution) + usize::from(orientation)).saturating_sub(3);
            *self.steps.get(index).ok_or(missing)?
        };
        Ok((self.guard_bits, exponent, mantissa))
    }
}

impl Parameters {
    pub(super) fn new(components: usize) -> Self {
        Self {
            progression: None,
            layers: 1,
            colour_transform: false,
            marks_headers: false,
            volumes: Vec::new(),
            components: vec![Component::default(); components],
        }
    }

    /// Returns the parameters that a tile starts from: its changes of progression replace those of the picture.
    pub(super) fn of_tile(&self) -> Self {
        Self { volumes: Vec::new(), ..self.clone() }
    }

    pub(super) fn check(&self) -> Result<()> {
        let complete = |c: &Component| c.coding.value.is_some() && c.quantisation.value.is_some();
        if self.progression.is_none() || !self.components.iter().all(complete) {
            return Err(Error::Damaged("its header does not tell how it is coded"));
        }
        Ok(())
    }

    pub(in super::super) fn component(&self, index: usize) -> Result<ComponentParameters<'_>> {
        self.components
            .get(index)
            .and_then(|component| {
                Some(ComponentParameters {
                    coding: component.coding.value.as_ref()?,
                    quantisation: component.quantisation.value.as_ref()?,
                    roi_shift: component.roi_shift,
                })
            })
            .ok_or(Error::Damaged("its header does not tell how it is coded"))
    }

    /// The order of the packets, in one or more volumes. A tile without changes of its own has `picture`'s.
    pub(in super::super) fn volumes(&self, picture: &Self) -> Vec<Volume> {
        for volumes in [&self.volumes, &picture.volumes] {
            if !volumes.is_empty() {
                return volumes.clone();
            }
        }
        let progression = self.progression.unwrap_or(Progression::Lrcp);
        let all = Volume { progression, resolutions: (0, 33), components: (0, u16::MAX), layers: u16::MAX };
        vec![all]
    }

    pub(super) fn read_cod(&mut self, mut bytes: Bytes<'_>, scope: Scope) -> Result<()> {
        let style = bytes.u8()?;
        self.marks_headers = style & 4 != 0;
        self.progression = Some(Progression::read(&mut bytes)?);
        self.layers = bytes.u16()?;
        let transform = bytes.u8()?;
        if style > 7 || self.layers == 0 || transform > 1 {
            return Err(Error::Damaged("its coding parameters are out of range"));
        }
        self.colour_transform = transform == 1;
        let coding = Coding::read(&mut bytes, style & 1 != 0)?;
        for component in &mut self.components {
            component.coding.set(scope.rank(false), coding);
        }
        Ok(())
    }

    pub(super) fn read_coc(&mut self, mut bytes: Bytes<'_>, scope: Scope) -> Result<()> {
        let component = self.named(&mut bytes)?;
        let sized = bytes.u8()? & 1 != 0;
        component.coding.set(scope.rank(true), Coding::read(&mut bytes, sized)?);
        Ok(())
    }

    pub(super) fn read_qcd(&mut self, bytes: Bytes<'_>, scope: Scope) -> Result<()> {
        let quantisation = Quantisation::read(bytes)?;
        for component in &mut self.components {
            component.quantisation.set(scope.rank(false), quantisation.clone());
        }
        Ok(())
    }

    pub(super) fn read_qcc(&mut self, mut bytes: Bytes<'_>, scope: Scope) -> Result<()> {
        let component = self.named(&mut bytes)?;
        component.quantisation.set(scope.rank(true), Quantisation::read(bytes)?);
        Ok(())
    }

    pub(super) fn read_rgn(&mut self, mut bytes: Bytes<'_>) -> Result<()> {
        let component = self.named(&mut bytes)?;
        if bytes.u8()? != 0 {
            return Err(Error::Damaged("its region of interest is of no known kind"));
        }
        component.roi_shift = bytes.u8()?;
        Ok(())
    }

    pub(super) fn read_poc(&mut self, mut bytes: Bytes<'_>) -> Result<()> {
        while !bytes.is_empty() {
            let components = self.components.len();
            let number = |bytes: &mut Bytes<'_>| {
                if components < 257 { bytes.u8().map(u16::from) } else { bytes.u16() }
            };
            let (from, first, layers) = (bytes.u8()?, number(&mut bytes)?, bytes.u16()?);
            let (to, last) = (bytes.u8()?, number(&mut bytes)?);
            let progression = Progression::read(&mut bytes)?;
            // In one byte, 256 components cannot be told but as 0.
            let last = if last == 0 { u16::MAX } else { last };
            if self.volumes.len() == MAX_VOLUMES {
                return Err(Error::TooLarge("it changes its order more often than any film"));
            }
            self.volumes.push(Volume {
                progression,
                resolutions: (from, to),
                components: (first, last),
                layers,
            });
        }
        Ok(())
    }

    fn named(&mut self, bytes: &mut Bytes<'_>) -> Result<&mut Component> {
        let index = bytes.component(self.components.len())?;
        self.components.get_mut(index).ok_or(Error::Damaged("it numbers a component that it has not"))
    }
}
