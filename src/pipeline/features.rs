//! The files of features of scored films, which the recorder and the fill-in write.

use std::sync::{Arc, Mutex};

use crate::{
    similar::{self, FeatureFile, FeaturesId},
    store::Ownership,
    store_place::StorePlace,
};

/// The features of one model's films.
pub(super) type Features = Arc<Mutex<FeatureFile>>;

/// Opens the files of features of a store's films, one an id, with the width where that is known; none for one that cannot
/// be opened, which keeps no film from being scored. Files of other models go.
pub(super) fn open_features<const N: usize>(
    store: &StorePlace,
    ownership: &Ownership,
    kinds: [Option<(FeaturesId, Option<usize>)>; N],
) -> [Option<Features>; N] {
    let wanted: Vec<FeaturesId> = kinds.iter().flatten().map(|(id, _)| id.clone()).collect();
    // A worker that only scores may stand beside a process whose files they are.
    if ownership.keeps_files()
        && let Err(error) = similar::remove_others(store, &wanted)
    {
        tracing::warn!(%error, "features of films that are no longer wanted could not be removed");
    }
    kinds.map(|kind| {
        let (id, width) = kind?;
        let opened = FeatureFile::open(store, &id, width, ownership).inspect_err(|error| {
            tracing::error!(%error, "the features of films cannot be kept: similar films will not be found");
        });
        Some(Arc::new(Mutex::new(opened.ok()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_keeps_no_features_leaves_those_of_another_process_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = StorePlace::from(folder.path().join("store.db"));
        let owner = Ownership::acquire(&store).unwrap().unwrap();
        let id = FeaturesId::new("ab".repeat(32));
        let files = || {
            let names = folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().contains("features")).count()
        };
        assert!(open_features(&store, &owner, [Some((id, Some(4)))])[0].is_some());
        assert_eq!(files(), 1);
        assert!(open_features(&store, &Ownership::of_worker(), [None])[0].is_none());
        assert_eq!(files(), 1);
        assert!(open_features(&store, &owner, [None])[0].is_none());
        assert_eq!(files(), 0, "the owner keeps what it wants");
    }
}
