//! `weights pull` from the command line, against a server of our own on 127.0.0.1 that behaves as told.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use safetensors::tensor::{Dtype, TensorView};

use super::command::Bench;

/// What the server does with one request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// The rest of the file from where it was asked for, but the connection ends after so many bytes.
    Rest { at_most: usize },
    /// The whole file, whatever was asked for.
    Whole,
    /// Another place on the same server.
    Redirect,
    /// A status and nothing else.
    Status(u16),
}

const REST: Answer = Answer::Rest { at_most: usize::MAX };

/// A server with one file and a list of what to do; it notes path and range of each request.
struct Server {
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    /// Starts it, and makes it the bench's mirror.
    fn start(bench: &Bench, content: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mirror = format!("[weights]\nmirror = \"http://{}\"\n", listener.local_addr().unwrap());
        fs::write(bench.path("cxr-triage.toml"), mirror).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, answers) = (Arc::clone(&asked), answers.to_vec());
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let (path, range) = request(&stream);
                noted.lock().unwrap().push((path, range.clone()));
                // The client may hang up in the middle: that is its right.
                let _ = reply(stream, answer, &content, &range);
            }
        });
        Self { asked }
    }

    fn ranges(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(_, range)| range.clone()).collect()
    }
}

fn request(stream: &TcpStream) -> (String, String) {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let range = lines.filter_map(|line| {
        Some(line.split_once(':')?.1.trim().to_owned()).filter(|value| value.starts_with("bytes="))
    });
    (path, range.last().unwrap_or_default())
}

fn reply(mut stream: TcpStream, answer: Answer, content: &[u8], range: &str) -> std::io::Result<()> {
    let asked = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    let end = "Connection: close\r\n\r\n";
    let start = match answer {
        Answer::Redirect => {
            return write!(stream, "HTTP/1.1 302 Found\r\nLocation: /there.pt\r\nContent-Length: 0\r\n{end}");
        }
        Answer::Status(code) => {
            return write!(stream, "HTTP/1.1 {code} No\r\nContent-Length: 0\r\n{end}");
        }
        Answer::Whole => 0,
        Answer::Rest { .. } => asked.unwrap_or(0),
    };
    let rest = &content[start..];
    match start {
        0 => write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{end}", rest.len())?,
        _ => {
            let (last, all) = (content.len() - 1, content.len());
            let length = rest.len();
            write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{last}/{all}\r\n")?;
            write!(stream, "Content-Length: {length}\r\n{end}")?;
        }
    }
    let most = if let Answer::Rest { at_most } = answer { at_most } else { usize::MAX };
    stream.write_all(&rest[..rest.len().min(most)])
}

/// A ResNet-50 of nothing but zeros, as safetensors: a preset without a published hash takes any.
fn resnet50() -> Vec<u8> {
    let mut shapes: HashMap<String, Vec<usize>> = HashMap::new();
    let convolution = |name: String, shape: [usize; 4], norm: String, shapes: &mut HashMap<_, _>| {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            shapes.insert(format!("{norm}.{part}"), vec![shape[0]]);
        }
        shapes.insert(format!("{name}.weight"), shape.to_vec());
    };
    convolution("conv1".into(), [64, 1, 7, 7], "bn1".into(), &mut shapes);
    let mut channels = 64;
    for (stage, (width, blocks)) in [(64, 3), (128, 4), (256, 6), (512, 3)].into_iter().enumerate() {
        for block in 0..blocks {
            let at = format!("layer{}.{block}", stage + 1);
            for (n, shape) in [[width, channels, 1, 1], [width, width, 3, 3], [4 * width, width, 1, 1]]
                .into_iter()
                .enumerate()
            {
                let n = n + 1;
                convolution(format!("{at}.conv{n}"), shape, format!("{at}.bn{n}"), &mut shapes);
            }
            if block == 0 {
                let shape = [4 * width, channels, 1, 1];
                convolution(format!("{at}.downsample.0"), shape, format!("{at}.downsample.1"), &mut shapes);
            }
            channels = 4 * width;
        }
    }
    shapes.insert("fc.weight".into(), vec![18, 2048]);
    shapes.insert("fc.bias".into(), vec![18]);
    let zeros = vec![0; shapes.values().map(|shape| shape.iter().product::<usize>()).max().unwrap() * 4];
    let views = shapes.iter().map(|(name, shape)| {
        let bytes = &zeros[..shape.iter().product::<usize>() * 4];
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn a_pull_that_was_cut_goes_on_when_it_is_run_again() {
    let bench = Bench::new();
    let content = resnet50();
    let all = content.len();
    let cut = Answer::Rest { at_most: 30_000_000 };
    // One redirected request that breaks, and another that brings nothing; then, run again, the rest.
    let nothing = Answer::Rest { at_most: 0 };
    let server = Server::start(&bench, content, &[Answer::Redirect, cut, nothing, REST]);
    let pull = ["weights", "pull", "xrv-resnet50"];
    let (code, complaint) = bench.fails(&pull);
    assert_eq!(code, 1, "{complaint}");
    let note = "nobody published a hash of the file of xrv-resnet50".to_owned();
    for says in [format!("after 30000000 of {all} bytes"), "goes on where it stopped".to_owned(), note] {
        assert!(complaint.contains(&says), "`{says}` is not in: {complaint}");
    }
    assert!(!bench.says(&["weights", "list"]).contains("xrv-"), "half a file is no model");

    let said = bench.says(&pull);
    assert!(said.contains("model xrv-resnet50: ") && said.contains("safetensors"), "{said}");
    assert!(said.contains("none of its 16 labels is validated"), "{said}");
    assert!(said.contains("nothing says that it is theirs"), "{said}");
    assert_eq!(server.ranges(), ["", "", "bytes=30000000-", "bytes=30000000-"]);
    let listed = bench.says(&["weights", "list"]);
    assert!(listed.contains("xrv-resnet50"), "{listed}");
    let models = bench.path("home/data/cxr-triage/weights");
    let names: Vec<_> =
        fs::read_dir(Path::new(&models)).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["xrv-resnet50"], "the download itself is gone");

    // The server would answer no more.
    let said = bench.says(&pull);
    assert!(said.contains("is here already"), "{said}");
    assert_eq!(server.ranges().len(), 4);
}

#[test]
fn a_file_that_is_not_the_published_one_is_thrown_away() {
    let bench = Bench::new();
    // As long as the published file, and something else.
    let cut = Answer::Rest { at_most: 1_000_000 };
    let server = Server::start(
        &bench,
        vec![7; 28_382_008],
        &[cut, Answer::Status(503), Answer::Whole, Answer::Redirect, Answer::Status(404)],
    );
    let pull = ["weights", "pull", "xrv-all"];
    let (code, complaint) = bench.fails(&pull);
    assert!(code == 1 && complaint.contains("status 503"), "{complaint}");
    // A server without ranges: the whole file again.
    let (code, complaint) = bench.fails(&pull);
    assert!(code == 1 && complaint.contains("is not the published file (sha256 "), "{complaint}");
    assert!(complaint.contains("weights import FILE --preset xrv-all"), "{complaint}");
    let (code, complaint) = bench.fails(&pull);
    assert!(code == 1 && complaint.contains("404"), "{complaint}");
    assert_eq!(
        server.ranges(),
        ["", "bytes=1000000-", "bytes=1000000-", "", ""],
        "begun anew after the hash"
    );
    assert!(!bench.says(&["weights", "list"]).contains("xrv-"));
}
