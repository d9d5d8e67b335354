//! What a file is, by its first bytes. Names lie: departments send films without extension, and
//! error pages that are called `.dcm`.

use image::ImageFormat;

/// What the first bytes say.
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
const RASTERS: [(&[u8], ImageFormat); 4] = [
    (b"\x89PNG\r\n\x1a\n", ImageFormat::Png),
    (b"\xff\xd8\xff", ImageFormat::Jpeg),
    (b"II*\0", ImageFormat::Tiff),
    (b"MM\0*", ImageFormat::Tiff),
];

/// What people drop into an inbox by mistake: magic number, name, what to do.
const STRANGERS: [(&[u8], &str, &str); 8] = [
    (b"%PDF", "a PDF document", "send the film itself as DICOM, PNG, JPEG or TIFF"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it into the inbox"),
    (b"\x1f\x8b", "a gzip archive", "unpack it into the inbox"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it into the inbox"),
    (b"GIF8", "a GIF picture", "save the film as PNG and send it again"),
    (b"BM", "a BMP picture", "save the film as PNG and send it again"),
    (b"RIFF", "a WebP or RIFF file", "save the film as PNG and send it again"),
    (b"\0\0\0\x0cjP  ", "a bare JPEG 2000 picture", "send the film as DICOM or PNG"),
];

/// Tells by content what a file is.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return no_film("The file is empty: its transfer never finished; send the film again.");
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return Kind::Dicom(132);
    }
    if is_bare_dicom(bytes) {
        return Kind::Dicom(0);
    }
    if let Some((_, format)) = RASTERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Kind::Raster(*format);
    }
    if let Some((_, what, remedy)) = STRANGERS.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return no_film(&format!("This is {what}, not a film: {remedy}."));
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
        None => {
            no_film("This is no DICOM, PNG, JPEG or TIFF file: check what the sender puts into the inbox.")
        }
    }
}

fn no_film(reason: &str) -> Kind {
    Kind::NoFilm(reason.to_owned())
}

/// A data set starts with a group 0002 or 0008 element whose VR, or else whose length, is plausible.
fn is_bare_dicom(bytes: &[u8]) -> bool {
    let Some(&[group, 0, element, element_high, v0, v1, l0, l1]) = bytes.first_chunk() else { return false };
    let explicit = VRS.contains(&[v0, v1]);
    let length = u32::from_le_bytes([v0, v1, l0, l1]);
    // The first elements of a data set are short: character set, image type, dates, UIDs.
    let implicit = length <= 256 && bytes.len() > 8 + length as usize;
    let first = u16::from_le_bytes([element, element_high]);
    match group {
        2 => explicit && first <= 0x0016,
        8 => (explicit || implicit) && first <= 0x0070,
        _ => false,
    }
}

/// The value representations that open a data set or its meta information.
const VRS: [[u8; 2]; 11] =
    [*b"UL", *b"OB", *b"UI", *b"CS", *b"DA", *b"TM", *b"DT", *b"SH", *b"LO", *b"PN", *b"SQ"];

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
        let cases: [(&[u8], &str); 8] = [
            (b"", "empty"),
            (&[0; 4096], "nothing but zeros"),
            (b"<!DOCTYPE html><html><body>Not a DICOM file</body></html>", "web page"),
            (b"\xef\xbb\xbf\n <HTML><head>", "web page"),
            (b"{\"error\": \"not found\"}", "text file"),
            (b"%PDF-1.7", "PDF"),
            (b"PK\x03\x04", "ZIP"),
            (b"\x01\x02\x03\x04 who knows", "no DICOM, PNG, JPEG or TIFF"),
        ];
        for (bytes, word) in cases {
            let Kind::NoFilm(reason) = kind(bytes) else { panic!("{word}: taken for a film") };
            assert!(reason.contains(word), "{word}: {reason}");
            assert!(reason.ends_with('.'), "{reason}");
        }
    }
}
