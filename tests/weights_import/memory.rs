//! Files that are made to fill the memory of whoever reads them: each is refused, within a fixed multiple of its size.

use std::{
    fs,
    io::{Cursor, Write},
    process::Stdio,
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{bad_files::legacy, command::Bench, golden};

/// What an import may take beside eight times its file.
const BESIDE: u64 = 100 << 20;

fn text(text: &[u8]) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text].concat()
}

/// The instructions for a tensor of one storage; `key` and `shape` are instructions, too.
fn tensor(key: &[u8], shape: &[u8]) -> Vec<u8> {
    let head = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n";
    [head, key, b"X\x03\x00\x00\x00cpuK\x00tQK\x00", shape, b"\x89NtR"].concat()
}

fn pickle(parts: &[&[u8]]) -> Vec<u8> {
    legacy(&[b"\x80\x04", &parts.concat()[..], b"."].concat())
}

fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn safetensors(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let empty = tensor(b"X\x01\x00\x00\x000", b"K\x00\x85K\x01\x85");
    let long = text(&[b'k'; 300_000]);
    let zeros = vec![0; 100 << 20];
    let class = b"torch.nn.modules.".to_vec();
    let of_class = [class, vec![b'a'; 1_000_000]].concat();
    let shape: String = (0..900_000).map(|_| "0,").collect();
    let many: String = (0..1_000_000)
        .map(|n| format!("\"{n}\":{{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,0]}},"))
        .collect();
    let kept = |body: &[u8]| pickle(&[&long, b"q\x000", body]);
    vec![
        ("a name a million letters long, of which 3000 functions are made", {
            pickle(&[
                &text(&of_class),
                b"q\x00",
                &text(b"x"),
                b"q\x01",
                &b"h\x00h\x01\x930".repeat(3000),
                b"N",
            ])
        }),
        ("3000 tensors under one long name", {
            kept(&[&empty[..], b"q\x010}(", &b"h\x00h\x01".repeat(3000), b"u"].concat())
        }),
        ("5000 storages with one long name", {
            let one = tensor(b"h\x00", b"K\x00\x85K\x01\x85");
            let all: Vec<u8> = (0..5000u32)
                .flat_map(|n| [text(&n.to_le_bytes().map(|b| b'a' + b % 16)), one.clone()].concat())
                .collect();
            kept(&[b"}(", &all[..], b"u"].concat())
        }),
        ("modules in modules under one long name", {
            let module = b"ctorch.nn.modules.container\nSequential\n)\x81q\x02}".to_vec();
            kept(&[&module[..], &text(b"_modules"), b"}(", &b"h\x00h\x02".repeat(2000), b"usb"].concat())
        }),
        ("5000 tensors of 100,000 axes", {
            let one = tensor(b"X\x01\x00\x00\x000", b"h\x00h\x00");
            let all: Vec<u8> = (0..5000u32)
                .flat_map(|n| [text(&n.to_le_bytes().map(|b| b'a' + b % 16)), one.clone()].concat())
                .collect();
            pickle(&[b"(", &b"K\x00".repeat(100_000), b"tq\x000}(", &all, b"u"])
        }),
        ("250,000 empty tensors", {
            let all: Vec<u8> = (0..250_000)
                .flat_map(|n| [text(format!("{n:06}").as_bytes()), b"h\x01".to_vec()].concat())
                .collect();
            pickle(&[&empty, b"q\x010}(", &all, b"u"])
        }),
        ("tuples of tuples, each twice in the next", {
            let level = |n: u8| [b'h', n, b'h', n, 0x86, b'q', n + 1];
            pickle(&[b"Nq\x00", &(0..250).flat_map(level).collect::<Vec<u8>>()])
        }),
        (
            "empty tuples after a high stack",
            pickle(&[&b"N".repeat(200_000), &b"0".repeat(200_000), &b"(t0".repeat(50_000), b"N"]),
        ),
        ("a million objects", pickle(&[b"ctorch\nSize\nq\x00)q\x01", &b"h\x00h\x01R".repeat(1_000_000)])),
        ("ten million marks", pickle(&[&b"(".repeat(10_000_000)])),
        ("ten million memories", pickle(&[b"N", &b"\x94".repeat(10_000_000)])),
        ("a zip archive of a pickle of zeros", {
            archive(&[("a/data.pkl", &[&b"\x80\x02"[..], &zeros].concat())], CompressionMethod::Deflated)
        }),
        ("a zip archive of a storage of zeros", {
            let count = b"J\x00\x00\x00\x01";
            let storage = [&b"}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"[..], count, b"tQK\x00", count, b"\x85K\x01\x85\x89NtRs."].concat();
            archive(
                &[("a/data.pkl", &[b"\x80\x02", &storage[..]].concat()), ("a/data/0", &zeros)],
                CompressionMethod::Deflated,
            )
        }),
        (
            "a zip archive of Keras' with a file of zeros",
            archive(&[("model.weights.h5", &zeros)], CompressionMethod::Deflated),
        ),
        ("a zip archive of 60,000 members", {
            let names: Vec<String> = (0..60_000).map(|n| format!("a/data/{n}")).collect();
            let members = names
                .iter()
                .map(|name| (name.as_str(), &b""[..]))
                .chain([("a/data.pkl", &b"\x80\x02}."[..])]);
            archive(&members.collect::<Vec<_>>(), CompressionMethod::Stored)
        }),
        (
            "a header of 900,000 axes",
            safetensors(&format!(
                "{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{shape}0],\"data_offsets\":[0,0]}}}}"
            )),
        ),
        (
            "a header of a million tensors",
            safetensors(&format!(
                "{{{many}\"a\":{{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,0]}}}}"
            )),
        ),
        (
            "HDF5 whose one tensor is all of a value that is not stored",
            fs::read(golden().join("filled.h5")).unwrap(),
        ),
        ("HDF5 of twenty groups, each within all others", fs::read(golden().join("cycle.h5")).unwrap()),
    ]
}

/// The exit code, what it complains of, and the most memory that it ever had.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn run(bench: &Bench, arguments: &[&str]) -> (i32, String, u64) {
    use std::{io::Read, mem::MaybeUninit};
    let mut child = bench.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::uninit());
    // SAFETY: both pointers are to places of that type, and the second is read after it was written.
    let usage = unsafe {
        assert_eq!(libc::wait4(child.id() as i32, &raw mut status, 0, usage.as_mut_ptr()), child.id() as i32);
        usage.assume_init()
    };
    (libc::WEXITSTATUS(status), complaint, usage.ru_maxrss as u64 * 1024)
}

#[cfg(target_os = "linux")]
#[test]
fn no_file_takes_more_than_a_multiple_of_its_size() {
    let bench = Bench::new();
    let manifests = ["xrv.toml", "keras.toml"].map(|name| golden().join(name).display().to_string());
    for (what, bytes) in bombs() {
        let path = bench.path("weights.bin");
        fs::write(&path, &bytes).unwrap();
        let manifest = &manifests[usize::from(bytes.starts_with(b"\x89HDF") || what.contains("Keras"))];
        let (code, complaint, most) = run(&bench, &["weights", "import", &path, "--manifest", manifest]);
        let allowed = BESIDE + 8 * bytes.len() as u64;
        println!("{what}: {} bytes, {} MB of {} MB, {complaint}", bytes.len(), most >> 20, allowed >> 20);
        assert_eq!(code, 1, "{what}: {complaint}");
        assert!(complaint.contains("weights.bin"), "{what}: {complaint}");
        assert!(complaint.len() < 1000, "{what}: {complaint}");
        assert!(most <= allowed, "{what}: {most} bytes of memory for a file of {}", bytes.len());
        assert!(!fs::exists(bench.path("home/data/cxr-triage/weights/xrv")).unwrap(), "{what}");
    }
}
