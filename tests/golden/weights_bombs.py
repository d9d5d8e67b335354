"""Two small HDF5 files that are made to fill the memory of whoever reads them: python weights_bombs.py weights/

Needs h5py.
"""

import pathlib
import sys

import h5py

out = pathlib.Path(sys.argv[1])
with h5py.File(out / "filled.h5", "w") as file:
    # Four gigabytes of one value, of which not a byte is stored.
    file.create_group("layer").create_dataset("kernel:0", shape=(1000, 1000, 1000), chunks=(10, 100, 100), dtype="f4")
with h5py.File(out / "cycle.h5", "w", libver="earliest") as file:
    groups = [file.create_group(f"g{n}") for n in range(20)]
    for group in groups:
        for n, other in enumerate(groups):
            group[f"l{n}"] = other
