//! The JP2 file around a codestream (ITU-T T.800, annex I). DICOM wants the bare codestream (PS3.5, 8.2.4), and some
//! senders wrap it all the same. The boxes that tell of colour are left unread: the data set says what samples mean.

use super::error::{Error, Result};

/// Start of codestream, then the SIZ marker that must follow it (A.4.1, A.5.1).
const START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
/// The signature box that opens a JP2 file (I.5.1).
const SIGNATURE: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0d, 0x0a, 0x87, 0x0a];

/// The codestream in `bytes`, bare or in a box.
pub(super) fn codestream(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.starts_with(&START) {
        return Ok(bytes);
    }
    let mut rest = bytes.strip_prefix(&SIGNATURE).ok_or(Error::NotJpeg2000)?;
    loop {
        let (length, kind, body) =
            box_header(rest).ok_or(Error::Truncated("the boxes before its codestream"))?;
        if kind == *b"jp2c" {
            // The length of this box may be wrong where the codestream is whole: the codestream's own markers tell.
            return if body.starts_with(&START) { Ok(body) } else { Err(Error::NotJpeg2000) };
        }
        let after = usize::try_from(length).ok().filter(|&length| length > 0).and_then(|at| rest.get(at..));
        rest = after.ok_or(Error::Truncated("the boxes before its codestream"))?;
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
    fn the_codestream_is_found_bare_and_behind_boxes() {
        let bare = [&START[..], &[1, 2, 3]].concat();
        assert_eq!(codestream(&bare), Ok(&bare[..]));
        let header = [&[0, 0, 0, 12][..], b"jp2h", &[1, 2, 3, 4]].concat();
        let long = [&[0, 0, 0, 1][..], b"uuid", &[0, 0, 0, 0, 0, 0, 0, 17], &[9]].concat();
        let file = [&SIGNATURE[..], &header, &long, &[0, 0, 0, 0], b"jp2c", &bare].concat();
        assert_eq!(codestream(&file), Ok(&bare[..]));
        for length in 0..file.len() - bare.len() {
            assert!(codestream(&file[..length]).is_err(), "cut to {length}");
        }
        assert_eq!(codestream(b"\xff\xd8\xff\xe0"), Err(Error::NotJpeg2000));
    }
}
