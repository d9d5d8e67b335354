//! Makes the pictures that the dashboard asks for: reads, decodes, lays the heatmap over. The newest
//! request wins; while one is in work at most one more is kept.

use std::{collections::HashSet, path::Path, sync::Arc};

use crossbeam_channel::{Receiver, Sender};
use jiff::Timestamp;

use super::{examine::read, follow::Actor, shown};
use crate::{
    dashboard::{Picture, PictureRequest, Update},
    film::{self, Film},
    model::Heatmap,
    picture,
    store::{FilmId, FilmRow, NewEvent, Store},
};

/// Answers requests until the dashboard has gone. That a film was shown to `viewer` goes into the audit once.
pub(super) fn answer(
    mut store: Store,
    viewer: &Actor,
    requests: &Receiver<PictureRequest>,
    updates: &Sender<Update>,
) {
    let mut last: Option<(FilmId, Arc<Film>)> = None;
    let mut shown = HashSet::new();
    while let Ok(first) = requests.recv() {
        let request = requests.try_iter().last().unwrap_or(first);
        let image = make(&store, &request, &mut last).map(Arc::new);
        if image.is_ok() && shown.insert(request.film) {
            let name = viewer.name();
            let event =
                NewEvent { kind: "shown", film: Some(request.film), actor: &name, ..NewEvent::default() };
            if let Err(error) = store.record(&event, Timestamp::now()) {
                tracing::error!(%error, "the audit misses that a film was shown");
            }
        }
        if updates.send(Update::Picture(Picture { request, image })).is_err() {
            return;
        }
    }
}

fn make(
    store: &Store,
    request: &PictureRequest,
    last: &mut Option<(FilmId, Arc<Film>)>,
) -> Result<image::RgbImage, String> {
    let row = store
        .film(request.film)
        .map_err(|error| error.to_string())?
        .ok_or("This film is no longer in the store.")?;
    let film = match last {
        Some((id, film)) if *id == request.film => Arc::clone(film),
        _ => Arc::new(open(&row)?),
    };
    *last = Some((request.film, Arc::clone(&film)));
    let heatmap = match &request.heatmap {
        Some(label) => heatmap_of(store, &row, label)?,
        None => None,
    };
    let fit = (request.width.max(1), request.height.max(1));
    Ok(picture::render(&film, heatmap.as_ref().map(|(heatmap, label)| (heatmap, *label)), fit))
}

/// The film as it was scored: a file that has another content by now is another film.
fn open(row: &FilmRow) -> Result<Film, String> {
    let bytes = read(&row.path).map_err(|error| unreadable(&row.path, &error))?;
    if bytes.sha256 != row.sha256 {
        return Err(format!("{} holds another film by now.", shown(&row.path)));
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
