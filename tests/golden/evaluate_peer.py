#!/usr/bin/env python3
"""What scikit-learn and a plain DeLong say of made-up scores: tests/golden/evaluate_peer.json.

    python3 evaluate_peer.py > evaluate_peer.json

Random scores, tied scores, few cases, perfect and reversed orders. DeLong here is the definition of
DeLong et al. 1988 itself, every pair compared; nothing is shared with the program. ECE is numpy over ten bins of
equal width. Needs numpy, scipy and scikit-learn.
"""

import json

import numpy as np
from scipy.stats import norm
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)


def delong(truth, scores):
    positives, negatives = scores[truth == 1], scores[truth == 0]
    wins = (positives[:, None] > negatives[None]) + 0.5 * (positives[:, None] == negatives[None])
    auc = wins.mean()
    if min(len(positives), len(negatives)) < 2:
        return auc, None, None
    variance = wins.mean(1).var(ddof=1) / len(positives) + wins.mean(0).var(ddof=1) / len(negatives)
    error = np.sqrt(variance)
    if auc in (0.0, 1.0):
        return auc, error, None
    logit, reach = np.log(auc / (1 - auc)), norm.ppf(0.975) * error / (auc * (1 - auc))
    return auc, error, [1 / (1 + np.exp(-(logit + sign * reach))) for sign in (-1, 1)]


def ece(truth, scores):
    bins = np.minimum((scores * 10).astype(int), 9)
    gaps = [(bins == b).sum() * abs(scores[bins == b].mean() - truth[bins == b].mean()) for b in np.unique(bins)]
    return sum(gaps) / len(scores)


def case(name, truth, scores):
    false, true, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    precision, recall, pr_thresholds = precision_recall_curve(truth, scores)
    auc, error, interval = delong(truth, scores)
    assert abs(auc - roc_auc_score(truth, scores)) < 1e-12
    best = int(np.argmax(true - false))
    return {
        "name": name,
        "truth": truth.tolist(),
        "scores": scores.tolist(),
        "auc": roc_auc_score(truth, scores),
        "standard_error": error,
        "interval": interval,
        "average_precision": average_precision_score(truth, scores),
        "brier": brier_score_loss(truth, scores),
        "ece": ece(truth, scores),
        "youden": (true - false)[best],
        "roc": [list(point) for point in zip(thresholds[1:], false[1:], true[1:])],
        "pr": [list(point) for point in zip(pr_thresholds, recall, precision)],
    }


def main():
    random = np.random.default_rng(7)
    cases = []

    def add(name, truth, scores):
        cases.append(case(name, np.asarray(truth, int), np.asarray(scores, float)))

    for n, share in [(20, 0.5), (60, 0.2), (150, 0.05), (200, 0.9)]:
        truth = (random.random(n) < share).astype(int)
        truth[:2], truth[2:4] = 1, 0
        scores = 1 / (1 + np.exp(-(truth + random.normal(size=n))))
        add(f"{n} random", truth, scores)
        add(f"{n} tied", truth, np.round(scores, 1))
        add(f"{n} noise", truth, random.random(n))
    add("all tied", [0, 1, 0, 1, 1], [0.5] * 5)
    add("perfect", [0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.8, 0.9])
    add("reversed", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9])
    add("one positive", [1, 0, 0, 0], [0.4, 0.4, 0.1, 0.9])
    add("ends", [1, 0, 1, 0, 1, 0], [1.0, 0.0, 0.5, 0.5, 0.0, 1.0])
    single = random.random(120).astype(np.float32)
    add("single precision", (random.random(120) < single).astype(int), single.astype(float))
    print(json.dumps(cases))


if __name__ == "__main__":
    main()
