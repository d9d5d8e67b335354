use std::os::unix::fs::symlink;

use super::*;
use crate::files::Space;

fn hours(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn film(file: i64, done: i64, size: u64) -> DoneFilm {
    let path = format!("/films/{file}.dcm").into();
    let seen_by = String::new();
    DoneFilm { file, film: file, study: file, done_at: hours(done), path, size, modified_ns: 0, seen_by }
}

#[test]
fn films_go_by_age_and_then_for_want_of_room_the_first_that_was_done_first() {
    let films = || vec![film(1, 0, 100), film(2, 50, 100), film(3, 90, 100), film(4, 99, 100)];
    let disk = |free| Disk { of: "films".to_owned(), free_bytes: Some(free), total_bytes: 10_000 };
    let age = |hours| Some(SignedDuration::from_hours(hours));
    // By age, by room (bytes), bytes free, files that go.
    type Case<'a> = (Option<SignedDuration>, Option<u64>, u64, &'a [i64]);
    let cases: [Case<'_>; 7] = [
        (None, None, 0, &[]),
        (age(48), None, 0, &[1, 2]),
        (age(50), None, 0, &[1, 2]),
        (age(101), None, 0, &[]),
        (None, Some(1_000), 850, &[1, 2]),
        (age(48), Some(1_000), 750, &[1, 2, 3]),
        (None, Some(1_000), 1_000, &[]),
    ];
    for (films_age, min_free, free, expected) in cases {
        let policy =
            Retention { films: films_age, min_free: min_free.map(Space::Bytes), ..Retention::default() };
        let doomed = decide(films(), &policy, &disk(free), hours(100));
        let files: Vec<i64> = doomed.iter().map(|doomed| doomed.film.file).collect();
        assert_eq!(files, expected, "{policy:?} with {free} bytes free");
    }
}

#[test]
fn nothing_goes_because_the_clock_is_behind_or_a_disk_does_not_answer() {
    let policy = Retention {
        films: Some(SignedDuration::from_hours(1)),
        min_free: Some(Space::Bytes(1_000)),
        ..Retention::default()
    };
    let full = Disk { of: "films".to_owned(), free_bytes: Some(0), total_bytes: 10_000 };
    assert_eq!(decide(vec![film(1, 200, 1)], &policy, &full, hours(100)), []);
    assert_eq!(decide(vec![film(1, 100, 1)], &policy, &Disk::default(), hours(100)), []);
}

#[test]
fn only_the_very_file_that_was_read_goes_and_only_below_the_programs_own_folders() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().canonicalize().unwrap();
    let [own, foreign] = ["own", "foreign"].map(|name| root.join(name));
    for folder in [&own, &foreign] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("film.dcm"), "a film").unwrap();
    }
    fs::write(own.join("film.dcm.priority"), "STAT").unwrap();
    fs::write(own.join("changed.dcm"), "a longer film").unwrap();
    symlink(foreign.join("film.dcm"), own.join("link.dcm")).unwrap();
    symlink(&foreign, own.join("elsewhere")).unwrap();
    let folders = [own.clone()];
    let of = |path: &Path| {
        let metadata = fs::metadata(path).ok();
        let modified_ns = metadata.map_or(0, |it| it.mtime() * 1_000_000_000 + it.mtime_nsec());
        DoneFilm { path: path.to_owned(), size: 6, modified_ns, ..film(1, 0, 6) }
    };
    let stays = |path: PathBuf| matches!(delete(&of(&path), &folders, |_| true).unwrap(), Deletion::Stays(_));
    assert!(stays(foreign.join("film.dcm")), "a folder that is not ours");
    assert!(stays(own.join("elsewhere/film.dcm")), "a folder that only looks as if it were ours");
    assert!(stays(own.join("../foreign/film.dcm")), "a way out");
    assert!(stays(own.join("link.dcm")), "a link");
    assert!(stays(own.join("changed.dcm")), "another film by now");
    assert_eq!(fs::read_dir(&own).unwrap().count(), 5);

    assert_eq!(delete(&of(&own.join("film.dcm")), &folders, |_| true).unwrap(), Deletion::Gone);
    assert_eq!(
        delete(&of(&own.join("film.dcm")), &folders, |_| true).unwrap(),
        Deletion::Gone,
        "gone already"
    );
    assert_eq!(delete(&of(&own.join("no/folder.dcm")), &folders, |_| true).unwrap(), Deletion::Gone);
    assert!(!own.join("film.dcm.priority").exists() && foreign.join("film.dcm").exists());
}

#[test]
fn a_film_that_another_host_may_have_is_not_called_gone() {
    let place = tempfile::tempdir().unwrap();
    for path in [place.path().join("a.dcm"), place.path().join("away/a.dcm")] {
        let missing = DoneFilm { path, ..film(1, 0, 6) };
        let folders = [place.path().canonicalize().unwrap()];
        assert!(matches!(delete(&missing, &folders, |_| false).unwrap(), Deletion::Stays(_)));
        assert_eq!(delete(&missing, &folders, |_| true).unwrap(), Deletion::Gone);
    }
}
