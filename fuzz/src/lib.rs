//! One function a target: each reads bytes as the program would and holds the result to its contract. What breaks it
//! becomes a file in `crates/cxr-film/tests/regressions`, or a test of the reader.

#![allow(dead_code, unused_imports, missing_docs, unreachable_pub)]

use cxr_film::{DecodeError, Film, guard, text};

/// The reader of PyTorch's files, where its modules expect to be: the package that it is part of takes too long to build.
#[path = "../../src/model"]
mod model {
    #[path = "import"]
    pub(crate) mod import {
        mod pickle;
        mod reader_error;
        mod tensors;
        mod torch;

        /// Reads a file of PyTorch's, zip archive or not.
        pub(crate) fn read(bytes: &[u8]) {
            match zip::ZipArchive::new(std::io::Cursor::new(bytes)) {
                Ok(archive) => drop(torch::read_archive(archive, bytes.len())),
                Err(_) => drop(torch::read_legacy(bytes)),
            }
            drop(pickle::read(bytes));
        }
    }
}

/// Larger pictures are true to what the file claims, and teach the fuzzer nothing but to be slow.
const MOST_PIXELS: usize = 1 << 20;

/// A DICOM file, with meta information or without.
pub fn dicom(bytes: &[u8]) {
    file(bytes);
}

/// A PNG or JPEG file.
pub fn raster(bytes: &[u8]) {
    file(bytes);
}

/// A TIFF file.
pub fn tiff(bytes: &[u8]) {
    if bytes.starts_with(b"II") || bytes.starts_with(b"MM") {
        file(bytes);
    }
}

/// A codestream of JPEG 2000, or a JP2 file, as the frame of a DICOM file.
pub fn jpeg2000(bytes: &[u8]) {
    // SIZ: marker, length, capabilities, then the picture's right and lower edge, and its left and upper one.
    let Some(siz) = bytes.windows(2).position(|marker| marker == [0xff, 0x51]) else { return file(bytes) };
    let number = |at: usize| {
        let number = bytes.get(siz + at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))?;
        usize::try_from(number).ok()
    };
    let side = |edge: usize, start: usize| number(edge)?.checked_sub(number(start)?);
    let bits = bytes.get(siz + 40).map_or(8, |bits| (bits & 0x7f) + 1);
    if let (Some(columns), Some(rows)) = (side(6, 14), side(10, 18)) {
        frame("1.2.840.10008.1.2.4.90", rows, columns, bits, bytes);
    }
}

/// A codestream of lossless JPEG as the frame of a DICOM file, or a whole such file.
pub fn lossless_jpeg(bytes: &[u8]) {
    // SOF3: marker, length, precision, rows, columns.
    let Some(sof) = bytes.windows(2).position(|marker| marker == [0xff, 0xc3]) else { return };
    let Some(&[bits, row_high, row_low, column_high, column_low]) =
        bytes.get(sof + 4..).and_then(|rest| rest.first_chunk())
    else {
        return;
    };
    if bytes.get(128..132) == Some(b"DICM") {
        return file(bytes);
    }
    let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
    frame("1.2.840.10008.1.2.4.57", number(row_high, row_low), number(column_high, column_low), bits, bytes);
}

/// A file of PyTorch's: pickles, in a zip archive or one after the other.
pub fn pickle(bytes: &[u8]) {
    model::import::read(bytes);
}

/// Decodes a file; crashes where the program would tell a lie or break down.
fn file(bytes: &[u8]) {
    // libFuzzer aborts in a panic hook; panics that the program catches are no finding.
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !guard::is_guarded() {
                abort(info);
            }
        }));
    });
    match cxr_film::decode(bytes) {
        Ok(Film { width, height, linear, linear_max, display, .. }) => {
            assert_eq!(linear.len(), width as usize * height as usize);
            assert_eq!(display.len(), linear.len());
            assert!(linear.iter().all(|grey| (0.0..=linear_max).contains(grey)));
        }
        Err(DecodeError { reason, .. }) => {
            assert!(reason.ends_with('.') && !reason.contains(char::is_control), "{reason:?}");
        }
    }
}

/// A DICOM file of one compressed frame.
fn frame(syntax: &str, rows: usize, columns: usize, bits: u8, frame: &[u8]) {
    let (Ok(rows_16), Ok(columns_16)) = (u16::try_from(rows), u16::try_from(columns)) else { return };
    if rows * columns > MOST_PIXELS {
        return;
    }
    let stored = if bits > 8 { 16 } else { 8 };
    let mut bytes = [&[0; 128][..], b"DICM"].concat();
    let short = |number: u16| number.to_le_bytes().to_vec();
    let text = |text: &str| {
        let mut text = text.as_bytes().to_vec();
        text.resize(text.len().next_multiple_of(2), 0);
        text
    };
    for (group, element, vr, value) in [
        (0x0002, 0x0010, b"UI", text(syntax)),
        (0x0008, 0x0060, b"CS", b"DX".to_vec()),
        (0x0028, 0x0002, b"US", short(1)),
        (0x0028, 0x0004, b"CS", b"MONOCHROME2 ".to_vec()),
        (0x0028, 0x0010, b"US", short(rows_16)),
        (0x0028, 0x0011, b"US", short(columns_16)),
        (0x0028, 0x0100, b"US", short(stored)),
        (0x0028, 0x0101, b"US", short(u16::from(bits.min(16)))),
        (0x0028, 0x0102, b"US", short(u16::from(bits.clamp(1, 16)) - 1)),
        (0x0028, 0x0103, b"US", short(0)),
    ] {
        element_begins(&mut bytes, group, element, vr);
        bytes.extend((value.len() as u16).to_le_bytes());
        bytes.extend(value);
    }
    element_begins(&mut bytes, 0x7fe0, 0x0010, b"OB");
    bytes.extend([0, 0, 0xff, 0xff, 0xff, 0xff]);
    // An empty table of offsets, one fragment, the end of the sequence.
    let padded = frame.len().next_multiple_of(2);
    for (element, length) in [(0xe000, 0), (0xe000, padded as u32)] {
        bytes.extend(u16::to_le_bytes(0xfffe));
        bytes.extend(u16::to_le_bytes(element));
        bytes.extend(u32::to_le_bytes(length));
    }
    bytes.extend(frame);
    bytes.resize(bytes.len() + padded - frame.len(), 0);
    bytes.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    file(&bytes);
}

fn element_begins(bytes: &mut Vec<u8>, group: u16, element: u16, vr: &[u8; 2]) {
    bytes.extend(group.to_le_bytes());
    bytes.extend(element.to_le_bytes());
    bytes.extend(vr);
}
