//! Makes the pictures that the dashboard asks for: reads, decodes, lays the heatmap over. The newest
//! request wins; while one is in work at most one more is kept.

use std::{collections::HashSet, path::Path, sync::Arc};

use crossbeam_channel::{Receiver, Sender};
use image::GrayImage;
use jiff::Timestamp;

use super::{
    actor::Actor,
    protocol::{Picture, PictureRequest, Update},
};
use crate::{
    film::{self, Film},
    guard::guarded,
    model::Heatmap,
    picture::{self, Heat},
    pipeline::{BROKE_DOWN, read},
    quality::{Gate, Held},
    store::{FilmId, FilmRow, FilmState, NewEvent, Store},
    study::AuditKind,
    supervise::checkpoint,
    text::shown,
};

/// Bytes of decoded films that are kept: a dozen of 9 megapixels.
const CACHE: usize = 112 * 1024 * 1024;

/// Makes pictures.
pub(super) struct Pictures {
    store: Store,
    /// The person to whom they are shown.
    viewer: Actor,
    updates: Sender<Update>,
    cache: FilmCache,
    /// The films that were shown.
    shown: HashSet<FilmId>,
}

impl Pictures {
    pub(super) fn new(store: Store, viewer: Actor, updates: Sender<Update>) -> Self {
        Self { store, viewer, updates, cache: FilmCache::default(), shown: HashSet::new() }
    }

    /// Answers requests until the dashboard has gone. That a film was shown goes into the audit once.
    pub(super) fn answer(&mut self, requests: &Receiver<PictureRequest>) {
        while let Ok(first) = requests.recv() {
            checkpoint("pictures");
            let request = requests.try_iter().last().unwrap_or(first);
            let made = guarded(|| make(&self.store, &request, &mut self.cache));
            let image = made.unwrap_or_else(|| Err(BROKE_DOWN.to_owned())).map(Arc::new);
            if image.is_ok() && self.shown.insert(request.film) {
                self.note_shown(request.film);
            }
            if self.updates.send(Update::Picture(Picture { request, image })).is_err() {
                return;
            }
        }
    }

    fn note_shown(&mut self, film: FilmId) {
        let name = self.viewer.name();
        let event = NewEvent { film: Some(film), actor: &name, ..NewEvent::of(AuditKind::Shown) };
        if let Err(error) = self.store.record(&event, Timestamp::now()) {
            tracing::error!(%error, "the audit misses that a film was shown");
        }
    }
}

fn make(store: &Store, request: &PictureRequest, cache: &mut FilmCache) -> Result<image::RgbImage, String> {
    let (film, row) = cache.film(store, request.film)?;
    // A prior that cannot be read is left out: the film itself matters more.
    let prior = request.prior.and_then(|prior| cache.film(store, prior).ok()).map(|(film, _)| film);
    let heatmap = match &request.heatmap {
        Some(label) => heatmap_of(store, &row, label)?,
        None => None,
    };
    let heat = heatmap.as_ref().map(|(map, label)| Heat { map, label: *label });
    let fit = (request.width.max(1), request.height.max(1));
    Ok(picture::compose(&film, heat, prior.as_deref(), &request.presentation, fit))
}

/// Decoded films at full size, so that window and zoom answer at once. The one used last stands last.
#[derive(Default)]
struct FilmCache {
    films: Vec<(FilmId, Arc<GrayImage>)>,
}

impl FilmCache {
    fn film(&mut self, store: &Store, id: FilmId) -> Result<(Arc<GrayImage>, FilmRow), String> {
        let row = store
            .film(id)
            .map_err(|error| error.to_string())?
            .ok_or("This film is no longer in the store.")?;
        let film = match self.films.iter().position(|(known, _)| *known == id) {
            Some(at) => self.films.remove(at).1,
            None => Arc::new(picture::grey(&find(store, &row)?)),
        };
        self.films.push((id, Arc::clone(&film)));
        let bytes =
            |films: &[(FilmId, Arc<GrayImage>)]| films.iter().map(|(_, film)| film.len()).sum::<usize>();
        while self.films.len() > 1 && bytes(&self.films) > CACHE {
            self.films.remove(0);
        }
        Ok((film, row))
    }
}

/// The film as it was scored, from the file that brought it, else from a copy of that: what was renamed within the inbox
/// came again, and counted as a copy.
fn find(store: &Store, row: &FilmRow) -> Result<Film, String> {
    if let FilmState::Held(Held { gate: Gate::Crash, .. }) = row.state {
        return Err("This film stopped the program three times, so it is not opened here.".to_owned());
    }
    open(&row.path, row).or_else(|why| {
        let copies = store.copies(row.id).map_err(|error| error.to_string())?;
        copies.iter().find_map(|path| open(path, row).ok()).ok_or(why)
    })
}

/// The film at a path: a file that has another content by now is another film.
fn open(path: &Path, row: &FilmRow) -> Result<Film, String> {
    let bytes = read(path).map_err(|error| unreadable(path, &error))?;
    if bytes.sha256 != row.sha256 {
        return Err(format!("{} holds another film by now.", shown(path)));
    }
    film::decode(&bytes.content).map_err(|error| error.to_string())
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("The film's file is no longer at {}; its findings stay.", shown(path))
        }
        _ => format!("{} cannot be read: {error}.", shown(path)),
    }
}

fn heatmap_of(store: &Store, row: &FilmRow, label: &str) -> Result<Option<(Heatmap, usize)>, String> {
    let Some(stored) = store.heatmap(row.id).map_err(|error| error.to_string())? else { return Ok(None) };
    let position = stored.labels.iter().position(|name| name == label);
    Ok(Heatmap::from_bytes(&stored.bytes).zip(position))
}
