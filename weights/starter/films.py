"""Films and labels for training: the format of the data folder, read and made ready.

The folder holds `labels.csv` with the columns Image (a path in the folder), Split (train, val, report), PatientId, and
one a label: 1, 0, or nothing where the finding is unknown for that film. Films of another size than 256x256 are cut to
the middle square and scaled. `teacher.csv`, where it is there, has probabilities of another model for some of the
films: Image, and one column a label.
"""

import csv
import pathlib
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

STORED_SIDE = 256
NOT_LABELS = ("Image", "Split", "PatientId")

# Share of a source's training films that an epoch shows. The paediatric films are many and of one finding, the 64-pixel
# films are blurred.
SHARES = {"nih2": 1.0, "nih": 0.5, "nih64": 0.35, "wingspan": 0.5, "covid": 1.0, "ped": 0.07}

# The source that the teacher's films and the watched films come from, and how frequent the findings are in all of
# ChestX-ray14, which the teacher's probabilities speak of.
MAIN_SOURCE = "nih2"
PREVALENCE = {
    "Atelectasis": 0.103,
    "Cardiomegaly": 0.025,
    "Consolidation": 0.042,
    "Edema": 0.021,
    "Effusion": 0.119,
    "Emphysema": 0.022,
    "Fibrosis": 0.015,
    "Hernia": 0.002,
    "Infiltration": 0.177,
    "Mass": 0.052,
    "Nodule": 0.056,
    "Pleural_Thickening": 0.030,
    "Pneumonia": 0.013,
    "Pneumothorax": 0.047,
}
TEACHER_WEIGHT = 0.45


@dataclass
class Data:
    """Films as bytes, what is known of them, and what training aims at."""

    labels: list[str]
    films: torch.Tensor  # film x row x column, uint8
    truth: np.ndarray  # film x label, 0 or 1
    known: np.ndarray  # film x label, 0 or 1
    targets: np.ndarray  # film x label, the truth with the teacher's opinion mixed in
    split: np.ndarray
    source: np.ndarray

    def rows(self, split, source):
        return np.flatnonzero((self.split == split) & (self.source == source))

    def sources(self):
        """Training rows of each source that has a share."""
        return {source: rows for source in SHARES if len(rows := self.rows("train", source))}


def read_film(path):
    """The middle square at 256x256, 8 bit: the first half of the preprocessing in model.toml."""
    film = Image.open(path).convert("L")
    width, height = film.size
    side = min(width, height)
    left, top = width // 2 - side // 2, height // 2 - side // 2
    film = film.crop((left, top, left + side, top + side))
    return np.asarray(film.resize((STORED_SIDE, STORED_SIDE), Image.LANCZOS))


def read(folder, limit=None, seed=0):
    """Reads the folder; with `limit` a random part of its films, to try a script."""
    rows = read_table(folder / "labels.csv")
    labels = [name for name in rows[0] if name not in NOT_LABELS]
    if limit:
        rows = [rows[i] for i in sorted(np.random.default_rng(seed).permutation(len(rows))[:limit])]
    cells = [[row[label] for label in labels] for row in rows]
    data = Data(
        labels=labels,
        films=torch.from_numpy(np.stack([read_film(folder / row["Image"]) for row in rows])),
        truth=np.array([[float(cell or 0) for cell in row] for row in cells], np.float32),
        known=np.array([[float(cell != "") for cell in row] for row in cells], np.float32),
        targets=np.empty(0),
        split=np.array([row["Split"] for row in rows]),
        source=np.array([pathlib.PurePosixPath(row["Image"]).parts[0] for row in rows]),
    )
    data.targets = data.truth.copy()
    if (folder / "teacher.csv").exists():
        mix_teacher(data, [row["Image"] for row in rows], read_table(folder / "teacher.csv"))
    return data


def read_table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def mix_teacher(data, names, opinions):
    """Moves the teacher's probabilities from ChestX-ray14's prevalence to that of the training films, by the odds, and
    mixes them into the targets of training films."""
    main = data.rows("train", MAIN_SOURCE)
    if not len(main):
        return
    known = data.known[main].sum(0)
    here = np.clip((data.truth[main] * data.known[main]).sum(0) / np.maximum(known, 1), 1e-3, 1 - 1e-3)
    there = np.array([PREVALENCE[label] for label in data.labels])
    moved = log_odds(here) - log_odds(there)
    said = {row["Image"]: np.array([float(row[label]) for label in data.labels]) for row in opinions}
    for n, name in enumerate(names):
        if name in said and data.split[n] == "train":
            opinion = 1 / (1 + np.exp(-(log_odds(np.clip(said[name], 1e-4, 1 - 1e-4)) + moved)))
            data.targets[n] = (1 - TEACHER_WEIGHT) * data.truth[n] + TEACHER_WEIGHT * opinion


def log_odds(probability):
    return np.log(probability / (1 - probability))


def epoch_rows(data, rng):
    """Training rows of one epoch, in random order: of each source its share, other films each time."""
    parts = [rng.permutation(rows)[: int(len(rows) * SHARES[source])] for source, rows in data.sources().items()]
    return rng.permutation(np.concatenate(parts))


def positive_weights(data):
    """Rare findings weigh more: the root of negatives over positives among the known, within 0.5 and 4."""
    positives = negatives = 0
    for source, rows in data.sources().items():
        positives = positives + SHARES[source] * (data.truth[rows] * data.known[rows]).sum(0)
        negatives = negatives + SHARES[source] * ((1 - data.truth[rows]) * data.known[rows]).sum(0)
    return torch.tensor(np.clip(np.sqrt(negatives / np.maximum(positives, 1)), 0.5, 4), dtype=torch.float32)
