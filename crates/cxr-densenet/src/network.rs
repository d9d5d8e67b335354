//! The whole network over one number format.

use super::{
    InputError, Output, Shape,
    arithmetic::{Arithmetic, Part},
    fp32::new_packed,
    grid::{Grid, cut, cut_at, steps},
    kernels::{self, Isa, MIDDLE, PANEL, ROWS, Rows},
    stem::{self, Framed, Stem, halved},
    threads::Threads,
    weights::{Norm, RawLayer, RawTransition, Tensors},
};

/// The last blocks have most of the weights and the smallest maps: there several films go together, so that
/// the weights are read once for all of them. Before, one film at a time stays in the cache.
const LATE: usize = 2;
/// Films that go together at most; more bring nothing but memory.
const TOGETHER: usize = 8;

/// The weights.
pub(super) struct Network<A: Arithmetic> {
    arithmetic: A,
    isa: Isa,
    shape: Shape,
    stem: Stem,
    blocks: Vec<Vec<A::Layer>>,
    transitions: Vec<A::Transition>,
    norm: Norm,
    /// The classifier's weights: channels x outputs in panels.
    classifier: Vec<f32>,
    bias: Vec<f32>,
}

/// The maps, for films of one size.
pub(super) struct Workspace<A: Arithmetic> {
    rows: usize,
    columns: usize,
    films: usize,
    frame: Framed,
    blocks: Vec<Maps<A::Value>>,
    scratch: Vec<(A::Scratch, stem::Scratch)>,
}

/// The maps of one block.
struct Maps<V> {
    grid: Grid,
    x: Vec<V>,
    padded: Vec<V>,
}

impl<A: Arithmetic> Network<A> {
    pub(super) fn read<T: Tensors>(
        arithmetic: A,
        isa: Isa,
        shape: &Shape,
        tensors: &mut T,
    ) -> Result<Self, T::Error> {
        let stem = Stem::read(tensors, shape.channels, shape.stem, shape.epsilon)?;
        let mut width = shape.stem;
        let (mut blocks, mut transitions) = (Vec::new(), Vec::new());
        for (n, &count) in shape.blocks.iter().enumerate() {
            let mut layers = Vec::with_capacity(count);
            for layer in 0..count {
                let name = format!("features.denseblock{}.denselayer{}", n + 1, layer + 1);
                layers.push(arithmetic.layer(read_layer(tensors, &name, width, shape.epsilon)?));
                width += PANEL;
            }
            blocks.push(layers);
            if n + 1 < shape.blocks.len() {
                let name = format!("features.transition{}", n + 1);
                let norm = Norm::read(tensors, &format!("{name}.norm"), width, shape.epsilon)?;
                let weights = tensors.tensor(&format!("{name}.conv.weight"), &[width / 2, width, 1, 1])?;
                transitions.push(arithmetic.transition(RawTransition { norm, weights }));
                width /= 2;
            }
        }
        let norm = Norm::read(tensors, "features.norm5", width, shape.epsilon)?;
        let weights = tensors.tensor("classifier.weight", &[shape.outputs, width])?;
        let classifier = kernels::pack_panels(&weights, width);
        let bias = tensors.tensor("classifier.bias", &[shape.outputs])?;
        Ok(Self { arithmetic, isa, shape: shape.clone(), stem, blocks, transitions, norm, classifier, bias })
    }

    pub(super) fn scratch(&self) -> A::Scratch {
        self.arithmetic.scratch()
    }

    pub(super) fn product(&self, scratch: &mut A::Scratch) -> u64 {
        self.arithmetic.product(scratch)
    }

    /// Runs the network on films of channel x row x column, one after the other.
    pub(super) fn run(
        &self,
        films: &[f32],
        rows: usize,
        columns: usize,
        workspace: &mut Option<Workspace<A>>,
        threads: &mut Threads,
    ) -> Result<Output, InputError> {
        let film = self.shape.channels * rows * columns;
        if film == 0 || !films.len().is_multiple_of(film) {
            return Err(InputError::Input);
        }
        let grids = self.grids(rows, columns).ok_or(InputError::Small { rows, columns })?;
        let together = (films.len() / film).clamp(1, TOGETHER);
        let fits = |made: &Workspace<A>| {
            (made.rows, made.columns) == (rows, columns)
                && made.films >= together
                && made.scratch.len() >= threads.count()
        };
        let workspace = match workspace {
            Some(made) if fits(made) => made,
            place => place.insert(self.workspace(&grids, rows, columns, together, threads.count())),
        };
        let last = grids.last().ok_or(InputError::Input)?;
        let mut output = Output::new(self.shape.outputs, last.channels, last.rows, last.columns);
        for films in films.chunks(film * TOGETHER) {
            self.some_films(films, film, workspace, threads, &mut output);
        }
        Ok(output)
    }

    /// The sizes of the blocks' maps; none if the film is too small to leave any.
    fn grids(&self, rows: usize, columns: usize) -> Option<Vec<Grid>> {
        let (mut rows, mut columns) = (halved(halved(rows)), halved(halved(columns)));
        let mut width = self.shape.stem;
        let mut grids = Vec::with_capacity(self.blocks.len());
        for layers in &self.blocks {
            width += layers.len() * PANEL;
            grids.push(self.arithmetic.grid(rows, columns, width));
            if rows == 0 || columns == 0 {
                return None;
            }
            (rows, columns, width) = (rows / 2, columns / 2, width / 2);
        }
        Some(grids)
    }

    fn is_late(&self, block: usize) -> bool {
        block + LATE >= self.blocks.len()
    }

    fn workspace(
        &self,
        grids: &[Grid],
        rows: usize,
        columns: usize,
        films: usize,
        threads: usize,
    ) -> Workspace<A> {
        let maps = |(n, grid): (usize, &Grid)| {
            let films = if self.is_late(n) { films } else { 1 };
            let zeros = |count| vec![A::Value::default(); count];
            // A line more, as the last film's last piece reaches over the border below it; and rows that
            // fill up a product's last piece, whatever they hold.
            let padded = zeros(films * grid.padded_map() + grid.padded_line() + 64 * MIDDLE);
            Maps { grid: *grid, x: zeros(films * grid.map()), padded }
        };
        Workspace {
            rows,
            columns,
            films,
            frame: Framed::default(),
            blocks: grids.iter().enumerate().map(maps).collect(),
            scratch: (0..threads).map(|_| (self.arithmetic.scratch(), self.stem.scratch(columns))).collect(),
        }
    }

    fn some_films(
        &self,
        films: &[f32],
        film: usize,
        workspace: &mut Workspace<A>,
        threads: &mut Threads,
        output: &mut Output,
    ) {
        let Workspace { frame, blocks, scratch, .. } = workspace;
        let count = films.len() / film;
        for (number, film) in films.chunks_exact(film).enumerate() {
            let at = |block: usize| if self.is_late(block) { number } else { 0 };
            frame.put(film, workspace.rows, workspace.columns);
            if let Some(first) = blocks.first_mut() {
                let (grid, from) = (first.grid, at(0) * first.grid.map());
                self.stem(frame, &grid, &mut first.x[from..from + grid.map()], scratch, threads);
            }
            for n in (0..blocks.len()).take_while(|n| !self.is_late(*n)) {
                self.block(n, 1, blocks, scratch, threads);
                self.transition(n, 1, at(n + 1), blocks, scratch, threads);
            }
        }
        for n in (0..blocks.len()).filter(|n| self.is_late(*n)) {
            self.block(n, count, blocks, scratch, threads);
            self.transition(n, count, 0, blocks, scratch, threads);
        }
        if let Some(last) = blocks.last() {
            for number in 0..count {
                self.head(&last.grid, &last.x[number * last.grid.map()..][..last.grid.map()], output);
            }
        }
    }

    fn stem(
        &self,
        frame: &Framed,
        grid: &Grid,
        x: &mut [A::Value],
        scratch: &mut [(A::Scratch, stem::Scratch)],
        threads: &mut Threads,
    ) {
        let ranges = cut(grid.rows, threads.count());
        let line = grid.columns * grid.stride;
        let outs = cut_at(x, ranges.iter().map(|rows| rows.start * line..rows.end * line));
        threads.each(ranges.into_iter().zip(outs).zip(scratch), |((rows, out), (_, scratch))| {
            let first = rows.start;
            self.stem.run(self.isa, frame, rows, scratch, |row, pooled| {
                let out = out[(row - first) * line..][..line].chunks_exact_mut(grid.stride);
                for (pixel, out) in pooled.chunks_exact(self.shape.stem).zip(out) {
                    self.arithmetic.put(pixel, &mut out[..self.shape.stem]);
                }
            });
        });
    }

    /// The layers of one block, for some films.
    fn block(
        &self,
        block: usize,
        films: usize,
        blocks: &mut [Maps<A::Value>],
        scratch: &mut [(A::Scratch, stem::Scratch)],
        threads: &mut Threads,
    ) {
        let Maps { grid, x, padded } = &mut blocks[block];
        let ranges = cut(films * grid.pairs(), threads.count());
        for layer in &self.blocks[block] {
            let places =
                ranges.iter().map(|pairs| grid.padded_start(pairs.start)..grid.padded_start(pairs.end));
            let outs = cut_at(padded, places);
            let parts = ranges.iter().cloned().zip(outs).zip(&mut *scratch);
            threads.each(parts, |((pairs, out), (scratch, _))| {
                self.arithmetic.squeeze(layer, grid, x, Part { pairs, out, scratch });
            });
            let outs = cut_at(x, places_of(grid, &ranges));
            let parts = ranges.iter().cloned().zip(outs).zip(&mut *scratch);
            threads.each(parts, |((pairs, out), (scratch, _))| {
                self.arithmetic.expand(layer, grid, padded, Part { pairs, out, scratch });
            });
        }
    }

    /// From one block's end to the next one's beginning, where its maps for these films begin at film `at`.
    fn transition(
        &self,
        block: usize,
        films: usize,
        at: usize,
        blocks: &mut [Maps<A::Value>],
        scratch: &mut [(A::Scratch, stem::Scratch)],
        threads: &mut Threads,
    ) {
        let Some(transition) = self.transitions.get(block) else { return };
        let (before, after) = blocks.split_at_mut(block + 1);
        let (Some(Maps { grid: from, x, .. }), Some(next)) = (before.last(), after.first_mut()) else {
            return;
        };
        let to = next.grid;
        let ranges = cut(films * to.pairs(), threads.count());
        let outs = cut_at(&mut next.x[at * to.map()..], places_of(&to, &ranges));
        let parts = ranges.iter().cloned().zip(outs).zip(scratch);
        threads.each(parts, |((pairs, out), (scratch, _))| {
            self.arithmetic.shrink(transition, from, &to, x, Part { pairs, out, scratch });
        });
    }

    /// The end: last normalisation, heatmaps, logits.
    ///
    /// Behind the last map stand only a mean over its positions and a linear layer: the product of each
    /// position with the classifier's weights is the heatmap (Grad-CAM, times the number of positions), and
    /// the sum of a heatmap's values before its ReLU is the logit.
    fn head(&self, grid: &Grid, x: &[A::Value], output: &mut Output) {
        let (pixels, outputs) = (grid.pixels(), self.shape.outputs);
        let width = outputs.next_multiple_of(PANEL);
        let mut packed = new_packed();
        let mut products = vec![0.0; pixels * width];
        let features = output.add_film();
        for pixels in steps(0..pixels, ROWS) {
            let (mut starts, mut places) = ([0; ROWS], [0; ROWS]);
            for ((pixel, start), place) in pixels.clone().zip(&mut starts).zip(&mut places) {
                (*start, *place) = (pixel * grid.stride, pixel * width);
            }
            let (starts, places) = (&starts[..pixels.len()], &places[..pixels.len()]);
            self.arithmetic.normalise(&self.norm, x, starts, &mut packed);
            for (n, panel) in self.classifier.chunks_exact(grid.channels * PANEL).enumerate() {
                let rows = Rows { out: &mut products[n * PANEL..], starts: places };
                kernels::multiply(self.isa, &packed, 0, panel, &[0.0; PANEL], f32::NEG_INFINITY, rows);
            }
            for (channel, feature) in features.chunks_exact_mut(grid.pixels()).enumerate() {
                for (row, pixel) in pixels.clone().enumerate() {
                    feature[pixel] = packed[row * kernels::STRIDE + channel];
                }
            }
        }
        let share = (pixels as f32).recip();
        for (n, bias) in self.bias.iter().enumerate() {
            let values = || products.chunks_exact(width).map(|pixel| pixel[n] * share);
            output.logits.push(bias + values().sum::<f32>());
            output.maps.extend(values().map(|value| value.max(0.0)));
        }
    }
}

fn places_of(grid: &Grid, ranges: &[super::grid::Pairs]) -> impl Iterator<Item = super::grid::Pairs> {
    ranges
        .iter()
        .map(|pairs| grid.first_pixel(pairs.start) * grid.stride..grid.first_pixel(pairs.end) * grid.stride)
}

fn read_layer<T: Tensors>(
    tensors: &mut T,
    name: &str,
    inputs: usize,
    epsilon: f64,
) -> Result<RawLayer, T::Error> {
    let norm = Norm::read(tensors, &format!("{name}.norm1"), inputs, epsilon)?;
    let mut squeeze = tensors.tensor(&format!("{name}.conv1.weight"), &[MIDDLE, inputs, 1, 1])?;
    let bias = Norm::read(tensors, &format!("{name}.norm2"), MIDDLE, epsilon)?.fold_into(&mut squeeze);
    let expand = tensors.tensor(&format!("{name}.conv2.weight"), &[PANEL, MIDDLE, 3, 3])?;
    Ok(RawLayer { norm, squeeze, bias, expand })
}
