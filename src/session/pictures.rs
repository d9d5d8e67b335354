//! Makes the pictures that the dashboard asks for: reads, decodes, lays the heatmap over. The newest
//! request wins, of films and of sheets of small pictures each; while one is in work at most one more of each is kept.

use std::{collections::HashSet, error::Error, path::Path, sync::Arc};

use crossbeam_channel::{Receiver, Sender};
use image::GrayImage;
use jiff::Timestamp;

use super::{
    actor::Actor,
    protocol::{Picture, PictureError, PictureRequest, Update},
};
use crate::{
    guard::guarded,
    intake::unmounted,
    model::Heatmap,
    picture::{self, Heat},
    pipeline::{BROKE_DOWN, read},
    quality::{Gate, Held},
    store::{FilmId, FilmRow, FilmState, NewEvent, Store},
    study::AuditKind,
    supervise::checkpoint,
    text::{shown, unnamed},
};
use cxr_film::Film;

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
            let asked: Vec<PictureRequest> = std::iter::once(first).chain(requests.try_iter()).collect();
            let (sheets, films): (Vec<_>, Vec<_>) = asked.into_iter().partition(PictureRequest::is_sheet);
            for request in [films, sheets].into_iter().filter_map(|mut asked| asked.pop()) {
                if !self.answer_one(request) {
                    return;
                }
            }
        }
    }

    /// Makes a picture; returns whether anybody was there to take it.
    fn answer_one(&mut self, request: PictureRequest) -> bool {
        let made = guarded(|| {
            checkpoint("picture");
            make(&self.store, &request, &mut self.cache)
        });
        let made = made.unwrap_or_else(|| Err(PictureError(BROKE_DOWN.to_owned())));
        let image = made.map(|(image, films)| {
            for film in films {
                if self.shown.insert(film) {
                    self.note_shown(film);
                }
            }
            Arc::new(image)
        });
        let image = image.map_err(|error| self.without_path(request.film, error));
        self.updates.send(Update::Picture(Picture { request, image })).is_ok()
    }

    /// The error without the film's path, for whom names are hidden from: its hash stands in its place.
    fn without_path(&self, film: FilmId, PictureError(text): PictureError) -> PictureError {
        let named = if self.viewer.sees_names() { None } else { self.store.film(film).ok().flatten() };
        PictureError(match named {
            Some(row) => text.replace(&shown(&row.path), &unnamed(&row.path)),
            None => text,
        })
    }

    fn note_shown(&mut self, film: FilmId) {
        let name = self.viewer.name();
        let event = NewEvent { film: Some(film), actor: &name, ..NewEvent::of(AuditKind::Shown) };
        if let Err(error) = self.store.record(&event, Timestamp::now()) {
            tracing::error!(%error, "the audit misses that a film was shown");
        }
    }
}

/// The picture, and the films that are on it.
fn make(
    store: &Store,
    request: &PictureRequest,
    cache: &mut FilmCache,
) -> Result<(image::RgbImage, Vec<FilmId>), PictureError> {
    let fit = (request.width.max(1), request.height.max(1));
    if request.is_sheet() {
        // One that cannot be read leaves its place empty.
        let films: Vec<_> =
            request.sheet.iter().map(|film| Some((*film, cache.film(store, *film).ok()?.0))).collect();
        let pictures: Vec<_> = films.iter().map(|film| film.as_ref().map(|(_, film)| &**film)).collect();
        return Ok((picture::sheet(&pictures, fit), films.into_iter().flatten().map(|(id, _)| id).collect()));
    }
    let (film, row) = cache.film(store, request.film)?;
    // A prior that cannot be read is left out: the film itself matters more.
    let prior = request.prior.and_then(|prior| cache.film(store, prior).ok()).map(|(film, _)| film);
    let heatmap = match &request.heatmap {
        Some(label) => heatmap_of(store, &row, label)?,
        None => None,
    };
    let heat = heatmap.as_ref().map(|(map, label)| Heat { map, label: *label });
    let picture = picture::compose(&film, heat, prior.as_deref(), &request.presentation, fit);
    let beside = request.prior.filter(|_| prior.is_some());
    Ok((picture, [Some(request.film), beside].into_iter().flatten().collect()))
}

/// Decoded films at full size, so that window and zoom answer at once. The one used last stands last.
#[derive(Default)]
struct FilmCache {
    films: Vec<(FilmId, Arc<GrayImage>)>,
}

impl FilmCache {
    fn film(&mut self, store: &Store, id: FilmId) -> Result<(Arc<GrayImage>, FilmRow), PictureError> {
        let gone = || PictureError("This film is no longer in the store.".to_owned());
        let row = store.film(id).map_err(|error| told(&error))?.ok_or_else(gone)?;
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
fn find(store: &Store, row: &FilmRow) -> Result<Film, PictureError> {
    if let FilmState::Held(Held { gate: Gate::Crash, .. }) = row.state {
        let why = "This film stopped the program three times, so it is not opened here.";
        return Err(PictureError(why.to_owned()));
    }
    open(&row.path, row).or_else(|why| {
        let copies = store.copies(row.id).map_err(|error| told(&error))?;
        copies.iter().find_map(|path| open(path, row).ok()).ok_or(why)
    })
}

/// The film at a path: a file that has another content by now is another film.
fn open(path: &Path, row: &FilmRow) -> Result<Film, PictureError> {
    if let Some(why) = unmounted(path) {
        return Err(PictureError(format!("{why}; its findings stay.")));
    }
    let bytes = read(path).map_err(|error| unreadable(path, &error))?;
    if bytes.sha256 != row.sha256 {
        return Err(PictureError(format!("{} holds another film by now.", shown(path))));
    }
    cxr_film::decode(&bytes.content).map_err(|error| told(&error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> PictureError {
    PictureError(match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("The film's file is no longer at {}; its findings stay.", shown(path))
        }
        _ => format!("{} cannot be read: {error}.", shown(path)),
    })
}

/// An error of the store or of the decoder: its own words say enough.
fn told(error: &dyn Error) -> PictureError {
    PictureError(error.to_string())
}

fn heatmap_of(store: &Store, row: &FilmRow, label: &str) -> Result<Option<(Heatmap, usize)>, PictureError> {
    let Some(stored) = store.heatmap(row.id).map_err(|error| told(&error))? else { return Ok(None) };
    let position = stored.labels.iter().position(|name| name == label);
    Ok(Heatmap::from_bytes(&stored.bytes).zip(position))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use crossbeam_channel::unbounded;

    use super::*;
    use crate::{
        intake::Arrival,
        store::{Outcome, Verdict},
        supervise::doomed::doom,
    };
    use cxr_film::Header;

    /// A store with a film at a path, which is held, so that no model is asked.
    fn with_film(folder: &Path) -> (Store, FilmId, PathBuf) {
        let path = folder.join("a.png");
        let grey = |x, y| image::Luma([u8::try_from((x * 3 + y * 5) % 200).unwrap()]);
        GrayImage::from_fn(64, 64, grey).save(&path).unwrap();
        let mut store = Store::open(folder.join("store.db")).unwrap();
        let held = Held { gate: Gate::Small, reason: "small".to_owned() };
        let outcome = Outcome {
            sha256: read(&path).unwrap().sha256,
            study_key: "x".to_owned(),
            started: Timestamp::now(),
            header: Some(Header { format: "PNG".to_owned(), ..Header::default() }),
            decoded: true,
            verdict: Verdict::Held(held),
            outside: None,
        };
        let arrival = Arrival { path: path.clone(), size: 1, modified_ns: 1 };
        let file = store.receive(&[arrival], Timestamp::now()).unwrap()[0].0;
        store.finish(file, &outcome, Timestamp::now()).unwrap();
        let film = store.film_by_sha256(&outcome.sha256).unwrap().unwrap();
        (store, film, path)
    }

    fn request(film: FilmId) -> PictureRequest {
        let presentation = picture::Presentation::default();
        PictureRequest {
            film,
            heatmap: None,
            prior: None,
            sheet: Vec::new(),
            presentation,
            width: 32,
            height: 32,
        }
    }

    #[test]
    fn a_film_that_was_renamed_in_the_inbox_is_found_by_its_new_name_and_no_other_is_shown_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, film, path) = with_film(folder.path());
        let moved = folder.path().join("b.png");
        fs::rename(&path, &moved).unwrap();
        let picture = |store: &Store| make(store, &request(film), &mut FilmCache::default());
        assert!(picture(&store).unwrap_err().0.contains("no longer at"));
        let arrival = Arrival { path: moved.clone(), size: 1, modified_ns: 1 };
        let file = store.receive(&[arrival], Timestamp::now()).unwrap()[0].0;
        store.duplicate(file, film, Timestamp::now()).unwrap();
        picture(&store).unwrap();
        GrayImage::new(64, 64).save(&moved).unwrap();
        picture(&store).unwrap_err();
    }

    #[test]
    fn a_picture_that_makes_the_program_panic_is_an_answer_and_the_next_one_comes() {
        let folder = tempfile::tempdir().unwrap();
        let (store, film, _) = with_film(folder.path());
        let ((updates_in, updates), (requests, asked)) = (unbounded(), unbounded());
        let mut pictures = Pictures::new(store, Actor::new("anna".to_owned(), None), updates_in);
        doom("picture", 1);
        let mut shown = Vec::new();
        let thread = std::thread::spawn(move || pictures.answer(&asked));
        for _ in 0..2 {
            requests.send(request(film)).unwrap();
            let Update::Picture(picture) = updates.recv().unwrap() else { panic!("another update") };
            shown.push(picture.image.map(|_| ()));
        }
        assert_eq!(shown, [Err(PictureError(BROKE_DOWN.to_owned())), Ok(())]);
        drop(requests);
        thread.join().unwrap();
    }

    #[test]
    fn a_sheet_keeps_its_places_and_neither_it_nor_the_film_drops_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let (store, film, _) = with_film(folder.path());
        let ((updates_in, updates), (requests, asked)) = (unbounded(), unbounded());
        let mut pictures = Pictures::new(store, Actor::new("anna".to_owned(), None), updates_in);
        let sheet = PictureRequest { sheet: vec![4711, film], height: 64, ..request(4711) };
        for request in [request(4711), sheet.clone(), request(film), sheet.clone()] {
            requests.send(request).unwrap();
        }
        drop(requests);
        pictures.answer(&asked);
        let answers: Vec<Picture> = updates
            .try_iter()
            .map(|update| match update {
                Update::Picture(picture) => picture,
                _ => panic!("another update"),
            })
            .collect();
        assert_eq!(answers.iter().map(|it| it.request.clone()).collect::<Vec<_>>(), [request(film), sheet]);
        let drawn = answers[1].image.clone().unwrap();
        let bright = |from: u32| (from..from + 32).any(|y| (0..32).any(|x| drawn.get_pixel(x, y).0[0] > 50));
        assert_eq!((drawn.dimensions(), bright(0), bright(32)), ((32, 64), false, true));
    }
}
