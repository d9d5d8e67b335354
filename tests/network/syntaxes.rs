//! Every transfer syntax of the test films, by two peers.

use std::{
    collections::BTreeSet,
    fs,
    io::{Seek, SeekFrom},
    path::PathBuf,
};

use cxr_triage::dicom::receive::TRANSFER_SYNTAXES;

use crate::{
    network::support::{Site, answers, data_set, has_dcmtk, peer, sender, storescp, variants},
    support::peers::{Peer, free_port, python},
};

#[test]
fn the_syntaxes_that_are_taken_are_those_of_films_that_can_be_read() {
    let mut readable = BTreeSet::new();
    for film in variants() {
        let meta =
            dicom_object::FileMetaTable::from_reader(fs::File::open(&film).map(past_preamble).unwrap());
        let syntax = meta.unwrap().transfer_syntax().to_owned();
        if cxr_film::decode(&fs::read(&film).unwrap()).is_ok() {
            readable.insert(syntax);
        }
    }
    let taken: BTreeSet<String> = TRANSFER_SYNTAXES.map(str::to_owned).into();
    assert_eq!(taken, readable);
}

fn past_preamble(mut file: fs::File) -> fs::File {
    file.seek(SeekFrom::Start(128)).unwrap();
    file
}

/// The syntax of a variant stands in its name.
fn is_jpeg_extended(path: &std::path::Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with("jpeg-51")
}

#[test]
fn pynetdicom_sends_every_syntax_and_each_film_arrives_byte_for_byte() {
    let Some(python) = python("pynetdicom") else { return };
    let site = Site::new("");
    let mut receiver = site.receive();
    let films = variants();
    // An association has at most 128 contexts: enough for all pairs of class and syntax.
    let output = sender(&python, receiver.port, &films).output().unwrap();
    let answers = answers(&output.stdout);
    assert_eq!(answers.len(), films.len());
    let received: Vec<Vec<u8>> = site.received().into_values().collect();
    let (mut taken, mut refused) = (0, 0);
    for (film, status) in &answers {
        let is_there = received.contains(&data_set(film));
        assert_eq!(status.is_some(), !is_jpeg_extended(film), "{}: {status:?}", film.display());
        assert_eq!(is_there, *status == Some(0), "{}: {status:?}", film.display());
        taken += usize::from(*status == Some(0));
        refused += usize::from(status.is_none());
    }
    assert!(taken > 200 && refused > 0, "{taken} taken, {refused} refused");
    let ended = receiver.event("association");
    assert_eq!((ended["sender"].as_str(), ended["films"].as_u64()), (Some("PEER"), Some(taken as u64)));
    assert_eq!(
        (ended["released"].as_bool(), ended["films_today"].as_u64()),
        (Some(true), Some(taken as u64))
    );
}

/// dcmtk's own receiver, which keeps the bytes as they came.
struct Storescp {
    _process: Peer,
    folder: tempfile::TempDir,
    port: u16,
}

impl Storescp {
    fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let process = storescp(folder.path(), port, &["+B", "+uf", "+xa", "-aet", "CXRTRIAGE"]);
        Self { _process: process, folder, port }
    }

    fn received(&self) -> Vec<Vec<u8>> {
        let mut films: Vec<Vec<u8>> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| data_set(&entry.unwrap().path())).collect();
        films.sort();
        films
    }
}

#[test]
fn what_dcmtk_sends_arrives_as_dcmtks_own_receiver_gets_it() {
    if !has_dcmtk() {
        return;
    }
    let site = Site::new("");
    let (receiver, storescp) = (site.receive(), Storescp::start());
    // The option that proposes a syntax, and the names of the variants that are in it.
    for (option, names) in [
        ("-xi", "implicit-"),
        ("-xe", "explicit-"),
        ("-xb", "big-endian-"),
        ("-xd", "deflated-"),
        ("-xy", "jpeg-50-"),
        ("-xs", "jpeg-70-"),
        ("-xt", "jpeg-ls-80-"),
        ("-xu", "jpeg-ls-81-"),
        ("-xv", "jpeg2000-90-"),
        ("-xw", "jpeg2000-91-"),
        ("-xr", "rle-"),
    ] {
        let is_it = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(names);
        let films: Vec<PathBuf> = variants().into_iter().filter(is_it).take(4).collect();
        assert!(!films.is_empty(), "no film is called {names}");
        for port in [receiver.port, storescp.port] {
            let port = port.to_string();
            let mut arguments = vec![option, "-R", "-aec", "CXRTRIAGE", "127.0.0.1", &port];
            arguments.extend(films.iter().map(|film| film.to_str().unwrap()));
            let sent = peer("storescu", &arguments);
            assert!(sent.status.success(), "{option} {port}: {}", String::from_utf8_lossy(&sent.stderr));
        }
    }
    let mut ours: Vec<Vec<u8>> = site.received().into_values().collect();
    ours.sort();
    let mut theirs = storescp.received();
    // What has the same bytes has one name here; storescp names films by their numbers.
    theirs.dedup();
    assert_eq!(ours.len(), theirs.len());
    assert!(ours == theirs, "the data sets differ");
}

#[test]
fn an_echo_is_answered_and_a_wrong_title_is_refused_with_its_reason() {
    if !has_dcmtk() {
        return;
    }
    let site = Site::new("[receive.peers]\nECHOSCU = \"127.0.0.1\"\n");
    let mut receiver = site.receive();
    let port = receiver.port.to_string();
    assert!(peer("echoscu", &["-aec", "CXRTRIAGE", "127.0.0.1", &port]).status.success());
    assert_eq!(receiver.event("echo")["sender"], "ECHOSCU");
    let refused = peer("echoscu", &["-aet", "CT-2", "-aec", "CXRTRIAGE", "127.0.0.1", &port]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Calling AE Title Not Recognized"));
    assert_eq!(receiver.event("refused")["reason"], "CT-2 is not on the list: add it to [receive.peers]");
    // Who is added to the file is let in while it runs.
    fs::write(site.path("cxr-triage.toml"), "[receive.peers]\nCT-2 = \"any\"\n").unwrap();
    let mut tries = 0;
    while !peer("echoscu", &["-aet", "CT-2", "-aec", "CXRTRIAGE", "127.0.0.1", &port]).status.success() {
        tries += 1;
        assert!(tries < 500, "CT-2 is never let in");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_film_by_c_store_is_scored_as_from_its_file() {
    let films = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/films/dicom");
    if !films.is_dir() {
        println!("skipped: ../shared/films is not here");
        return;
    }
    let Some(python) = python("pynetdicom") else { return };
    let film = films.join("siim-cr-pa-jpeg-baseline.dcm");
    // It is a secondary capture, which a site has to ask for.
    let site = Site::new("[receive]\nclasses = [\"cr\", \"dx\", \"sc\"]\n");
    let scanned = site.command(&["scan", film.to_str().unwrap(), "--json"]).output().unwrap();
    let scanned: serde_json::Value = serde_json::from_slice(&scanned.stdout).unwrap();
    let mut watch =
        site.start(&["watch", "inbox", "--headless", "--receive", "0", "--store", "data/store.db"]);
    let output = sender(&python, watch.port, std::slice::from_ref(&film)).output().unwrap();
    assert_eq!(answers(&output.stdout)[&film], Some(0));
    let scored = watch.event("scored");
    assert_eq!(scored["severity"], scanned["severity"]);
    assert_eq!(scored["score"], scanned["score"]);
    // Sent again, it counts once, and the sender is told of success.
    let output = sender(&python, watch.port, std::slice::from_ref(&film)).output().unwrap();
    assert_eq!(answers(&output.stdout)[&film], Some(0));
    assert_eq!(watch.event("stored")["again"], true);
    // The audit says who brought it.
    assert_eq!(watch.event("association")["released"], true);
}
