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

fn fitted() -> (Fitted, Profile) {
    let fitted = Profile::fit(&near_a_plane(400), WEIGHTS).unwrap();
    let profile = Profile::read(&fitted.bytes, fitted.cut_off, WEIGHTS, "here").unwrap();
    (fitted, profile)
}

#[test]
fn what_is_like_the_training_films_is_near_and_what_is_not_is_far() {
    let (fitted, profile) = fitted();
    assert_eq!((fitted.films, fitted.aside), (300, 100));
    let films = near_a_plane(700);
    let beyond = films[400..]
        .iter()
        .filter(|film| profile.distance(film).is_some_and(|distance| distance.value > distance.cut_off))
        .count();
    assert!(beyond <= 30, "{beyond} of 300 new films lie beyond the cut-off");
    let mut turned = films[0].clone();
    turned.reverse();
    for (what, strange) in [("turned", turned), ("bright", vec![90.0; 200])] {
        let Distance { value, cut_off } = profile.distance(&strange).unwrap();
        assert!(value > cut_off, "{what}: {value} is within {cut_off}");
    }
    assert_eq!(profile.distance(&[5.0; 12]), None, "a signature of another network");
}

#[test]
fn a_profile_is_refused_for_other_weights_and_when_damaged() {
    let (fitted, _) = fitted();
    let refusal =
        |bytes: &[u8], weights: &str| Profile::read(bytes, 1.0, weights, "here").unwrap_err().to_string();
    assert!(refusal(&fitted.bytes, "bb").contains("other weights"));
    for bytes in [&b""[..], b"<html>", &fitted.bytes[..100]] {
        let message = refusal(bytes, WEIGHTS);
        assert!(message.contains("here") && message.contains("weights profile"), "{message}");
    }
}

#[test]
fn too_few_films_are_refused() {
    let error = Profile::fit(&near_a_plane(199), WEIGHTS).unwrap_err().to_string();
    assert!(error.contains("199 films are too few"), "{error}");
}
