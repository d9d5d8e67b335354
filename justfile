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
    cargo fmt --check
    cargo clippy --release --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps

# Look at changed snapshots and accept or refuse each.
snapshots:
    cargo insta review

# Golden files again, from the peers (needs the Python packages named in the scripts).
golden films:
    python3 tests/golden/densenet_peer.py --films {{films}}

# The starter weights again, from a labelled set.
train data out:
    python3 weights/starter/train.py {{data}} --out {{out}}
