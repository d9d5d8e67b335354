//! A hash of the stored picture, by which a film is known again in another transfer syntax.

use sha2::{Digest, Sha256};

/// Values that are hashed at once.
const VALUES: usize = 4096;

/// The first 16 bytes, hex, of the SHA-256 of a picture's size, its polarity and its values. Nothing of how it was
/// coded goes in, and nothing of the LUTs and windows that show it.
pub(super) fn of_picture((columns, rows): (u32, u32), least_is_white: bool, stored: &[u16]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(columns.to_le_bytes());
    hasher.update(rows.to_le_bytes());
    hasher.update([u8::from(least_is_white)]);
    let mut bytes = Vec::with_capacity(2 * VALUES);
    for values in stored.chunks(VALUES) {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        hasher.update(&bytes);
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
