//! `weights verify`.

use std::{io::Write, path::Path};

use super::super::{CommandError, output::stdout, setup::Setup};
use crate::{
    model::{Embedder, Kind, Manifest, Model, Reference, ReferenceOutput},
    pipeline::{Bytes, read, shown},
    study::score,
};

/// How far from its reference a model may be.
const CLOSE: f64 = 2e-3;

/// Runs `weights verify`. A model that loads has the right checksum and tensors; the report says what
/// else was looked at.
pub(super) fn run(setup: &Setup, name: &str, film: Option<&Path>) -> Result<(), CommandError> {
    let mut out = stdout();
    let source = setup.library().find(Some(name))?;
    if source.manifest()?.kind == Kind::Embedder {
        return embedder(&setup.load_embedder(&source)?, film, &mut out);
    }
    let model = setup.model(Some(name))?;
    let report = model.verify();
    let (device, precision) = (model.device_name(), model.precision().word());
    writeln!(out, "model {} on {device} in {precision}, sha256 {}", report.model, report.sha256)?;
    for check in &report.checks {
        let mark = if check.passed { "ok" } else { "FAILED" };
        writeln!(out, "  {mark:<7} {}: {}", check.name, check.detail)?;
    }
    if let Some(imported) = &model.manifest().imported {
        let whose = if imported.published { "as published" } else { "not the published file" };
        writeln!(out, "  {:<7} origin: {}, {whose}", "", imported.file)?;
    }
    if !report.passed() {
        return Err(CommandError::failed(format!("the model {} is not fit for use", report.model)));
    }
    match film {
        Some(path) => compare(&model, path, &mut out),
        None => Ok(()),
    }
}

/// Checks an embedder, which names nothing: it loads, and says something finite of a film.
fn embedder(model: &Embedder, film: Option<&Path>, out: &mut impl Write) -> Result<(), CommandError> {
    let Manifest { name, sha256, .. } = model.manifest();
    writeln!(out, "embedder {name}, sha256 {sha256}")?;
    writeln!(out, "  ok      hash, shapes: the weights are the ones that the manifest was written for")?;
    let Some(path) = film else { return Ok(()) };
    let failed = |error: &dyn std::fmt::Display| CommandError::failed(format!("{}: {error}", shown(path)));
    let bytes = read(path).map_err(|error| failed(&error))?;
    let film = cxr_film::decode(&bytes.content).map_err(|unreadable| failed(&unreadable))?;
    let features = model.features(&film, &|| false)?.unwrap_or_default();
    let length = features.iter().map(|x| x * x).sum::<f32>().sqrt();
    writeln!(out, "  ok      film: {} features, their length {length:.4}", features.len())?;
    Ok(())
}

/// Scores a film, and holds the result against what is known of it.
fn compare(model: &Model, path: &Path, out: &mut impl Write) -> Result<(), CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::failed(format!("{}: {error}", shown(path)));
    let bytes = read(path).map_err(|error| failed(&error))?;
    let film = cxr_film::decode(&bytes.content).map_err(|unreadable| failed(&unreadable))?;
    let findings = model.infer(&[model.prepare(&film)?])?;
    let manifest = model.manifest();
    let probabilities =
        findings.first().map(|findings| findings.probabilities.as_slice()).unwrap_or_default();
    let reference = reference(manifest, &bytes);
    let mut furthest = 0.0f64;
    for (n, (label, &probability)) in manifest.labels.iter().zip(probabilities).enumerate() {
        let probability = f64::from(probability);
        let score = score(probability, label.alert);
        write!(out, "  {:<28}probability {probability:.6}  score {score:.6}", label.name)?;
        if let Ok(reference) = reference {
            let found = match reference.output {
                ReferenceOutput::Probability => probability,
                ReferenceOutput::Score => score,
            };
            let wanted = reference.values.get(n).copied().unwrap_or(f64::NAN);
            let off = (found - wanted).abs();
            // A NaN must not pass for close.
            furthest = if off <= furthest { furthest } else { off };
            write!(out, "  reference {wanted:.6}")?;
        }
        writeln!(out)?;
    }
    match reference {
        Err(why) => writeln!(out, "  not compared: {why}")?,
        Ok(_) if furthest <= CLOSE => writeln!(out, "  ok      reference: {furthest:.1e} off at most")?,
        Ok(_) => {
            return Err(CommandError::failed(format!(
                "the model {} is {furthest:.4} off its reference for this film; {CLOSE} is allowed",
                manifest.name
            )));
        }
    }
    Ok(())
}

/// The reference, if it is about this film and these weights; else why not.
fn reference<'a>(manifest: &'a Manifest, film: &Bytes) -> Result<&'a Reference, &'static str> {
    let reference = manifest.reference.as_ref().ok_or("the manifest holds no reference results")?;
    if reference.film != film.sha256 {
        return Err("the reference results are of another film");
    }
    match &manifest.imported {
        Some(imported) if !imported.published => {
            Err("the reference results are of the published weights, and these are others")
        }
        _ => Ok(reference),
    }
}
