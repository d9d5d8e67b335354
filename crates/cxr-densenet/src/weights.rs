//! From the tensors of a file to what the kernels want: batch normalisations as one factor and one
//! summand a channel, folded into a convolution where one comes before.

/// Where tensors come from: the name and the shape that is needed give the numbers, in the order of the file.
pub trait Tensors {
    /// The error of a source of tensors.
    type Error;

    /// A tensor's numbers; as many as the shape says.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Self::Error>;
}

/// Batch normalisation: `x * scale + shift`, channel by channel.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

impl Norm {
    pub(super) fn read<T: Tensors>(
        tensors: &mut T,
        name: &str,
        channels: usize,
        epsilon: f64,
    ) -> Result<Self, T::Error> {
        let mut part = |part: &str| tensors.tensor(&format!("{name}.{part}"), &[channels]);
        let (mean, variance) = (part("running_mean")?, part("running_var")?);
        let (weight, bias) = (part("weight")?, part("bias")?);
        let scale: Vec<f32> = weight
            .iter()
            .zip(&variance)
            .map(|(weight, variance)| (f64::from(*weight) / (f64::from(*variance) + epsilon).sqrt()) as f32)
            .collect();
        let shift = bias
            .iter()
            .zip(mean.iter().zip(&scale))
            .map(|(bias, (mean, scale))| bias - mean * scale)
            .collect();
        Ok(Self { scale, shift })
    }

    /// Folds the factors into the convolution before: each output's weights are multiplied. What is left
    /// to be added is the shift.
    pub(super) fn fold_into(self, weights: &mut [f32]) -> Vec<f32> {
        let depth = weights.len() / self.scale.len().max(1);
        for (weights, scale) in weights.chunks_exact_mut(depth).zip(&self.scale) {
            weights.iter_mut().for_each(|weight| *weight *= scale);
        }
        self.shift
    }
}

/// The two convolutions of a layer and the normalisation before them.
#[derive(Debug)]
pub(super) struct RawLayer {
    pub(super) norm: Norm,
    /// 128 x inputs.
    pub(super) squeeze: Vec<f32>,
    /// 128.
    pub(super) bias: Vec<f32>,
    /// 32 x 128 x 3 x 3.
    pub(super) expand: Vec<f32>,
}

/// The convolution between two blocks and the normalisation before it.
#[derive(Debug)]
pub(super) struct RawTransition {
    pub(super) norm: Norm,
    /// outputs x inputs.
    pub(super) weights: Vec<f32>,
}
