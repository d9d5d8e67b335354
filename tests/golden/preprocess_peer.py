"""Preprocessing steps as the libraries do them that the weights were trained with.

    python preprocess_peer.py preprocess.safetensors

Writes small films (`NAME.film`: uint8, or float32 for stored values) and what becomes of them
(`NAME.out`: float32). src/model/preprocess/tests.rs holds the same steps under the same names.
Needs numpy, pillow, torch, scikit-image, safetensors.
"""

import sys

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from skimage.transform import resize as skimage_resize

RNG = np.random.default_rng(7)


def film(height, width, low=0, high=255):
    """Noise over a ramp: edges and flat parts, the whole range."""
    ramp = np.add.outer(np.arange(height) / height, np.arange(width) / width) / 2
    noise = RNG.random((height, width))
    mixed = np.where(noise > 0.7, noise, ramp)
    return np.round(low + (high - low) * mixed).astype(np.uint8)


def pillow(x, size, resample):
    """Rows, then columns, each in its own call: Pillow 13 begins with the columns where a picture is
    much taller than wide, all before it and all squares begin with the rows."""
    rows = Image.fromarray(x).resize((size, x.shape[0]), resample)
    return np.array(rows.resize((size, size), resample))


def torch_bilinear(x, size):
    x = torch.from_numpy(x.astype(np.float32))[None, None]
    y = torch.nn.functional.interpolate(x, (size, size), mode="bilinear", antialias=True)
    return y[0, 0].numpy()


def skimage(x, size):
    return skimage_resize(x.astype(np.float32), (size, size), mode="constant", preserve_range=True)


def crop(x):
    height, width = x.shape
    side = min(height, width)
    top, left = height // 2 - side // 2, width // 2 - side // 2
    return x[top : top + side, left : left + side]


def standardise(x, epsilon, ddof):
    x = torch.from_numpy(x.astype(np.float32))
    return ((x - x.mean()) / (x.std(correction=ddof) + epsilon)).numpy()


def xray_vision_scale(x, largest):
    return (2 * (x.astype(np.float32) / largest) - 1.0) * 1024


cases = {}


def case(name, x, out):
    assert name not in cases
    cases[name] = (x, out)


# Shrinking, growing, one side kept, hardly any change.
SHAPES = [(61, 47, 20), (9, 13, 32), (20, 37, 20), (30, 47, 21), (128, 90, 89)]
for height, width, size in SHAPES:
    at = f"{height}x{width}-{size}"
    x = film(height, width)
    case(f"lanczos-8-{at}", x, pillow(x, size, Image.LANCZOS))
    case(f"bilinear-8-{at}", x, pillow(x, size, Image.BILINEAR))
    case(f"bilinear-{at}", x, torch_bilinear(x, size))
    case(f"nearest-{at}", x, pillow(x, size, Image.NEAREST))
    case(f"gaussian-{at}", x, skimage(x, size))
for height, width in [(61, 47), (46, 61), (47, 60), (60, 46), (5, 5)]:
    x = film(height, width)
    case(f"crop-{height}x{width}", x, crop(x))
# Bright everywhere: the zeros beyond the border must be clipped away again.
x = film(50, 41, low=180)
case("gaussian-bright", x, skimage(x, 16))
x = film(31, 33)
case("standardise-torch", x, standardise(x, 1e-3, 1))
case("standardise-numpy", x, standardise(x, 1e-6, 0))

# The three whole recipes, at small sizes.
x = film(83, 61)
y = standardise(pillow(crop(x), 48, Image.LANCZOS), 1e-3, 1)
case("starter", x, torch_bilinear(y, 40))
x = np.round(RNG.random((75, 90)) ** 2 * 32767).astype(np.float32)
case("torchxrayvision", x, skimage(crop(xray_vision_scale(x, 32767)), 40))
x = film(83, 61)
y = standardise(pillow(x, 40, Image.NEAREST), 1e-6, 0)
case("keras", x, np.stack([y, y, y]))

tensors = {}
for name, (x, out) in cases.items():
    tensors[f"{name}.film"] = np.ascontiguousarray(x)
    tensors[f"{name}.out"] = np.ascontiguousarray(out.astype(np.float32))
save_file(tensors, sys.argv[1])
print(len(cases), "cases")
