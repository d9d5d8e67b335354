//! Damage of every kind to films of every kind: the answer is a film or a sentence, within bounded memory,
//! and never half a film.

#![allow(clippy::unwrap_used)] // helpers of tests may panic
#![allow(unsafe_code)] // an allocator that counts cannot be written without

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use cxr_film::{Film, Unreadable};
use proptest::prelude::*;

/// Counts what this thread holds, and the most that it held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends gives back after its counters are gone.
    let _gone = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        MOST.with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is handed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A decoder's tables and threads, and what a film of a thousand pixels needs; a length of gigabytes that is
/// believed goes far beyond.
const BOUND: isize = 64 << 20;

fn in_folder(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "json"));
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

static FILMS: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| in_folder("golden/film_variants"));

/// Decodes within the bound, and holds the answer to its contract.
fn decode(bytes: &[u8]) -> Result<Film, Unreadable> {
    let before = HELD.get();
    MOST.set(before);
    let decoded = cxr_film::decode(bytes);
    let most = MOST.get() - before;
    assert!(most < BOUND, "{most} bytes held for a file of {}", bytes.len());
    match &decoded {
        Ok(film) => {
            assert_eq!(film.linear.len(), film.width as usize * film.height as usize);
            assert_eq!(film.display.len(), film.linear.len());
            assert!(film.linear.iter().all(|grey| (0.0..=film.linear_max).contains(grey)));
        }
        Err(error) => {
            assert!(error.reason.ends_with('.') && error.reason.contains(": "), "{error}");
            assert!(!error.reason.contains(char::is_control), "{error:?}");
        }
    }
    decoded
}

#[test]
fn a_film_cut_short_is_never_half_a_film() {
    for (path, bytes) in FILMS.iter() {
        let whole = decode(bytes);
        for length in (0..bytes.len()).step_by(37).chain(bytes.len() - 12..bytes.len()) {
            // What follows the last pixel may be missing, nothing else.
            if let Ok(film) = decode(&bytes[..length]) {
                let whole = whole.as_ref().unwrap();
                let same = film.linear == whole.linear && film.display == whole.display;
                assert!(same && length + 64 > bytes.len(), "{} cut to {length}", path.display());
            }
        }
    }
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    for (_, bytes) in FILMS.iter().step_by(9) {
        for at in 132..bytes.len().min(1200) - 4 {
            let mut lying = bytes.clone();
            lying[at..at + 4].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
            let _bounded = decode(&lying);
        }
    }
}

/// What fuzzing found, each once; the folder's names say what it was.
#[test]
fn what_was_found_stays_found() {
    let regressions = in_folder("regressions");
    assert!(!regressions.is_empty());
    for (_, bytes) in regressions {
        let _bounded = decode(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn damage_is_an_answer_never_a_crash(
        film in 0.0..1.0_f64,
        damage in prop::collection::vec((0.0..1.0_f64, any::<[u8; 4]>(), 0_usize..6), 1..8),
    ) {
        let (_, bytes) = &FILMS[(film * FILMS.len() as f64) as usize];
        let mut bytes = bytes.clone();
        for (place, value, kind) in damage {
            // The preamble means nothing: only what follows it is worth damaging.
            let at = 132 + (place * (bytes.len() - 140) as f64) as usize;
            match kind {
                0 | 1 => bytes[at] = value[0],
                2 => bytes[at] ^= 1 << (value[0] & 7),
                3 => bytes[at..at + 4].copy_from_slice(&value),
                4 => drop(bytes.splice(at..at, value)),
                _ => drop(bytes.drain(at..at + 1)),
            }
        }
        let _answer = decode(&bytes);
    }
}
