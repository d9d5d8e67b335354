#!/usr/bin/env python3
"""What scikit-learn, statsmodels and plain numpy say of films of patients: tests/golden/evaluate_patients_peer.json.

    python3 evaluate_patients_peer.py > evaluate_patients_peer.json

For made-up films of patients: AUC and average precision with intervals by drawing patients (scikit-learn with sample
weights, numpy's quantiles; the random numbers are SplitMix64's, so the draws are the program's), shares with Wilson's
interval on effective numbers, predictive values, DeLong's test of two scores (every pair compared, the covariance
matrix of the placements as DeLong et al. 1988 define it), McNemar's exact test (statsmodels), the AUC within groups.
Needs numpy, scipy, scikit-learn and statsmodels.
"""

import json

import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar

DRAWS = 2000
MASK = (1 << 64) - 1
Z = norm.ppf(0.975)


def splitmix(n):
    z = (n + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def draws(clusters):
    for number in range(DRAWS):
        weights = np.zeros(clusters)
        for place in range(clusters):
            weights[splitmix(number << 32 | place) * clusters >> 64] += 1
        yield weights


def interval(values):
    values = np.array([value for value in values if np.isfinite(value)])
    if len(values) < 0.9 * DRAWS or values.min() == values.max():
        return None
    return [float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)), float(values.std(ddof=1))]


def auc(truth, scores, weights):
    there = weights > 0
    if len(set(truth[there])) < 2:
        return np.nan
    return roc_auc_score(truth[there], scores[there], sample_weight=weights[there])


def precision(truth, scores, weights):
    there = weights > 0
    if len(set(truth[there])) < 2:
        return np.nan
    return average_precision_score(truth[there], scores[there], sample_weight=weights[there])


def within(truth, scores, groups, weights):
    ordered = pairs = 0.0
    for group in np.unique(groups):
        positives, negatives = (groups == group) & (truth == 1), (groups == group) & (truth == 0)
        weight = np.outer(weights[positives], weights[negatives])
        a, b = scores[positives][:, None], scores[negatives][None]
        ordered += (weight * ((a > b) + 0.5 * (a == b))).sum()
        pairs += weight.sum()
    return ordered / pairs if pairs else np.nan


def wilson(value, n):
    centre = (value + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(value * (1 - value) / n + Z**2 / (4 * n * n))
    return [max(0.0, centre - reach), min(1.0, centre + reach)]


def share(hits, clusters):
    films, value = len(hits), hits.mean()
    names = np.unique(clusters)
    if len(names) == films:
        n = films
    elif value in (0.0, 1.0):
        n = len(names)
    else:
        totals = np.array([hits[clusters == name].sum() for name in names])
        sizes = np.array([(clusters == name).sum() for name in names])
        # The variance of a ratio of sums over clusters, over that of a share of as many films drawn one by one.
        variance = len(names) * np.var(totals - value * sizes, ddof=1) / films**2
        n = films / max(1.0, variance / (value * (1 - value) / (films - 1)))
    return {"value": float(value), "interval": wilson(value, n), "effective": float(n)}


def predictive(sensitivity, specificity, prevalence):
    n1, n0 = sensitivity["effective"] + Z**2, specificity["effective"] + Z**2
    se = (sensitivity["value"] * sensitivity["effective"] + Z**2 / 2) / n1
    sp = (specificity["value"] * specificity["effective"] + Z**2 / 2) / n0

    def around(right, wrong, adjusted, variance):
        if right + wrong == 0:
            return None
        value = right / (right + wrong)
        ends = [1 / (1 + np.exp(-(np.log(adjusted) + sign * Z * np.sqrt(variance)))) for sign in (-1, 1)]
        return {"value": value, "interval": [min(ends[0], value), max(ends[1], value)]}

    raw_se, raw_sp = sensitivity["value"], specificity["value"]
    return {
        "prevalence": prevalence,
        "positive": around(
            raw_se * prevalence,
            (1 - raw_sp) * (1 - prevalence),
            se * prevalence / ((1 - sp) * (1 - prevalence)),
            (1 - se) / se / n1 + sp / (1 - sp) / n0,
        ),
        "negative": around(
            raw_sp * (1 - prevalence),
            (1 - raw_se) * prevalence,
            sp * (1 - prevalence) / ((1 - se) * prevalence),
            se / (1 - se) / n1 + (1 - sp) / sp / n0,
        ),
    }


def delong(truth, first, second):
    def placements(scores):
        a, b = scores[truth == 1][:, None], scores[truth == 0][None]
        wins = (a > b) + 0.5 * (a == b)
        return wins.mean(1), wins.mean(0)

    ones, twos = placements(first), placements(second)
    positives, negatives = np.cov(ones[0], twos[0]), np.cov(ones[1], twos[1])
    matrix = positives / len(ones[0]) + negatives / len(ones[1])
    difference = twos[0].mean() - ones[0].mean()
    error = np.sqrt(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    return {
        "difference": difference,
        "standard_error": error,
        "interval": [difference - Z * error, difference + Z * error],
        "p": 2 * norm.sf(abs(difference / error)),
    }


def case(name, random, films, clusters, ties):
    cluster = np.concatenate([np.arange(clusters), random.integers(0, clusters, films - clusters)])
    random.shuffle(cluster)
    sick = random.random(clusters) < 0.4
    truth = np.where(random.random(films) < 0.85, sick[cluster], ~sick[cluster]).astype(int)
    groups = random.integers(0, 3, films)
    own = random.normal(size=clusters)[cluster]
    first = 1 / (1 + np.exp(-(1.2 * truth + own + 0.5 * random.normal(size=films) - 0.6 + 0.4 * (groups == 1))))
    second = 1 / (1 + np.exp(-(0.8 * truth + own + random.normal(size=films) - 0.4)))
    if ties:
        first, second = np.round(first, 1), np.round(second, 1)
    values = {"auc": [], "average_precision": [], "second_auc": [], "difference": [], "excess": []}
    for weights in draws(clusters):
        weights = weights[cluster]
        one, two = auc(truth, first, weights), auc(truth, second, weights)
        values["auc"].append(one)
        values["average_precision"].append(precision(truth, first, weights))
        values["second_auc"].append(two)
        values["difference"].append(two - one)
        values["excess"].append(one - within(truth, first, groups, weights))
    positive, alert, alert_second = truth == 1, first >= 0.5, second >= 0.5
    sensitivity = share(alert[positive], cluster[positive])
    specificity = share(~alert[~positive], cluster[~positive])

    def exact(right_first, right_second):
        only_first, only_second = (right_first & ~right_second).sum(), (~right_first & right_second).sum()
        both = (right_first & right_second).sum()
        table = [[both, only_first], [only_second, len(right_first) - both - only_first - only_second]]
        p = mcnemar(table, exact=True).pvalue
        return {"only_first": int(only_first), "only_second": int(only_second), "p": float(p)}

    return {
        "name": name,
        "cluster": cluster.tolist(),
        "truth": truth.tolist(),
        "group": groups.tolist(),
        "first": first.tolist(),
        "second": second.tolist(),
        "spreads": {key: interval(found) for key, found in values.items()},
        "within": within(truth, first, groups, np.ones(films)),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "predictive": [predictive(sensitivity, specificity, prevalence) for prevalence in (0.01, 0.3)],
        "delong": delong(truth, first, second),
        "with_finding": exact(alert[positive], alert_second[positive]),
        "without_finding": exact(~alert[~positive], ~alert_second[~positive]),
    }


def main():
    random = np.random.default_rng(11)
    cases = [
        case("two films a patient", random, 80, 40, False),
        case("tied scores", random, 60, 25, True),
        case("a film a patient", random, 50, 50, False),
        case("few patients", random, 90, 12, True),
    ]
    counts = [(0, 0), (1, 0), (3, 11), (25, 25), (40, 12), (700, 900), (2400, 2100), (0, 1300)]
    discordant = [[a, b, float(mcnemar([[0, a], [b, 0]], exact=True).pvalue)] for a, b in counts]
    print(json.dumps({"cases": cases, "mcnemar": discordant}))


if __name__ == "__main__":
    main()
