//! A profile of films that a test makes up: points near a plane in two hundred dimensions.

use super::*;

const WEIGHTS: &str = "aa";

/// Points of two coordinates on a plane, and a little off it.
fn near_a_plane(count: usize) -> Vec<Vec<f32>> {
    // Numerical Recipes' generator: noise that has no plane of its own.
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let film = |_| {
        let coordinates = [noise(), noise()];
        (0..200).map(|at| 5.0 + coordinates[at % 2] * (1.0 + at as f32 / 50.0) + 0.05 * noise()).collect()
    };
    (0..count).map(film).collect()
}

/// The films, each with another that has its numbers in the other order.
fn samples(count: usize) -> Vec<Sample> {
    let sample = |upright: Vec<f32>| Sample { misplaced: upright.iter().rev().copied().collect(), upright };
    near_a_plane(count).into_iter().map(sample).collect()
}

fn fitted() -> (Fitted, Profile) {
    let fitted = Profile::fit(&samples(400), WEIGHTS).unwrap();
    let profile = Profile::read(&fitted.bytes, fitted.limits, WEIGHTS, "here").unwrap();
    (fitted, profile)
}

#[test]
fn what_is_like_the_training_films_is_near_and_what_is_not_is_far() {
    let (fitted, profile) = fitted();
    assert_eq!((fitted.films, fitted.aside, fitted.caught), (300, 100, 100));
    let films = near_a_plane(700);
    let count = |is: fn(&Distance) -> bool| {
        films[400..].iter().filter_map(|film| profile.measure(film)).filter(is).count()
    };
    let (far, turned) = (count(Distance::is_far), count(Distance::is_turned));
    assert!(far <= 30 && turned <= 30, "{far} and {turned} of 300 new films lie beyond the cut-offs");
    let mut turned = films[0].clone();
    turned.reverse();
    for (what, strange) in [("turned", turned), ("bright", vec![90.0; 200])] {
        let distance = profile.measure(&strange).unwrap();
        assert!(distance.is_far(), "{what}: {distance:?}");
    }
    assert_eq!(profile.measure(&[5.0; 12]), None, "a signature of another network");
}

#[test]
fn what_differs_along_one_direction_only_is_told_by_it() {
    // Misplaced films lie where some training films lie, a little to one side of all: no distance tells them.
    let films = near_a_plane(401);
    let aside = |at: usize| if (at / 2).is_multiple_of(2) { 0.03 } else { -0.03 };
    let misplaced =
        |film: &[f32]| -> Vec<f32> { film.iter().enumerate().map(|(at, value)| value + aside(at)).collect() };
    let sample = |film: &Vec<f32>| Sample { upright: film.clone(), misplaced: misplaced(film) };
    let samples: Vec<Sample> = films[..400].iter().map(sample).collect();
    let fitted = Profile::fit(&samples, WEIGHTS).unwrap();
    let profile = Profile::read(&fitted.bytes, fitted.limits, WEIGHTS, "here").unwrap();
    let [upright, turned] = [&films[400], &misplaced(&films[400])].map(|film| profile.measure(film).unwrap());
    assert!(!upright.is_turned() && !upright.is_far(), "{upright:?}");
    assert!(turned.turned > 0.5 && !turned.is_far(), "{turned:?}");
}

#[test]
fn a_profile_is_refused_for_other_weights_and_when_damaged() {
    let (fitted, _) = fitted();
    let refusal = |bytes: &[u8], weights: &str| {
        Profile::read(bytes, fitted.limits, weights, "here").unwrap_err().to_string()
    };
    assert!(refusal(&fitted.bytes, "bb").contains("other weights"));
    for bytes in [&b""[..], b"<html>", &fitted.bytes[..100]] {
        let message = refusal(bytes, WEIGHTS);
        assert!(message.contains("here") && message.contains("weights profile"), "{message}");
    }
}

#[test]
fn too_few_films_are_refused() {
    let error = Profile::fit(&samples(199), WEIGHTS).unwrap_err().to_string();
    assert!(error.contains("199 films are too few"), "{error}");
}
