//! An inbox that is a disk of its own, which goes while the receiver runs: in a mount namespace of its own, for which the
//! test runs itself once more. Where there can be none, that is said, and the test is skipped.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use super::sender::{Bench, CR, store_command, values};
use crate::dicom::{receive::PASSING_FOLDER, wire::code};

/// Names the inbox, within the namespace.
const INBOX: &str = "CXR_TRIAGE_TEST_MOUNTED";
const MOUNT: &str = "mount -t tmpfs cxr-test \"$0\" && exec \"$@\"";

#[test]
fn an_inbox_whose_disk_is_no_longer_mounted_takes_no_film() {
    if let Some(inbox) = env::var_os(INBOX) {
        return within(&PathBuf::from(inbox));
    }
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let unshare = |namespaces: &str, command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args([namespaces, "sh", "-c", MOUNT]).arg(&inbox).args(command).env(INBOX, &inbox);
        unshare.output().ok().filter(|output| output.status.success())
    };
    // As root, and as anybody where users may have namespaces.
    let Some(namespaces) = ["-m", "-rm"].into_iter().find(|it| unshare(it, &["true"]).is_some()) else {
        println!("skipped: nothing can be mounted here");
        return;
    };
    let this = env::current_exe().unwrap();
    let name = concat!(module_path!(), "::an_inbox_whose_disk_is_no_longer_mounted_takes_no_film");
    let (_, name) = name.split_once("::").unwrap();
    let output = unshare(namespaces, &[this.to_str().unwrap(), "--exact", name, "--nocapture"]);
    let output = output.expect("it goes well there");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
    assert_eq!(fs::read_dir(&inbox).unwrap().count(), 0, "nothing lies beneath");
}

fn within(inbox: &Path) {
    let bench = Bench::new(|options| options.inbox = inbox.to_owned());
    let mut sender = bench.associate();
    assert_eq!(sender.store("1.2.3", &[1; 900]), code::SUCCESS);
    let mut begun = bench.associate();
    begun.send(&values(1, &store_command(CR, "1.2.4"), true, usize::MAX));
    let film = values(1, &[2; 9_000], false, 1_000);
    let (half, rest) = film.split_at(5 * 1_012);
    begun.send(half);
    let passing = inbox.join(PASSING_FOLDER);
    while fs::read_dir(&passing).unwrap().count() == 0 {
        thread::yield_now();
    }
    assert!(Command::new("umount").arg("-l").arg(inbox).status().unwrap().success());
    begun.send(rest);
    assert_eq!(begun.status(), Some(code::OUT_OF_RESOURCES), "begun before");
    assert_eq!(sender.store("1.2.5", &[3; 900]), code::OUT_OF_RESOURCES, "begun afterwards");
    assert_eq!(fs::read_dir(inbox).unwrap().count(), 0, "nothing lies beneath");
}
