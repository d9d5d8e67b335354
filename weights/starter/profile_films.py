#!/usr/bin/env python3
"""Copies the films that the starter's profile is made of: training films, the first by the hash of their names.

    python3 profile_films.py DATA_DIR OUT
    cxr-triage weights profile starter --weights DIR --films OUT
"""

import csv
import hashlib
import pathlib
import shutil
import sys

# By source. The 64-pixel films are left out: they are blurred as no film that comes in is.
COUNTS = {"nih2": 360, "nih": 120, "ped": 180, "wingspan": 60}


def main():
    data, out = map(pathlib.Path, sys.argv[1:])
    with open(data / "labels.csv", newline="") as file:
        names = [row["Image"] for row in csv.DictReader(file) if row["Split"] == "train"]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    for source, count in COUNTS.items():
        (out / source).mkdir(parents=True)
        for name in [name for name in names if pathlib.PurePosixPath(name).parts[0] == source][:count]:
            shutil.copy(data / name, out / name)


if __name__ == "__main__":
    main()
