//! Heat as colour: from deep violet over red and orange to a pale yellow. Brightness rises all the way,
//! so that the order survives colour blindness and a grey printout.

/// Red, green and blue (0 to 255) at equal steps of heat.
const ANCHORS: [[f32; 3]; 9] = [
    [10.0, 4.0, 32.0],
    [50.0, 12.0, 92.0],
    [100.0, 22.0, 110.0],
    [152.0, 38.0, 100.0],
    [200.0, 60.0, 74.0],
    [236.0, 98.0, 40.0],
    [250.0, 148.0, 20.0],
    [248.0, 202.0, 64.0],
    [252.0, 250.0, 164.0],
];

/// The colour of a heat from 0 to 1, between anchors in proportion.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small, non-negative position
pub(super) fn colour(heat: f32) -> [f32; 3] {
    let last = ANCHORS.len() - 1;
    let position = heat.clamp(0.0, 1.0) * last as f32;
    let below = (position as usize).min(last - 1);
    let share = position - below as f32;
    let (from, to) = (ANCHORS[below], ANCHORS[below + 1]);
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

#[cfg(test)]
mod tests {
    use super::{ANCHORS, colour};

    #[test]
    fn hotter_is_brighter() {
        let luma = |[r, g, b]: [f32; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
        let steps: Vec<f32> = (0_u8..=100).map(|i| luma(colour(f32::from(i) / 100.0))).collect();
        assert!(steps.is_sorted(), "{steps:?}");
    }

    #[test]
    fn ends_are_the_ends() {
        for (heat, expected) in [(-1.0, ANCHORS[0]), (0.0, ANCHORS[0]), (1.0, ANCHORS[8]), (5.0, ANCHORS[8])]
        {
            assert_eq!(colour(heat), expected, "{heat}");
        }
    }
}
