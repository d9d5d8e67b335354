//! Writes the phantom films of `weights/phantom`, with their labels: `cargo run --release --example phantoms -- FOLDER`.
//!
//! Films of three seeds, one a part (`Split`): train, val (thresholds) and report (the card's figures). Half of them are
//! healthy; the others have one finding, in every extent and on both sides in turn. No seed is one that `demo` begins with.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use cxr_triage::phantom::{Disease, Extent, Phantom, Side, View};
use jiff::civil;

/// Parts: name, seed, films, rows and columns of a film.
const PARTS: [(&str, u64, u64, u32); 3] =
    [("train", 1001, 960, 500), ("val", 1002, 240, 500), ("report", 1003, 240, 1000)];

const DISEASES: [(Disease, &str); 4] = [
    (Disease::Cardiomegaly, "Cardiomegaly"),
    (Disease::Effusion, "Effusion"),
    (Disease::Mass, "Mass"),
    (Disease::Pneumothorax, "Pneumothorax"),
];
const EXTENTS: [(Extent, &str); 3] =
    [(Extent::Small, "small"), (Extent::Moderate, "moderate"), (Extent::Large, "large")];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("the folder to write into is missing")?);
    let names: Vec<&str> = DISEASES.iter().map(|(_, name)| *name).collect();
    let mut labels = format!("Image,Split,PatientId,Sex,Extent,{}\n", names.join(","));
    for (part, seed, films, side) in PARTS {
        fs::create_dir_all(folder.join(part))?;
        for place in 0..films {
            let (phantom, extent) = drawn(seed, place);
            let name = format!("{part}/{place:04}.dcm");
            let taken = civil::date(2026, 3, 2).at(14, 2, 0, 0);
            fs::write(folder.join(&name), phantom.dicom(side, taken))?;
            let sex = if phantom.patient.is_female { "F" } else { "M" };
            write!(labels, "{name},{part},{seed}-{place},{sex},{extent}")?;
            for (disease, _) in DISEASES {
                write!(labels, ",{}", u8::from(phantom.has(disease)))?;
            }
            labels.push('\n');
        }
    }
    fs::write(folder.join("labels.csv"), labels)?;
    Ok(())
}

/// The phantom at a place of a part, and how much it has of its finding.
fn drawn(seed: u64, place: u64) -> (Phantom, &'static str) {
    let at = |turn: u64, count: usize| usize::try_from(turn).unwrap_or(0) % count;
    let (extent, word) = EXTENTS[at(place / 8, 3)];
    let side = [Side::Left, Side::Right][at(place / 24, 2)];
    let disease = DISEASES.get(at(place, 8)).map(|(disease, _)| *disease);
    let phantom = Phantom {
        view: View::Frontal,
        diseases: disease.map(|disease| (disease, side, extent)).into_iter().collect(),
        years_ago: 0,
        ..Phantom::nth(seed, place)
    };
    (phantom, if disease.is_some() { word } else { "" })
}
