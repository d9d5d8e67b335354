//! The matrix product: packed rows times one panel of 32 columns, with bias and ReLU on the way out.

use super::{PANEL, Packed, ROWS, STRIDE, dispatch, lanes::Lanes};

/// Where the rows of a product go.
pub(in super::super) struct Rows<'a> {
    /// The matrix that holds the result.
    pub(in super::super) out: &'a mut [f32],
    /// Where each row's 32 columns begin in it; at most [`ROWS`].
    pub(in super::super) starts: &'a [usize],
}

/// Brings a matrix of `columns` rows by `depth` (each row the weights of one output) into panels: for
/// each 32 outputs `depth` x 32 numbers, the last panel filled up with zeros.
pub(in super::super) fn pack_panels(weights: &[f32], depth: usize) -> Vec<f32> {
    let outputs = weights.len() / depth.max(1);
    let mut panels = vec![0.0; outputs.div_ceil(PANEL) * depth * PANEL];
    for (panel, outputs) in panels.chunks_exact_mut(depth * PANEL).zip(weights.chunks(depth * PANEL)) {
        for (column, output) in outputs.chunks_exact(depth).enumerate() {
            for (row, weight) in panel.chunks_exact_mut(PANEL).zip(output) {
                row[column] = *weight;
            }
        }
    }
    panels
}

dispatch! {
    /// `rows.out[start + column] = max(bias[column] + sum over k of a[row][first + k] * panel[k][column], floor)`
    /// for each row's start. The order of the sum is that of k whatever the number of rows, so that a
    /// row's result does not depend on its neighbours.
    fn multiply(a: &Packed, first: usize, panel: &[f32], bias: &[f32; PANEL], floor: f32, rows: Rows<'_>) = product;
}

#[inline(always)]
fn product<L: Lanes>(
    a: &Packed,
    first: usize,
    panel: &[f32],
    bias: &[f32; PANEL],
    floor: f32,
    rows: Rows<'_>,
) {
    let Rows { out, starts } = rows;
    let depth = panel.len() / PANEL;
    assert!(first + depth <= STRIDE && starts.len() <= ROWS, "the packed rows are too short");
    assert!(starts.iter().all(|start| start + PANEL <= out.len()), "a row lies outside of the result");
    let mut done = 0;
    while done < starts.len() {
        let here = &starts[done..(done + L::ROWS).min(starts.len())];
        let a = a[done * STRIDE + first..].as_ptr();
        // SAFETY: `here` has at most as many rows as there are left in `a`, each with `depth` numbers
        // from `first` on; the panel has `depth` rows; the places of the result are checked above.
        unsafe {
            match here.len() {
                1 => some_rows::<L, 1>(a, panel, bias, floor, out, here),
                2 => some_rows::<L, 2>(a, panel, bias, floor, out, here),
                3 => some_rows::<L, 3>(a, panel, bias, floor, out, here),
                4 => some_rows::<L, 4>(a, panel, bias, floor, out, here),
                5 => some_rows::<L, 5>(a, panel, bias, floor, out, here),
                6 => some_rows::<L, 6>(a, panel, bias, floor, out, here),
                7 => some_rows::<L, 7>(a, panel, bias, floor, out, here),
                8 => some_rows::<L, 8>(a, panel, bias, floor, out, here),
                9 => some_rows::<L, 9>(a, panel, bias, floor, out, here),
                10 => some_rows::<L, 10>(a, panel, bias, floor, out, here),
                11 => some_rows::<L, 11>(a, panel, bias, floor, out, here),
                12 => some_rows::<L, 12>(a, panel, bias, floor, out, here),
                13 => some_rows::<L, 13>(a, panel, bias, floor, out, here),
                _ => some_rows::<L, 14>(a, panel, bias, floor, out, here),
            }
        }
        done += here.len();
    }
}

/// `R` rows by 32 columns, all sums in registers.
///
/// # Safety
/// `a` points to `R` rows, `STRIDE` apart, of as many numbers as the panel has rows; `starts` has `R`
/// entries with room for 32 numbers in `out`.
#[inline(always)]
unsafe fn some_rows<L: Lanes, const R: usize>(
    a: *const f32,
    panel: &[f32],
    bias: &[f32; PANEL],
    floor: f32,
    out: &mut [f32],
    starts: &[usize],
) {
    // Row counts that this processor never asks for need no code.
    if R > L::ROWS {
        return;
    }
    for column in (0..PANEL).step_by(2 * L::COUNT) {
        // SAFETY: within the panel's first row, and below within the row at hand.
        let (mut a, mut b) = unsafe { (a, panel.as_ptr().add(column)) };
        let mut sums = [[L::splat(0.0); 2]; R];
        for _ in 0..panel.len() / PANEL {
            // SAFETY: one number of each row, one row of the panel, as promised.
            unsafe {
                let (left, right) = (L::load(b), L::load(b.add(L::COUNT)));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let value = L::splat(*a.add(row * STRIDE));
                    sums[0] = value.mul_add(left, sums[0]);
                    sums[1] = value.mul_add(right, sums[1]);
                }
                a = a.wrapping_add(1);
                b = b.wrapping_add(PANEL);
            }
        }
        let floor = L::splat(floor);
        for (row, sums) in sums.into_iter().enumerate() {
            for (half, sum) in sums.into_iter().enumerate() {
                let column = column + half * L::COUNT;
                // SAFETY: there are `R` starts; `column` + `COUNT` <= 32, for which each start has room.
                unsafe {
                    let start = *starts.get_unchecked(row);
                    let sum = sum.add(L::load(bias.as_ptr().add(column))).max(floor);
                    sum.store(out.as_mut_ptr().add(start + column));
                }
            }
        }
    }
}
