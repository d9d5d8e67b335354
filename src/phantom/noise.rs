//! Numbers that look random and are the same for the same seed, on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014): small, fast and good enough to draw with.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub(super) fn share(&mut self) -> f32 {
        // 24 bits are what an f32 holds.
        (self.next() >> 40) as f32 / (1_u32 << 24) as f32
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.share()
    }

    /// One of so many, from 0.
    pub(super) fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count.max(1) as u64).unwrap_or(0)
    }

    /// About normal, of mean 0 and deviation 1: the sum of four shares, which has no long tails.
    pub(super) fn normal(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.share()).sum();
        (sum - 2.0) * 3.0_f32.sqrt()
    }
}

/// Clouds: random values on a grid, smooth between, three octaves. From about -1 to 1.
#[derive(Debug, Clone)]
pub(super) struct Clouds {
    values: Vec<f32>,
}

/// Points of the grid along one side.
const SIDE: usize = 64;

impl Clouds {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { values: (0..SIDE * SIDE).map(|_| dice.between(-1.0, 1.0)).collect() }
    }

    fn layer(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.rem_euclid(SIDE as f32), y.rem_euclid(SIDE as f32));
        let (column, row) = (x as usize % SIDE, y as usize % SIDE);
        let (right, below) = ((column + 1) % SIDE, (row + 1) % SIDE);
        let smooth = |share: f32| share * share * (3.0 - 2.0 * share);
        let (u, v) = (smooth(x.fract()), smooth(y.fract()));
        let at = |row: usize, column: usize| self.values[row * SIDE + column];
        let above = at(row, column) + (at(row, right) - at(row, column)) * u;
        let under = at(below, column) + (at(below, right) - at(below, column)) * u;
        above + (under - above) * v
    }

    /// The value at a point, with structure of about `size` and finer.
    pub(super) fn at(&self, x: f32, y: f32, size: f32) -> f32 {
        let (x, y) = (x / size, y / size);
        self.layer(x, y) * 0.57
            + self.layer(x * 2.1 + 7.0, y * 2.1) * 0.28
            + self.layer(x * 4.3, y * 4.3) * 0.15
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed| {
            let mut dice = Dice::new(seed);
            [dice.next(), dice.next()]
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        // The reference implementation's first value for the seed 0.
        assert_eq!(Dice::new(0).next(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn numbers_stay_in_their_range_and_centre() {
        let mut dice = Dice::new(9);
        let draws: Vec<f32> = (0..10_000).map(|_| dice.normal()).collect();
        let mean = draws.iter().sum::<f32>() / 10_000.0;
        let spread = draws.iter().map(|draw| draw * draw).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (spread - 1.0).abs() < 0.05, "{mean} {spread}");
        assert!((0..1000).all(|_| (3.0..4.0).contains(&dice.between(3.0, 4.0)) && dice.one_of(3) < 3));
    }

    #[test]
    fn clouds_have_no_seams() {
        let clouds = Clouds::new(&mut Dice::new(3));
        for step in 0..500_u16 {
            let x = f32::from(step) * 0.001;
            let change = (clouds.at(x, 0.1, 0.02) - clouds.at(x + 0.0001, 0.1, 0.02)).abs();
            assert!(change < 0.1, "{change} at {x}");
        }
    }
}
