"""What PyTorch makes of the same weights: the golden files of tests/model_parity.rs.

    python densenet_peer.py ../../weights/starter/model.safetensors ../../../shared/films .

writes `densenet_synthetic.json` (equal input tensors) and `densenet_films.json` (real films, from
the file to the probabilities; the films themselves stay out of the repository).
Needs torch, torchvision, pillow, numpy, safetensors.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file

# Eight PNG films, which every decoder reads alike, and three JPEG films, which decoders may round
# differently.
FILMS = [
    "nih-golden-00000001_000-512.png",
    "nih/00000150_002.png",
    "nih/00001182_004.png",
    "nih/00001511_000.png",
    "nih/00003395_003.png",
    "nih/00005927_006.png",
    "nih/00009507_018.png",
    "nih/00011136_002.png",
    "pediatric/IM-0170-0001.jpeg",
    "pediatric/person500_bacteria_2107.jpeg",
    "pediatric/person1360_virus_2341.jpeg",
]


def network(path):
    weights = {name: tensor.float() for name, tensor in load_file(path).items()}
    net = torchvision.models.densenet121(weights=None)
    net.features.conv0 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    net.classifier = torch.nn.Linear(1024, weights["classifier.bias"].numel())
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert not unexpected and all("num_batches_tracked" in name for name in missing)
    return net.eval()


def synthetic(seed, size=224):
    """Two slow triangle waves and a little integer noise, dark to bright as in a standardised film;
    tests/model_parity.rs makes the same numbers."""
    y, x = np.mgrid[0:size, 0:size].astype(np.uint64)
    h = (x * 374761393 + y * 668265263 + seed * 2246822519) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    noise = ((h ^ (h >> 16)) & 0xFF).astype(np.int64)
    x, y = x.astype(np.int64), y.astype(np.int64)
    waves = wave(x, 96 + 32 * seed) + wave(y + 7 * seed, 160 + 16 * seed)
    return torch.from_numpy((16 * waves + noise - 4096).astype(np.float32) / 2048)


def wave(x, period):
    """A triangle from 0 to 255 and back."""
    return np.abs(x % period * 2 - period) * 255 // period


def prepare(path):
    film = Image.open(path).convert("L")
    width, height = film.size
    side = min(width, height)
    left, top = width // 2 - side // 2, height // 2 - side // 2
    film = film.crop((left, top, left + side, top + side)).resize((256, 256), Image.LANCZOS)
    x = torch.from_numpy(np.array(film)).float()
    x = (x - x.mean()) / (x.std() + 1e-3)
    return torch.nn.functional.interpolate(x[None, None], (224, 224), mode="bilinear", antialias=True)[0, 0]


def run(net, inputs):
    with torch.no_grad():
        return net(torch.stack(inputs)[:, None])


def save(path, sha256, names, logits):
    def numbers(row):
        return "[" + ", ".join(f"{x:.7g}" for x in row.tolist()) + "]"

    rows = ",\n".join(
        f'  {{"input": "{name}",\n   "logits": {numbers(row)},\n   "probabilities": {numbers(row.sigmoid())}}}'
        for name, row in zip(names, logits, strict=True)
    )
    path.write_text(f'{{"weights_sha256": "{sha256}", "torch": "{torch.__version__}", "rows": [\n{rows}\n]}}\n')
    json.loads(path.read_text())


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("weights", type=pathlib.Path)
    arguments.add_argument("films", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    arguments = arguments.parse_args()
    net = network(arguments.weights)
    sha256 = hashlib.sha256(arguments.weights.read_bytes()).hexdigest()
    seeds = range(8)
    logits = run(net, [synthetic(seed) for seed in seeds])
    save(arguments.out / "densenet_synthetic.json", sha256, seeds, logits)
    logits = run(net, [prepare(arguments.films / film) for film in FILMS])
    save(arguments.out / "densenet_films.json", sha256, FILMS, logits)


main()
