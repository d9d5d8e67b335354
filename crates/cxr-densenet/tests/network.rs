//! The whole network by itself, with invented weights: its bits, and what it refuses.

#![allow(clippy::unwrap_used)] // helpers of tests may panic

use std::convert::Infallible;

use cxr_densenet::{BuildError, InputError, Parallelism, Processor, Shape, Tensors};

/// Numbers that look random, even over -1 to 1.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Weights of a size that keeps the maps' numbers near 1.
struct Invented;

impl Tensors for Invented {
    type Error = Infallible;

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Infallible> {
        let seed = name.bytes().fold(7_u32, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let random = noise(shape.iter().product(), seed).into_iter();
        let depth: usize = shape[1..].iter().product();
        let is_factor = name.ends_with("running_var") || name.contains("norm") && name.ends_with("weight");
        Ok(match (is_factor, shape.len()) {
            (true, _) => random.map(|value| 1.0 + 0.5 * value).collect(),
            (false, 1) => random.map(|value| value * 0.3).collect(),
            (false, _) => random.map(|value| value * (6.0 / depth as f32).sqrt()).collect(),
        })
    }
}

fn small() -> Shape {
    Shape { channels: 1, outputs: 14, stem: 64, blocks: vec![2, 4, 1, 2], epsilon: 1e-5 }
}

/// A film that was scored again in other company must not move in the list.
#[test]
fn a_film_gets_the_same_bits_in_any_batch_and_on_any_number_of_threads() {
    let (films, rows, columns) = (11, 75, 66);
    let pixels = rows * columns;
    let values = noise(films * pixels, 5);
    let mut alone = Vec::new();
    for threads in [1, 2, 5] {
        let processors = Processor::all_kinds(&small(), || Invented, threads).unwrap();
        for (kind, processor) in processors.iter().flatten().enumerate() {
            let one_by_one: Vec<f32> = values
                .chunks_exact(pixels)
                .flat_map(|film| processor.run(film, rows, columns, Parallelism::AllThreads).unwrap().maps)
                .collect();
            assert!(one_by_one.iter().any(|&value| value > 0.0), "maps that tell nothing apart, kind {kind}");
            for films in [1, 2, 3, 8, 11] {
                let together: Vec<f32> = values
                    .chunks(films * pixels)
                    .flat_map(|films| {
                        processor.run(films, rows, columns, Parallelism::AllThreads).unwrap().maps
                    })
                    .collect();
                assert!(together == one_by_one, "{films} films together, kind {kind}, {threads} threads");
            }
            // Two callers on threads of their own, while a third has the network's.
            let by = |parallelism| processor.run(&values, rows, columns, parallelism).unwrap().maps;
            let at_once = std::thread::scope(|scope| {
                [Parallelism::OneThread, Parallelism::OneThread, Parallelism::AllThreads]
                    .map(|parallelism| scope.spawn(move || by(parallelism)))
                    .map(|run| run.join())
            });
            for maps in at_once {
                assert!(maps.unwrap() == one_by_one, "callers at once, kind {kind}, {threads} threads");
            }
            match alone.get(kind) {
                None => alone.push(one_by_one),
                Some(before) => assert!(*before == one_by_one, "{threads} threads, kind {kind}"),
            }
        }
    }
}

#[test]
fn films_that_cannot_be_computed_are_refused() {
    let network = Processor::fp32(&small(), &mut Invented, 1).unwrap();
    for (films, rows, columns, fault) in [
        (&[][..], 0, 0, InputError::Input),
        (&[0.0; 64 * 64 + 1][..], 64, 64, InputError::Input),
        (&[0.0; 20 * 40][..], 20, 40, InputError::Small { rows: 20, columns: 40 }),
    ] {
        assert_eq!(network.run(films, rows, columns, Parallelism::OneThread), Err(fault));
    }
}

#[test]
fn networks_that_the_kernels_are_not_made_for_are_refused() {
    for shape in [
        Shape { blocks: vec![], ..small() },
        Shape { stem: 24, ..small() },
        Shape { channels: 50, ..small() },
        Shape { blocks: vec![70], ..small() },
    ] {
        let refused = Processor::fp32(&shape, &mut Invented, 1);
        assert!(matches!(refused, Err(BuildError::Shape)), "{shape:?}");
    }
}
