//! Files that are made to fill the memory of whoever reads them: each is refused, within a fixed multiple of its size.
//!
//! A test of its own in a process of its own: Linux counts the memory of the process that started a program among the
//! program's, so this one must stay small. For the same reason each file is written and dropped before the next.

#![cfg(target_os = "linux")]
// A helper that fails, fails its test.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{self, Cursor, Read, Write},
    mem::MaybeUninit,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// What an import may take beside eight times its file.
const BESIDE: u64 = 100 << 20;
/// A tensor's storage and shape: one number, of a storage "0".
const EMPTY: (&[u8], &[u8]) = (b"X\x01\x00\x00\x000", b"K\x00\x85K\x01\x85");

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights")
}

fn text(text: &[u8]) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text].concat()
}

/// The instructions for a tensor; `key` and `shape` are instructions, too.
fn tensor((key, shape): (&[u8], &[u8])) -> Vec<u8> {
    let head = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n";
    [head, key, b"X\x03\x00\x00\x00cpuJ\x00\x00\x00\x01tQK\x00", shape, b"\x89NtR"].concat()
}

/// `torch.save` of before 1.6, with no storages.
fn pickle(parts: &[&[u8]]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    [magic, &b"\x80\x04"[..], &parts.concat(), b".\x80\x02]."].concat()
}

/// A dictionary of as many values under names of their own.
fn dictionary(count: u32, value: &[u8]) -> Vec<u8> {
    let entry = |n: u32| [text(format!("{n:06}").as_bytes()), value.to_vec()].concat();
    [&b"}("[..], &(0..count).flat_map(entry).collect::<Vec<u8>>(), b"u"].concat()
}

/// A long name, kept as 0, and what is made with it.
fn with_long_name(body: &[u8]) -> Vec<u8> {
    pickle(&[&text(&[b'k'; 300_000]), b"q\x000", body])
}

/// A zip archive of a member, and of another one of a hundred million zeros, if that has a name.
fn archive(name: &str, content: &[u8], of_zeros: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file(name, options).unwrap();
    zip.write_all(content).unwrap();
    if of_zeros != name {
        zip.start_file(of_zeros, options).unwrap();
    }
    io::copy(&mut io::repeat(0).take(100_000_000), &mut zip).unwrap();
    zip.finish().unwrap().into_inner()
}

fn safetensors(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
}

type Bomb = (&'static str, fn() -> Vec<u8>);

const BOMBS: [Bomb; 18] = [
    ("a name a million letters long, of which 3000 functions are made", || {
        let class = [&b"torch.nn.modules."[..], &[b'a'; 1_000_000]].concat();
        pickle(&[&text(&class), b"q\x00", &text(b"x"), b"q\x01", &b"h\x00h\x01\x930".repeat(3000), b"N"])
    }),
    ("3000 empty tensors under one long name", || {
        let none = tensor((b"X\x01\x00\x00\x000", b"K\x00\x85K\x00\x85"));
        with_long_name(&[&none[..], b"q\x010}(", &b"h\x00h\x01".repeat(3000), b"u"].concat())
    }),
    ("5000 storages with one long name", || with_long_name(&dictionary(5000, &tensor((b"h\x00", EMPTY.1))))),
    ("modules in modules under one long name", || {
        let module = b"ctorch.nn.modules.container\nSequential\n)\x81q\x02}".to_vec();
        let within = b"h\x00h\x02".repeat(2000);
        with_long_name(&[&module[..], &text(b"_modules"), b"}(", &within, b"usb"].concat())
    }),
    ("5000 tensors of 100,000 axes", || {
        let axes = [b"(", &b"K\x00".repeat(100_000)[..], b"tq\x000"].concat();
        pickle(&[&axes, &dictionary(5000, &tensor((EMPTY.0, b"h\x00h\x00")))])
    }),
    ("140,000 tensors that are one", || pickle(&[&tensor(EMPTY), b"q\x010", &dictionary(140_000, b"h\x01")])),
    ("tuples of tuples, each twice in the next", || {
        let level = |n: u8| [b'h', n, b'h', n, 0x86, b'q', n + 1];
        pickle(&[b"Nq\x00", &(0..250).flat_map(level).collect::<Vec<u8>>()])
    }),
    ("empty tuples after a high stack", || {
        pickle(&[&b"N".repeat(200_000), &b"0".repeat(200_000), &b"(t0".repeat(50_000), b"N"])
    }),
    ("a million objects", || pickle(&[b"ctorch\nSize\nq\x00)q\x01", &b"h\x00h\x01R".repeat(1_000_000)])),
    ("ten million marks", || pickle(&[&b"(".repeat(10_000_000)])),
    ("ten million memories", || pickle(&[b"N", &b"\x94".repeat(10_000_000)])),
    ("a zip archive of a pickle of zeros", || archive("a/data.pkl", b"\x80\x02", "a/data.pkl")),
    ("a zip archive of a storage of zeros", || {
        let tensor = tensor((EMPTY.0, b"J\x00\x00\x00\x01\x85K\x01\x85"));
        archive("a/data.pkl", &[b"\x80\x02}X\x01\x00\x00\x00a", &tensor[..], b"s."].concat(), "a/data/0")
    }),
    ("a zip archive of Keras' with a file of zeros", || archive("model.weights.h5", b"", "model.weights.h5")),
    ("a header of 900,000 axes", || {
        let axes = "0,".repeat(900_000);
        safetensors(&format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{axes}0],\"data_offsets\":[0,0]}}}}"))
    }),
    ("a header of 300,000 tensors", || {
        let tensor = |n| format!("\"{n}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}},");
        safetensors(&format!("{{{}\"__metadata__\":{{}}}}", (0..300_000).map(tensor).collect::<String>()))
    }),
    ("HDF5 whose one tensor is of a value that is not stored", || {
        fs::read(golden().join("filled.h5")).unwrap()
    }),
    ("HDF5 of twenty groups, each within all others", || fs::read(golden().join("cycle.h5")).unwrap()),
];

/// The exit code of an import, what it complains of, and the most memory that it ever had.
#[allow(unsafe_code)]
#[expect(clippy::zombie_processes, reason = "`wait4` takes its end, with the memory that it had")]
fn import(folder: &Path, file: &Path, manifest: &str) -> (i32, String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cxr-triage"))
        .args(["weights", "import"])
        .arg(file)
        .arg("--manifest")
        .arg(golden().join(manifest))
        .arg("--weights")
        .arg(folder.join("models"))
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("CXR_TRIAGE_CONFIG")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::uninit());
    // SAFETY: both pointers are to places of that type, and the second is read after it was written.
    let usage = unsafe {
        let ended = libc::wait4(child.id() as i32, &raw mut status, 0, usage.as_mut_ptr());
        assert_eq!(ended, child.id() as i32);
        usage.assume_init()
    };
    (libc::WEXITSTATUS(status), complaint, usage.ru_maxrss as u64 * 1024)
}

#[test]
fn no_file_takes_more_than_a_multiple_of_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.bin");
    fs::create_dir(folder.path().join("models")).unwrap();
    for (what, bytes) in BOMBS {
        fs::write(&file, bytes()).unwrap();
        let length = fs::metadata(&file).unwrap().len();
        let keras = what.starts_with("HDF5") || what.contains("Keras");
        let (code, complaint, most) =
            import(folder.path(), &file, if keras { "keras.toml" } else { "xrv.toml" });
        let allowed = BESIDE + 8 * length;
        println!("{what}: {length} bytes, {} MB of {}: {complaint}", most >> 20, allowed >> 20);
        assert_eq!(code, 1, "{what}: {complaint}");
        assert!(complaint.contains("weights.bin") && complaint.len() < 1000, "{what}: {complaint}");
        assert!(most <= allowed, "{what}: {most} bytes of memory for a file of {length}");
        assert_eq!(
            fs::read_dir(folder.path().join("models")).unwrap().count(),
            0,
            "{what}: something was left"
        );
    }
}
