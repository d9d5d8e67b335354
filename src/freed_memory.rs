//! The fate of freed memory where the C library is glibc; elsewhere nothing is changed.

#![allow(unsafe_code, reason = "the allocator's settings are C's")]

/// Larger pieces go back to the system at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 256 * 1024;

/// Has the threads share what they freed: films that are decoded on one thread and dropped on another leave 100 MB unused
/// otherwise. With two such stores instead of eight for each core nothing was seen to be slower. Call it before there
/// are threads.
pub fn share() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: this changes a setting of the allocator's.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2)
    };
}

/// Gives large pieces back to the system as soon as they are freed, which costs time at the next one: for a dashboard that
/// follows, and decodes a film now and then.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: as above.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    };
}
