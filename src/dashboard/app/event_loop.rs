//! The loop on the render thread: takes everything in that is queued, then draws at most once every
//! [`FRAME`]. It waits only for something to happen, never for an answer.

use std::{
    collections::VecDeque,
    io,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvError, TryRecvError, TrySendError, never, select, unbounded};
use crossterm::{
    execute,
    style::Print,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use jiff::Timestamp;
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP},
    iterator::Signals,
    low_level,
};

use super::{
    draw::draw,
    heard::{Heard, read, spawn_reader, spawn_signals},
    line::Line,
    terminal::{self, Screen},
    update::{settle, update},
};
use crate::{
    config::DesktopNotice,
    dashboard::{
        DashboardError, Options,
        message::{Effect, Message},
        pictures::{self, Encoder, Probe},
        site::{Reconfigure, Site},
        state::State,
        tmux::Tmux,
    },
    session::protocol::{Feed, NoticeLevel, Request},
};

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The least time with reduced motion, for changes that no key asked for.
const CALM: Duration = Duration::from_secs(2);
/// How often the clock is looked at: waits and the time of day are shown in minutes.
const TICK: Duration = Duration::from_secs(10);
/// How often while a message is about to fade.
const NOTICE_TICK: Duration = Duration::from_secs(1);
/// How soon a request is tried again that found its queue full.
const RETRY: Duration = Duration::from_millis(50);

/// Shows the dashboard until the person leaves, or a signal asks to.
///
/// The terminal is restored in every case: also on a panic, SIGTERM, SIGHUP and SIGINT. The thread that
/// reads the keys ends with the process only: it waits in a read that nothing can interrupt.
///
/// # Errors
/// [`DashboardError`] if there is no terminal fit for it, or writing to it fails.
pub fn run(feed: Feed, settings: Receiver<Reconfigure>, options: Options) -> Result<(), DashboardError> {
    terminal::check()?;
    let (failures, failed) = unbounded();
    // Before the terminal is taken over: a signal must find somebody who gives it back.
    let signals =
        Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT]).map_err(DashboardError::taking_over)?;
    let guard = terminal::Guard::enter(failures).map_err(DashboardError::taking_over)?;
    // NO_COLOR is a matter of the theme: the film itself keeps its greys.
    crossterm::style::force_color_output(true);
    let result = Running::start(feed, settings, options, signals, failed).and_then(Running::run);
    drop(guard);
    result
}

struct Running {
    state: State,
    screen: Screen,
    /// Bytes that were written to the screen since they were last asked for.
    written: Arc<AtomicU64>,
    line: Line,
    feed: Feed,
    settings: Receiver<Reconfigure>,
    encoder: Encoder,
    events: Receiver<Heard>,
    signals: Receiver<i32>,
    failed: Receiver<String>,
    /// Requests that found the queue full.
    unsent: VecDeque<Request>,
    drawn_at: Option<Instant>,
    /// Reduced motion: changes that no key asked for wait for their turn.
    calm: bool,
    /// Whether a key or a new size has come since the last frame.
    touched: bool,
    /// The terminal's title, where it is ours.
    title: Option<String>,
    tmux: Tmux,
}

impl Running {
    fn start(
        feed: Feed,
        settings: Receiver<Reconfigure>,
        options: Options,
        signals: Signals,
        failed: Receiver<String>,
    ) -> Result<Self, DashboardError> {
        // The terminal is asked before the first frame, so that the question cannot end up in the middle
        // of one; the thread that reads the keys waits for the answer, which comes in as keys do.
        let tmux = Tmux::of_environment(options.role.is_none());
        let probe = Probe::begin(options.pictures, options.bandwidth, tmux);
        let canvas = probe.canvas();
        let (screen, written) = terminal::screen().map_err(DashboardError::taking_over)?;
        let size = screen.size().map_err(DashboardError::taking_over)?;
        let mut state = State::new(Timestamp::now(), options.zone, size, options.theme, canvas)
            .with_heatmap(options.heatmap)
            .with_role(options.role)
            .with_who(&options.who);
        if options.asks_who {
            state = state.asking_who();
        }
        let_notices_through(tmux, &options.site);
        update(&mut state, Message::Reconfigure(Reconfigure::Site(Box::new(options.site))));
        Ok(Self {
            state,
            screen,
            written,
            line: Line::new(options.bandwidth),
            feed,
            settings,
            encoder: Encoder::start().map_err(DashboardError::taking_over)?,
            events: spawn_reader(probe).map_err(DashboardError::taking_over)?,
            signals: spawn_signals(signals).map_err(DashboardError::taking_over)?,
            failed,
            unsent: VecDeque::new(),
            drawn_at: None,
            calm: options.calm,
            touched: false,
            title: None,
            tmux,
        })
    }

    fn run(mut self) -> Result<(), DashboardError> {
        loop {
            update(&mut self.state, Message::Clock(Timestamp::now()));
            if self.drain()?.is_break() {
                return Ok(());
            }
            if self.send_strip()?.is_break() {
                return Ok(());
            }
            let effects = settle(&mut self.state);
            if self.perform(effects)?.is_break() {
                return Ok(());
            }
            self.resend();
            self.show_title()?;
            self.draw_if_due()?;
            if self.wait()?.is_break() {
                return Ok(());
            }
        }
    }

    /// Has the next strip of a picture sent once nothing else is on its way.
    fn send_strip(&mut self) -> Result<ControlFlow<()>, DashboardError> {
        let has_more = self.state.gallery().has_more() && !self.state.is_stale();
        if has_more && self.line.until_free(Instant::now()).is_zero() {
            return self.feed_message(Message::LineIsFree);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes queued messages in, but not for longer than a frame: a flood must not stop the drawing.
    fn drain(&mut self) -> Result<ControlFlow<()>, DashboardError> {
        let started = Instant::now();
        while started.elapsed() < FRAME {
            let message = match self.next_queued()? {
                Some(message) => message,
                None => break,
            };
            if self.feed_message(message)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Keys first: they must be felt even in a flood of updates.
    fn next_queued(&mut self) -> Result<Option<Message>, DashboardError> {
        while let Ok(heard) = self.events.try_recv() {
            if let Some(message) = read(heard)? {
                return Ok(Some(message));
            }
        }
        if let Ok(encoded) = self.encoder.answers.try_recv() {
            return Ok(Some(Message::Encoded(encoded)));
        }
        if let Ok(text) = self.failed.try_recv() {
            return Ok(Some(Message::Failed(text)));
        }
        if let Ok(setting) = self.settings.try_recv() {
            return Ok(Some(Message::Reconfigure(setting)));
        }
        match self.feed.updates.try_recv() {
            Ok(update) => Ok(Some(Message::Update(update))),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => {
                self.feed.updates = never();
                Ok(Some(Message::FeedClosed))
            }
        }
    }

    /// Waits until something happens or is due; `Break` when a signal or a hang-up asks to leave.
    fn wait(&mut self) -> Result<ControlFlow<()>, DashboardError> {
        let fading = self.state.notice().is_some_and(|notice| notice.level == NoticeLevel::Info);
        let idle = if fading { NOTICE_TICK } else { TICK };
        let idle = if self.unsent.is_empty() { idle } else { RETRY };
        let now = Instant::now();
        let idle = if self.state.gallery().has_more() { idle.min(self.line.until_free(now)) } else { idle };
        let frame = self.drawn_at.map_or(Duration::ZERO, |at| self.pace().saturating_sub(at.elapsed()));
        let frame = frame.max(self.line.until_frame(now));
        let timeout = if self.state.is_stale() { frame } else { idle };
        let timeout = if self.state.worklist().is_unfinished() { Duration::ZERO } else { timeout };
        let message = select! {
            recv(self.signals) -> signal => return self.obey(signal),
            recv(self.events) -> heard => match heard {
                Ok(heard) => read(heard)?,
                // The terminal hung up.
                Err(_) => return Ok(ControlFlow::Break(())),
            },
            recv(self.encoder.answers) -> encoded => encoded.ok().map(Message::Encoded),
            recv(self.failed) -> text => text.ok().map(Message::Failed),
            recv(self.settings) -> setting => match setting {
                Ok(setting) => Some(Message::Reconfigure(setting)),
                Err(_) => {
                    self.settings = never();
                    None
                }
            },
            recv(self.feed.updates) -> update => match update {
                Ok(update) => Some(Message::Update(update)),
                Err(_) => {
                    self.feed.updates = never();
                    Some(Message::FeedClosed)
                }
            },
            default(timeout) => None,
        };
        match message {
            Some(message) => self.feed_message(message),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// The least time between this frame and the last. With reduced motion the list stands still under
    /// the eye for a while, unless the person moves it.
    fn pace(&self) -> Duration {
        if self.calm && !self.touched { CALM } else { FRAME }
    }

    /// Does what a signal asks for; `Break`: to leave.
    fn obey(&mut self, signal: Result<i32, RecvError>) -> Result<ControlFlow<()>, DashboardError> {
        match signal {
            // Who has logged in has no shell to go to.
            Ok(SIGTSTP) if self.state.role().is_some() => {}
            Ok(SIGTSTP) => self.suspend()?,
            Ok(SIGCONT) => self.resume()?,
            _ => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Stops the whole process, as the shell's users expect of ctrl-z, until it is continued.
    fn suspend(&mut self) -> Result<(), DashboardError> {
        terminal::give_back();
        low_level::emulate_default_handler(SIGTSTP).map_err(DashboardError::taking_over)?;
        self.resume()
    }

    fn resume(&mut self) -> Result<(), DashboardError> {
        self.title = None;
        terminal::take_again().map_err(DashboardError::taking_over)?;
        let size = self.screen.size().map_err(DashboardError::taking_over)?;
        update(&mut self.state, Message::Resized(size, pictures::window_cell()));
        let effects = update(&mut self.state, Message::Continued);
        self.perform(effects).map(|_| ())
    }

    fn feed_message(&mut self, message: Message) -> Result<ControlFlow<()>, DashboardError> {
        if let Message::Reconfigure(Reconfigure::Site(site)) = &message {
            let_notices_through(self.tmux, site);
        }
        self.touched |= matches!(
            message,
            Message::Key(_) | Message::Resized(..) | Message::Encoded(_) | Message::LineIsFree
        );
        let effects = update(&mut self.state, message);
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<ControlFlow<()>, DashboardError> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(ControlFlow::Break(())),
                Effect::End(why) => return Err(DashboardError::Ended(why)),
                Effect::Request(request) => self.unsent.push_back(request),
                Effect::Encode(job) => {
                    if self.encoder.jobs.send(job).is_err() {
                        update(
                            &mut self.state,
                            Message::Failed("Pictures can no longer be made.".to_owned()),
                        );
                    }
                }
                Effect::Bell => self.print("\x07")?,
                Effect::DesktopNotice { way, text } => {
                    let sequence = self.tmux.passed(&terminal::desktop_notice(way, &text));
                    self.print(&sequence)?;
                }
                Effect::Suspend => self.suspend()?,
                Effect::Redraw => {
                    let area = self.screen.get_frame().area();
                    self.screen.resize(area).map_err(DashboardError::drawing)?;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Sends a sequence to the terminal, between two frames.
    fn print(&mut self, sequence: &str) -> Result<(), DashboardError> {
        execute!(self.screen.backend_mut(), Print(sequence)).map_err(DashboardError::drawing)
    }

    /// Sets the terminal's title, or gives it back, where it is not as it should be.
    fn show_title(&mut self) -> Result<(), DashboardError> {
        let title = self.state.title();
        if title == self.title {
            return Ok(());
        }
        let sequence = title.as_deref().map_or_else(|| terminal::title_back().to_owned(), terminal::title);
        self.title = title;
        self.print(&sequence)
    }

    /// Sends the requests that wait, in order, as far as the queue takes them.
    fn resend(&mut self) {
        while let Some(request) = self.unsent.pop_front() {
            match self.feed.requests.try_send(request) {
                Ok(()) => {}
                Err(TrySendError::Full(request)) => {
                    self.unsent.push_front(request);
                    return;
                }
                Err(TrySendError::Disconnected(_)) => {
                    self.unsent.clear();
                    update(&mut self.state, Message::FeedClosed);
                }
            }
        }
    }

    fn draw_if_due(&mut self) -> Result<(), DashboardError> {
        let now = Instant::now();
        let is_early = self.drawn_at.is_some_and(|at| now.duration_since(at) < self.pace());
        if is_early || !self.line.until_frame(now).is_zero() || !self.state.take_stale() {
            return Ok(());
        }
        self.drawn_at = Some(now);
        self.touched = false;
        self.draw().map_err(DashboardError::drawing)?;
        self.line.wrote(self.written.swap(0, Relaxed), Instant::now());
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        execute!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.draw(|frame| draw(&self.state, frame))?;
        execute!(self.screen.backend_mut(), EndSynchronizedUpdate)
    }
}

/// Has tmux let notices for the desktop through. It is asked on another thread: this one never waits.
fn let_notices_through(tmux: Tmux, site: &Site) {
    if tmux.is_between() && site.desktop_notice != DesktopNotice::Off {
        thread::spawn(move || tmux.let_through());
    }
}
