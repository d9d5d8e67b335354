//! Writes the phantom films of `weights/phantom`, with their labels and boxes, and what the starter's network sees in each
//! place of them: `cargo run --release --example phantoms -- FOLDER`.
//!
//! Films of three seeds, one a part (`Split`): train, val (thresholds) and report (the card's figures). Half of them are
//! healthy; the others have one finding, in every extent and on both sides in turn. No seed is one that `demo` begins with.
//!
//! `maps.safetensors` has for each part, by its name: `maps`, the last feature map in half precision (film x channel x cell);
//! `cells`, the share of each cell that the finding covers (film x label x cell); `masks`, 1 where the film's finding lies
//! (film x row x column of 224 each, bytes).

use std::{collections::BTreeMap, env, error::Error, fmt::Write as _, fs, path::PathBuf, sync::Arc};

use candle_core::{DType, Device, Tensor};
use cxr_triage::{
    model::{Base, DeviceChoice, Front, Model, Precision, Source},
    phantom::{Disease, Extent, Phantom, Side, View},
    train::block::{BatchNorm, Block, BlockShape},
};
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

/// Rows and columns of a mask, and of the last feature map.
const MASK: usize = 224;
const CELLS: usize = 7;
/// Films whose maps are computed together.
const TOGETHER: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("the folder to write into is missing")?);
    let network = Network::starter()?;
    let names: Vec<&str> = DISEASES.iter().map(|(_, name)| *name).collect();
    let mut labels = format!("Image,Split,PatientId,Sex,Extent,{}\n", names.join(","));
    let mut boxes = "Image,Label,X,Y,W,H\n".to_owned();
    let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
    for (part, seed, films, side) in PARTS {
        fs::create_dir_all(folder.join(part))?;
        let (mut inputs, mut maps) = (Vec::new(), Vec::new());
        let (mut cells, mut masks) = (Vec::new(), Vec::new());
        for place in 0..films {
            let (phantom, extent) = drawn(seed, place);
            let name = format!("{part}/{place:04}.dcm");
            let taken = civil::date(2026, 3, 2).at(14, 2, 0, 0);
            // What an earlier run drew is the same.
            let file = match fs::read(folder.join(&name)) {
                Ok(file) => file,
                Err(_) => phantom.dicom(side, taken),
            };
            fs::write(folder.join(&name), &file)?;
            let sex = if phantom.patient.is_female { "F" } else { "M" };
            write!(labels, "{name},{part},{seed}-{place},{sex},{extent}")?;
            let mut any = vec![0_u8; MASK * MASK];
            for (disease, label) in DISEASES {
                write!(labels, ",{}", u8::from(phantom.has(disease)))?;
                let mask = phantom.lesion(disease, MASK as u32);
                cells.extend(shares(&mask));
                any.iter_mut().zip(&mask).for_each(|(any, is)| *any |= u8::from(*is));
                if let Some(bounds) = bounds(&mask) {
                    let [x, y, width, height] =
                        bounds.map(|edge| edge as f64 * f64::from(side) / MASK as f64);
                    writeln!(boxes, "{name},{label},{x:.1},{y:.1},{width:.1},{height:.1}")?;
                }
            }
            labels.push('\n');
            masks.extend(any);
            inputs.push(file);
            if inputs.len() == TOGETHER || place + 1 == films {
                maps.push(network.maps(&inputs)?);
                inputs.clear();
            }
        }
        let films = usize::try_from(films)?;
        let maps = Tensor::cat(&maps, 0)?;
        let channels = maps.dim(1)?;
        tensors.insert(format!("{part}.maps"), maps.reshape((films, channels, CELLS * CELLS))?);
        let cells = Tensor::from_vec(cells, (films, DISEASES.len(), CELLS * CELLS), &Device::Cpu)?;
        tensors.insert(format!("{part}.cells"), cells);
        tensors.insert(format!("{part}.masks"), Tensor::from_vec(masks, (films, MASK, MASK), &Device::Cpu)?);
    }
    fs::write(folder.join("labels.csv"), labels)?;
    fs::write(folder.join("boxes.csv"), boxes)?;
    safetensors::serialize_to_file(&tensors, None, &folder.join("maps.safetensors"))?;
    Ok(())
}

/// The starter, as far as its last feature map.
struct Network {
    model: Arc<Model>,
    front: Front,
    block: Block,
}

impl Network {
    fn starter() -> Result<Self, Box<dyn Error>> {
        let model = Arc::new(Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32)?);
        let (front, last) = Base::new(Arc::clone(&model))?.apart()?;
        let shape = BlockShape { layers: last.layers, epsilon: last.epsilon };
        let block = Block::new(shape, BatchNorm::Frozen, &last.tensors)?;
        Ok(Self { model, front, block })
    }

    /// The last feature map of each film, in half precision: film x channel x row x column.
    fn maps(&self, files: &[Vec<u8>]) -> Result<Tensor, Box<dyn Error>> {
        let mut values = Vec::new();
        for file in files {
            values.extend(self.model.prepare(&cxr_film::decode(file)?)?.values);
        }
        Ok(self.block.last_map(&self.front.maps(values)?)?.detach().to_dtype(DType::F16)?)
    }
}

/// The share of each cell of the last feature map that a mask covers.
fn shares(mask: &[bool]) -> Vec<f32> {
    let cell = MASK / CELLS;
    let mut shares = vec![0.0; CELLS * CELLS];
    for (place, _) in mask.iter().enumerate().filter(|(_, is)| **is) {
        shares[place / MASK / cell * CELLS + place % MASK / cell] += 1.0 / (cell * cell) as f32;
    }
    shares
}

/// Left and upper edge, width and height of a mask; none of an empty one.
fn bounds(mask: &[bool]) -> Option<[usize; 4]> {
    let there =
        || mask.iter().enumerate().filter(|(_, is)| **is).map(|(place, _)| (place % MASK, place / MASK));
    let (left, right) = (there().map(|(x, _)| x).min()?, there().map(|(x, _)| x).max()?);
    let (top, bottom) = (there().map(|(_, y)| y).min()?, there().map(|(_, y)| y).max()?);
    Some([left, top, right + 1 - left, bottom + 1 - top])
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
