//! The dashboard in a real pseudo-terminal that answers no probes: the program, its keys, its screen.

use std::{
    fs,
    io::{Read, Write},
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// Longer than any machine needs; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    folder: Arc<TempDir>,
    /// Its end is the terminal's.
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
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
        let pair = native_pty_system().openpty(size).unwrap();
        let home = folder.path().join("home");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cxr-triage"));
        command.args(["--store", "data/store.db"]);
        command.cwd(folder.path());
        command.env("TERM", "xterm-256color");
        command.env("HOME", &home);
        command.env("XDG_CONFIG_HOME", home.join("config"));
        command.env("XDG_DATA_HOME", home.join("data"));
        command.env("LOGNAME", "radiographer");
        command.env_remove("TMUX");
        command.env_remove("CXR_TRIAGE_CONFIG");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self {
            folder,
            _master: pair.master,
            writer,
            child,
            output,
            screen: vt100::Parser::new(rows, columns, 0),
        }
    }

    fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    fn type_keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Reads until the screen is as wanted.
    fn wait(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("{what} did not come; the screen:\n{}", self.screen.screen().contents()),
            }
        }
    }

    fn wait_for(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn quit(&mut self) -> u32 {
        self.type_keys("q");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().exit_code(),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it does not end; the screen:\n{}", self.screen.screen().contents())
                }
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
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
    terminal.wait("the alternate screen", vt100::Screen::alternate_screen);
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
    assert!(!terminal.screen.screen().alternate_screen(), "the terminal is left as it was");
    assert!(!terminal.screen.screen().hide_cursor(), "the cursor is back");

    // Everything is there again after a restart, the status too.
    let mut again = Terminal::in_folder(Arc::clone(&terminal.folder), 120, 40);
    again.wait_for("by radiographer");
    again.wait_for("first.png");
    again.wait_for("second.png");
    assert_eq!(again.quit(), 0);
}

impl Terminal {
    fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

#[test]
fn a_signal_and_a_lost_connection_give_the_terminal_back_too() {
    for signal in ["-TERM", "-HUP"] {
        let mut terminal = Terminal::new(80, 24);
        terminal.wait("the alternate screen", vt100::Screen::alternate_screen);
        terminal.signal(signal);
        terminal.wait("the main screen", |screen| !screen.alternate_screen());
        terminal.child.wait().unwrap();
    }
}

#[test]
fn a_terminal_that_answers_no_question_has_its_first_frame_and_its_first_keys() {
    let mut terminal = Terminal::new(80, 24);
    terminal.wait("the alternate screen", vt100::Screen::alternate_screen);
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
        terminal.wait("the main screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        terminal.wait_for("`fg` goes on");
        terminal.signal("-CONT");
        terminal.wait("the alternate screen", vt100::Screen::alternate_screen);
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
    let listed =
        |screen: &vt100::Screen| screen.contents().lines().skip(1).any(|line| line.contains("first.png"));
    terminal.wait("a row", listed);
    terminal.wait_for("the thresholds of starter do not say for which weights");
    terminal.type_keys("t");
    terminal.wait_for("The last 1 study");
    // To Cardiomegaly, and down as far as it goes: now any film reaches it.
    let chosen = |screen: &vt100::Screen| {
        let contents = screen.contents();
        contents.lines().find_map(|line| Some(line.split_once("▸ ")?.1.split(' ').next()?.to_owned()))
    };
    while chosen(terminal.screen.screen()).as_deref() != Some("Cardiomegaly") {
        let before = chosen(terminal.screen.screen());
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
        let _ = terminal.output.recv_timeout(Duration::from_millis(100));
    }
    assert_eq!(terminal.quit(), 0);
}
