//! Files and copies, exactly once: what is about to be written where is noted down first, so that
//! after a crash in between it can be seen how far it came.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Policy, attempt::Failure, film_file::film_bytes, places};
use crate::{
    files,
    hash::sha256,
    private_file,
    store::{Delivery, FilmRow, Store, StoreError},
};

/// What a file is called in messages, which go into the log: a plugin that may know who the patient is may name a file
/// after her.
const ITS_FILE: &str = "its file";

/// The content of a delivery that writes.
#[derive(Debug, Deserialize)]
struct Content {
    text: String,
    header: String,
    replace: bool,
}

/// Where an addition begins, and whether the header goes before it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Addition {
    offset: u64,
    header: bool,
}

/// The copies whose every byte is on the disk under their passing name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Copies {
    prepared: Vec<String>,
}

/// Writes, or adds to, a file in the exports folder.
pub(super) fn write(store: &mut Store, delivery: &Delivery, policy: &Policy) -> Result<Json, String> {
    let exports = policy.exports.as_ref().ok_or("the configuration names no `exports` folder")?;
    let content: Content = serde_json::from_str(&delivery.content).map_err(|error| error.to_string())?;
    fs::create_dir_all(exports).map_err(|error| in_words("the exports folder", &error))?;
    let place = places::below(exports, &delivery.target).map_err(|error| in_words(ITS_FILE, &error))?;
    let text = if content.replace {
        let text = content.header + &content.text;
        replace(&place, &delivery.key, &text).map_err(|error| in_words(ITS_FILE, &error))?;
        text
    } else {
        add(store, delivery, &place, &content)?
    };
    Ok(json!({ "bytes": text.len(), "sha256": sha256(&text) }))
}

/// A file appears under its name only when it is whole.
fn replace(place: &Path, key: &str, text: &str) -> io::Result<()> {
    let passing = place.with_file_name(format!(".{key}.part"));
    let mut file = plain_file(private_file::options().create(true).write(true).truncate(true), &passing)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&passing, place)
}

/// Adds text at the end of a file, once.
fn add(store: &mut Store, delivery: &Delivery, place: &Path, content: &Content) -> Result<String, String> {
    let failed = |error: io::Error| in_words(ITS_FILE, &error);
    let mut file =
        plain_file(private_file::options().read(true).write(true).create(true).truncate(false), place)
            .map_err(failed)?;
    let whole = |plan: Addition| {
        if plan.header { format!("{}{}", content.header, content.text) } else { content.text.clone() }
    };
    if let Ok(plan) = serde_json::from_str::<Addition>(&delivery.plan) {
        let text = whole(plan);
        if let Some(done) = tail(&mut file, plan.offset, text.len()).map_err(failed)? {
            // Ours, whole or in part; anything else was put there by somebody else, or the file is new.
            if text.as_bytes().starts_with(&done) && (done.len() == text.len() || is_end(&file, plan, &done))
            {
                file.write_all(&text.as_bytes()[done.len()..])
                    .and_then(|()| file.sync_all())
                    .map_err(failed)?;
                return Ok(text);
            }
        }
    }
    let offset = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let plan = Addition { offset, header: offset == 0 };
    store
        .plan_delivery(delivery.id, &json!(plan).to_string())
        .map_err(|error: StoreError| error.to_string())?;
    let text = whole(plan);
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        // Half a line is taken out again, and forgotten: at the next try another text may stand there.
        if file.set_len(offset).is_ok() {
            let _ = store.plan_delivery(delivery.id, "");
        }
        return Err(failed(error));
    }
    Ok(text)
}

/// Reads what stands from `offset` on, at most `length` bytes; none if the file is shorter than that. The
/// file's position is behind it afterwards.
fn tail(file: &mut File, offset: u64, length: usize) -> io::Result<Option<Vec<u8>>> {
    if file.metadata()?.len() < offset {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(length).unwrap_or(u64::MAX);
    Read::by_ref(file).take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn is_end(file: &File, plan: Addition, done: &[u8]) -> bool {
    let end = plan.offset + u64::try_from(done.len()).unwrap_or_default();
    file.metadata().is_ok_and(|metadata| metadata.len() == end)
}

/// Copies a study's films into a folder: each appears under its name, which is its own hash, only when
/// it is whole, and once, even if whoever reads the folder takes it away at once.
pub(super) fn copy(store: &mut Store, delivery: &Delivery, policy: &Policy) -> Result<Json, Failure> {
    let folder = policy
        .copy_to
        .get(&delivery.target)
        .ok_or_else(|| format!("the configuration no longer names the folder `{}`", delivery.target))?;
    let study = delivery.study.ok_or("there is no study to copy")?;
    let detail = store.detail(study)?;
    let films = detail.map(|detail| detail.films).unwrap_or_default();
    let folder = fs::canonicalize(folder).map_err(|error| in_words(&delivery.target, &error))?;
    let mut plan: Copies = serde_json::from_str(&delivery.plan).unwrap_or_default();
    let mut names = Vec::new();
    // A file that did not decode is no film: whoever is to get copies wants none of it.
    for film in films.iter().filter(|film| film.decoded && film.sha256.len() >= 16) {
        let name = name_of(film);
        let (passing, place) = (folder.join(format!(".{name}.{}.part", delivery.key)), folder.join(&name));
        if !plan.prepared.contains(&name) {
            prepare(store, film, &passing)?;
            plan.prepared.push(name.clone());
            store.plan_delivery(delivery.id, &json!(plan).to_string())?;
        }
        match fs::rename(&passing, &place) {
            Ok(()) => {}
            // Prepared, and no longer there: a run before this one gave it its name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(in_words(&delivery.target, &error).into()),
        }
        names.push(name);
    }
    Ok(json!({ "films": names }))
}

/// Puts the film's bytes under a passing name.
fn prepare(store: &Store, film: &FilmRow, passing: &Path) -> Result<(), Failure> {
    let content = film_bytes(store, film)?;
    let write = || {
        let mut target =
            plain_file(private_file::options().create(true).write(true).truncate(true), passing)?;
        target.write_all(&content)?;
        target.sync_all()
    };
    write().map_err(|error| in_words("the folder for copies", &error).into())
}

/// Opens a file to write to that its owner alone can read, without waiting, and no link or pipe in its place.
fn plain_file(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(files::unwaiting() | files::unlinked()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"))
    }
}

/// No patient's name in it, whatever the sender called the file.
fn name_of(film: &FilmRow) -> String {
    let extension = match film.header.format.as_str() {
        "DICOM" | "" => "dcm".to_owned(),
        format => format.to_lowercase(),
    };
    format!("{}.{extension}", &film.sha256[..16])
}

fn in_words(what: &str, error: &io::Error) -> String {
    format!("{what}: {error}")
}
