//! Files that are broken, of another network, or made to do harm: each ends in an error that says what it is.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    sync::LazyLock,
};

use cxr_triage::model::{
    DeviceChoice, Import, ImportError, Model, OldProfile, Precision, Source, Summary, preset,
};
use proptest::prelude::*;
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::golden;

fn manifest(name: &str) -> String {
    fs::read_to_string(golden().join(name).with_extension("toml")).unwrap()
}

fn import_as(manifest: &str, name: &str, bytes: &[u8], library: &Path) -> Result<Summary, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, bytes).unwrap();
    Import { file: &file, manifest, place: "the manifest", name: None, library }.run()
}

/// The message of an import that must fail, and leave nothing behind.
fn fault(manifest: &str, bytes: &[u8]) -> String {
    let library = tempfile::tempdir().unwrap();
    let message = import_as(manifest, "weights.bin", bytes, library.path()).unwrap_err().to_string();
    assert_eq!(fs::read_dir(library.path()).unwrap().count(), 0, "{message}: something was left behind");
    assert!(message.contains("weights.bin"), "the message names the file: {message}");
    message
}

/// `torch.save` of before 1.6 around a pickle, with no storages.
fn legacy(pickle: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    [&magic[..], b"\x80\x02M\xe9\x03.", b"\x80\x02}.", pickle, b"\x80\x02]."].concat()
}

/// The same pickle in the zip archive of today.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("archive/data.pkl", SimpleFileOptions::default()).unwrap();
    zip.write_all(pickle).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_hostile_pickle_is_refused_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("it-ran");
    let command = format!("touch {}", marker.display());
    let text = [&b"X"[..], &(command.len() as u32).to_le_bytes(), command.as_bytes()].concat();
    for function in ["os\nsystem", "posix\nsystem", "builtins\neval", "builtins\nexec", "subprocess\ncall"] {
        let called = [b"\x80\x02c", function.as_bytes(), b"\n", &text, b"\x85R."].concat();
        // Beside honest tensors, too: as an attribute of a module.
        let hidden = [
            b"\x80\x02ctorchxrayvision.models\nDenseNet\n)\x81}X\x01\x00\x00\x00xc",
            function.as_bytes(),
            b"\n",
            &text,
            b"\x85Rsb.",
        ]
        .concat();
        for pickle in [called, hidden] {
            for bytes in [legacy(&pickle), archive(&pickle), pickle.clone()] {
                let message = fault(&manifest("xrv"), &bytes);
                let name = function.replace('\n', ".");
                assert!(message.contains("refused") && message.contains(&name), "{message}");
                assert!(message.contains("nothing of the file was executed"), "{message}");
                assert!(!marker.exists(), "{function} ran");
            }
        }
    }
}

/// A tensor that is said to have 2^40 numbers, all of them the one number of its storage.
#[test]
fn a_tensor_larger_than_its_file_is_refused() {
    let pickle = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n\
                   FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x85\
                   K\x00\x85\x89ccollections\nOrderedDict\n)RtRs.";
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    let end = b"\x80\x02]X\x01\x00\x00\x000a.\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3f";
    let bytes = [&magic[..], b"\x80\x02M\xe9\x03.", b"\x80\x02}.", pickle, end].concat();
    let message = fault(&manifest("xrv"), &bytes);
    assert!(message.contains("more numbers than the file has for it"), "{message}");
}

/// A module whose children are itself: the walk has to end.
#[test]
fn modules_within_themselves_end() {
    let mut pickle =
        b"\x80\x02ctorch.nn.modules.container\nSequential\n)\x81q\x00}X\x08\x00\x00\x00_modules}(".to_vec();
    for name in b'a'..=b'z' {
        pickle.extend(b"X\x01\x00\x00\x00");
        pickle.extend([name, b'h', 0]);
    }
    pickle.extend(b"usb.");
    let message = fault(&manifest("xrv"), &legacy(&pickle));
    assert!(message.contains("refused") && message.contains("modules"), "{message}");
}

#[test]
fn a_file_of_another_network_is_named_with_what_differs() {
    let read = |name: &str| fs::read(golden().join(name)).unwrap();
    for (manifest_text, file, said) in [
        (
            preset("xrv-all").unwrap().to_owned(),
            "xrv-module-legacy.pt",
            "these are not the weights of a DenseNet of blocks [6, 12, 24, 16], 1 channel(s) in, 18 outputs",
        ),
        (preset("xrv-all").unwrap().to_owned(), "xrv-module-legacy.pt", "has shape [8], wanted [64]"),
        (preset("keras-course").unwrap().to_owned(), "keras2-model.h5", "more differences"),
        (manifest("resnet"), "xrv.safetensors", "tensor conv1.weight is missing (wanted [4, 1, 7, 7])"),
        (manifest("resnet"), "keras2-weights.h5", "of Keras' networks only DenseNet"),
        (manifest("xrv"), "resnet.pt", "the network has no place for tensor bn1.bias"),
        (
            manifest("keras"),
            "keras2-other.h5",
            "its tensor block1_conv1/block1_conv1/kernel:0 of shape [3, 3, 3, 4]",
        ),
        (
            manifest("xrv").replace("blocks = [2, 2, 1, 2]", "blocks = [2, 2]"),
            "xrv.safetensors",
            "no place for tensor",
        ),
    ] {
        let message = fault(&manifest_text, &read(file));
        assert!(message.contains(said), "{file}: {message}");
        assert!(message.len() < 700, "a few differences are enough: {message}");
    }
}

#[test]
fn what_is_no_file_of_weights_is_recognised() {
    for (bytes, said) in [
        (&b""[..], "it is empty"),
        (b"\n<!DOCTYPE html><html>", "looks like a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"GIF89a", "PyTorch (.pt, .pth), safetensors and Keras"),
        (b"\x80\x04\x8c\x05hello.", "none that PyTorch's `torch.save` wrote"),
        (b"\x89HDF\r\n\x1a\nand no more", "HDF5 structure cannot be read"),
        (b"PK\x03\x04and no more", "zip archive cannot be read"),
        (b"\x08\x00\x00\x00\x00\x00\x00\x00{\"a\":1}}", "safetensors header cannot be read"),
    ] {
        let message = fault(&manifest("xrv"), bytes);
        assert!(message.contains(said), "{message}");
    }
    let mut other = ZipWriter::new(Cursor::new(Vec::new()));
    other.start_file("a.txt", SimpleFileOptions::default()).unwrap();
    let other = other.finish().unwrap().into_inner();
    assert!(fault(&manifest("xrv"), &other).contains("neither PyTorch's nor Keras'"));
}

#[test]
fn a_file_cut_short_is_damaged_wherever_it_was_cut() {
    for (manifest_name, name) in [
        ("xrv", "xrv-module-legacy.pt"),
        ("xrv", "xrv-module.pt"),
        ("xrv", "xrv.safetensors"),
        ("keras", "keras2-weights.h5"),
        ("keras", "keras3.keras"),
    ] {
        let (text, whole) = (manifest(manifest_name), fs::read(golden().join(name)).unwrap());
        for sixteenth in 1..16 {
            let message = fault(&text, &whole[..whole.len() * sixteenth / 16]);
            assert!(message.contains("damaged"), "{name}, {sixteenth}/16: {message}");
        }
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let mut bytes = fs::read(golden().join("xrv.safetensors")).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(fault(&manifest("xrv"), &bytes).contains("values that are not finite"));
}

#[test]
fn an_import_replaces_one_of_its_own_and_nothing_else() {
    let library: TempDir = tempfile::tempdir().unwrap();
    let bytes = fs::read(golden().join("xrv.safetensors")).unwrap();
    let again = || import_as(&manifest("xrv"), "some.safetensors", &bytes, library.path());
    let first = again().unwrap();
    fs::write(first.folder.join("left-over"), "of the first").unwrap();
    again().unwrap();
    let names: Vec<_> = fs::read_dir(&first.folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(fs::read_dir(library.path()).unwrap().count(), 1, "no drafts are left");

    let text = fs::read_to_string(first.folder.join("model.toml")).unwrap();
    assert!(text.contains("# as untrained outputs are written"), "comments are kept: {text}");
    assert!(text.contains("file = \"some.safetensors\"") && text.contains("published = false"), "{text}");
    let by_hand = text.split("[imported]").next().unwrap();
    fs::write(first.folder.join("model.toml"), by_hand).unwrap();
    let message = again().unwrap_err().to_string();
    assert!(message.contains("was not made by an import") && message.contains("--name"), "{message}");
}

/// A profile of training films takes an hour to make: it must not be lost to an import that changes nothing.
#[test]
fn a_profile_stays_as_long_as_it_holds() {
    let library: TempDir = tempfile::tempdir().unwrap();
    let bytes = fs::read(golden().join("xrv.safetensors")).unwrap();
    let text = manifest("xrv");
    let first = import_as(&text, "some.safetensors", &bytes, library.path()).unwrap();
    assert_eq!(first.profile, OldProfile::None);
    let (manifest_file, profile_file) =
        (first.folder.join("model.toml"), first.folder.join("profile.safetensors"));
    let with_profile = || {
        let _ = fs::remove_file(&profile_file);
        import_as(&text, "some.safetensors", &bytes, library.path()).unwrap();
        let profile = b"what weights profile wrote";
        let text = fs::read_to_string(&manifest_file).unwrap();
        let sha256 = sha256(profile);
        fs::write(&profile_file, profile).unwrap();
        let section =
            format!("{text}\n[profile]\nsha256 = \"{sha256}\"\ncut_off = 1.235\nturned_cut_off = 0.6\n");
        fs::write(&manifest_file, section).unwrap();
    };
    let noted = || Source::Folder(first.folder.clone()).manifest().unwrap().profile;

    with_profile();
    let before = noted().unwrap();
    // The same numbers from another kind of file.
    let legacy = fs::read(golden().join("xrv-module-legacy.pt")).unwrap();
    let again = import_as(&text, "other.pt", &legacy, library.path()).unwrap();
    assert_eq!(again.profile, OldProfile::Kept);
    assert_eq!(fs::read(&profile_file).unwrap(), b"what weights profile wrote");
    assert_eq!(noted(), Some(before), "with its limits");
    // One that it was copied with, in a manifest of one's own, is not believed.
    let copied = fs::read_to_string(&manifest_file).unwrap();
    let elsewhere =
        import_as(&copied, "some.safetensors", &bytes, tempfile::tempdir().unwrap().path()).unwrap();
    assert_eq!(elsewhere.profile, OldProfile::None);

    let half = fs::read(golden().join("xrv-half.pt")).unwrap();
    let otherwise = text.replace("low = -1024.0", "low = -1000.0");
    for (text, bytes, why) in [(&text, &half, "other weights"), (&otherwise, &bytes, "prepared otherwise")] {
        with_profile();
        let again = import_as(text, "changed", bytes, library.path()).unwrap();
        assert!(
            matches!(again.profile, OldProfile::Dropped(said) if said.contains(why)),
            "{:?}",
            again.profile
        );
        assert!(!profile_file.exists() && noted().is_none(), "{why}");
        // The model can be used all the same.
        Model::load(&Source::Folder(again.folder), DeviceChoice::Cpu, Precision::Fp32).unwrap();
    }
    with_profile();
    fs::write(&profile_file, "cut short").unwrap();
    let again = import_as(&text, "some.safetensors", &bytes, library.path()).unwrap();
    assert!(
        matches!(again.profile, OldProfile::Dropped(said) if said.contains("damaged")),
        "{:?}",
        again.profile
    );
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

static SOUND: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    [
        ("xrv", "xrv-module-legacy.pt"),
        ("xrv", "xrv-checkpoint.pt"),
        ("xrv", "xrv.safetensors"),
        ("keras", "keras2-weights.h5"),
        ("keras", "keras3.keras"),
    ]
    .map(|(text, file)| (manifest(text), fs::read(golden().join(file)).unwrap()))
    .to_vec()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Bytes changed anywhere, structure or numbers: an error or a model, never a crash.
    #[test]
    fn changed_bytes_do_no_harm(
        which in 0..5usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        near_start in any::<bool>(),
    ) {
        let (text, mut bytes) = SOUND[which].clone();
        let reach = if near_start { 4096 } else { bytes.len() };
        for (place, byte) in changes {
            bytes[place.index(reach)] = byte;
        }
        let library = tempfile::tempdir().unwrap();
        let _ = import_as(&text, "changed", &bytes, library.path());
    }
}
