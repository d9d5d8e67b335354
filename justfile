# The commands that people need. `just` alone lists them.

default:
    @just --list

# A dashboard on ./inbox with the bundled starter weights.
run *args:
    cargo run --release -- {{args}}

# All tests; the release profile, as the model runs in them.
test *args:
    cargo test --release {{args}}

# What CI checks.
check:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo clippy --release --workspace --lib --bins --tests --benches --examples --no-default-features -- -D warnings
    cargo clippy --release --manifest-path fuzz/Cargo.toml --target-dir target --no-default-features -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps

# Look at changed snapshots and accept or refuse each.
snapshots:
    cargo insta review

# The README's pictures again, of phantoms alone (needs Xvfb, xterm, xdotool, ImageMagick).
pictures:
    cargo build --release
    docs/pictures.sh target/release/cxr-triage docs

# Fuzz a target (dicom, raster, tiff, jpeg2000, lossless_jpeg, pickle), or all one after the other, from the golden files; needs
# cargo-fuzz.
fuzz target minutes="5":
    nice -n 19 fuzz/run {{target}} {{minutes}}

# Two days of faults in an hour: the real program, while everything around it goes wrong.
faults seconds="3600" seed="1":
    cargo build --release
    python3 tests/faults/faults.py --seconds {{seconds}} --seed {{seed}}

# Golden files again, from the peers (needs the Python packages named in the scripts).
golden films:
    python3 crates/cxr-film/tests/golden/film_variants.py crates/cxr-film/tests/golden/film_variants
    python3 crates/cxr-film/tests/golden/film_rasters.py crates/cxr-film/tests/golden/film_rasters
    python3 crates/cxr-jpeg2000/tests/golden/film_j2k.py crates/cxr-jpeg2000/tests/golden/film_j2k
    python3 crates/cxr-film/tests/golden/film_peer.py {{films}} > crates/cxr-film/tests/golden/film_peer.json
    python3 tests/golden/densenet_peer.py weights/starter/model.safetensors {{films}} tests/golden
    python3 tests/golden/evaluate_peer.py > tests/golden/evaluate_peer.json

# The starter weights again, from a labelled set.
train data out:
    python3 weights/starter/train.py {{data}} --out {{out}}

# Time `jpeg2000` and `decode` (files to films), `kernels` (each, and the network), `engine` (the model), `stages` (around it),
# `line` (files to ranked rows), or all.
bench which="all" *args:
    cargo bench {{ if which == "all" { "--bench jpeg2000 --bench decode --bench kernels --bench engine --bench stages --bench line" } else { "--bench " + which } }} -- {{args}}

# The dashboard with a hundred thousand studies, and the real program at rest; `just bench-dashboard shift`: seven
# minutes of arrivals and random keys.
bench-dashboard *args:
    cargo bench --bench dashboard -- {{args}}

# The whole line beside the one that people write in Python, on a folder of films (needs the packages named there).
line films:
    cargo build --release
    python3 benches/line.py {{films}}

# The engine beside PyTorch and ONNX Runtime (needs the Python packages named in the script).
peers:
    cargo build --release
    python3 benches/peers.py

# For NVIDIA GPUs, on a machine without one and without the CUDA toolkit (from Python packages, about 3 GB).
cuda *args:
    docs/cuda.sh {{args}}

# A Debian package, in target/debian/ (needs cargo-deb: `cargo install cargo-deb`).
deb:
    cargo build --release
    packaging/generate target/release/cxr-triage
    cargo deb --no-build
