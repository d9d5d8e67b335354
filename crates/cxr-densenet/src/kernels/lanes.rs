//! One vector register's worth of numbers, for each kind of processor that we know.
//!
//! The kernels are written once over [`Lanes`]. A type of this module must only be named by code that
//! `dispatch!` reaches: its methods use instructions that not every processor has.

/// As many f32 as one vector register holds.
pub(super) trait Lanes: Copy {
    /// How many.
    const COUNT: usize;
    /// Rows of a matrix product that are computed together: with two registers of sums a row, as many
    /// as the processor has registers for, and enough to cover the latency of its multiply-add.
    const ROWS: usize;

    /// One number in all lanes.
    fn splat(value: f32) -> Self;

    /// Reads `COUNT` numbers.
    ///
    /// # Safety
    /// They must lie within one allocation that is initialised.
    unsafe fn load(from: *const f32) -> Self;

    /// Reads `COUNT` numbers of half precision (IEEE 754 binary16, little-endian).
    ///
    /// # Safety
    /// Their bytes must lie within one allocation that is initialised.
    unsafe fn load_half(from: *const u8) -> Self;

    /// Writes `COUNT` numbers.
    ///
    /// # Safety
    /// Their place must lie within one allocation that is writable.
    unsafe fn store(self, to: *mut f32);

    /// Says that this place will be read soon. Any place will do.
    fn prefetch(place: *const f32);

    /// `self * factor + summand`.
    fn mul_add(self, factor: Self, summand: Self) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
}

/// For any processor: four numbers, which the compiler puts into SSE or NEON registers.
#[derive(Clone, Copy)]
pub(super) struct Four([f32; 4]);

impl Four {
    #[inline(always)]
    fn zip(self, other: Self, with: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|n| with(self.0[n], other.0[n])))
    }
}

impl Lanes for Four {
    const COUNT: usize = 4;
    const ROWS: usize = 6;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_half(from: *const u8) -> Self {
        // SAFETY: the caller's promise.
        let halves = unsafe { from.cast::<[[u8; 2]; 4]>().read_unaligned() };
        Self(halves.map(|half| half::f16::from_le_bytes(half).to_f32()))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    fn prefetch(_: *const f32) {}

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        // Without the instruction for it, `f32::mul_add` is a call of a slow library function.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            Self(std::array::from_fn(|n| self.0[n].mul_add(factor.0[n], summand.0[n])))
        } else {
            self.zip(factor, |a, b| a * b).add(summand)
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Eight, Sixteen};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    macro_rules! lanes {
        ($(#[$doc:meta])* $name:ident, $register:ty, $count:literal, $rows:literal,
         $set1:ident, $loadu:ident, $half:ident, $loadu_half:ident, $widen:ident, $storeu:ident, $fmadd:ident, $add:ident, $sub:ident, $max:ident) => {
            $(#[$doc])*
            #[derive(Clone, Copy)]
            pub(in super::super) struct $name($register);

            // SAFETY of all blocks here: the instructions exist, as this type is only named where
            // `dispatch!` has seen to it; loads and stores are the caller's promise.
            impl Lanes for $name {
                const COUNT: usize = $count;
                const ROWS: usize = $rows;

                #[inline(always)]
                fn splat(value: f32) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $set1(value) })
                }

                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $loadu(from) })
                }

                #[inline(always)]
                unsafe fn load_half(from: *const u8) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $widen($loadu_half(from.cast::<$half>())) })
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: see above.
                    unsafe { $storeu(to, self.0) }
                }

                #[inline(always)]
                fn prefetch(place: *const f32) {
                    // SAFETY: a hint, which never faults.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
                }

                #[inline(always)]
                fn mul_add(self, factor: Self, summand: Self) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $fmadd(self.0, factor.0, summand.0) })
                }

                #[inline(always)]
                fn add(self, other: Self) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $add(self.0, other.0) })
                }

                #[inline(always)]
                fn sub(self, other: Self) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $sub(self.0, other.0) })
                }

                #[inline(always)]
                fn max(self, other: Self) -> Self {
                    // SAFETY: see above.
                    Self(unsafe { $max(self.0, other.0) })
                }
            }
        };
    }

    lanes!(
        /// AVX2 with FMA and F16C.
        Eight, __m256, 8, 6, _mm256_set1_ps, _mm256_loadu_ps, __m128i, _mm_loadu_si128, _mm256_cvtph_ps,
        _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_max_ps
    );
    lanes!(
        /// AVX-512.
        Sixteen, __m512, 16, 14, _mm512_set1_ps, _mm512_loadu_ps, __m256i, _mm256_loadu_si256, _mm512_cvtph_ps,
        _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_max_ps
    );
}
