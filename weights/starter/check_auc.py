#!/usr/bin/env python3
"""The starter's AUCs on labelled films, from the program's own output, with intervals by patient.

    cxr-triage scan FILMS --json --model starter > scores.jsonl
    python3 check_auc.py scores.jsonl LABELS.csv --films nih2:report --films nih2:val --by View --meta META.csv

LABELS.csv: Image (a path; its first folder is the source), Split, PatientId, and a column a finding (0, 1, empty:
unknown). Films are joined by file name. `--films SOURCE:SPLIT` takes a part of them; several are taken together.
META.csv has more columns of the same images. An interval holds the middle 95 % of 2,000 draws of as many patients as
there are, each with all their films. Needs numpy.
"""

import argparse
import csv
import json
import pathlib
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
# With fewer films of a kind, or intervals from fewer draws than this share, nothing is said.
FEWEST, DEFINED = 3, 0.9


@dataclass
class Scored:
    """Films with their scores and truths."""

    labels: list[str]
    probabilities: np.ndarray  # film x label
    truth: np.ndarray  # film x label: 0, 1, or NaN where it is unknown
    patient: np.ndarray  # number of the film's patient
    severity: list[str]
    groups: list[dict]  # the row of META.csv

    def without_finding(self):
        """Films of which every finding is known to be absent."""
        return np.flatnonzero((self.truth == 0).all(1))

    def of(self, films):
        return Scored(
            self.labels,
            self.probabilities[films],
            self.truth[films],
            np.unique(self.patient[films], return_inverse=True)[1],
            [self.severity[film] for film in films],
            [self.groups[film] for film in films],
        )


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def read(scores, labels, parts=None, meta=None):
    """Joins the program's output to the labels; `parts` are pairs of source and split."""
    found = {}
    for line in scores.read_text().splitlines():
        study = json.loads(line)
        for film in study["films"]:
            if film["findings"]:
                found[pathlib.PurePath(film["path"]).name] = (study["severity"], film["findings"])
    about = {row["Image"]: row for row in read_rows(meta)} if meta else {}
    rows = []
    for row in read_rows(labels):
        part = (pathlib.PurePosixPath(row["Image"]).parts[0], row.get("Split", ""))
        if (parts is None or part in parts) and pathlib.PurePosixPath(row["Image"]).name in found:
            rows.append(row)
    if not rows:
        raise SystemExit("none of these films is among the scores")
    scored = [found[pathlib.PurePosixPath(row["Image"]).name] for row in rows]
    names = sorted(finding["label"] for finding in scored[0][1])
    by_name = [{finding["label"]: finding["probability"] for finding in findings} for _, findings in scored]
    return Scored(
        labels=names,
        probabilities=np.array([[film[name] for name in names] for film in by_name]),
        truth=np.array([[float(row[name] or "nan") for name in names] for row in rows]),
        patient=np.unique([row["PatientId"] for row in rows], return_inverse=True)[1],
        severity=[severity for severity, _ in scored],
        groups=[about.get(row["Image"], {}) for row in rows],
    )


def auc(truth, scores, weights):
    """The area under the ROC curve, ties counting half, of films that count `weights` times."""
    order = np.argsort(scores, kind="stable")
    truth, scores, weights = truth[order], scores[order], weights[order]
    below = np.cumsum(weights * (1 - truth))
    first = np.searchsorted(scores, scores, "left")
    last = np.searchsorted(scores, scores, "right") - 1
    lower = np.where(first > 0, below[first - 1], 0)
    pairs = (weights * truth).sum() * below[-1]
    return float((weights * truth * (lower + below[last]) / 2).sum() / pairs) if pairs else np.nan


def with_interval(truth, scores, patient):
    """The AUC and its interval by patient."""
    random, patients = np.random.default_rng(0), patient.max() + 1
    drawn = (np.bincount(random.integers(0, patients, patients), minlength=patients) for _ in range(DRAWS))
    values = np.array([auc(truth, scores, times[patient]) for times in drawn])
    values = values[~np.isnan(values)]
    known = len(values) >= DEFINED * DRAWS
    interval = np.percentile(values, [2.5, 97.5]) if known else [np.nan, np.nan]
    return auc(truth, scores, np.ones(len(truth))), *interval


def measured(scored):
    """AUC, interval, positives and films of each label that can be measured."""
    found = {}
    for n, label in enumerate(scored.labels):
        known = ~np.isnan(scored.truth[:, n])
        truth = scored.truth[known, n]
        if len(truth) and min(truth.sum(), (1 - truth).sum()) >= FEWEST:
            patient = np.unique(scored.patient[known], return_inverse=True)[1]
            area, low, high = with_interval(truth, scored.probabilities[known, n], patient)
            found[label] = {
                "auc": round(area, 3),
                "interval": [round(float(low), 3), round(float(high), 3)],
                "positives": int(truth.sum()),
                "films": len(truth),
            }
    return found


def shown(title, scored):
    clean = scored.without_finding()
    raised = sum(scored.severity[film] in ("urgent", "critical") for film in clean)
    critical = sum(scored.severity[film] == "critical" for film in clean)
    print(f"\n{title}: {len(scored.patient)} films of {len(set(scored.patient))} patients")
    print(f"without any finding: {len(clean)}, of these urgent or critical {raised}, critical {critical}")
    found = measured(scored)
    for label, row in found.items():
        low, high = row["interval"]
        print(f"{label:<20} {row['auc']:.3f} [{low:.3f}, {high:.3f}]  {row['positives']} of {row['films']}")
    if found:
        print(f"{'mean':<20} {np.mean([row['auc'] for row in found.values()]):.3f}")
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=pathlib.Path)
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("--films", action="append", type=lambda text: tuple(text.split(":")), help="SOURCE:SPLIT")
    parser.add_argument("--meta", type=pathlib.Path)
    parser.add_argument("--by", action="append", default=[], help="a column of META.csv")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there, too")
    return parser.parse_args()


def main():
    options = arguments()
    scored = read(options.scores, options.labels, options.films, options.meta)
    figures = {"all": shown("all", scored)}
    for column in options.by:
        values = [row.get(column, "") for row in scored.groups]
        for value in sorted(set(values)):
            part = scored.of(np.flatnonzero([other == value for other in values]))
            figures[f"{column} {value}"] = shown(f"{column} {value}", part)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
