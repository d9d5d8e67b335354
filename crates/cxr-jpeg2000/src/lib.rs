//! A decoder of JPEG 2000 (ITU-T T.800 | ISO/IEC 15444-1): all of Part 1, in safe Rust, for pictures of up to 16 bits.
//! A codestream that is not whole is an error: what is cut or damaged is never shown as a picture.
//!
//! ```
//! use cxr_jpeg2000::{Error, Limits, decode};
//!
//! let bytes = std::fs::read("tests/golden/film_j2k/tiled_lrcp.j2k")?;
//! let limits = Limits { samples: 1 << 20, components: 3 };
//! let image = decode(&bytes, &limits)?;
//! let grey = &image.components[0];
//! assert_eq!(grey.samples.len(), grey.width * grey.height);
//!
//! let half = decode(&bytes[..bytes.len() / 2], &limits);
//! assert!(matches!(half, Err(Error::Truncated(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Inside
//!
//! `jp2` finds the codestream; `codestream` reads its headers and cuts out the tiles; `tile` lays out precincts and
//! code-blocks; `packet` finds their bytes in the order of `progression`; `block` and its `passes` decode them by `mq`
//! and `context`; `component` makes sub-bands of them, `wavelet` samples, and `colour` the picture.

mod bits;
mod block;
mod budget;
mod bytes;
mod codestream;
mod colour;
mod component;
mod context;
mod error;
mod geometry;
mod jp2;
mod limits;
mod mq;
mod packet;
mod passes;
mod picture;
mod progression;
mod tag_tree;
#[cfg(test)]
mod tests;
mod tile;
mod wavelet;

pub use self::{
    codestream::up_to_end,
    error::Error,
    jp2::{begins, codestream},
    limits::Limits,
    picture::{Component, Image, decode},
};
