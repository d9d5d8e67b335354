//! `completions` and `man`: what a shell and a reader of manual pages get.

use std::fs;

use crate::cli::support::{Bench, text};

#[test]
fn every_shell_learns_the_commands_and_their_options() {
    let bench = Bench::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = bench.run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = text(&output.stdout);
        for word in ["watch", "receive", "headless", "store", "retention"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(bench.run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn each_command_has_a_manual_page() {
    let bench = Bench::new();
    let whole = text(&bench.run(&["man"]).stdout);
    assert!(whole.contains(".SH NAME") && whole.contains("cxr\\-triage"), "{whole}");
    let folder = bench.path("pages");
    let refused = bench.run(&["man", "--out", "pages"]);
    assert_eq!(refused.status.code(), Some(1), "the folder is not there");
    assert!(text(&refused.stderr).contains("pages"), "{}", text(&refused.stderr));
    fs::create_dir(&folder).unwrap();
    assert!(bench.run(&["man", "--out", "pages"]).status.success());
    for (page, words) in [
        ("cxr-triage.1", "worklist"),
        ("cxr-triage-watch.1", "\\-\\-headless"),
        ("cxr-triage-receive.1", "\\-\\-aet"),
        ("cxr-triage-weights-import.1", "\\-\\-preset"),
    ] {
        let written = fs::read_to_string(folder.join(page)).unwrap();
        assert!(written.contains(words), "{page}: {written}");
    }
    assert!(!folder.join("cxr-triage-examine-one.1").exists(), "hidden commands have no page");
}
