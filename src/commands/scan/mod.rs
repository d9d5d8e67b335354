//! `scan`: score files or folders now, print the ranked table. Uses no store.

mod gather;
mod work;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use self::{
    gather::{Gathering, Judge, ModelName, Study},
    work::Scan,
};
use super::{
    CommandError,
    cli::{GlobalArgs, ScanArgs},
    output::{Lean, progress, stderr, stdout, table},
    setup::Setup,
    signals,
    unread::UnreadFiles,
};
use crate::{
    intake::{Kind, LeftOut, Names, is_receivers},
    pipeline::{Cores, file_name, shown},
};

/// Runs `scan`.
pub(super) fn run(args: &ScanArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(model.manifest());
    let interrupted = signals::interrupted()?;
    let mut faults = UnreadFiles::new(&args.paths);
    let Listed { files, left_out } = films_under(&args.paths, &setup.config().inbox.ignore, &mut faults);

    let bar = progress(files.len() as u64, "films");
    let gates = &setup.config().quality;
    let cores = Cores::new(Arc::clone(&model));
    let scan = Scan::new(&cores, gates, setup.config().inbox.raster_study, &interrupted);
    let name = ModelName { name: model.manifest().name.clone(), sha256: model.sha256().to_owned() };
    let mut gathering = Gathering::new(name);
    let judge = Judge { rules: &rules, gates };
    cores
        .pass(&scan, &files, &interrupted, |outcomes| gathering.gather(&outcomes, &judge, &bar, &mut faults));
    bar.finish_and_clear();
    if interrupted.load(Ordering::Relaxed) {
        return Err(CommandError::Interrupted);
    }

    let mut ranked = gathering.ranked(left_out);
    if let Some(top) = args.top {
        ranked.truncate(top);
    }
    let mut out = stdout();
    if args.json {
        for study in &ranked {
            out.json(study)?;
        }
    } else {
        print_table(&mut out, &ranked)?;
        for (path, why) in faults.iter() {
            writeln!(out, "not read: {}: {why}", shown(path))?;
        }
    }
    if let Some(left_out) = left_out.in_words() {
        let sentence = format!("files left out: {left_out}");
        // Standard output has a line of JSON a study, and nothing else.
        if args.json { writeln!(stderr(), "{sentence}")? } else { writeln!(out, "{sentence}")? }
    }
    out.flush()?;
    faults.end()
}

/// The files of a command line.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Those that may be films, in the order of their paths.
    pub(super) files: Vec<PathBuf>,
    /// The files that lie in the folders besides and are left out.
    pub(super) left_out: LeftOut,
}

/// The files named, and those in the folders named. What a folder holds beside films (see [`Names`]) is left out; a
/// file named outright never is.
pub(super) fn films_under(paths: &[PathBuf], ignore: &[String], faults: &mut UnreadFiles<'_>) -> Listed {
    let names = Names::new(ignore.to_vec());
    let mut listed = Listed::default();
    for path in paths {
        if path.is_dir() {
            let mut found = Listed { left_out: listed.left_out, ..Listed::default() };
            walk((path, path), &names, &mut found, faults);
            found.files.sort();
            listed.files.extend(found.files);
            listed.left_out = found.left_out;
        } else {
            listed.files.push(path.clone());
        }
    }
    listed
}

fn walk((top, folder): (&Path, &Path), names: &Names, found: &mut Listed, faults: &mut UnreadFiles<'_>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(folder, &error);
            return;
        }
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            match names.folder(&entry.file_name()) {
                None => walk((top, &path), names, found, faults),
                Some(_) if is_receivers(&entry.file_name()) => {}
                Some(why) => found.left_out.add(why),
            }
        } else if !path.is_file() {
            found.left_out.add(names.special(path.strip_prefix(top).unwrap_or(&path)));
        } else {
            match names.kind_at_rest(top, &path) {
                Kind::Film => found.files.push(path),
                Kind::LeftOut(why) => found.left_out.add(why),
                Kind::Hidden | Kind::Sidecar => {}
            }
        }
    }
}

fn print_table(out: &mut impl Write, studies: &[Study]) -> io::Result<()> {
    let columns = [
        ("#", Lean::Right),
        ("SEVERITY", Lean::Left),
        ("SCORE", Lean::Right),
        ("TOP FINDING", Lean::Left),
        ("FILM", Lean::Left),
    ];
    let rows: Vec<Vec<String>> = studies
        .iter()
        .enumerate()
        .map(|(index, study)| {
            let first = study.films.first().map(|film| &film.path);
            let file = first.or(study.held.first().map(|film| &film.path));
            let more = (study.films.len() + study.held.len()).saturating_sub(1);
            let mut name = file.map(|path| file_name(Path::new(path))).unwrap_or_default();
            if more > 0 {
                name.push_str(&format!(" and {more} more"));
            }
            vec![
                (index + 1).to_string(),
                study.severity.word().to_owned(),
                study.score.map(|score| format!("{score:.2}")).unwrap_or_else(|| "-".into()),
                study.top.clone().unwrap_or_else(|| "-".into()),
                name,
            ]
        })
        .collect();
    table(out, &columns, &rows)?;
    for study in studies {
        let films = study.films.iter().map(|film| (&film.path, &film.warnings));
        for (path, warnings) in films.chain(study.held.iter().map(|film| (&film.path, &film.warnings))) {
            for warning in warnings {
                writeln!(out, "warning: {}: {warning}", file_name(Path::new(path)))?;
            }
        }
    }
    for held in studies.iter().flat_map(|study| &study.held) {
        writeln!(out, "held: {}: {}", file_name(Path::new(&held.path)), held.reason)?;
    }
    Ok(())
}
