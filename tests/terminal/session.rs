//! The dashboard in a real pseudo-terminal that answers no probes: the program, its keys, its screen.

use std::{
    fs,
    ops::{Deref, DerefMut},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use portable_pty::PtySize;
use tempfile::TempDir;

use crate::support::terminal::{self, PATIENCE, program};

/// A terminal that says nothing of its pixels, and answers no question.
struct Terminal {
    folder: Arc<TempDir>,
    terminal: terminal::Terminal,
}

impl Terminal {
    fn new(columns: u16, rows: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inbox")).unwrap();
        // Drawn films look like no chest, and two gates see that.
        let gates = "[quality]\ninverted = \"off\"\nout_of_distribution = \"off\"\n";
        fs::write(folder.path().join("cxr-triage.toml"), gates).unwrap();
        Self::in_folder(Arc::new(folder), columns, rows)
    }

    fn in_folder(folder: Arc<TempDir>, columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let mut command = program(folder.path(), &["--store", "data/store.db"]);
        command.env("LOGNAME", "radiographer");
        Self { folder, terminal: terminal::Terminal::start_in(command, size) }
    }

    fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    fn quit(&mut self) -> u32 {
        self.type_keys("q");
        self.end()
    }

    fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

impl Deref for Terminal {
    type Target = terminal::Terminal;

    fn deref(&self) -> &terminal::Terminal {
        &self.terminal
    }
}

impl DerefMut for Terminal {
    fn deref_mut(&mut self) -> &mut terminal::Terminal {
        &mut self.terminal
    }
}

fn drawn_film(seed: u32) -> image::GrayImage {
    image::GrayImage::from_fn(256, 256, |x, y| {
        let value = (x * (3 + seed) + y * 5) % 200 + (x ^ y) % 40;
        image::Luma([u8::try_from(value.min(255)).unwrap()])
    })
}

#[test]
fn a_film_that_is_dropped_in_comes_up_and_the_terminal_is_given_back() {
    let mut terminal = Terminal::new(120, 40);
    terminal.wait("the alternate screen", |terminal| terminal.screen().alternate_screen());
    drawn_film(1).save(terminal.inbox().join("first.png")).unwrap();
    terminal.wait_for("first.png");
    drawn_film(2).save(terminal.inbox().join("second.png")).unwrap();
    // The header names the film that is being read, so a name alone says nothing of the list.
    terminal.wait("both films in the list", |screen| screen.contents().contains("/2 ──"));
    terminal.wait_for("starter");
    // Half-blocks: the film is on the screen.
    terminal.wait("the picture", |screen| screen.contents().contains('▀') || screen.contents().contains('▄'));

    terminal.type_keys("?");
    terminal.wait_for("the worst study");
    terminal.type_keys("\u{1b}");
    terminal.wait("the help to close", |screen| !screen.contents().contains("the worst study"));
    // The selection stays on the film that came first: the worst is chosen, as it is after a restart.
    terminal.type_keys("gg ");
    terminal.wait_for("by radiographer");

    assert_eq!(terminal.quit(), 0);
    assert!(!terminal.screen().alternate_screen(), "the terminal is left as it was");
    assert!(!terminal.screen().hide_cursor(), "the cursor is back");

    // Everything is there again after a restart, the status too.
    let mut again = Terminal::in_folder(Arc::clone(&terminal.folder), 120, 40);
    again.wait_for("by radiographer");
    again.wait_for("first.png");
    again.wait_for("second.png");
    assert_eq!(again.quit(), 0);
}

#[test]
fn a_signal_and_a_lost_connection_give_the_terminal_back_too() {
    for signal in ["-TERM", "-HUP"] {
        let mut terminal = Terminal::new(80, 24);
        terminal.wait("the alternate screen", |terminal| terminal.screen().alternate_screen());
        terminal.signal(signal);
        terminal.wait("the main screen", |terminal| !terminal.screen().alternate_screen());
        terminal.child.wait().unwrap();
    }
}

#[test]
fn a_terminal_that_answers_no_question_has_its_first_frame_and_its_first_keys() {
    let mut terminal = Terminal::new(80, 24);
    terminal.wait("the alternate screen", |terminal| terminal.screen().alternate_screen());
    // The question is out, and nobody answers it.
    terminal.type_keys("?");
    terminal.wait_for("the worst study");
    terminal.type_keys("q");
    terminal.wait_for("No films yet");
}

#[test]
fn the_shell_gets_its_terminal_while_the_program_is_stopped() {
    let mut terminal = Terminal::new(80, 24);
    terminal.wait_for("No films yet");
    for stop in ["\u{1a}", ""] {
        if stop.is_empty() {
            terminal.signal("-TSTP");
        } else {
            terminal.type_keys(stop);
        }
        terminal.wait("the main screen", |terminal| {
            !terminal.screen().alternate_screen() && !terminal.screen().hide_cursor()
        });
        terminal.wait_for("`fg` goes on");
        terminal.signal("-CONT");
        terminal.wait("the alternate screen", |terminal| terminal.screen().alternate_screen());
        terminal.wait_for("No films yet");
    }
    assert_eq!(terminal.quit(), 0);
}

/// A configuration in which the weights are noted that its thresholds were saved for.
fn noted(text: &str) -> String {
    let manifest = include_str!("../../weights/starter/model.toml");
    let sha256 = manifest.lines().find_map(|line| line.strip_prefix("sha256 = \"")).unwrap();
    text.replace(
        "Pneumonia = { rank = false }\n",
        &format!("Pneumonia = {{ rank = false }}\nfor = \"{}\"\n", &sha256[..16]),
    )
}

#[test]
fn a_threshold_that_is_saved_in_the_workbench_reorders_the_list_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inbox")).unwrap();
    // So high that nothing is urgent; with comments that are to stay.
    let text = "[quality]\ninverted = \"off\" # drawn films\nout_of_distribution = \"off\"\n\n\
                [thresholds.starter]\nEdema = { rank = false }\n\
                Effusion = { rank = false }\nEmphysema = { rank = false }\nHernia = { rank = false }\n\
                Pneumothorax = { rank = false }\nPneumonia = { rank = false }\n\n\
                # set by Ines\n[thresholds.starter.Cardiomegaly]\nalert = 0.99 # since May\nrank = true\n";
    let config = folder.path().join("cxr-triage.toml");
    fs::write(&config, text).unwrap();
    let mut terminal = Terminal::in_folder(Arc::new(folder), 120, 40);
    drawn_film(1).save(terminal.inbox().join("first.png")).unwrap();
    // In the list: the header names it already while it is in work.
    let listed = |screen: &terminal::Terminal| {
        screen.contents().lines().skip(1).any(|line| line.contains("first.png"))
    };
    terminal.wait("a row", listed);
    terminal.wait_for("the thresholds of starter do not say for which weights");
    terminal.type_keys("t");
    terminal.wait_for("The last 1 study");
    // To Cardiomegaly, and down as far as it goes: now any film reaches it.
    let chosen = |screen: &terminal::Terminal| {
        let contents = screen.contents();
        contents.lines().find_map(|line| Some(line.split_once("▸ ")?.1.split(' ').next()?.to_owned()))
    };
    while chosen(&terminal).as_deref() != Some("Cardiomegaly") {
        let before = chosen(&terminal);
        terminal.type_keys("j");
        terminal.wait("another label", |screen| chosen(screen) != before);
    }
    terminal.type_keys(&"<".repeat(20));
    terminal.wait_for("0.990→0.001");
    terminal.wait("what would change", |screen| screen.contents().contains("enter writes the configuration"));
    assert_eq!(fs::read_to_string(&config).unwrap(), text, "nothing is written before it is said");
    terminal.type_keys("\r");
    terminal.wait_for("Saved: Cardiomegaly.");
    let noted = noted(text);
    assert_eq!(fs::read_to_string(&config).unwrap(), noted.replace("0.99", "0.001"));
    terminal.type_keys("\u{1b}");
    terminal.wait("the list to be ordered anew", |screen| {
        let list = screen.contents();
        list.lines().any(|line| line.contains("first.png") && line.contains("urgent"))
            && !list.contains("do not say for which weights")
    });
    terminal.type_keys("t");
    terminal.wait_for("The last 1 study");
    terminal.type_keys("u");
    terminal.wait_for("The former values are back: Cardiomegaly.");
    assert_eq!(fs::read_to_string(&config).unwrap(), noted);
    terminal.type_keys("\u{1b}");
    terminal.wait("the list as before", |screen| {
        screen.contents().lines().any(|line| line.contains("first.png") && !line.contains("urgent"))
    });
    assert_eq!(terminal.quit(), 0);
}

#[test]
fn q_ends_it_while_a_plugins_program_and_a_plugin_hang() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    for name in ["inbox", "plugins"] {
        fs::create_dir(path(name)).unwrap();
    }
    let program = format!("[\"/bin/sh\", \"-c\", '> \"$0\"; exec sleep 36000', {:?}]", path("begun"));
    let config = format!(
        "[quality]\ninverted = \"off\"\nout_of_distribution = \"off\"\n[plugins]\nenabled = [\"runs\", \"loops\"]\n\
         programs = {{ hang = {program} }}\n[plugins.runs]\nallow = [\"run\"]\n"
    );
    fs::write(path("cxr-triage.toml"), config).unwrap();
    let plugin = |name: &str, rest: &str| {
        fs::write(
            path(&format!("plugins/{name}.luau")),
            format!("return {{ api = 1, name = '{name}', {rest} }}"),
        )
    };
    plugin("runs", "permissions = { 'run' }, on_study = function() return { run = 'hang' } end").unwrap();
    plugin("loops", "on_study = function() while true do end end").unwrap();
    let mut terminal = Terminal::in_folder(Arc::clone(&folder), 120, 40);
    terminal.wait_for("No films yet");
    drawn_film(1).save(terminal.inbox().join("a.png")).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !path("begun").exists() {
        assert!(Instant::now() < deadline, "the program was not run");
        let _ = terminal.take(Duration::from_millis(100));
    }
    assert_eq!(terminal.quit(), 0);
}
