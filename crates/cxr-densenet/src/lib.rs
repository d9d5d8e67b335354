//! DenseNet-121, -169 and -201 on the processor, as fast as it allows: kernels of our own, chosen by what the processor
//! can do, in fp32 or in bf16. Weights come in as slices by torchvision's names, films as slices, and results go out as
//! slices: logits, the last feature map, and a Grad-CAM map of each output.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use cxr_densenet::{Parallelism, Processor, Shape, Tensors};
//!
//! /// Weights by name; these mean nothing.
//! struct Ones;
//!
//! impl Tensors for Ones {
//!     type Error = Infallible;
//!
//!     fn tensor(&mut self, _name: &str, shape: &[usize]) -> Result<Vec<f32>, Infallible> {
//!         Ok(vec![1.0 / shape[0] as f32; shape.iter().product()])
//!     }
//! }
//!
//! let shape = Shape { channels: 1, outputs: 14, stem: 64, blocks: vec![2, 2], epsilon: 1e-5 };
//! let network = Processor::fp32(&shape, &mut Ones, 1)?;
//! let film = vec![0.5; 64 * 64];
//! let output = network.run(&film, 64, 64, Parallelism::AllThreads)?;
//! assert_eq!((output.films, output.logits.len()), (1, 14));
//! assert_eq!(output.maps.len(), 14 * output.rows * output.columns);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Inside
//!
//! A film's result has the same bits in any batch and on any number of threads: each sum has one order, whatever is
//! computed beside it. `unsafe` stands in `kernels` (vector instructions, behind safe functions that check bounds before
//! the loop) and in `threads` (work that borrows, handed to threads that outlive it), and nowhere else.

mod arithmetic;
#[cfg(target_arch = "x86_64")]
mod bf16;
mod fp32;
mod grid;
mod kernels;
mod network;
mod stem;
mod stored;
mod threads;
#[doc(hidden)]
pub mod trial;
mod weights;

use std::{
    fmt, io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use arithmetic::Arithmetic;
#[cfg(target_arch = "x86_64")]
use bf16::Bf16;
use fp32::Fp32;
use kernels::{Isa, PANEL, STRIDE};
use network::{Network, Workspace};
pub use stored::{Stored, are_finite};
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
    /// Returns whether the kernels can compute it.
    fn fits(&self) -> bool {
        let mut width = self.stem;
        let even = self.blocks.iter().all(|layers| {
            width += layers * PANEL;
            let fits = width <= STRIDE && width.is_multiple_of(2 * PANEL);
            width /= 2;
            fits
        });
        even && self.stem.is_multiple_of(PANEL) && self.channels * 49 < STRIDE && !self.blocks.is_empty()
    }
}

/// The network's answers for some films.
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
pub enum InputError {
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

/// How many threads compute a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parallelism {
    /// All threads of the network: the shortest time for one film. One run at a time.
    AllThreads,
    /// The caller's thread: the most films a second where as many threads as there are cores do this at the
    /// same time.
    OneThread,
}

/// A network with its weights, its memory and its threads. It can be shared.
pub struct Processor {
    format: Format,
    threads: usize,
}

enum Format {
    Fp32(Running<Fp32>),
    #[cfg(target_arch = "x86_64")]
    Bf16(Running<Bf16>),
}

/// A network over one number format, and what it needs to run.
struct Running<A: Arithmetic> {
    network: Network<A>,
    memory: Mutex<(Option<Workspace<A>>, Threads)>,
    /// Memory that callers who compute on their own threads have left for the next.
    alone: Mutex<Vec<(Option<Workspace<A>>, Threads)>>,
}

impl fmt::Debug for Processor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Processor").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// The best of so many rounds is the peak.
const PEAK_ROUNDS: usize = 40;
/// Products of each thread in a round: about two milliseconds' worth, short enough that one round in many is
/// left in peace by other programs.
const PEAK_PRODUCTS: usize = 1000;

/// Why a network cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError<E> {
    /// The kernels are for another shape.
    #[error("the kernels cannot compute a network of this shape")]
    Shape,
    /// The processor has no instructions for bf16.
    #[error("this processor has no instructions for bf16 (AVX512-BF16 or AMX)")]
    Format,
    /// A tensor cannot be had.
    #[error(transparent)]
    Tensor(E),
    /// The operating system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

impl Processor {
    /// Brings weights into the form that the kernels want, to compute in 32-bit floating point, and starts the
    /// threads (`threads` in all, the caller's among them).
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn fp32<T: Tensors>(
        shape: &Shape,
        tensors: &mut T,
        threads: usize,
    ) -> Result<Self, BuildError<T::Error>> {
        let isa = Isa::best();
        Running::new(Fp32(isa), isa, shape, tensors, threads)
            .map(|running| Self { format: Format::Fp32(running), threads })
    }

    /// Builds the network as [`Processor::fp32`] does, to compute in bf16 with sums in f32.
    ///
    /// # Errors
    /// See [`BuildError`].
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "refused there"))]
    pub fn bf16<T: Tensors>(
        shape: &Shape,
        tensors: &mut T,
        threads: usize,
    ) -> Result<Self, BuildError<T::Error>> {
        #[cfg(target_arch = "x86_64")]
        if let Some(short) = kernels::Short::all().pop() {
            let running = Running::new(Bf16(short), Isa::best(), shape, tensors, threads)?;
            return Ok(Self { format: Format::Bf16(running), threads });
        }
        Err(BuildError::Format)
    }

    /// Returns whether this processor has instructions for bf16.
    #[must_use]
    pub fn has_bf16() -> bool {
        #[cfg(target_arch = "x86_64")]
        return !kernels::Short::all().is_empty();
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Measures the speed of the network's threads together in products that stay in the nearest cache, in GFLOP/s:
    /// the peak that a film's speed is held against. Takes about a tenth of a second.
    #[must_use]
    pub fn peak_gflops(&self) -> f64 {
        match &self.format {
            Format::Fp32(running) => running.peak_gflops(),
            #[cfg(target_arch = "x86_64")]
            Format::Bf16(running) => running.peak_gflops(),
        }
    }

    /// Runs the network on films of `rows` x `columns`: film x channel x row x column. What a film gets does
    /// not depend on the others, nor on how many threads compute it, to the last bit.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn run(
        &self,
        films: &[f32],
        rows: usize,
        columns: usize,
        parallelism: Parallelism,
    ) -> Result<Output, InputError> {
        match &self.format {
            Format::Fp32(running) => running.run(films, rows, columns, parallelism),
            #[cfg(target_arch = "x86_64")]
            Format::Bf16(running) => running.run(films, rows, columns, parallelism),
        }
    }
}

impl<A: Arithmetic> Running<A> {
    fn new<T: Tensors>(
        arithmetic: A,
        isa: Isa,
        shape: &Shape,
        tensors: &mut T,
        threads: usize,
    ) -> Result<Self, BuildError<T::Error>> {
        if !shape.fits() {
            return Err(BuildError::Shape);
        }
        let network = Network::read(arithmetic, isa, shape, tensors).map_err(BuildError::Tensor)?;
        let memory = Mutex::new((None, Threads::new(threads)?));
        Ok(Self { network, memory, alone: Mutex::new(Vec::new()) })
    }

    fn peak_gflops(&self) -> f64 {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = &mut memory.1;
        let mut best = 0f64;
        for _ in 0..PEAK_ROUNDS {
            let (operations, started) = (AtomicU64::new(0), Instant::now());
            threads.each(0..threads.count(), |_| {
                let mut scratch = self.network.scratch();
                for _ in 0..PEAK_PRODUCTS {
                    operations.fetch_add(self.network.product(&mut scratch), Ordering::Relaxed);
                }
            });
            best = best.max(operations.into_inner() as f64 / started.elapsed().as_secs_f64());
        }
        best / 1e9
    }

    fn run(
        &self,
        films: &[f32],
        rows: usize,
        columns: usize,
        parallelism: Parallelism,
    ) -> Result<Output, InputError> {
        if parallelism == Parallelism::OneThread {
            let left = self.left().pop();
            let (mut workspace, mut threads) = left.unwrap_or_else(|| (None, Threads::caller_alone()));
            let output = self.network.run(films, rows, columns, &mut workspace, &mut threads);
            self.left().push((workspace, threads));
            return output;
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (workspace, threads) = &mut *memory;
        self.network.run(films, rows, columns, workspace, threads)
    }

    fn left(&self) -> MutexGuard<'_, Vec<(Option<Workspace<A>>, Threads)>> {
        self.alone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the dot product of `query` with each of the vectors in `vectors` into `products`: numbers of half precision
/// (IEEE 754 binary16, little-endian), `query.len()` a vector, one vector after the other. As many products are written
/// as there are both vectors and places for them. A product's bits do not depend on the other vectors.
pub fn dots_of_halves(query: &[f32], vectors: &[u8], products: &mut [f32]) {
    kernels::dots_of_halves(Isa::best(), query, vectors, products);
}

impl Processor {
    /// One of each kind that this processor has, in fp32 and in bf16, the plainest first: for tests that hold them to
    /// another network.
    ///
    /// # Errors
    /// See [`BuildError`].
    #[doc(hidden)]
    pub fn all_kinds<T: Tensors>(
        shape: &Shape,
        mut tensors: impl FnMut() -> T,
        threads: usize,
    ) -> Result<[Vec<Self>; 2], BuildError<T::Error>> {
        let mut kinds = [Vec::new(), Vec::new()];
        for isa in Isa::all() {
            let running = Running::new(Fp32(isa), isa, shape, &mut tensors(), threads)?;
            kinds[0].push(Self { format: Format::Fp32(running), threads });
        }
        #[cfg(target_arch = "x86_64")]
        for short in kernels::Short::all() {
            let running = Running::new(Bf16(short), Isa::best(), shape, &mut tensors(), threads)?;
            kinds[1].push(Self { format: Format::Bf16(running), threads });
        }
        Ok(kinds)
    }
}
