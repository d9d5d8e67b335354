//! DenseNet on the processor, as fast as it allows: our own kernels, chosen by what it can do.
//!
//! Knows nothing of Candle: weights come in as slices by name, films as slices, and results go out as slices.

mod arithmetic;
mod fp32;
mod grid;
mod kernels;
mod network;
mod stem;
mod threads;
mod weights;

use std::{
    fmt, io,
    sync::{Mutex, PoisonError},
};

use fp32::Fp32;
use kernels::{Isa, PANEL, STRIDE};
use network::{Network, Workspace};
use threads::Threads;
pub use weights::Tensors;

/// The shape of a DenseNet whose layers add 32 channels and have 128 in their middle, as DenseNet-121, -169 and
/// -201 do.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Channels of a film.
    pub channels: usize,
    /// Outputs of the classifier.
    pub outputs: usize,
    /// Channels after the stem.
    pub stem: usize,
    /// Layers of each block.
    pub blocks: Vec<usize>,
    /// Added to the variance in batch normalisation.
    pub epsilon: f64,
}

impl Shape {
    /// Whether the kernels can compute it.
    fn fits(&self) -> bool {
        let mut width = self.stem;
        let even = self.blocks.iter().all(|layers| {
            width += layers * PANEL;
            let fits = width <= STRIDE && width % (2 * PANEL) == 0;
            width /= 2;
            fits
        });
        even && self.stem % PANEL == 0 && self.channels * 49 < STRIDE && !self.blocks.is_empty()
    }
}

/// What the network says of some films.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// How many films.
    pub films: usize,
    /// Outputs of the classifier.
    pub outputs: usize,
    /// Channels of the last feature map.
    pub channels: usize,
    /// Rows of the last feature map.
    pub rows: usize,
    /// Columns of the last feature map.
    pub columns: usize,
    /// film x output, before the sigmoid.
    pub logits: Vec<f32>,
    /// film x output x row x column: Grad-CAM of each output at the last feature map, after its ReLU.
    pub maps: Vec<f32>,
    /// film x channel x row x column: the last feature map, after its ReLU.
    pub features: Vec<f32>,
}

impl Output {
    fn new(outputs: usize, channels: usize, rows: usize, columns: usize) -> Self {
        let (logits, maps, features) = (Vec::new(), Vec::new(), Vec::new());
        Self { films: 0, outputs, channels, rows, columns, logits, maps, features }
    }

    /// Room for the features of one more film.
    fn add_film(&mut self) -> &mut [f32] {
        self.films += 1;
        let start = self.features.len();
        self.features.resize(start + self.channels * self.rows * self.columns, 0.0);
        &mut self.features[start..]
    }
}

/// Why a film cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The numbers are not whole films.
    #[error("the input has another length than its films need")]
    Input,
    /// Nothing is left of it at the network's end.
    #[error("a film of {rows} x {columns} is too small for this network")]
    Small {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
}

/// A network with its weights, its memory and its threads. It can be shared: one run at a time.
pub struct Processor {
    network: Network<Fp32>,
    running: Mutex<Running>,
    threads: usize,
}

struct Running {
    workspace: Option<Workspace<Fp32>>,
    threads: Threads,
}

impl fmt::Debug for Processor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Processor").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Why a network cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal<E> {
    /// The kernels are for another shape.
    #[error("the kernels cannot compute a network of this shape")]
    Shape,
    /// A tensor cannot be had.
    #[error(transparent)]
    Tensor(E),
    /// The operating system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

impl Processor {
    /// Brings weights into the form that the kernels want, and starts the threads (`threads` in all, the
    /// caller's among them).
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn new<T: Tensors>(
        shape: &Shape,
        tensors: &mut T,
        threads: usize,
    ) -> Result<Self, Refusal<T::Error>> {
        Self::with(Isa::best(), shape, tensors, threads)
    }

    fn with<T: Tensors>(
        isa: Isa,
        shape: &Shape,
        tensors: &mut T,
        threads: usize,
    ) -> Result<Self, Refusal<T::Error>> {
        if !shape.fits() {
            return Err(Refusal::Shape);
        }
        let network = Network::read(Fp32(isa), isa, shape, tensors).map_err(Refusal::Tensor)?;
        let running = Mutex::new(Running { workspace: None, threads: Threads::new(threads)? });
        Ok(Self { network, running, threads })
    }

    /// The same with the plainest instructions, or the next better ones, up to the best: for tests.
    #[cfg(test)]
    pub(super) fn all_kinds<T: Tensors>(
        shape: &Shape,
        mut tensors: impl FnMut() -> T,
        threads: usize,
    ) -> Result<Vec<Self>, Refusal<T::Error>> {
        Isa::all().into_iter().map(|isa| Self::with(isa, shape, &mut tensors(), threads)).collect()
    }

    /// Runs the network on films of `rows` x `columns`: film x channel x row x column. What a film gets does not depend
    /// on the others, nor on the number of threads, to the last bit.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn run(&self, films: &[f32], rows: usize, columns: usize) -> Result<Output, Fault> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Running { workspace, threads } = &mut *running;
        self.network.run(films, rows, columns, workspace, threads)
    }
}
