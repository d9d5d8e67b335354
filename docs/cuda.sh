#!/bin/sh
# Builds cxr-triage for NVIDIA GPUs on a machine that need not have one, nor the CUDA toolkit: the compiler and the
# libraries come as Python packages into a folder of their own that can be deleted afterwards. The driver's library
# comes with the driver alone; for linking a stub with the same names stands in, and is not used when it runs.
# Needs python3 with venv, gcc or clang, and about 3 GB. Usage: docs/cuda.sh [cargo's arguments], `build` without any.
#   CUDA_COMPUTE_CAP  the GPUs to build for: 80 A100, 86 RTX 30, 89 RTX 40, 90 H100 (default)
set -eu
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target/cuda}"
tools=$CARGO_TARGET_DIR/toolkit

if [ ! -e "$tools/ready" ]; then
    rm -rf "$tools"
    python3 -m venv "$tools"
    # The compiler's parts must be of one release: 13.0, which cudarc of this version knows.
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check \
        'nvidia-cuda-nvcc==13.0.*' 'nvidia-cuda-crt==13.0.*' 'nvidia-nvvm==13.0.*' \
        'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cccl==13.0.*' 'nvidia-cuda-nvrtc==13.0.*' \
        'nvidia-cublas==13.0.*' 'nvidia-curand==10.4.0.*'
    touch "$tools/ready"
fi
CUDA_HOME=$(echo "$tools"/lib/python3*/site-packages/nvidia/cu13)
[ -x "$CUDA_HOME/bin/nvcc" ] || { echo "cuda.sh: no nvcc in $CUDA_HOME: delete $tools and try again" >&2; exit 1; }

# The packages have libcublas.so.13 alone; a linker wants libcublas.so, and lib64 by tradition.
[ -e "$CUDA_HOME/lib64" ] || ln -s lib "$CUDA_HOME/lib64"
for library in "$CUDA_HOME"/lib/*.so.*; do
    case $library in *.alt.so.*) continue ;; esac
    plain=${library%%.so.*}.so
    [ -e "$plain" ] || ln -s "${library##*/}" "$plain"
done

# The driver: every function that cudarc may call, each of them empty.
stubs=$CUDA_HOME/lib/stubs
if [ ! -e "$stubs/libcuda.so" ]; then
    mkdir -p "$stubs"
    cudarc=$(cargo metadata --locked --format-version 1 --features cuda |
        "$tools/bin/python" -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(next(os.path.dirname(each["manifest_path"]) for each in packages if each["name"] == "cudarc"))')
    grep -oE '\bfn cu[A-Z][A-Za-z0-9_]*' "$cudarc/src/driver/sys/mod.rs" | sort -u |
        sed 's/fn \(.*\)/int \1(void) { return 999; }/' >"$stubs/cuda.c"
    [ -s "$stubs/cuda.c" ] || { echo "cuda.sh: no driver functions found in $cudarc" >&2; exit 1; }
    ${CC:-cc} -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$stubs/libcuda.so" "$stubs/cuda.c"
fi

export CUDA_HOME CUDA_PATH="$CUDA_HOME" CUDA_ROOT="$CUDA_HOME" CUDA_TOOLKIT_ROOT_DIR="$CUDA_HOME"
export PATH="$CUDA_HOME/bin:$PATH" CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-90}"
export LIBRARY_PATH="$CUDA_HOME/lib:$stubs${LIBRARY_PATH:+:$LIBRARY_PATH}"
# nvcc as many times at once as cargo compiles.
export CUDAFORGE_THREADS="${CUDAFORGE_THREADS:-${CARGO_BUILD_JOBS:-$(nproc)}}"
[ $# -gt 0 ] || set -- build
verb=$1
shift
cargo "$verb" --locked --release --features cuda "$@"
echo "built with the libraries in $CUDA_HOME/lib; where CUDA 13 is not installed, run with LD_LIBRARY_PATH set to it"
