//! `watch --headless`: the pipeline from inbox to store.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use cxr_triage::store::{Answer, FilmState, Store};

use crate::cli::support::{Bench, count, drawn_film, is, text};

#[test]
fn everything_in_the_inbox_is_dealt_with_once_and_remembered() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    bench.film("ward/b.png", 2);
    fs::copy(bench.inbox().join("a.png"), bench.inbox().join("the same again.png")).unwrap();
    fs::write(bench.inbox().join("broken.png"), b"\x89PNG\r\n\x1a\n half a film").unwrap();

    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    assert_eq!(count(&events, "scored"), 2, "{events:#?}");
    assert_eq!(count(&events, "held"), 1, "{events:#?}");
    let repeats = events.iter().filter(|event| event["duplicate_of"].is_string()).count();
    assert_eq!(repeats, 1, "{events:#?}");
    assert!(is(events.last().unwrap(), "idle") && events.last().unwrap()["films"] == 4, "{events:#?}");
    for event in &events {
        assert!(
            event["time"].is_string() && event.get("study").is_some() && event.get("path").is_some(),
            "{event}"
        );
    }

    let (again, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    assert_eq!((count(&again, "arrived"), count(&again, "scored")), (0, 0), "{again:#?}");

    let store = Store::open(bench.store()).unwrap();
    let counts = store.counts().unwrap();
    assert_eq!((counts.scored_films, counts.held_films, counts.queued), (2, 1, 0));
}

#[test]
fn the_inbox_is_left_as_it_was() {
    let bench = Bench::new();
    let film = bench.film("a.png", 1);
    let before = (fs::read(&film).unwrap(), fs::metadata(&film).unwrap().modified().unwrap());
    assert_eq!(bench.watch(&["--once"]).rest().1, Some(0));
    assert_eq!((fs::read(&film).unwrap(), fs::metadata(&film).unwrap().modified().unwrap()), before);
    assert_eq!(fs::read_dir(bench.inbox()).unwrap().count(), 1);
}

#[test]
fn a_film_that_comes_later_is_scored_and_a_good_one_takes_a_broken_ones_place() {
    let bench = Bench::new();
    let mut watch = bench.watch(&[]);
    watch.until(|event| is(event, "idle"));

    let path = bench.inbox().join("late.png");
    fs::write(&path, b"\x89PNG\r\n\x1a\n half a film").unwrap();
    watch.until(|event| is(event, "held"));
    let whole = bench.path("whole.png");
    drawn_film(3).save(&whole).unwrap();
    fs::rename(&whole, &path).unwrap();
    watch.until(|event| is(event, "scored"));
    watch.until(|event| is(event, "idle"));

    let counts = Store::open(bench.store()).unwrap().counts().unwrap();
    assert_eq!((counts.scored_films, counts.held_films), (1, 0));
}

#[test]
fn a_changed_threshold_moves_studies_without_a_restart_and_a_mistake_does_not() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    // Whatever the drawn film scores, this makes it critical.
    bench.config("[thresholds.starter.Pneumonia]\nalert = 0.000001\ncritical = 0.000002\n");
    let mut watch = bench.watch(&["--config", "config.toml"]);
    let scored = watch.until(|event| is(event, "scored"));
    assert_eq!(scored.last().unwrap()["severity"], "critical");
    watch.until(|event| is(event, "idle"));

    bench.config("[thresholds.starter.Pneumonia]\nalert = 1.5\n");
    let fault = watch.until(|event| is(event, "error"));
    let message = fault.last().unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("config.toml:2") && message.contains("1.5"), "{message}");

    bench.config("[thresholds.starter.Pneumonia]\nalert = 0.999998\ncritical = 0.999999\n");
    let moved = watch.until(|event| is(event, "study"));
    assert_ne!(moved.last().unwrap()["severity"], "critical", "{moved:#?}");

    let rows = Store::open(bench.store()).unwrap().studies_since(0).unwrap();
    assert!(rows[0].was_critical_until.is_some(), "nobody had acknowledged it");
}

#[test]
fn a_stat_sidecar_raises_and_nothing_lowers() {
    let bench = Bench::new();
    let ranking = ["Cardiomegaly", "Edema", "Effusion", "Emphysema", "Hernia", "Pneumonia", "Pneumothorax"];
    bench.config(&ranking.map(|label| format!("[thresholds.starter.{label}]\nrank = false\n")).concat());
    bench.film("a.png", 1);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    let before = watch.until(|event| is(event, "idle"));
    let study = before.iter().find(|event| is(event, "study")).unwrap();
    assert_eq!(study["severity"], "routine", "no label ranks");

    fs::write(bench.inbox().join("a.png.priority"), "STAT\n").unwrap();
    let raised = watch.until(|event| is(event, "study"));
    assert_eq!(raised.last().unwrap()["severity"], "urgent");
}

#[test]
fn a_held_film_is_scored_on_request_of_another_process_or_says_why_not() {
    let bench = Bench::new();
    let gates = "[quality]\nsmall = \"hold\"\ninverted = \"hold\"\nout_of_distribution = \"hold\"\n";
    fs::write(bench.path("config.toml"), gates).unwrap();
    let small = |name: &str, seed| {
        let film = image::imageops::crop_imm(&drawn_film(seed), 0, 0, 150, 150).to_image();
        film.save(bench.inbox().join(name)).unwrap();
    };
    small("a.png", 1);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    let held = watch.until(|event| is(event, "held")).pop().unwrap();

    let mut store = Store::open(bench.store()).unwrap();
    let study = store.studies_since(0).unwrap().remove(0).id;
    let film = store.detail(study).unwrap().unwrap().films.remove(0).id;
    store.request_score(film, "anna", jiff::Timestamp::now()).unwrap();
    watch.until(|event| is(event, "scored"));
    let film = store.detail(study).unwrap().unwrap().films.remove(0);
    assert!(matches!(film.state, FilmState::Scored { .. }));
    let request = film.on_request.unwrap();
    assert_eq!((request.by.as_str(), request.answer), ("anna", Answer::Scored));
    assert_eq!(held["reason"], request.was_held);

    small("b.png", 2);
    watch.until(|event| is(event, "held"));
    let study = store.studies_since(0).unwrap().into_iter().find(|row| row.held_films > 0).unwrap().id;
    let film = store.detail(study).unwrap().unwrap().films.remove(0).id;
    fs::remove_file(bench.inbox().join("b.png")).unwrap();
    store.request_score(film, "anna", jiff::Timestamp::now()).unwrap();
    watch.until(|event| is(event, "held"));
    let request = store.film(film).unwrap().unwrap().on_request.unwrap();
    assert!(matches!(&request.answer, Answer::Refused(why) if why.contains("taken out of the inbox")));
}

#[test]
fn only_one_process_feeds_a_store() {
    let bench = Bench::new();
    let mut owner = bench.watch(&[]);
    owner.until(|event| is(event, "idle"));
    let second = bench.run(&["watch", "inbox", "--headless", "--once", "--store", "data/store.db"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("already feeds"), "{}", text(&second.stderr));
}

#[test]
fn a_dashboard_that_follows_needs_no_weights() {
    let bench = Bench::new();
    let (starter, model) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/starter"), bench.path("models/starter"));
    fs::create_dir_all(&model).unwrap();
    for file in ["model.toml", "model.safetensors", "profile.safetensors"] {
        fs::copy(starter.join(file), model.join(file)).unwrap();
    }
    let mut owner = bench.watch(&["--weights", "models"]);
    owner.until(|event| is(event, "idle"));
    for file in ["model.safetensors", "profile.safetensors"] {
        fs::write(model.join(file), "no weights").unwrap();
    }
    let arguments = ["watch", "--plain", "--store", "data/store.db", "--weights", "models"];
    let mut follower = bench.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("another process scores; this is its list")));
    follower.kill().unwrap();
    follower.wait().unwrap();
    // Whoever scores with that model is told.
    drop(owner);
    let second =
        bench.run(&["watch", "inbox", "--headless", "--store", "data/store.db", "--weights", "models"]);
    assert!(text(&second.stderr).contains("model.safetensors"), "{}", text(&second.stderr));
}

#[test]
fn ctrl_c_ends_it_cleanly() {
    let bench = Bench::new();
    for (signal, expected) in [("-INT", 130), ("-TERM", 0)] {
        let mut watch = bench.watch(&[]);
        watch.until(|event| is(event, "idle"));
        let sent = Command::new("kill").args([signal, &watch.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(watch.rest().1, Some(expected), "after kill {signal}");
    }
}
