//! A decoder of JPEG 2000 (ITU-T T.800 | ISO/IEC 15444-1), all of Part 1, in safe Rust and without the wish to show
//! anything of a codestream that is not whole: what is cut or damaged is an error.
//!
//! The way of a picture: `jp2` finds the codestream, `codestream` reads its headers and cuts out the tiles; `tile` lays
//! out precincts and code-blocks, `packet` finds their bytes in the order of `progression`; `block` and its
//! `passes` decode them by `mq` and `context`; `component` makes sub-bands of them, `wavelet` samples, and `colour` the picture.

mod bits;
mod block;
mod bytes;
mod codestream;
mod colour;
mod component;
mod context;
mod error;
mod geometry;
mod jp2;
mod mq;
mod packet;
mod passes;
mod picture;
mod progression;
mod room;
mod tag_tree;
#[cfg(test)]
mod tests;
mod tile;
mod wavelet;

pub(in crate::film) use self::{
    codestream::up_to_end,
    error::Error,
    jp2::{begins, codestream},
    picture::{Component, Limits, decode},
};
