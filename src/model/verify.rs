//! `weights verify`: whether a loaded model does what a model must.

use super::{Input, Model, ModelError, Region};
use cxr_film::Film;

/// The checks of a model, and their results. That the model could be loaded at all says already that its
/// hash is right and that every tensor is there in the right shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The model's name.
    pub model: String,
    /// The hash that was found, hex.
    pub sha256: String,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The subject of the check.
    pub name: &'static str,
    /// Whether it passed.
    pub passed: bool,
    /// The finding, in words.
    pub detail: String,
}

impl Report {
    /// Returns whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

impl Model {
    /// Checks the model on two synthetic films, prepared as it wants them.
    #[must_use]
    pub fn verify(&self) -> Report {
        let sound = |name, detail| Check { name, passed: true, detail };
        let mut checks = vec![
            sound("hash", "the weights are the ones that the manifest was written for".to_owned()),
            sound("shapes", format!("{} tensors, {} values", self.taken.tensors, self.taken.values)),
        ];
        checks.extend(self.check_outputs());
        let profile = match self.profile() {
            Some(_) => "films unlike the training films can be told",
            None => "none, so the gate out_of_distribution is off: `weights profile` makes one",
        };
        checks.push(sound("profile", profile.to_owned()));
        Report { model: self.manifest.name.clone(), sha256: self.manifest.sha256.clone(), checks }
    }

    fn check_outputs(&self) -> Vec<Check> {
        let inputs: Result<Vec<Input>, ModelError> =
            [1, 2].iter().map(|&seed| self.prepare(&noise_film(self.manifest.size, seed))).collect();
        let findings = match inputs.and_then(|inputs| self.infer(&inputs)) {
            Ok(findings) => findings,
            Err(error @ ModelError::NotFinite { .. }) => {
                let detail = format!("{error}: the weights hold values that are no numbers");
                return vec![Check { name: "finite outputs", passed: false, detail }];
            }
            Err(error) => {
                return vec![Check { name: "runs", passed: false, detail: error.to_string() }];
            }
        };
        let (one, other) = (&findings[0].probabilities, &findings[1].probabilities);
        let between = |edge: fn(f32, f32) -> f32, start| one.iter().chain(other).copied().fold(start, edge);
        let range = format!("{:.4} to {:.4}", between(f32::min, 1.0), between(f32::max, 0.0));
        vec![
            Check { name: "finite outputs", passed: true, detail: format!("probabilities {range}") },
            Check {
                name: "outputs depend on the input",
                passed: one != other,
                detail: "two different films of noise".to_owned(),
            },
        ]
    }

    /// A deterministic input, even over -2 to 2.
    #[must_use]
    pub fn pattern(&self, seed: u32) -> Input {
        let (channels, size) = (self.manifest.channels, self.manifest.size as usize);
        let values = (0..channels * size * size).map(|n| hash_noise(n as u32, seed) * 4.0 - 2.0).collect();
        Input { values, channels, height: size, width: size, region: Region::WHOLE }
    }
}

/// A film of noise, dark at the top and bright at the bottom.
fn noise_film(size: u32, seed: u32) -> Film {
    let display: Vec<u8> = (0..size * size)
        .map(|n| (hash_noise(n, seed) * 127.0 + 128.0 * (n / size) as f32 / size as f32) as u8)
        .collect();
    Film::of_grey(size, size, display)
}

/// A number from 0 to 1 (exclusive) that looks random: the mixer of MurmurHash3 (Appleby 2011).
fn hash_noise(n: u32, seed: u32) -> f32 {
    let mut hash = n ^ seed.wrapping_mul(0x9e37_79b9);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    ((hash ^ (hash >> 16)) >> 8) as f32 / 16_777_216.0
}
