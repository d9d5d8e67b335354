"""The last layer of a model that `cxr-triage train` made of phantoms, alone: weights/phantom.

Usage: head.py TRAINED STARTER LABELS VAL OUT
TRAINED and STARTER are folders of models, LABELS is the label file of the phantoms, VAL what `cxr-triage scan --json` says of
the films of the part `val` with the trained model, OUT the folder to write to. Writes the weights and the profile, and
prints what belongs into model.toml. Thresholds and the scale of the probabilities are chosen on `val`; README.md beside this
file says how. Needs Python 3.11 and nothing else.
"""

import csv
import hashlib
import json
import math
import statistics
import struct
import sys
import tomllib
from pathlib import Path

LAYER = ["classifier.bias", "classifier.weight"]
# The probability of the middle one of the films with a finding.
MIDDLE = 0.9
# Not reached: findings that can wait.
NEVER = 0.999


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def logit(p):
    """Of a probability that was rounded to single precision, which ends at 1."""
    p = min(p, 1 - 2**-25)
    return math.log(p / (1 - p))


def tensors(path):
    """The last layer in a safetensors file: bias and weight, in single precision, and their shapes."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + length])
    read = {}
    for name in LAYER:
        assert head[name]["dtype"] == "F32", head[name]
        start, end = head[name]["data_offsets"]
        read[name] = list(struct.unpack(f"<{(end - start) // 4}f", data[8 + length + start : 8 + length + end]))
    return read, {name: head[name]["shape"] for name in LAYER}


def file_of(values, shapes):
    """A safetensors file."""
    head, body = {}, b""
    for name in LAYER:
        packed = struct.pack(f"<{len(values[name])}f", *values[name])
        head[name] = {"dtype": "F32", "shape": shapes[name], "data_offsets": [len(body), len(body) + len(packed)]}
        body += packed
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def logits(path):
    """Of each film, by the name that the label file has for it, the logit of each label."""
    films = [film for line in path.read_text().splitlines() for film in json.loads(line)["films"]]
    name = lambda film: "/".join(Path(film["path"]).parts[-2:])
    return {name(film): {each["label"]: logit(each["probability"]) for each in film["findings"]} for film in films}


def between(films):
    """Youden's point of pairs of value and truth, halfway to the next lower value."""
    yes, no = [value for value, truth in films if truth], [value for value, truth in films if not truth]
    youden = lambda t: sum(value >= t for value in yes) / len(yes) - sum(value >= t for value in no) / len(no)
    best = max(sorted(yes, reverse=True), key=youden)
    return (best + max([value for value, _ in films if value < best], default=best)) / 2


def main(trained, starter, labels, val, out):
    rows = [row for row in csv.DictReader(labels.open()) if row["Split"] == "val"]
    scored = logits(val)
    manifest = tomllib.loads((trained / "model.toml").read_text())
    values, shapes = tensors(trained / "model.safetensors")
    bias, weight = (values[name] for name in LAYER)
    channels = len(weight) // len(bias)
    sections = ""
    for place, label in enumerate(label["name"] for label in manifest["labels"]):
        films = [(scored[row["Image"]][label], row) for row in rows]
        found = [(value, row) for value, row in films if row[label] == "1"]
        highest = max(value for value, row in films if row[label] != "1")
        alert = (highest + min(value for value, _ in found if value > highest)) / 2
        scale = logit(MIDDLE) / (statistics.median(value for value, _ in found) - alert)
        bias[place] = (bias[place] - alert) * scale
        weight[place * channels : (place + 1) * channels] = [
            value * scale for value in weight[place * channels : (place + 1) * channels]
        ]
        large = between([(value, row["Extent"] == "large") for value, row in found])
        critical = {
            "Pneumothorax": 0.5,
            "Effusion": 1 / (1 + math.exp(-max(large - alert, 0) * scale)),
        }.get(label, NEVER)
        sections += f'\n[[labels]]\nname = "{label}"\nalert = 0.5\ncritical = {critical:.3f}\n'
    weights = file_of(values, shapes)
    # What a profile measures comes before the last layer; it names the weights that it belongs to.
    profile = (trained / "profile.safetensors").read_bytes()
    assert sha256(profile) == manifest["profile"]["sha256"] and profile.count(manifest["sha256"].encode()) == 1
    profile = profile.replace(manifest["sha256"].encode(), sha256(weights).encode())
    out.mkdir(exist_ok=True)
    (out / "model.safetensors").write_bytes(weights)
    (out / "profile.safetensors").write_bytes(profile)
    print(f'sha256 = "{sha256(weights)}"')
    print(f'trunk = {{ model = "starter", sha256 = "{sha256((starter / "model.safetensors").read_bytes())}" }}')
    print(f'\n[training]\nlabels = ["{sha256(labels.read_bytes())}"]\n{sections}')
    limits = manifest["profile"]
    print(f'[profile]\nsha256 = "{sha256(profile)}"\ncut_off = {limits["cut_off"]:.3f}')
    print(f'turned_cut_off = {limits["turned_cut_off"]:.3f}')


main(*map(Path, sys.argv[1:]))
