"""Trains the starter model.

    python train.py DATA_DIR --out DIR [--start WEIGHTS.safetensors] [--resume]

`films.py` says what DATA_DIR holds. After each epoch DIR gets `checkpoint.pt`, which `--resume` goes on from,
`average.safetensors` (single precision) and a line of `train.log` with the AUCs on the val films; at the end
`model.safetensors`, stored as the program carries it. `--start` takes features from other weights, never their
classifier. The weights that are kept are a running average of those that are trained.

The second edition started from the features of the first and took 15 epochs, 73 minutes on two CPU cores.
Try it first: --limit-films 200 --plan 64x1

requirements: torch torchvision numpy pillow scikit-learn safetensors
"""

import argparse
import math
import pathlib
import time

import films
import numpy as np
import torch
import torchvision
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from store import save
from torch.nn import functional

# With fewer films of a kind than this, an AUC says nothing.
FEWEST = 5
WARM_UP_STEPS = 150
LEAST_RATE = 1e-5


def network(outputs, start):
    net = torchvision.models.densenet121(weights=None)
    net.features.conv0 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    net.classifier = torch.nn.Linear(net.classifier.in_features, outputs)
    torch.nn.init.normal_(net.classifier.weight, 0, 0.01)
    torch.nn.init.zeros_(net.classifier.bias)
    if start:
        features = {name: values.float() for name, values in load_file(start).items() if name.startswith("features.")}
        missing, unexpected = net.load_state_dict(features, strict=False)
        lacking = [name for name in missing if name.startswith("features.") and "num_batches" not in name]
        if lacking or unexpected:
            raise SystemExit(f"{start} holds no features of this network: {(lacking or unexpected)[0]}")
    return net


def standardise(grey):
    """Each film minus its own mean, over its own deviation."""
    mean, deviation = grey.mean((1, 2), keepdim=True), grey.std((1, 2), keepdim=True)
    return ((grey - mean) / (deviation + 1e-3)).unsqueeze(1)


def resized(x, side):
    return functional.interpolate(x, (side, side), mode="bilinear", antialias=True)


def as_scored(grey, side):
    """A batch as the model sees it when it is used."""
    return resized(standardise(grey.float()), side).to(memory_format=torch.channels_last)


class Augment:
    """Random changes of a batch of films, so that the model cannot learn how they were taken."""

    def __init__(self, device):
        self.device = device

    def spread(self, width, count):
        return (torch.rand(count, device=self.device) * 2 - 1) * width

    def some(self, share, count):
        return torch.rand(count, device=self.device) < share

    def __call__(self, grey, side):
        count = len(grey)
        gamma = torch.exp(self.spread(0.35, count)).view(-1, 1, 1)
        x = standardise(255 * (grey.float() / 255) ** gamma)
        x = self.moved(resized(x, side) if side < 192 else x, side)
        x = self.blurred(x, side)
        x = x * (1 + self.spread(0.2, count)).view(-1, 1, 1, 1) + self.spread(0.2, count).view(-1, 1, 1, 1)
        return self.with_holes(x, side).to(memory_format=torch.channels_last)

    def moved(self, x, side):
        """Turned, zoomed, stretched, shifted and mirrored."""
        count = len(x)
        angle, zoom = self.spread(math.radians(10), count), 0.96 + self.spread(0.1, count)
        stretch, mirror = 1 + self.spread(0.07, count), 1 - 2 * self.some(0.5, count).float()
        affine = torch.zeros(count, 2, 3, device=self.device)
        affine[:, 0, 0] = torch.cos(angle) * zoom * stretch * mirror
        affine[:, 0, 1] = -torch.sin(angle) * zoom
        affine[:, 1, 0] = torch.sin(angle) * zoom * mirror
        affine[:, 1, 1] = torch.cos(angle) * zoom / stretch
        affine[:, 0, 2], affine[:, 1, 2] = self.spread(0.1, count), self.spread(0.1, count)
        grid = functional.affine_grid(affine, (count, 1, side, side), align_corners=False)
        return functional.grid_sample(x, grid, align_corners=False, padding_mode="border")

    def blurred(self, x, side):
        """Every third film through a coarser grid: some sources are blurred, and sharpness must tell nothing."""
        chosen = self.some(0.3, len(x))
        if chosen.any():
            coarse = resized(x[chosen], int(side * (0.3 + 0.5 * torch.rand(()).item())))
            x[chosen] = functional.interpolate(coarse, (side, side), mode="bilinear")
        return x

    def with_holes(self, x, side):
        """A square of every third film replaced by one grey value."""
        for film in torch.nonzero(self.some(0.3, len(x))).flatten().tolist():
            size = int(side * (0.1 + 0.2 * torch.rand(()).item()))
            top, left = torch.randint(0, side - size, (2,)).tolist()
            x[film, :, top : top + size, left : left + size] = 0.5 * torch.randn(()).item()
        return x


class Average:
    """A running average of a network's weights."""

    def __init__(self, net):
        self.values = {
            name: values.detach().clone() for name, values in net.state_dict().items() if values.is_floating_point()
        }

    def update(self, net, step):
        keep = min(0.995, (1 + step) / (20 + step))
        for name, values in net.state_dict().items():
            if name in self.values:
                self.values[name].lerp_(values.detach(), 1 - keep)


class Training:
    """The network, its average and the optimiser; how far they have come."""

    def __init__(self, data, sides, options, device):
        self.data, self.sides, self.options, self.device = data, sides, options, device
        self.net = network(len(data.labels), options.start).to(device, memory_format=torch.channels_last)
        self.average = Average(self.net)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=options.rate, weight_decay=3e-2)
        self.weights = films.positive_weights(data).to(device)
        self.augment = Augment(device)
        an_epoch = sum(int(len(rows) * films.SHARES[source]) for source, rows in data.sources().items())
        self.steps = max(1, an_epoch // options.batch * len(sides))
        self.step = self.epoch = 0

    def learning_rate(self):
        """Rises over the first steps, then falls along half a cosine."""
        if self.step < WARM_UP_STEPS:
            return self.options.rate * self.step / WARM_UP_STEPS + LEAST_RATE
        return self.options.rate * 0.5 * (1 + math.cos(math.pi * min(1, self.step / self.steps))) + LEAST_RATE

    def run_epoch(self):
        """One epoch; returns its mean loss."""
        side, size = self.sides[self.epoch], self.options.batch
        rows = films.epoch_rows(self.data, np.random.default_rng([self.options.seed, self.epoch]))
        self.net.train()
        losses = [self.learn(rows[first : first + size], side) for first in range(0, len(rows) - size + 1, size)]
        self.epoch += 1
        return float(np.mean(losses))

    def learn(self, batch, side):
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            logits = self.net(self.augment(self.data.films[batch].to(self.device), side)).float()
        targets = torch.from_numpy(self.data.targets[batch]).to(self.device)
        known = torch.from_numpy(self.data.known[batch]).to(self.device)
        loss = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=self.weights, reduction="none")
        loss = (loss * known).sum() / known.sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.net, self.step)
        return loss.item()

    @torch.no_grad()
    def watched(self, side):
        """AUCs of the averaged weights on the val films of the main source."""
        rows = self.data.rows("val", films.MAIN_SOURCE)
        trained = {name: values.clone() for name, values in self.net.state_dict().items()}
        self.net.load_state_dict({**trained, **self.average.values})
        self.net.eval()
        batches = [self.data.films[rows[n : n + 48]].to(self.device) for n in range(0, len(rows), 48)]
        parts = [self.net(as_scored(batch, side)).cpu() for batch in batches]
        self.net.load_state_dict(trained)
        scores = torch.cat(parts).numpy() if parts else np.zeros((0, len(self.data.labels)))
        found = {}
        for n, label in enumerate(self.data.labels):
            known = self.data.known[rows, n] > 0
            truth = self.data.truth[rows, n][known]
            if min(truth.sum(), (1 - truth).sum()) >= FEWEST:
                found[label] = round(float(roc_auc_score(truth, scores[known, n])), 3)
        return found

    def state(self):
        return {
            "net": self.net.state_dict(),
            "average": self.average.values,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "epoch": self.epoch,
        }

    def resume(self, state):
        self.net.load_state_dict(state["net"])
        self.average.values = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.epoch = state["step"], state["epoch"]


def train(training, out):
    started = time.monotonic()
    with open(out / "train.log", "a") as log:
        while training.epoch < len(training.sides):
            side = training.sides[training.epoch]
            loss, found = training.run_epoch(), training.watched(side)
            mean = np.mean(list(found.values())) if found else math.nan
            seconds = time.monotonic() - started
            epoch = f"epoch {training.epoch}/{len(training.sides)} at {side}: loss {loss:.4f}, {seconds:.0f} s"
            for file in (None, log):
                print(f"{epoch}, val {mean:.3f} {found}", file=file, flush=True)
            averaged = {name: values.cpu().contiguous() for name, values in training.average.values.items()}
            save_file(averaged, out / "average.safetensors")
            torch.save(training.state(), out / "checkpoint.pt")


def plan(text):
    """`128x11,192x3` as the side of each epoch's films."""
    parts = [part.split("x") for part in text.split(",")]
    return [int(side) for side, epochs in parts for _ in range(int(epochs))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, metavar="DATA_DIR")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--plan", type=plan, default="128x11,192x3,224x1", help="sides and epochs (%(default)s)")
    parser.add_argument("--start", type=pathlib.Path, help="weights whose features training starts from")
    parser.add_argument("--resume", action="store_true", help="go on from DIR/checkpoint.pt")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate (%(default)s)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--limit-films", type=int, help="a random part of the films, to try the script")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    data = films.read(options.data, options.limit_films, options.seed)
    sources = ", ".join(f"{source} {len(rows)}" for source, rows in data.sources().items())
    print(f"{len(data.films)} films, {len(data.labels)} labels; to train on: {sources}")
    training = Training(data, options.plan, options, "cuda" if torch.cuda.is_available() else "cpu")
    if options.resume:
        training.resume(torch.load(options.out / "checkpoint.pt", map_location=training.device))
    train(training, options.out)
    averaged = {name: values.cpu().numpy() for name, values in training.average.values.items()}
    print(f"model.safetensors: sha256 {save(averaged, options.out / 'model.safetensors')} (for model.toml)")


if __name__ == "__main__":
    main()
