//! Half a minute of what `tests/faults/faults.py` does for an hour.

use std::{path::Path, process::Command};

use crate::cli::support::text;

#[test]
fn half_a_minute_of_faults_loses_no_film_and_no_effect() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3 here");
        return;
    }
    let run = Command::new("python3")
        .arg("-B")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/faults.py"))
        .args(["--seconds", "30", "--seed", "1", "--films-per-minute", "20", "--end", "60", "--binary"])
        .arg(env!("CARGO_BIN_EXE_cxr-triage"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{}{}", text(&run.stdout), text(&run.stderr));
}
