"""cxr-triage's whole line against the one that people write in Python: the same films from disk to ranked rows.

    python3 benches/line.py FOLDER [--program target/release/cxr-triage] [--rounds 3] [--precision fp32]

FOLDER holds films (PNG; DICOM too, where pydicom and a decoder for its syntax are installed). Needs torch, torchvision,
torchxrayvision, scikit-image and safetensors. The Python line is torchxrayvision's: read, normalise, crop, scikit-image's
resize, PyTorch in channels-last; decoding has a process of its own, so that both cores work, and the best of some
settings counts. Ours is `scan --json`, which makes heatmaps besides. Both are run in turn; of the rounds the median of
the ratios counts. Above 1: cxr-triage is faster.
"""
import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
SETTINGS = [(1, 4), (2, 4), (2, 1)]  # PyTorch's threads, films in a batch


def prepare(path):
    """torchxrayvision's own steps from a file to 1 x 224 x 224."""
    import skimage.io
    import torchxrayvision as xrv

    if path.suffix == ".png":
        image = skimage.io.imread(path)
        image = image if image.ndim == 2 else image[:, :, 0]
        image = xrv.datasets.normalize(image, 255)
    else:
        import pydicom

        data = pydicom.dcmread(path)
        image = data.pixel_array
        image = xrv.datasets.normalize(image, 2 ** int(data.BitsStored) - 1)
        if data.PhotometricInterpretation == "MONOCHROME1":
            image = -image
    image = xrv.datasets.XRayCenterCrop()(image[None])
    return xrv.datasets.XRayResizer(224, engine="skimage")(image).astype(np.float32)


def decode(paths, out):
    """Prepares all films, in a process beside the network's."""
    import torch

    torch.set_num_threads(1)
    for path in paths:
        out.put((path.name, prepare(path)))
    out.put(None)


def python_line(paths, weights, threads, batch):
    """Seconds from the first byte to the last ranked row."""
    import torch
    import torchvision
    from safetensors.torch import load_file

    torch.set_num_threads(threads)
    tensors = {name: tensor.float() for name, tensor in load_file(weights).items()}
    network = torchvision.models.densenet121(num_classes=tensors["classifier.bias"].shape[0])
    network.features.conv0 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    network.load_state_dict(tensors, strict=False)
    network = network.eval().to(memory_format=torch.channels_last)
    started = time.perf_counter()
    films = multiprocessing.Queue(maxsize=16)
    beside = multiprocessing.Process(target=decode, args=(paths, films))
    beside.start()
    rows, more = [], True
    with torch.inference_mode():
        while more:
            taken = []
            while len(taken) < batch:
                film = films.get()
                if film is None:
                    more = False
                    break
                taken.append(film)
            if taken:
                inputs = torch.from_numpy(np.stack([image for _, image in taken]))
                found = torch.sigmoid(network(inputs.to(memory_format=torch.channels_last)))
                rows += [(float(row.max()), name) for (name, _), row in zip(taken, found, strict=True)]
    rows.sort(reverse=True)
    beside.join()
    return time.perf_counter() - started


def ours(program, folder, precision):
    """Seconds, cores that were busy, and MB at most, of `scan --json`."""
    command = [program, "--model", "starter", "--device", "cpu", "--precision", precision, "scan", "--json", folder]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(["/usr/bin/time", "-f", "%M", *command], check=True, capture_output=True, text=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    films = sum(len(json.loads(line)["films"]) for line in run.stdout.splitlines())
    busy = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / seconds
    return seconds, films, busy, int(run.stderr.split()[-1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", default="target/release/cxr-triage")
    parser.add_argument("--weights", default="weights/starter/model.safetensors")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="fp32")
    args = parser.parse_args()
    paths = sorted(path for path in args.folder.iterdir() if path.suffix in (".png", ".dcm"))
    best, ratios = None, []
    for at in range(args.rounds):
        # The first round finds the best setting; the others keep to it.
        times = {setting: python_line(paths, args.weights, *setting) for setting in ([best] if best else SETTINGS)}
        best = min(times, key=times.get)
        seconds, films, busy, memory = ours(args.program, str(args.folder), args.precision)
        ratios.append(times[best] / seconds)
        print(
            f"round {at + 1}: Python {len(paths) / times[best]:.1f} films a second (threads, batch: {best}), "
            f"ours {films / seconds:.1f} ({films} scored, {busy:.2f} of {os.cpu_count()} cores busy, "
            f"{memory:.0f} MB at most), ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"{args.precision}: {statistics.median(ratios):.2f} times as fast, median of {args.rounds}")


if __name__ == "__main__":
    sys.exit(main())
