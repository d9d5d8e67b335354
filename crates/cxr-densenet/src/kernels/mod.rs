//! The inner loops, and the only place of this crate with `unsafe` code besides the threads: each kernel
//! is a safe function over slices that checks its bounds once, before the loop.

#![allow(unsafe_code, reason = "vector instructions, and loops whose bounds are checked before them")]

#[cfg(target_arch = "x86_64")]
mod bf16;
mod dots;
mod gemm;
mod isa;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod operand;
mod passes;
#[cfg(target_arch = "x86_64")]
mod tiles;

#[cfg(target_arch = "x86_64")]
pub(super) use bf16::{
    PackedShort, SHORT_STRIDE, Short, finish_short, multiply_short, normalise_and_pool_short,
    normalise_short, normalise_widening, pack_pairs, saturate_short, shorten,
};
pub(super) use dots::dots_of_halves;
pub(super) use gemm::{Rows, multiply, pack_panels};
pub(super) use isa::Isa;
#[cfg(target_arch = "x86_64")]
pub(super) use operand::{Operand, SHORT_ROWS, Sums};
pub(super) use passes::{maximum, normalise, normalise_and_pool, tiles_from_winograd, tiles_to_winograd};

/// Columns of the right-hand matrix that are computed together: it is stored in panels of so many.
pub(super) const PANEL: usize = 32;
/// Rows of the left-hand matrix that are packed together: the most that any processor computes at once.
pub(super) const ROWS: usize = 14;
/// Numbers from one packed row to the next: room for the widest layer of DenseNet-121, -169 and -201, and
/// one cache line more than a power of two, so that rows do not fight for the same lines of the cache.
pub(super) const STRIDE: usize = 2048 + 16;
/// Channels between the two convolutions of a layer.
pub(super) const MIDDLE: usize = 128;

/// Packed rows: what the kernels take as their left-hand matrix, `ROWS` x `STRIDE`.
pub(super) type Packed = [f32; ROWS * STRIDE];

/// Makes a function of a generic kernel: one copy for each kind of processor, chosen by `Isa`.
macro_rules! dispatch {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $kernel:ident;) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments, reason = "a kernel's arguments are its operands")]
        pub(in super::super) fn $name(isa: $crate::kernels::Isa, $($argument: $type),*) {
            use $crate::kernels::lanes;
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c")]
            fn sixteen($($argument: $type),*) {
                $kernel::<lanes::Sixteen>($($argument),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn eight($($argument: $type),*) {
                $kernel::<lanes::Eight>($($argument),*);
            }
            match isa.widest() {
                // SAFETY: an `Isa` of this kind is made only where the processor has these features.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::isa::Widest::Sixteen => unsafe { sixteen($($argument),*) },
                // SAFETY: the same.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::isa::Widest::Eight => unsafe { eight($($argument),*) },
                $crate::kernels::isa::Widest::Four => $kernel::<lanes::Four>($($argument),*),
            }
        }
    };
}
use dispatch;
