//! The instruction sets of the processor, found out once.

/// The instructions that the kernels use. It cannot be made to claim more than the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Isa(Widest);

/// The widest vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Widest {
    /// Whatever the compiler takes for granted: SSE2, NEON.
    Four,
    /// AVX2 with FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Eight,
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Sixteen,
}

impl Isa {
    /// The best that this processor has.
    pub(in super::super) fn best() -> Self {
        Self::all().last().copied().unwrap_or(Self(Widest::Four))
    }

    /// All that this processor has, the plainest first.
    pub(in super::super) fn all() -> Vec<Self> {
        #[allow(unused_mut, reason = "other processors have one kind")]
        let mut all = vec![Self(Widest::Four)];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            if avx2 {
                all.push(Self(Widest::Eight));
            }
            if avx2 && avx512 {
                all.push(Self(Widest::Sixteen));
            }
        }
        all
    }

    /// Returns the name of these instructions for people.
    pub(in super::super) fn word(self) -> &'static str {
        match self.0 {
            Widest::Four => "any processor",
            #[cfg(target_arch = "x86_64")]
            Widest::Eight => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Widest::Sixteen => "AVX-512",
        }
    }

    pub(super) fn widest(self) -> Widest {
        self.0
    }
}
