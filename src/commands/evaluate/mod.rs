//! `evaluate`: how good the model is on a labelled set.
//!
//! ```text
//! inputs (labels, films, boxes) ─▶ score (decode, gates, model; kept between runs) ─▶ crate::evaluate
//!    ─▶ tables and curves on standard output, out (report.html, report.json, plots)
//! ```

mod cases;
mod curves;
mod evaluated;
mod explore;
mod inputs;
mod kept;
mod out;
mod score;
mod shots;
mod tables;

use std::{
    collections::HashMap,
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use self::{
    evaluated::{Evaluated, Films, Other},
    inputs::Inputs,
    kept::{Kept, Wanted},
    score::{Run, Scorer, Task},
};
use super::{
    CommandError,
    cli::{EvaluateArgs, GlobalArgs},
    output::{progress, stdout},
    setup::{Setup, label_defaults, rules},
    signals,
    unread::told,
};
use crate::{
    config,
    evaluate::{Goal, Proposal, Report, labels::Row},
    model::Model,
    pipeline::{Cores, shown},
    quality::Gates,
    study::{Rules, Setting},
};

/// Runs `evaluate`.
pub(super) fn run(args: &EvaluateArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    if let Some(path) = &args.explore {
        return explore::run(path, args);
    }
    let setup = Setup::new(global)?;
    check(args, &setup)?;
    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(model.manifest());
    let known: Vec<&str> = model.manifest().labels.iter().map(|label| label.name.as_str()).collect();
    cases::check_prevalences(&args.prevalence, &known)?;
    let other = other_model(args, &setup, &model)?;
    let mut inputs = inputs::gather(args, model.manifest(), &setup.config().inbox.ignore)?;
    if args.write {
        inputs::training::refuse(&inputs)?;
    }
    let boxes = match &args.boxes {
        None => HashMap::new(),
        Some(path) => {
            let (boxes, notes) = inputs::boxes(path, &known, &inputs.joined)?;
            inputs.notes.extend(notes);
            boxes
        }
    };
    let interrupted = signals::interrupted()?;
    let scoring = Scoring { args, gates: &setup.config().quality, interrupted: &interrupted };
    let run = scoring.run(&model, &tasks(args, &inputs, &boxes))?;
    if run.reused > 0 {
        inputs
            .notes
            .push(format!("the scores of {} unchanged films are those of an earlier run", run.reused));
    }
    let other_run = other
        .as_ref()
        .map(|(other, _)| scoring.run(other, &tasks(args, &inputs, &HashMap::new())))
        .transpose()?;

    let films = Films::sort(&inputs, &run.outcomes, args.score_held);
    let evaluated = Evaluated {
        args,
        model: &model,
        rules: &rules,
        inputs: &inputs,
        boxes: &boxes,
        films: &films,
        other: other.as_ref().zip(other_run.as_ref()).map(|((model, rules), run)| Other {
            model,
            rules,
            outcomes: &run.outcomes,
        }),
    };
    let report = evaluated.report()?;
    let mut out = stdout();
    if args.json {
        out.json(&report)?;
    } else {
        tables::write(&mut out, &report)?;
        writeln!(out)?;
        curves::write(&mut out, &report.labels)?;
    }
    if let Some(folder) = &args.out {
        let (shots, legend) = shots::take(&evaluated);
        out::write(folder, &report, &shots, &legend)?;
        if !args.json {
            writeln!(out, "\nwritten: {}", shown(&folder.join("report.html")))?;
        }
    }
    if args.write {
        write_thresholds(&setup, &model, &report, &mut out, args.json)?;
    }
    out.flush()?;
    match report.unread.as_slice() {
        [] => Ok(()),
        unread => {
            let film = |film: &str| told(&inputs.folder.join(film), &[]);
            let lines: Vec<String> =
                unread.iter().map(|f| format!("{}: {}", film(&f.film), f.reason)).collect();
            Err(CommandError::unread(&lines))
        }
    }
}

/// The model to compare with, and the site's rules for it.
fn other_model(
    args: &EvaluateArgs,
    setup: &Setup,
    model: &Model,
) -> Result<Option<(Arc<Model>, Rules)>, CommandError> {
    let Some(name) = &args.compare else { return Ok(None) };
    if *name == model.manifest().name {
        return Err(CommandError::usage(format!(
            "--compare: {name} is the model that is evaluated; name another one"
        )));
    }
    let other = setup.model(Some(name))?;
    let rules = rules(&setup.loaded, other.manifest())?;
    Ok(Some((Arc::new(other), rules)))
}

fn tasks(args: &EvaluateArgs, inputs: &Inputs, boxes: &inputs::Boxes) -> Vec<Task> {
    let task = |(n, (film, _)): (usize, &(PathBuf, Row))| Task {
        path: inputs.folder.join(film),
        wanted: Wanted { held_too: args.score_held, heatmap: boxes.contains_key(&n) },
    };
    inputs.joined.iter().enumerate().map(task).collect()
}

/// The parts of an evaluation that are the same for every model.
struct Scoring<'a> {
    args: &'a EvaluateArgs,
    gates: &'a Gates,
    interrupted: &'a AtomicBool,
}

impl Scoring<'_> {
    /// Scores the films with a model, as far as earlier runs have not.
    fn run(&self, model: &Arc<Model>, tasks: &[Task]) -> Result<Run, CommandError> {
        let mut kept = match &self.args.out {
            None => Kept::default(),
            Some(folder) => {
                std::fs::create_dir_all(folder).and_then(|()| Kept::open(folder, model, self.gates)).map_err(
                    |error| CommandError::failed(format!("cannot write to {}: {error}", shown(folder))),
                )?
            }
        };
        let bar = progress(tasks.len() as u64, "films");
        let scorer =
            Scorer { cores: Cores::new(Arc::clone(model)), gates: self.gates, interrupted: self.interrupted };
        let run = scorer.score(tasks, &mut kept, &bar)?;
        bar.finish_and_clear();
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(stopped(run.outcomes.len(), tasks.len(), &kept));
        }
        Ok(run)
    }
}

/// Refuses options that cannot be followed, before an hour of scoring instead of after it.
fn check(args: &EvaluateArgs, setup: &Setup) -> Result<(), CommandError> {
    if matches!(args.calibrate, Some(Goal::AlarmsPerDay(_))) && args.films_per_day.is_none() {
        return Err(CommandError::usage(
            "alarms-per-day needs to know how many films a day there are: add --films-per-day N",
        ));
    }
    if args.write && setup.loaded.path.is_none() {
        return Err(CommandError::usage(
            "there is no configuration file to write thresholds into: make one with `cxr-triage config init`, or \
             name one with --config",
        ));
    }
    Ok(())
}

fn stopped(done: usize, all: usize, kept: &Kept) -> CommandError {
    match kept.path() {
        Some(path) => CommandError::InterruptedWith(format!(
            "interrupted: {done} of {all} films are done and kept in {}; the same command goes on from there",
            shown(path)
        )),
        None => CommandError::InterruptedWith(format!(
            "interrupted after {done} of {all} films; with --out DIR the next run would go on from here"
        )),
    }
}

/// The threshold that `--write` writes for a label.
fn to_write(proposal: &Proposal) -> Option<f64> {
    proposal.then.as_ref().filter(|_| proposal.not_written.is_none()).map(|at| at.threshold)
}

fn write_thresholds(
    setup: &Setup,
    model: &Arc<Model>,
    report: &Report,
    stdout: &mut impl Write,
    json: bool,
) -> Result<(), CommandError> {
    let (Some(path), Some(thresholds)) = (&setup.loaded.path, &report.thresholds) else { return Ok(()) };
    let written: Vec<&Proposal> = thresholds.proposals.iter().filter(|p| to_write(p).is_some()).collect();
    if written.is_empty() {
        return Err(CommandError::failed(
            "no label has enough films to choose a threshold by: nothing was written",
        ));
    }
    let manifest = model.manifest();
    let defaults = label_defaults(manifest);
    if matches!(thresholds.goal, Goal::Alarms(_)) {
        let settings: Vec<(&str, Setting)> = written
            .iter()
            .map(|p| (p.label.as_str(), Setting { alert: to_write(p), critical: p.critical }))
            .collect();
        config::write_thresholds(path, &manifest.name, model.sha256(), &defaults, &settings)?;
    } else {
        let alerts: Vec<(&str, f64)> =
            written.iter().filter_map(|p| Some((p.label.as_str(), to_write(p)?))).collect();
        config::write_alerts(path, &manifest.name, model.sha256(), &defaults, &alerts)?;
    }
    if !json {
        writeln!(stdout, "written: {} thresholds of {} into {}", written.len(), manifest.name, shown(path))?;
    }
    Ok(())
}
