//! Files: with parts missing, cut short, compressed, and what their text says.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::make::Make;

/// Explicit VR Big Endian: retired, and still in archives.
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

fn row() -> Make {
    Make::row(12, &[0, 1000, 4095]).text(tags::PATIENT_ID, VR::LO, "P7")
}

#[test]
fn a_film_needs_neither_preamble_nor_meta_information() {
    let file = row().file();
    // Data Set Trailing Padding (PS3.10 section 7.2), and a byte too many
    let padded = [&file[..], b"\xfc\xff\xfc\xffOB\0\0\x04\0\0\0\0\0\0\0"].concat();
    let odd = [&file[..], b"\0"].concat();
    let meta_without_preamble = file[132..].to_vec();
    let implicit = row().syntax(uids::IMPLICIT_VR_LITTLE_ENDIAN).data_set();
    let big = row().syntax(BIG_ENDIAN).data_set();
    let deflated = row().syntax(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
    let deflated_data_set = {
        let file = row().syntax(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).file();
        let meta_length = u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize;
        file[144 + meta_length..].to_vec()
    };
    let deflated_without_preamble = deflated.file()[132..].to_vec();
    let big_in_meta_too = [&b"\0\x02\0\x10UI\0\x14"[..], BIG_ENDIAN.as_bytes(), b"\0", &big].concat();
    let big_said_little = {
        let file = row().file();
        let meta_length = u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize;
        [&file[..144 + meta_length], &big].concat()
    };
    let prefix_without_meta = [&file[..132], &row().data_set()[..]].concat();
    for (what, bytes) in [
        ("complete", file),
        ("trailing padding", padded),
        ("a byte too many", odd),
        ("no preamble", meta_without_preamble),
        ("explicit data set", row().data_set()),
        ("implicit data set", implicit),
        ("prefix, then the data set", prefix_without_meta),
        ("big endian data set", big),
        ("big endian, meta information too", big_in_meta_too),
        ("big endian that says little", big_said_little),
        ("deflated data set", deflated_data_set),
        ("deflated, without preamble", deflated_without_preamble),
        ("implicit file", row().syntax(uids::IMPLICIT_VR_LITTLE_ENDIAN).file()),
        ("big endian file", row().syntax(BIG_ENDIAN).file()),
        ("deflated file", row().syntax(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).file()),
    ] {
        let film = cxr_film::decode(&bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(film.linear, [0.0, 1000.0, 4095.0], "{what}");
        assert_eq!(film.header.patient_id, "P7", "{what}");
    }
}

#[test]
fn a_film_cut_short_anywhere_is_refused() {
    for file in [row().file(), row().syntax(uids::IMPLICIT_VR_LITTLE_ENDIAN).file(), row().data_set()] {
        for length in 0..file.len() {
            let error = cxr_film::decode(&file[..length]).expect_err("cut short");
            assert!(error.reason.ends_with('.') && error.reason.contains(": "), "{length}: {error}");
        }
    }
}

#[test]
fn what_could_be_read_of_a_broken_film_is_kept() {
    let file = row().text(tags::BODY_PART_EXAMINED, VR::CS, "HIP").file();
    let error = cxr_film::decode(&file[..file.len() - 2]).expect_err("cut short");
    let header = error.header.expect("a header");
    assert_eq!((header.patient_id.as_str(), header.body_part_examined.as_str()), ("P7", "HIP"));
    assert_eq!(header.sop_instance_uid, "1.2.3.4");
}

#[test]
fn of_several_frames_the_first_is_shown_and_their_number_is_told() {
    let film = Make::row(12, &[5, 6, 7, 8])
        .number(tags::COLUMNS, 2)
        .text(tags::NUMBER_OF_FRAMES, VR::IS, "2")
        .film();
    assert_eq!(film.linear, [5.0, 6.0]);
    assert_eq!(film.header.frames, 2);
    assert_eq!(row().film().header.frames, 1);
}

#[test]
fn a_compression_that_is_not_read_is_named() {
    for (syntax, name) in
        [(uids::JPEGLS_LOSSLESS, "JPEG-LS"), (uids::MPEG2MPML, "MPEG2"), (uids::JPEG2000MC, "JPEG 2000")]
    {
        let reason = row().compressed(syntax, vec![0xff, 0xd8, 0xff, 0xd9]).reason();
        assert!(reason.contains(name) && reason.contains(syntax), "{reason}");
    }
}

#[test]
fn a_picture_within_that_is_not_the_one_announced_is_refused() {
    // A JPEG frame header of 60000 x 60000 pixels inside a film of 3 x 1
    let sof = [0xff, 0xc3, 0, 11, 12, 0xea, 0x60, 0xea, 0x60, 1, 1, 0x11, 0];
    let frame = [&[0xff, 0xd8][..], &sof, &[0xff, 0xd9, 0]].concat();
    let reason = row().compressed(uids::JPEG_LOSSLESS_SV1, frame).reason();
    assert!(reason.contains("3 x 1") && reason.contains("60000 x 60000"), "{reason}");
    // And codecs that get garbage say so in a sentence, whether they panic or not.
    for syntax in [uids::JPEG_LOSSLESS_SV1, uids::JPEG2000, uids::JPEG_BASELINE8_BIT] {
        let reason = row().compressed(syntax, vec![1, 0, 0, 0, 64, 0, 0, 0, 7, 7]).reason();
        assert!(reason.contains("cannot be decoded") && reason.contains(syntax), "{reason}");
    }
    let reason = row().compressed(uids::RLE_LOSSLESS, vec![1, 0, 0, 0, 64, 0, 0, 0, 7, 7]).reason();
    assert!(reason.contains("breaks off"), "{reason}");
}

#[test]
fn an_object_without_a_picture_says_what_it_is() {
    let reason = row().without(tags::PIXEL_DATA).text(tags::MODALITY, VR::CS, "SR").reason();
    assert!(reason.contains("no picture (SR)"), "{reason}");
}

#[test]
fn names_are_read_in_their_own_character_set() {
    for (set, bytes, name) in [
        ("ISO_IR 100", &b"M\xfcller^J\xf6rg"[..], "Müller^Jörg"),
        ("ISO_IR 144", b"\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3", "Люксембург"),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
        ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 192", "山田^太郎".as_bytes(), "山田^太郎"),
        ("ISO_IR 192", "DOE^J\u{1b}[2J".as_bytes(), "DOE^J[2J"),
    ] {
        let film = row()
            .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, set)
            .bytes(tags::PATIENT_NAME, VR::PN, bytes)
            .film();
        assert_eq!(film.header.patient_name, name, "{set}");
    }
}

#[test]
fn the_view_is_taken_from_its_code_where_the_position_is_empty() {
    let code = [(tags::CODE_MEANING, VR::LO, "lateral")];
    let film = row().item(tags::VIEW_CODE_SEQUENCE, &code).film();
    assert_eq!(film.header.view_position, "lateral");
    let film = row().item(tags::VIEW_CODE_SEQUENCE, &code).text(tags::VIEW_POSITION, VR::CS, "PA").film();
    assert_eq!(film.header.view_position, "PA");
}

#[test]
fn what_tells_one_exposure_from_another_is_read() {
    let film = row()
        .text(tags::PRESENTATION_INTENT_TYPE, VR::CS, "FOR PRESENTATION")
        .refers_to(tags::SOURCE_IMAGE_SEQUENCE, &["1.2.1", "no uid", "1.2.2"])
        .text(tags::ACQUISITION_DATE, VR::DA, "20240131")
        .text(tags::ACQUISITION_TIME, VR::TM, "081502.125")
        .text(tags::CONTENT_DATE, VR::DA, "20240131")
        .text(tags::CONTENT_TIME, VR::TM, "0815")
        .text(tags::DETECTOR_ID, VR::SH, "D1")
        .film();
    let header = film.header;
    assert_eq!(header.source_images, ["1.2.1", "1.2.2"]);
    assert_eq!((header.acquired_at.as_str(), header.content_at.as_str()), ("20240131081502.125", ""));
    assert_eq!(
        (header.detector_id.as_str(), header.presentation_intent_type.as_str()),
        ("D1", "FOR PRESENTATION")
    );

    let whole = row().text(tags::ACQUISITION_DATE_TIME, VR::DT, "20240131081502.125").film();
    assert_eq!(whole.header.acquired_at, "20240131081502.125");
}
