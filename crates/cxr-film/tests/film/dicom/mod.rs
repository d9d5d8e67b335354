//! The DICOM grey chain, on objects made for the purpose: polarity, windows, tables, layouts of stored
//! bits, file shapes, text, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests may panic

mod make;

mod files;
mod frames;
mod layouts;
mod polarity;
mod suited;
mod windows;
