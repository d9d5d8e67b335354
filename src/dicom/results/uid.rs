//! Numbers of objects: UUIDs made of a hash (PS3.5 B.2), so that one thing has one number however often it is made.

use sha2::{Digest, Sha256};

/// The UID of what these texts name together.
pub(super) fn uid(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that none runs into the next.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    // Version 8, a UUID of one's own making, and the usual variant (RFC 9562).
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::uid;

    #[test]
    fn a_number_is_valid_and_tells_its_parts_apart() {
        let one = uid(&["1.2.3", "sr"]);
        assert_eq!(one, uid(&["1.2.3", "sr"]));
        assert!(one.len() <= 64 && one.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{one}");
        assert_ne!(one, uid(&["1.2.3s", "r"]));
        assert_ne!(one, uid(&["1.2.3", "sc"]));
    }
}
