//! Where the engine computes, and how exactly.

use candle_core::Device;
use cxr_densenet::Processor;

use super::{ModelError, error::said};

/// The device that the user asked for with `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The processor.
    Cpu,
    /// The first NVIDIA GPU, or an error.
    Cuda,
    /// The GPU where this build and this machine have one, else the processor.
    #[default]
    Auto,
}

impl DeviceChoice {
    /// Opens the device; with it comes the name that results are recorded with ("cpu", "cuda:0").
    ///
    /// # Errors
    /// [`ModelError::Device`] if a GPU was asked for and this build or machine has none.
    pub(super) fn open(self) -> Result<(Device, &'static str), ModelError> {
        match self {
            Self::Cpu => Ok((Device::Cpu, "cpu")),
            Self::Cuda => open_cuda(),
            Self::Auto => Ok(open_cuda().unwrap_or((Device::Cpu, "cpu"))),
        }
    }
}

fn open_cuda() -> Result<(Device, &'static str), ModelError> {
    if !candle_core::utils::cuda_is_available() {
        return Err(ModelError::Device {
            reason: "this program was built without CUDA: use --device cpu, or build it with \
                     `--features cuda`"
                .to_owned(),
        });
    }
    match Device::new_cuda(0) {
        Ok(device) => Ok((device, "cuda:0")),
        Err(error) => Err(ModelError::Device {
            reason: format!(
                "no NVIDIA GPU can be opened ({}): use --device cpu, or check `nvidia-smi`",
                said(&error)
            ),
        }),
    }
}

/// The number format that the network computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32-bit floating point: the reference.
    #[default]
    Fp32,
    /// 16-bit brain floating point.
    Bf16,
}

impl Precision {
    /// The word that the command line and the records know it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
        }
    }

    /// Whether this machine computes in it on `device`. GPUs always do: those without instructions for it convert.
    pub(super) fn check(self, device: &Device) -> Result<(), ModelError> {
        self.check_that(device.is_cpu(), Processor::has_bf16())
    }

    fn check_that(self, is_processor: bool, has_bf16: bool) -> Result<(), ModelError> {
        if self == Self::Bf16 && is_processor && !has_bf16 {
            return Err(ModelError::Precision {
                reason: "this processor has no instructions for bf16 (AVX512-BF16 or AMX): leave --precision out, \
                         or set it to fp32"
                    .to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_always_opens_something() {
        let (_, name) = DeviceChoice::Auto.open().unwrap();
        assert!(["cpu", "cuda:0"].contains(&name));
    }

    #[test]
    fn a_precision_that_is_not_there_says_what_to_do() {
        let message = Precision::Bf16.check_that(true, false).unwrap_err().to_string();
        assert!(message.contains("this processor") && message.contains("fp32"), "{message}");
        for (precision, is_processor, has_bf16) in [
            (Precision::Bf16, true, true),
            (Precision::Bf16, false, false),
            (Precision::Fp32, true, false),
            (Precision::Fp32, false, false),
        ] {
            precision.check_that(is_processor, has_bf16).unwrap();
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_gpu_that_this_build_cannot_use_is_a_clear_error() {
        let message = DeviceChoice::Cuda.open().unwrap_err().to_string();
        assert!(message.contains("without CUDA") && message.contains("--device cpu"), "{message}");
    }
}
