//! What only a store on a server has: who lets whom in, what it refuses, and what it does when the way to it breaks.

use std::{
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStringExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use cxr_triage::{
    store::{Hint, Listener, Status, Store, StoreErrorKind},
    store_place::StorePlace,
};

use super::support::{Bench, at, scored};
use crate::{
    postgres::{Raw, Server, place, server},
    support::peers::free_port,
};

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
    let gone = free_port();
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
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let url = url.replace("postgres@", "locked@");
    let by_pass = format!("{url}&passfile={}", pass.display());
    set(&pass, 0o600);
    Store::open(place(&by_pass)).unwrap();
    set(&pass, 0o644);
    // By another name, as a connection that is open already needs no password.
    let (kind, text) = refusal(&format!("{by_pass}&application_name=another"));
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

#[test]
fn a_process_with_many_threads_on_a_store_has_few_connections() {
    let server = server_or_return!();
    let url = format!("{}&application_name=many", server.schema());
    let stores: Vec<Store> = (0..40).map(|_| Store::open(place(&url)).unwrap()).collect();
    let count = || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'many'";
        Raw::connect(&server.url()).rows(sql)[0].parse::<u32>().unwrap()
    };
    assert_eq!(count(), 1);
    let threads: Vec<_> = stores
        .into_iter()
        .map(|mut store| {
            thread::spawn(move || {
                for _ in 0..5 {
                    store.counts().unwrap();
                    store.try_to_write(Duration::from_secs(10)).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(count() <= 6, "{} wait for their next use", count());
}

#[test]
fn tls_is_as_strict_as_sslmode_says() {
    if server().is_none() {
        return;
    }
    let own = match Server::start_with_tls() {
        Ok(own) => own,
        Err(why) => return println!("skipped: no server with TLS: {why}"),
    };
    let root = own.folder.join("root.pem");
    let stranger = tempfile::NamedTempFile::new().unwrap();
    fs::write(stranger.path(), "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n").unwrap();
    let url = |host: &str, rest: &str| format!("postgres://postgres@{host}:{}/postgres?{rest}", own.port);
    let root = format!("sslrootcert={}", root.display());
    for (host, rest, is_let_in) in [
        ("127.0.0.1", "sslmode=disable".to_owned(), true),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{root}"), true),
        ("127.0.0.1", format!("sslmode=verify-full&{root}"), false),
        ("localhost", format!("sslmode=verify-full&{root}"), true),
        ("localhost", format!("sslmode=verify-full&sslrootcert={}", stranger.path().display()), false),
        ("localhost", "sslmode=verify-ca&sslrootcert=/nowhere/root.pem".to_owned(), false),
    ] {
        let url = url(host, &rest);
        match Store::open(place(&url)) {
            Ok(_) => assert!(is_let_in, "{url}"),
            Err(error) => {
                assert!(!is_let_in, "{url}: {error}");
                assert_eq!(error.kind, StoreErrorKind::NotSecure, "{url}: {error}");
            }
        }
        let secure = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert_eq!(Raw::connect(&own.url()).rows(secure), ["f"], "the test itself goes without");
    }
    let mut named = Store::open(place(&url("127.0.0.1", "sslmode=require&application_name=secure"))).unwrap();
    named.try_to_write(Duration::from_secs(1)).unwrap();
    let sql =
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'secure'";
    assert_eq!(Raw::connect(&own.url()).rows(sql), ["t"]);
}

#[test]
fn a_server_of_this_host_is_reached_by_its_socket() {
    let server = server_or_return!();
    let folder = server.folder.to_str().unwrap().replace('/', "%2F");
    let url = server.schema();
    let (_, rest) = url.rsplit_once('/').unwrap();
    for rest in [rest.to_owned(), rest.replace("sslmode=disable&", "")] {
        let url = format!("postgres://postgres@{folder}:{}/{rest}", server.port);
        assert_eq!(Store::open(place(&url)).unwrap().queued_count().unwrap(), 0, "{url}");
    }
}

#[test]
fn a_store_is_copied_whole_to_a_server_and_back() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut first = Store::open(folder.path().join("first.db")).unwrap();
    let odd = PathBuf::from(OsString::from_vec(b"/in/\xff.dcm".to_vec()));
    for (number, path) in ["/in/a.dcm".into(), odd.clone(), "/in/c.dcm".into()].into_iter().enumerate() {
        let arrival = cxr_triage::intake::Arrival { path, size: 7, modified_ns: 1 };
        let file = first.receive(&[arrival], at(0)).unwrap()[0].0;
        let name = format!("x{number}");
        let film = super::support::dicom(scored(&name, [0.9, 0.1, 0.1]), "1.2", &format!("1.2.{number}"));
        first.finish(file, &film, at(1)).unwrap();
    }
    let (row, gone) = (first.studies_since(0).unwrap().remove(0), Path::new("/in/d.dcm"));
    first.set_status(row.id, Status::Seen, "anna", at(2)).unwrap();
    first.add_note(row.id, "a note", "anna", at(3)).unwrap();
    let waits = cxr_triage::intake::Arrival { path: gone.into(), size: 7, modified_ns: 1 };
    first.receive(&[waits], at(4)).unwrap();

    let mut second = Store::open(place(&server.schema())).unwrap();
    let mut told = Vec::new();
    let rows =
        second.copy_from(&first, |progress| told.push((progress.table.to_owned(), progress.done))).unwrap();
    assert!(rows > 20 && told.iter().any(|(table, done)| table == "films" && *done == 3), "{rows} {told:?}");
    let mut third = Store::open(folder.path().join("third.db")).unwrap();
    assert_eq!(third.copy_from(&second, |_| ()).unwrap(), rows);
    for store in [&second, &third] {
        assert_eq!(store.studies_since(0).unwrap(), first.studies_since(0).unwrap());
        assert_eq!(store.detail(row.id).unwrap(), first.detail(row.id).unwrap());
        assert_eq!(store.events(0, 100).unwrap(), first.events(0, 100).unwrap());
        assert_eq!(store.heatmap(1).unwrap(), first.heatmap(1).unwrap());
        assert!(store.is_known(&odd, 7, 1).unwrap() && store.is_known(gone, 7, 1).unwrap());
    }
    // Work goes on there, under new numbers.
    for store in [&mut second, &mut third] {
        let film = super::support::dicom(scored("y", [0.1; 3]), "1.2", "1.2.9");
        let file = store.queued(9).unwrap()[0].file;
        store.finish(file, &film, at(9)).unwrap();
        let row = store.studies_since(0).unwrap().remove(0);
        assert_eq!((row.scored_films, row.notes), (4, 1));
    }
    let error = second.copy_from(&first, |_| ()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotEmpty, "{error}");
}

#[test]
fn who_listens_hears_of_what_is_queued_and_of_the_list_each_apart_and_of_the_end() {
    let server = server_or_return!();
    let admin = Raw::connect(&server.url());
    // Nobody else tells anything in a database of its own.
    admin.batch("CREATE DATABASE hints ENCODING 'UTF8' TEMPLATE template0");
    let place = place(&server.url().replace("/postgres?", "/hints?"));
    let mut store = Store::open(&place).unwrap();
    let [queue, list] = [Hint::Queue, Hint::List].map(|hint| Listener::open(&place, hint).unwrap().unwrap());
    let heard = || [&queue, &list].map(|listener| listener.wait(Duration::from_millis(700)).unwrap());
    assert_eq!(heard(), [false, false]);
    let arrival = cxr_triage::intake::Arrival { path: "a".into(), size: 1, modified_ns: 1 };
    let received = store.receive(std::slice::from_ref(&arrival), at(0)).unwrap();
    assert_eq!(heard(), [true, false]);
    store.receive(&[arrival], at(0)).unwrap();
    assert_eq!(heard(), [false, false], "nothing was queued");
    store.finish(received[0].0, &scored("a", [0.9, 0.1, 0.1]), at(1)).unwrap();
    assert_eq!(heard(), [false, true]);
    admin.batch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'hints'");
    assert!(queue.wait(Duration::from_secs(10)).is_err() || queue.wait(Duration::from_secs(10)).is_err());
    assert!(Listener::open(&StorePlace::from(Path::new("store.db")), Hint::Queue).unwrap().is_none());
}
