//! The kind of a file, by its first bytes. Names lie: departments send films without extension, and
//! error pages that are called `.dcm`.

use std::io::Read;

use flate2::read::ZlibDecoder;
use image::ImageFormat;

use super::{dicom, jpeg, raster::tiff};

/// The kind of a file by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A DICOM file or data set, with or without preamble and file meta information (PS3.10 section 7); its
    /// first element is at this offset.
    Dicom(usize),
    /// A picture that [`super::raster`] reads.
    Raster(ImageFormat),
    /// Something else; the sentence says what, and what to do.
    NoFilm(String),
}

/// Raster formats by magic number.
const RASTERS: [(&[u8], ImageFormat); 6] = [
    (b"\x89PNG\r\n\x1a\n", ImageFormat::Png),
    (b"\xff\xd8\xff", ImageFormat::Jpeg),
    (&tiff::MAGIC[0], ImageFormat::Tiff),
    (&tiff::MAGIC[1], ImageFormat::Tiff),
    (&tiff::MAGIC[2], ImageFormat::Tiff),
    (&tiff::MAGIC[3], ImageFormat::Tiff),
];

/// Files that are no film by magic number: name, what to do.
const STRANGERS: [(&[u8], &str, &str); 13] = [
    (b"%PDF", "a PDF document", "send the film itself as DICOM, PNG, JPEG or TIFF"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it into the inbox"),
    (b"\x1f\x8b", "a gzip archive", "unpack it into the inbox"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it into the inbox"),
    (b"BZh", "a bzip2 archive", "unpack it into the inbox"),
    (b"\xfd7zXZ\0", "an XZ archive", "unpack it into the inbox"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it into the inbox"),
    (b"GIF8", "a GIF picture", "save the film as PNG"),
    (b"BM", "a BMP picture", "save the film as PNG"),
    (b"RIFF", "a WebP or RIFF file", "save the film as PNG"),
    (b"\0\0\0\x0cjP  ", "a bare JPEG 2000 picture", "send the film as DICOM or PNG"),
    (b"\xff\x4f\xff\x51", "a bare JPEG 2000 picture", "send the film as DICOM or PNG"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture", "send the film as DICOM or PNG"),
];

/// Tells by content what a file is.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return no_film("The file is empty: its transfer never finished; send the film again.");
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return Kind::Dicom(132);
    }
    if dicom::is_bare(bytes) {
        return Kind::Dicom(0);
    }
    if let Some(what) = jpeg::unusual_kind(bytes) {
        return no_film(&format!(
            "This is {what}, which is not read: send the film as DICOM or save it as PNG."
        ));
    }
    if let Some((_, format)) = RASTERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Kind::Raster(*format);
    }
    if let Some((_, what, remedy)) = STRANGERS.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return no_film(&format!("This is {what}, not a film: {remedy}."));
    }
    if is_zlib(bytes) {
        return no_film("This is a zlib stream, not a film: inflate it before it goes into the inbox.");
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return no_film(
            "The file holds nothing but zeros: its transfer never finished; send the film again.",
        );
    }
    match text(bytes) {
        Some(text) if looks_like_web_page(&text) => {
            no_film("This is a web page, not a film: the sender saved an error page; send the film again.")
        }
        Some(_) => no_film("This is a text file, not a film: check what the sender puts into the inbox."),
        None if dicom::is_deflated(bytes) => Kind::Dicom(0),
        None => {
            no_film("This is no DICOM, PNG, JPEG or TIFF file: check what the sender puts into the inbox.")
        }
    }
}

/// A zlib header (RFC 1950, 2.2) of the usual window, and the beginning of what it announces.
fn is_zlib(bytes: &[u8]) -> bool {
    let is_header = matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    is_header && ZlibDecoder::new(bytes).read(&mut [0; 64]).is_ok_and(|count| count > 0)
}

fn no_film(reason: &str) -> Kind {
    Kind::NoFilm(reason.to_owned())
}

/// The first bytes as text, if that is what they are.
fn text(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(1024)];
    let printable = head.iter().filter(|&&b| b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r')).count();
    (printable == head.len()).then(|| String::from_utf8_lossy(head).to_ascii_lowercase())
}

fn looks_like_web_page(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || !c.is_ascii());
    text.starts_with('<')
        && ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| text.contains(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let preamble = [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0\0\0\0\0"].concat();
        let prefix_without_meta = [&[0; 128][..], b"DICM\x08\0\x05\0CS\x0a\0ISO_IR 100"].concat();
        let cases: [(&str, &[u8], Kind); 10] = [
            ("DICOM file", &preamble, Kind::Dicom(132)),
            ("prefix, no meta", &prefix_without_meta, Kind::Dicom(132)),
            ("meta, no preamble", b"\x02\0\0\0UL\x04\0\0\0\0\0", Kind::Dicom(0)),
            ("explicit data set", b"\x08\0\x05\0CS\x0a\0ISO_IR 100", Kind::Dicom(0)),
            ("implicit data set", b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100\x08", Kind::Dicom(0)),
            ("PNG", b"\x89PNG\r\n\x1a\n...", Kind::Raster(ImageFormat::Png)),
            ("JPEG", b"\xff\xd8\xff\xe0", Kind::Raster(ImageFormat::Jpeg)),
            ("TIFF, Intel", b"II*\0....", Kind::Raster(ImageFormat::Tiff)),
            ("TIFF, Motorola", b"MM\0*....", Kind::Raster(ImageFormat::Tiff)),
            (
                "JPEG 2000",
                b"\0\0\0\x0cjP  \r\n",
                no_film("This is a bare JPEG 2000 picture, not a film: send the film as DICOM or PNG."),
            ),
        ];
        for (what, bytes, expected) in cases {
            assert_eq!(kind(bytes), expected, "{what}");
        }
    }

    #[test]
    fn what_is_no_film_is_called_by_its_name() {
        let cases: [(&[u8], &str); 14] = [
            (b"", "empty"),
            (&[0; 4096], "nothing but zeros"),
            (b"<!DOCTYPE html><html><body>Not a DICOM file</body></html>", "web page"),
            (b"\xef\xbb\xbf\n <HTML><head>", "web page"),
            (b"{\"error\": \"not found\"}", "text file"),
            (b"%PDF-1.7", "PDF"),
            (b"PK\x03\x04", "ZIP"),
            (b"\x78\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27", "zlib stream"),
            (b"\x1f\x8b\x08\0", "gzip archive"),
            (b"\xff\x4f\xff\x51\0\x29", "bare JPEG 2000"),
            (b"\xff\xd8\xff\xf7\0\x0b\x10\0\x01\0\x01\x01\x01\x11\0", "bare JPEG-LS"),
            (b"\xff\xd8\xff\xc3\0\x0b\x10\0\x01\0\x01\x01\x01\x11\0", "bare lossless JPEG"),
            (b"\xff\xd8\xff\xc1\0\x0b\x0c\0\x01\0\x01\x01\x01\x11\0", "JPEG picture of 12 bits"),
            (b"\x01\x02\x03\x04 who knows", "no DICOM, PNG, JPEG or TIFF"),
        ];
        for (bytes, word) in cases {
            let Kind::NoFilm(reason) = kind(bytes) else { panic!("{word}: taken for a film") };
            assert!(reason.contains(word), "{word}: {reason}");
            assert!(reason.ends_with('.'), "{reason}");
        }
    }
}
