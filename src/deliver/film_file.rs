//! The bytes of a film, for whoever gets it or a result of it.

use std::io::ErrorKind;

use super::attempt::Failure;
use crate::{
    files::{Expected, readers},
    hash::sha256,
    intake::unmounted,
    store::{FilmRow, Store},
};

/// Reads a film from the file that brought it, else from a copy of that. A file that has changed since it came in is not
/// the film. What fails says why, without the file's name.
pub(super) fn film_bytes(store: &Store, film: &FilmRow) -> Result<Vec<u8>, Failure> {
    let copies = store.copies(film.id)?;
    let (mut failure, mut is_elsewhere): (Option<String>, bool) = (None, false);
    for path in std::iter::once(&film.path).chain(&copies) {
        if let Some(why) = unmounted(path) {
            is_elsewhere |= store.is_shared();
            failure.get_or_insert(format!("cannot be read ({why})"));
            continue;
        }
        match readers().read(path, Expected::FILM, &|| false) {
            Ok(bytes) if sha256(&bytes) == film.sha256 => return Ok(bytes),
            Ok(_) => _ = failure.get_or_insert("has changed since it came in".to_owned()),
            Err(error) => {
                is_elsewhere |= error.kind() == ErrorKind::NotFound && store.may_be_elsewhere(path)?;
                failure.get_or_insert(format!("cannot be read ({error})"));
            }
        }
    }
    let why = format!("the file of film {} {}", film.id, failure.unwrap_or_default());
    if is_elsewhere {
        return Err(Failure::elsewhere(format!("{why}: it waits for a host that has the film")));
    }
    Err(why.into())
}
