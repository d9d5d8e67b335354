"""cxr-triage's engine against PyTorch and ONNX Runtime: the same weights, film size, batch and threads, in turn.

    python3 benches/peers.py [--program target/release/cxr-triage] [--threads 2] [--rounds 5] [--device cuda]

Needs torch, torchvision, safetensors, onnx and onnxruntime. Each round times every engine once (each for some
seconds); of the rounds the medians and minima are taken, and ratios of those printed, so that a machine
that is busy for a while slows all of them. A ratio below 1: cxr-triage is faster. Where the processor has no
instructions for bf16, or with --fp32, bf16 is left out. On a GPU the peer is PyTorch alone, and films go there and
results come back in every run.
"""
import argparse
import io
import json
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime
import torch
import torchvision
from safetensors.torch import load_file


def network(weights):
    """torchvision's DenseNet-121 with the weights of a model folder."""
    tensors = {name: tensor.float() for name, tensor in load_file(weights).items()}
    outputs, channels = tensors["classifier.bias"].shape[0], tensors["features.conv0.weight"].shape[1]
    made = torchvision.models.densenet121(num_classes=outputs)
    made.features.conv0 = torch.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    made.load_state_dict(tensors, strict=False)
    return made.eval()


def seconds_of(run, seconds):
    """Milliseconds of each call, for about so many seconds, after three for warming up."""
    for _ in range(3):
        run()
    times, started = [], time.perf_counter()
    while time.perf_counter() - started < seconds or len(times) < 5:
        before = time.perf_counter()
        run()
        times.append((time.perf_counter() - before) * 1000)
    return times


def onnx_session(made, films, threads):
    buffer = io.BytesIO()
    torch.onnx.export(made, films, buffer, input_names=["x"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])


def ours(program, device, size, batch, threads, precision, runs):
    command = [program, "--model", "starter", "--device", device, "--precision", precision, "bench", "--json"]
    command += ["--size", str(size), "--batch", str(batch), "--threads", str(threads), "--runs", str(runs)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return report["median_ms_per_film"], report["min_ms_per_film"]


def why_no_bf16(program, device):
    """Why the program does not compute in bf16 here; nothing if it does."""
    command = [program, "--model", "starter", "--device", device, "--precision", "bf16", "bench", "--json"]
    tried = subprocess.run([*command, "--runs", "1", "--size", "64"], capture_output=True, text=True)
    if tried.returncode == 0:
        return None
    if "bf16" not in tried.stderr:
        sys.exit(f"{program}: {tried.stderr.strip()}")
    return tried.stderr.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/release/cxr-triage")
    parser.add_argument("--weights", default="weights/starter/model.safetensors")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 320])
    parser.add_argument("--batches", type=int, nargs="+", help="1 and 8, on a GPU 1 and 32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--fp32", action="store_true", help="leave bf16 out")
    args = parser.parse_args()
    reason = "--fp32" if args.fp32 else why_no_bf16(args.program, args.device)
    precisions = ["fp32"] if reason else ["fp32", "bf16"]
    if reason:
        print(f"bf16 is left out: {reason}", flush=True)
    torch.set_num_threads(args.threads)
    on_gpu = args.device == "cuda"
    made = network(args.weights).to(args.device)
    last = made.to(memory_format=torch.channels_last)
    for size in args.sizes:
        for batch in args.batches or ([1, 32] if on_gpu else [1, 8]):
            generator = torch.Generator().manual_seed(1)
            films = torch.rand(batch, 1, size, size, generator=generator) * 4 - 2
            channels_last = films.to(memory_format=torch.channels_last)

            def torch_fp32():
                with torch.inference_mode():
                    last(channels_last.to(args.device)).cpu()

            def torch_bf16():
                with torch.inference_mode(), torch.autocast(args.device, dtype=torch.bfloat16):
                    last(channels_last.to(args.device)).cpu()

            peers = {"torch fp32": torch_fp32}
            if not on_gpu:
                session = onnx_session(made, films, args.threads)
                array = films.numpy().astype(np.float32)
                peers["onnx fp32"] = lambda: session.run(None, {"x": array})
            if "bf16" in precisions:
                peers["torch bf16"] = torch_bf16
            mine = [f"ours {precision}" for precision in precisions]
            rounds = {name: [] for name in [*peers, *mine]}
            for _ in range(args.rounds):
                for precision in precisions:
                    runs = max(5, int(args.seconds * 1000 / (20 * batch)))
                    found = ours(args.program, args.device, size, batch, args.threads, precision, runs)
                    rounds[f"ours {precision}"].append(found)
                for name, run in peers.items():
                    times = [each / batch for each in seconds_of(run, args.seconds)]
                    rounds[name].append((statistics.median(times), min(times)))
            medians = {name: statistics.median(found[0] for found in all) for name, all in rounds.items()}
            minima = {name: min(found[1] for found in all) for name, all in rounds.items()}
            where = "a GPU" if on_gpu else f"{args.threads} threads"
            print(f"{batch} x {size} x {size}, {where}, ms a film (median, least):")
            for name in rounds:
                print(f"  {name:11} {medians[name]:7.2f} {minima[name]:7.2f}")
            pairs = [("ours fp32", "onnx fp32"), ("ours fp32", "torch fp32")]
            pairs += [("ours bf16", "onnx fp32"), ("ours bf16", "torch bf16")]
            for mine, peer in pairs:
                if mine not in rounds or peer not in rounds:
                    continue
                paired = statistics.median(
                    a[0] / b[0] for a, b in zip(rounds[mine], rounds[peer], strict=True)
                )
                print(
                    f"  {mine} / {peer}: medians {paired:.2f} (of pairs), "
                    f"least {minima[mine] / minima[peer]:.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
