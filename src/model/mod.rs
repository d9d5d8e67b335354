//! The engine: manifest, weights, preprocessing, DenseNet-121 on Candle, heatmaps.
//!
//! Knows nothing of where a film came from, and nothing of thresholds beyond carrying the manifest's
//! operating points.

mod heatmap;

pub use heatmap::{Heatmap, Region};

/// What the model says of one film.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The sigmoid of each output, in the manifest's label order.
    pub probabilities: Vec<f32>,
    /// The Grad-CAM map of every label.
    pub heatmap: Heatmap,
}
// STUB
#[derive(Debug)] pub struct Input;
#[derive(Debug, thiserror::Error)] pub enum ModelError { #[error("e")] Empty }
#[derive(Debug)] pub struct Model;
#[derive(Debug)] pub struct Label { pub name: String, pub alert: f64 }
impl Label { pub fn is_validated(&self)->bool {true} }
#[derive(Debug)] pub struct Manifest { pub name: String, pub banner: String, pub labels: Vec<Label> }
pub enum DeviceChoice { Auto, Cpu, Cuda }
pub struct Source; pub struct Library;
impl Library { pub fn new(_:Vec<std::path::PathBuf>)->Self{Self} pub fn find(&self,_:Option<&str>)->Result<Source,ModelError>{Ok(Source)} }
impl Model { pub fn load(_:&Source,_:DeviceChoice,_:crate::config::Precision)->Result<Self,ModelError>{Ok(Self)}
 pub fn prepare(&self,_:&crate::film::Film)->Result<Input,ModelError>{Ok(Input)}
 pub fn infer(&self,_:&[Input])->Result<Vec<Findings>,ModelError>{Ok(vec![])}
 pub fn manifest(&self)->&Manifest{unimplemented!()} pub fn manifest_text(&self)->&str{""} pub fn sha256(&self)->&str{""} pub fn device_name(&self)->&str{""} }
