//! Toolkits for Python give the findings back.

use std::{path::Path, process::Command};

use crate::results::support::{python, said, written};

#[test]
fn highdicom_gives_the_findings_back() {
    let Some(python) = python("highdicom") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/results/peer.py");
    for (name, path) in written(folder.path()).into_iter().filter(|(name, _)| name.starts_with("sr-")) {
        let output = Command::new(&python).arg(&script).arg(&path).output().unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
        println!("{name}: {}", said(&output));
    }
}
