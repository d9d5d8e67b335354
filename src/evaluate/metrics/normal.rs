//! The normal distribution's tails.

use std::f64::consts::PI;

/// The chance of a standard normal number at least as far from 0 as `z`, on either side.
#[must_use]
pub(super) fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    if x < 2.0 { 1.0 - series(x) } else { fraction(x) }
}

/// The error function by its series (Abramowitz and Stegun 7.1.6), which has no cancellation: all terms are positive.
fn series(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// The complementary error function by its continued fraction (Abramowitz and Stegun 7.1.14), from its far end.
fn fraction(x: f64) -> f64 {
    const TERMS: u32 = 200;
    let tail = (1..=TERMS).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
    (-x * x).exp() / PI.sqrt() / tail
}

#[cfg(test)]
mod tests {
    use super::two_sided;

    /// Values of scipy 1.17, `2 * norm.sf(z)`.
    #[test]
    fn the_tails_are_those_of_tables() {
        for (z, tails) in [
            (0.0, 1.0),
            (0.1, 0.920_344_325_445_942),
            (1.0, 0.317_310_507_862_914_15),
            (-1.959_963_984_540_054, 0.05),
            (2.8, 0.005_110_260_660_855_864),
            (2.9, 0.003_731_626_600_768_075),
            (6.0, 1.973_175_290_075_389e-9),
            (30.0, 9.813_427_854_295_816e-198),
        ] {
            let found = two_sided(z);
            assert!((found / tails - 1.0).abs() < 1e-11, "{z}: {found:e} for {tails:e}");
        }
        assert_eq!(two_sided(f64::INFINITY), 0.0);
    }
}
