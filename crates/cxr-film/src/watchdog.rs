//! A decoder that does not come back keeps one thread busy, not the line.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crossbeam_channel::bounded;

use super::{DecodeError, Film, decode};

/// How long the decoding of one file may take. The slowest film known, a JPEG 2000 of the largest size that
/// is taken, needs 9 s of a busy core, its score included.
pub const DECODE_LIMIT: Duration = Duration::from_secs(20);

/// Decoders at work at the same time, those that were given up included: their memory is taken until they
/// end, if they ever do.
const DECODERS: usize = 12;

static PLACES: Places = Places { taken: Mutex::new(0), freed: Condvar::new() };

/// [`decode`], given up after [`DECODE_LIMIT`].
///
/// A thread cannot be ended from outside, so a decoder that was given up runs on without anybody waiting for
/// it, and is counted as long as it does.
///
/// # Errors
/// [`DecodeError`], as [`decode`]; also when the time is over, or when too many decoders never came back.
pub fn decode_within_limit(bytes: Vec<u8>) -> Result<Film, DecodeError> {
    match within(&PLACES, DECODERS, DECODE_LIMIT, move || decode(&bytes)) {
        Ok(outcome) => outcome,
        Err(gone) => Err(DecodeError::nameless(gone.sentence(DECODE_LIMIT))),
    }
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
enum Gone {
    /// It took too long.
    Late,
    /// There was no place for it: others take too long.
    Crowded,
    /// No thread could be had for it, or it ended without an answer.
    Lost,
}

impl Gone {
    fn sentence(&self, limit: Duration) -> String {
        let seconds = limit.as_secs();
        match self {
            Self::Late => format!(
                "Decoding was given up after {seconds} seconds: the file may be damaged, or made to stop a reader. Send it again, or look at it on its workstation."
            ),
            Self::Crowded => format!(
                "{DECODERS} other files have been in decoding for more than {seconds} seconds: restart the program, then send this one again."
            ),
            Self::Lost => "The decoder ended without an answer: send the file again.".to_owned(),
        }
    }
}

/// Runs `work` on a thread of its own and waits for its answer, at most `limit`; and as long before that for
/// one of `places`.
fn within<T: Send + 'static>(
    places: &'static Places,
    most: usize,
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Gone> {
    let place = places.take(most, limit).ok_or(Gone::Crowded)?;
    let (answer_in, answer) = bounded(1);
    let run = move || {
        let _place = place;
        // Nobody waits any more for an answer that comes too late.
        let _ = answer_in.send(work());
    };
    thread::Builder::new().name("decoder".into()).spawn(run).map_err(|_| Gone::Lost)?;
    answer.recv_timeout(limit).map_err(|error| if error.is_timeout() { Gone::Late } else { Gone::Lost })
}

struct Places {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Places {
    fn take(&'static self, most: usize, limit: Duration) -> Option<Place> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(taken, limit, |taken| *taken >= most);
        let (mut taken, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        if outcome.timed_out() && *taken >= most {
            return None;
        }
        *taken += 1;
        Some(Place(self))
    }
}

/// Given back when dropped.
struct Place(&'static Places);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::bounded;

    use super::{Gone, Places, decode_within_limit, within};

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    fn places() -> &'static Places {
        Box::leak(Box::new(Places { taken: Default::default(), freed: Default::default() }))
    }

    #[test]
    fn a_decoder_that_hangs_is_given_up_and_counted_until_it_ends() {
        let places = places();
        let (let_go, held_up) = bounded::<()>(0);
        assert_eq!(within(places, 1, SHORT, move || held_up.recv()), Err(Gone::Late));
        assert_eq!(within(places, 1, SHORT, || 7), Err(Gone::Crowded), "its place is still taken");
        let_go.send(()).unwrap();
        assert_eq!(within(places, 1, LONG, || 7), Ok(7), "its place is free again");
    }

    #[test]
    fn a_decoder_that_dies_is_an_answer() {
        let places = places();
        assert_eq!(within(places, 1, LONG, || panic!("a decoder's fault")), Err::<(), _>(Gone::Lost));
        assert_eq!(within(places, 1, LONG, || 7), Ok(7));
    }

    #[test]
    fn what_comes_in_time_is_what_decode_says() {
        let error = decode_within_limit(b"<html>".to_vec()).unwrap_err();
        assert_eq!(error, super::decode(b"<html>").unwrap_err());
    }
}
