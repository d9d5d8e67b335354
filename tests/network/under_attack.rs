//! Short versions of `tests/faults/receive.py` and `tests/faults/hostile.py`, which somebody runs for longer by hand.

use std::{path::Path, process::Command};

/// Runs a script on the program, which has to find no fault.
fn run(script: &str, arguments: &[&str]) {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3 here");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults").join(script);
    let run = Command::new("python3")
        .arg("-B")
        .arg(script)
        .args(["--binary", env!("CARGO_BIN_EXE_cxr-triage")])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    println!("{said}");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn killed_and_with_a_full_disk_it_keeps_what_it_answered() {
    run("receive.py", &["--films", "160", "--kills", "3", "--fills", "1", "--scored", "20", "--disk", "200"]);
}

#[test]
fn hostile_traffic_costs_little_and_keeps_no_modality_out() {
    if !Path::new("/proc/self/status").exists() {
        println!("skipped: this system has no /proc");
        return;
    }
    run("hostile.py", &["--seconds", "15"]);
}
