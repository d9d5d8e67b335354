//! `kill -9` at any moment: every film is in the store once, and none is held for it. A film that ends the program
//! itself is.

use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use cxr_triage::store::{FilmState, Requested, Store};

use crate::{
    cli::support::{Bench, count, is, text},
    support::program::Running,
};

const FILMS: u32 = 12;

#[test]
fn every_film_is_there_once_however_often_the_program_is_killed() {
    every_film_is_there_once_on(&Bench::new());
}

#[test]
fn every_film_is_there_once_on_a_server_however_often_the_program_is_killed() {
    Bench::on_server().iter().for_each(every_film_is_there_once_on);
}

fn every_film_is_there_once_on(bench: &Bench) {
    for seed in 0..FILMS {
        bench.film(&format!("{seed}.png"), seed);
    }
    // Killed after so many events: before the first film, within a batch, between results.
    for events in [1, 2, 5, 13, 14, 15, 16, 17, 18, 19] {
        let mut watch = bench.watch(&["--once"]);
        for _ in 0..events {
            if watch.next().is_none() {
                break;
            }
        }
        watch.child.kill().unwrap();
    }
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    assert!(is(events.last().unwrap(), "idle"));

    let store = Store::open(bench.place()).unwrap();
    let studies = store.studies_since(0).unwrap();
    let films: Vec<_> =
        studies.iter().flat_map(|study| store.detail(study.id).unwrap().unwrap().films).collect();
    let distinct: HashSet<_> = films.iter().map(|film| film.sha256.clone()).collect();
    assert_eq!((films.len(), distinct.len()), (FILMS as usize, FILMS as usize));
    assert!(films.iter().all(|film| matches!(film.state, FilmState::Scored { .. })));
    assert_eq!(store.counts().unwrap().queued, 0);
}

/// The process that the program at `watch` has a film alone in; none when the program has ended without one.
#[cfg(target_os = "linux")]
fn helper(watch: &mut Running) -> Option<u32> {
    let id = watch.child.id();
    let children = PathBuf::from(format!("/proc/{id}/task"));
    while watch.child.try_wait().unwrap().is_none() {
        // Of its threads the one that hands out has children.
        let threads = fs::read_dir(&children).into_iter().flatten().filter_map(Result::ok);
        let mut found = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        if let Some(child) = found.find_map(|list| list.split_whitespace().next()?.parse().ok()) {
            return Some(child);
        }
        thread::sleep(std::time::Duration::from_millis(1));
    }
    None
}

fn signal(process: u32, name: &str) {
    // It may have ended meanwhile.
    let _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_film_that_is_alone_in_work_at_every_kill_is_scored_all_the_same() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    let mut watch = bench.watch(&["--once"]);
    watch.until(|event| is(event, "arrived"));
    watch.child.kill().unwrap();
    drop(watch);
    // Now it is tried alone; whoever is killed, and how: the program, its helper, both.
    for round in 0..11 {
        let mut watch = bench.watch(&["--once"]);
        let Some(child) = helper(&mut watch) else { break };
        let how = ["-KILL", "-TERM", "-INT", "-STOP"][round % 4];
        if round % 3 != 0 {
            signal(child, how);
        }
        if round % 3 == 2 {
            // Long enough to see what the program makes of it.
            watch.next();
        }
        watch.child.kill().unwrap();
    }
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    assert_eq!(count(&events, "held"), 0, "{events:#?}");
    let counts = Store::open(bench.store()).unwrap().counts().unwrap();
    assert_eq!((counts.scored_films, counts.held_films, counts.queued), (1, 0, 0));
}

/// A film that takes more memory than there is ends the program as it would end any.
#[test]
#[cfg(target_os = "linux")]
fn a_film_that_ends_the_program_is_held_after_three_trials_and_everything_else_is_scored() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    let (_, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    // 64 megapixels: as grey numbers alone 256 MB more than what is left beyond a usual film.
    let large = image::GrayImage::from_fn(8_000, 8_000, |x, y| {
        image::Luma([u8::try_from((x / 40 + y / 40) % 200).unwrap()])
    });
    large.save(bench.inbox().join("b-large.png")).unwrap();
    for seed in 2..5 {
        bench.film(&format!("c{seed}.png"), seed);
    }
    let limit = peak_of_a_film(&bench) + 200_000;
    let mut deaths = 0;
    let events = loop {
        let run = limited(&bench, limit);
        let events: Vec<serde_json::Value> =
            text(&run.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if run.status.success() {
            break events;
        }
        deaths += 1;
        assert!(deaths < 3, "the film ends the program again and again: {}", text(&run.stderr));
    };
    assert_eq!(deaths, 1, "the program itself dies once");
    let held: Vec<_> = events.iter().filter(|event| is(event, "held")).collect();
    assert_eq!(held.len(), 1, "{events:#?}");
    assert!(held[0]["path"].as_str().unwrap().ends_with("b-large.png"));
    let reason = held[0]["reason"].as_str().unwrap();
    assert!(reason.contains("stopped the program three times"), "{reason}");
    let mut store = Store::open(bench.store()).unwrap();
    let counts = store.counts().unwrap();
    assert_eq!((counts.scored_films, counts.held_films, counts.queued), (4, 1, 0));

    // With more memory, and a person who asks, it is scored.
    let study = store.studies_since(0).unwrap().into_iter().find(|row| row.held_films > 0).unwrap();
    let film = store.detail(study.id).unwrap().unwrap().films.remove(0).id;
    let asked = store.request_score(film, "anna", jiff::Timestamp::now()).unwrap();
    assert!(matches!(asked, Requested::Queued(_)));
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!((code, count(&events, "scored")), (Some(0), 1), "{events:#?}");
    let counts = store.counts().unwrap();
    assert_eq!((counts.scored_films, counts.held_films, counts.queued), (5, 0, 0));
}

/// The address space that the program takes for usual films, in kB.
#[cfg(target_os = "linux")]
fn peak_of_a_film(bench: &Bench) -> u64 {
    let other = Bench::new();
    fs::copy(bench.inbox().join("a.png"), other.inbox().join("a.png")).unwrap();
    let mut watch = other.watch(&[]);
    watch.until(|event| is(event, "idle"));
    let status = fs::read_to_string(format!("/proc/{}/status", watch.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// `watch --once` with so much address space, in kB.
#[cfg(target_os = "linux")]
fn limited(bench: &Bench, limit: u64) -> std::process::Output {
    let script = format!("ulimit -v {limit}; exec \"$@\"");
    let program = env!("CARGO_BIN_EXE_cxr-triage");
    let mut limited = bench.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", program]);
    command.args(["watch", "inbox", "--headless", "--once", "--store", "data/store.db"]);
    command.current_dir(limited.get_current_dir().unwrap()).stdin(Stdio::null());
    for (name, value) in limited.env_remove("RUST_BACKTRACE").get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.output().unwrap()
}

/// Writes a line for each film, with nothing in the effects that would keep them from being done twice.
const LOG: &str = "return { api = 1, name = 'log', permissions = { 'write', 'tag' },
    on_film = function(film, study)
        return { { write = 'films.txt', text = film.id .. '\\n' }, { tag = 'film ' .. film.id } }
    end }";
const ARGUMENTS: [&str; 3] = ["--once", "--config", "config.toml"];

fn with_plugin() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.path("plugins")).unwrap();
    fs::write(bench.path("plugins/log.luau"), LOG).unwrap();
    bench.config(
        "[plugins]\nenabled = [\"log\"]\nexports = \"exports\"\n[plugins.log]\nallow = [\"write\"]\n",
    );
    bench
}

/// That the plugin was told of each film once, and that what it wanted was done once.
fn assert_told_once(bench: &Bench) {
    let store = Store::open(bench.store()).unwrap();
    let mut expected: Vec<String> = Vec::new();
    for study in store.studies_since(0).unwrap() {
        for film in store.detail(study.id).unwrap().unwrap().films {
            assert_eq!(study.marks.tags.len(), 1, "{:?}", study.marks);
            expected.push(film.id.to_string());
        }
    }
    let text = fs::read_to_string(bench.path("exports/films.txt")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    expected.sort();
    assert_eq!((lines.len(), &lines), (FILMS as usize, &expected), "a line for each film, once");
}

#[test]
fn every_effect_is_done_once_however_often_the_program_is_killed() {
    let bench = with_plugin();
    for round in 0..FILMS {
        bench.film(&format!("{round}.png"), round);
        let mut watch = bench.watch(&ARGUMENTS);
        watch.until(|event| is(event, "scored"));
        // From the film's result on: while the plugin is told, while its effects are kept, while they are done.
        thread::sleep(std::time::Duration::from_millis(u64::from(7 * round % 80)));
        watch.child.kill().unwrap();
    }
    assert_eq!(bench.watch(&ARGUMENTS).rest().1, Some(0));
    assert_told_once(&bench);
}

/// Kills the plugins' processes of a running program; how many there were.
#[cfg(target_os = "linux")]
fn kill_children(parent: u32) -> usize {
    let is_child = |process: &u32| {
        let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent_of =
            told.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent_of == Some(parent)
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children: Vec<u32> = numbers.filter(is_child).collect();
    for child in &children {
        Command::new("kill").args(["-9", &child.to_string()]).status().unwrap();
    }
    children.len()
}

#[cfg(target_os = "linux")]
#[test]
fn a_plugin_whose_process_is_killed_now_and_then_misses_nothing() {
    let bench = with_plugin();
    for seed in 0..FILMS {
        bench.film(&format!("{seed}.png"), seed);
    }
    let mut watch = bench.watch(&ARGUMENTS);
    let (mut scored, mut killed) = (0, 0);
    while let Some(event) = watch.next() {
        scored += u32::from(is(&event, "scored"));
        // Now and then, as an administrator or the system might: films come in bursts.
        if is(&event, "scored") && scored % 4 == 1 {
            killed += kill_children(watch.child.id());
        }
    }
    assert!(killed > 0, "none was found to kill");
    assert_eq!(watch.child.wait().unwrap().code(), Some(0));
    assert_told_once(&bench);
}
