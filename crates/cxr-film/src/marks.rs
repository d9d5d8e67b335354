//! Marks on a film, for a model: burnt-in text and borders are no part of the picture, and one of 16 bits over a film of
//! 12 would be what a model sees most of.

/// Grey without the pixels that are marks: each run of them along a row becomes what lies at its ends, from one to the
/// other. What reaches the side of the film is a border, and black.
pub(super) fn without(mut grey: Vec<u8>, width: usize, is_mark: impl Fn(usize) -> bool) -> Vec<u8> {
    for (row, pixels) in grey.chunks_mut(width.max(1)).enumerate() {
        let is_mark = |x: usize| is_mark(row * width + x);
        let mut x = 0;
        while x < pixels.len() {
            if !is_mark(x) {
                x += 1;
                continue;
            }
            let start = x;
            x = (start..pixels.len()).find(|&x| !is_mark(x)).unwrap_or(pixels.len());
            let (before, run) = pixels.split_at_mut(start);
            let (run, after) = run.split_at_mut(x - start);
            match (before.last(), after.first()) {
                (Some(&from), Some(&to)) => ramp(run, from.into(), to.into()),
                _ => run.fill(0),
            }
        }
    }
    grey
}

/// Fills a run between two greys.
fn ramp(run: &mut [u8], from: usize, to: usize) {
    let steps = run.len() + 1;
    for (step, pixel) in (1..).zip(run) {
        let sum = from * (steps - step) + to * step + steps / 2;
        *pixel = u8::try_from(sum / steps).unwrap_or(u8::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn marks_become_what_lies_beside_them_and_borders_black() {
        for (what, grey, width, expected) in [
            ("none", vec![1, 2, 3, 4], 2, vec![1, 2, 3, 4]),
            ("one pixel", vec![10, 255, 20], 3, vec![10, 15, 20]),
            ("a run", vec![10, 255, 255, 255, 50], 5, vec![10, 20, 30, 40, 50]),
            ("two runs", vec![10, 255, 30, 255, 10], 5, vec![10, 20, 30, 20, 10]),
            ("borders", vec![255, 7, 255, 9, 255, 255], 3, vec![0, 7, 0, 9, 0, 0]),
            ("a whole row", vec![255, 255, 5, 5], 2, vec![0, 0, 5, 5]),
            ("nothing", vec![], 0, vec![]),
        ] {
            let marks = grey.clone();
            assert_eq!(without(grey, width, |at| marks[at] == 255), expected, "{what}");
        }
    }
}
