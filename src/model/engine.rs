//! One loaded model: films in, findings out.

use std::borrow::Cow;

use candle_core::{DType, Device, Tensor};

use super::{
    DeviceChoice, Distance, Findings, Heatmap, Input, Manifest, ModelError, Parallelism, Precision, Source,
    manifest::{Kind, OutputRule},
    network::{Forward, Network},
    preprocess,
    profile::{self, Profile},
    weights::{self, Taken},
};
use crate::{guard::guarded, hash::sha256};
use cxr_film::Film;

/// A model, ready to score films. It can be shared between threads: nothing in it changes.
#[derive(Debug)]
pub struct Model {
    pub(super) manifest: Manifest,
    pub(super) network: Network,
    pub(super) device: Device,
    pub(super) taken: Taken,
    profile: Option<Profile>,
    device_name: &'static str,
    precision: Precision,
    threads: usize,
    source: Source,
}

impl Model {
    /// Reads a model, checks its weights against their hash and its network, and puts it on a device.
    ///
    /// # Errors
    /// Any [`ModelError`] but those about films.
    pub fn load(source: &Source, device: DeviceChoice, precision: Precision) -> Result<Self, ModelError> {
        let mut model = Self::load_without_profile(source, device, precision)?;
        model.profile = read_profile(source, &model.manifest)?;
        Ok(model)
    }

    /// Loads a model without its profile of the training films, for making a new one.
    ///
    /// # Errors
    /// Any [`ModelError`] but those about films and profiles.
    pub fn load_without_profile(
        source: &Source,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Self, ModelError> {
        let (device, device_name) = device.open()?;
        precision.check(&device)?;
        let manifest = source.manifest()?;
        if manifest.kind == Kind::Embedder {
            let reason = format!(
                "{} is an embedder: it names no finding, it finds films alike; name it as `embedder` under [similar]",
                manifest.name
            );
            return Err(ModelError::Manifest { place: source.place(), reason });
        }
        let place = source.weights_place();
        let bytes = checked_weights(source, &manifest)?;
        let trunk = source.trunk(&manifest)?;
        let own = std::iter::once((&*bytes, place.as_str()));
        let files: Vec<(&[u8], &str)> =
            own.chain(trunk.iter().map(|(bytes, place)| (&**bytes, &**place))).collect();
        let config = manifest.network();
        let threads = candle_core::utils::get_num_threads();
        let (network, taken) = weights::build(&files, &device, |vb, values| {
            Network::new(&config, vb, values, &device, precision, threads)
        })?;
        let source = source.clone();
        Ok(Self { manifest, network, device, taken, profile: None, device_name, precision, threads, source })
    }

    /// Returns where it was read from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the model's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the weights, hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.manifest.sha256
    }

    /// The device that it computes on: "cpu", "cuda:0".
    #[must_use]
    pub fn device_name(&self) -> &str {
        self.device_name
    }

    /// The device and its numbers in words, as results and workers name them: "cpu fp32".
    #[must_use]
    pub fn device_in_words(&self) -> String {
        format!("{} {}", self.device_name, self.precision.word())
    }

    /// The device, as Candle knows it.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Measures the machine's speed in this model's number format when it does nothing but multiply matrices, in
    /// GFLOP/s, with the model's own threads and kernels; none where these do not run.
    #[must_use]
    pub fn peak_gflops(&self) -> Option<f64> {
        self.network.peak_gflops()
    }

    /// Threads that it may use on the processor.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The number format that it computes in.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Returns the model with inputs of `size` x `size`, which its convolutions allow: for timing.
    #[must_use]
    pub fn resized(mut self, size: u32) -> Self {
        self.manifest.size = size;
        self
    }

    /// Makes of a film what the network takes. Work for the processor: do it off the engine's thread.
    ///
    /// # Errors
    /// [`ModelError::Film`], also where a value is not a finite number.
    pub fn prepare(&self, film: &Film) -> Result<Input, ModelError> {
        let input = preprocess::prepare(film, &self.manifest.preprocessing)?;
        check_finite(&input)?;
        Ok(input)
    }

    /// Returns the profile of the training films; none: the manifest names none.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Computes the signature of each film of a batch, in order, of which a [`Profile`] is made.
    ///
    /// # Errors
    /// As [`Model::infer`].
    pub fn signatures(&self, inputs: &[Input]) -> Result<Vec<Vec<f32>>, ModelError> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        Ok(profile::signatures(&self.forward(inputs)?.features)?)
    }

    /// Scores a batch of films, in order. What a film gets does not depend on the others: on the processor to the
    /// last bit, on a GPU to 1e-5.
    ///
    /// # Errors
    /// [`ModelError::Film`] if an input is not this model's, [`ModelError::NotFinite`],
    /// [`ModelError::Engine`].
    pub fn infer(&self, inputs: &[Input]) -> Result<Vec<Findings>, ModelError> {
        self.infer_by(inputs, Parallelism::AllThreads)
    }

    fn infer_by(&self, inputs: &[Input], parallelism: Parallelism) -> Result<Vec<Findings>, ModelError> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let Forward { rows, columns, logits, maps, features } = self.forward_by(inputs, parallelism)?;
        let distances = self.distances(&features)?;
        let pooled = pooled(&features)?;
        let (outputs, map) = (self.manifest.outputs, rows * columns);
        let films = logits.chunks_exact(outputs).zip(maps.chunks_exact(outputs * map)).zip(pooled);
        let mut findings = Vec::with_capacity(inputs.len());
        for (film, (input, ((logits, maps), features))) in inputs.iter().zip(films).enumerate() {
            let labels = &self.manifest.labels;
            let probabilities: Vec<f32> =
                labels.iter().map(|label| self.probability(logits[label.output])).collect();
            let values: Vec<f32> =
                labels.iter().flat_map(|label| &maps[label.output * map..][..map]).copied().collect();
            let distance = distances.get(film).copied().flatten();
            let measured = distance.iter().flat_map(|distance| [&distance.value, &distance.turned]);
            if !probabilities
                .iter()
                .chain(&values)
                .chain(&features)
                .chain(measured)
                .all(|value| value.is_finite())
            {
                return Err(ModelError::NotFinite { film });
            }
            let heatmap = Heatmap { labels: labels.len(), rows, columns, values, region: input.region };
            findings.push(Findings { probabilities, heatmap, features, distance });
        }
        Ok(findings)
    }

    /// As [`Model::infer`], for films that must not suffer for one another: when a batch fails, or what
    /// computes it panics, its films are tried one by one. `parallelism` matters to the time alone.
    pub fn infer_each(
        &self,
        inputs: &[Input],
        parallelism: Parallelism,
    ) -> Vec<Result<Findings, ModelError>> {
        each(inputs, |inputs| self.infer_by(inputs, parallelism))
    }

    /// Returns how far each film of a batch is from the training films; empty without a profile.
    fn distances(&self, features: &Tensor) -> Result<Vec<Option<Distance>>, ModelError> {
        let Some(profile) = &self.profile else { return Ok(Vec::new()) };
        let signatures = profile::signatures(features)?;
        Ok(signatures.iter().map(|signature| profile.measure(signature)).collect())
    }

    /// Runs the network.
    pub(super) fn forward(&self, inputs: &[Input]) -> Result<Forward, ModelError> {
        self.forward_by(inputs, Parallelism::AllThreads)
    }

    pub(super) fn forward_by(
        &self,
        inputs: &[Input],
        parallelism: Parallelism,
    ) -> Result<Forward, ModelError> {
        let Manifest { channels, size, .. } = self.manifest;
        let size = size as usize;
        let film = channels * size * size;
        let mut values = Vec::with_capacity(inputs.len() * film);
        for input in inputs {
            if (input.channels, input.height, input.width, input.values.len()) != (channels, size, size, film)
            {
                return Err(ModelError::Film {
                    reason: format!(
                        "it was prepared as {} x {} x {}, and this model takes {channels} x {size} x {size}",
                        input.channels, input.height, input.width
                    ),
                });
            }
            check_finite(input)?;
            values.extend_from_slice(&input.values);
        }
        self.network.run(values, [inputs.len(), channels, size, size], &self.device, parallelism)
    }

    fn probability(&self, logit: f32) -> f32 {
        match self.manifest.output {
            OutputRule::Sigmoid => (1.0 + (-logit).exp()).recip(),
        }
    }
}

/// Runs a batch, in order. A film does not suffer for the others: when a batch fails, or what computes it panics, its films
/// are tried one by one.
pub(super) fn each<T>(
    inputs: &[Input],
    run: impl Fn(&[Input]) -> Result<Vec<T>, ModelError>,
) -> Vec<Result<T, ModelError>> {
    let run = |inputs: &[Input]| guarded(|| run(inputs)).unwrap_or_else(|| Err(ModelError::broke_down()));
    let one = |input: &Input| {
        let result = run(std::slice::from_ref(input))?.pop();
        result.ok_or_else(|| ModelError::Engine { reason: "it gave no result".to_owned() })
    };
    match run(inputs) {
        Ok(results) => results.into_iter().map(Ok).collect(),
        Err(error) if inputs.len() > 1 => {
            tracing::warn!(%error, "a batch failed; trying its films one by one");
            inputs.iter().map(one).collect()
        }
        Err(error) => vec![Err(error)],
    }
}

/// The mean of each channel of the last map, film by film. `features` is film x channel x row x column.
pub(super) fn pooled(features: &Tensor) -> candle_core::Result<Vec<Vec<f32>>> {
    features.to_dtype(DType::F32)?.mean((2, 3))?.to_vec2()
}

/// Candle's ReLU turns NaN into 0: what goes in must be checked, the end shows nothing.
fn check_finite(input: &Input) -> Result<(), ModelError> {
    match input.values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(ModelError::Film { reason: "it holds a value that is not a number".to_owned() }),
    }
}

/// The bytes of a model's weights, checked against the manifest's hash.
pub(super) fn checked_weights(
    source: &Source,
    manifest: &Manifest,
) -> Result<Cow<'static, [u8]>, ModelError> {
    let bytes = source.weights()?;
    let found = sha256(&bytes);
    if found != manifest.sha256 {
        let (place, wanted) = (source.weights_place(), manifest.sha256.clone());
        return Err(ModelError::Checksum { place, wanted, found });
    }
    Ok(bytes)
}

/// The profile that a manifest names, checked against its hash and the weights'.
fn read_profile(source: &Source, manifest: &Manifest) -> Result<Option<Profile>, ModelError> {
    let Some(note) = &manifest.profile else { return Ok(None) };
    let (bytes, place) = source.profile()?;
    if sha256(&bytes) != note.sha256 {
        let reason = "its checksum is not the one in model.toml".to_owned();
        return Err(ModelError::Profile { place, reason });
    }
    Profile::read(&bytes, note.limits, &manifest.sha256, &place).map(Some)
}
