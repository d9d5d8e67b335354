//! A limit to the memory of one task, for readers of files that may be made to fill it.
//!
//! A file says how large its parts are, and other people's readers (zip, HDF5, JSON) believe more of that than
//! they should. While a [`MemoryLimit`] stands, every allocation of the process is counted, whoever makes it;
//! one beyond the limit ends the process with a sentence and exit code 1, for an allocation cannot fail in
//! any other orderly way. Nothing is counted at any other time.

#![expect(unsafe_code, reason = "a global allocator is an unsafe trait; every call is handed on as it came")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::{self, Write},
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use crate::lock::lock;

static COUNTING: AtomicBool = AtomicBool::new(false);
/// Bytes in use beyond those in use when the counting began; wraps below zero when more of those is freed.
static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static SENTENCE: Mutex<String> = Mutex::new(String::new());

/// The system's allocator, with a count while a [`MemoryLimit`] stands.
#[derive(Debug)]
pub struct Counting;

// SAFETY: all four hand their arguments on to the system's allocator and return what it returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there for a moment.
        take(size);
        // SAFETY: as above.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        give_back(layout.size());
        moved
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Memory that an allocation takes: glibc's smallest piece is 32 bytes, the others have a header of 8 and end at
/// a multiple of 16.
fn piece(size: usize) -> usize {
    (size.saturating_add(8 + 15) & !15).max(32)
}

fn take(size: usize) {
    if COUNTING.load(Relaxed) {
        let piece = piece(size);
        let used = USED.fetch_add(piece, Relaxed).wrapping_add(piece);
        // What is below zero is no more than before.
        if used > MOST.load(Relaxed) && used < usize::MAX / 2 {
            exceeded();
        }
    }
}

fn give_back(size: usize) {
    if COUNTING.load(Relaxed) {
        USED.fetch_sub(piece(size), Relaxed);
    }
}

#[cold]
#[expect(
    clippy::disallowed_methods,
    reason = "the sentence was cleaned when the limit was set, and nothing may be allocated"
)]
fn exceeded() -> ! {
    COUNTING.store(false, Relaxed);
    let sentence = lock(&SENTENCE);
    let _ = writeln!(io::stderr(), "cxr-triage: {sentence}");
    process::exit(1)
}

/// Memory is counted and limited until this is dropped. Where [`Counting`] is not the process's allocator, as in
/// tests of the library, it does nothing.
#[derive(Debug)]
#[must_use = "the limit stands as long as this does"]
pub struct MemoryLimit(());

impl MemoryLimit {
    /// Limits what the process takes from now on to `most` bytes; `sentence` is printed where it is not enough.
    pub fn begin(most: usize, sentence: String) -> Self {
        *lock(&SENTENCE) = sentence;
        USED.store(0, Relaxed);
        MOST.store(most, Relaxed);
        COUNTING.store(true, Relaxed);
        Self(())
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        COUNTING.store(false, Relaxed);
    }
}
