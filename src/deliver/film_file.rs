//! The bytes of a film, for whoever gets it or a result of it.

use std::path::Path;

use super::attempt::Failure;
use crate::{
    files::{Expected, readers},
    hash::sha256,
    intake::{Lack, unmounted},
    store::{FilmRow, Store},
};

/// Reads a film from the file that brought it, else from a copy of that. A file that has changed since it came in is not
/// the film. What fails says why, without the file's name; where another host may have the film, nothing has failed for good.
pub(super) fn film_bytes(store: &Store, film: &FilmRow) -> Result<Vec<u8>, Failure> {
    let copies = store.copies(film.id)?;
    let (mut failure, mut is_elsewhere): (Option<String>, bool) = (None, false);
    for path in std::iter::once(&film.path).chain(&copies) {
        match read(path, &film.sha256) {
            Ok(bytes) => return Ok(bytes),
            Err((lack, why)) => {
                is_elsewhere |= store.may_be_elsewhere(film.id, path, lack)?;
                failure.get_or_insert(why);
            }
        }
    }
    let why = format!("the file of film {} {}", film.id, failure.unwrap_or_default());
    if is_elsewhere {
        return Err(Failure::elsewhere(format!("{why}: it waits for a host that has the film")));
    }
    Err(why.into())
}

/// Reads a film from a file; or says why it is not there, for people too.
fn read(path: &Path, expected: &str) -> Result<Vec<u8>, (Lack, String)> {
    if let Some(why) = unmounted(path) {
        return Err((Lack::Missing, format!("cannot be read ({why})")));
    }
    let bytes = readers()
        .read(path, Expected::FILM, &|| false)
        .map_err(|error| (Lack::of(&error), format!("cannot be read ({error})")))?;
    if sha256(&bytes) == expected {
        Ok(bytes)
    } else {
        Err((Lack::Another, "has changed since it came in".to_owned()))
    }
}
