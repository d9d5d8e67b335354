//! Results that go out: to dcmtk, and to a PACS of pynetdicom that refuses, is slow, dies and recovers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use cxr_triage::phantom::{Phantom, View};
use serde_json::Value;

use crate::{
    network::{
        support::{Site, has_dcmtk, storescp},
        tls::certificates,
    },
    support::peers::{Peer, free_port, python},
};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(180);

pub(crate) fn config(port: u16, more: &str) -> String {
    format!(
        "[triage]\nquiet_period = \"1s\"\n[send.pacs]\nhost = \"127.0.0.1\"\nport = {port}\naet = \"PACS\"\n{more}\n"
    )
}

/// Puts films of that many patients into the inbox.
pub(crate) fn films(site: &Site, count: usize) -> Vec<PathBuf> {
    let taken = jiff::civil::date(2026, 11, 29).at(8, 0, 0, 0);
    let phantoms = (0..).map(|place| Phantom::nth(7, place)).filter(|phantom| phantom.view == View::Frontal);
    let films = phantoms.take(count).enumerate().map(|(number, phantom)| {
        let path = site.path(&format!("inbox/{number}.dcm"));
        fs::write(&path, phantom.dicom(512, taken)).unwrap();
        path
    });
    films.collect()
}

/// The PACS in `pacs.py`; killed when dropped.
struct Pacs {
    _process: Peer,
    folder: PathBuf,
}

impl Pacs {
    fn start(python: &str, site: &Site, port: u16, mode: &str) -> Self {
        let folder = site.path("pacs");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("mode"), mode).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network/pacs.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(port.to_string())
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Self { _process: child.into(), folder }
    }

    fn mode(&self, mode: &str) {
        let passing = self.folder.join("passing");
        fs::write(&passing, mode).unwrap();
        fs::rename(passing, self.folder.join("mode")).unwrap();
    }

    fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The objects that it has taken.
    fn taken(&self) -> Vec<Value> {
        let is_taken = |line: &Value| line["status"] == 0 || line["status"] == 0xB000;
        self.log().into_iter().filter(is_taken).collect()
    }

    /// Waits until its log is as wanted.
    fn until(&self, is_it: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_it(self) {
            assert!(began.elapsed() < LONG, "it did not come: {:?}", self.log());
            thread::sleep(Duration::from_millis(100));
        }
    }
}

pub(crate) const WATCH: [&str; 5] = ["watch", "inbox", "--headless", "--receive", "0"];

#[test]
fn a_pacs_that_is_dead_refuses_is_slow_and_recovers_gets_each_result_once() {
    let Some(python) = python("pynetdicom") else { return };
    let port = free_port();
    let site = Site::new(&config(port, "when = \"all\""));
    let count = films(&site, 4).len();
    let mut program = site.start(&WATCH);
    let fails = |why: &'static str| {
        move |event: &Value| {
            event["event"] == "unsent" && event["reason"].as_str().is_some_and(|it| it.contains(why))
        }
    };
    let event = program.until(fails("no connection"));
    assert!(event["next_try"].is_string() && event["destination"] == "pacs", "{event}");
    let pacs = Pacs::start(&python, &site, port, "refuse");
    let refused = program.until(fails("A700 out of resources"));
    // Its own words name the patient, and so must not reach audit, log and the events without names.
    assert!(refused["reason"].as_str().unwrap().ends_with("(full: ***^*** ***-***)"), "{refused}");
    pacs.mode("reject");
    program.until(fails("it does not know CXRTRIAGE"));
    pacs.mode("drop");
    program.until(fails("after we had sent an object"));
    // Killed while the PACS takes its time over an object.
    pacs.mode("slow");
    let is_slow = |pacs: &Pacs| pacs.log().iter().filter(|line| line["status"].is_null()).count() > 1;
    pacs.until(|pacs| is_slow(pacs) && !pacs.taken().is_empty());
    program.program.kill();
    pacs.mode("take");
    let _program = site.start(&WATCH);
    let studies = |pacs: &Pacs| {
        pacs.taken().iter().map(|line| line["study"].to_string()).collect::<BTreeSet<_>>().len()
    };
    pacs.until(|pacs| studies(pacs) == count);
    // Nothing comes after it.
    thread::sleep(Duration::from_secs(3));
    let mut objects: BTreeMap<String, usize> = BTreeMap::new();
    pacs.taken().iter().for_each(|line| *objects.entry(line["instance"].to_string()).or_default() += 1);
    assert_eq!(objects.len(), count, "each result once: {:?}", pacs.taken());
    // What it had taken when we were killed may have come again, under its own number.
    assert!(objects.values().sum::<usize>() <= count + 1, "{objects:?}");
}

#[test]
fn a_result_that_changes_is_sent_as_a_new_version_of_the_one_before() {
    let Some(python) = python("pynetdicom") else { return };
    let port = free_port();
    let site = Site::new(&config(port, "when = \"all\""));
    let pacs = Pacs::start(&python, &site, port, "warn");
    films(&site, 1);
    let mut program = site.start(&WATCH);
    let top = program.event("scored")["top"].as_str().unwrap().to_owned();
    let first = program.event("sent");
    assert_eq!((&first["version"], &first["destination"]), (&1.into(), &"pacs".into()));
    assert!(first["remark"].as_str().unwrap().contains("B000 stored"), "{first}");
    pacs.mode("take");
    let thresholds = format!("[thresholds.starter.\"{top}\"]\nalert = 0.0001\ncritical = 0.0002\n");
    let passing = site.path("passing");
    fs::write(&passing, format!("{}{thresholds}", config(port, "when = \"critical\""))).unwrap();
    fs::rename(passing, site.path("cxr-triage.toml")).unwrap();
    assert_eq!(program.event("sent")["version"], 2);
    let taken = pacs.taken();
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert_eq!(taken[1]["predecessors"], serde_json::json!([taken[0]["instance"]]));
    assert_ne!(taken[0]["instance"], taken[1]["instance"]);
}

#[test]
fn a_class_that_the_pacs_does_not_take_is_named_and_the_other_one_arrives() {
    let Some(python) = python("pynetdicom") else { return };
    let port = free_port();
    let top = "[thresholds.starter.Cardiomegaly]\nalert = 0.0001\ncritical = 0.0002";
    let site = Site::new(&config(port, &format!("when = \"urgent\"\nwhat = [\"sr\", \"sc\"]\n{top}")));
    let pacs = Pacs::start(&python, &site, port, "no-reports");
    films(&site, 1);
    let mut program = site.start(&WATCH);
    let reason = program.event("unsent")["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("it takes no structured reports"), "{reason}");
    assert_eq!(pacs.taken().len(), 1, "the picture");
    pacs.mode("take");
    program.event("sent");
    let classes: Vec<_> = pacs.taken().iter().map(|line| line["class"].clone()).collect();
    assert_eq!(classes, ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.88.34"], "each once");
}

/// dcmtk's receiver, in a folder of the site's.
fn store_scp(site: &Site, port: u16, options: &[&str]) -> Peer {
    let folder = site.path("scp");
    fs::create_dir_all(&folder).unwrap();
    storescp(&folder, port, options)
}

#[test]
fn a_person_tries_a_destination_and_sends_a_study_by_hand() {
    let port = free_port();
    let site = Site::new(&config(port, ""));
    if !has_dcmtk() {
        return;
    }
    let film = films(&site, 1).remove(0);
    let run = |arguments: &[&str]| {
        let output = site.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let scored = run(&["watch", "inbox", "--headless", "--once"]);
    assert_eq!(scored.0, Some(0), "{}", scored.1);
    let (code, said) = run(&["echo", "pacs"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("no connection to 127.0.0.1"), "{said}");
    let (code, said) = run(&["send", "1", "--to", "pacs"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("1: pacs: failed: no connection") && said.contains("next try"), "{said}");
    assert_eq!(run(&["send", "1", "--to", "nobody"]).0, Some(2));
    let _scp = store_scp(&site, port, &[]);
    let (code, said) = run(&["echo", "pacs"]);
    assert!(
        code == Some(0) && said.contains("pacs, PACS at 127.0.0.1") && said.contains("OFFIS_DCMTK"),
        "{said}"
    );
    // By number and by file, twice: the same object.
    for study in ["1", film.to_str().unwrap()] {
        let (code, said) = run(&["send", study, "--to", "pacs"]);
        assert!(code == Some(0) && said.contains(": pacs: sent "), "{said}");
    }
    let objects: Vec<_> =
        fs::read_dir(site.path("scp")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(objects.len(), 1, "{objects:?}");
    let dump = Command::new("dsrdump").arg(&objects[0]).output().unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(dump.contains("Imaging Measurement Report"), "{dump}");
    let (code, said) = run(&["send", "77", "--to", "pacs"]);
    assert!(code == Some(1) && said.contains("there is no study `77`"), "{said}");
}

#[test]
fn a_result_goes_by_tls_to_one_who_proves_who_it_is() {
    let port = free_port();
    let site = Site::new("");
    if !has_dcmtk() || !certificates(&site) {
        return;
    }
    let path = |name: &str| site.path(name).to_str().unwrap().to_owned();
    let (key, certificate, root) = (path("receiver.key"), path("receiver.pem"), path("root.pem"));
    let _scp = store_scp(&site, port, &["+tls", &key, &certificate, "+cf", &root]);
    let own = "tls_certificate = \"sender.pem\"\ntls_key = \"sender.key\"";
    for (more, says) in [
        ("", "after we had asked for an association"),
        ("tls = true\ntls_roots = \"root.pem\"", "TLS"),
        (&format!("tls = true\ntls_roots = \"sender.pem\"\n{own}"), "TLS: invalid peer certificate"),
        (&format!("tls = true\ntls_roots = \"root.pem\"\ntls_name = \"other.example\"\n{own}"), "TLS"),
        (&format!("tls = true\ntls_roots = \"root.pem\"\n{own}"), "answers"),
    ] {
        fs::write(site.path("cxr-triage.toml"), config(port, more)).unwrap();
        let output = site.command(&["echo", "pacs"]).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(said.contains(says), "{more}: {said}");
        assert_eq!(output.status.success(), says == "answers", "{more}: {said}");
    }
}
