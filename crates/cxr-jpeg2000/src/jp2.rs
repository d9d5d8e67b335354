//! The JP2 file around a codestream (ITU-T T.800, annex I). DICOM wants the bare codestream (PS3.5, 8.2.4), and some
//! senders wrap it all the same. The boxes that tell of colour are left unread: the data set says what samples mean.

use super::error::{Error, Result};

/// Start of codestream, then the SIZ marker that must follow it (A.4.1, A.5.1).
const START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
/// The signature box that opens a JP2 file (I.5.1).
const SIGNATURE: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0d, 0x0a, 0x87, 0x0a];

/// Returns whether bytes begin as a codestream or as a JP2 file.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&START) || bytes.starts_with(&SIGNATURE)
}

/// The codestream in `bytes`, bare or in a box, with whatever lies behind it.
pub fn codestream(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.starts_with(&START) {
        return Ok(bytes);
    }
    let boxes = bytes.strip_prefix(&SIGNATURE).ok_or(Error::NotJpeg2000)?;
    // Where the boxes do not lead to it, their lengths are wrong, and it is there all the same.
    in_boxes(boxes)
        .or_else(|| {
            boxes.windows(START.len()).position(|bytes| bytes == START).and_then(|at| boxes.get(at..))
        })
        .ok_or(Error::Truncated("the boxes before its codestream"))
}

/// Follows the boxes to that of the codestream. Its own length may be wrong where the codestream is whole, whose
/// markers tell where it ends.
fn in_boxes(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (length, kind, body) = box_header(rest)?;
        if kind == *b"jp2c" && body.starts_with(&START) {
            return Some(body);
        }
        rest = rest.get(usize::try_from(length).ok().filter(|&length| length > 0)?..)?;
    }
}

/// Length of the first box with its header, its kind, and what follows that header (I.4). A length of 0 lasts to the
/// end of the file.
fn box_header(bytes: &[u8]) -> Option<(u64, [u8; 4], &[u8])> {
    let (short, rest) = bytes.split_first_chunk()?;
    let (kind, rest) = rest.split_first_chunk()?;
    match u32::from_be_bytes(*short) {
        1 => {
            let (long, rest) = rest.split_first_chunk()?;
            Some((u64::from_be_bytes(*long).max(16), *kind, rest))
        }
        0 => Some((0, *kind, rest)),
        length => Some((u64::from(length).max(8), *kind, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codestream_is_found_bare_and_behind_boxes_of_any_length() {
        let bare = [&START[..], &[1, 2, 3]].concat();
        assert_eq!(codestream(&bare), Ok(&bare[..]));
        let header = [&[0, 0, 0, 12][..], b"jp2h", &[1, 2, 3, 4]].concat();
        let long = [&[0, 0, 0, 1][..], b"uuid", &[0, 0, 0, 0, 0, 1, 0, 16], &[9; 65_536]].concat();
        let unknown = [&[0, 0, 0, 8][..], b"what"].concat();
        // A thumbnail in a box is not the picture.
        let decoy = [&[0, 0, 0, 16][..], b"uuid", &START, &[7, 7, 7, 7]].concat();
        let boxes = [&SIGNATURE[..], &header, &long, &unknown, &decoy].concat();
        for length in [[0, 0, 0, 0], [0, 0, 0, 15], [0, 0, 0, 9], [0, 1, 0, 0]] {
            let file = [&boxes[..], &length, b"jp2c", &bare].concat();
            assert_eq!(codestream(&file), Ok(&bare[..]), "{length:?}");
        }
        let extended = [&boxes[..], &[0, 0, 0, 1], b"jp2c", &[0, 0, 0, 0, 0, 0, 0, 23], &bare].concat();
        assert_eq!(codestream(&extended), Ok(&bare[..]));
        for length in 0..boxes.len().min(24 + header.len()) {
            assert!(codestream(&boxes[..length]).is_err(), "cut to {length}");
        }
        let wrong = [&SIGNATURE[..], &[0, 9, 9, 9], b"uuid", &[0; 5], &[0, 0, 0, 0], b"jp2c", &bare].concat();
        assert_eq!(codestream(&wrong), Ok(&bare[..]), "a box that claims more than there is");
        assert_eq!(codestream(b"\xff\xd8\xff\xe0"), Err(Error::NotJpeg2000));
    }
}
