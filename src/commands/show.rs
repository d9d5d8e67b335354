//! `show`: one film with its heatmap and findings, printed once or saved.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use image::RgbImage;

use super::{
    CommandError,
    cli::{GlobalArgs, ShowArgs},
    output::{Lean, stdout, table, terminal},
    printer::Printer,
    screen,
    setup::Setup,
};
use crate::{
    config::Pictures,
    files,
    guard::guarded,
    model::{Findings, Heatmap, Model, ModelError},
    picture::{self, Heat, Mode, Presentation},
    pipeline::{BROKE_DOWN, ask_last_gate, broke_down, failed, read, shown},
    quality::{self, Gates, Held, Warning},
    study::{self, Finding, in_order},
};
use cxr_film::Film;

/// The word for "no heatmap".
const NO_LABEL: &str = "none";
/// The picture's width on the terminal, in characters, at most.
const WIDEST: u16 = 100;
/// From this width on, film and overlay stand side by side.
const BESIDE_FROM: u16 = 60;
/// How a picture that an earlier run saved begins.
const PNG: &[u8] = b"\x89PNG";
/// Lines left for the findings.
const LINES_BELOW: u16 = 18;

/// Runs `show`.
pub(super) fn run(args: &ShowArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let (model, rules) = setup.model_and_rules()?;
    let order = screen::findings_order(&setup.loaded, &rules)?;
    let bytes =
        read(&args.file).map_err(|error| CommandError::failed(format!("{}: {error}", shown(&args.file))))?;
    let film = cxr_film::decode(&bytes.content)
        .map_err(|unreadable| CommandError::failed(format!("{}: {unreadable}", shown(&args.file))))?;
    let judged =
        guarded(|| judge(&film, &model, &setup.config().quality)).unwrap_or_else(|| Ok(Err(broke_down())))?;
    let mut findings = Vec::new();
    let mut overlay = None;
    if let Ok((answer, _)) = &judged {
        findings = study::assess(&answer.probabilities, &rules).findings;
        overlay = chosen(args.label.as_deref(), &findings)?.map(|label| (answer.heatmap.clone(), label));
    }
    if let Some(path) = &args.out {
        let picture = guarded(|| draw(&film, overlay.as_ref(), (film.width, film.height)));
        return save(&picture.ok_or_else(|| CommandError::failed(BROKE_DOWN))?, path);
    }
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if terminal().is_terminal() && !is_dumb {
        print_picture(&film, overlay.as_ref(), setup.config().dashboard.pictures)?;
    }
    let mut out = stdout();
    writeln!(out, "{}", shown(&args.file))?;
    match &judged {
        Err(held) => {
            writeln!(out, "held, not scored: {}", held.reason)?;
            return Ok(());
        }
        Ok((_, warnings)) => {
            for warning in warnings {
                writeln!(out, "warning: {}", warning.sentence)?;
            }
        }
    }
    if let Some(label) = overlay.and_then(|(_, label)| findings.get(label)) {
        writeln!(out, "heatmap: {}, a coarse hint by the model {}", label.label, model.manifest().name)?;
    }
    print_findings(&mut out, &in_order(&findings, &order))?;
    if !model.manifest().banner.is_empty() {
        writeln!(out, "{}", model.manifest().banner)?;
    }
    Ok(())
}

/// Scores a film, and collects the warnings of the gates beside its findings; or says why it is held.
fn judge(
    film: &Film,
    model: &Model,
    gates: &Gates,
) -> Result<Result<(Findings, Vec<Warning>), Held>, CommandError> {
    let warnings = match quality::inspect(film, gates) {
        Ok(warnings) => warnings,
        Err(held) => return Ok(Err(held)),
    };
    let answer = match model.prepare(film).and_then(|input| model.infer(&[input])) {
        Ok(answers) => answers.into_iter().next(),
        Err(error @ (ModelError::Film { .. } | ModelError::NotFinite { .. })) => {
            return Ok(Err(failed(&error)));
        }
        Err(error) => return Err(error.into()),
    };
    let answer = answer.ok_or_else(|| CommandError::failed("the model gave no result"))?;
    Ok(ask_last_gate(answer.distance, warnings, gates).map(|warnings| (answer, warnings)))
}

/// Which label's heatmap: the one named; else the one that decides the film's place.
fn chosen(named: Option<&str>, findings: &[Finding]) -> Result<Option<usize>, CommandError> {
    let Some(named) = named else {
        let top = study::combine([findings]).top;
        return Ok(top.and_then(|top| findings.iter().position(|finding| finding.label == top)));
    };
    if named == NO_LABEL {
        return Ok(None);
    }
    let position = findings.iter().position(|finding| finding.label.eq_ignore_ascii_case(named));
    position.map(Some).ok_or_else(|| {
        let labels: Vec<&str> = findings.iter().map(|finding| finding.label.as_str()).collect();
        CommandError::usage(format!("the model has no label `{named}`: it has {}", labels.join(", ")))
    })
}

fn draw(film: &Film, overlay: Option<&(Heatmap, usize)>, bounds: (u32, u32)) -> RgbImage {
    picture::render(film, overlay.map(|(heatmap, label)| (heatmap, *label)), bounds)
}

fn save(picture: &RgbImage, path: &Path) -> Result<(), CommandError> {
    let cannot = |error: &dyn std::fmt::Display| {
        CommandError::failed(format!("cannot write {}: {error}", shown(path)))
    };
    let mut png = io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).map_err(|error| cannot(&error))?;
    files::export(path, png.get_ref(), &[PNG]).map_err(|error| cannot(&error))?;
    writeln!(stdout(), "wrote {}", shown(path))?;
    Ok(())
}

/// The film and the same with its heatmap side by side, where both have room.
fn print_picture(
    film: &Film,
    overlay: Option<&(Heatmap, usize)>,
    wanted: Pictures,
) -> Result<(), CommandError> {
    let (columns, lines) = crossterm::terminal::size().unwrap_or((80, 24));
    let width = columns.min(WIDEST);
    let height = lines.saturating_sub(LINES_BELOW).max(lines / 2).max(1);
    let beside = overlay.is_some() && width >= BESIDE_FROM;
    let heat = overlay.map(|(map, label)| Heat { map, label: *label });
    let presentation =
        Presentation { mode: if beside { Mode::Beside } else { Mode::Overlay }, ..Presentation::default() };
    let printer = Printer::of_terminal(wanted);
    let room = (width, height);
    let composed =
        guarded(|| picture::compose(&picture::grey(film), heat, None, &presentation, printer.pixels(room)));
    let picture = composed.ok_or_else(|| CommandError::failed(BROKE_DOWN))?;
    printer.print(picture, room)
}

fn print_findings(out: &mut impl Write, findings: &[&Finding]) -> io::Result<()> {
    let columns = [
        ("FINDING", Lean::Left),
        ("SEVERITY", Lean::Left),
        ("SCORE", Lean::Right),
        ("PROBABILITY", Lean::Right),
        ("THRESHOLD", Lean::Right),
        ("", Lean::Left),
    ];
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| {
            let note = match (finding.rank, finding.validated) {
                (_, false) => "not validated",
                (false, true) => "does not rank",
                (true, true) => "",
            };
            vec![
                finding.label.clone(),
                finding.severity.word().to_owned(),
                format!("{:.2}", finding.score),
                format!("{:.3}", finding.probability),
                format!("{:.3}", finding.threshold),
                note.to_owned(),
            ]
        })
        .collect();
    table(out, &columns, &rows)
}
