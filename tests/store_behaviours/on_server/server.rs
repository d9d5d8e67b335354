//! What only a store on a server has: who lets whom in, what it refuses, and what it does when the way to it breaks.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use cxr_triage::store::{Status, Store, StoreErrorKind};

use super::support::{Bench, at, scored};
use crate::postgres::{Raw, Server, place, server};

/// A server to test with; without one the test has nothing to say.
macro_rules! server_or_return {
    () => {
        match server() {
            Some(server) => server,
            None => return,
        }
    };
}

fn refusal(url: &str) -> (StoreErrorKind, String) {
    let started = Instant::now();
    let error = Store::open(place(url)).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(30), "{error} took {:?}", started.elapsed());
    (error.kind, error.to_string())
}

#[test]
fn whoever_may_not_come_in_is_told_why_and_whose_part_it_is() {
    let server = server_or_return!();
    Raw::connect(&server.url())
        .batch("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    let at = format!("127.0.0.1:{}", server.port);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, kind, word) in [
        (format!("a@127.0.0.1:{gone}/films"), StoreErrorKind::Unreachable, "see that the server runs"),
        (format!("postgres@{at}/nowhere"), StoreErrorKind::NoDatabase, "createdb"),
        (format!("nobody@{at}/postgres"), StoreErrorKind::PasswordRefused, "pg_hba.conf"),
        (format!("locked:wrong@{at}/postgres"), StoreErrorKind::PasswordRefused, "password"),
        (format!("crowded@{at}/postgres"), StoreErrorKind::TooManyConnections, "max_connections"),
        (format!("guest@{at}/postgres"), StoreErrorKind::Forbidden, "owner of the database"),
        (format!("postgres@{at}/latin"), StoreErrorKind::NotADatabase, "UTF8"),
        (format!("postgres@{at}/postgres?sslmode=require"), StoreErrorKind::NotSecure, "sslmode"),
        (
            format!("postgres@{at}/postgres?options=-c%20search_path%3Dnowhere"),
            StoreErrorKind::NoDatabase,
            "no schema",
        ),
    ] {
        let (found, text) = refusal(&format!("postgres://{url}"));
        assert_eq!(found, kind, "{url}: {text}");
        assert!(text.contains(word) && !text.contains("wrong"), "{url}: {text}");
    }
}

#[test]
fn a_password_is_read_from_its_file_and_from_that_of_libpq() {
    let server = server_or_return!();
    let url = server.schema();
    let schema = url.rsplit_once("%3D").unwrap().1;
    Raw::connect(&url).batch(&format!("GRANT ALL ON SCHEMA {schema} TO locked"));
    let folder = tempfile::tempdir().unwrap();
    let (alone, pass) = (folder.path().join("password"), folder.path().join("pgpass"));
    fs::write(&alone, "s3cret\n").unwrap();
    fs::write(&pass, "*:*:*:locked:s3cret\n").unwrap();
    let set =
        |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let url = url.replace("postgres@", "locked@");
    let by_pass = format!("{url}&passfile={}", pass.display());
    set(&pass, 0o600);
    Store::open(place(&by_pass)).unwrap();
    set(&pass, 0o644);
    let (kind, text) = refusal(&by_pass);
    assert_eq!(kind, StoreErrorKind::PasswordRefused, "{text}");
    assert!(text.contains("0600") && !text.contains("s3cret"), "{text}");
    let parsed = cxr_triage::store_place::ServerPlace::parse(&url).unwrap();
    set(&alone, 0o600);
    let alone =
        cxr_triage::store_place::StorePlace::Server(Box::new(parsed.with_password_file(Some(&alone))));
    Store::open(&alone).unwrap();
}

#[test]
fn another_programs_tables_are_left_alone_and_a_newer_store_is_refused_as_on_a_file() {
    let server = server_or_return!();
    let url = server.schema();
    Raw::connect(&url).batch("CREATE TABLE bookmarks (url TEXT)");
    let (kind, text) = refusal(&url);
    assert_eq!(kind, StoreErrorKind::NotADatabase, "{text}");
    assert_eq!(Raw::connect(&url).rows("SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"), ["1"]);

    let bench = Bench::new();
    bench.raw("UPDATE store_format SET version = version + 1");
    let error = Store::open(&bench.place).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NewerVersion, "{error}");
    assert!(error.to_string().contains("was made by a newer version of cxr-triage"), "{error}");
}

#[test]
fn processes_that_make_one_store_together_make_it_once() {
    let server = server_or_return!();
    let (url, begin) = (server.schema(), Arc::new(Barrier::new(6)));
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let (url, begin) = (url.clone(), Arc::clone(&begin));
            thread::spawn(move || {
                begin.wait();
                Store::open(place(&url)).unwrap().counts().unwrap()
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    assert_eq!(Raw::connect(&url).rows("SELECT count(*) FROM store_format"), ["1"]);
}

#[test]
fn a_connection_that_was_ended_is_made_anew_by_the_next_call_and_a_full_disk_is_called_that() {
    let server = server_or_return!();
    let url = server.schema();
    let (named, admin) = (format!("{url}&application_name=ends"), Raw::connect(&server.url()));
    let mut store = Store::open(place(&named)).unwrap();
    let end = || {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ends'";
        assert_eq!(admin.rows(sql), ["t"]);
        thread::sleep(Duration::from_millis(200));
    };
    let arrival = |name: &str| cxr_triage::intake::Arrival { path: name.into(), size: 1, modified_ns: 1 };
    end();
    assert_eq!(store.receive(&[arrival("a")], at(0)).unwrap().len(), 1);
    end();
    assert_eq!(store.queued_count().unwrap(), 1);

    // What a disk without room says, a trigger can say.
    Raw::connect(&url).batch(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER no_room BEFORE INSERT ON files EXECUTE FUNCTION no_room()",
    );
    let error = store.receive(&[arrival("b")], at(0)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::DiskFull, "{error}");
    assert!(error.to_string().contains("whoever looks after the database server"), "{error}");
    Raw::connect(&url).batch("DROP TRIGGER no_room ON files");
    assert_eq!(store.receive(&[arrival("b")], at(0)).unwrap().len(), 1);
}

#[test]
fn a_replica_that_takes_no_changes_shows_the_list_and_says_that_it_is_one() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("a", [0.9, 0.1, 0.1]), at(0));
    let Some(server) = server() else { return };
    let schema = bench.place.to_string();
    let schema = schema.rsplit_once("search_path=").unwrap().1;
    let url = format!(
        "{}&options=-c%20search_path%3D{schema}%20-c%20default_transaction_read_only%3Don",
        server.url()
    );
    let mut replica = Store::open(place(&url)).unwrap();
    assert_eq!(replica.studies_since(0).unwrap().len(), 1);
    let error = replica.set_status(row.id, Status::Seen, "anna", at(1)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
    assert!(error.to_string().contains("name the primary server"), "{error}");
    assert_eq!(replica.try_to_write(Duration::from_millis(50)).unwrap_err().kind, StoreErrorKind::ReadOnly);
}

#[test]
fn a_server_that_is_restarted_is_found_again() {
    if server().is_none() {
        return;
    }
    let own = Server::start().unwrap();
    let mut store = Store::open(place(&own.url())).unwrap();
    let arrival = |name: &str| cxr_triage::intake::Arrival { path: name.into(), size: 1, modified_ns: 1 };
    store.receive(&[arrival("a")], at(0)).unwrap();
    drop(own);
    let error = store.receive(&[arrival("b")], at(0)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    let error = store.queued_count().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
}

#[test]
fn a_followers_hint_moves_with_every_change_of_another_connection() {
    let mut bench = Bench::new();
    let follower = Store::open(&bench.place).unwrap();
    let mut seen = follower.version().unwrap();
    for number in 0..20 {
        bench.receive(&format!("f{number}"), at(number));
        let now = follower.version().unwrap();
        assert_ne!(now, seen);
        seen = now;
    }
}
