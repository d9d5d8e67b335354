"""Trains the starter model from scratch.

    python train.py DATA_DIR --out DIR

DATA_DIR holds `labels.csv` and the films that it names: the columns Image (a path in DATA_DIR), Split
(train, val, or test), PatientId, then one column a label with 1, 0, or nothing where the finding is
unknown for that film. DIR gets `model.safetensors` (convolutions and classifier in half precision,
batch norm in single) and `metrics.json` (AUCs with 95 % bootstrap intervals by film, Youden thresholds).
The starter took 28 epochs: about an hour on two CPU cores.

Try it first: --limit-films 64 --epochs-128 1 --epochs-224 1

requirements: torch torchvision numpy pillow scikit-learn safetensors
(run last with Python 3.11, torch 2.15, torchvision 0.29, scikit-learn 1.9)
"""

import argparse
import csv
import hashlib
import json
import math
import pathlib
import time
from dataclasses import dataclass

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score, roc_curve
from torch.nn import functional

STORED_SIDE = 256
BATCH = 32
# The small folder is shown three times an epoch, of the large one only a part.
REPEATED_FOLDER, REPEATS, OTHERS_AN_EPOCH = "nih", 3, 1400
# With fewer positives (or negatives) than this an AUC says nothing.
FEWEST = 5


@dataclass
class Data:
    """Films as bytes, their labels, and which labels are known."""

    labels: list[str]
    films: torch.Tensor  # film x row x column, uint8
    truth: torch.Tensor  # film x label, 0 or 1
    known: torch.Tensor  # film x label, 0 or 1
    split: np.ndarray
    folder: np.ndarray

    def rows(self, split, folder=None):
        chosen = self.split == split
        if folder is not None:
            chosen &= self.folder == folder
        return np.flatnonzero(chosen)


def read_film(path):
    """The middle square at 256x256, 8 bit: the first half of the preprocessing in model.toml."""
    film = Image.open(path).convert("L")
    width, height = film.size
    side = min(width, height)
    left, top = width // 2 - side // 2, height // 2 - side // 2
    film = film.crop((left, top, left + side, top + side))
    return np.asarray(film.resize((STORED_SIDE, STORED_SIDE), Image.Resampling.LANCZOS))


def read_data(folder, limit, rng):
    with open(folder / "labels.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [name for name in rows[0] if name not in ("Image", "Split", "PatientId")]
    if limit:
        rows = [rows[i] for i in sorted(rng.permutation(len(rows))[:limit])]
    cells = [[row[label] for label in labels] for row in rows]
    return Data(
        labels=labels,
        films=torch.from_numpy(np.stack([read_film(folder / row["Image"]) for row in rows])),
        truth=torch.tensor([[float(cell or 0) for cell in row] for row in cells]),
        known=torch.tensor([[float(cell != "") for cell in row] for row in cells]),
        split=np.array([row["Split"] for row in rows]),
        folder=np.array([pathlib.PurePosixPath(row["Image"]).parts[0] for row in rows]),
    )


def network(outputs):
    net = torchvision.models.densenet121(weights=None)
    net.features.conv0 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    net.classifier = torch.nn.Linear(net.classifier.in_features, outputs)
    return net.to(memory_format=torch.channels_last)


def standardise(films):
    """Each film minus its own mean, over its own deviation."""
    x = films.float()
    mean, deviation = x.mean((1, 2), keepdim=True), x.std((1, 2), keepdim=True)
    return ((x - mean) / (deviation + 1e-3)).unsqueeze(1)


def as_scored(films, side):
    """What the model sees when it is used."""
    x = functional.interpolate(standardise(films), (side, side), mode="bilinear", antialias=True)
    return x.to(memory_format=torch.channels_last)


def augmented(films, side):
    """Turned, zoomed, shifted, mirrored, brighter and flatter at random."""
    count = len(films)

    def spread(width):
        return (torch.rand(count) * 2 - 1) * width

    angle, zoom = spread(math.radians(12)), 1 + spread(0.12)
    mirror = 1 - 2 * (torch.rand(count) < 0.5).float()
    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0] = torch.cos(angle) * zoom * mirror
    affine[:, 0, 1] = -torch.sin(angle) * zoom
    affine[:, 1, 0] = torch.sin(angle) * zoom * mirror
    affine[:, 1, 1] = torch.cos(angle) * zoom
    affine[:, 0, 2], affine[:, 1, 2] = spread(0.1), spread(0.1)
    grid = functional.affine_grid(affine, (count, 1, side, side), align_corners=False)
    x = functional.grid_sample(standardise(films), grid, align_corners=False, padding_mode="border")
    x = x * (1 + spread(0.2)).view(-1, 1, 1, 1) + spread(0.2).view(-1, 1, 1, 1)
    return x.to(memory_format=torch.channels_last)


def positive_weights(data, rows):
    """Rare findings weigh more: negatives over positives among the known, within 0.3 to 12."""
    truth, known = data.truth[rows], data.known[rows]
    positives, negatives = (truth * known).sum(0), ((1 - truth) * known).sum(0)
    return (negatives / positives.clamp(min=1)).clamp(0.3, 12)


def epoch_rows(data, rng):
    train = data.rows("train")
    repeated = train[data.folder[train] == REPEATED_FOLDER]
    others = train[data.folder[train] != REPEATED_FOLDER]
    return rng.permutation(np.concatenate([repeated] * REPEATS + [rng.permutation(others)[:OTHERS_AN_EPOCH]]))


def learning_rate(epoch, epochs):
    """A gentle first epoch, then half a cosine."""
    return max(1e-5, 3e-4 if epoch == 0 else 1e-3 * 0.5 * (1 + math.cos(math.pi * epoch / epochs)))


def train(net, data, sides, rng):
    """`sides` holds the films' side for each epoch."""
    weights = positive_weights(data, data.rows("train"))
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    start = time.monotonic()
    for epoch, side in enumerate(sides):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(epoch, len(sides))
        net.train()
        losses = []
        rows = epoch_rows(data, rng)
        for first in range(0, len(rows) - BATCH + 1, BATCH):
            batch = rows[first : first + BATCH]
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(augmented(data.films[batch], side)).float()
            known = data.known[batch]
            loss = functional.binary_cross_entropy_with_logits(
                logits, data.truth[batch], pos_weight=weights, reduction="none"
            )
            loss = (loss * known).sum() / known.sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
            optimiser.step()
            losses.append(loss.item())
        passed = time.monotonic() - start
        print(f"epoch {epoch + 1}/{len(sides)} at {side}: loss {np.mean(losses):.4f}, {passed:.0f} s", flush=True)


@torch.no_grad()
def score(net, data, rows, side):
    net.eval()
    parts = [net(as_scored(data.films[rows[i : i + 64]], side)).sigmoid() for i in range(0, len(rows), 64)]
    return torch.cat(parts).numpy() if parts else np.zeros((0, len(data.labels)))


def auc_with_interval(truth, scores, rng, draws=1000):
    """The area and its 95 % bootstrap interval by film; None where there is too little to say."""
    if min(truth.sum(), (1 - truth).sum()) < FEWEST:
        return None
    areas = []
    while len(areas) < draws:
        drawn = rng.integers(0, len(truth), len(truth))
        if 0 < truth[drawn].sum() < len(drawn):
            areas.append(roc_auc_score(truth[drawn], scores[drawn]))
    low, high = np.percentile(areas, [2.5, 97.5])
    return {
        "positives": int(truth.sum()),
        "films": len(truth),
        "auc": round(float(roc_auc_score(truth, scores)), 3),
        "ci95": [round(float(low), 3), round(float(high), 3)],
    }


def youden(truth, scores):
    """The threshold where sensitivity plus specificity is greatest."""
    if not 0 < truth.sum() < len(truth):
        return None
    false_rate, true_rate, thresholds = roc_curve(truth, scores)
    best = int(np.argmax((true_rate - false_rate)[1:])) + 1  # The first is above every score.
    return round(float(thresholds[best]), 4)


def evaluate(net, data, side, rng):
    def each_label(rows, measure):
        scores, truth, known = score(net, data, rows, side), data.truth[rows].numpy(), data.known[rows].numpy()
        found = {
            label: measure(truth[known[:, i] > 0, i], scores[known[:, i] > 0, i])
            for i, label in enumerate(data.labels)
        }
        return {label: value for label, value in found.items() if value is not None}

    areas = {
        f"{folder}_{split}": each_label(rows, lambda truth, scores: auc_with_interval(truth, scores, rng))
        for split in ("val", "test")
        for folder in sorted(set(data.folder))
        if len(rows := data.rows(split, folder))
    }
    seen = np.concatenate([data.rows("train"), data.rows("val")])
    return {"labels": data.labels, "auc": areas, "youden_thresholds_on_train_and_val": each_label(seen, youden)}


def save(net, path):
    """Batch norm stays in single precision: its variances span too many decades for half."""
    tensors = {
        name: (tensor if ".norm" in name else tensor.half()).contiguous()
        for name, tensor in net.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(tensors, path)
    print(f"{path}: sha256 {hashlib.sha256(path.read_bytes()).hexdigest()} (for model.toml)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, metavar="DATA_DIR")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--epochs-128", type=int, default=22, help="epochs at 128x128 (22)")
    parser.add_argument("--epochs-224", type=int, default=6, help="epochs at 224x224 after them (6)")
    parser.add_argument("--limit-films", type=int, help="a random part of the films, to try the script")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    rng = np.random.default_rng(options.seed)
    data = read_data(options.data, options.limit_films, rng)
    splits = {str(split): int((data.split == split).sum()) for split in sorted(set(data.split))}
    print(f"{len(data.films)} films {splits}, {len(data.labels)} labels")

    net = network(len(data.labels))
    train(net, data, [128] * options.epochs_128 + [224] * options.epochs_224, rng)
    options.out.mkdir(parents=True, exist_ok=True)
    save(net, options.out / "model.safetensors")
    metrics = evaluate(net, data, 224, rng)
    (options.out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")


if __name__ == "__main__":
    main()
