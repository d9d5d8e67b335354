//! The way of films to Candle's device. To a GPU it goes through page-locked memory, from which the GPU fetches by
//! itself at the full speed of the bus; the driver would copy pageable memory piece by piece.

use candle_core::{Device, Result, Tensor};

/// Memory that is kept between batches for the way to a GPU.
#[derive(Debug, Default)]
pub(super) struct Staging {
    #[cfg(feature = "cuda")]
    locked: gpu::Locked,
}

impl Staging {
    /// Films of `shape`, film x channel x row x column, on `device`.
    ///
    /// # Errors
    /// Another number of values than the shape has, or no memory.
    #[cfg_attr(not(feature = "cuda"), allow(clippy::unused_self))]
    pub(super) fn upload(&mut self, films: Vec<f32>, shape: [usize; 4], device: &Device) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if let Device::Cuda(cuda) = device {
            return self.locked.upload(&films, shape, cuda);
        }
        Tensor::from_vec(films, shape.as_slice(), device)
    }
}

#[cfg(feature = "cuda")]
mod gpu {
    use candle_core::{
        CudaDevice, CudaStorage, Result, Storage, Tensor,
        cuda::{WrapErr, cudarc::driver::PinnedHostSlice},
        op::BackpropOp,
    };

    /// Page-locked memory for each film of the largest batch so far.
    #[derive(Debug, Default)]
    pub(super) struct Locked(Vec<PinnedHostSlice<f32>>);

    impl Locked {
        /// While the GPU fetches one film, the next is laid out for it.
        pub(super) fn upload(
            &mut self,
            films: &[f32],
            shape: [usize; 4],
            device: &CudaDevice,
        ) -> Result<Tensor> {
            let [count, channels, rows, columns] = shape;
            let film = channels * rows * columns;
            if films.len() != count * film {
                candle_core::bail!("{} values cannot be films of {shape:?}", films.len());
            }
            let mut values = device.alloc_zeros::<f32>(films.len())?;
            for (n, pixels) in films.chunks_exact(film).enumerate() {
                let locked = self.film(n, film, device)?;
                // Waits until the GPU has fetched what was here before.
                locked.as_mut_slice().w()?.copy_from_slice(pixels);
                device.memcpy_htod(&*locked, &mut values.slice_mut(n * film..(n + 1) * film))?;
            }
            let values = Storage::Cuda(CudaStorage::wrap_cuda_slice(values, device.clone()));
            Ok(Tensor::from_storage(values, shape.as_slice(), BackpropOp::none(), false))
        }

        /// The memory of film `n`, of `values` values.
        fn film(
            &mut self,
            n: usize,
            values: usize,
            device: &CudaDevice,
        ) -> Result<&mut PinnedHostSlice<f32>> {
            if self.0.first().is_some_and(|locked| locked.len() != values) {
                self.0.clear();
            }
            while self.0.len() <= n {
                self.0.push(page_locked(values, device)?);
            }
            Ok(&mut self.0[n])
        }
    }

    /// Memory for `values` values. Its content is not set.
    #[allow(unsafe_code)]
    fn page_locked(values: usize, device: &CudaDevice) -> Result<PinnedHostSlice<f32>> {
        // SAFETY: what the call warns of is memory with any content. Any bits are an f32, and `upload` overwrites
        // all of it before the GPU reads it.
        unsafe { device.cuda_stream().context().alloc_pinned(values) }.w()
    }
}
