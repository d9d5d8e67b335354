"""The last layer of a model that `cxr-triage train` made of phantoms, alone: weights/phantom without its profile.

Usage: head.py TRAINED STARTER LABELS VAL OUT
TRAINED and STARTER are folders of models, LABELS is the label file of the phantoms, VAL what `cxr-triage scan --json` says of
the films of the part `val` with the trained model, OUT the folder to write to. Needs Python 3.11 and nothing else.
"""

import csv
import hashlib
import json
import struct
import sys
import tomllib
from pathlib import Path

LAYER = ["classifier.bias", "classifier.weight"]


def layer(path):
    """The last layer's tensors in a safetensors file, as such a file."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + length])
    own, body = {}, b""
    for name in LAYER:
        start, end = head[name]["data_offsets"]
        own[name] = head[name] | {"data_offsets": [len(body), len(body) + end - start]}
        body += data[8 + length + start : 8 + length + end]
    text = json.dumps(own, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def probabilities(path):
    """Of each film, by the name that the label file has for it, the probability of each label."""
    films = [film for line in path.read_text().splitlines() for film in json.loads(line)["films"]]
    name = lambda film: "/".join(Path(film["path"]).parts[-2:])
    return {name(film): {each["label"]: each["probability"] for each in film["findings"]} for film in films}


def critical(label, rows, scored):
    """The probability that tells large findings from smaller ones best (Youden's point), halfway to the next lower one."""
    films = [(scored[row["Image"]][label], row["Extent"] == "large") for row in rows if row[label] == "1"]
    large, smaller = [p for p, is_large in films if is_large], [p for p, is_large in films if not is_large]
    youden = lambda t: sum(p >= t for p in large) / len(large) - sum(p >= t for p in smaller) / len(smaller)
    best = max(sorted(large, reverse=True), key=youden)
    return (best + max([p for p, _ in films if p < best], default=best)) / 2


def main(trained, starter, labels, val, out):
    rows = [row for row in csv.DictReader(labels.open()) if row["Split"] == "val"]
    scored = probabilities(val)
    manifest = tomllib.loads((trained / "model.toml").read_text())
    weights = layer(trained / "model.safetensors")
    trunk = hashlib.sha256((starter / "model.safetensors").read_bytes()).hexdigest()
    out.mkdir(exist_ok=True)
    (out / "model.safetensors").write_bytes(weights)
    print(f'sha256 = "{hashlib.sha256(weights).hexdigest()}"')
    print(f'trunk = {{ model = "starter", sha256 = "{trunk}" }}')
    print(f'[training]\nlabels = ["{hashlib.sha256(labels.read_bytes()).hexdigest()}"]')
    for label in manifest["labels"]:
        name, alert = label["name"], label["alert"]
        at = max(critical(name, rows, scored), alert)
        print(f'\n[[labels]]\nname = "{name}"\nalert = {alert:.4f}\ncritical = {at:.4f}')


main(*map(Path, sys.argv[1:]))
