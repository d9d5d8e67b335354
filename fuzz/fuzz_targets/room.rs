//! What both targets share: decode, and hold the film or the sentence to its contract.

use crate::film::{self, Film, Unreadable, is_guarded};

/// Decodes a file; crashes where the program would tell a lie or break down.
pub fn try_file(bytes: &[u8]) {
    // libFuzzer aborts in a panic hook; panics that the room catches are no finding.
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !is_guarded() {
                abort(info);
            }
        }));
    });
    match film::decode(bytes) {
        Ok(Film { width, height, linear, linear_max, display, .. }) => {
            assert_eq!(linear.len(), width as usize * height as usize);
            assert_eq!(display.len(), linear.len());
            assert!(linear.iter().all(|grey| (0.0..=linear_max).contains(grey)));
        }
        Err(Unreadable { reason, .. }) => {
            assert!(reason.ends_with('.') && !reason.contains(char::is_control), "{reason:?}");
        }
    }
}
