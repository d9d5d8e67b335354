//! A store on a PostgreSQL server, as people name it on the command line: moved there, in use, and what is said of it.

use std::fs;

use cxr_triage::store::Store;

use crate::{
    cli::support::{Bench, text},
    postgres,
    support::peers::free_port,
};

#[test]
fn a_site_moves_to_a_server_and_goes_on_there_and_back() {
    let Some(server) = postgres::server() else { return };
    let (bench, url) = (Bench::new(), server.schema());
    for seed in 0..3 {
        bench.film(&format!("{seed}.png"), seed);
    }
    let (_, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    let copy = |from: &str, to: &str| bench.run(&["store", "copy", "--from", from, "--to", to]);
    let moved = copy("data/store.db", &url);
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    assert!(text(&moved.stdout).contains("rows, each counted"), "{}", text(&moved.stdout));
    assert!(text(&moved.stderr).contains("films: 3 rows"), "{}", text(&moved.stderr));
    let again = copy("data/store.db", &url);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is not empty"), "{}", text(&again.stderr));

    bench.film("3.png", 3);
    let watched = bench.run(&["watch", "inbox", "--headless", "--once", "--store", &url]);
    assert!(watched.status.success(), "{}", text(&watched.stderr));
    let counts = Store::open(postgres::place(&url)).unwrap().counts().unwrap();
    assert_eq!((counts.scored_films, counts.queued), (4, 0), "what was there is not read again");
    // Whither a site moves stands in its configuration already.
    bench.config("[store]\npath = \"data/moved.db\"\n");
    let configured = bench.run(&["store", "copy", "--from", "data/store.db", "--config", "config.toml"]);
    assert!(configured.status.success(), "{}", text(&configured.stderr));
    let moved = Store::open(bench.path("data/moved.db")).unwrap().counts().unwrap();
    assert_eq!((moved.scored_films, moved.queued), (3, 0));
    let back = copy(&url, "back.db");
    assert!(back.status.success(), "{}", text(&back.stderr));
    assert_eq!(Store::open(bench.path("back.db")).unwrap().counts().unwrap(), counts);

    let refused = bench.run(&["store", "backup", "copy.db", "--store", &url]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("pg_dump"), "{}", text(&refused.stderr));
}

#[test]
fn a_server_that_nobody_reaches_is_named_and_a_password_is_not() {
    let bench = Bench::new();
    let port = free_port();
    let url = format!("postgres://rad:s3cret@127.0.0.1:{port}/films");
    let health = bench.run(&["health", "--store", &url]);
    assert_eq!(health.status.code(), Some(1));
    let said = text(&health.stdout);
    assert!(said.contains(&format!("postgres://rad@127.0.0.1:{port}/films cannot be reached")), "{said}");
    assert!(!said.contains("no process runs the pipeline"), "nobody can know that: {said}");
    let started = std::time::Instant::now();
    // What works for a store waits for its server; whoever asks is told at once.
    let listed = bench.run(&["plugins", "list", "--store", &url, "--log", "log"]);
    assert!(started.elapsed().as_secs() < 30 && !listed.status.success());
    let all = [text(&listed.stderr), text(&listed.stdout), text(&health.stderr), said];
    assert!(all[0].contains("whoever may list the processes"), "{}", all[0]);
    let log = fs::read_to_string(bench.path("log")).unwrap_or_default();
    assert!(all.iter().chain([&log]).all(|text| !text.contains("s3cret")), "{all:?} {log}");

    let mistaken = bench.run(&["health", "--store", "postgres://rad@db/films?sslmode=maybe"]);
    assert!(text(&mistaken.stdout).contains("sslmode is disable, prefer"), "{}", text(&mistaken.stdout));
}

#[test]
fn a_dashboard_on_a_replica_is_told_to_name_the_primary_server() {
    let Some(server) = postgres::server() else { return };
    let (bench, url) = (Bench::new(), server.schema());
    drop(Store::open(postgres::place(&url)).unwrap());
    let replica = format!("{url}%20-c%20default_transaction_read_only%3Don");
    let refused = bench.run(&["watch", "--follow", "--plain", "--store", &replica]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("name the primary server"), "{}", text(&refused.stderr));
}
