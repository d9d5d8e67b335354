//! Random numbers that are the same in every run, so that a figure can be computed again.

/// Returns the number at place `n` of SplitMix64's sequence from seed 0 (Steele, Lea and Flood 2014). Any place is
/// reached at once, so work can be shared between threads without changing a bit of it.
pub(crate) fn nth(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::nth;

    /// The first numbers of the reference implementation with seed 0.
    #[test]
    fn the_sequence_is_splitmix64s() {
        assert_eq!(
            [nth(0), nth(1), nth(2)],
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]
        );
    }
}
