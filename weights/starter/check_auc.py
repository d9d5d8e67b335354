#!/usr/bin/env python3
"""The starter's AUCs on a labelled set, from the tool's own output.

    cxr-triage scan FILMS --json --model starter > scores.jsonl
    python3 check_auc.py scores.jsonl LABELS.csv [--split held-out] [--under nih]

LABELS.csv: a column Image (file name, or path below FILMS), a column a finding (0, 1, empty: unknown),
optionally Split. A label needs three films of each kind; its interval is a bootstrap over films (2.5 to
97.5 %, 1,000 draws, seed 0). Needs numpy and scikit-learn.
"""

import argparse
import csv
import json
import pathlib

import numpy as np
from sklearn.metrics import roc_auc_score


def interval(truth, scores, draws=1000):
    random = np.random.default_rng(0)
    values = []
    for _ in range(draws):
        pick = random.integers(0, len(truth), len(truth))
        if 0 < truth[pick].sum() < len(pick):
            values.append(roc_auc_score(truth[pick], scores[pick]))
    return np.percentile(values, [2.5, 97.5])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=pathlib.Path)
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("--split")
    parser.add_argument("--under", default="", help="only films whose Image begins so")
    arguments = parser.parse_args()

    probabilities = {}
    for line in arguments.scores.read_text().splitlines():
        for film in json.loads(line)["films"]:
            found = {finding["label"]: finding["probability"] for finding in film["findings"]}
            probabilities[pathlib.Path(film["path"]).name] = found

    rows = [
        row
        for row in csv.DictReader(arguments.labels.open())
        if row["Image"].startswith(arguments.under) and arguments.split in (None, row.get("Split"))
    ]
    matched = [(row, probabilities.get(pathlib.Path(row["Image"]).name)) for row in rows]
    print(f"{len(rows)} rows, {sum(found is not None for _, found in matched)} of them scored")
    labels = next(found for _, found in matched if found)
    for label in labels:
        pairs = [(int(row[label]), found[label]) for row, found in matched if found and row.get(label, "") != ""]
        if not pairs:
            continue
        truth, scores = (np.array(column) for column in zip(*pairs))
        positives = int(truth.sum())
        if min(positives, len(truth) - positives) < 3:
            continue
        low, high = interval(truth, scores)
        print(f"{label:<20} AUC {roc_auc_score(truth, scores):.3f} [{low:.3f}, {high:.3f}]  {positives} of {len(truth)}")


if __name__ == "__main__":
    main()
