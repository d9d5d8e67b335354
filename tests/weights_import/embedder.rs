//! The embedder against Hugging Face's own DINOv2, from film file to vector: `tests/golden/embedder_peer.py`.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use cxr_triage::model::{
    DeviceChoice, Embedder, Import, ImportError, Model, ModelError, Precision, Source, Summary, preset,
};

use super::furthest;

/// From a film's file to the class token.
const CLOSE: f32 = 1e-4;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/embedder")
}

/// The preset for the narrow network of the golden files.
fn small() -> String {
    let text = preset("rad-dino").unwrap().replace("\"rad-dino\"", "\"small\"").replace("518", "56");
    format!("{text}\n[network]\nwidth = 32\nlayers = 2\nheads = 4\n")
}

fn import(file: &Path, manifest: &str, library: &Path) -> Result<Summary, ImportError> {
    Import { file, manifest, place: "the manifest", name: None, library }.run()
}

fn load(summary: &Summary) -> Embedder {
    Embedder::load(&Source::Folder(summary.folder.clone()), DeviceChoice::Cpu).unwrap()
}

fn vectors(folder: &Path) -> BTreeMap<String, Vec<f32>> {
    serde_json::from_slice(&fs::read(folder.join("golden.json")).unwrap()).unwrap()
}

#[test]
fn hugging_faces_and_metas_files_give_what_the_peer_gives() {
    for file in ["hugging-face.safetensors", "meta.safetensors"] {
        let library = tempfile::tempdir().unwrap();
        let summary = import(&golden().join(file), &small(), library.path()).unwrap();
        assert_eq!((summary.tensors, summary.published, summary.validated), (42, None, (0, 0)), "{file}");
        let embedder = load(&summary);
        for (name, wanted) in vectors(&golden()) {
            let film = cxr_film::decode(&fs::read(golden().join(&name)).unwrap()).unwrap();
            let off = furthest(&embedder.features(&film, &|| false).unwrap().unwrap(), &wanted);
            assert!(off < CLOSE, "{file}, {name}: {off}");
        }
    }
}

#[test]
fn a_missing_tensor_is_an_error_that_names_it() {
    let library = tempfile::tempdir().unwrap();
    let wider = small().replace("layers = 2", "layers = 3");
    let error = import(&golden().join("meta.safetensors"), &wider, library.path()).unwrap_err().to_string();
    assert!(error.contains("encoder.layer.2.norm1.weight"), "{error}");
    let square = small().replace("size = 56", "size = 70");
    let error = import(&golden().join("meta.safetensors"), &square, library.path()).unwrap_err().to_string();
    assert!(error.contains("embeddings.position_embeddings"), "{error}");
    assert_eq!(fs::read_dir(library.path()).unwrap().count(), 0);
}

#[test]
fn an_embedder_scores_nothing_and_a_classifier_embeds_nothing() {
    let library = tempfile::tempdir().unwrap();
    let summary = import(&golden().join("meta.safetensors"), &small(), library.path()).unwrap();
    let source = Source::Folder(summary.folder);
    let error = Model::load(&source, DeviceChoice::Cpu, Precision::Fp32).unwrap_err();
    assert!(matches!(&error, ModelError::Manifest { .. }), "{error}");
    assert!(error.to_string().contains("under [similar]"), "{error}");
    let error = Embedder::load(&Source::Embedded, DeviceChoice::Cpu).unwrap_err().to_string();
    assert!(error.contains("starter is a classifier"), "{error}");
}

#[test]
fn a_manifest_that_is_neither_one_nor_the_other_is_refused() {
    let text = small();
    let label = "\n[[labels]]\nname = \"Mass\"\nalert = 0.5\n";
    for (manifest, said) in [
        (format!("{text}{label}"), "names no finding"),
        (text.replace("kind = \"embedder\"\n", ""), "kind = \"embedder\""),
        (text.replace("\"dinov2\"", "\"resnet50\""), "only \"dinov2\""),
        (text.replace("heads = 4", "heads = 5"), "multiple of `heads`"),
        (text.replace("heads = 4", "stem = 5"), "those of \"dinov2\""),
        (text.replace("\"bicubic\"", "\"nearest\"").replace(", eight_bit = true", ""), "squares only"),
        (text.replace("  { step = \"centre-crop\" },\n", ""), "must end with films"),
    ] {
        let library = tempfile::tempdir().unwrap();
        let error =
            import(&golden().join("meta.safetensors"), &manifest, library.path()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// `CXR_TRIAGE_EMBEDDER=FOLDER cargo test --release --test all -- --ignored full_width --nocapture`, the folder as
/// `embedder_peer.py full` makes it.
#[test]
#[ignore = "needs 350 MB of weights that the peer's script makes"]
#[allow(clippy::print_stdout, reason = "it tells the time of a film")]
fn full_width_gives_what_the_peer_gives() {
    let folder = PathBuf::from(env::var_os("CXR_TRIAGE_EMBEDDER").expect("the folder of the peer's files"));
    let library = tempfile::tempdir().unwrap();
    let summary =
        import(&folder.join("model.safetensors"), preset("rad-dino").unwrap(), library.path()).unwrap();
    let embedder = load(&summary);
    for (path, wanted) in vectors(&folder) {
        let film = cxr_film::decode(&fs::read(&path).unwrap()).unwrap();
        let started = Instant::now();
        let off = furthest(&embedder.features(&film, &|| false).unwrap().unwrap(), &wanted);
        println!("{off:.1e} off, {:.2} s", started.elapsed().as_secs_f64());
        assert!(off < CLOSE, "{path}: {off}");
    }
}
