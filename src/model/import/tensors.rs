//! Tensors on their way from one file format to another.

use std::collections::BTreeMap;

use super::reader_error::{Outcome, ReaderError};

/// The longest name that a tensor may have; PyTorch's and Keras' have a tenth of it.
pub(super) const LONGEST_NAME: usize = 1024;

/// Tensors by name.
pub(super) type Tensors = BTreeMap<String, Array>;

/// Numbers in rows, the last axis running fastest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl Array {
    /// Returns the numbers with their axes in another order: axis `n` of the result is axis `order[n]` of this.
    pub(super) fn transposed(&self, order: &[usize]) -> Self {
        let strides = strides(&self.shape);
        let shape: Vec<usize> = order.iter().map(|&axis| self.shape[axis]).collect();
        let steps: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
        let mut values = Vec::with_capacity(self.values.len());
        gather(&shape, &steps, 0, &mut |at| values.push(self.values[at]));
        Self { shape, values }
    }
}

/// Returns how far apart neighbours along each axis lie in rows without gaps.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Visits the place of every number, the last axis running fastest. As deep as there are axes.
pub(super) fn gather(shape: &[usize], strides: &[usize], start: usize, visit: &mut impl FnMut(usize)) {
    match (shape, strides) {
        ([count, shape @ ..], [stride, strides @ ..]) => {
            for n in 0..*count {
                gather(shape, strides, start + n * stride, visit);
            }
        }
        _ => visit(start),
    }
}

/// Returns how many numbers a tensor of that shape holds.
pub(super) fn count(shape: &[usize]) -> Outcome<usize> {
    shape
        .iter()
        .try_fold(1usize, |count, &side| count.checked_mul(side))
        .ok_or_else(|| ReaderError::damaged(format!("a tensor of shape {shape:?} is larger than any memory")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_change_places_with_their_numbers() {
        let array = Array { shape: vec![2, 3], values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0] };
        let turned = array.transposed(&[1, 0]);
        assert_eq!(turned, Array { shape: vec![3, 2], values: vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0] });
        assert_eq!(turned.transposed(&[1, 0]), array);
        let kernel = Array { shape: vec![1, 2, 3, 4], values: (0..24u8).map(f32::from).collect() };
        let there = kernel.transposed(&[3, 2, 0, 1]);
        // Value of row 0, column 1, input 2, output 3, which is the last.
        assert_eq!((there.shape.clone(), there.values[3 * 6 + 2 * 2 + 1]), (vec![4, 3, 1, 2], 23.0));
        assert_eq!(there.transposed(&[2, 3, 1, 0]), kernel);
    }

    #[test]
    fn a_shape_beyond_memory_is_no_number() {
        assert_eq!(count(&[]), Ok(1));
        assert_eq!(count(&[3, 0, usize::MAX]), Ok(0));
        assert!(count(&[usize::MAX, 2]).is_err());
    }
}
