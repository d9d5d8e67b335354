#!/usr/bin/env python3
"""Thresholds of the ranking labels chosen together, by films without any finding.

    python3 thresholds.py scores.jsonl LABELS.csv model.toml --films nih2:val --films nih:val

scores.jsonl is the program's own output, as for check_auc.py. Of the films without any finding at most one in ten may
reach `alert` on any of the labels that rank, and one in fifty `critical`. The labels share by equal specificity, each
among all films without its own finding; it is as low as can be. A label that does not rank gets the threshold of that
specificity, too. `--check SOURCE:SPLIT` tells what the thresholds do on other films. Needs numpy, and Python 3.11.
"""

import argparse
import math
import pathlib
import tomllib

import numpy as np
from check_auc import DRAWS, read

# The share of films without any finding that may reach a threshold of any label that ranks.
GOALS = {"alert": 0.10, "critical": 0.02}


def through(negatives, rate):
    """The threshold that this share of the films without the label's finding reach, in descending order: the middle
    between the last that does and the next."""
    count = math.floor(rate * len(negatives) + 1e-9)
    ordered = np.concatenate([[1.0], negatives, [0.0]])
    return (ordered[count] + ordered[count + 1]) / 2


def together(films, ranking, share):
    """A threshold for each label, of equal specificity, so that at most `share` of the films without any finding reach
    that of one of the `ranking` labels. Returns the specificity as well."""
    columns = zip(films.probabilities.T, films.truth.T)
    negatives = [np.sort(scores[truth == 0])[::-1] for scores, truth in columns]
    clean = films.probabilities[films.without_finding()]
    allowed = math.floor(share * len(clean) + 1e-9)
    chosen = None
    for rate in sorted({count / len(column) for column in negatives for count in range(len(column))}):
        thresholds = np.array([through(column, rate) for column in negatives])
        if (clean >= thresholds)[:, ranking].any(1).sum() > allowed:
            break
        chosen = (1 - rate, thresholds)
    return chosen


def share_with_interval(reached, patient):
    """The share of films, and its interval by patient."""
    random, patients = np.random.default_rng(0), patient.max() + 1
    shares = []
    for _ in range(DRAWS):
        times = np.bincount(random.integers(0, patients, patients), minlength=patients)[patient]
        if times.sum():
            shares.append((times * reached).sum() / times.sum())
    low, high = np.percentile(shares, [2.5, 97.5])
    return f"{reached.sum()} of {len(reached)} ({reached.mean():.3f}, {low:.3f}-{high:.3f} by patient)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=pathlib.Path)
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("manifest", type=pathlib.Path)
    part = {"action": "append", "type": lambda text: tuple(text.split(":"))}
    parser.add_argument("--films", **part, help="SOURCE:SPLIT of the calibration films")
    parser.add_argument("--rank", action="append", required=True, help="a label that ranks")
    parser.add_argument("--check", **part, default=[], help="SOURCE:SPLIT of other films")
    options = parser.parse_args()

    calibration = read(options.scores, options.labels, options.films)
    order = [label["name"] for label in tomllib.loads(options.manifest.read_text())["labels"]]
    ranking = np.array([label in options.rank for label in calibration.labels])
    sets = {"calibration": calibration}
    sets |= {":".join(part): read(options.scores, options.labels, [part]) for part in options.check}
    chosen = {}
    for word, share in GOALS.items():
        specificity, chosen[word] = together(calibration, ranking, share)
        print(f"{word}: specificity {specificity:.4f} for each label")
        for title, films in sets.items():
            without = films.of(films.without_finding())
            reached = (without.probabilities >= chosen[word])[:, ranking].any(1)
            print(f"  {title}: {share_with_interval(reached, without.patient)} without finding reach it")
    for label in order:
        n = calibration.labels.index(label)
        found = [sensitivity(films, n, chosen["alert"][n]) for films in sets.values()]
        alert, critical = chosen["alert"][n], chosen["critical"][n]
        print(f"{label:<20} alert {alert:.4f}  critical {critical:.4f}  found {', '.join(found)}")


def sensitivity(films, label, threshold):
    scores = films.probabilities[films.truth[:, label] == 1, label]
    return f"{(scores >= threshold).sum()} of {len(scores)}"


if __name__ == "__main__":
    main()
