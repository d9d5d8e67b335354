//! Dot products of one vector with many: what the search for similar films spends its time on.

use super::{dispatch, lanes::Lanes};

/// Sums that are added to in turn, so that a multiply-add need not wait for the one before it.
const SUMS: usize = 4;

dispatch! {
    /// The dot product of `query` with each of the vectors of half-precision numbers in `vectors`.
    fn dots_of_halves(query: &[f32], vectors: &[u8], products: &mut [f32]) = kernel;
}

#[inline(always)]
fn kernel<L: Lanes>(query: &[f32], vectors: &[u8], products: &mut [f32]) {
    let vectors = vectors.chunks_exact((2 * query.len()).max(1));
    for (vector, product) in vectors.zip(products) {
        let mut sums = [L::splat(0.0); SUMS];
        let mut at = 0;
        while at + SUMS * L::COUNT <= query.len() {
            for (n, sum) in sums.iter_mut().enumerate() {
                let at = at + n * L::COUNT;
                // SAFETY: so many numbers of the query are left, and the vector has twice as many bytes as it has numbers.
                let (a, b) =
                    unsafe { (L::load(query.as_ptr().add(at)), L::load_half(vector.as_ptr().add(2 * at))) };
                *sum = a.mul_add(b, *sum);
            }
            at += SUMS * L::COUNT;
        }
        let [a, b, c, d] = sums;
        let mut lanes = [0.0f32; 16];
        // SAFETY: no register has more than 16 numbers.
        unsafe { a.add(b).add(c.add(d)).store(lanes.as_mut_ptr()) };
        let halves = vector[2 * at..].chunks_exact(2);
        let rest =
            query[at..].iter().zip(halves).map(|(a, b)| a * half::f16::from_le_bytes([b[0], b[1]]).to_f32());
        *product = lanes[..L::COUNT].iter().sum::<f32>() + rest.sum::<f32>();
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;
    use crate::kernels::Isa;

    #[test]
    fn products_are_those_of_plain_arithmetic_on_every_kind_of_processor_at_any_length() {
        for length in [0, 1, 3, 16, 63, 64, 65, 768, 1024, 1031] {
            let query: Vec<f32> = (0..length).map(|n| (n as f32 * 0.37).sin()).collect();
            // Tiny ones among them: numbers that half precision holds without its leading bit.
            let number = |n: usize| {
                f16::from_f32((n as f32 * 0.73).cos() * if n.is_multiple_of(5) { 3e-6 } else { 1.5 })
            };
            let vectors: Vec<f16> = (0..3 * length).map(number).collect();
            let bytes: Vec<u8> = vectors.iter().flat_map(|number| number.to_le_bytes()).collect();
            let expected = |vector: usize| -> f64 {
                let vector = &vectors[vector * length..][..length];
                query.iter().zip(vector).map(|(a, b)| f64::from(*a) * b.to_f64()).sum()
            };
            for isa in Isa::all() {
                // One place more than there are vectors.
                let mut products = [f32::NAN; 4];
                dots_of_halves(isa, &query, &bytes, &mut products);
                for (n, product) in products.iter().take(if length == 0 { 0 } else { 3 }).enumerate() {
                    let far = (f64::from(*product) - expected(n)).abs();
                    assert!(far < 1e-4, "{} of {length}: {product}, not {}", isa.word(), expected(n));
                }
                assert!(products[3].is_nan());
            }
        }
    }
}
