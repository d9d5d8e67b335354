//! The kernels one by one, for timing: the one door to them from outside.

mod whole;

use super::kernels::{self, Isa, MIDDLE, PANEL, Packed, ROWS, Rows, STRIDE};

/// Channels of the operands: those of a layer in the middle of DenseNet-121.
const CHANNELS: usize = 512;
/// Pixels of a line of the map that the maximum leaves, halved.
const COLUMNS: usize = 28;

/// Numbers of a film's pooled features.
const HALVES: usize = 1024;

/// The work of one run of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Multiplications and additions.
    Operations(u64),
    /// Bytes read and written.
    Bytes(u64),
}

/// One kernel for one kind of processor, with operands of a usual size that stay in the nearest caches; or one piece
/// of the network, which is made of kernels and whose maps are as large as they are there.
pub struct Trial {
    /// The kernel.
    pub kernel: &'static str,
    /// The instructions that it uses.
    pub instructions: &'static str,
    /// The work of one run.
    pub work: Work,
    /// Runs it once.
    pub run: Box<dyn FnMut()>,
}

/// All kernels and pieces of the network, for all kinds of instructions that this processor has, on one thread.
#[must_use]
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for isa in Isa::all() {
        trials.extend(fp32(isa));
        trials.push(whole::stem(isa));
        trials.extend(whole::layers(super::Fp32(isa), isa.word()));
    }
    #[cfg(target_arch = "x86_64")]
    for isa in kernels::Short::all() {
        trials.extend(bf16(isa));
        trials.extend(whole::layers(super::Bf16(isa), isa.word()));
    }
    trials
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|n| (n % 7) as f32 - 3.0).collect()
}

fn packed() -> Box<Packed> {
    super::fp32::new_packed()
}

fn bytes(numbers: usize) -> Work {
    Work::Bytes((numbers * size_of::<f32>()) as u64)
}

/// Multiplications and additions of `rows` x `depth` times `depth` x `columns`.
fn products(rows: usize, depth: usize, columns: usize) -> Work {
    Work::Operations((2 * rows * depth * columns) as u64)
}

fn fp32(isa: Isa) -> Vec<Trial> {
    let instructions = isa.word();
    let trial = |kernel, work, run: Box<dyn FnMut()>| Trial { kernel, instructions, work, run };
    // As deep as a position of Winograd's products, and as the 1x1 convolution of a layer.
    let product = |depth: usize| {
        let (a, panel, bias) = (packed(), numbers(depth * PANEL), [0.0; PANEL]);
        let (mut out, starts) = (numbers(ROWS * PANEL), std::array::from_fn::<_, ROWS, _>(|row| row * PANEL));
        move || {
            let rows = Rows { out: &mut out, starts: &starts };
            kernels::multiply(isa, &a, 0, &panel, &bias, 0.0, rows);
        }
    };
    let pixels: [usize; ROWS] = std::array::from_fn(|pixel| pixel * CHANNELS);
    let normalise = {
        let (x, scale, shift) = (numbers(ROWS * CHANNELS), numbers(CHANNELS), numbers(CHANNELS));
        let mut packed = packed();
        move || kernels::normalise(isa, &x, &pixels, &scale, &shift, &mut packed)
    };
    let pool = {
        let (below, scale, shift) = (COLUMNS * CHANNELS, numbers(CHANNELS), numbers(CHANNELS));
        let x = numbers(2 * below);
        let starts: [usize; ROWS] = std::array::from_fn(|pixel| 2 * pixel * CHANNELS);
        let mut packed = packed();
        // The last pixel's neighbour to the right is the end of the line.
        let starts = starts.into_iter().take(ROWS - 1).collect::<Vec<_>>();
        move || {
            kernels::normalise_and_pool(isa, &x, &starts, below, CHANNELS, &scale, &shift, &mut packed);
        }
    };
    let line = (2 * ROWS + 2) * MIDDLE;
    let to_winograd = {
        let padded = numbers(4 * line);
        let starts: [usize; ROWS] = std::array::from_fn(|tile| 2 * tile * MIDDLE);
        let mut packed = packed();
        move || kernels::tiles_to_winograd(isa, &padded, &starts, line, &mut packed)
    };
    let from_winograd = {
        let products = numbers(16 * ROWS * PANEL);
        let pixel = |tile: usize, n: usize| ((n / 2) * 2 * ROWS + 2 * tile + n % 2) * PANEL;
        let places: [[usize; 4]; ROWS] = std::array::from_fn(|tile| std::array::from_fn(|n| pixel(tile, n)));
        let mut out = numbers(4 * ROWS * PANEL);
        move || kernels::tiles_from_winograd(isa, &products, &places, &mut out)
    };
    let maximum = {
        let lines = [0; 3].map(|_| numbers(4 * COLUMNS * PANEL));
        let mut out = numbers(2 * COLUMNS * PANEL);
        move || kernels::maximum(isa, lines.each_ref().map(Vec::as_slice), PANEL, &mut out)
    };
    let dots = {
        let (query, vectors) = (numbers(HALVES), vec![0x3c; 2 * ROWS * HALVES]);
        let mut products = [0.0; ROWS];
        move || kernels::dots_of_halves(isa, &query, &vectors, &mut products)
    };
    vec![
        trial("dots of halves", products(ROWS, HALVES, 1), Box::new(dots)),
        trial("product 128 deep", products(ROWS, MIDDLE, PANEL), Box::new(product(MIDDLE))),
        trial("product 512 deep", products(ROWS, CHANNELS, PANEL), Box::new(product(CHANNELS))),
        trial("normalise", bytes(2 * ROWS * CHANNELS), Box::new(normalise)),
        trial("normalise and pool", bytes(5 * (ROWS - 1) * CHANNELS), Box::new(pool)),
        trial("to Winograd", bytes(4 * line + 16 * ROWS * MIDDLE), Box::new(to_winograd)),
        trial("from Winograd", bytes((16 + 4) * ROWS * PANEL), Box::new(from_winograd)),
        trial("maximum", bytes((3 * 4 + 2) * COLUMNS * PANEL), Box::new(maximum)),
    ]
}

#[cfg(target_arch = "x86_64")]
fn bf16(isa: kernels::Short) -> Vec<Trial> {
    use kernels::{Operand, PackedShort, SHORT_ROWS, SHORT_STRIDE, Sums};

    const { assert!(SHORT_STRIDE >= CHANNELS && STRIDE >= CHANNELS) };
    let instructions = isa.word();
    let trial = |kernel, work, run: Box<dyn FnMut()>| Trial { kernel, instructions, work, run };
    let short = || -> Box<PackedShort> {
        let zeros = vec![0; SHORT_ROWS * SHORT_STRIDE].into_boxed_slice();
        zeros.try_into().unwrap_or_else(|_| Box::new([0; SHORT_ROWS * SHORT_STRIDE]))
    };
    let sums = || -> Box<Sums> { Box::new([0.0; SHORT_ROWS * PANEL]) };
    let halves = |count: usize| Work::Bytes((count * size_of::<u16>()) as u64);
    let both = |halves: usize, singles: usize| {
        Work::Bytes((halves * size_of::<u16>() + singles * size_of::<f32>()) as u64)
    };
    let product = {
        let (packed, panel) = (short(), vec![0; CHANNELS * PANEL]);
        let mut sums = sums();
        let (row, steps) = (SHORT_STRIDE, CHANNELS / 32);
        move || {
            let operand = Operand { values: &packed[..], start: 0, row, segment: 0, segments: 1, steps };
            kernels::multiply_short(isa, operand, SHORT_ROWS, &panel, &mut sums);
        }
    };
    let starts: [usize; SHORT_ROWS] = std::array::from_fn(|pixel| pixel * CHANNELS);
    let finish = {
        let (sums, starts) = (sums(), std::array::from_fn::<_, SHORT_ROWS, _>(|row| row * PANEL));
        let mut out = vec![0; SHORT_ROWS * PANEL];
        move || kernels::finish_short(isa, &sums, &[0.0; PANEL], 0.0, &starts, &mut out)
    };
    let normalise = {
        let (x, scale, shift) = (vec![0; SHORT_ROWS * CHANNELS], numbers(CHANNELS), numbers(CHANNELS));
        let mut packed = short();
        move || kernels::normalise_short(isa, &x, &starts, &scale, &shift, &mut packed)
    };
    let pool = {
        let (below, scale, shift) = (2 * SHORT_ROWS * CHANNELS, numbers(CHANNELS), numbers(CHANNELS));
        let x = vec![0; 2 * below];
        // The last pixel's neighbour to the right is the end of the line.
        let starts: [usize; SHORT_ROWS - 1] = std::array::from_fn(|pixel| 2 * pixel * CHANNELS);
        let mut packed = short();
        move || {
            kernels::normalise_and_pool_short(isa, &x, &starts, below, CHANNELS, &scale, &shift, &mut packed);
        }
    };
    let widening = {
        let (x, scale, shift) = (vec![0; ROWS * CHANNELS], numbers(CHANNELS), numbers(CHANNELS));
        let mut wide = packed();
        move || kernels::normalise_widening(isa, &x, &starts[..ROWS], &scale, &shift, &mut wide)
    };
    let shorten = {
        let (values, mut out) = (numbers(CHANNELS), vec![0; CHANNELS]);
        move || kernels::shorten(isa, &values, &mut out)
    };
    let pooled = (SHORT_ROWS - 1) * CHANNELS;
    vec![
        trial("product 512 deep", products(SHORT_ROWS, CHANNELS, PANEL), Box::new(product)),
        trial("store sums", both(SHORT_ROWS * PANEL, SHORT_ROWS * PANEL), Box::new(finish)),
        trial("normalise", halves(2 * SHORT_ROWS * CHANNELS), Box::new(normalise)),
        trial("normalise and pool", halves(5 * pooled), Box::new(pool)),
        trial("normalise to f32", both(ROWS * CHANNELS, ROWS * CHANNELS), Box::new(widening)),
        trial("shorten", both(CHANNELS, CHANNELS), Box::new(shorten)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernels check their operands: a trial that asks for what is not there panics.
    #[test]
    fn every_kernel_can_be_tried() {
        let mut trials = trials();
        assert!(trials.len() >= 11 * Isa::all().len());
        for trial in &mut trials {
            (trial.run)();
        }
    }
}
