use std::{
    collections::HashMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::*;
use crate::store::Ownership;

const WIDTH: usize = 8;

struct Scene {
    folder: tempfile::TempDir,
    owned: Ownership,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let owned = Ownership::acquire(folder.path().join("store.db")).unwrap().unwrap();
        Self { folder, owned }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn open(&self) -> FeatureFile {
        FeatureFile::open(self.store(), &model(1), None, &self.owned).unwrap()
    }

    fn reader(&self) -> FeatureReader {
        FeatureReader::open(self.store(), &model(1)).unwrap().unwrap()
    }

    fn path(&self) -> PathBuf {
        model(1).place(self.store()).unwrap()
    }

    /// The owner's first look after a start: what is damaged or not wanted goes, and what is missing is told.
    fn checked(&self, wanted: &[FilmKey]) -> Vec<FilmId> {
        let wanted: HashMap<FilmId, FilmKey> = wanted.iter().map(|key| (key.film, *key)).collect();
        let mut file = self.open();
        for block in 0..file.blocks() {
            file.check(block, &wanted, FilmId::MAX).unwrap();
        }
        file.missing(&wanted).iter().map(|key| key.film).collect()
    }
}

fn model(number: u8) -> FeaturesId {
    FeaturesId::new(format!("{number:02x}").repeat(32))
}

fn film(number: FilmId) -> FilmKey {
    FilmKey::new(number, &format!("{number:016x}").repeat(4)).unwrap()
}

/// Features that point the more away from those of film 0 the higher the number is.
fn features(number: FilmId) -> Vec<f32> {
    let angle = number as f32 * 0.001;
    let mut features = vec![0.0; WIDTH];
    (features[0], features[1]) = (3.0 * angle.cos(), 3.0 * angle.sin());
    features
}

fn contains(path: &Path, part: &[u8]) -> bool {
    fs::read(path).unwrap().windows(part.len()).any(|window| window == part)
}

#[test]
fn the_nearest_film_comes_first_whatever_the_order_and_length_of_the_features() {
    let scene = Scene::new();
    let mut file = scene.open();
    // More than two blocks, in no order; a film's distance does not depend on how bright it is.
    for n in 0..600 {
        let number = 1 + (n * 7) % 600;
        let scaled: Vec<f32> = features(number).iter().map(|x| x * (1 + n % 9) as f32).collect();
        assert!(file.put(film(number), &scaled).unwrap());
    }
    let reader = scene.reader();
    let ranked = reader.rank(&features(0)).unwrap().into_sorted_vec();
    let order: Vec<FilmId> = ranked.iter().rev().map(|ranked| ranked.key.film).collect();
    assert_eq!(ranked.len(), 600);
    assert_eq!(order[..5], [1, 2, 3, 4, 5]);
    let expected = (5.0f32 * 0.001).cos();
    assert!((ranked[595].cosine - expected).abs() < 1e-4, "{:?}", ranked[595]);
    assert!(ranked.iter().all(|ranked| reader.is_whole(ranked).unwrap()));
    assert_eq!(reader.features(film(77)).unwrap().unwrap().len(), WIDTH);
    assert_eq!(reader.features(film(601)).unwrap(), None);
}

#[test]
fn features_of_two_models_never_meet() {
    let scene = Scene::new();
    scene.open().put(film(1), &features(1)).unwrap();
    assert!(FeatureReader::open(scene.store(), &model(2)).unwrap().is_none());
    // Not even where the file of one lies in the place of the other's.
    let other = model(2).place(scene.store()).unwrap();
    fs::copy(scene.path(), &other).unwrap();
    assert!(FeatureReader::open(scene.store(), &model(2)).unwrap().is_none());
    assert_eq!(FeatureFile::open(scene.store(), &model(2), None, &scene.owned).unwrap().len(), 0);
    // A model that is no longer in use leaves nothing.
    remove_others(scene.store(), &[model(1)]).unwrap();
    assert!(scene.path().exists() && !other.exists());
    remove_others(scene.store(), &[]).unwrap();
    assert!(!scene.path().exists() && scene.store().with_extension("db.lock").exists());
}

#[test]
fn a_record_that_is_half_there_is_no_film_and_is_filled_in_again() {
    for (what, from, to) in [
        ("its head was not written", 0, 24),
        ("half of its head", 8, 24),
        ("a byte of its head", 18, 19),
        ("its vector was not written", 24 * 256, 24 * 256 + 2 * WIDTH),
        ("half of its vector", 24 * 256 + 2, 24 * 256 + 4),
    ] {
        let scene = Scene::new();
        let mut file = scene.open();
        file.put(film(1), &features(1)).unwrap();
        file.put(film(2), &features(2)).unwrap();
        drop(file);
        let raw = File::options().write(true).open(scene.path()).unwrap();
        raw.write_all_at(&vec![0; to - from], 4096 + from as u64).unwrap();
        let reader = scene.reader();
        assert_eq!(reader.features(film(1)).unwrap(), None, "{what}");
        let whole = |ranked: &Ranked| reader.is_whole(ranked).unwrap();
        let ranked = reader.rank(&features(0)).unwrap().into_vec();
        let found: Vec<FilmId> = ranked.iter().filter(|it| whole(it)).map(|it| it.key.film).collect();
        assert_eq!(found, [2], "{what}");
        assert_eq!(scene.checked(&[film(1), film(2)]), [1], "{what}");
        scene.open().put(film(1), &features(1)).unwrap();
        assert_eq!(scene.checked(&[film(1), film(2)]), [0; 0], "{what}");
    }
}

#[test]
fn a_file_that_was_cut_anywhere_keeps_what_is_whole_and_the_rest_is_filled_in() {
    let scene = Scene::new();
    let mut file = scene.open();
    for number in 1..=300 {
        file.put(film(number), &features(number)).unwrap();
    }
    drop(file);
    let whole = fs::read(scene.path()).unwrap();
    let wanted: Vec<FilmKey> = (1..=300).map(film).collect();
    for length in [0, 5, 4095, 4096, 4097, 9000, 4096 + 256 * (24 + 2 * WIDTH), whole.len() - 1] {
        fs::write(scene.path(), &whole[..length]).unwrap();
        let missing = scene.checked(&wanted);
        assert!(missing.len() == 300 || missing.len() == 300 - 256, "{length}: {}", missing.len());
        let mut file = scene.open();
        for number in missing {
            file.put(film(number), &features(number)).unwrap();
        }
        assert_eq!(scene.reader().rank(&features(0)).unwrap().len(), 300, "{length}");
    }
}

#[test]
fn films_that_are_gone_leave_nothing_in_the_file_and_their_place_is_used_again() {
    let scene = Scene::new();
    let mut file = scene.open();
    for number in 1..=3 {
        file.put(film(number), &features(number)).unwrap();
    }
    drop(file);
    let length = fs::metadata(scene.path()).unwrap().len();
    let (vector, _) = layout::halves(&features(2)).unwrap();
    assert!(contains(&scene.path(), &vector));
    assert_eq!(scene.checked(&[film(1), film(3)]), [0; 0]);
    assert!(!contains(&scene.path(), &vector) && !contains(&scene.path(), &film(2).sha256));
    // So does a film that goes later on; damage is not looked for then.
    let mut file = scene.open();
    file.put(film(2), &features(2)).unwrap();
    assert!(file.has(film(2)) && contains(&scene.path(), &vector));
    let wanted = [film(1), film(3)].map(|key| (key.film, key)).into();
    file.forget(0, &wanted, 1).unwrap();
    assert!(file.has(film(2)), "the store did not know it yet");
    file.forget(0, &wanted, 3).unwrap();
    assert!(!file.has(film(2)) && !contains(&scene.path(), &vector));
    drop(file);
    // Another film under that number, as after a restored store.
    let other = FilmKey { sha256: [9; 8], ..film(1) };
    assert_eq!(scene.checked(&[other, film(3)]), [1]);
    let mut file = scene.open();
    file.put(other, &features(1)).unwrap();
    file.put(film(4), &features(4)).unwrap();
    assert_eq!((file.len(), fs::metadata(scene.path()).unwrap().len()), (3, length));
}

#[test]
fn a_film_over_which_the_program_dies_is_left_alone_after_three_times_and_one_that_failed_is_not() {
    let scene = Scene::new();
    scene.open().put(film(1), &features(1)).unwrap();
    for _ in 0..3 {
        assert_eq!(scene.checked(&[film(1), film(2)]), [2]);
        // The program ends here each time.
        assert!(scene.open().begin(film(2)).unwrap());
    }
    assert_eq!(scene.checked(&[film(1), film(2)]), [0; 0]);
    assert!(!scene.open().begin(film(2)).unwrap());
    assert_eq!(scene.reader().rank(&features(0)).unwrap().len(), 1, "it is not found");
    // Where the width is known beforehand, that is so for the very first film.
    let known = || FeatureFile::open(scene.store(), &model(2), Some(WIDTH), &scene.owned).unwrap();
    assert_eq!([(); 4].map(|()| known().begin(film(1)).unwrap()), [true, true, true, false]);
    let mut file = scene.open();
    file.begin(film(3)).unwrap();
    file.give_up(film(3).film).unwrap();
    drop(file);
    assert_eq!(scene.checked(&[film(1), film(2), film(3)]), [3]);
}

#[test]
fn features_that_half_precision_cannot_hold_are_not_kept() {
    let scene = Scene::new();
    let mut file = scene.open();
    file.put(film(1), &features(1)).unwrap();
    for bad in [f32::NAN, f32::INFINITY, 1e6] {
        let mut features = features(2);
        features[3] = bad;
        assert!(!file.put(film(2), &features).unwrap(), "{bad}");
    }
    assert!(!file.put(film(2), &[0.0; WIDTH]).unwrap());
    file.put(film(2), &[1.0; WIDTH + 1]).unwrap_err();
    assert_eq!(file.len(), 1);
    scene.reader().rank(&[1.0; WIDTH + 1]).unwrap_err();
}
