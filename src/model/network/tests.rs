//! Our kernels against the plain Candle network, on random weights and films.

use std::collections::HashMap;

use candle_core::{DType, Tensor};
use proptest::prelude::*;

use super::*;
use crate::model::{DenseNet, DenseNetConfig};

/// A builder's tensors as numbers.
struct Named<'a, 'b>(&'a VarBuilder<'b>);

impl Tensors for Named<'_, '_> {
    type Error = candle_core::Error;

    fn tensor(&mut self, name: &str, shape: &[usize]) -> candle_core::Result<Vec<f32>> {
        self.0.get(shape, name)?.flatten_all()?.to_vec1()
    }
}

/// Numbers that look random, even over -1 to 1.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Random weights of a network, of a size that keeps the maps' numbers near 1.
fn weights(config: &DenseNetConfig, seed: u64) -> HashMap<String, Tensor> {
    // A first run with a source that gives anything tells the names and shapes.
    let map = candle_nn::VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    DenseNet::new(config, &vb).unwrap();
    let shapes = map.data().lock().unwrap();
    let mut names: Vec<&String> = shapes.keys().collect();
    names.sort();
    let tensor = |(n, name): (usize, &String)| {
        let shape = shapes[name].shape().clone();
        let random = noise(shape.elem_count(), seed + n as u64);
        let values: Vec<f32> =
            if name.ends_with("running_var") || name.contains("norm") && name.ends_with("weight") {
                random.iter().map(|value| 1.0 + 0.5 * value).collect()
            } else if shape.dims().len() > 1 {
                let depth: usize = shape.dims()[1..].iter().product();
                let scale = (6.0 / depth as f32).sqrt();
                random.iter().map(|value| value * scale).collect()
            } else {
                random.iter().map(|value| value * 0.3).collect()
            };
        (name.clone(), Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
    };
    names.into_iter().enumerate().map(tensor).collect()
}

fn builder(weights: &HashMap<String, Tensor>) -> VarBuilder<'static> {
    VarBuilder::from_tensors(weights.clone(), DType::F32, &Device::Cpu)
}

fn small(channels: usize, outputs: usize, epsilon: f64) -> DenseNetConfig {
    DenseNetConfig { blocks: vec![2, 4, 1, 2], ..DenseNetConfig::densenet121(channels, outputs, epsilon) }
}

/// Returns how far two results are apart, as a share of the greatest.
fn apart(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    let scale = wanted.iter().fold(1.0f32, |most, value| most.max(value.abs()));
    found.iter().zip(wanted).map(|(a, b)| (a - b).abs() / scale).fold(0.0, f32::max)
}

fn assert_equal(config: &DenseNetConfig, seed: u64, films: usize, rows: usize, columns: usize) {
    let shape = [films, config.channels, rows, columns];
    let values = noise(shape.iter().product(), seed + 1_000_000);
    let weights = weights(config, seed);
    let run =
        |network: Network| network.run(values.clone(), shape, &Device::Cpu, Parallelism::AllThreads).unwrap();
    let plain = Plain::new(&NetworkConfig::DenseNet(config.clone()), &builder(&weights)).unwrap();
    let candle = run(Network::Candle(Box::new(plain), Mutex::default()));
    let wanted = candle.features.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let vb = builder(&weights);
    let kinds = Processor::all_kinds(&config.shape().unwrap(), || Named(&vb), 3).unwrap();
    for (kinds, close) in kinds.into_iter().zip([1e-4, 0.05]) {
        for (kind, processor) in kinds.into_iter().enumerate() {
            let found = run(Network::Processor(Box::new(processor)));
            assert_eq!(found.features.dims(), candle.features.dims());
            assert_eq!((found.rows, found.columns), (candle.rows, candle.columns));
            let features = found.features.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let off = [
                ("features", apart(&features, &wanted)),
                ("logits", apart(&found.logits, &candle.logits)),
                ("heatmaps", apart(&found.maps, &candle.maps)),
            ];
            for (what, off) in off {
                assert!(off < close, "{what} of {shape:?} on kind {kind}: {off:e}, not {close:e}");
            }
        }
    }
}

#[test]
fn the_whole_network_is_candles_at_the_usual_sizes() {
    for (films, rows, columns) in [(2, 224, 224), (1, 320, 256)] {
        assert_equal(&DenseNetConfig::densenet121(1, 18, 1e-5), 7, films, rows, columns);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_size_channels_labels_and_batch_give_what_candle_gives(
        seed in 0u64..1000, films in 1usize..10, rows in 32usize..140, columns in 32usize..140,
        channels in 1usize..4, outputs in 1usize..70, keras: bool,
    ) {
        let config = small(channels, outputs, if keras { 1.001e-5 } else { 1e-5 });
        assert_equal(&config, seed, films, rows, columns);
    }
}

#[test]
fn a_film_that_leaves_no_map_is_an_error() {
    let config = small(1, 2, 1e-5);
    let weights = weights(&config, 1);
    let network = Network::new(
        &NetworkConfig::DenseNet(config),
        &builder(&weights),
        &mut Named(&builder(&weights)),
        &Device::Cpu,
        Precision::Fp32,
        1,
    )
    .unwrap();
    let error =
        network.run(vec![0.0; 20 * 40], [1, 1, 20, 40], &Device::Cpu, Parallelism::AllThreads).unwrap_err();
    assert!(error.to_string().contains("20 x 40 is too small"), "{error}");
}

#[test]
fn a_shape_that_the_kernels_are_not_made_for_runs_on_candle() {
    let config = DenseNetConfig { growth: 4, stem: 8, ..small(1, 2, 1e-5) };
    let vb = builder(&weights(&config, 1));
    let network = Network::new(
        &NetworkConfig::DenseNet(config.clone()),
        &vb,
        &mut Named(&vb),
        &Device::Cpu,
        Precision::Fp32,
        1,
    )
    .unwrap();
    assert!(matches!(network, Network::Candle(..)));
}

/// bf16 needs a GPU; half precision takes the same way through the network, and Candle has it on the processor.
#[test]
fn half_the_digits_in_the_convolutions_move_scores_a_little() {
    let config = small(1, 14, 1e-5);
    let weights = weights(&config, 11);
    let film = Tensor::from_vec(noise(96 * 96, 2), (1, 1, 96, 96), &Device::Cpu).unwrap();
    let run = |format| {
        let vb = builder(&weights).to_dtype(format);
        let plain = Plain::new(&NetworkConfig::DenseNet(config.clone()), &vb).unwrap();
        let features = plain.features(&film).unwrap();
        assert_eq!(features.dtype(), DType::F32);
        plain.logits(&features).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let off = apart(&run(DType::F16), &run(DType::F32));
    assert!(off > 0.0 && off < 0.01, "{off:e}");
}

/// On a machine with an NVIDIA GPU; elsewhere it says that it did not run.
#[test]
fn a_gpu_gives_what_the_processor_gives() {
    let gpu = match Device::new_cuda(0) {
        Ok(gpu) => gpu,
        Err(error) => {
            println!("skipped: no NVIDIA GPU here ({})", crate::model::error::said(&error));
            return;
        }
    };
    let config = NetworkConfig::DenseNet(DenseNetConfig::densenet121(1, 18, 1e-5));
    let NetworkConfig::DenseNet(densenet) = &config else { unreachable!() };
    let weights = weights(densenet, 5);
    let on = |device: &Device, precision, films: usize| {
        let vb = VarBuilder::from_tensors(
            weights.iter().map(|(name, tensor)| (name.clone(), tensor.to_device(device).unwrap())).collect(),
            DType::F32,
            device,
        );
        let network = Network::new(&config, &vb, &mut Named(&vb), device, precision, 2).unwrap();
        // Twice, and a smaller batch between: the way to the GPU is used again.
        let values = noise(films * 224 * 224, 9);
        for films in [films, 1] {
            let values = values[..films * 224 * 224].to_vec();
            network.run(values, [films, 1, 224, 224], device, Parallelism::AllThreads).unwrap();
        }
        network.run(values, [films, 1, 224, 224], device, Parallelism::AllThreads).unwrap()
    };
    for films in [1, 32] {
        let wanted = on(&Device::Cpu, Precision::Fp32, films);
        for (precision, close) in [(Precision::Fp32, 1e-3), (Precision::Bf16, 0.05)] {
            let found = on(&gpu, precision, films);
            let off = apart(&found.logits, &wanted.logits).max(apart(&found.maps, &wanted.maps));
            assert!(off < close, "{} films in {}: {off:e}", films, precision.word());
        }
    }
}
