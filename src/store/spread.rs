//! The probabilities of a model's last films, for comparing one film with them.

use std::collections::BTreeMap;

use super::{
    FilmId, Store, StoreError,
    sql::{self, Connection},
    unreadable::rows,
};

/// The probabilities that the last films of one model got, label by label. At most 4 bytes a film and label.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The model's name.
    pub model: String,
    /// SHA-256 of its weights, hex.
    pub model_sha256: String,
    labels: BTreeMap<String, Vec<f32>>,
}

impl Spread {
    /// The spread of these probabilities, in any order.
    pub fn new(
        model: &str,
        model_sha256: &str,
        probabilities: impl IntoIterator<Item = (String, f32)>,
    ) -> Self {
        let mut labels: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        for (label, probability) in probabilities {
            labels.entry(label).or_default().push(probability);
        }
        labels.values_mut().for_each(|values| values.sort_by(f32::total_cmp));
        Self { model: model.to_owned(), model_sha256: model_sha256.to_owned(), labels }
    }

    /// The probabilities of a label, from the lowest to the highest; empty where no film had that label.
    #[must_use]
    pub fn of(&self, label: &str) -> &[f32] {
        self.labels.get(label).map_or(&[], Vec::as_slice)
    }
}

impl Store {
    /// Reads the probabilities of the last `most` films that this model scored, done ones included; of one exposure one
    /// image. Films that the same weights scored with another manifest count too.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn spread(&self, model: &str, model_sha256: &str, most: u32) -> Result<Spread, StoreError> {
        self.read(|view| {
            let films = last_films(view, model, model_sha256, most)?;
            let sql = "SELECT film, label, probability FROM findings WHERE film = ?1";
            let mut found = Vec::new();
            for film in films {
                // They came as 32-bit floats from the model: nothing is lost.
                let pairs = rows(view, "findings", sql, [film], |row| {
                    Ok((row.get(1)?, row.get::<_, f64>(2)? as f32))
                })?;
                found.extend(pairs);
            }
            Ok(Spread::new(model, model_sha256, found))
        })
    }
}

fn last_films(view: &Connection, name: &str, sha256: &str, most: u32) -> sql::Result<Vec<FilmId>> {
    let models: Vec<i64> = view
        .prepare_cached("SELECT id FROM models WHERE name = ?1 AND sha256 = ?2")?
        .query_map((name, sha256), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    let mut query = view.prepare_cached(
        "SELECT id FROM films WHERE model = ?1 AND state = 'scored' AND exposure_of IS NULL
         ORDER BY id DESC LIMIT ?2",
    )?;
    let mut films: Vec<FilmId> = Vec::new();
    for model in models {
        for film in query.query_map((model, most), |row| row.get(0))? {
            films.push(film?);
        }
    }
    films.sort_unstable_by(|a, b| b.cmp(a));
    films.truncate(most as usize);
    Ok(films)
}
