//! One file, up to the door of the model: read, hashed, decoded, judged by the gates, prepared.
//! `watch`, `scan` and `show` all come through here.

use std::{io, path::Path};

use crate::{
    config::RasterStudy,
    files::{Expected, Readers, readers},
    guard::guarded,
    hash::sha256,
    model::{Distance, Input, Model, ModelError},
    quality::{self, Gate, Gates, Held, Warning},
    text::shown,
};
use cxr_film::{Film, Header};

/// The bytes of one file, and what identifies them.
#[derive(Debug)]
pub struct Bytes {
    /// The file's content.
    pub content: Vec<u8>,
    /// Its SHA-256, lower-case hex.
    pub sha256: String,
}

/// Reads a film's file whole, with a deadline.
///
/// # Errors
/// Those of [`Readers::read`].
pub fn read(path: &Path) -> io::Result<Bytes> {
    read_until(path, &readers(), &|| false)
}

/// Reads a film's file whole, unless `is_over` says meanwhile that nobody wants it any more.
///
/// # Errors
/// Those of [`Readers::read`].
pub fn read_until(path: &Path, readers: &Readers, is_over: &dyn Fn() -> bool) -> io::Result<Bytes> {
    let content = readers.read(path, Expected::FILM, is_over)?;
    let sha256 = sha256(&content);
    Ok(Bytes { content, sha256 })
}

/// The verdict of decoding and gates on a film.
#[derive(Debug)]
pub struct Examined {
    /// The header of the file; empty if it is no film.
    pub header: Header,
    /// Whether the pixels could be decoded: only such a film claims its SOP Instance UID.
    pub decoded: bool,
    /// May it be scored?
    pub verdict: Result<Admitted, Held>,
}

/// A film that may be scored.
#[derive(Debug)]
pub struct Admitted {
    /// The input of the model.
    pub input: Input,
    /// Sentences to be told beside its score.
    pub warnings: Vec<Warning>,
}

/// Decodes, judges and prepares one film for `model`, in bounded time. A panic on the way holds the film.
#[must_use]
pub fn examine(content: Vec<u8>, model: &Model, gates: &Gates) -> Examined {
    match cxr_film::decode_within_limit(content) {
        Ok(film) => {
            let verdict = judge(&film, model, gates);
            Examined { header: film.header, decoded: true, verdict }
        }
        Err(unreadable) => {
            let held = guarded(|| quality::hold(&unreadable, gates)).unwrap_or_else(broke_down);
            let header = unreadable.header.map(|header| *header).unwrap_or_default();
            Examined { header, decoded: false, verdict: Err(held) }
        }
    }
}

/// Asks the last gate, which looks at what the model makes of the film: adds its warning to those of the gates before
/// it, which go into its reason. A panic holds the film.
///
/// # Errors
/// [`Held`] if it is to be held; the findings are then not to be ranked.
pub fn ask_last_gate(
    distance: Option<Distance>,
    mut warnings: Vec<Warning>,
    gates: &Gates,
) -> Result<Vec<Warning>, Held> {
    let judged = guarded(|| {
        warnings.extend(quality::inspect_distance(distance, &warnings, gates)?);
        Ok(warnings)
    });
    judged.unwrap_or_else(|| Err(broke_down()))
}

/// Why a film that was admitted has no score after all.
#[must_use]
pub fn failed(error: &ModelError) -> Held {
    Held { gate: Gate::Model, reason: format!("The model failed on this film: {error}") }
}

/// Why a film is held that made the program panic.
#[must_use]
pub fn broke_down() -> Held {
    Held { gate: Gate::Model, reason: BROKE_DOWN.to_owned() }
}

/// The reason for a film that made the program panic.
pub const BROKE_DOWN: &str = "The program broke down over this film and went on with the others: look at it on its workstation, and report this.";

fn judge(film: &Film, model: &Model, gates: &Gates) -> Result<Admitted, Held> {
    guarded(|| inspect(film, model, gates)).unwrap_or_else(|| Err(broke_down()))
}

fn inspect(film: &Film, model: &Model, gates: &Gates) -> Result<Admitted, Held> {
    let warnings = quality::inspect(film, gates)?;
    let prepared = model.prepare(film);
    let input = prepared.map_err(|error| Held { gate: Gate::Model, reason: error.to_string() })?;
    Ok(Admitted { input, warnings })
}

/// The key of the study that a film belongs to: its Study Instance UID; else, as `grouping` says, the
/// film itself or the folder that it lies in.
#[must_use]
pub fn study_key(header: &Header, sha256: &str, path: &Path, grouping: RasterStudy) -> String {
    if !header.study_instance_uid.is_empty() {
        return header.study_instance_uid.clone();
    }
    match (grouping, path.parent()) {
        (RasterStudy::Folder, Some(folder)) => format!("folder:{}", shown(folder)),
        _ => format!("sha256:{}", sha256.get(..16).unwrap_or(sha256)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::{DeviceChoice, Precision, Source};

    /// The starter's weights behind torchxrayvision's preprocessing, which takes the stored grey.
    fn model(folder: &Path) -> Model {
        let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/starter");
        let manifest = fs::read_to_string(weights.join("model.toml")).unwrap();
        let (head, rest) = manifest.split_once("preprocessing = [").unwrap();
        let (_, rest) = rest.split_once("]\n").unwrap();
        let steps = "preprocessing = [\n{ step = \"grey\", from = \"stored\" },\n\
                     { step = \"scale\", low = -1024.0, high = 1024.0 },\n{ step = \"centre-crop\" },\n\
                     { step = \"resize\", size = 224, filter = \"order1-gaussian\" },\n]\n";
        let folder = folder.join("starter");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("model.toml"), format!("{head}{steps}{rest}")).unwrap();
        fs::copy(weights.join("model.safetensors"), folder.join("model.safetensors")).unwrap();
        let source = Source::Folder(folder);
        Model::load_without_profile(&source, DeviceChoice::Cpu, Precision::Fp32).unwrap()
    }

    #[test]
    fn a_film_with_a_number_that_is_none_is_held_wherever_that_lies() {
        let folder = tempfile::tempdir().unwrap();
        let model = model(folder.path());
        let grey = |x: u32, y: u32| u8::try_from((x * 3 + y * 5) % 200 + (x ^ y) % 40).unwrap();
        let drawn = image::GrayImage::from_fn(256, 256, |x, y| image::Luma([grey(x, y)]));
        let mut png = std::io::Cursor::new(Vec::new());
        drawn.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let good = cxr_film::decode(png.get_ref()).unwrap();
        let gates = Gates::default().warning_only();
        judge(&good, &model, &gates).unwrap();
        let pixels = good.linear.len();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, pixels / 2, pixels - 1] {
                let mut film = good.clone();
                film.linear[at] = value;
                let held = judge(&film, &model, &gates).unwrap_err();
                assert_eq!(held.gate, Gate::Model, "{value} at {at}");
            }
            let film = Film { linear: vec![value; pixels], ..good.clone() };
            judge(&film, &model, &gates).unwrap_err();
        }
    }
}
