"""Stores a state dict as the program carries it: half precision, batch norm in single.

    python store.py TRAINED.safetensors model.safetensors

Prints the sha256 for model.toml. Batch norm stays in single precision: its variances span too many decades for half.
Needs numpy and safetensors.
"""

import argparse
import hashlib
import pathlib

import numpy as np
from safetensors.numpy import load_file, save_file


def stored(name, values):
    return np.ascontiguousarray(values.astype(np.float32 if ".norm" in name else np.float16))


def save(tensors, path):
    """Writes the tensors, given by name, and returns the file's sha256."""
    kept = {name: stored(name, values) for name, values in tensors.items() if not name.endswith("num_batches_tracked")}
    for name, values in kept.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} has values that are too large for half precision")
    save_file(kept, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    print(f"{arguments.out}: sha256 {save(load_file(arguments.trained), arguments.out)}")


if __name__ == "__main__":
    main()
