//! Validators of the standard.

use std::process::Command;

use crate::results::support::{has, said, written};

#[test]
fn dciodvfy_finds_no_error() {
    if !has("dciodvfy", "dicom3tools") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in written(folder.path()) {
        let output = Command::new("dciodvfy").arg(&path).output().unwrap();
        let said = said(&output);
        println!("{name}: {said}");
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("Error")).collect();
        assert!(errors.is_empty(), "{name}: {said}");
    }
}
