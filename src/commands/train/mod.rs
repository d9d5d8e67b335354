//! `train`: a new model from labelled films, the last layer of one that is there learned anew.
//!
//! ```text
//! films (labels, patients, roles) ─▶ features (decode, gates, network; cached between runs) ─▶ crate::train
//!    ─▶ learn (labels that can be learned, layer, AUCs, thresholds) ─▶ a model's folder, a table
//! ```

mod block;
mod cache;
mod features;
mod films;
mod learn;
mod load;
mod tell;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use self::{
    cache::Cache,
    features::{Outcome, Reader, Run, Task},
    films::{Films, Seen, check_leaks},
    learn::Learned,
};
use super::{
    CommandError,
    cli::{BatchNormAs, DepthAs, GlobalArgs, TrainArgs},
    labelled::first,
    output::progress,
    setup::Setup,
    signals,
    unread::told,
};
use crate::{
    evaluate::Goal,
    hash::sha256,
    model::{Base, NewModel, Training, TrainingRun},
    pipeline::{Cores, shown},
    quality::Gates,
    train::{Role, Weighting},
};

/// Films that a profile of the new model is made of, at most: each goes through the network twice.
const SAMPLES: usize = 800;

/// Runs `train`.
pub(super) fn run(args: &TrainArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    if matches!(args.goal, Goal::AlarmsPerDay(_)) {
        return Err(CommandError::usage(
            "--goal: how many films a day there are is the site's to say: choose another goal, and alarms-per-day \
             later with `evaluate --calibrate`",
        ));
    }
    if args.depth == DepthAs::Head && args.batch_norm != BatchNormAs::Frozen {
        return Err(CommandError::usage(
            "--batch-norm: a last layer alone has no batch norm to train: add --depth block4, or leave it out",
        ));
    }
    let setup = Setup::new(global)?;
    let library = setup.new_models()?;
    NewModel::check_name(&args.name, &library, &args.from)?;
    let base = Base::new(Arc::new(setup.model(Some(&args.from))?))?;
    let interrupted = signals::interrupted()?;
    let mut films = Films::gather(args, &setup.config().inbox.ignore)?;

    let run = read(&films, &base, &setup.config().quality, &interrupted)?;
    if run.reused > 0 {
        films
            .notes
            .push(format!("{} films were seen by an earlier run, and were not read again", run.reused));
    }
    let (seen, unread) = sort(&mut films, run.outcomes);
    check_leaks(&films, &seen)?;
    let weighting = Weighting::from(args.weighting);
    let learned = Learned::of(args, &mut films, seen, &base, &interrupted)?;

    let precision = base.model().precision().word();
    let depth = learned.depth();
    let options =
        format!("{depth}, {precision}, weighting {weighting}, goal {}, {}", args.goal, learned.division);
    let training = training(&films, &learned, &base, options);
    let part = if learned.block.is_some() { "last block" } else { "last layer" };
    let title = format!("{}: the {part} of {} trained on films of one site", args.name, args.from);
    let banner = format!(
        "Model {}, trained at one site on {} films of {} patients: how far to trust it elsewhere nobody has measured.",
        args.name, learned.films, learned.patients
    );
    let (manifest, profile) = base.install(&NewModel {
        name: &args.name,
        library: &library,
        weights: learned.weights(),
        labels: &learned.labels,
        title: &title,
        banner: &banner,
        evaluation: &learned.evaluated.films,
        evaluated: &learned.evaluated,
        training: &training,
        samples: &learned.samples,
    })?;
    if let Some(state) = learned.block.as_ref().and_then(|block| block.state.as_ref()) {
        // The model is there; what is left would be of no use to anybody.
        let _ = std::fs::remove_file(state);
    }
    tell::tell(&setup, &library.join(&args.name), &manifest, &films, &learned, profile)?;
    match unread.as_slice() {
        [] => Ok(()),
        unread => Err(CommandError::unread(unread)),
    }
}

/// Takes the films through the network, as far as earlier runs have not.
fn read(films: &Films, base: &Base, gates: &Gates, interrupted: &AtomicBool) -> Result<Run, CommandError> {
    let model = base.model();
    let cache = Cache::open(model, gates).map_err(|error| {
        let place = cache::place(model, gates).map(|place| shown(&place)).unwrap_or_default();
        CommandError::failed(format!(
            "cannot write {place}: {error}; name another folder with XDG_CACHE_HOME"
        ))
    })?;
    let tasks = tasks(films);
    let bar = progress(tasks.len() as u64, "films");
    let reader = Reader { cores: Cores::new(Arc::clone(model)), gates, interrupted };
    let run = reader.run(&tasks, cache, &bar)?;
    bar.finish_and_clear();
    if interrupted.load(Ordering::Relaxed) {
        return Err(CommandError::InterruptedWith(format!(
            "interrupted: what the network saw in {} of {} films is in the cache; the same command goes on from there",
            run.done,
            tasks.len()
        )));
    }
    Ok(run)
}

/// The films to be read. The new model's profile is of those trained on whose names come first by a hash: the same ones
/// in every run.
fn tasks(films: &Films) -> Vec<Task> {
    let trained = films.films.iter().enumerate().filter(|(_, (_, _, role))| matches!(role, Role::Train(_)));
    let mut order: Vec<(String, usize)> =
        trained.map(|(n, (film, _, _))| (sha256(film.as_os_str().as_encoded_bytes()), n)).collect();
    order.sort_unstable();
    let mut tasks: Vec<Task> =
        films.films.iter().map(|(film, _, _)| Task { path: films.folder.join(film), sample: None }).collect();
    for (nth, (_, n)) in order.into_iter().take(SAMPLES).enumerate() {
        tasks[n].sample = Some(nth);
    }
    tasks
}

/// The films that can be trained on, each content once, and those that could not be read, in words.
fn sort(films: &mut Films, outcomes: Vec<Outcome>) -> (Vec<Seen>, Vec<String>) {
    let (mut seen, mut held, mut unread, mut copies) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut contents = BTreeSet::new();
    for ((film, row, role), outcome) in films.films.iter().zip(outcomes) {
        match outcome {
            Err(reason) => unread.push(format!("{}: {reason}", told(&films.folder.join(film), &[]))),
            Ok(record) => {
                let reason = record.held.clone();
                match Seen::of(films.folder.join(film), row, *role, record) {
                    Some(film) if contents.insert((film.sha256.clone(), film.role)) => seen.push(film),
                    Some(_) => copies += 1,
                    None => held.push(format!("{} ({})", shown(film), reason.unwrap_or_default())),
                }
            }
        }
    }
    if copies > 0 {
        films.notes.push(format!("{copies} films are copies of others and count once"));
    }
    if !held.is_empty() {
        let names = first(&held);
        films.notes.push(format!("{} films would be held and are left out: {names}", held.len()));
    }
    if !unread.is_empty() {
        films.notes.push(format!("{} films could not be read and are left out", unread.len()));
    }
    (seen, unread)
}

/// Collects the provenance of the new model: the films that it and its base were trained on.
fn training(films: &Films, learned: &Learned, base: &Base, options: String) -> Training {
    let manifest = base.model().manifest();
    let before = manifest.training.clone().unwrap_or_default();
    let labels = before.labels.into_iter().chain([films.labels_sha256.clone()]).collect();
    let splits = before.splits.into_iter().chain(learned.splits.iter().cloned()).collect();
    let run = TrainingRun {
        from: manifest.name.clone(),
        from_sha256: base.model().sha256().to_owned(),
        films: learned.films as u64,
        patients: learned.patients as u64,
        options,
        version: crate::VERSION.to_owned(),
    };
    Training { labels, splits, run: Some(run) }
}
