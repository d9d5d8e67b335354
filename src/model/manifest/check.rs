//! Mistakes of a manifest that no single line shows: how its parts fit together.

use std::collections::HashSet;

use toml::Spanned;

use super::{
    Architecture, EvaluatedOn, Evaluation, Filter, Imported, Kind, Label, Limits, Manifest, OutputRule,
    ProfileNote, Published, Reference, Shape, Step, Tone, Training, TrainingRun, Trunk, is_name,
    is_validated, raw,
};
use crate::text::clean;

/// More pixels than any network of this family takes; a slip of the hand, not a model.
const LARGEST_INPUT: u32 = 4096;

/// More than any set of findings has labels; PadChest has 174.
const MOST_LABELS: usize = 1024;
const MOST_STEPS: usize = 32;
/// Numbers in a network's weights: a gigabyte. ResNet-152, the largest of these families in use, has 60 million.
const MOST_WEIGHTS: f64 = 250e6;
/// Numbers in the largest map that a film becomes on its way: a gigabyte.
const LARGEST_MAP: f64 = (1u32 << 28) as f64;

/// A mistake in a manifest, with the byte of the text where that is known.
pub(super) struct ManifestError {
    pub(super) at: Option<usize>,
    pub(super) reason: String,
}

impl From<String> for ManifestError {
    fn from(reason: String) -> Self {
        Self { at: None, reason }
    }
}

impl raw::Manifest {
    /// Checks the parts against each other.
    pub(super) fn into_checked(self, text: &str) -> Result<Manifest, ManifestError> {
        let name = clean(&self.name);
        if !is_name(&self.name) {
            return Err(
                format!("'{name}' cannot be a model's name: letters, digits, '-', '_' and '.' only").into()
            );
        }
        let raw::Input { channels, size } = self.input;
        if !(1..=64).contains(&channels) || !(32..=LARGEST_INPUT).contains(&size) {
            return Err(format!(
                "an input of {channels} x {size} x {size} is out of range: 1 to 64 channels, size 32 to \
                 {LARGEST_INPUT}"
            )
            .into());
        }
        for (what, count, most) in [
            ("labels", self.labels.len(), MOST_LABELS),
            ("preprocessing", self.preprocessing.len(), MOST_STEPS),
        ] {
            if count > most {
                return Err(format!("`{what}` has {count} entries; at most {most} can be meant").into());
            }
        }
        let preprocessing = steps(self.preprocessing, channels, size)?;
        let outputs = self.labels.len();
        let evaluated = self.evaluated.as_ref().map(evaluated);
        let output = output(self.kind, self.architecture, self.output, outputs)?;
        let labels = match self.kind {
            Kind::Classifier => labels(self.labels, evaluated.as_ref())?,
            Kind::Embedder => Vec::new(),
        };
        let shape = shape(self.architecture, self.network.unwrap_or_default(), size)?;
        let reference = self.reference.map(|raw| reference(raw, labels.len())).transpose()?;
        let imported = self.imported.map(|raw| Imported {
            file: clean(&raw.file),
            sha256: raw.sha256,
            published: raw.published,
        });
        let manifest = Manifest {
            name,
            kind: self.kind,
            title: clean(&self.title),
            architecture: self.architecture,
            shape,
            epsilon: self.epsilon,
            channels,
            size,
            preprocessing,
            output,
            outputs,
            labels,
            banner: clean(&self.banner),
            licence: clean(&self.licence),
            source: clean(&self.source),
            evaluation: clean(&self.evaluation),
            evaluated,
            training: self.training.map(training),
            sha256: self.sha256.unwrap_or_default(),
            trunk: self.trunk.map(trunk).transpose()?,
            profile: self.profile.map(|raw::Profile { sha256, cut_off, turned_cut_off }| ProfileNote {
                sha256,
                limits: Limits { cut_off, turned_cut_off },
            }),
            published: self.published.map(|raw| Published {
                url: clean(&raw.url),
                bytes: raw.bytes,
                sha256: raw.sha256,
            }),
            reference,
            imported,
            text: text.to_owned(),
        };
        let (weights, map) = manifest.network().extent(size as usize);
        if weights > MOST_WEIGHTS || map > LARGEST_MAP {
            return Err(format!(
                "[network] and [input] ask for a network of {weights:.0} weights whose largest map of a film has \
                 {map:.0} numbers; at most {MOST_WEIGHTS:.0} and {LARGEST_MAP:.0} can be meant"
            )
            .into());
        }
        Ok(manifest)
    }
}

/// Returns whether a model is of one piece: a classifier names findings, an embedder none. Returns what its outputs are.
fn output(
    kind: Kind,
    architecture: Architecture,
    output: Option<OutputRule>,
    labels: usize,
) -> Result<OutputRule, String> {
    match (kind, architecture == Architecture::DinoV2) {
        (Kind::Classifier, false) => output.ok_or_else(|| "missing field `output`".to_owned()),
        (Kind::Embedder, true) if output.is_none() && labels == 0 => Ok(OutputRule::Sigmoid),
        (Kind::Embedder, true) => {
            Err("an embedder names no finding: leave `output` and [[labels]] out".to_owned())
        }
        (Kind::Classifier, true) => {
            Err("a network of this architecture names no finding: write kind = \"embedder\"".to_owned())
        }
        (Kind::Embedder, false) => {
            Err("of the architectures only \"dinov2\" is one of an embedder".to_owned())
        }
    }
}

/// Widths and depths that cannot be meant would cost memory before any weights are looked at.
fn shape(architecture: Architecture, raw: raw::Network, size: u32) -> Result<Shape, String> {
    let raw::Network { stem, growth, blocks, width, layers, heads, patch } = raw;
    let is_vit = architecture == Architecture::DinoV2;
    let (of_a_vit, of_others) =
        ([width, layers, heads, patch], [stem, growth, blocks.as_ref().map(Vec::len)]);
    if of_a_vit.iter().any(Option::is_some) && !is_vit || of_others.iter().any(Option::is_some) && is_vit {
        return Err("[network]: `width`, `layers`, `heads` and `patch` are those of \"dinov2\"; `stem`, `growth` and \
                    `blocks` of the others"
            .to_owned());
    }
    let sound = of_a_vit.iter().all(|number| number.is_none_or(|number| (1..=4096).contains(&number)))
        && width.unwrap_or(768).is_multiple_of(heads.unwrap_or(12))
        && size.is_multiple_of(patch.unwrap_or(14) as u32);
    if is_vit && !sound {
        return Err(
            "[network] is out of range: `width` must be a multiple of `heads`, and `input.size` of `patch`"
                .to_owned(),
        );
    }
    let sound = stem.is_none_or(|stem| (1..=1024).contains(&stem))
        && growth.is_none_or(|growth| (1..=256).contains(&growth))
        && blocks.as_ref().is_none_or(|blocks| {
            (1..=8).contains(&blocks.len()) && blocks.iter().all(|layers| (1..=128).contains(layers))
        });
    if !sound {
        return Err(
            "[network] is out of range: `stem` 1 to 1024, `growth` 1 to 256, `blocks` 1 to 8 numbers from 1 \
                    to 128"
                .to_owned(),
        );
    }
    if growth.is_some() && architecture != Architecture::DenseNet121 {
        return Err("[network] has `growth`, which only a DenseNet has".to_owned());
    }
    Ok(Shape { stem, growth, blocks, width, layers, heads, patch })
}

/// A trunk's name becomes a folder's.
fn trunk(raw::Trunk { model, sha256 }: raw::Trunk) -> Result<Trunk, String> {
    match is_name(&model) {
        true => Ok(Trunk { model, sha256 }),
        false => Err(format!("'{}', the model of `trunk`, is no name of a model", clean(&model))),
    }
}

fn reference(raw: raw::Reference, labels: usize) -> Result<Reference, String> {
    let raw::Reference { film, output, values } = raw;
    match values.len() == labels {
        true => Ok(Reference { film, output, values }),
        false => Err(format!("[reference] has {} values for {labels} labels with a name", values.len())),
    }
}

fn training(raw: raw::Training) -> Training {
    let run = |raw: raw::TrainingRun| TrainingRun {
        from: clean(&raw.from),
        from_sha256: raw.from_sha256,
        films: raw.films,
        patients: raw.patients,
        options: clean(&raw.options),
        version: clean(&raw.version),
    };
    Training {
        labels: raw.labels.into_iter().collect(),
        splits: raw.splits.iter().map(|split| clean(split)).collect(),
        run: raw.run.map(run),
    }
}

fn evaluated(raw: &raw::Evaluated) -> EvaluatedOn {
    EvaluatedOn {
        films: clean(&raw.films),
        also_used_for: clean(&raw.also_used_for),
        source_was_trained_on: raw.source_was_trained_on,
        patients_are_unseen: raw.patients_are_unseen,
        is_by_patient: raw.intervals == raw::By::ByPatient,
    }
}

fn labels(raw: Vec<raw::Label>, on: Option<&EvaluatedOn>) -> Result<Vec<Label>, String> {
    let mut labels = Vec::with_capacity(raw.len());
    let mut names = HashSet::new();
    for (output, raw) in raw.into_iter().enumerate() {
        let name = clean(&raw.name);
        if name.is_empty() {
            continue;
        }
        if !names.insert(name.clone()) {
            return Err(format!("label '{name}' stands there twice"));
        }
        labels.push(label(name, output, &raw, on)?);
    }
    match labels.is_empty() {
        false => Ok(labels),
        true => Err("there is no label with a name: a model without labels finds nothing".to_owned()),
    }
}

fn label(name: String, output: usize, raw: &raw::Label, on: Option<&EvaluatedOn>) -> Result<Label, String> {
    if raw.auc.is_none() && (raw.auc_interval.is_some() || raw.positives.is_some() || raw.films.is_some()) {
        return Err(format!("label '{name}' says how its AUC was measured, but has no `auc`"));
    }
    if raw.auc_interval.is_some() && raw.validated.is_some() {
        return Err(format!("label '{name}' has `auc_interval`, which decides: leave `validated` out"));
    }
    if let Some(critical) = raw.critical.filter(|critical| *critical < raw.alert) {
        return Err(format!("label '{name}' has `critical` {critical}, below its `alert`, {}", raw.alert));
    }
    let evaluation = raw.auc.map(|auc| Evaluation {
        auc,
        interval: raw.auc_interval,
        positives: raw.positives,
        films: raw.films,
    });
    let validated = match raw.validated {
        Some(said) => said && on.is_none_or(EvaluatedOn::is_fit),
        None => evaluation.is_some_and(|evaluation| is_validated(&evaluation, on)),
    };
    Ok(Label { name, output, alert: raw.alert, critical: raw.critical, evaluation, validated })
}

/// Reads the steps, and follows a film through them: what values it holds, and what size it ends in.
fn steps(raw: Vec<Spanned<toml::Value>>, channels: usize, size: u32) -> Result<Vec<Step>, ManifestError> {
    let mut steps = Vec::with_capacity(raw.len());
    let mut course = Course { values: None, side: None, short_side: None, channels: 1, closed: false };
    for raw in raw {
        let at = Some(raw.span().start);
        let step: Step = raw
            .into_inner()
            .try_into()
            .map_err(|error: toml::de::Error| ManifestError { at, reason: error.message().to_owned() })?;
        course
            .take(step)
            .map_err(|reason| ManifestError { at, reason: format!("step \"{}\": {reason}", step.word()) })?;
        steps.push(step);
    }
    if course.side != Some(size) {
        return Err(format!("`preprocessing` must end with films of `input.size`, {size} x {size}").into());
    }
    if course.channels != channels {
        let made = course.channels;
        return Err(
            format!("`preprocessing` gives {made} channel(s), but `input.channels` is {channels}").into()
        );
    }
    Ok(steps)
}

/// The shape and range of a film between two steps.
struct Course {
    /// None before the first step.
    values: Option<Values>,
    /// Rows and columns, once they are known.
    side: Option<u32>,
    /// The shorter of the two, once that is known.
    short_side: Option<u32>,
    channels: usize,
    /// Whether the last step has been.
    closed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Values {
    /// Grey, from 0 to a known largest value.
    Grey(Tone),
    /// Anything.
    Other,
}

impl Course {
    fn take(&mut self, step: Step) -> Result<(), &'static str> {
        let demand = |holds: bool, reason| if holds { Ok(()) } else { Err(reason) };
        demand(!self.closed, "nothing may come after \"channels\"")?;
        demand(
            self.values.is_none() == matches!(step, Step::Grey { .. }),
            "the first step is \"grey\", and no other",
        )?;
        match step {
            Step::Grey { from } => self.values = Some(Values::Grey(from)),
            Step::Scale { low, high } => {
                demand(low.is_finite() && high.is_finite() && low < high, "`low` must be less than `high`")?;
                demand(self.values != Some(Values::Other), "only grey can be scaled: put it earlier")?;
                self.values = Some(Values::Other);
            }
            Step::CentreCrop {} => self.side = self.side.or(self.short_side),
            Step::Resize { size, filter, eight_bit } | Step::ResizeShortSide { size, filter, eight_bit } => {
                demand((1..=LARGEST_INPUT).contains(&size), "`size` is out of range: 1 to 4096")?;
                let display = self.values == Some(Values::Grey(Tone::Display));
                demand(!eight_bit || display, "`eight_bit` needs display grey, 0 to 255, not scaled")?;
                demand(!eight_bit || filter != Filter::Order1Gaussian, "this filter has no `eight_bit`")?;
                let is_square = matches!(step, Step::Resize { .. });
                let plain = matches!(filter, Filter::Nearest | Filter::Order1Gaussian);
                demand(is_square || !plain, "this filter makes squares only")?;
                (self.side, self.short_side) = (is_square.then_some(size), Some(size));
            }
            Step::Standardise { epsilon, ddof } => {
                demand(epsilon.is_finite() && epsilon >= 0.0, "`epsilon` must be 0 or more")?;
                demand(ddof <= 1, "`ddof` must be 0 or 1")?;
                self.values = Some(Values::Other);
            }
            Step::Normalise { mean, std } => {
                demand(mean.is_finite() && std.is_finite() && std > 0.0, "`std` must be above 0")?;
                self.values = Some(Values::Other);
            }
            Step::Channels { count } => {
                (self.channels, self.closed) = (count, true);
            }
        }
        Ok(())
    }
}
