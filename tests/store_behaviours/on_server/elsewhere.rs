//! Results whose films this host does not get: those that another host may have are waited for, the others are given up in time.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
};

use cxr_triage::{
    config::Destinations,
    deliver,
    intake::{Arrival, Mounts},
    store::{Finished, Status, Store, StudyId, host_name},
    study::SendingState,
};

use super::support::{Bench, at, dicom, scored};
use crate::postgres;

/// A host with an inbox `er`, in which another film lies, and a store that it shares with others.
struct Site {
    bench: Bench,
    store: Store,
    folder: tempfile::TempDir,
    send: Destinations,
}

impl Site {
    fn new() -> Option<Self> {
        let bench = postgres::server().map(|_| Bench::new())?;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("er")).unwrap();
        fs::write(folder.path().join("er/another.dcm"), "another film").unwrap();
        let inbox = format!("er={}", folder.path().join("er").display());
        let mounts = Arc::new(Mounts::new([inbox.parse().unwrap()]).unwrap());
        let store = Store::open(bench.place.clone().with_mounts(mounts)).unwrap();
        let text = "[send.PACS]\nhost = \"127.0.0.1\"\nport = 9\naet = \"A\"";
        let send = cxr_triage::config::parse(text, None).unwrap().config.send;
        Some(Self { bench, store, folder, send })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A study of one film, whose file came in at a host.
    fn study(&mut self, path: &Path, host: &str) -> StudyId {
        let arrival = Arrival { path: path.to_owned(), size: 7, modified_ns: 1 };
        let file = self.store.receive(&[arrival], at(0)).unwrap()[0].0;
        let name = path.to_string_lossy();
        let film = dicom(scored(&name, [0.7, 0.1, 0.1]), &name, &name);
        let Finished::Recorded { study, .. } = self.store.finish(file, &film, at(0)).unwrap() else {
            panic!("it counted as a copy")
        };
        self.bench.raw(&format!("UPDATE files SET seen_by = '{host}' WHERE id = {file}"));
        study.id
    }

    /// Whether a study's result waits for its film, without a try.
    fn waits(&mut self, study: StudyId) -> bool {
        let sending = deliver::send_now(&mut self.store, study, "PACS", &self.send, "anna").unwrap();
        let SendingState::Failing { why, .. } = sending.state else { panic!("{sending:?}") };
        let waits = why.contains("waits for a host that has the film");
        let attempts = self.store.waiting_send(study, "PACS").unwrap().unwrap().attempts;
        assert_eq!(attempts, u32::from(!waits), "{why}");
        waits
    }
}

#[test]
fn a_result_waits_where_the_share_of_its_film_fails_on_this_host() {
    let Some(mut site) = Site::new() else { return };
    for host in ["elsewhere".to_owned(), host_name()] {
        let (failing, gone) = (site.path(&format!("er/1-{host}")), site.path(&format!("er/2-{host}")));
        // A file whose reading ends with an error of the disk.
        symlink("/proc/self/mem", &failing).unwrap();
        let (failing, gone) = (site.study(&failing, &host), site.study(&gone, &host));
        assert!(site.waits(failing), "whoever took it in");
        assert!(!site.waits(gone), "the inbox is there, and the film is not in it");
    }
}

#[test]
fn a_result_waits_where_another_file_lies_at_the_place_of_one_in_no_named_inbox() {
    let Some(mut site) = Site::new() else { return };
    for (name, host, waits) in [
        ("a.dcm", "elsewhere".to_owned(), true),
        // What this host took in itself has changed, and what lies in a named inbox is the same file for all.
        ("b.dcm", host_name(), false),
        ("er/c.dcm", "elsewhere".to_owned(), false),
    ] {
        let path = site.path(name);
        fs::write(&path, "another film").unwrap();
        let study = site.study(&path, &host);
        assert_eq!(site.waits(study), waits, "{name} that {host} took in");
    }
}

#[test]
fn a_film_that_the_retention_deleted_is_not_waited_for() {
    let Some(mut site) = Site::new() else { return };
    let path = site.path("a.dcm");
    fs::write(&path, "a film").unwrap();
    let study = site.study(&path, "elsewhere");
    site.store.set_status(study, Status::Done, "anna", at(1)).unwrap();
    let films = site.store.done_films(at(5), 9, |_| true).unwrap();
    assert_eq!(films.len(), 1);
    fs::remove_file(&path).unwrap();
    assert!(site.waits(study));
    site.store.note_deleted(&films, "by age", at(6)).unwrap();
    assert!(!site.waits(study));
    // Nor on a host that has not even its inbox.
    let path = site.path("er/b.dcm");
    let study = site.study(&path, "elsewhere");
    site.store = Store::open(&site.bench.place).unwrap();
    assert!(site.waits(study));
    site.bench.raw("UPDATE files SET removed_at = 0");
    assert!(!site.waits(study));
}

#[test]
fn a_result_for_a_destination_that_this_host_does_not_name_is_tried_like_one_that_cannot_be_reached() {
    let Some(mut site) = Site::new() else { return };
    let study = site.study(&site.path("a.dcm"), "elsewhere");
    let named = std::mem::take(&mut site.send);
    assert!(!site.waits(study), "it is counted, and given up in time");
    // Another host names it, and lacks its film.
    site.send = named;
    assert!(site.waits(study));
}
