//! dcmtk reads the reports and renders the pictures.

use std::process::Command;

use dicom_dictionary_std::tags;

use crate::{
    results::support::{read, written},
    support::peers::{has, said},
};

#[test]
fn dsrdump_reads_every_report_without_a_complaint() {
    if !has("dsrdump", "dcmtk") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in written(folder.path()).into_iter().filter(|(name, _)| name.starts_with("sr-")) {
        let output = Command::new("dsrdump").arg("+Pl").arg(&path).output().unwrap();
        let said = said(&output);
        // Release 3.6.7 says of every report in UTF-8 that it does not check it, and of one with code extensions that it
        // does not convert them; it reads them all the same.
        let unread =
            ["VR checker does not support this Specific", "unknown/unsupported SpecificCharacterSet"];
        let complaints = said.lines().filter(|line| !unread.iter().any(|known| line.contains(known)));
        let complaints: Vec<&str> = complaints
            .filter(|line| ["W:", "E:", "F:"].iter().any(|level| line.starts_with(level)))
            .collect();
        assert!(output.status.success() && complaints.is_empty(), "{name}: {complaints:#?}");
        for wanted in ["Comprehensive 3D SR Document", ": PRELIMINARY", ": UNVERIFIED", ": COMPLETE"] {
            assert!(said.contains(wanted), "{name} has no {wanted}: {said}");
        }
        if name.starts_with("sr-alarm") {
            for wanted in [
                "Finding",
                "Pneumothorax",
                "93",
                "Artificial Intelligence",
                "alert=0.4000, critical=0.85",
                "Triage band",
            ] {
                assert!(said.contains(wanted), "{name} has no {wanted}: {said}");
            }
        }
    }
}

#[test]
fn dcmtk_renders_the_picture_that_was_drawn() {
    if !has("dcmj2pnm", "dcmtk") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut pictures = 0;
    for (name, path) in written(folder.path()).into_iter().filter(|(name, _)| name.starts_with("sc-")) {
        let rendered = folder.path().join("picture.ppm");
        let output = Command::new("dcmj2pnm").arg("+op").arg(&path).arg(&rendered).output().unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
        let rendered = image_of(&std::fs::read(&rendered).unwrap());
        let drawn = read(&path).get(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
        // An odd number of bytes is padded.
        assert_eq!(rendered, drawn[..rendered.len()], "{name}");
        assert!(drawn.len() - rendered.len() < 2, "{name}");
        pictures += 1;
    }
    assert!(pictures > 3);
}

/// The pixels of a binary PPM file.
fn image_of(ppm: &[u8]) -> Vec<u8> {
    assert!(ppm.starts_with(b"P6"), "a colour picture");
    // Three lines (magic, size, depth), and a comment.
    let mut rest = ppm;
    let mut lines = 0;
    while lines < 3 {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        lines += usize::from(rest[0] != b'#');
        rest = &rest[end + 1..];
    }
    rest.to_vec()
}
