//! Intel AMX: matrix products of whole tiles of 16 x 64 bytes. Rust has no stable functions for it, so that
//! it is spoken to in assembly (Intel Architecture Instruction Set Extensions Reference, chapter 3).

use std::{
    arch::{asm, x86_64::__cpuid_count},
    sync::OnceLock,
};

use super::{
    PANEL,
    operand::{Operand, Sums},
};

/// Returns whether the processor has tiles for bf16, and the operating system lets this process use them.
pub(super) fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| has_tiles() && may_use_tiles())
}

fn has_tiles() -> bool {
    // Leaf 7: bit 22 of EDX is AMX-BF16, bit 24 AMX-TILE.
    const WANTED: u32 = 1 << 22 | 1 << 24;
    __cpuid_count(0, 0).eax >= 7 && __cpuid_count(7, 0).edx & WANTED == WANTED
}

/// Linux lets a process use the tiles' large registers once it has asked (Documentation/arch/x86/xstate.rst).
/// The answer holds for all threads.
#[cfg(target_os = "linux")]
fn may_use_tiles() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const XFEATURE_XTILEDATA: i64 = 18;
    let mut answer = ARCH_PRCTL;
    // SAFETY: a system call that changes nothing in memory; the kernel overwrites rcx and r11.
    unsafe {
        asm!("syscall", inout("rax") answer, in("rdi") ARCH_REQ_XCOMP_PERM, in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn may_use_tiles() -> bool {
    false
}

/// The shapes of the eight tiles: palette 1, each 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPES: Shapes = Shapes {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Runs the loop over segments and steps with these loads and products in its middle.
macro_rules! product {
    ([$($middle:literal),*], [$($end:literal),*], $operand:ident, $panel:ident, $sums:ident) => {
        asm!(
            "ldtilecfg [{shapes}]",
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            "mov {a}, {start}",
            "mov {left}, {steps}",
            "3:",
            $($middle,)*
            "add {a}, 64",
            "add {b}, 2048",
            "dec {left}",
            "jnz 3b",
            "add {start}, {segment}",
            "dec {segments}",
            "jnz 2b",
            "mov {left}, 128",
            $($end,)*
            "tilerelease",
            shapes = in(reg) &raw const SHAPES,
            a = out(reg) _,
            left = out(reg) _,
            below = in(reg) 16 * 2 * $operand.row,
            row = in(reg) 2 * $operand.row,
            steps = in(reg) $operand.steps,
            segment = in(reg) 2 * $operand.segment,
            width = in(reg) 4 * PANEL,
            start = inout(reg) $operand.values.as_ptr().add($operand.start) => _,
            segments = inout(reg) $operand.segments => _,
            b = inout(reg) $panel.as_ptr() => _,
            sums = in(reg) $sums.as_mut_ptr(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        )
    };
}

/// The product of `rows` (16 or 32) rows with one panel.
///
/// # Safety
/// Tiles are [`available`]; the operand fits `rows` and the panel; its steps and segments are not zero.
pub(super) unsafe fn multiply(operand: Operand<'_>, rows: usize, panel: &[u16], sums: &mut Sums) {
    if rows > 16 {
        // SAFETY: loads 32 rows and the panel within their bounds, stores 32 x 32 sums.
        unsafe {
            product!(
                [
                    "tileloadd tmm6, [{b} + {width}]",
                    "tileloadd tmm4, [{a} + {row}]",
                    "tileloadd tmm7, [{b} + {width} + 64]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "add {a}, {below}",
                    "tileloadd tmm5, [{a} + {row}]",
                    "sub {a}, {below}",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7"
                ],
                [
                    "tilestored [{sums} + {left}], tmm0",
                    "tilestored [{sums} + {left} + 64], tmm1",
                    "tilestored [{sums} + {left} + 2048], tmm2",
                    "tilestored [{sums} + {left} + 2112], tmm3"
                ],
                operand,
                panel,
                sums
            );
        }
    } else {
        // SAFETY: loads 16 rows and the panel within their bounds, stores 16 x 32 sums.
        unsafe {
            product!(
                [
                    "tileloadd tmm6, [{b} + {width}]",
                    "tileloadd tmm4, [{a} + {row}]",
                    "tileloadd tmm7, [{b} + {width} + 64]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "/* {below} */"
                ],
                ["tilestored [{sums} + {left}], tmm0", "tilestored [{sums} + {left} + 64], tmm1"],
                operand,
                panel,
                sums
            );
        }
    }
}

/// Multiplications and additions of one round of [`saturate`]: four products of 16 x 32 and 32 x 16.
pub(super) const ROUND: usize = 4 * 2 * 16 * 16 * 32;

/// `rounds` (at least 1) of products of tiles that stay in their registers: nothing is faster.
///
/// # Safety
/// Tiles are [`available`].
pub(super) unsafe fn saturate(rounds: usize) {
    debug_assert!(rounds > 0, "the loop counts down to zero");
    // SAFETY: no memory but the shapes is touched.
    unsafe {
        asm!(
            "ldtilecfg [{shapes}]",
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "tilezero tmm4", "tilezero tmm5", "tilezero tmm6", "tilezero tmm7",
            "2:",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "dec {left}",
            "jnz 2b",
            "tilerelease",
            shapes = in(reg) &raw const SHAPES,
            left = inout(reg) rounds => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}
