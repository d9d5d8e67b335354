//! The arguments of `weights`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `weights`.
#[derive(Debug, Clone, Subcommand)]
pub enum WeightsCommand {
    /// The models that can be used, and where each lies
    List,
    /// Fetch published weights and make a model of them
    Pull {
        /// xrv-all (the strong default), xrv-pc, xrv-rsna, xrv-mimic-ch, xrv-chex, xrv-resnet50, or rad-dino, which finds similar
        /// films
        name: String,
    },
    /// Make a model of a file of weights: PyTorch, safetensors or Keras
    Import(ImportArgs),
    /// Check a model: checksum, shapes, finite outputs, and what is known of its results
    Verify {
        /// The model's name
        name: String,
        /// Score this film with it, too; the film of the model's reference is compared with it
        #[arg(long, value_name = "FILE")]
        film: Option<PathBuf>,
    },
    /// Measure the films that a model was trained on, so that films unlike them can be held
    Profile {
        /// The model's name
        name: String,
        /// A folder of films that the model was trained on, 200 at least
        #[arg(long, value_name = "DIR")]
        films: PathBuf,
    },
}

/// `weights import`.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("description").required(true))]
pub struct ImportArgs {
    /// A PyTorch file (.pt, .pth), a safetensors file or a Keras file (.h5, .keras)
    pub file: PathBuf,
    /// The preset that it is: xrv-all, xrv-pc, xrv-rsna, xrv-mimic-ch, xrv-chex, xrv-resnet50, rad-dino or keras-course
    #[arg(long, value_name = "P", group = "description")]
    pub preset: Option<String>,
    /// The model that it is, in a manifest of your own
    #[arg(long, value_name = "FILE", group = "description")]
    pub manifest: Option<PathBuf>,
    /// The name that the model is to have [default: the preset's or the manifest's]
    #[arg(long)]
    pub name: Option<String>,
}
