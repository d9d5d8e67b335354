//! Manifests of weights that people know by name, without the weights.

/// The presets by name, with their manifests. Their `sha256` is missing: it is that of the converted weights,
/// which `weights import` fills in.
pub const PRESETS: [(&str, &str); 8] = [
    ("xrv-all", include_str!("presets/xrv-all.toml")),
    ("xrv-pc", include_str!("presets/xrv-pc.toml")),
    ("xrv-rsna", include_str!("presets/xrv-rsna.toml")),
    ("xrv-mimic-ch", include_str!("presets/xrv-mimic-ch.toml")),
    ("xrv-chex", include_str!("presets/xrv-chex.toml")),
    ("xrv-resnet50", include_str!("presets/xrv-resnet50.toml")),
    ("rad-dino", include_str!("presets/rad-dino.toml")),
    ("keras-course", include_str!("presets/keras-course.toml")),
];
