//! Validators of the standard.

use std::process::Command;

use crate::{
    results::support::written,
    support::peers::{has, said},
};

/// Warnings that are right, and no fault of the object.
const EXPLAINED: [&str; 3] = [
    // A scheme of our own, as every private one.
    "Unrecognized defined term <99CXRT>",
    // The film has no Study ID, or no Study Date or Time.
    "Missing attribute or value that would be needed to build DICOMDIR - Study",
    // The film has a name in one part.
    "Retired Person Name form",
];

#[test]
fn dciodvfy_finds_no_error_and_warns_of_nothing_that_is_not_explained() {
    if !has("dciodvfy", "dicom3tools") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in written(folder.path()) {
        let said = said(&Command::new("dciodvfy").arg(&path).output().unwrap());
        let is_of_its_class =
            said.contains(if name.starts_with("sr-") { "Comprehensive3DSR" } else { "SCImage" });
        assert!(is_of_its_class, "{name}: {said}");
        let told = said.lines().filter(|line| line.starts_with("Error") || line.starts_with("Warning"));
        let unexplained: Vec<&str> =
            told.filter(|line| !EXPLAINED.iter().any(|known| line.contains(known))).collect();
        assert!(unexplained.is_empty(), "{name}: {unexplained:#?}");
    }
}
