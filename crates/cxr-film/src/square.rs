//! Films whose pixels are not square are stretched along one axis, once, for screen and model alike: a
//! heart drawn too wide is a finding to a model.

use super::{Film, MAX_PIXELS};

/// Stretches a film whose pixels are `height` times as high as wide along the axis that is too coarse,
/// linearly, so that nothing is lost. `width` and `height` of the film change, the header tells those stored.
pub(super) fn squared(film: Film, height: f64) -> Film {
    let (width, rows) = (film.width as usize, film.height as usize);
    let (new_width, new_rows) =
        if height > 1.0 { (width, stretched(rows, height)) } else { (stretched(width, 1.0 / height), rows) };
    let fits = (new_width as u64).checked_mul(new_rows as u64).is_some_and(|pixels| pixels <= MAX_PIXELS);
    if (new_width, new_rows) == (width, rows) || !fits {
        return film;
    }
    // Along rows a line is one pixel and its neighbours follow at 1, down columns they follow at the width.
    let Film { linear, display, scored, .. } = film;
    let stretched = stretch(&linear, (width, rows), (new_width, new_rows), |a, b, t| a + (b - a) * t);
    drop(linear);
    let stretch_grey = |grey: &[u8]| {
        stretch(grey, (width, rows), (new_width, new_rows), |a, b, t| {
            let (a, b) = (f32::from(a), f32::from(b));
            super::tone::grey(f64::from((a + (b - a) * t) / 255.0))
        })
    };
    let scored = scored.map(|grey| stretch_grey(&grey));
    let display = stretch_grey(&display);
    let [width, height] = [new_width, new_rows].map(|size| u32::try_from(size).unwrap_or(u32::MAX));
    Film { width, height, linear: stretched, display, scored, ..film }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a size times 4 at most
fn stretched(size: usize, by: f64) -> usize {
    (size as f64 * by).round() as usize
}

/// Returns where along one axis a new pixel's centre lies: the old pixel before it, the one after, and how far
/// between them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the axis
fn between(new: usize, new_size: usize, size: usize) -> (usize, usize, f32) {
    let at = ((new as f64 + 0.5) * size as f64 / new_size as f64 - 0.5).clamp(0.0, (size - 1) as f64);
    let before = at as usize;
    (before, (before + 1).min(size - 1), (at - before as f64) as f32)
}

fn stretch<T: Copy>(
    from: &[T],
    (width, rows): (usize, usize),
    (new_width, new_rows): (usize, usize),
    mix: impl Fn(T, T, f32) -> T,
) -> Vec<T> {
    let columns: Vec<_> = (0..new_width).map(|x| between(x, new_width, width)).collect();
    let mut to = Vec::with_capacity(new_width * new_rows);
    for y in 0..new_rows {
        let (above, below, down) = between(y, new_rows, rows);
        for &(left, right, along) in &columns {
            // One of the two axes is not stretched, and there the fraction is 0.
            let a = mix(from[above * width + left], from[above * width + right], along);
            let b = mix(from[below * width + left], from[below * width + right], along);
            to.push(mix(a, b, down));
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn film() -> Film {
        Film {
            width: 2,
            height: 2,
            linear: vec![0.0, 40.0, 80.0, 160.0],
            linear_max: 255.0,
            display: vec![0, 40, 80, 160],
            scored: Some(vec![0, 40, 80, 160]),
            header: Header::default(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_coarse_axis_is_stretched() {
        let tall = squared(film(), 2.0);
        assert_eq!((tall.width, tall.height), (2, 4));
        assert_eq!(tall.linear, [0.0, 40.0, 20.0, 70.0, 60.0, 130.0, 80.0, 160.0]);
        assert_eq!(tall.display, [0, 40, 20, 70, 60, 130, 80, 160]);
        assert_eq!(tall.scored, Some(tall.display));
        let wide = squared(film(), 0.5);
        assert_eq!((wide.width, wide.height), (4, 2));
        assert_eq!(wide.linear, [0.0, 10.0, 30.0, 40.0, 80.0, 100.0, 140.0, 160.0]);
        let square = squared(film(), 1.0);
        assert_eq!((square.width, square.linear), (2, film().linear));
    }
}
