//! Results that go to Orthanc as the PACS.

use serde_json::json;

use crate::{
    network::{
        send::{WATCH, config, films},
        support::Site,
    },
    support::{orthanc::Orthanc, peers::free_port},
};

/// Orthanc as the PACS.
struct Pacs(Orthanc);

impl Pacs {
    fn start(port: u16) -> Option<Self> {
        let settings =
            json!({ "Name": "PACS", "DicomAet": "PACS", "DicomPort": port, "DicomCheckCalledAet": true });
        Orthanc::start(&settings).map(Self)
    }

    /// What it has: for each object modality, description of its series, and accession number.
    fn objects(&self) -> Vec<(String, String, String)> {
        let ids = self.0.get("/instances");
        let ids = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap());
        let mut objects: Vec<_> = ids
            .map(|id| self.0.get(&format!("/instances/{id}/simplified-tags")))
            .map(|tags| {
                let tag = |name: &str| tags[name].as_str().unwrap_or_default().to_owned();
                (tag("Modality"), tag("SeriesDescription"), tag("AccessionNumber"))
            })
            .collect();
        objects.sort();
        objects
    }
}

#[test]
fn orthanc_has_report_and_picture_of_a_study_once_in_the_films_own_study() {
    let port = free_port();
    let all = "[thresholds.starter.Cardiomegaly]\nalert = 0.0001\ncritical = 0.0002";
    let site = Site::new(&config(port, &format!("what = [\"sr\", \"sc\"]\nwhen = \"urgent\"\n{all}")));
    let Some(orthanc) = Pacs::start(port) else { return };
    films(&site, 1);
    let mut program = site.start(&WATCH);
    assert_eq!(program.event("sent")["version"], 1);
    let objects = orthanc.objects();
    let kinds: Vec<&str> = objects.iter().map(|(modality, ..)| modality.as_str()).collect();
    assert_eq!(kinds, ["OT", "SR"], "{objects:?}");
    assert!(objects.iter().all(|(_, series, _)| series.contains("not for diagnosis")), "{objects:?}");
    assert_eq!(objects[0].2, objects[1].2, "one order");
    drop(program);
    let output = site.command(&["send", "1", "--to", "pacs"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(orthanc.objects().len(), 2, "sent again, it is what it has");
    assert_eq!(orthanc.0.get("/studies").as_array().unwrap().len(), 1);
}
