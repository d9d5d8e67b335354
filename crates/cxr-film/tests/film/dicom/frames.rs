//! Compressed frames as senders wrap them: in several fragments, padded, without their end marker, within a JP2 file,
//! with an offset table that is wrong. Every golden film in every coding is taken apart and wrapped anew.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use cxr_film::Film;
use dicom_dictionary_std::{tags, uids};
use flate2::{
    Compression,
    read::DeflateDecoder,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::make::Make;

/// Tag and VR of Pixel Data of undefined length.
const PIXEL_DATA: [&[u8]; 2] =
    [b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff", b"\xe0\x7f\x10\0OW\0\0\xff\xff\xff\xff"];

/// A film in a file: all before its items, and its only frame.
struct Packed {
    name: String,
    head: Vec<u8>,
    frame: Vec<u8>,
}

impl Packed {
    fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).unwrap();
        let start = bytes.windows(12).position(|window| PIXEL_DATA.contains(&window))? + 12;
        let (mut rest, mut frame) = (&bytes[start..], Vec::new());
        let mut is_table = true;
        while let [0xfe, 0xff, 0x00, 0xe0, l0, l1, l2, l3, tail @ ..] = rest {
            let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
            if !std::mem::take(&mut is_table) {
                frame.extend_from_slice(&tail[..length]);
            }
            rest = &tail[length..];
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Some(Self { name, head: bytes[..start].to_vec(), frame })
    }

    fn is(&self, coding: &str) -> bool {
        let name = &self.name;
        let names: &[&str] = match coding {
            "JPEG" => &["jpeg-5", "jpeg-7"],
            "lossless JPEG" => &["jpeg-57", "jpeg-70"],
            "JPEG-LS" => &["jpeg-ls"],
            "JPEG 2000" => &["jpeg2000"],
            _ => &["htj2k"],
        };
        names.iter().any(|part| name.contains(part))
    }

    /// The file with these items in place of its own.
    fn with(&self, items: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.head.clone();
        for item in items {
            bytes.extend(b"\xfe\xff\x00\xe0");
            bytes.extend(u32::try_from(item.len()).unwrap().to_le_bytes());
            bytes.extend(item);
        }
        bytes.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
        bytes
    }

    /// The frame up to its end marker, and that.
    fn ended(&self) -> (&[u8], &[u8]) {
        let end = self.frame.windows(2).rposition(|pair| pair == [0xff, 0xd9]).unwrap();
        (&self.frame[..end], &self.frame[end..end + 2])
    }

    /// The file as one of `frames` frames.
    fn of_frames(&self, frames: u8) -> Self {
        let rows = self.head.windows(8).position(|window| window == b"\x28\0\x10\0US\x02\0").unwrap();
        let number = [b"\x28\0\x08\0IS\x02\0", &[b'0' + frames, b' '][..]].concat();
        let head = [&self.head[..rows], &number, &self.head[rows..]].concat();
        Self { name: self.name.clone(), head, frame: self.frame.clone() }
    }
}

fn films() -> Vec<Packed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_variants");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let packed = paths.iter().filter(|path| path.extension().is_some_and(|e| e == "dcm"));
    packed.filter_map(|path| Packed::read(path)).collect()
}

/// Another way to wrap a film: what is done, and the file, if it can be done to this film.
type Wrapping = (&'static str, fn(&Packed) -> Option<Vec<u8>>);

fn padded(film: &Packed, padding: &[u8]) -> Option<Vec<u8>> {
    Some(film.with(&[vec![], [&film.frame[..], padding].concat()]))
}

/// The bytes between the coded data and their end marker.
fn before_end(film: &Packed, bytes: &[u8]) -> Option<Vec<u8>> {
    let (coded, end) = film.ended();
    Some(film.with(&[vec![], [coded, bytes, end].concat()]))
}

fn thirds(frame: &[u8]) -> Vec<Vec<u8>> {
    frame.chunks((frame.len() / 3 + 1).next_multiple_of(2)).map(<[u8]>::to_vec).collect()
}

/// A JP2 file around a codestream.
fn in_boxes(film: &Packed, boxes: &[u8], length: [u8; 4]) -> Option<Vec<u8>> {
    let is_codestream = film.is("JPEG 2000") || film.is("HTJ2K");
    let signature = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ";
    is_codestream
        .then(|| film.with(&[vec![], [&signature[..], boxes, &length, b"jp2c", &film.frame].concat()]))
}

#[test]
fn however_a_frame_is_wrapped_it_is_the_same_film() {
    let wrappings: [Wrapping; 19] = [
        ("40 zeros behind it", |film| padded(film, &[0; 40])),
        ("5,000 zeros behind it", |film| padded(film, &[0; 5000])),
        ("an odd fragment", |film| padded(film, if film.frame.len() % 2 == 0 { &[0] } else { &[0, 0] })),
        ("41 FF behind it", |film| padded(film, &[0xff; 41])),
        ("three fragments", |film| Some(film.with(&[vec![vec![]], thirds(&film.frame)].concat()))),
        ("empty fragments", |film| {
            let fragments = thirds(&film.frame).into_iter().flat_map(|fragment| [vec![], fragment, vec![]]);
            Some(film.with(&[vec![vec![]], fragments.collect()].concat()))
        }),
        ("no offset table", |film| Some(film.with(std::slice::from_ref(&film.frame)))),
        ("no offset table, three fragments", |film| Some(film.with(&thirds(&film.frame)))),
        ("a wrong offset table", |film| Some(film.with(&[vec![0, 0, 0, 0, 9, 0, 0, 0], film.frame.clone()]))),
        ("no end marker", |film| {
            let has = film.is("JPEG") || film.is("JPEG-LS") || film.is("JPEG 2000");
            has.then(|| film.with(&[vec![], film.ended().0.to_vec()]))
        }),
        ("FF before its end marker", |film| {
            (film.is("JPEG") || film.is("JPEG-LS")).then(|| before_end(film, &[0xff; 7]))?
        }),
        ("a zero before its end marker", |film| {
            (film.is("lossless JPEG") || film.is("JPEG-LS")).then(|| before_end(film, &[0]))?
        }),
        ("40 zeros before its end marker", |film| {
            (film.is("lossless JPEG") || film.is("JPEG-LS")).then(|| before_end(film, &[0; 40]))?
        }),
        ("FF before its first marker", |film| {
            let markers = film.is("JPEG") || film.is("JPEG-LS");
            let frame = [&film.frame[..2], &[0xff; 3], &film.frame[2..]].concat();
            markers.then(|| film.with(&[vec![], frame]))
        }),
        ("a JP2 file", |film| in_boxes(film, b"", [0, 0, 0, 0])),
        ("a JP2 file of odd boxes", |film| {
            let boxes = [&[0, 0, 0x0c, 8][..], b"uuid", &[7; 3072], &[0, 0, 0, 8], b"what"].concat();
            in_boxes(film, &boxes, [0, 0, 0, 0])
        }),
        ("a JP2 file with a box of 64 bits", |film| {
            let boxes = [&[0, 0, 0, 1][..], b"xml ", &[0, 0, 0, 0, 0, 1, 0, 16], &[7; 0x1_0000]].concat();
            in_boxes(film, &boxes, [0, 0, 0, 9])
        }),
        ("a JP2 file whose boxes tell wrong lengths", |film| {
            in_boxes(film, &[0, 0, 0, 99, b'a', b'b', b'c', b'd', 1, 2, 3, 4], [0, 0, 0, 0])
        }),
        ("an APP segment with what looks like markers", |film| {
            let markers = film.is("JPEG") || film.is("JPEG-LS");
            let segment = [&[0xff, 0xe5, 0, 14][..], b"\xff\xd9\xff\xda\xff\xc0\xff\xd8\0\0\0\0"].concat();
            let frame = [&film.frame[..2], &segment, &film.frame[2..]].concat();
            markers.then(|| film.with(&[vec![], frame]))
        }),
    ];
    let mut tried = 0;
    let mut faults = Vec::new();
    for packed in films() {
        let Ok(expected) = cxr_film::decode(&packed.with(&[vec![], packed.frame.clone()])) else { continue };
        for (what, wrap) in &wrappings {
            let Some(bytes) = wrap(&packed) else { continue };
            tried += 1;
            match cxr_film::decode(&bytes) {
                Ok(film) if same(&film, &expected) => {}
                Ok(_) => faults.push(format!("{}, {what}: another picture", packed.name)),
                Err(error) => faults.push(format!("{}, {what}: {error}", packed.name)),
            }
        }
    }
    assert!(faults.is_empty() && tried > 1000, "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
}

fn same(a: &Film, b: &Film) -> bool {
    a.linear == b.linear && a.display == b.display
}

#[test]
fn the_first_of_several_frames_is_found() {
    // Offset tables: none, the right one, and two that are wrong.
    let tables = |first: usize| {
        let right = u32::try_from(first).unwrap().to_le_bytes();
        [vec![], [&[0; 4], &right[..]].concat(), vec![0, 0, 0, 0, 4, 0, 0, 0], vec![9; 8]]
    };
    let mut tried = 0;
    for packed in films() {
        let Ok(expected) = cxr_film::decode(&packed.with(&[vec![], packed.frame.clone()])) else { continue };
        let film = packed.of_frames(2);
        let other: Vec<u8> = film.frame.iter().map(|byte| byte ^ 0x55).collect();
        let is_family = film.frame.starts_with(&[0xff]);
        for pieces in [1, 3] {
            let [first, second] = [&film.frame, &other].map(|frame| match pieces {
                1 => vec![frame.clone()],
                _ => thirds(frame),
            });
            let start = first.iter().map(|fragment| 8 + fragment.len()).sum();
            for (index, table) in tables(start).into_iter().enumerate() {
                let items = [vec![table], first.clone(), second.clone()].concat();
                let found = cxr_film::decode(&film.with(&items));
                // Without their own end markers, as in RLE, and with a wrong table, there are as many for each.
                let right = found.as_ref().is_ok_and(|found| same(found, &expected));
                assert!(
                    right,
                    "{}: {pieces} fragments, table {index}, {is_family}: {:?}",
                    film.name,
                    found.err()
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_frame_cut_anywhere_says_that_bytes_are_missing() {
    let mut faults = Vec::new();
    let kinds = [
        "jpeg-50-8in8-m2",
        "jpeg-57-12in16-m2",
        "jpeg-ls-80-12in16-m2",
        "jpeg2000-90-12in16-m2",
        "rle-12in16-m2",
    ];
    for packed in films().into_iter().filter(|packed| kinds.contains(&packed.name.as_str())) {
        let end = if packed.name.starts_with("rle") { packed.frame.len() } else { packed.ended().0.len() };
        for length in 4..end - 2 {
            match cxr_film::decode(&packed.with(&[vec![], packed.frame[..length].to_vec()])) {
                Ok(_) => faults.push(format!("{} cut to {length}: read", packed.name)),
                Err(error) if error.reason.contains("send the film again") => {}
                Err(error) => faults.push(format!("{} cut to {length}: {error}", packed.name)),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_deflated_data_set_is_read_bare_and_wrapped_as_zlib_or_gzip() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_variants");
    let file = fs::read(folder.join("deflated-12in16-m2.dcm")).unwrap();
    // The length of the file meta information is its first element.
    let start = 144 + u32::from_le_bytes(*file[140..].first_chunk().unwrap()) as usize;
    let (meta, deflated) = file.split_at(start);
    let mut data_set = Vec::new();
    DeflateDecoder::new(deflated).read_to_end(&mut data_set).unwrap();
    let expected = cxr_film::decode(&file).unwrap();
    let wrapped = |level: u32| {
        let level = Compression::new(level);
        let mut zlib = ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(&data_set).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), level);
        gzip.write_all(&data_set).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), level);
        bare.write_all(&data_set).unwrap();
        [zlib.finish().unwrap(), gzip.finish().unwrap(), bare.finish().unwrap()]
    };
    for level in [0, 1, 6, 9] {
        for (index, stream) in wrapped(level).into_iter().enumerate() {
            let film = cxr_film::decode(&[meta, &stream].concat()).unwrap();
            assert_eq!(film.linear, expected.linear, "level {level}, {index}");
            let cut = cxr_film::decode(&[meta, &stream[..stream.len() * 2 / 3]].concat()).expect_err("cut");
            assert!(cut.reason.contains("cut short"), "{cut}");
        }
    }
}

#[test]
fn restart_intervals_of_baseline_jpeg_change_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/film_rasters");
    // One picture, and one with a restart marker behind each block; both against the other decoder of JPEG files.
    for name in ["grey.jpg", "restart-each-block.jpg"] {
        let jpeg = fs::read(folder.join(name)).unwrap();
        let bare = cxr_film::decode(&jpeg).unwrap();
        let film = Make::row(8, &[0; 16])
            .number(tags::ROWS, 12)
            .number(tags::BITS_ALLOCATED, 8)
            .compressed(uids::JPEG_BASELINE8_BIT, jpeg)
            .film();
        let off = film.linear.iter().zip(&bare.linear).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off <= 1.0 && film.linear.len() == 192, "{name}: off by {off}");
    }
}
