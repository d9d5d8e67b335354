//! Quantiles of values that were measured.

/// The value at and below which so many of a hundred lie (nearest rank); none of nothing. `sorted` ascends, and
/// `percent` is 1 to 100.
#[must_use]
pub fn quantile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_are_values_that_are_there() {
        for (sorted, percent, value) in [
            (&[][..], 50, None),
            (&[7], 50, Some(7)),
            (&[7], 90, Some(7)),
            (&[1, 2], 50, Some(1)),
            (&[1, 2, 3], 50, Some(2)),
            (&[1, 2, 3, 4], 50, Some(2)),
            (&[1, 2, 3, 4], 90, Some(4)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, Some(9)),
            (&[1, 2, 3], 100, Some(3)),
        ] {
            assert_eq!(quantile(sorted, percent), value, "{percent} % of {sorted:?}");
        }
    }

    proptest! {
        #[test]
        fn so_many_of_a_hundred_lie_at_or_below_a_quantile(
            mut values in prop::collection::vec(0_u16..100, 1..60),
            percent in 1_usize..=100,
        ) {
            values.sort_unstable();
            let value = quantile(&values, percent).expect("there are values");
            let below = values.iter().filter(|other| **other <= value).count();
            prop_assert!(below * 100 >= values.len() * percent);
            let less = values.iter().filter(|other| **other < value).count();
            prop_assert!(less * 100 < values.len() * percent);
        }
    }
}
