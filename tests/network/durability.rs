//! What a sender was told to be stored is there, whatever happens.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    network::support::{Site, answers, data_set, peer, sender, variants},
    support::peers::python,
};

#[test]
fn killed_in_the_middle_again_and_again_each_film_that_was_told_stored_is_there_and_none_half() {
    let Some(python) = python("pynetdicom") else { return };
    let site = Site::new("");
    let films: Vec<PathBuf> = variants().into_iter().filter(|film| !is_refused(film)).take(60).collect();
    let mut told: Vec<PathBuf> = Vec::new();
    // Killed after 1, 2, 4, 8 ... films that it has answered, with the next one on its way.
    for round in 0..6 {
        let receiver = site.receive();
        let mut child = sender(&python, receiver.port, &films).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut receiver = Some(receiver);
        for (number, line) in lines.enumerate() {
            if let Some((film, Some(0))) = answers(line.unwrap().as_bytes()).into_iter().next() {
                told.push(film);
            }
            if number + 1 == 1 << round
                && let Some(receiver) = receiver.take()
            {
                receiver.program.kill();
            }
        }
        child.wait().unwrap();
    }
    assert!(told.len() >= 6, "{} were told stored", told.len());
    // The next start removes what was half.
    drop(site.receive());
    assert_eq!(site.unfinished(), 0);
    let whole: Vec<Vec<u8>> = films.iter().map(|film| data_set(film)).collect();
    let received = site.received();
    for film in &told {
        assert!(received.values().any(|data| *data == data_set(film)), "{} is lost", film.display());
    }
    for (file, data) in &received {
        assert!(whole.contains(data), "{} is no film that was sent", file.display());
    }
}

fn is_refused(film: &Path) -> bool {
    film.file_name().unwrap().to_str().unwrap().starts_with("jpeg-51")
}

/// A small file system of its own, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(&at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: this user may not mount a small disk");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = peer("umount", &[&self.0]);
    }
}

#[test]
fn a_full_disk_refuses_films_until_there_is_room_again() {
    let Some(python) = python("pynetdicom") else { return };
    let site = Site::new("[health]\nmin_free = \"1 MB\"\n");
    let Some(_disk) = Disk::mount(site.path("inbox")) else { return };
    let mut receiver = site.receive();
    let films: Vec<PathBuf> = variants().into_iter().take(2).collect();
    let ballast = site.path("inbox/ballast.part");
    fs::write(&ballast, vec![0; 2_500_000]).unwrap();
    let refused = sender(&python, receiver.port, &films).output().unwrap();
    assert!(answers(&refused.stdout).values().all(|status| *status == Some(0xA700)));
    let reason = receiver.event("refused")["reason"].clone();
    assert!(reason.as_str().unwrap().contains("a film was not taken (A700H)"), "{reason}");
    assert_eq!(site.unfinished(), 0);
    fs::remove_file(&ballast).unwrap();
    let taken = sender(&python, receiver.port, &films).output().unwrap();
    assert!(answers(&taken.stdout).values().all(|status| *status == Some(0)));
    assert_eq!(site.received().len(), 2);
}
