//! The direction in which upright and misplaced films differ most: Fisher's linear discriminant.

use super::{add, dot};

/// Added to the variance in every direction, that of one number of an upright film being 1: with fewer films
/// than directions, some have no variance to tell. A tenth of it held three times as many upright films.
const RIDGE: f32 = 1.0;
/// Rounds of conjugate gradients: what is left to find after them is below what half precision keeps.
const ROUNDS: usize = 60;

/// The direction, scaled so that along it the mean of `upright` lies 1 below that of `misplaced`.
/// Both are film x number, less the upright films' mean over their deviation.
pub(super) fn direction(upright: &[Vec<f32>], misplaced: &[Vec<f32>]) -> Vec<f32> {
    let centres = [mean(upright), mean(misplaced)];
    let mut apart = centres[1].clone();
    add(&mut apart, -1.0, &centres[0]);
    let within: Vec<Vec<f32>> = [upright, misplaced]
        .into_iter()
        .zip(&centres)
        .flat_map(|(films, centre)| {
            films.iter().map(move |film| {
                let mut film = film.clone();
                add(&mut film, -1.0, centre);
                film
            })
        })
        .collect();
    let mut direction = solve(&within, &apart);
    let scale = dot(&direction, &apart).max(f32::MIN_POSITIVE).recip();
    direction.iter_mut().for_each(|value| *value *= scale);
    direction
}

/// Solves (covariance + ridge) x = `right` by conjugate gradients (Golub and Van Loan, Matrix Computations,
/// 11.3), without ever writing the covariance down.
fn solve(films: &[Vec<f32>], right: &[f32]) -> Vec<f32> {
    let times = |x: &[f32]| {
        let mut product: Vec<f32> = x.iter().map(|value| value * RIDGE).collect();
        for film in films {
            add(&mut product, dot(film, x) / films.len() as f32, film);
        }
        product
    };
    let mut x = vec![0.0; right.len()];
    let mut rest = right.to_vec();
    let mut step = rest.clone();
    let mut length = dot(&rest, &rest);
    let enough = length * 1e-10;
    for _ in 0..ROUNDS {
        if length <= enough {
            break;
        }
        let product = times(&step);
        let along = length / dot(&step, &product);
        add(&mut x, along, &step);
        add(&mut rest, -along, &product);
        let before = std::mem::replace(&mut length, dot(&rest, &rest));
        step.iter_mut().zip(&rest).for_each(|(step, rest)| *step = rest + *step * (length / before));
    }
    x
}

fn mean(films: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; films.first().map_or(0, Vec::len)];
    for film in films {
        add(&mut sum, 1.0 / films.len() as f32, film);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_tells_the_two_apart_and_heeds_what_varies_little() {
        // Both numbers differ by 2 between the two; the first varies ten times as much.
        let films = |offset: f32| -> Vec<Vec<f32>> {
            (-5..=5).flat_map(|a| [-0.3, 0.3].map(|b| vec![offset + a as f32, offset + b])).collect()
        };
        let found = direction(&films(0.0), &films(2.0));
        assert!(found[1] > 5.0 * found[0] && found[0] > 0.0, "{found:?}");
        let between = dot(&found, &[2.0, 2.0]);
        assert!((between - 1.0).abs() < 1e-4, "{between}");
        // (variance + 1) x = 2: variances 10 and 0.09.
        assert!((found[1] / found[0] - 11.0 / 1.09).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn films_that_do_not_differ_have_no_direction() {
        let films = vec![vec![1.0, 2.0], vec![2.0, 1.0]];
        assert_eq!(direction(&films, &films), [0.0, 0.0]);
    }
}
