//! `show` at the level of bytes: in a pseudo-terminal that answers as kitty, as iTerm2, as a sixel terminal, as
//! none of them, and not at all.

use std::{fs, os::unix::fs::PermissionsExt};

use cxr_triage::phantom::Phantom;

use crate::support::terminal::{PATIENCE, Terminal, program};

/// A terminal by what it answers to each question, the longest questions first.
type Answers = &'static [(&'static str, &'static str)];

const NO_ANSWERS: Answers = &[];
const PLAIN: Answers = &[("\x1b[c", "\x1b[?62;22c"), ("\x1b[16t", "\x1b[6;20;10t"), ("\x1b[5n", "\x1b[0n")];
const SIXEL: Answers = &[("\x1b[c", "\x1b[?62;4;22c"), ("\x1b[16t", "\x1b[6;20;10t"), ("\x1b[5n", "\x1b[0n")];
/// One at the other end of a network: it can read no file.
const KITTY: Answers = &[
    ("a=q,t=t", "\x1b_Gi=31;EBADF:no such file\x1b\\"),
    ("\x1b_Gi=31,", "\x1b_Gi=31;OK\x1b\\"),
    ("\x1b[c", "\x1b[?62;c"),
    ("\x1b[16t", "\x1b[6;20;10t"),
    ("\x1b[5n", "\x1b[0n"),
];

/// What a terminal is called, its environment, its answers, and how its picture begins.
type Case = (&'static str, &'static [(&'static str, &'static str)], Answers, &'static str);

/// Everything that `show` writes in such a terminal, and its exit code.
fn show(environment: &[(&str, &str)], answers: Answers) -> (Vec<u8>, u32) {
    let folder = tempfile::tempdir().unwrap();
    let film = Phantom::nth(1, 1).dicom(300, "2026-03-02T14:02:00".parse().unwrap());
    fs::write(folder.path().join("film.dcm"), film).unwrap();
    fs::write(folder.path().join("cxr-triage.toml"), "[quality]\nout_of_distribution = \"off\"\n").unwrap();
    let mut command = program(folder.path(), &["show", "film.dcm"]);
    command.env("COLORTERM", "truecolor");
    for (name, value) in environment {
        command.env(name, value);
    }
    let mut terminal = Terminal::start(command, 80, 40);
    let mut answered = 0;
    while terminal.take(PATIENCE).is_ok() {
        // Pictures hold no question, and questions come in one go.
        while let Some((at, question, answer)) = next_question(&terminal.bytes[answered..], answers) {
            answered += at + question.len();
            terminal.type_keys(answer);
        }
    }
    let code = terminal.end();
    (std::mem::take(&mut terminal.bytes), code)
}

fn next_question(bytes: &[u8], answers: Answers) -> Option<(usize, &'static str, &'static str)> {
    let found = answers.iter().filter_map(|(question, answer)| {
        let at = bytes.windows(question.len()).position(|part| part == question.as_bytes())?;
        Some((at, *question, *answer))
    });
    // Kitty's question for files begins like the other one.
    let found: Vec<_> = found.collect();
    let first = found.iter().min_by_key(|(at, ..)| *at)?;
    let file = found.iter().find(|(at, question, _)| *question == "a=q,t=t" && at - first.0 < 40);
    Some(*file.unwrap_or(first))
}

fn count(bytes: &[u8], wanted: &str) -> usize {
    bytes.windows(wanted.len()).filter(|part| *part == wanted.as_bytes()).count()
}

/// The bytes without sixel pictures, in which any two characters may stand side by side.
fn beside_sixels(bytes: &[u8]) -> Vec<u8> {
    let find = |part: &[u8], wanted: &[u8]| part.windows(wanted.len()).position(|at| at == wanted);
    let Some(start) = find(bytes, b"\x1bP") else { return bytes.to_vec() };
    let end = find(&bytes[start..], b"\x1b\\").map_or(bytes.len(), |end| start + end);
    [&bytes[..start], &bytes[end..]].concat()
}

#[test]
fn each_terminal_gets_its_picture_once_and_the_findings_below() {
    const KITTYS: &str = "\x1b_Gf=32,a=T";
    const ITERMS: &str = "\x1b]1337;File=inline=1";
    const SIXELS: &str = "\x1bPq";
    const HALVES: &str = "▄";
    let cases: [Case; 6] = [
        ("kitty", &[("TERM", "xterm-kitty")], KITTY, KITTYS),
        ("iTerm2", &[("TERM_PROGRAM", "iTerm.app")], PLAIN, ITERMS),
        ("a sixel terminal", &[], SIXEL, SIXELS),
        ("a plain one", &[], PLAIN, HALVES),
        ("one that never answers", &[], NO_ANSWERS, HALVES),
        ("none that shows anything", &[("TERM", "dumb")], NO_ANSWERS, ""),
    ];
    for (name, environment, answers, picture) in cases {
        let (bytes, code) = show(environment, answers);
        let text = String::from_utf8_lossy(&bytes);
        let shown: String = text.chars().filter(|c| !c.is_control()).take(600).collect();
        assert_eq!(code, 0, "{name}: {shown}");
        for other in [KITTYS, ITERMS, HALVES] {
            let expected = if other == picture { 1 } else { 0 };
            assert!(count(&bytes, other).min(1) == expected, "{name}: {other:?} in {shown}");
        }
        let sixels = bytes.windows(2).filter(|part| *part == b"\x1bP").count();
        assert_eq!(sixels, usize::from(picture == SIXELS), "{name}: {shown}");
        if [KITTYS, ITERMS].contains(&picture) {
            assert_eq!(count(&bytes, picture), 1, "{name}");
        }
        // What the terminal answered is not on the screen, and the text begins at the left.
        assert_eq!(count(&beside_sixels(&bytes), "^["), 0, "{name}: {shown}");
        assert!(
            text.contains("\rfilm.dcm\r\n") || text.contains("\nfilm.dcm\r\n") || picture.is_empty(),
            "{name}"
        );
        assert!(text.contains("PROBABILITY") && text.contains("coarse hint"), "{name}: {shown}");
    }
}

#[test]
fn tmux_is_told_to_let_pictures_through_only_where_it_does_not() {
    for (set, is_told) in [("off", true), ("", true), ("on", false), ("all", false)] {
        let folder = tempfile::tempdir().unwrap();
        let (tmux, log) = (folder.path().join("tmux"), folder.path().join("log"));
        let script = format!(
            "#!/bin/sh\necho \"$*\" >> '{}'\ncase $1 in display-message) echo xterm-kitty ;; show-options) echo '{set}' ;; esac\n",
            log.display()
        );
        fs::write(&tmux, script).unwrap();
        fs::set_permissions(&tmux, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let inside = [("TMUX", "/nowhere,1,0"), ("TERM", "tmux-256color"), ("PATH", path.as_str())];
        let (_, code) = show(&inside, NO_ANSWERS);
        let asked = fs::read_to_string(&log).unwrap();
        assert_eq!(
            (code, asked.contains("set-option -p allow-passthrough on")),
            (0, is_told),
            "{set}: {asked}"
        );
    }
}
