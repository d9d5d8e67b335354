//! Films as no frontal chest film lies: on its head, on its side, or a quarter of it.
//!
//! They are made of training films, to teach a profile what a wrong arrangement looks like.

use cxr_film::Film;

/// One of eight ways to misplace a film, by `nth` modulo 8: twice on its head, on its left side, on its
/// right, and its four quarters. The header stays that of the film.
#[must_use]
pub fn turned(film: &Film, nth: usize) -> Film {
    let (width, height) = (film.width, film.height);
    let half = (width.div_ceil(2), height.div_ceil(2));
    let (right, below) = (width - half.0, height - half.1);
    match nth % 8 {
        0 | 4 => take(film, (width, height), |x, y| (width - 1 - x, height - 1 - y)),
        1 => take(film, half, |x, y| (x, y)),
        2 => take(film, (height, width), |x, y| (width - 1 - y, x)),
        3 => take(film, half, |x, y| (x + right, y)),
        5 => take(film, half, |x, y| (x, y + below)),
        6 => take(film, (height, width), |x, y| (y, height - 1 - x)),
        _ => take(film, half, |x, y| (x + right, y + below)),
    }
}

/// A film of this size, each pixel of which lies in `film` where `from` says.
fn take(film: &Film, (width, height): (u32, u32), from: impl Fn(u32, u32) -> (u32, u32)) -> Film {
    let places: Vec<usize> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| from(x, y))
        .map(|(x, y)| y as usize * film.width as usize + x as usize)
        .collect();
    Film {
        width,
        height,
        linear: places.iter().map(|&place| film.linear[place]).collect(),
        linear_max: film.linear_max,
        display: places.iter().map(|&place| film.display[place]).collect(),
        scored: film.scored.as_ref().map(|grey| places.iter().map(|&place| grey[place]).collect()),
        header: film.header.clone(),
        warnings: film.warnings.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cxr_film::Header;

    #[test]
    fn a_film_is_turned_and_cut_in_every_way() {
        let film = Film {
            width: 3,
            height: 2,
            linear: (1..=6).map(|grey| grey as f32).collect(),
            linear_max: 6.0,
            display: (1..=6).collect(),
            scored: None,
            header: Header::default(),
            warnings: Vec::new(),
        };
        let ways: [((u32, u32), &[u8]); 8] = [
            ((3, 2), &[6, 5, 4, 3, 2, 1]),
            ((2, 1), &[1, 2]),
            ((2, 3), &[3, 6, 2, 5, 1, 4]),
            ((2, 1), &[2, 3]),
            ((3, 2), &[6, 5, 4, 3, 2, 1]),
            ((2, 1), &[4, 5]),
            ((2, 3), &[4, 1, 5, 2, 6, 3]),
            ((2, 1), &[5, 6]),
        ];
        for (nth, (size, pixels)) in ways.into_iter().enumerate() {
            let turned = turned(&film, nth);
            assert_eq!(((turned.width, turned.height), &*turned.display), (size, pixels), "{nth}");
            assert!(turned.linear.iter().zip(pixels).all(|(a, b)| *a == f32::from(*b)), "{nth}");
        }
    }
}
