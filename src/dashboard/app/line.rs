//! The line to the terminal, where its speed is known: whether what was written has passed.

use std::time::{Duration, Instant};

use crate::{config::Bandwidth, dashboard::pictures::STRIP};

/// A line of a known speed, or one that is fast enough for everything.
#[derive(Debug)]
pub(super) struct Line {
    bandwidth: Option<Bandwidth>,
    free_at: Option<Instant>,
}

impl Line {
    pub(super) fn new(bandwidth: Option<Bandwidth>) -> Self {
        Self { bandwidth, free_at: None }
    }

    /// Notes that so many bytes were written.
    pub(super) fn wrote(&mut self, bytes: u64, now: Instant) {
        if let Some(bandwidth) = self.bandwidth {
            self.free_at = Some(now + self.until_free(now) + bandwidth.time_of(bytes));
        }
    }

    /// The time until all that was written has passed.
    pub(super) fn until_free(&self, now: Instant) -> Duration {
        self.free_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// The time until a frame may be drawn: the strip on its way may still be in front of it. Changes that come
    /// meanwhile are drawn together.
    pub(super) fn until_frame(&self, now: Instant) -> Duration {
        self.until_free(now).saturating_sub(STRIP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_holds_up_pictures_and_long_queues_hold_up_frames() {
        let (start, ms) = (Instant::now(), Duration::from_millis);
        let mut line = Line::new(Some("256 kbit/s".parse().unwrap()));
        assert_eq!(line.until_free(start), Duration::ZERO);
        line.wrote(3_200, start);
        line.wrote(3_200, start);
        assert_eq!((line.until_free(start), line.until_frame(start)), (ms(200), ms(200) - STRIP));
        assert_eq!(line.until_frame(start + ms(190)), Duration::ZERO);
        assert_eq!(line.until_free(start + ms(190)), ms(10));
        line.wrote(32, start + ms(500));
        assert_eq!(line.until_free(start + ms(500)), ms(1), "idle time is not saved up");
    }

    #[test]
    fn a_line_of_no_known_speed_holds_up_nothing() {
        let mut line = Line::new(None);
        line.wrote(u64::MAX, Instant::now());
        assert_eq!(line.until_free(Instant::now()), Duration::ZERO);
    }
}
