//! Where the engine computes, and how exactly.

use candle_core::Device;

use super::ModelError;

/// What the user asked for with `--device`.
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
            reason: format!("no NVIDIA GPU can be opened ({error}): use --device cpu, or check `nvidia-smi`"),
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

    /// Whether this engine computes in it.
    pub(super) fn check(self) -> Result<(), ModelError> {
        match self {
            Self::Fp32 => Ok(()),
            Self::Bf16 => Err(ModelError::Precision {
                reason: "this version computes in fp32 only: leave --precision out, or set it to fp32"
                    .to_owned(),
            }),
        }
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

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_gpu_that_this_build_cannot_use_is_a_clear_error() {
        let message = DeviceChoice::Cuda.open().unwrap_err().to_string();
        assert!(message.contains("without CUDA") && message.contains("--device cpu"), "{message}");
    }
}
