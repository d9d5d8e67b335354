//! The kernels in 16-bit brain floating point (bf16: the upper half of an f32): products are summed in f32,
//! normalisation is done in f32. For processors with AVX512-BF16, and with AMX tiles where there are some.

use std::arch::x86_64::*;

use super::{
    PANEL, Packed, ROWS, STRIDE,
    operand::{Operand, SHORT_ROWS, STEP, Sums},
    tiles,
};

/// Numbers from one packed row to the next: room for the widest layer, and one cache line more.
pub(in super::super) const SHORT_STRIDE: usize = 2048 + 32;
/// Packed rows in bf16, `SHORT_ROWS` x `SHORT_STRIDE`.
pub(in super::super) type PackedShort = [u16; SHORT_ROWS * SHORT_STRIDE];
/// The instructions for bf16. It cannot be made to claim more than the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Short {
    tiles: bool,
}

impl Short {
    /// All that this processor and its operating system have, the plainest first; perhaps none.
    pub(in super::super) fn all() -> Vec<Self> {
        let dots = is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw");
        let mut all = Vec::new();
        if dots {
            all.push(Self { tiles: false });
        }
        if dots && tiles::available() {
            all.push(Self { tiles: true });
        }
        all
    }

    /// Returns the name of these instructions for people.
    pub(in super::super) fn word(self) -> &'static str {
        if self.tiles { "AMX" } else { "AVX512-BF16" }
    }
}

/// Brings a matrix (each row the weights of one output) into panels: for each 32 outputs and each two
/// numbers of the depth 32 pairs, as both AMX and AVX512-BF16 want them.
pub(in super::super) fn pack_pairs(weights: &[f32], depth: usize) -> Vec<u16> {
    let outputs = weights.len() / depth.max(1);
    let mut panels = vec![0; outputs.div_ceil(PANEL) * depth * PANEL];
    for (panel, outputs) in panels.chunks_exact_mut(depth * PANEL).zip(weights.chunks(depth * PANEL)) {
        for (column, output) in outputs.chunks_exact(depth).enumerate() {
            for (pairs, weights) in panel.chunks_exact_mut(2 * PANEL).zip(output.as_chunks::<2>().0) {
                for (half, weight) in weights.iter().enumerate() {
                    pairs[2 * column + half] = half::bf16::from_f32(*weight).to_bits();
                }
            }
        }
    }
    panels
}

/// `sums[row][column] = sum over k of operand[row][k] * panel[k][column]` for at least the first `rows` rows.
pub(in super::super) fn multiply_short(
    isa: Short,
    operand: Operand<'_>,
    rows: usize,
    panel: &[u16],
    sums: &mut Sums,
) {
    let whole = if isa.tiles { 16 } else { DOT_ROWS };
    let rows = rows.next_multiple_of(whole);
    assert!((1..=SHORT_ROWS).contains(&rows) && operand.fits(rows, panel), "the operand is too short");
    // SAFETY: a `Short` is made only where the processor has these instructions; the bounds are checked.
    unsafe {
        if isa.tiles {
            tiles::multiply(operand, rows, panel, sums);
        } else {
            dots(operand, rows, panel, sums);
        }
    }
}

/// Products that come from the nearest place these instructions can have them from, for measuring the peak. Gives
/// their multiplications and additions. `sums` are overwritten.
pub(in super::super) fn saturate_short(isa: Short, packed: &PackedShort, sums: &mut Sums) -> usize {
    const ROUNDS: usize = 256;
    // Deep enough for loops, shallow enough for rows and panel to lie in the first cache together.
    const DEPTH: usize = 128;
    if isa.tiles {
        // SAFETY: such a `Short` is made only where there are tiles.
        unsafe { tiles::saturate(ROUNDS) };
        return ROUNDS * tiles::ROUND;
    }
    let panel = [0; DEPTH * PANEL];
    let operand = Operand {
        values: &packed[..],
        start: 0,
        row: SHORT_STRIDE,
        segment: 0,
        segments: 1,
        steps: DEPTH / STEP,
    };
    for _ in 0..ROUNDS / 8 {
        multiply_short(isa, operand, SHORT_ROWS, &panel, sums);
    }
    ROUNDS / 8 * 2 * SHORT_ROWS * DEPTH * PANEL
}

/// Rows that `dots` computes together.
const DOT_ROWS: usize = 8;

/// The product with AVX512-BF16.
///
/// # Safety
/// The operand fits `rows`, a multiple of eight, and the panel.
#[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
unsafe fn dots(operand: Operand<'_>, rows: usize, panel: &[u16], sums: &mut Sums) {
    for first in (0..rows).step_by(DOT_ROWS) {
        let mut b = panel.as_ptr();
        let mut registers = [[_mm512_setzero_ps(); 2]; DOT_ROWS];
        for segment in 0..operand.segments {
            let from = operand.start + first * operand.row + segment * operand.segment;
            for pair in 0..operand.steps * STEP / 2 {
                // SAFETY: within the operand's rows and the panel, as promised.
                unsafe {
                    let left = _mm512_loadu_si512(b.cast());
                    let right = _mm512_loadu_si512(b.add(PANEL).cast());
                    for (row, registers) in registers.iter_mut().enumerate() {
                        let place = operand.values.as_ptr().add(from + row * operand.row + 2 * pair);
                        let value = _mm512_set1_epi32(place.cast::<i32>().read_unaligned());
                        for (register, weights) in registers.iter_mut().zip([left, right]) {
                            *register = _mm512_dpbf16_ps(
                                *register,
                                std::mem::transmute::<__m512i, __m512bh>(value),
                                std::mem::transmute::<__m512i, __m512bh>(weights),
                            );
                        }
                    }
                    b = b.add(2 * PANEL);
                }
            }
        }
        for (row, registers) in registers.into_iter().enumerate() {
            for (half, register) in registers.into_iter().enumerate() {
                // SAFETY: `first + row` < 32.
                unsafe {
                    _mm512_storeu_ps(sums.as_mut_ptr().add((first + row) * PANEL + half * 16), register);
                }
            }
        }
    }
}

/// Adds the bias, applies the floor (0 is ReLU), and stores each row of sums at its start in `out`;
/// `usize::MAX`: nowhere.
pub(in super::super) fn finish_short(
    _: Short,
    sums: &Sums,
    bias: &[f32; PANEL],
    floor: f32,
    starts: &[usize],
    out: &mut [u16],
) {
    let inside = |start: usize| start == usize::MAX || start + PANEL <= out.len();
    assert!(starts.len() <= SHORT_ROWS && starts.iter().all(|start| inside(*start)), "a row lies outside");
    // SAFETY: the caller has a `Short`; the bounds are checked.
    unsafe { finish(sums, bias, floor, starts, out) }
}

/// # Safety
/// Each start has room for 32 numbers.
#[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
unsafe fn finish(sums: &Sums, bias: &[f32; PANEL], floor: f32, starts: &[usize], out: &mut [u16]) {
    // SAFETY: rows of 32 numbers, and room for 32 at each start.
    unsafe {
        let (left, right) = (_mm512_loadu_ps(bias.as_ptr()), _mm512_loadu_ps(bias.as_ptr().add(16)));
        let floor = _mm512_set1_ps(floor);
        for (row, start) in starts.iter().enumerate() {
            if *start != usize::MAX {
                let from = sums.as_ptr().add(row * PANEL);
                let low = _mm512_max_ps(_mm512_add_ps(_mm512_loadu_ps(from), left), floor);
                let high = _mm512_max_ps(_mm512_add_ps(_mm512_loadu_ps(from.add(16)), right), floor);
                store_pair(out.as_mut_ptr().add(*start), low, high);
            }
        }
    }
}

/// # Safety
/// There is room for 32 numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
unsafe fn store_pair(to: *mut u16, low: __m512, high: __m512) {
    // SAFETY: as promised; both types are 64 bytes of any content.
    unsafe {
        let both = _mm512_cvtne2ps_pbh(high, low);
        _mm512_storeu_si512(to.cast(), std::mem::transmute::<__m512bh, __m512i>(both));
    }
}

/// Sixteen numbers as f32.
///
/// # Safety
/// There are sixteen.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
unsafe fn load_wide(from: *const u16) -> __m512 {
    // SAFETY: as promised.
    let short = unsafe { _mm256_loadu_si256(from.cast()) };
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(short)))
}

/// Normalisation and ReLU of sixteen channels.
///
/// # Safety
/// Each pointer has sixteen numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
unsafe fn normal(from: *const u16, scale: *const f32, shift: *const f32) -> __m512 {
    // SAFETY: as promised.
    unsafe {
        let value = _mm512_fmadd_ps(load_wide(from), _mm512_loadu_ps(scale), _mm512_loadu_ps(shift));
        _mm512_max_ps(value, _mm512_setzero_ps())
    }
}

fn check(x: &[u16], starts: &[usize], rows: usize, scale: &[f32], shift: &[f32]) {
    let channels = scale.len();
    assert!(
        channels.is_multiple_of(32) && channels == shift.len() && channels <= STRIDE,
        "odd number of channels"
    );
    assert!(starts.len() <= rows, "too many rows");
    assert!(starts.iter().all(|start| start + channels <= x.len()), "a pixel lies outside of the map");
}

/// As [`super::normalise`], in bf16.
pub(in super::super) fn normalise_short(
    _: Short,
    x: &[u16],
    starts: &[usize],
    scale: &[f32],
    shift: &[f32],
    packed: &mut PackedShort,
) {
    #[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
    unsafe fn kernel(x: &[u16], starts: &[usize], scale: &[f32], shift: &[f32], packed: &mut PackedShort) {
        for (row, start) in starts.iter().enumerate() {
            for channel in (0..scale.len()).step_by(32) {
                // SAFETY: `channel` + 32 <= the channels, for which all have room.
                unsafe {
                    let (scale, shift) = (scale.as_ptr().add(channel), shift.as_ptr().add(channel));
                    let from = x.as_ptr().add(start + channel);
                    let low = normal(from, scale, shift);
                    let high = normal(from.add(16), scale.add(16), shift.add(16));
                    store_pair(packed.as_mut_ptr().add(row * SHORT_STRIDE + channel), low, high);
                }
            }
        }
    }
    check(x, starts, SHORT_ROWS, scale, shift);
    // SAFETY: the caller has a `Short`; the bounds are checked.
    unsafe { kernel(x, starts, scale, shift, packed) }
}

/// As [`super::normalise_and_pool`], in bf16.
#[allow(clippy::too_many_arguments, reason = "a kernel's arguments are its operands")]
pub(in super::super) fn normalise_and_pool_short(
    _: Short,
    x: &[u16],
    starts: &[usize],
    below: usize,
    stride: usize,
    scale: &[f32],
    shift: &[f32],
    packed: &mut PackedShort,
) {
    #[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
    unsafe fn kernel(
        x: &[u16],
        starts: &[usize],
        offsets: [usize; 4],
        scale: &[f32],
        shift: &[f32],
        packed: &mut PackedShort,
    ) {
        let quarter = _mm512_set1_ps(0.25);
        for (row, start) in starts.iter().enumerate() {
            for channel in (0..scale.len()).step_by(32) {
                let mut halves = [_mm512_setzero_ps(); 2];
                for (n, half) in halves.iter_mut().enumerate() {
                    let channel = channel + 16 * n;
                    for offset in offsets {
                        // SAFETY: `channel` + 16 <= the channels, for which all four pixels have room.
                        unsafe {
                            let (scale, shift) = (scale.as_ptr().add(channel), shift.as_ptr().add(channel));
                            let value = normal(x.as_ptr().add(start + channel + offset), scale, shift);
                            *half = _mm512_fmadd_ps(value, quarter, *half);
                        }
                    }
                }
                // SAFETY: a packed row has room for all channels.
                unsafe {
                    store_pair(packed.as_mut_ptr().add(row * SHORT_STRIDE + channel), halves[0], halves[1]);
                }
            }
        }
    }
    let furthest = x.len().saturating_sub(below + stride);
    check(&x[..furthest], starts, SHORT_ROWS, scale, shift);
    // SAFETY: the caller has a `Short`; the bounds are checked.
    unsafe { kernel(x, starts, [0, stride, below, below + stride], scale, shift, packed) }
}

/// As [`super::normalise`], from bf16 to f32.
pub(in super::super) fn normalise_widening(
    _: Short,
    x: &[u16],
    starts: &[usize],
    scale: &[f32],
    shift: &[f32],
    packed: &mut Packed,
) {
    #[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
    unsafe fn kernel(x: &[u16], starts: &[usize], scale: &[f32], shift: &[f32], packed: &mut Packed) {
        for (row, start) in starts.iter().enumerate() {
            for channel in (0..scale.len()).step_by(16) {
                // SAFETY: `channel` + 16 <= the channels, for which all have room.
                unsafe {
                    let (scale, shift) = (scale.as_ptr().add(channel), shift.as_ptr().add(channel));
                    let value = normal(x.as_ptr().add(start + channel), scale, shift);
                    _mm512_storeu_ps(packed.as_mut_ptr().add(row * STRIDE + channel), value);
                }
            }
        }
    }
    check(x, starts, ROWS, scale, shift);
    // SAFETY: the caller has a `Short`; the bounds are checked.
    unsafe { kernel(x, starts, scale, shift, packed) }
}

/// Rounds to bf16.
pub(in super::super) fn shorten(_: Short, values: &[f32], out: &mut [u16]) {
    #[target_feature(enable = "avx512f,avx512bf16,avx512vl,avx512bw")]
    unsafe fn kernel(values: &[f32], out: &mut [u16]) {
        for at in (0..values.len()).step_by(32) {
            // SAFETY: both have a multiple of 32 numbers, the same.
            unsafe {
                let from = values.as_ptr().add(at);
                store_pair(out.as_mut_ptr().add(at), _mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16)));
            }
        }
    }
    assert!(values.len() == out.len() && values.len().is_multiple_of(32), "odd number of channels");
    // SAFETY: the caller has a `Short`; the bounds are checked.
    unsafe { kernel(values, out) }
}
