//! What ten plugins cost on a thousand studies: `cargo bench --bench plugins`.
//!
//! The same thousand studies are recorded with no plugin and with ten, each with a hook, a column, a
//! filter and effects; what is printed is the difference a study, in time and in processor time of the
//! program and of the plugins' processes, until the last plugin has come to rest; and how long the recorder waited.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../tests/ports.rs"]
mod ports;
#[expect(dead_code, reason = "only the store's tests have a server")]
#[path = "../tests/postgres/mod.rs"]
mod postgres;
#[expect(dead_code, reason = "the store's tests need more of it")]
#[path = "../tests/store_behaviours/support.rs"]
mod store_support;

use std::{
    fs,
    time::{Duration, Instant},
};

use cxr_triage::{
    config,
    plugin::{Host, HostParts},
};
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use store_support::{Bench, scored};

/// Where the bench's store lies.
const BACKEND: postgres::Backend = postgres::Backend::File;
const STUDIES: usize = 1_000;
const PLUGINS: usize = 10;

const PLUGIN: &str = r#"return {
    api = 1, name = "NAME", version = "1", permissions = { "raise", "tag", "column" },
    settings = { words = { default = { "ICU", "PORTABLE" } } },
    on_film = function(film, study, settings) return nil end,
    on_study = function(study, settings)
        for _, word in settings.words do
            if string.find(study.description, word, 1, true) then return { raise = "urgent" } end
        end
        local mass = study.findings.Mass
        if mass and mass.probability > 0.8 and study.id % 10 == 0 then return { tag = "mass" } end
        return nil
    end,
    columns = { { title = "Mass", value = function(study)
        local mass = study.findings.Mass
        return if mass and mass.probability > 0.8 then "high" else nil
    end } },
    filters = { { title = "Mass", matches = function(study) return study.id % 10 == 0 end } },
}"#;

struct Cost {
    wall: Duration,
    processor: Duration,
    longest: Duration,
}

fn main() {
    let without = run(0);
    let with = run(PLUGINS);
    let each = |duration: Duration| duration.as_secs_f64() * 1e3 / STUDIES as f64;
    println!("{STUDIES} studies, {PLUGINS} plugins, ms a study");
    for (name, cost) in [("no plugin", &without), ("plugins", &with)] {
        println!(
            "{name:10} wall {:.3}  processor {:.3}  longest write of the recorder {:.1} ms",
            each(cost.wall),
            each(cost.processor),
            cost.longest.as_secs_f64() * 1e3,
        );
    }
    println!(
        "overhead   wall {:.3}  processor {:.3}",
        each(with.wall) - each(without.wall),
        each(with.processor) - each(without.processor)
    );
}

fn run(plugins: usize) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config::Plugins::default();
    for number in 0..plugins {
        let name = format!("plugin-{number}");
        fs::write(folder.path().join(format!("{name}.luau")), PLUGIN.replace("NAME", &name)).unwrap();
        config.enabled.push(name);
    }
    let mut bench = Bench::new();
    let host = Host::start(HostParts {
        program: env!("CARGO_BIN_EXE_cxr-triage").into(),
        ..HostParts::new(bench.path.clone(), folder.path().to_owned(), config)
    })
    .unwrap();
    let waker = host.waker().unwrap();
    assert!(host.settle(Duration::from_secs(60)));
    let (wall, processor) = (Instant::now(), processor_time());
    let mut longest = Duration::ZERO;
    for number in 0..STUDIES {
        let started = Instant::now();
        let probability = (number % 100) as f32 / 100.0;
        let bytes = format!("film {number}");
        bench.record(&bytes, &scored(&bytes, [0.1, probability, 0.2]), Timestamp::now());
        waker.wake();
        longest = longest.max(started.elapsed());
    }
    assert!(host.settle(Duration::from_secs(300)));
    let mut cost = Cost { wall: wall.elapsed(), processor: processor_time() - processor, longest };
    // A hook for the film, one for the study, and the columns: nothing was left out. The first studies may be met
    // once more, while the list's columns are filled.
    let before = processor_time_of_children();
    drop(host);
    cost.processor += processor_time_of_children() - before;
    let records = bench.store.plugins().unwrap();
    let calls: u64 = records.iter().map(|record| record.calls).sum();
    assert!(calls >= (3 * plugins * STUDIES) as u64, "{calls} calls; {:?}", records.first());
    cost
}

/// Of those that have ended; in hundredths of a second, and only on Linux.
fn processor_time_of_children() -> Duration {
    let told = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = told.rsplit_once(')').map(|(_, fields)| fields.split_whitespace().skip(13));
    let ticks: u64 = fields.into_iter().flatten().take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
