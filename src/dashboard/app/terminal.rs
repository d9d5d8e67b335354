//! Taking the terminal over, and giving it back whatever happens.

#![expect(
    clippy::disallowed_methods,
    reason = "what drives the terminal is made here; frames are cleaned text"
)]

use std::{
    io::{self, BufWriter, IsTerminal, Stdout, Write, stdout},
    panic,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread,
};

use crossbeam_channel::Sender;
use crossterm::{
    cursor,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute,
    style::Print,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Terminal, backend::CrosstermBackend};

use crate::{
    config::DesktopNotice,
    dashboard::DashboardError,
    guard::{is_guarded, panic_in_words},
    leaving,
};

/// A frame goes out in few writes: a large picture is some hundred kilobytes.
const BUFFER: usize = 64 * 1024;

pub(in crate::dashboard) type Screen = Terminal<CrosstermBackend<BufWriter<Counted>>>;

/// Standard output, with a count of the bytes. That the terminal is gone is told once, and to nobody who is leaving:
/// ratatui would complain of it on standard error, which is gone with it.
#[derive(Debug)]
pub(in crate::dashboard) struct Counted {
    to: Stdout,
    count: Arc<AtomicU64>,
    is_gone: bool,
}

impl Counted {
    /// The outcome of a write, or what stands for it where the terminal is known to be gone.
    fn told<T>(&mut self, outcome: io::Result<T>, instead: T) -> io::Result<T> {
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(_) if self.is_gone || leaving::has_begun() => Ok(instead),
            Err(error) => {
                self.is_gone = true;
                Err(error)
            }
            written => written,
        }
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.to.write(bytes);
        let written = self.told(outcome, bytes.len())?;
        self.count.fetch_add(written as u64, Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.to.flush();
        self.told(outcome, ())
    }
}

/// Whether there is a terminal that can show a dashboard.
pub fn check() -> Result<(), DashboardError> {
    if !stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(DashboardError::NotATerminal);
    }
    match std::env::var("TERM") {
        Ok(term) if term == "dumb" || term.is_empty() => Err(DashboardError::DumbTerminal(term)),
        _ => Ok(()),
    }
}

/// The terminal is the dashboard's while this lives.
pub(in crate::dashboard) struct Guard {
    previous_hook: Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>,
}

impl Guard {
    /// Takes over. A panic on this thread gives the terminal back before it is reported; one on another
    /// thread is told to `failures` instead of being written across the screen.
    pub(in crate::dashboard) fn enter(failures: Sender<String>) -> io::Result<Self> {
        enable_raw_mode()?;
        let previous: Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync> = Arc::from(panic::take_hook());
        let guard = Self { previous_hook: Arc::clone(&previous) };
        let screen_thread = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            if is_guarded() {
                // A broken film, not a broken program: its decoder's panic is caught and told as a reason.
            } else if thread::current().id() == screen_thread {
                restore();
                previous(info);
            } else {
                tracing::error!("{}", panic_in_words(info));
                let thread = thread::current().name().unwrap_or("without a name").to_owned();
                // Nobody listens any more only when the dashboard is going away.
                let _ = failures.send(format!("The thread `{thread}` failed; the log says where."));
            }
        }));
        // From here on dropping the guard undoes what was done, an error included.
        enter()?;
        leaving::give_back_by(Some(restore_by_force));
        Ok(guard)
    }
}

/// Clicks, drags and the wheel, told in numbers of any size. crossterm's own command would also ask for
/// every move of the mouse: kilobytes over a slow line for nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

fn enter() -> io::Result<()> {
    execute!(stdout(), EnterAlternateScreen, cursor::Hide, EnableBracketedPaste, Print(MOUSE_ON))
}

/// Gives the terminal to the shell while the program is stopped.
pub(in crate::dashboard) fn give_back() {
    restore();
    let _ = execute!(stdout(), Print("cxr-triage is stopped: its pipeline waits too. `fg` goes on.\r\n"));
}

/// Takes the terminal over again. Whoever had it meanwhile may have left it in any mode.
pub(in crate::dashboard) fn take_again() -> io::Result<()> {
    disable_raw_mode()?;
    enable_raw_mode()?;
    enter()
}

/// Whether the title is ours, and the one before it on the terminal's stack of titles.
static TITLED: AtomicBool = AtomicBool::new(false);

/// The sequence that sets the title, and puts the one before it aside the first time. tmux takes it for its pane's title,
/// and passes it on where `set-titles` is on.
pub(in crate::dashboard) fn title(text: &str) -> String {
    let aside = if TITLED.swap(true, SeqCst) { "" } else { "\x1b[22;2t" };
    format!("{aside}\x1b]2;{text}\x1b\\")
}

/// The sequence that gives the title back, where it is ours; a terminal without a stack of titles shows its own.
pub(in crate::dashboard) fn title_back() -> &'static str {
    if TITLED.swap(false, SeqCst) { "\x1b]2;\x1b\\\x1b[23;2t" } else { "" }
}

/// The sequence that asks for a notice on the desktop; empty where none is wanted. The text is ours and has no `;`.
pub(in crate::dashboard) fn desktop_notice(way: DesktopNotice, text: &str) -> String {
    match way {
        DesktopNotice::Off => String::new(),
        DesktopNotice::Osc9 => format!("\x1b]9;cxr-triage: {text}\x1b\\"),
        DesktopNotice::Osc777 => format!("\x1b]777;notify;cxr-triage;{text}\x1b\\"),
    }
}

/// Gives the terminal back. Nothing can be done about a terminal that does not take it.
fn restore() {
    let _ = execute!(
        stdout(),
        Print(MOUSE_OFF),
        Print(title_back()),
        DisableBracketedPaste,
        cursor::Show,
        LeaveAlternateScreen
    );
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// Gives the terminal back while another thread may be writing to it, or waits to.
fn restore_by_force() {
    let _ = disable_raw_mode();
    restore();
}

impl Drop for Guard {
    fn drop(&mut self) {
        leaving::give_back_by(None);
        // In a panic the hook has restored already, and leaving the alternate screen twice would put the
        // cursor back over the report; nor may the hook be changed then.
        if thread::panicking() {
            return;
        }
        restore();
        let previous = Arc::clone(&self.previous_hook);
        panic::set_hook(Box::new(move |info| previous(info)));
    }
}

/// The screen to draw on, and the bytes that were written to it.
pub(in crate::dashboard) fn screen() -> io::Result<(Screen, Arc<AtomicU64>)> {
    let count = Arc::new(AtomicU64::new(0));
    let out = Counted { to: stdout(), count: Arc::clone(&count), is_gone: false };
    let screen = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(BUFFER, out)))?;
    Ok((screen, count))
}
