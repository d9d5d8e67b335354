//! The passes over the numbers between two matrix products: normalisation, pooling, and the two
//! transforms of Winograd's convolution.

use super::{MIDDLE, PANEL, Packed, ROWS, STRIDE, dispatch, lanes::Lanes};

dispatch! {
    /// Batch normalisation and ReLU of up to [`ROWS`] pixels on their way into the packed rows:
    /// `packed[row][c] = max(x[starts[row] + c] * scale[c] + shift[c], 0)`.
    fn normalise(x: &[f32], starts: &[usize], scale: &[f32], shift: &[f32], packed: &mut Packed) = normalised;
}

#[inline(always)]
fn normalised<L: Lanes>(x: &[f32], starts: &[usize], scale: &[f32], shift: &[f32], packed: &mut Packed) {
    check(x, starts, scale, shift);
    for (row, start) in starts.iter().enumerate() {
        for channel in (0..scale.len()).step_by(L::COUNT) {
            // SAFETY: `channel` + `COUNT` <= the channels, for which x, scale, shift and the packed row
            // have room: checked above.
            unsafe {
                let (scale, shift) =
                    (L::load(scale.as_ptr().add(channel)), L::load(shift.as_ptr().add(channel)));
                let value = L::load(x.as_ptr().add(start + channel)).mul_add(scale, shift).max(L::splat(0.0));
                value.store(packed.as_mut_ptr().add(row * STRIDE + channel));
            }
        }
    }
}

dispatch! {
    /// Packs the means of 2 x 2 pixels as [`normalise`] does pixels: each is normalised, then the four are averaged.
    /// `start` is that of the upper left one, `below` the distance to the next line, `stride` to the next pixel.
    fn normalise_and_pool(
        x: &[f32], starts: &[usize], below: usize, stride: usize, scale: &[f32], shift: &[f32], packed: &mut Packed,
    ) = normalised_and_pooled;
}

#[inline(always)]
fn normalised_and_pooled<L: Lanes>(
    x: &[f32],
    starts: &[usize],
    below: usize,
    stride: usize,
    scale: &[f32],
    shift: &[f32],
    packed: &mut Packed,
) {
    let furthest = x.len().saturating_sub(below + stride);
    check(&x[..furthest], starts, scale, shift);
    for (row, start) in starts.iter().enumerate() {
        for channel in (0..scale.len()).step_by(L::COUNT) {
            // SAFETY: as above; the other three pixels lie at most `below + stride` further.
            unsafe {
                let (scale, shift) =
                    (L::load(scale.as_ptr().add(channel)), L::load(shift.as_ptr().add(channel)));
                let pixel = |offset: usize| {
                    let value = L::load(x.as_ptr().add(start + channel + offset));
                    value.mul_add(scale, shift).max(L::splat(0.0))
                };
                let sum = pixel(0).add(pixel(stride)).add(pixel(below).add(pixel(below + stride)));
                let mean = sum.mul_add(L::splat(0.25), L::splat(0.0));
                mean.store(packed.as_mut_ptr().add(row * STRIDE + channel));
            }
        }
    }
}

fn check(x: &[f32], starts: &[usize], scale: &[f32], shift: &[f32]) {
    let channels = scale.len();
    assert!(
        channels.is_multiple_of(16) && channels == shift.len() && channels <= STRIDE,
        "odd number of channels"
    );
    assert!(starts.len() <= ROWS, "too many rows");
    assert!(starts.iter().all(|start| start + channels <= x.len()), "a pixel lies outside of the map");
}

dispatch! {
    /// The maximum of 3 x 3 pixels with stride 2 over three lines of `channels` numbers a pixel: `out` has half
    /// as many pixels. Beyond the edges there is nothing.
    fn maximum(lines: [&[f32]; 3], channels: usize, out: &mut [f32]) = greatest;
}

#[inline(always)]
fn greatest<L: Lanes>(lines: [&[f32]; 3], channels: usize, out: &mut [f32]) {
    let length = lines[0].len();
    assert!(
        channels > 0 && channels.is_multiple_of(16) && length.is_multiple_of(channels),
        "odd number of channels"
    );
    assert!(lines.iter().all(|line| line.len() == length), "lines of different lengths");
    let pixels = length / channels;
    assert!(out.len() == pixels.div_ceil(2) * channels, "the result has another length");
    for pixel in 0..pixels.div_ceil(2) {
        let columns = [(2 * pixel).saturating_sub(1), 2 * pixel, (2 * pixel + 1).min(pixels - 1)];
        for channel in (0..channels).step_by(L::COUNT) {
            // SAFETY: all columns are pixels of the lines, and `channel` + `COUNT` <= `channels`.
            unsafe {
                let mut most = L::load(lines[0].as_ptr().add(columns[0] * channels + channel));
                for line in lines {
                    for column in columns {
                        most = most.max(L::load(line.as_ptr().add(column * channels + channel)));
                    }
                }
                most.store(out.as_mut_ptr().add(pixel * channels + channel));
            }
        }
    }
}

dispatch! {
    /// Winograd's F(2 x 2, 3 x 3) (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks"),
    /// the transform of the input. For each tile, 4 x 4 pixels of 128 channels that begin at its start in
    /// `padded` with lines `line` apart become 16 rows of 128 numbers, side by side in one packed row.
    fn tiles_to_winograd(padded: &[f32], starts: &[usize], line: usize, packed: &mut Packed) = to_winograd;
}

#[inline(always)]
fn to_winograd<L: Lanes>(padded: &[f32], starts: &[usize], line: usize, packed: &mut Packed) {
    const { assert!(16 * MIDDLE <= STRIDE) };
    assert!(starts.len() <= ROWS, "too many tiles");
    let reach = 3 * line + 4 * MIDDLE;
    assert!(starts.iter().all(|start| start + reach <= padded.len()), "a tile lies outside of the map");
    for (row, start) in starts.iter().enumerate() {
        for channel in (0..MIDDLE).step_by(L::COUNT) {
            // SAFETY: the tile's last number lies before `start + reach`; a packed row holds 16 x 128.
            unsafe {
                let from = padded.as_ptr().add(start + channel);
                let to = packed.as_mut_ptr().add(row * STRIDE + channel);
                // The next tile has two columns more; sixteen streams are too many for the processor to
                // foresee.
                for line_at in 0..4 {
                    L::prefetch(from.wrapping_add(line_at * line + 4 * MIDDLE));
                    L::prefetch(from.wrapping_add(line_at * line + 5 * MIDDLE));
                }
                // First down the columns: B^T d.
                let mut half = [[L::splat(0.0); 4]; 4];
                #[expect(clippy::needless_range_loop, reason = "four lines are written at once")]
                for column in 0..4 {
                    let pixel = |line_at: usize| L::load(from.add(line_at * line + column * MIDDLE));
                    let (a, b, c, d) = (pixel(0), pixel(1), pixel(2), pixel(3));
                    half[0][column] = a.sub(c);
                    half[1][column] = b.add(c);
                    half[2][column] = c.sub(b);
                    half[3][column] = b.sub(d);
                }
                // Then along the lines: (B^T d) B.
                for (line, [a, b, c, d]) in half.into_iter().enumerate() {
                    let to = to.add(line * 4 * MIDDLE);
                    a.sub(c).store(to);
                    b.add(c).store(to.add(MIDDLE));
                    c.sub(b).store(to.add(2 * MIDDLE));
                    b.sub(d).store(to.add(3 * MIDDLE));
                }
            }
        }
    }
}

dispatch! {
    /// Winograd's transform back. `products` holds for each of 16 positions [`ROWS`] rows of 32 numbers; each
    /// tile gives 2 x 2 pixels of 32 channels. `places` says where each of a tile's four pixels begins in
    /// `out`; `usize::MAX`: nowhere, it is beyond the edge.
    fn tiles_from_winograd(products: &[f32], places: &[[usize; 4]], out: &mut [f32]) = from_winograd;
}

#[inline(always)]
fn from_winograd<L: Lanes>(products: &[f32], places: &[[usize; 4]], out: &mut [f32]) {
    assert!(products.len() >= 16 * ROWS * PANEL && places.len() <= ROWS, "too many tiles");
    let inside = |place: usize| place == usize::MAX || place + PANEL <= out.len();
    assert!(places.as_flattened().iter().all(|place| inside(*place)), "a pixel lies outside of the map");
    for (tile, places) in places.iter().enumerate() {
        for channel in (0..PANEL).step_by(L::COUNT) {
            // SAFETY: 16 positions of `ROWS` x 32 numbers; the places of the result are checked above.
            unsafe {
                let from = products.as_ptr().add(tile * PANEL + channel);
                let mut half = [[L::splat(0.0); 4]; 2];
                #[expect(clippy::needless_range_loop, reason = "two lines are written at once")]
                for column in 0..4 {
                    let product = |line: usize| L::load(from.add((line * 4 + column) * ROWS * PANEL));
                    let (a, b, c, d) = (product(0), product(1), product(2), product(3));
                    half[0][column] = a.add(b).add(c);
                    half[1][column] = b.sub(c).sub(d);
                }
                for (line, [a, b, c, d]) in half.into_iter().enumerate() {
                    for (column, value) in [a.add(b).add(c), b.sub(c).sub(d)].into_iter().enumerate() {
                        let place = places[line * 2 + column];
                        if place != usize::MAX {
                            value.store(out.as_mut_ptr().add(place + channel));
                        }
                    }
                }
            }
        }
    }
}
