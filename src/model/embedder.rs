//! A model that names no finding: it says of a film what tells it from others, for the search for similar films.

use candle_core::{Device, Tensor};

use super::{
    DeviceChoice, Manifest, ModelError, NetworkConfig, Source, dinov2::DinoV2, engine::checked_weights,
    manifest::Kind, preprocess, weights,
};
use crate::{guard::guarded, supervise::lower_priority};
use cxr_film::Film;

/// An embedder, ready to be asked. It computes on threads of the lowest priority: nobody waits for what it says.
#[derive(Debug)]
pub struct Embedder {
    manifest: Manifest,
    network: DinoV2,
    device: Device,
    threads: rayon::ThreadPool,
}

impl Embedder {
    /// Reads an embedder, checks its weights against their hash and its network, and puts it on a device.
    ///
    /// # Errors
    /// Any [`ModelError`] but those about films.
    pub fn load(source: &Source, device: DeviceChoice) -> Result<Self, ModelError> {
        let manifest = source.manifest()?;
        let NetworkConfig::DinoV2(config) = manifest.network() else {
            return Err(ModelError::Manifest {
                place: source.place(),
                reason: format!(
                    "{} is a {}, not an {}: `embedder` under [similar] wants one like rad-dino",
                    manifest.name,
                    Kind::Classifier.word(),
                    Kind::Embedder.word()
                ),
            });
        };
        let (device, _) = device.open()?;
        let bytes = checked_weights(source, &manifest)?;
        let (network, _) =
            weights::build(&[(&bytes, &source.weights_place())], &device, |vb, _| DinoV2::new(&config, vb))?;
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(candle_core::utils::get_num_threads())
            .thread_name(|_| "embedder".to_owned())
            .start_handler(|_| lower_priority())
            .build()
            .map_err(|error| ModelError::Engine { reason: error.to_string() })?;
        Ok(Self { manifest, network, device, threads })
    }

    /// The model's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns how many numbers a film's features are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.network.width()
    }

    /// A film's features: the class token. None if `is_over` said, between two blocks of the network, that nobody waits
    /// for them any more.
    ///
    /// # Errors
    /// [`ModelError::Film`], [`ModelError::NotFinite`], [`ModelError::Engine`].
    pub fn features(
        &self,
        film: &Film,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let input = preprocess::prepare(film, &self.manifest.preprocessing)?;
        let shape = (1, input.channels, input.height, input.width);
        let run = || {
            let input = Tensor::from_vec(input.values, shape, &self.device)?;
            let tokens = self.network.class_tokens(&input, is_over)?;
            tokens.map(|tokens| tokens.squeeze(0)?.to_vec1::<f32>()).transpose()
        };
        let features = self.threads.install(|| guarded(run)).ok_or_else(ModelError::broke_down)??;
        match features.iter().flatten().all(|value| value.is_finite()) {
            true => Ok(features),
            false => Err(ModelError::NotFinite { film: 0 }),
        }
    }
}
