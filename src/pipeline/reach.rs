//! Whether this host reads what other hosts saw: one whose share does not answer must not go on taking films from the queue
//! that it all at once gives back.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::lock::lock;

/// So many films of other hosts in a row could not be read: it is not the films.
const MOST: u32 = 8;
/// For how long none of them is taken then.
const PAUSE: Duration = Duration::from_secs(30);

/// The outcomes of the last films that another host saw.
#[derive(Debug, Default)]
pub(super) struct Reach(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Films in a row that did not come.
    failed: u32,
    /// Until when none is taken.
    until: Option<Instant>,
    has_told: bool,
}

/// A time in which no film that another host saw is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pause {
    /// How much of it is left.
    pub(super) left: Duration,
    /// Whether nobody has been told of it yet.
    pub(super) is_news: bool,
}

impl Reach {
    /// Notes that a film which another host saw did not come from its disk or share.
    pub(super) fn has_failed(&self, now: Instant) {
        let mut state = lock(&self.0);
        state.failed += 1;
        if state.failed >= MOST {
            state.until = Some(now + PAUSE);
        }
    }

    /// Notes that one came.
    pub(super) fn has_come(&self) {
        *lock(&self.0) = State::default();
    }

    /// Whether no film that another host saw is to be taken now.
    pub(super) fn pause(&self, now: Instant) -> Option<Pause> {
        let mut state = lock(&self.0);
        let left = state.until?.checked_duration_since(now).filter(|left| !left.is_zero())?;
        let is_news = !std::mem::replace(&mut state.has_told, true);
        Some(Pause { left, is_news })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_whose_share_does_not_answer_takes_no_film_of_others_for_a_while_and_says_so_once() {
        let (reach, start) = (Reach::default(), Instant::now());
        let fail = |times| (0..times).for_each(|_| reach.has_failed(start));
        fail(MOST - 1);
        assert_eq!(reach.pause(start), None, "it may be the films");
        reach.has_come();
        fail(MOST - 1);
        assert_eq!(reach.pause(start), None, "not in a row");
        fail(1);
        assert_eq!(reach.pause(start), Some(Pause { left: PAUSE, is_news: true }));
        assert_eq!(reach.pause(start), Some(Pause { left: PAUSE, is_news: false }));
        // A few are tried again then; the first that fails is enough.
        let later = start + PAUSE;
        assert_eq!(reach.pause(later), None);
        reach.has_failed(later);
        assert_eq!(reach.pause(later), Some(Pause { left: PAUSE, is_news: false }));
        reach.has_come();
        assert_eq!(reach.pause(later), None);
        (0..MOST).for_each(|_| reach.has_failed(later));
        assert!(reach.pause(later).unwrap().is_news);
    }
}
