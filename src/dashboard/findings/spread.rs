//! How a film stands among the last ones that the same model scored.

use crate::study::{self, Finding};

/// Fewer films than this make no distribution.
const ENOUGH: usize = 20;

/// Returns whether so many films are enough to compare one with.
pub(super) fn is_enough(films: &[f32]) -> bool {
    films.len() >= ENOUGH
}

/// The films as so many cells on the scale of the score: how high each stands, 0 where none is, and at most `most`.
pub(super) fn heights(films: &[f32], finding: &Finding, cells: usize, most: usize) -> Vec<usize> {
    let mut counts = vec![0_usize; cells];
    for probability in films {
        if let Some(count) =
            counts.get_mut(cell_of(study::score(f64::from(*probability), finding.threshold), cells))
        {
            *count += 1;
        }
    }
    let highest = counts.iter().copied().max().unwrap_or(0).max(1);
    // A single film is seen too.
    counts.iter().map(|count| (count * most).div_ceil(highest)).collect()
}

/// The cell in which a score stands.
pub(super) fn cell_of(score: f64, cells: usize) -> usize {
    ((score.clamp(0.0, 1.0) * cells as f64) as usize).min(cells.saturating_sub(1))
}

/// Returns where a probability stands among the last films, in words that fit into so many columns, if any do.
pub(super) fn in_words(films: &[f32], probability: f64, columns: usize) -> String {
    let (probability, count) = (probability as f32, films.len());
    let lower = films.partition_point(|other| *other < probability);
    let higher = count - films.partition_point(|other| *other <= probability);
    let percent = (lower * 100 / count.max(1)).max(1);
    let last = format!("the last {count} films");
    let (long, short) = match (lower, higher) {
        _ if !is_enough(films) => {
            ("too few films yet to compare it with".to_owned(), "too few films to compare".to_owned())
        }
        // All alike.
        (0, 0) => (format!("like {last}"), format!("like {count} films")),
        (_, 0) => (format!("the highest of {last}"), format!("highest of {count} films")),
        (0, _) => (format!("the lowest of {last}"), format!("lowest of {count} films")),
        _ => (format!("higher than {percent} % of {last}"), format!("over {percent} % of {count} films")),
    };
    [long, short].into_iter().find(|text| text.len() <= columns).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::study::Severity;

    fn finding(threshold: f64) -> Finding {
        Finding {
            label: "Effusion".to_owned(),
            probability: 0.5,
            threshold,
            critical: 0.9,
            score: 0.5,
            severity: Severity::Routine,
            rank: true,
            validated: true,
        }
    }

    #[test]
    fn a_film_is_compared_in_words_that_fit() {
        // A hundred films from 0.00 to 0.99.
        let films: Vec<f32> = (0_u8..100).map(|at| f32::from(at) / 100.0).collect();
        for (films, probability, columns, words) in [
            (&films[..], 0.97, 60, "higher than 97 % of the last 100 films"),
            (&films[..], 0.97, 38, "higher than 97 % of the last 100 films"),
            (&films[..], 0.97, 37, "over 97 % of 100 films"),
            (&films[..], 0.97, 21, ""),
            (&films[..], 0.99, 60, "the highest of the last 100 films"),
            (&films[..], 0.995, 60, "the highest of the last 100 films"),
            (&films[..], 0.0, 60, "the lowest of the last 100 films"),
            (&films[..], 0.001, 60, "higher than 1 % of the last 100 films"),
            (&films[..ENOUGH], 0.1, 60, "higher than 50 % of the last 20 films"),
            (&films[..ENOUGH - 1], 0.1, 60, "too few films yet to compare it with"),
            (&[0.5; 30][..], 0.5, 60, "like the last 30 films"),
            (&[][..], 0.5, 30, "too few films to compare"),
        ] {
            assert_eq!(in_words(films, probability, columns), words, "{probability} among {}", films.len());
        }
    }

    #[test]
    fn heights_stand_on_the_scale_of_the_score() {
        // With the threshold at 0.2, a probability of 0.2 stands in the middle.
        let films = [0.01, 0.01, 0.02, 0.03, 0.19, 0.2, 0.99];
        for (cells, heights_expected) in [(4, [7, 2, 2, 2]), (2, [7, 3, 0, 0])] {
            let expected = &heights_expected[..cells];
            assert_eq!(heights(&films, &finding(0.2), cells, 7), expected, "{cells} cells");
        }
        assert_eq!(heights(&[], &finding(0.2), 3, 7), [0, 0, 0]);
        assert_eq!((cell_of(0.0, 8), cell_of(0.5, 8), cell_of(1.0, 8), cell_of(f64::NAN, 8)), (0, 4, 7, 0));
    }

    proptest! {
        #[test]
        fn every_film_is_somewhere_and_nothing_is_too_high(
            films in prop::collection::vec(0.0_f32..=1.0, 0..80),
            threshold in 0.01_f64..0.99,
            cells in 1_usize..20,
        ) {
            let found = heights(&films, &finding(threshold), cells, 7);
            prop_assert_eq!(found.len(), cells);
            prop_assert!(found.iter().all(|height| *height <= 7));
            prop_assert_eq!(found.contains(&7), !films.is_empty());
        }
    }
}
