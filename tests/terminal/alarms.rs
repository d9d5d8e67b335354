//! Alarms that reach a person who looks elsewhere, as bytes.

use super::pictures::Fake;
use crate::support::terminal::PLAIN;

/// The film is critical, whatever the model says of it.
pub(crate) const CRITICAL: &str =
    "[thresholds.starter]\nEffusion = { alert = 0.00001, critical = 0.00002, rank = true }\n";

#[test]
fn the_title_counts_alarms_the_desktop_is_told_and_the_title_from_before_comes_back() {
    for (way, notice) in [
        ("osc9", "\u{1b}]9;cxr-triage: 1 critical study to acknowledge\u{1b}\\"),
        ("osc777", "\u{1b}]777;notify;cxr-triage;1 critical study to acknowledge\u{1b}\\"),
    ] {
        let config = format!("[dashboard]\ntitle = true\ndesktop_notice = \"{way}\"\n{CRITICAL}");
        let mut terminal = Fake::configured(&config, &[], PLAIN);
        terminal.wait_for(notice);
        terminal.wait_for("\u{1b}]2;1! cxr-triage\u{1b}\\");
        terminal.type_keys("a");
        terminal.wait_for("\u{1b}]2;cxr-triage\u{1b}\\");
        terminal.type_keys("q");
        terminal.wait_for("\u{1b}]2;\u{1b}\\\u{1b}[23;2t");
    }
}

#[test]
fn title_and_notice_reach_the_terminal_through_tmux() {
    if !has_tmux() {
        return;
    }
    let config = format!("[dashboard]\ntitle = true\ndesktop_notice = \"osc9\"\n{CRITICAL}");
    let mut terminal = Fake::in_tmux(&config);
    terminal.wait_for("\u{1b}]9;cxr-triage: 1 critical study to acknowledge\u{1b}\\");
    terminal.wait_for("1! cxr-triage\u{7}");
    terminal.type_keys("a");
    terminal.wait_for(";cxr-triage\u{7}");
    terminal.type_keys("q");
    terminal.wait_for("[exited]");
}

/// Whether tmux is here; says so if not.
fn has_tmux() -> bool {
    let has = std::process::Command::new("tmux").arg("-V").output().is_ok();
    if !has {
        println!("skipped: tmux is not installed (tmux)");
    }
    has
}
