//! Opening: folder, permissions, settings of the connection, migrations.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{ErrorCode, OpenFlags};

use super::{
    Store, StoreError, StoreErrorKind,
    migrations::{MIGRATIONS, migrate, refuse_newer, version},
    place::{self, APPLICATION_ID, Found, with_suffix},
    restored::check_restored,
    server::open_server,
    sql::Connection,
};
use crate::store_place::StorePlace;

/// How long a writer waits for another one. The longest transaction is a change of thresholds.
const BUSY: Duration = Duration::from_secs(30);

impl Store {
    /// Opens the store at a place, making it if it is not there, and brings it up to this version. Owner and followers
    /// open it alike.
    ///
    /// The files of a store are readable by their owner alone, also where they were not before; a folder that is made
    /// here is too (one that was there is left as it is: it may be anybody's). What is no store of ours is refused before
    /// anything of it or beside it is changed; an empty file, and an empty schema of a server's database, is taken for
    /// one that is about to be.
    ///
    /// # Errors
    /// See [`StoreErrorKind`]; what is there is left as it was.
    pub fn open(place: impl Into<StorePlace>) -> Result<Self, StoreError> {
        Self::open_within(place, BUSY)
    }

    /// [`Store::open`] for a caller that cannot wait for other writers for longer than `busy`.
    ///
    /// # Errors
    /// As there.
    pub fn open_within(place: impl Into<StorePlace>, busy: Duration) -> Result<Self, StoreError> {
        let place = place.into();
        let connection = match &place {
            StorePlace::File(path) => open_file(path, busy)?,
            StorePlace::Server(server) => open_server(server, &place, busy)?,
        };
        let mounts = place.mounts();
        Ok(Self { connection, place, mounts, duty: None, signature: None })
    }

    /// Refuses a store that a newer version has brought up to its own format since it was opened, as opening does.
    ///
    /// # Errors
    /// That it is so, or what else [`StoreErrorKind`] names.
    pub fn refuse_newer_version(&self) -> Result<(), StoreError> {
        refuse_newer(version(&self.connection).map_err(|error| self.failed(error))?, &self.place)
    }

    /// Where the store is.
    #[must_use]
    pub fn place(&self) -> &StorePlace {
        &self.place
    }
}

fn open_file(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    let found = place::check(path)?;
    make_folder(path)?;
    let real = place::real_path(path).map_err(|error| StoreError::from_io(path, error))?;
    match found {
        Found::Nothing => make(&real)?,
        Found::Blank => {}
        Found::Store => make_private(&real)?,
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: rusqlite::Error| StoreError::from_sql(path, error);
    let connection = rusqlite::Connection::open_with_flags(&real, flags).map_err(failed)?;
    connection.busy_timeout(busy).map_err(failed)?;
    refuse_strangers(&connection, path)?;
    // Now it is known to be ours, or to become so.
    make_private(&real)?;
    configure(&connection, busy).map_err(failed)?;
    let connection = Connection::from(connection);
    migrate(&connection, MIGRATIONS).map_err(|error| StoreError::from_sql(path, error))?;
    check_restored(&connection, path)?;
    Ok(connection)
}

/// A file that this version must not touch: another program's database, or a newer version's.
fn refuse_strangers(connection: &rusqlite::Connection, path: &Path) -> Result<(), StoreError> {
    let look = || -> rusqlite::Result<(i32, usize, usize)> {
        // One view of the file, in case another process is at its first migration.
        let _view = connection.unchecked_transaction()?;
        let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((id, version as usize, tables as usize))
    };
    let (id, version, tables) = look().map_err(|error| StoreError::from_sql(path, error))?;
    let blank = id == 0 && version == 0 && tables == 0;
    if id != APPLICATION_ID && !blank {
        let why = "it is the database of another program";
        return Err(StoreError::new(StoreErrorKind::NotADatabase, path, &why));
    }
    refuse_newer(version, path)
}

/// WAL lets followers read while the owner writes. With `synchronous = NORMAL` a commit survives the
/// death of the process at any moment; loss of power may undo the last ones, never damage the file,
/// and what they held is found again in the inbox.
fn configure(connection: &rusqlite::Connection, busy: Duration) -> rusqlite::Result<()> {
    switch_to_wal(connection, busy)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is removed is written over: a forgotten patient is nowhere in the file.
    connection.pragma_update(None, "secure_delete", true)?;
    // Kibibytes, when negative. A list of 100,000 studies is read once; films are small.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The switch happens once in a store's life and needs it alone. SQLite does not wait for that as it
/// does for other locks (two that wait for each other would never end), so that processes which make
/// one store together have to try again.
fn switch_to_wal(connection: &rusqlite::Connection, busy: Duration) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && started.elapsed() < busy =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// Makes the folder that `file` is to lie in, for the owner alone.
pub(super) fn make_folder(file: &Path) -> Result<(), StoreError> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| StoreError::from_io(file, error))
}

/// Makes the database file, unless another process just has.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    match owner_only(OpenOptions::new().create_new(true).write(true)).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::from_io(path, error)),
    }
}

/// Tightens the files of a store. SQLite gives `-wal` and `-shm` the permissions of the database.
///
/// A file that is there is never opened here: closing it again would drop the POSIX locks that other
/// connections of this process hold on it (sqlite.org/howtocorrupt.html, section 2.2).
fn make_private(path: &Path) -> Result<(), StoreError> {
    for file in [path.to_owned(), with_suffix(path, "-wal"), with_suffix(path, "-shm")] {
        tighten(&file).map_err(|error| StoreError::from_io(&file, error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn tighten(file: &Path) -> io::Result<()> {
    use std::{fs, os::unix::fs::PermissionsExt};
    let permissions = match fs::metadata(file) {
        Ok(metadata) => metadata.permissions(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(file, fs::Permissions::from_mode(permissions.mode() & 0o700))
}

#[cfg(not(unix))]
fn tighten(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// New files of the store are their owner's alone.
pub(super) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::migrations::{MIGRATIONS, Migration, Step, migrate};
    use crate::{
        intake::Arrival,
        quality::{Gate, Held},
        store::{Outcome, Store, StoreErrorKind, Verdict, sql::Connection},
    };

    fn in_memory() -> Connection {
        rusqlite::Connection::open_in_memory().unwrap().into()
    }

    fn version(connection: &Connection) -> u32 {
        connection.sqlite().unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_version_comes_up_to_the_latest() {
        for start in 0..=MIGRATIONS.len() {
            let connection = in_memory();
            migrate(&connection, &MIGRATIONS[..start]).unwrap();
            assert_eq!(version(&connection) as usize, start);
            migrate(&connection, MIGRATIONS).unwrap();
            migrate(&connection, MIGRATIONS).unwrap();
            assert_eq!(version(&connection) as usize, MIGRATIONS.len());
            let check: String = connection
                .sqlite()
                .unwrap()
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(check, "ok");
        }
    }

    #[test]
    fn studies_of_an_earlier_version_keep_their_patients() {
        let connection = in_memory();
        migrate(&connection, &MIGRATIONS[..7]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO studies (key, patient_id, patient_name, first_arrival, last_arrival) VALUES
                 ('1.2.3', ' P1', 'DOE^JANE', 0, 0), ('sha256:00', '', '', 0, 0), ('folder:/in', '', '', 0, 0)",
            )
            .unwrap();
        migrate(&connection, MIGRATIONS).unwrap();
        let query = "SELECT uid, number, study, patient_id, name FROM study_patients";
        let rows: Vec<(String, i64, i64, String, String)> = connection
            .sqlite()
            .unwrap()
            .prepare(query)
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(rows, [("1.2.3".to_owned(), 1, 1, "P1".to_owned(), "DOE^JANE".to_owned())]);
    }

    #[test]
    fn studies_of_an_earlier_version_learn_their_station_from_their_films() {
        let connection = in_memory();
        migrate(&connection, &MIGRATIONS[..11]).unwrap();
        connection
            .execute_batch(
                r#"INSERT INTO studies (key, first_arrival, last_arrival) VALUES ('1', 0, 0), ('2', 0, 0), ('3', 0, 0);
                   INSERT INTO files (path, size, modified_ns, received_at) VALUES ('a', 0, 0, 0);
                   INSERT INTO films (study, file, sha256, decoded, header, state, version, finished_at) VALUES
                   (1, 1, 'x', 0, '{"station_name": "BROKEN"}', 'held', '', 0),
                   (1, 1, 'y', 1, '{"station_name": "MOBIL3"}', 'scored', '', 0),
                   (2, 1, 'z', 1, '{}', 'scored', '', 0),
                   (3, 1, 'q', 1, 'no JSON', 'scored', '', 0);"#,
            )
            .unwrap();
        migrate(&connection, MIGRATIONS).unwrap();
        let rows: Vec<(String, String)> = connection
            .sqlite()
            .unwrap()
            .prepare("SELECT station_name, patient_age FROM studies ORDER BY id")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(rows, [("MOBIL3", ""), ("", ""), ("", "")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it() {
        let connection = in_memory();
        let step = |sqlite| Migration { sqlite, postgres: Step::Never };
        let steps = [step("CREATE TABLE a (x)"), step("CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)")];
        migrate(&connection, &steps).unwrap_err();
        assert_eq!(version(&connection), 1);
        let tables: Vec<String> = connection
            .sqlite()
            .unwrap()
            .prepare("SELECT name FROM sqlite_schema ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(tables, ["a"], "half of the failed step was kept");
        migrate(&connection, &[steps[0], step("CREATE TABLE b (x)")]).unwrap();
        assert_eq!(version(&connection), 2);
    }

    #[test]
    fn a_full_disk_is_called_that_and_the_file_stays_queued() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("store.db")).unwrap();
        let arrival = Arrival { path: "a".into(), size: 1, modified_ns: 1 };
        let file = store.receive(&[arrival], Timestamp::UNIX_EPOCH).unwrap()[0].0;
        // What a disk without room does to every connection, this limit does to one.
        let pages: i64 = store
            .connection
            .sqlite()
            .unwrap()
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        store.connection.sqlite().unwrap().pragma_update(None, "max_page_count", pages).unwrap();
        let reason = "much to say ".repeat(10_000);
        let outcome = Outcome {
            sha256: "x".to_owned(),
            study_key: "x".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            header: None,
            decoded: true,
            verdict: Verdict::Held(Held { gate: Gate::Blank, reason }),
            outside: None,
        };
        let error = store.finish(file, &outcome, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::DiskFull, "{error}");
        assert!(error.to_string().contains("make room"), "{error}");
        assert_eq!((store.queued_count().unwrap(), store.revision().unwrap()), (1, 0));
    }
}
