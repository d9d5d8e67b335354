//! The models in the binary itself, so that an installed program scores films with no network.

/// A model's files.
#[derive(Debug)]
pub(super) struct Embedded {
    /// `model.toml`.
    pub(super) manifest: &'static str,
    /// `model.safetensors`.
    pub(super) weights: &'static [u8],
    /// `profile.safetensors`.
    pub(super) profile: &'static [u8],
}

macro_rules! embedded {
    ($folder:literal) => {
        Embedded {
            manifest: include_str!(concat!("../../weights/", $folder, "/model.toml")),
            weights: include_bytes!(concat!("../../weights/", $folder, "/model.safetensors")),
            profile: include_bytes!(concat!("../../weights/", $folder, "/profile.safetensors")),
        }
    };
}

/// The model that scores films where nobody brought a better one.
pub(super) static STARTER: Embedded = embedded!("starter");
/// A last layer for the starter, for the phantoms of `demo` alone.
pub(super) static PHANTOM: Embedded = embedded!("phantom");
