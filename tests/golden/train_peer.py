"""Writes train_peer.json: heads by scikit-learn on random features, for src/train/peer_tests.rs.

    python tests/golden/train_peer.py > tests/golden/train_peer.json

With `check CACHE.jsonl LABELS.csv MODEL_FOLDER COLUMN WEIGHTING STRENGTH` it fits one label of a trained model on the
features that `cxr-triage train` has in its cache, and prints how far the model's probabilities are from scikit-learn's.
needs: numpy scikit-learn (and safetensors for `check`)
"""
import base64, csv, json, sys
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def class_weights(truth, weighting):
    absent, present = (truth == 0).sum(), (truth == 1).sum()
    both = absent + present
    return {"frequency": (present / both, absent / both), "balanced": (both / (2 * absent), both / (2 * present)), "none": (1.0, 1.0)}[weighting]


def fitted(x, truth, weighting, c):
    """Probabilities of all films by a head learned on those whose truth is known."""
    w = class_weights(truth, weighting)
    x = StandardScaler().fit_transform(x.astype("f8"))
    known = truth >= 0
    sample = np.array([w[t] for t in truth[known]])
    # Of its solvers the one that reaches the minimum: lbfgs stops at 1e-6 from it, whatever tol says.
    head = LogisticRegression(C=c, tol=1e-10, max_iter=100_000, solver="newton-cholesky").fit(x[known], truth[known], sample_weight=sample)
    return w, head.predict_proba(x)[:, 1], sample.sum()


def golden():
    random = np.random.default_rng(5)
    peers = []
    for weighting in ("frequency", "balanced", "none"):
        for films, channels, share, c in ((90, 5, 0.1, 0.3), (40, 60, 0.4, 20.0)):
            x = (random.gamma(0.6, 1, (films, channels)) * random.choice([0.01, 0.5, 4], channels)).astype("f4")
            x[:, 0] = 0.25  # one that never changes
            score = StandardScaler().fit_transform(x) @ random.normal(0, 1, channels) + random.normal(0, 1, films)
            truth = (score > np.quantile(score, 1 - share)).astype(int)
            truth[random.random(films) < 0.15] = -1
            w, p, _ = fitted(x, truth, weighting, c)
            short = [float(f"{v:.9g}") for v in x.ravel()]
            peers.append(dict(weighting=weighting, channels=channels, features=short, truth=truth.tolist(), c=c, weights=[float(v) for v in w], probabilities=[round(float(v), 10) for v in p]))
    json.dump(peers, sys.stdout)
    print()


def check(cache, labels, folder, column, weighting, strength):
    from safetensors.numpy import load_file
    import hashlib, pathlib, tomllib
    films = {r["sha256"]: np.frombuffer(base64.b64decode(r["pooled"]), "<f4") for r in map(json.loads, open(cache)) if r.get("pooled")}
    rows = [r for r in csv.DictReader(open(labels)) if r.get("Split", "train") == "train"]
    root = pathlib.Path(labels).parent
    by_hash = [(r, hashlib.sha256((root / r["Image"]).read_bytes()).hexdigest()) for r in rows]
    by_hash = [(r, films[h]) for r, h in by_hash if h in films]
    x = np.stack([f for _, f in by_hash])
    truth = np.array([int(r[column]) if r[column] else -1 for r, _ in by_hash])
    w = class_weights(truth, weighting)
    total = sum(w[t] for t in truth if t >= 0)
    _, theirs, _ = fitted(x, truth, weighting, 1 / (float(strength) * total))
    tensors = load_file(str(pathlib.Path(folder) / "model.safetensors"))
    names = [l["name"] for l in tomllib.load(open(pathlib.Path(folder) / "model.toml", "rb"))["labels"]]
    n = names.index(column)
    logit = x.astype("f8") @ tensors["classifier.weight"][n].astype("f8") + float(tensors["classifier.bias"][n])
    print(f"{column}: {len(x)} films, C {1 / (float(strength) * total):.6g}, farthest probability {np.abs(1 / (1 + np.exp(-logit)) - theirs).max():.2e}")


if __name__ == "__main__":
    check(*sys.argv[2:]) if sys.argv[1:2] == ["check"] else golden()
