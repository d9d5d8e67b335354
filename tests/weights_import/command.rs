//! `weights import`, `verify` and `pull` as people run them.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Output,
    thread,
};

use tempfile::TempDir;

use super::golden;
use crate::support::program::program;

pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        program(self.folder.path(), arguments).env("NO_PROXY", "127.0.0.1").output().unwrap()
    }

    /// What it prints, if it succeeds.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Its exit code and complaint, if it fails.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

fn fixture(name: &str) -> String {
    golden().join(name).display().to_string()
}

#[test]
fn an_imported_model_is_listed_verified_and_scores() {
    let bench = Bench::new();
    let said = bench.says(&[
        "weights",
        "import",
        &fixture("xrv-module-legacy.pt"),
        "--manifest",
        &fixture("xrv.toml"),
        "--name",
        "mine",
    ]);
    assert!(said.contains("model mine: ") && said.contains("PyTorch, format before 1.6"), "{said}");
    assert!(said.contains("was not compared") && said.contains("weights verify mine"), "{said}");
    assert!(Path::new(&bench.path("home/data/cxr-triage/weights/mine/model.toml")).exists());

    let listed = bench.says(&["weights", "list"]);
    assert!(listed.lines().any(|line| line.contains("mine") && line.contains(" 4 ")), "{listed}");

    let film = bench.path("film.png");
    image::GrayImage::from_fn(90, 70, |x, y| image::Luma([(x * 2 + y) as u8])).save(&film).unwrap();
    let verified = bench.says(&["weights", "verify", "mine", "--film", &film]);
    assert!(verified.contains("origin: xrv-module-legacy.pt, not the published file"), "{verified}");
    assert!(verified.contains("not compared: the manifest holds no reference results"), "{verified}");
    assert_eq!(verified.matches("probability 0.").count(), 4, "{verified}");
    let scanned = bench.says(&["scan", &film, "--json", "--model", "mine"]);
    assert!(scanned.contains("\"mine\""), "{scanned}");
}

/// A film and results in the manifest: agreement is said, disagreement is an error.
#[test]
fn a_reference_is_compared_in_the_output_that_it_is_given_in() {
    let bench = Bench::new();
    let film = bench.path("film.png");
    image::GrayImage::from_fn(90, 70, |x, y| image::Luma([(x * 2 + y) as u8])).save(&film).unwrap();
    let manifest = fs::read_to_string(fixture("xrv.toml"))
        .unwrap()
        .replace("name = \"D\"\nalert = 0.5", "name = \"D\"\nalert = 0.2");
    fs::write(bench.path("plain.toml"), &manifest).unwrap();
    let file = fixture("xrv.safetensors");
    bench.says(&["weights", "import", &file, "--manifest", "plain.toml", "--name", "plain"]);
    let outputs = bench.says(&["weights", "verify", "plain", "--film", &film]);
    let scores: Vec<f64> =
        outputs.lines().filter_map(|line| line.split("score ").nth(1)?.trim().parse().ok()).collect();
    assert_eq!(scores.len(), 4);

    let sha256 = |path: &str| {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(fs::read(path).unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let with_reference = |scores: &[f64]| {
        format!(
            "{manifest}\n[published]\nurl = \"https://files.example/weights\"\nsha256 = \"{}\"\n\
             [reference]\nfilm = \"{}\"\noutput = \"score\"\nvalues = {scores:?}\n",
            sha256(&file),
            sha256(&film)
        )
    };
    fs::write(bench.path("right.toml"), with_reference(&scores)).unwrap();
    let said = bench.says(&["weights", "import", &file, "--manifest", "right.toml", "--name", "right"]);
    assert!(said.contains("it is the file that its authors published"), "{said}");
    let said = bench.says(&["weights", "verify", "right", "--film", &film]);
    assert!(said.contains("ok      reference: "), "{said}");

    let wrong: Vec<f64> = scores.iter().map(|score| score + 0.01).collect();
    fs::write(bench.path("wrong.toml"), with_reference(&wrong)).unwrap();
    bench.says(&["weights", "import", &file, "--manifest", "wrong.toml", "--name", "wrong"]);
    let (code, complaint) = bench.fails(&["weights", "verify", "wrong", "--film", &film]);
    assert!(code == 1 && complaint.contains("0.0100 off its reference"), "{complaint}");

    // The same shape, other numbers: imported, and not held against results that are not its own.
    let other = fixture("xrv-half.pt");
    let said = bench.says(&["weights", "import", &other, "--manifest", "wrong.toml", "--name", "other"]);
    assert!(said.contains("it is NOT the file that its authors published"), "{said}");
    let said = bench.says(&["weights", "verify", "other", "--film", &film]);
    assert!(said.contains("not compared: the reference results are of the published weights"), "{said}");
}

#[test]
fn mistakes_on_the_command_line_are_explained() {
    let bench = Bench::new();
    let file = fixture("xrv.safetensors");
    let (code, complaint) = bench.fails(&["weights", "import", &file, "--preset", "xrv-al"]);
    assert!(code == 2 && complaint.contains("xrv-all, xrv-pc"), "{complaint}");
    let (code, _) = bench.fails(&["weights", "import", &file]);
    assert_eq!(code, 2);
    let manifest = fixture("xrv.toml");
    let (code, complaint) =
        bench.fails(&["weights", "import", &file, "--manifest", &manifest, "--name", "../up"]);
    assert!(code == 2 && complaint.contains("is not a model's name"), "{complaint}");
    let (code, complaint) = bench.fails(&["weights", "import", "nowhere.pt", "--preset", "xrv-all"]);
    assert!(code == 1 && complaint.contains("nowhere.pt"), "{complaint}");
    let (code, complaint) = bench.fails(&["weights", "import", &file, "--preset", "xrv-all"]);
    assert!(code == 1 && complaint.contains("these are not the weights of"), "{complaint}");
    let (code, complaint) = bench.fails(&["weights", "pull", "keras-course"]);
    assert!(code == 2 && complaint.contains("weights import FILE --preset keras-course"), "{complaint}");
}

#[test]
fn a_pull_asks_the_mirror_and_says_what_to_do_by_hand() {
    let bench = Bench::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let asked = thread::spawn(move || {
        let answers =
            ["404 Not Found\r\nContent-Length: 0\r\n\r\n", "200 OK\r\nContent-Length: 6\r\n\r\n<html>"];
        answers.map(|answer| {
            let (mut stream, _) = server.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            write!(stream, "HTTP/1.1 {answer}").unwrap();
            String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
        })
    });
    fs::write(bench.path("cxr-triage.toml"), format!("[weights]\nmirror = \"http://{address}/our/\"\n"))
        .unwrap();
    let (code, complaint) = bench.fails(&["weights", "pull", "xrv-all"]);
    assert!(code == 1 && complaint.contains("is not there (404)"), "{complaint}");
    assert!(complaint.contains("weights import FILE --preset xrv-all"), "{complaint}");
    let (code, complaint) = bench.fails(&["weights", "pull", "xrv-resnet50"]);
    assert!(code == 1 && complaint.contains("looks like a web page"), "{complaint}");
    let [first, second] = asked.join().unwrap();
    assert!(first.starts_with("GET /our/nih-pc-chex-mimic_ch-google-openi-kaggle-densenet121"), "{first}");
    assert!(second.starts_with("GET /our/pc-nih-rsna-siim-vin-resnet50"), "{second}");
    // Neither is taken for a model, and nothing of the page is left to be taken up.
    let listed = bench.says(&["weights", "list"]);
    assert!(!listed.contains("xrv-"), "{listed}");
    assert!(!Path::new(&bench.path("home/data/cxr-triage/weights/.xrv-resnet50.pull")).exists());
}
