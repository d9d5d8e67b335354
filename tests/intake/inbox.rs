//! The inbox on a real file system. Nothing sleeps but the writer that is meant to be slow; whether
//! something comes twice is known by waiting for a marker that must come after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use crossbeam_channel::bounded;
use cxr_triage::{
    intake::{self, Fault, IntakeEvent, LeftOut, LookAgain, Options},
    supervise::Supervisor,
};

use super::support::{Inbox, TIMEOUT, dicom, impatient, once, rename_into_place};

#[test]
fn the_first_scan_delivers_what_is_there_and_new_and_a_film() {
    let inbox = Inbox::start(
        |inbox| {
            fs::create_dir_all(inbox.join("ward 7/study")).unwrap();
            fs::create_dir(inbox.join(".snapshots")).unwrap();
            fs::create_dir(inbox.join("empty")).unwrap();
            for name in [
                "fresh.dcm",
                "old.dcm",
                "known.dcm",
                "ward 7/study/film.png",
                ".hidden.dcm",
                ".snapshots/film.dcm",
                "half.dcm.part",
                "film.png~",
                "DICOMDIR",
                "fresh.dcm.priority",
            ] {
                fs::write(inbox.join(name), "film").unwrap();
            }
            let old = SystemTime::now() - Duration::from_secs(3_600);
            File::options().append(true).open(inbox.join("old.dcm")).unwrap().set_modified(old).unwrap();
        },
        None,
    );
    let (mut films, mut left_out) = (Vec::new(), LeftOut::default());
    loop {
        match inbox.next() {
            IntakeEvent::Arrivals(arrivals) => films.extend(arrivals),
            IntakeEvent::FirstScanDone { files } => {
                assert_eq!(files, 4, "the known film is counted, what is no film is not");
                break;
            }
            IntakeEvent::LeftOut(counts) => left_out = counts,
            IntakeEvent::Sidecar { film } => assert_eq!(film, inbox.path("fresh.dcm")),
            other => panic!("unexpected {other:?}"),
        }
    }
    // The hidden file is no DICOM; the folder of snapshots counts as one.
    assert_eq!(left_out, LeftOut { hidden: 1, unfinished: 1, text: 1, system: 2, special: 0 });
    films.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<_> = films.iter().map(|film| film.path.clone()).collect();
    assert_eq!(paths, ["fresh.dcm", "old.dcm", "ward 7/study/film.png"].map(|name| inbox.path(name)));
    for film in films {
        let modified = fs::metadata(&film.path).unwrap().modified().unwrap();
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((film.size, u128::try_from(film.modified_ns)), (4, Ok(since.as_nanos())));
    }
}

#[test]
fn a_leading_dot_hides_no_dicom() {
    let (inbox, told) = impatient(|inbox| {
        fs::create_dir_all(inbox.join(".THORAX PA/.deeper")).unwrap();
        fs::write(inbox.join(".CR.0003.35115570.IMA"), dicom()).unwrap();
        fs::write(inbox.join(".THORAX PA/.deeper/IM001"), dicom()).unwrap();
        fs::write(inbox.join(".THORAX PA/notes"), "no film").unwrap();
        // Our receiver's own folder is nothing that a person need look at.
        fs::create_dir(inbox.join(".cxr-receiving")).unwrap();
    });
    let arrived = |told: &[IntakeEvent]| {
        let mut paths: Vec<PathBuf> = Vec::new();
        for event in told {
            if let IntakeEvent::Arrivals(arrivals) = event {
                paths.extend(arrivals.iter().map(|arrival| arrival.path.clone()));
            }
        }
        paths.sort();
        paths
    };
    let films = [".CR.0003.35115570.IMA", ".THORAX PA/.deeper/IM001"].map(|name| inbox.path(name));
    assert_eq!(arrived(&told), films, "the first scan waits for them");
    assert!(told.contains(&IntakeEvent::LeftOut(LeftOut { hidden: 1, ..LeftOut::default() })), "{told:?}");

    // Later ones, in a folder that came later.
    fs::create_dir(inbox.path(".later")).unwrap();
    fs::write(inbox.path(".later/IM002"), dicom()).unwrap();
    assert_eq!(inbox.arrivals()[0].path, inbox.path(".later/IM002"));
    fs::write(inbox.path("labels.csv"), "a,b").unwrap();
    assert_eq!(inbox.next(), IntakeEvent::LeftOut(LeftOut { hidden: 1, text: 1, ..LeftOut::default() }));
    fs::remove_file(inbox.path("labels.csv")).unwrap();
    fs::remove_file(inbox.path(".THORAX PA/notes")).unwrap();
    loop {
        match inbox.next() {
            IntakeEvent::LeftOut(counts) if counts == LeftOut::default() => break,
            IntakeEvent::LeftOut(_) => {}
            other => panic!("expected counts, got {other:?}"),
        }
    }
}

#[test]
fn the_passing_names_of_transfer_tools_are_no_films() {
    // Longer than the test takes.
    let inbox = Inbox::start_passing(|_| (), TIMEOUT);
    assert_eq!(inbox.next(), IntakeEvent::FirstScanDone { files: 0 });
    fs::create_dir(inbox.path(".~tmp~")).unwrap();
    let mut films = BTreeMap::new();
    for (passing, place) in [
        (".film.dcm.Xa3f9Q", "film.dcm"),
        (".curl.dcm.part", "curl.dcm"),
        ("scp.dcm.filepart", "scp.dcm"),
        (".~tmp~/delayed.dcm", "delayed.dcm"),
    ] {
        fs::write(inbox.path(passing), dicom()).unwrap();
        fs::rename(inbox.path(passing), inbox.path(place)).unwrap();
        films.insert(place.to_owned(), 1);
    }
    assert_eq!(inbox.films_until_marker("end.dcm"), films);
}

#[test]
fn a_slow_writer_is_delivered_once_and_whole() {
    // Rests that a busy machine puts between two writes must not look like the end.
    let inbox = Inbox::start_with(|_| (), None, Duration::from_secs(2));
    assert_eq!(inbox.next(), IntakeEvent::FirstScanDone { files: 0 });
    let path = inbox.path("slow.dcm");
    let writer = thread::spawn(move || {
        let mut file = File::create(path).unwrap();
        for _ in 0..25 {
            file.write_all(&[7; 1_000]).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    });
    let films = inbox.arrivals();
    writer.join().unwrap();
    assert_eq!((films.len(), films[0].size), (1, 25_000));
    assert_eq!(inbox.films_until_marker("end.dcm"), once(&[]));
}

#[test]
fn renamed_sent_again_and_touched() {
    let inbox = Inbox::empty(None);
    let film = inbox.path("film.dcm");
    rename_into_place(&film, b"first");
    assert_eq!(inbox.arrivals()[0].size, 5);
    rename_into_place(&film, b"second");
    assert_eq!(inbox.arrivals()[0].size, 6);
    fs::write(&film, "the third").unwrap();
    assert_eq!(inbox.arrivals()[0].size, 9);
    let touched = SystemTime::now() - Duration::from_secs(60);
    File::options().append(true).open(&film).unwrap().set_modified(touched).unwrap();
    assert_eq!(inbox.arrivals()[0].size, 9);
    assert_eq!(inbox.films_until_marker("end.dcm"), once(&[]));
}

#[test]
fn folders_made_moved_in_and_renamed() {
    let inbox = Inbox::empty(None);
    fs::create_dir_all(inbox.path("made/deep/er")).unwrap();
    fs::write(inbox.path("made/1.dcm"), "film").unwrap();
    fs::write(inbox.path("made/deep/er/2.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end1.dcm"), once(&["made/1.dcm", "made/deep/er/2.dcm"]));

    fs::create_dir_all(inbox.outside("coming/deep")).unwrap();
    fs::write(inbox.outside("coming/3.dcm"), "film").unwrap();
    fs::write(inbox.outside("coming/deep/4.dcm"), "film").unwrap();
    fs::rename(inbox.outside("coming"), inbox.path("moved")).unwrap();
    assert_eq!(inbox.films_until_marker("end2.dcm"), once(&["moved/3.dcm", "moved/deep/4.dcm"]));

    // A watch follows its folder: films put into it later must come under its new name.
    fs::rename(inbox.path("moved"), inbox.path("renamed")).unwrap();
    assert_eq!(inbox.films_until_marker("end3.dcm"), once(&["renamed/3.dcm", "renamed/deep/4.dcm"]));
    fs::write(inbox.path("renamed/deep/5.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end4.dcm"), once(&["renamed/deep/5.dcm"]));

    // A folder that is filled under an unfinished name counts from its rename on.
    fs::create_dir(inbox.path("study.tmp")).unwrap();
    fs::write(inbox.path("study.tmp/6.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end5.dcm"), once(&[]));
    fs::rename(inbox.path("study.tmp"), inbox.path("study")).unwrap();
    assert_eq!(inbox.films_until_marker("end6.dcm"), once(&["study/6.dcm"]));

    // The same name once more, after it was deleted.
    fs::remove_dir_all(inbox.path("study")).unwrap();
    fs::create_dir(inbox.path("study")).unwrap();
    fs::write(inbox.path("study/6.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end7.dcm"), once(&["study/6.dcm"]));
}

#[test]
fn two_thousand_films_at_once_come_once_each() {
    let inbox = Inbox::empty(None);
    let mut missing = BTreeSet::new();
    for folder in 0..20 {
        let folder = inbox.path(&format!("study {folder}"));
        fs::create_dir(&folder).unwrap();
        for film in 0..100 {
            let film = folder.join(format!("{film}.dcm"));
            fs::write(&film, "film").unwrap();
            missing.insert(film);
        }
    }
    while !missing.is_empty() {
        for film in inbox.arrivals() {
            assert!(missing.remove(&film.path), "{} came twice", film.path.display());
        }
    }
    assert_eq!(inbox.films_until_marker("end.dcm"), once(&[]));
}

#[test]
fn polling_sees_all_that_events_would() {
    let inbox = Inbox::empty(Some(Duration::from_millis(50)));
    fs::create_dir_all(inbox.path("ward/study")).unwrap();
    let film = inbox.path("ward/study/film.dcm");
    for (content, end) in [("film", "end1.dcm"), ("sent again", "end2.dcm")] {
        fs::write(&film, content).unwrap();
        // A folder is looked into after the one above it, so that a marker up there may rest first: the film is
        // waited for, and must not come again.
        let told: Vec<PathBuf> = inbox.arrivals().into_iter().map(|arrival| arrival.path).collect();
        assert_eq!(told, std::slice::from_ref(&film), "{content}");
        assert_eq!(inbox.films_until_marker(end), once(&[]), "{content}");
    }
}

#[test]
fn films_and_sidecars_whose_clock_is_in_another_zone_or_wrong_count_at_once() {
    // Hours by which the clock of whoever wrote them differs.
    const CLOCKS: [i64; 8] = [-24 * 365 * 10, -14, -1, 0, 1, 14, 24, 24 * 365];
    let put = |path: &Path, text: &str, hours: i64| {
        let draft = path.with_extension("part");
        fs::write(&draft, text).unwrap();
        let (now, by) = (SystemTime::now(), Duration::from_secs(3_600 * hours.unsigned_abs()));
        let time = if hours < 0 { now - by } else { now + by };
        File::options().append(true).open(&draft).unwrap().set_modified(time).unwrap();
        fs::rename(&draft, path).unwrap();
    };
    let (at_start, later) =
        (|hours: i64| format!("start{hours}.dcm"), |hours: i64| format!("later{hours}.dcm"));
    let inbox = Inbox::start(
        |inbox| CLOCKS.iter().for_each(|hours| put(&inbox.join(at_start(*hours)), "film", *hours)),
        None,
    );
    let mut arrived = BTreeSet::new();
    let mut take = |inbox: &Inbox, wanted: usize| {
        while arrived.len() < wanted {
            match inbox.next() {
                IntakeEvent::Arrivals(arrivals) => arrived.extend(arrivals.into_iter().map(|it| it.path)),
                IntakeEvent::FirstScanDone { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    };
    take(&inbox, CLOCKS.len());
    CLOCKS.iter().for_each(|hours| put(&inbox.path(&later(*hours)), "film", *hours));
    take(&inbox, 2 * CLOCKS.len());
    // A sidecar's clock may differ from its film's.
    for (film, hours) in CLOCKS.iter().map(|hours| inbox.path(&later(*hours))).zip(CLOCKS.iter().rev()) {
        let sidecar = PathBuf::from(format!("{}.priority", film.display()));
        put(&sidecar, "STAT", *hours);
        loop {
            match inbox.next() {
                IntakeEvent::Sidecar { film: told } => break assert_eq!(told, film),
                IntakeEvent::FirstScanDone { .. } => {}
                other => panic!("{hours} h: {other:?}"),
            }
        }
        assert_eq!(intake::sidecar_priority(&film).as_deref(), Some("STAT"));
    }
}

#[test]
fn a_sidecar_after_its_film_is_told() {
    let inbox = Inbox::empty(None);
    fs::write(inbox.path("before.dcm.priority"), "HIGH").unwrap();
    assert_eq!(inbox.until_marker("end1.dcm"), [], "its film is still to come");
    fs::write(inbox.path("before.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end2.dcm"), once(&["before.dcm"]));

    fs::write(inbox.path("after.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end3.dcm"), once(&["after.dcm"]));
    fs::write(inbox.path("after.dcm.priority"), "STAT").unwrap();
    assert_eq!(inbox.until_marker("end4.dcm"), [IntakeEvent::Sidecar { film: inbox.path("after.dcm") }]);
    assert_eq!(intake::sidecar_priority(&inbox.path("after.dcm")).as_deref(), Some("STAT"));
}

#[test]
fn an_inbox_that_goes_away_is_told_and_watched_again_when_it_is_back() {
    let inbox = Inbox::empty(None);
    fs::write(inbox.path("before.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end.dcm"), once(&["before.dcm"]));

    fs::remove_dir_all(inbox.path("")).unwrap();
    let IntakeEvent::Fault(Fault { sentence, .. }) = inbox.next() else { panic!("expected a fault") };
    assert!(sentence.contains("The inbox") && sentence.contains("unmounted"), "{sentence}");

    fs::create_dir(inbox.path("")).unwrap();
    fs::write(inbox.path("while away.dcm"), "film").unwrap();
    let mut told = vec![inbox.next(), inbox.next()];
    told.sort_by_key(|event| *event != IntakeEvent::Recovered);
    assert_eq!(told[0], IntakeEvent::Recovered);
    let IntakeEvent::Arrivals(films) = &told[1] else { panic!("expected arrivals, got {told:?}") };
    assert_eq!(films[0].path, inbox.path("while away.dcm"));
    fs::write(inbox.path("after.dcm"), "film").unwrap();
    assert_eq!(inbox.films_until_marker("end.dcm"), once(&["after.dcm"]));
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsStr,
        os::unix::{
            ffi::OsStrExt,
            fs::{PermissionsExt, symlink},
        },
        process::Command,
    };

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn names_need_not_be_unicode() {
        let inbox = Inbox::empty(None);
        let path = inbox.path("").join(OsStr::from_bytes(b"r\xf6ntgen.dcm"));
        fs::write(&path, "film").unwrap();
        assert_eq!(inbox.arrivals()[0].path, path);
    }

    #[test]
    fn links_to_films_are_followed_and_what_is_no_file_is_left_out_and_counted() {
        let inbox = Inbox::empty(None);
        fs::create_dir(inbox.outside("archive")).unwrap();
        fs::write(inbox.outside("archive/film.dcm"), "film").unwrap();
        symlink(inbox.path(""), inbox.path("circle")).unwrap();
        symlink(inbox.outside("archive"), inbox.path("archive")).unwrap();
        symlink(inbox.path("itself"), inbox.path("itself")).unwrap();
        symlink(inbox.path("nowhere"), inbox.path("dangling")).unwrap();
        assert!(Command::new("mkfifo").arg(inbox.path("pipe")).status().unwrap().success());
        symlink(inbox.outside("archive/film.dcm"), inbox.path("link.dcm")).unwrap();
        let (mut films, mut left_out) = (Vec::new(), LeftOut::default());
        for event in inbox.until_marker("end.dcm") {
            match event {
                IntakeEvent::Arrivals(arrivals) => films.extend(arrivals),
                IntakeEvent::LeftOut(counts) => left_out = counts,
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(films.iter().map(|film| &film.path).collect::<Vec<_>>(), [&inbox.path("link.dcm")]);
        assert_eq!(left_out, LeftOut { special: 5, ..LeftOut::default() });

        // A film in the place of a pipe is a film.
        fs::remove_file(inbox.path("pipe")).unwrap();
        fs::write(inbox.path("pipe"), "film").unwrap();
        loop {
            match inbox.next() {
                IntakeEvent::Arrivals(arrivals) => break assert_eq!(arrivals[0].path, inbox.path("pipe")),
                IntakeEvent::LeftOut(counts) => left_out = counts,
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(left_out.special, 4);
    }

    #[test]
    fn an_unreadable_folder_is_named_and_the_rest_goes_on() {
        let locked = |mode| fs::Permissions::from_mode(mode);
        let inbox = Inbox::start(
            |inbox| {
                fs::create_dir(inbox.join("locked")).unwrap();
                fs::write(inbox.join("locked/inside.dcm"), "film").unwrap();
                fs::set_permissions(inbox.join("locked"), locked(0o000)).unwrap();
                fs::write(inbox.join("film.dcm"), "film").unwrap();
            },
            None,
        );
        if fs::read_dir(inbox.path("locked")).is_ok() {
            println!("skipped: this user may read everything");
            return;
        }
        let IntakeEvent::Fault(fault) = inbox.next() else { panic!("expected a fault") };
        assert!(fault.sentence.contains("locked") && fault.sentence.contains("permission"), "{fault:?}");
        assert!(!fault.without_names().contains("locked"), "{}", fault.without_names());
        assert_eq!(inbox.arrivals()[0].path, inbox.path("film.dcm"));
        assert_eq!(inbox.next(), IntakeEvent::FirstScanDone { files: 1 });

        fs::set_permissions(inbox.path("locked"), locked(0o700)).unwrap();
        assert_eq!(inbox.next(), IntakeEvent::Recovered);
        assert_eq!(inbox.arrivals()[0].path, inbox.path("locked/inside.dcm"));
    }
}

#[test]
fn an_intake_that_dies_is_told_of_and_looks_again() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.dcm"), "a film").unwrap();
    let ((tell, told), (out, events)) = (bounded(8), bounded(8));
    let supervisor = Supervisor::new(move |sentence| tell.send(sentence).unwrap());
    let options = Options { supervisor, ..Options::new(place.path()) };
    let asked = AtomicUsize::new(0);
    let known = move |_: &Path, _: u64, _: i64| {
        assert!(asked.fetch_add(1, Ordering::Relaxed) > 0, "the store could not be asked");
        false
    };
    let _intake = intake::start(options, known, out).unwrap();
    let IntakeEvent::Arrivals(arrivals) = events.recv_timeout(TIMEOUT).unwrap() else {
        panic!("the film came first");
    };
    assert!(arrivals[0].path.ends_with("a.dcm"));
    let sentence = told.recv_timeout(TIMEOUT).unwrap();
    assert!(sentence.contains("`intake` failed") && sentence.contains("could not be asked"), "{sentence}");
}

#[test]
fn what_the_store_has_lost_is_delivered_once_more_when_it_is_asked_for() {
    let look_again = LookAgain::default();
    let asking = look_again.clone();
    let inbox = Inbox::run(
        |inbox| {
            for name in ["a.dcm", "known.dcm"] {
                fs::write(inbox.join(name), "film").unwrap();
            }
        },
        |inbox| Options { look_again, ..Options::new(inbox) },
    );
    assert_eq!(inbox.arrivals()[0].path, inbox.path("a.dcm"));
    assert_eq!(inbox.next(), IntakeEvent::FirstScanDone { files: 2 });
    for _ in 0..2 {
        asking.ask();
        let again = inbox.arrivals();
        assert_eq!((again.len(), &again[0].path), (1, &inbox.path("a.dcm")), "what is known is not");
    }
}
