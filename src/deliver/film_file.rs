//! The bytes of a film, for whoever gets it or a result of it.

use crate::{
    files::{Expected, readers},
    hash::sha256,
    intake::unmounted,
    store::{FilmRow, Store},
};

/// Reads a film from the file that brought it, else from a copy of that. A file that has changed since it came in is not
/// the film. What fails says why, without the file's name.
pub(super) fn film_bytes(store: &Store, film: &FilmRow) -> Result<Vec<u8>, String> {
    let copies = store.copies(film.id).map_err(|error| error.to_string())?;
    let mut failure: Option<String> = None;
    for path in std::iter::once(&film.path).chain(&copies) {
        if let Some(why) = unmounted(path) {
            failure.get_or_insert(format!("cannot be read ({why})"));
            continue;
        }
        match readers().read(path, Expected::FILM, &|| false) {
            Ok(bytes) if sha256(&bytes) == film.sha256 => return Ok(bytes),
            Ok(_) => _ = failure.get_or_insert("has changed since it came in".to_owned()),
            Err(error) => _ = failure.get_or_insert(format!("cannot be read ({error})")),
        }
    }
    Err(format!("the file of film {} {}", film.id, failure.unwrap_or_default()))
}
