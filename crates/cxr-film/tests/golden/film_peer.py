"""Reads the real DICOM films with pydicom and prints what ours must agree with, as JSON.

    pip install pydicom numpy pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg
    python crates/cxr-film/tests/golden/film_peer.py ../shared/films > crates/cxr-film/tests/golden/film_peer.json

Of every film: its size, and of its linear and display grey the least, the most, the mean, and the
means of 16 x 16 blocks. Linear is the stored value, turned over for MONOCHROME1; display is the VOI
LUT module as 0 to 255, or the whole range of Bits Stored where the film has no window.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut

GRID = 16


def statistics(grey):
    rows, columns = grey.shape
    cuts = lambda size: [i * size // GRID for i in range(GRID + 1)]
    ys, xs = cuts(rows), cuts(columns)
    blocks = [grey[a:b, c:d].mean() for a, b in zip(ys, ys[1:]) for c, d in zip(xs, xs[1:])]
    return {
        "min": float(grey.min()),
        "max": float(grey.max()),
        "mean": round(float(grey.mean()), 4),
        "grid": [round(float(block), 4) for block in blocks],
    }


def read(path):
    data = pydicom.dcmread(path)
    stored = data.pixel_array
    most = float(2**data.BitsStored - 1)
    if "WindowCenter" in data or "VOILUTSequence" in data:
        shown = apply_voi_lut(apply_modality_lut(stored, data), data, prefer_lut=True)
        slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
        # pydicom spreads a window over the range of the modality values
        display = (shown - intercept) / (most * slope) * 255
    else:
        display = stored / most * 255
    linear = stored.astype(np.float64)
    display = np.floor(display + 0.5)
    if data.PhotometricInterpretation == "MONOCHROME1":
        linear, display = most - linear, 255 - display
    return {
        "width": int(data.Columns),
        "height": int(data.Rows),
        "linear_max": most,
        "linear": statistics(linear),
        "display": statistics(display),
    }


def main():
    films = Path(sys.argv[1])
    paths = sorted(films.glob("dicom/*.dcm"))
    paths += [films / "reject" / name for name in (
        "abdomen-ct.dcm", "wg04-extremity-monochrome1-jpeg-lossless.dcm", "wg04-hip-rle.dcm")]
    json.dump({str(path.relative_to(films)): read(path) for path in paths}, sys.stdout, indent=None)
    print()


main()
