//! Heat as colour. In each map brightness rises all the way, so that the order survives colour blindness
//! and a grey printout.

/// A map from heat to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Colours {
    /// Black over violet and red to a pale yellow.
    #[default]
    Magma,
    /// Magma with more orange.
    Inferno,
    /// Violet over green to yellow.
    Viridis,
    /// Black to white, for a screen without colours.
    Grey,
}

/// A colour as 0xRRGGBB at each sixteenth of the heat.
type Anchors = [u32; 17];

/// Magma, inferno and viridis are by S. van der Walt, N. Smith and E. Firing (2015), dedicated to the public
/// (CC0); these are their values at each sixteenth.
const MAGMA: Anchors = [
    0x00_0004, 0x0a_0822, 0x1d_1147, 0x36_106b, 0x51_127c, 0x6a_1c81, 0x83_2681, 0x9c_2e7f, 0xb7_3779,
    0xcf_4070, 0xe5_5064, 0xf4_695c, 0xfb_8761, 0xfe_a571, 0xfe_c287, 0xfd_e0a1, 0xfc_fdbf,
];
const INFERNO: Anchors = [
    0x00_0004, 0x0b_0724, 0x21_0c4a, 0x3d_0965, 0x57_106e, 0x71_196e, 0x8a_226a, 0xa3_2c61, 0xbc_3754,
    0xd0_4545, 0xe3_5933, 0xf1_711f, 0xf9_8c0a, 0xfc_aa0f, 0xf9_c932, 0xf2_e865, 0xfc_ffa4,
];
const VIRIDIS: Anchors = [
    0x44_0154, 0x48_186a, 0x47_2d7b, 0x42_4086, 0x3b_528b, 0x33_638d, 0x2c_728e, 0x26_828e, 0x21_918c,
    0x1f_9f88, 0x27_ad81, 0x3d_bc74, 0x5c_c863, 0x81_d34d, 0xaa_dc32, 0xd5_e21a, 0xfd_e725,
];

impl Colours {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 4] = [Self::Magma, Self::Inferno, Self::Viridis, Self::Grey];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Magma => "magma",
            Self::Inferno => "inferno",
            Self::Viridis => "viridis",
            Self::Grey => "grey",
        }
    }

    /// The colour of a heat from 0 to 1, between anchors in proportion; channels of 0 to 255.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small, non-negative position
    pub fn of(self, heat: f32) -> [f32; 3] {
        let heat = heat.clamp(0.0, 1.0);
        let anchors = match self {
            Self::Magma => &MAGMA,
            Self::Inferno => &INFERNO,
            Self::Viridis => &VIRIDIS,
            Self::Grey => return [255.0 * heat; 3],
        };
        let position = heat * 16.0;
        let below = (position as usize).min(15);
        let share = position - below as f32;
        let (from, to) = (anchors[below].to_be_bytes(), anchors[below + 1].to_be_bytes());
        [1, 2, 3].map(|channel| {
            let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
            from + (to - from) * share
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Colours;

    #[test]
    fn hotter_is_brighter_in_every_map() {
        let luma = |[r, g, b]: [f32; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b;
        for colours in Colours::ALL {
            let steps: Vec<f32> = (0_u8..=100).map(|i| luma(colours.of(f32::from(i) / 100.0))).collect();
            assert!(steps.is_sorted(), "{colours:?}: {steps:?}");
        }
    }

    #[test]
    fn the_colours_are_matplotlibs() {
        // matplotlib.colormaps[name](index), in 8 bits; between anchors ours may stray by what no eye sees.
        let cases = [
            (Colours::Magma, 0_u8, [0, 0, 4]),
            (Colours::Magma, 24, [19, 13, 52]),
            (Colours::Magma, 77, [101, 26, 128]),
            (Colours::Magma, 151, [219, 71, 106]),
            (Colours::Magma, 231, [254, 209, 148]),
            (Colours::Magma, 255, [252, 253, 191]),
            (Colours::Inferno, 24, [21, 11, 55]),
            (Colours::Inferno, 100, [144, 37, 104]),
            (Colours::Inferno, 200, [251, 157, 7]),
            (Colours::Inferno, 255, [252, 255, 164]),
            (Colours::Viridis, 0, [68, 1, 84]),
            (Colours::Viridis, 77, [52, 96, 141]),
            (Colours::Viridis, 151, [33, 166, 133]),
            (Colours::Viridis, 231, [192, 223, 37]),
        ];
        for (colours, index, expected) in cases {
            let found = colours.of(f32::from(index) / 255.0);
            for (found, expected) in found.into_iter().zip(expected) {
                assert!(
                    (found - expected as f32).abs() <= 6.0,
                    "{colours:?} {index}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn heat_outside_its_range_is_its_end() {
        for colours in Colours::ALL {
            assert_eq!(colours.of(-1.0), colours.of(0.0));
            assert_eq!(colours.of(5.0), colours.of(1.0));
        }
    }
}
