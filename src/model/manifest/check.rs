//! What one line of a manifest cannot show to be wrong: how its parts fit together.

use std::collections::HashSet;

use super::{Evaluation, Filter, Label, Manifest, Step, Tone, VALIDATED_ABOVE, raw};
use crate::text::clean;

/// More pixels than any network of this family takes; a slip of the hand, not a model.
const LARGEST_INPUT: u32 = 4096;

impl raw::Manifest {
    /// Checks the parts against each other. The error is the reason.
    pub(super) fn into_checked(self, text: &str) -> Result<Manifest, String> {
        let name = clean(&self.name);
        if !super::super::library::is_name(&self.name) {
            return Err(format!("'{name}' cannot be a model's name: letters, digits, '-', '_' and '.' only"));
        }
        let raw::Input { channels, size } = self.input;
        if !(1..=64).contains(&channels) || !(32..=LARGEST_INPUT).contains(&size) {
            return Err(format!(
                "an input of {channels} x {size} x {size} is out of range: 1 to 64 channels, size 32 to \
                 {LARGEST_INPUT}"
            ));
        }
        check_steps(&self.preprocessing, channels, size)?;
        let outputs = self.labels.len();
        let labels = labels(self.labels)?;
        Ok(Manifest {
            name,
            title: clean(&self.title),
            architecture: self.architecture,
            epsilon: self.epsilon,
            channels,
            size,
            preprocessing: self.preprocessing,
            output: self.output,
            outputs,
            labels,
            banner: clean(&self.banner),
            licence: clean(&self.licence),
            source: clean(&self.source),
            evaluation: clean(&self.evaluation),
            sha256: self.sha256,
            text: text.to_owned(),
        })
    }
}

fn labels(raw: Vec<raw::Label>) -> Result<Vec<Label>, String> {
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
        labels.push(label(name, output, &raw)?);
    }
    match labels.is_empty() {
        false => Ok(labels),
        true => Err("there is no label with a name: a model without labels finds nothing".to_owned()),
    }
}

fn label(name: String, output: usize, raw: &raw::Label) -> Result<Label, String> {
    if raw.auc.is_none() && (raw.auc_interval.is_some() || raw.positives.is_some() || raw.films.is_some()) {
        return Err(format!("label '{name}' says how its AUC was measured, but has no `auc`"));
    }
    let validated = match (raw.auc_interval, raw.validated) {
        (Some(_), Some(_)) => {
            return Err(format!("label '{name}' has `auc_interval`, which decides: leave `validated` out"));
        }
        (Some([low, _]), None) => low > VALIDATED_ABOVE,
        (None, said) => said.unwrap_or(false),
    };
    let evaluation = raw.auc.map(|auc| Evaluation {
        auc,
        interval: raw.auc_interval,
        positives: raw.positives,
        films: raw.films,
    });
    Ok(Label { name, output, alert: raw.alert, evaluation, validated })
}

/// Follows the plane through the steps: which values it holds, and of what size it ends.
fn check_steps(steps: &[Step], channels: usize, size: u32) -> Result<(), String> {
    let [Step::Grey { from }, rest @ ..] = steps else {
        return Err("`preprocessing` must begin with the step \"grey\"".to_owned());
    };
    let (mut values, mut side, mut planes) = (Values::Grey(*from), None, 1);
    for (n, step) in rest.iter().enumerate() {
        let number = n + 2;
        let wrong = |reason: &str| Err(format!("`preprocessing`, step {number} ({}): {reason}", step.word()));
        match *step {
            Step::Grey { .. } => return wrong("only the first step is \"grey\""),
            Step::Scale { low, high } => match values {
                Values::Grey(_) if low.is_finite() && high.is_finite() && low < high => {
                    values = Values::Other;
                }
                Values::Grey(_) => return wrong("`low` must be less than `high`"),
                Values::Other => return wrong("only grey values can be scaled: put it earlier"),
            },
            Step::CentreCrop {} => {}
            Step::Resize { size, filter, eight_bit } => {
                if !(1..=LARGEST_INPUT).contains(&size) {
                    return wrong("`size` is out of range");
                }
                if eight_bit && values != Values::Grey(Tone::Display) {
                    return wrong("`eight_bit` needs display grey: 0 to 255, not scaled");
                }
                if eight_bit && filter == Filter::Order1Gaussian {
                    return wrong("this filter has no `eight_bit`");
                }
                side = Some(size);
            }
            Step::Standardise { epsilon, ddof } => {
                if !(epsilon.is_finite() && epsilon >= 0.0) || ddof > 1 {
                    return wrong("`epsilon` must be 0 or more, and `ddof` 0 or 1");
                }
                values = Values::Other;
            }
            Step::Normalise { mean, std } => {
                if !(mean.is_finite() && std.is_finite() && std > 0.0) {
                    return wrong("`std` must be above 0");
                }
                values = Values::Other;
            }
            Step::Channels { .. } if number != steps.len() => return wrong("it must be the last step"),
            Step::Channels { count } => planes = count,
        }
    }
    if side != Some(size) {
        return Err(format!("`preprocessing` must end with films of `input.size`, {size} x {size}"));
    }
    if planes != channels {
        return Err(format!("`preprocessing` gives {planes} channel(s), but `input.channels` is {channels}"));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Values {
    /// Grey, from 0 to a known largest value.
    Grey(Tone),
    /// Anything.
    Other,
}
