//! Twelve hours at a hundred times their speed: the real program follows a store in which ten thousand
//! studies arrive (with findings replayed, not computed), while somebody hits keys at random.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use crate::terminal::{Running, milliseconds_of};

/// Twelve hours, a hundred times as fast.
const SHIFT: Duration = Duration::from_secs(12 * 3600 / 100);
const ARRIVALS: u32 = 10_000;
/// The keys of a shift; none that leaves.
const KEYS: &[&str] = &[
    "j",
    "j",
    "j",
    "k",
    "k",
    "G",
    "gg",
    "\r",
    "\x1b",
    " ",
    "c",
    "a",
    "A",
    "d",
    "u",
    "v",
    "z",
    "w",
    "m",
    "p",
    "0",
    "N",
    "1",
    "2",
    "3",
    "4",
    "5",
    "?",
    "\x1b",
    ":heat\r",
    "/eff\r",
    "/score>0.5 \x1b",
    "sw",
    "sp",
    "sr",
    "nok\r\x1b",
    "\t",
    "\x1b[A",
    "\x1b[B",
    "\x1b[5~",
    "\x1b[6~",
    "[",
    "]",
    "\x0c",
];

/// Runs it and prints memory and processor time as they go; panics if the program ends by itself.
pub(crate) fn run(folder: &Path) {
    let mut program = Running::start(folder);
    let connection = rusqlite::Connection::open(folder.join("store.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    program.wait_until_quiet();
    println!("a shift at a hundred times its speed: {ARRIVALS} arrivals in {} s", SHIFT.as_secs());
    let mut random = 7_u64;
    let mut dice = move |sides: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % sides
    };
    let started = Instant::now();
    for arrival in 0..ARRIVALS {
        connection
            .execute(
                "INSERT INTO studies (key, patient_id, patient_name, accession_number, description, view, file_name,
                    study_time, first_arrival, last_arrival, complete, scored_films, severity, assessed, score, top,
                    status, status_by, model, revision)
                 SELECT 'replayed.' || ?1, patient_id, patient_name, accession_number, description, view, file_name,
                    study_time, strftime('%s', 'now') * 1000000, strftime('%s', 'now') * 1000000, 1, 1, severity,
                    assessed, score, top, 'new', '', model, (SELECT max(revision) + 1 FROM studies)
                 FROM studies WHERE id = ?2",
                (arrival, i64::try_from(1 + dice(1_000)).unwrap()),
            )
            .unwrap();
        for _ in 0..dice(4) {
            program.writer.write_all(KEYS[dice(KEYS.len())].as_bytes()).unwrap();
        }
        assert!(program.child.try_wait().unwrap().is_none(), "the program has ended");
        if arrival % 1_000 == 999 {
            let spent: u64 = program.ticks().values().sum();
            println!(
                "  after {:>6} arrivals, {:>4} s: {}, {:.1} % of a core",
                arrival + 1,
                started.elapsed().as_secs(),
                program.memory(),
                milliseconds_of(spent) / started.elapsed().as_secs_f64() / 10.0
            );
        }
        let due = SHIFT.mul_f64(f64::from(arrival + 1) / f64::from(ARRIVALS));
        std::thread::sleep(due.saturating_sub(started.elapsed()));
    }
    // It still answers.
    let before = program.written();
    program.writer.write_all(b"?").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert!(program.written() > before, "the program no longer answers");
    program.quit();
}
