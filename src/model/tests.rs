//! The starter itself: loading, faults of loading, heatmaps against Candle's backward pass.

use std::{fs, path::Path};

use candle_core::{DType, Device, Tensor, Var};

use super::{plain::Plain, *};
use crate::hash::sha256;

fn starter() -> Model {
    Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap()
}

/// The peer of the kernels: the same network on Candle.
fn reference(source: &Source, model: &Model) -> Plain {
    let bytes = source.weights().unwrap();
    let config = model.manifest().network();
    weights::build(&[(&bytes, "reference")], &Device::Cpu, |vb, _| Plain::new(&config, vb)).unwrap().0
}

/// A blob of light on a ramp: something that a trained network reacts to.
fn blob(model: &Model, x: f32, y: f32) -> Input {
    let size = model.manifest().size as usize;
    let values = (0..size * size)
        .map(|n| {
            let (column, row) = ((n % size) as f32 / size as f32, (n / size) as f32 / size as f32);
            2.0 * (-((column - x).powi(2) + (row - y).powi(2)) * 12.0).exp() + row - 0.8
        })
        .collect();
    Input { values, channels: 1, height: size, width: size, region: Region::WHOLE }
}

#[test]
fn the_closed_form_is_grad_cam() {
    assert!(lively_maps_like_grad_cam(&Source::Embedded) > 10, "the maps are not all empty");
}

/// ResNet too ends in a mean and a linear layer.
#[test]
fn the_closed_form_is_grad_cam_for_the_other_network_too() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights");
    let manifest = fs::read_to_string(golden.join("resnet.toml")).unwrap();
    let library = tempfile::tempdir().unwrap();
    let file = golden.join("resnet.pt");
    let import = Import { file: &file, manifest: &manifest, place: "", name: None, library: library.path() };
    let source = Source::Folder(import.run().unwrap().folder);
    assert!(lively_maps_like_grad_cam(&source) >= 4, "the maps are not all empty");
}

/// Holds every label's map against Candle's backward pass; how many were not empty.
fn lively_maps_like_grad_cam(source: &Source) -> usize {
    let model = &Model::load(source, DeviceChoice::Cpu, Precision::Fp32).unwrap();
    let inputs = [blob(model, 0.3, 0.4), blob(model, 0.7, 0.6)];
    let findings = model.infer(&inputs).unwrap();
    let network = reference(source, model);
    let size = model.manifest().size as usize;
    let films: Vec<f32> = inputs.iter().flat_map(|input| input.values.clone()).collect();
    let films = Tensor::from_vec(films, (2, 1, size, size), &Device::Cpu).unwrap();
    let map = Var::from_tensor(&network.features(&films).unwrap()).unwrap();
    let logits = network.logits(&map).unwrap();
    let mut lively = 0;
    for label in 0..model.manifest().labels.len() {
        let output = model.manifest().labels[label].output;
        let gradients = logits.narrow(1, output, 1).unwrap().sum_all().unwrap().backward().unwrap();
        let alpha = gradients.get(&map).unwrap().mean_keepdim((2, 3)).unwrap();
        let wanted = map.broadcast_mul(&alpha).unwrap().sum(1).unwrap().relu().unwrap();
        for (film, findings) in findings.iter().enumerate() {
            let wanted: Vec<f32> = wanted.get(film).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let found = findings.heatmap.grid(label).unwrap();
            let off = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let highest = wanted.iter().copied().fold(0.0, f32::max);
            assert!(off < 1e-4 * highest.clamp(1e-3, 1.0), "film {film}, label {label}: {off} of {highest}");
            lively += usize::from(highest > 1e-3);
        }
    }
    lively
}

#[test]
fn the_starter_carries_what_the_screen_must_show() {
    let model = starter();
    let manifest = model.manifest();
    assert_eq!((manifest.labels.len(), model.device_name()), (14, "cpu"));
    assert!(manifest.banner.contains("not to read films"));
    let validated: Vec<_> =
        manifest.labels.iter().filter(|label| label.validated).map(|label| label.name.as_str()).collect();
    // Infiltration's interval begins at 0.59, Consolidation's at 0.60, Emphysema's just above 0.65.
    let expected = ["Cardiomegaly", "Edema", "Effusion", "Emphysema", "Hernia", "Pneumonia", "Pneumothorax"];
    assert_eq!(validated, expected);
    assert!(
        manifest.labels.iter().all(|label| label.critical.is_some_and(|critical| critical > label.alert))
    );
    let on = manifest.evaluated.as_ref().unwrap();
    assert!(on.also_used_for.contains("val films chose among epochs"), "{on:?}");
}

/// The pipeline prepares films on one thread and scores them on another.
#[test]
fn a_model_can_be_shared_between_threads() {
    let model = starter();
    let input = blob(&model, 0.5, 0.5);
    let here = model.infer(std::slice::from_ref(&input)).unwrap();
    let there = std::thread::scope(|scope| scope.spawn(|| model.infer(&[input]).unwrap()).join().unwrap());
    assert_eq!(here[0].probabilities, there[0].probabilities);
}

#[test]
fn verify_says_what_it_looked_at() {
    let report = starter().verify();
    assert!(report.passed(), "{report:?}");
    assert_eq!(report.checks[1].detail, "606 tensors, 7045582 values");
}

#[test]
fn an_input_of_another_model_is_refused() {
    let model = starter();
    let input = Input { height: 320, width: 320, values: vec![0.0; 320 * 320], ..blob(&model, 0.5, 0.5) };
    let message = model.infer(&[input]).unwrap_err().to_string();
    assert!(message.contains("1 x 320 x 320") && message.contains("1 x 224 x 224"), "{message}");
    assert!(model.infer(&[]).unwrap().is_empty());
}

/// Candle's ReLU turns NaN into 0, so that nothing would be seen of it at the end.
#[test]
fn a_value_that_is_no_number_is_an_error_and_not_a_score() {
    let model = starter();
    for bad in [f32::NAN, f32::INFINITY] {
        let mut input = blob(&model, 0.5, 0.5);
        input.values[17] = bad;
        let message = model.infer(&[input]).unwrap_err().to_string();
        assert!(message.contains("not a number"), "{message}");
    }
}

/// A model folder with the starter's manifest, its weights changed as asked.
fn folder(parent: &Path, weights: Option<&[u8]>, sha256: Option<&str>) -> Source {
    let folder = parent.join("starter");
    fs::create_dir_all(&folder).unwrap();
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/starter");
    let text = fs::read_to_string(starter.join("model.toml")).unwrap();
    let own = Source::Embedded.manifest().unwrap().sha256;
    fs::write(folder.join("model.toml"), text.replace(&own, sha256.unwrap_or(&own))).unwrap();
    if let Some(weights) = weights {
        fs::write(folder.join("model.safetensors"), weights).unwrap();
    }
    Source::Folder(folder)
}

/// A last layer alone has the other model's maps and its own labels; before any other weights it is refused.
#[test]
fn a_last_layer_stands_on_the_weights_that_it_was_trained_on_and_on_no_others() {
    let load = |source: &Source| Model::load(source, DeviceChoice::Cpu, Precision::Fp32);
    let embedded = load(&Source::Phantom).unwrap();
    let input = blob(&embedded, 0.4, 0.6);
    let inputs = std::slice::from_ref(&input);
    let found = embedded.infer(inputs).unwrap().remove(0);
    assert_eq!((found.probabilities.len(), found.heatmap.labels), (4, 4));
    assert_eq!(embedded.signatures(inputs).unwrap(), starter().signatures(inputs).unwrap());

    // Its folder alone, the starter being in the program; then with another model of that name beside it.
    let parent = tempfile::tempdir().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/phantom");
    let folder_of_head = parent.path().join("phantom");
    fs::create_dir(&folder_of_head).unwrap();
    for file in ["model.toml", "model.safetensors", "profile.safetensors"] {
        fs::copy(own.join(file), folder_of_head.join(file)).unwrap();
    }
    let head = Source::Folder(folder_of_head.clone());
    assert_eq!(load(&head).unwrap().infer(inputs).unwrap()[0].probabilities, found.probabilities);
    folder(parent.path(), Some(b"an edition of later years"), None);
    assert!(load(&head).is_ok(), "the one that fits is in the program");

    let manifest = folder_of_head.join("model.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let right = embedded.manifest().trunk.clone().unwrap().sha256;
    fs::write(&manifest, text.replace(&right, &"ab".repeat(32))).unwrap();
    let message = fault(&head);
    for says in ["a last layer for starter", "abababab", &right, &sha256(b"an edition of later years")] {
        assert!(message.contains(says), "{says}: {message}");
    }
    fs::write(&manifest, text.replace("model = \"starter\"", "model = \"unknown\"")).unwrap();
    assert!(fault(&head).contains("no model of that name is beside it"), "{}", fault(&head));
    let climbing = Manifest::parse(&text.replace("model = \"starter\"", "model = \"../starter\""), "here");
    assert!(climbing.unwrap_err().to_string().contains("no name of a model"));
}

fn fault(source: &Source) -> String {
    Model::load(source, DeviceChoice::Cpu, Precision::Fp32).unwrap_err().to_string()
}

#[test]
fn faults_of_a_model_folder_are_told_apart() {
    let parent = tempfile::tempdir().unwrap();
    let empty = parent.path().join("nothing");
    let message = fault(&Source::Folder(empty.clone()));
    assert!(message.contains("model.toml") && message.contains(&crate::text::shown(&empty)), "{message}");

    let message = fault(&folder(parent.path(), None, None));
    assert!(message.starts_with("cannot read") && message.contains("model.safetensors"), "{message}");

    let message = fault(&folder(parent.path(), Some(b"cut short"), None));
    assert!(message.contains("the checksum of the weights is wrong"), "{message}");

    let page = b"<html>not found</html>";
    let message = fault(&folder(parent.path(), Some(page), Some(&sha256(page))));
    assert!(message.contains("not a safetensors file"), "{message}");

    let small = Tensor::zeros((18, 1024), DType::F32, &Device::Cpu).unwrap();
    let other = safetensors::serialize([("classifier.weight", small)], None).unwrap();
    let message = fault(&folder(parent.path(), Some(&other), Some(&sha256(&other))));
    assert!(message.contains("tensor features.conv0.weight is missing"), "{message}");
    assert!(message.contains("and 603 more"), "{message}");
}
