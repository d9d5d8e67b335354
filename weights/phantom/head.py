"""The last layer of weights/phantom: trained on phantoms of which it is known what they have, and where.

Usage: head.py FILMS TRAINED STARTER OUT
FILMS is the folder that `cargo run --release --example phantoms` wrote, TRAINED the folder of the model that `cxr-triage train`
made of its part `train`, STARTER that of the starter, OUT the folder to write to. Writes the weights and the profile, and
prints what belongs into model.toml, and how well the maps point. What is chosen is chosen on the part `val`; README.md beside
this file says how. Needs Python 3.11, numpy and scipy.

A label's layer w, b is over the last feature map (channel x cell). It is a mean of two:
- that of TRAINED, which learned from whole films;
- one that learned from places, too. Three things are asked of it at once: that a x (mean over the cells of w.x) + b is the
  logit of whether the film has the finding (binary cross-entropy, each class one half); that w.x is the logit of whether a
  cell has it, which no cell of a film without it has, so that a map, which shows w.x where it is above 0, is empty elsewhere
  (the same, one half the cells that have it, one half the others); and that w is small (L2).
How much the second counts in the mean is chosen for each label: as much as makes the most maps point, of what costs no more
than a thousandth of the AUC.
"""

import csv
import hashlib
import json
import math
import struct
import sys
import tomllib
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.optimize import minimize

LABELS = ["Cardiomegaly", "Effusion", "Mass", "Pneumothorax"]
# What the cells count against the film, and the strength of L2. Chosen on `val` among 0, 1, 10 and 0.001, 0.01, 0.1.
OF_CELLS, STRENGTH = 10.0, 0.01
# The shares of the layer of places that are tried, and the AUC that a better map may cost.
SHARES, COST = [n / 10 for n in range(11)], 0.001
# The probability of the middle one of the films with a finding.
MIDDLE = 0.9
# Not reached: findings that can wait.
NEVER = 0.999
# A peak so many cells of the map from the finding counts as near.
NEAR = 0.5
CELLS, MASK = 7, 224


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def safetensors(data):
    """The tensors of a file."""
    length = struct.unpack("<Q", data[:8])[0]
    kinds = {"F32": np.float32, "F16": np.float16, "U8": np.uint8}
    head = json.loads(data[8 : 8 + length])
    head.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    read = lambda it: np.frombuffer(body[slice(*it["data_offsets"])], kinds[it["dtype"]]).reshape(it["shape"])
    return {name: read(it) for name, it in head.items()}


def file_of(tensors):
    """A safetensors file of tensors in single precision."""
    head, body = {}, b""
    for name, values in tensors.items():
        packed = values.astype("<f4").tobytes()
        head[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(packed)]}
        body += packed
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


class Part:
    """The films of a part, as the network sees them: film x cell x channel; and their truths."""

    def __init__(self, tensors, name, rows):
        self.maps = tensors[f"{name}.maps"].astype(np.float32).transpose(0, 2, 1)
        self.cells = tensors[f"{name}.cells"]
        self.masks = tensors[f"{name}.masks"] > 0
        self.rows = [row for row in rows if row["Split"] == name]
        self.truths = np.array([[int(row[label]) for label in LABELS] for row in self.rows])
        assert len(self.rows) == len(self.maps)
        assert ((self.cells.sum(2) > 0) == (self.truths == 1)).all(), "where something lies, something is"


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def fit(part, label):
    """A layer for a label that learned from places."""
    films, cells, channels = part.maps.shape
    spread = np.sqrt((part.maps.mean(1) ** 2).mean(0)) + 1e-6
    flat = (part.maps / spread).reshape(-1, channels)
    truth = part.truths[:, label].astype(float)
    with_it, without = truth.sum(), (1 - truth).sum()
    of_film = np.where(truth > 0, 0.5 / with_it, 0.5 / without)
    # A cell is as much of the finding as the one that has the most of it is full: a small mass fills none.
    most = part.cells[:, label].max(1, keepdims=True)
    inside = np.where(most > 0, part.cells[:, label] / np.maximum(most, 1e-9), 0)
    share = lambda weights: weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
    inside_weight = share(inside) * 0.5 / with_it
    outside_weight = share(1 - inside) * np.where(truth > 0, 0.25 / with_it, 0.25 / without)[:, None]

    def loss(point):
        weights, scale, bias = point[:channels], np.exp(point[channels]), point[channels + 1]
        logits = (flat @ weights.astype(np.float32)).reshape(films, cells).astype(float)
        mean = logits.mean(1)
        of_films = scale * mean + bias
        value = (of_film * (np.logaddexp(0, of_films) - truth * of_films)).sum()
        slope = of_film * (sigmoid(of_films) - truth)
        value += OF_CELLS * (inside_weight * np.logaddexp(0, -logits) + outside_weight * np.logaddexp(0, logits)).sum()
        slopes = slope[:, None] * scale / cells
        slopes = slopes + OF_CELLS * (outside_weight * sigmoid(logits) - inside_weight * sigmoid(-logits))
        value += STRENGTH / 2 * (weights**2).sum()
        gradient = (flat.T @ slopes.reshape(-1).astype(np.float32)).astype(float) + STRENGTH * weights
        return value, np.concatenate([gradient, [(slope * mean).sum() * scale, slope.sum()]])

    start = np.zeros(channels + 2)
    start[channels] = math.log(10)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "maxcor": 20})
    return found.x[:channels] / spread


def auc(logits, truth):
    above = logits[truth > 0][:, None] - logits[truth == 0][None]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def of_one_size(part, label, weight):
    """The layer, so that films with and without the finding lie 1 apart in the middle."""
    logits, truth = part.maps.mean(1) @ weight, part.truths[:, label]
    return weight / (np.median(logits[truth > 0]) - np.median(logits[truth == 0]))


def mixed(part, label, of_films, of_places):
    """The mean of two layers that is chosen."""
    both = [of_one_size(part, label, weight) for weight in (of_films, of_places)]
    layers = [(1 - share) * both[0] + share * both[1] for share in SHARES]
    aucs = [auc(part.maps.mean(1) @ layer, part.truths[:, label]) for layer in layers]
    points = [pointing(part, layer, label)[:2].sum() for layer in layers]
    good = [n for n in range(len(layers)) if aucs[n] >= max(aucs) - COST]
    best = max(good, key=lambda n: (points[n], aucs[n]))
    print(f"# {LABELS[label]}: the layer of places counts {SHARES[best]}, AUC {aucs[best]:.4f}; alone {aucs[-1]:.4f}")
    return layers[best]


def spline(pixels):
    """How a row of pixels is made of the cells: Catmull and Rom's spline, as the program draws it."""
    taps = np.zeros((pixels, CELLS))
    for pixel in range(pixels):
        place = (pixel + 0.5) / pixels * CELLS - 0.5
        before, t = math.floor(place), place - math.floor(place)
        weights = [
            0.5 * t * (t * (2 - t) - 1), 0.5 * (t * t * (3 * t - 5) + 2), 0.5 * t * (t * (4 - 3 * t) + 1), 0.5 * t * t * (t - 1)
        ]
        for at, weight in enumerate(weights):
            taps[pixel, min(max(before - 1 + at, 0), CELLS - 1)] += weight
    return taps


def pointing(part, weight, label):
    """How often the map's peak lies in the finding, and near it; the same of the film's middle; and, of a place of chance."""
    taps, near = spline(MASK), NEAR * MASK / CELLS
    sums, films = np.zeros(6), np.flatnonzero(part.truths[:, label])
    for film in films:
        distance = distance_transform_edt(~part.masks[film])
        grid = np.maximum(part.maps[film] @ weight, 0).reshape(CELLS, CELLS)
        drawn = taps @ grid @ taps.T
        peak = distance.ravel()[drawn.argmax()] if grid.max() > 0 else np.inf
        middle = distance[MASK // 2, MASK // 2]
        sums += [peak == 0, peak <= near, middle == 0, middle <= near, (distance == 0).mean(), (distance <= near).mean()]
    return sums / len(films)


def between(films):
    """Youden's point of pairs of value and truth, halfway to the next lower value."""
    yes, no = [value for value, truth in films if truth], [value for value, truth in films if not truth]
    youden = lambda t: sum(value >= t for value in yes) / len(yes) - sum(value >= t for value in no) / len(no)
    best = max(sorted(yes, reverse=True), key=youden)
    return (best + max([value for value, _ in films if value < best], default=best)) / 2


def main(films, trained, starter, out):
    labels = (films / "labels.csv").read_bytes()
    rows = list(csv.DictReader(labels.decode().splitlines()))
    tensors = safetensors((films / "maps.safetensors").read_bytes())
    train, val, report = (Part(tensors, name, rows) for name in ["train", "val", "report"])
    manifest = tomllib.loads((trained / "model.toml").read_text())
    of_films = safetensors((trained / "model.safetensors").read_bytes())["classifier.weight"]
    names = [label["name"] for label in manifest["labels"]]
    weights, biases, sections = [], [], ""
    for place, label in enumerate(LABELS):
        weight = mixed(val, place, of_films[names.index(label)], fit(train, place))
        logits = (val.maps.mean(1) @ weight).tolist()
        found = [(value, row) for value, row in zip(logits, val.rows) if row[label] == "1"]
        highest = max(value for value, row in zip(logits, val.rows) if row[label] != "1")
        alert = (highest + min(value for value, _ in found if value > highest)) / 2
        scale = math.log(MIDDLE / (1 - MIDDLE)) / (float(np.median([value for value, _ in found])) - alert)
        weights.append(weight * scale)
        biases.append(-alert * scale)
        large = between([(value, row["Extent"] == "large") for value, row in found])
        critical = {
            "Pneumothorax": 0.5,
            "Effusion": 1 / (1 + math.exp(-max(large - alert, 0) * scale)),
        }.get(label, NEVER)
        sections += f'\n[[labels]]\nname = "{label}"\nalert = 0.5\ncritical = {critical:.3f}\n'
        for name, part in [("val", val), ("report", report)]:
            peak, near, middle, near_middle, area, near_area = pointing(part, weights[-1], place)
            print(
                f"# {label}, {name}: peak in it {peak:.3f}, near {near:.3f}; the middle {middle:.3f}, {near_middle:.3f}; "
                f"chance {area:.3f}, {near_area:.3f}"
            )
    layer = file_of({"classifier.bias": np.array(biases), "classifier.weight": np.array(weights)})
    # What a profile measures comes before the last layer; it names the weights that it belongs to.
    profile = (trained / "profile.safetensors").read_bytes()
    assert sha256(profile) == manifest["profile"]["sha256"] and profile.count(manifest["sha256"].encode()) == 1
    profile = profile.replace(manifest["sha256"].encode(), sha256(layer).encode())
    out.mkdir(exist_ok=True)
    (out / "model.safetensors").write_bytes(layer)
    (out / "profile.safetensors").write_bytes(profile)
    print(f'sha256 = "{sha256(layer)}"')
    print(f'trunk = {{ model = "starter", sha256 = "{sha256((starter / "model.safetensors").read_bytes())}" }}')
    print(f'\n[training]\nlabels = ["{sha256(labels)}"]\n{sections}')
    limits = manifest["profile"]
    print(f'[profile]\nsha256 = "{sha256(profile)}"\ncut_off = {limits["cut_off"]:.3f}')
    print(f'turned_cut_off = {limits["turned_cut_off"]:.3f}')


main(*map(Path, sys.argv[1:]))
