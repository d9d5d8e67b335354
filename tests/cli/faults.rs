//! Short versions of the scripts in `tests/faults`, which somebody runs for longer by hand.

use std::{path::Path, process::Command};

use crate::cli::support::text;

/// Runs a script on the program, which has to find no fault.
fn run(script: &str, arguments: &[&str]) {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3 here");
        return;
    }
    let run = Command::new("python3")
        .arg("-B")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults").join(script))
        .args(arguments)
        .args(["--binary", env!("CARGO_BIN_EXE_cxr-triage")])
        .output()
        .unwrap();
    println!("{}", text(&run.stdout));
    assert!(run.status.success(), "{}{}", text(&run.stdout), text(&run.stderr));
}

#[test]
fn half_a_minute_of_faults_loses_no_film_and_no_effect() {
    run("faults.py", &["--seconds", "30", "--seed", "1", "--films-per-minute", "20", "--end", "60"]);
}

#[test]
fn a_week_in_a_minute_keeps_what_nobody_saw_and_everything_small() {
    run("week.py", &["--days", "6", "--day-seconds", "6", "--films-per-day", "8"]);
}

#[test]
fn killed_and_with_a_full_disk_the_receiver_keeps_what_it_answered() {
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
