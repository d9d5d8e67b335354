"""What the peers make of their own networks with random weights: the golden files of the importers.

    python weights_peer.py torch small weights/
    python weights_peer.py keras small weights/
    python weights_peer.py torch names weights/
    python weights_peer.py torch full FOLDER ../../../shared/films
    python weights_peer.py keras full FOLDER ../../../shared/films

(two runs, because the two libraries do not live in one process.) `small` writes narrow networks in every file format that `weights import` reads, and what the peer's
library gives for films that tests/weights_import.rs draws itself. `names` does so for networks of other authors, whose
tensors have other names: MONAI's, and CheXNet's as its published checkpoint has them. `full` writes networks of full
width (28 to 100 MB a file, not committed) and what they give for real films, file to probability, for
the ignored test there.
Needs torch, torchvision, torchxrayvision (`names`: torch and monai alone), tf-keras (Keras 2), keras 3, tensorflow, scikit-image,
pillow, safetensors, h5py.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys

import numpy as np
from PIL import Image

if "names" in sys.argv[1:]:
    import torch
    from monai.networks.nets import DenseNet as MonaiDenseNet
elif "torch" in sys.argv[1:]:
    import torch
    import torchvision
    import torchxrayvision as xrv
    from safetensors.torch import save_file
else:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import tensorflow as tf
    import tf_keras
    from keras.src.applications import densenet as keras_densenet
    from tf_keras.src.applications import densenet as tf_keras_densenet

# Wider than high, higher than wide, square; odd sides.
DRAWN = [(150, 111), (97, 160), (128, 128), (64, 64)]


def drawn_film(width, height, seed):
    """Eight-bit grey; the test draws the same."""
    y, x = np.mgrid[0:height, 0:width].astype(np.uint64)
    h = (x * 374761393 + y * 668265263 + seed * 2246822519) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    noise = ((h ^ (h >> 16)) & 0x3F).astype(np.int64)
    x, y = x.astype(np.int64), y.astype(np.int64)
    return (noise + wave(x, 50 + 9 * seed) * 3 // 8 + wave(y + 7 * seed, 90) * 3 // 8).astype(np.uint8)


def wave(x, period):
    """A triangle from 0 to 255 and back."""
    return np.abs(x % period * 2 - period) * 255 // period


# torch


def randomise_torch(net, seed):
    """Weights as after some training: no batch norm is the identity, no two channels are alike."""
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.6, 1.4)
            torch.nn.init.normal_(module.bias, std=0.2)
            torch.nn.init.normal_(module.running_mean, std=0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=1.5 / module.in_features**0.5)
            torch.nn.init.normal_(module.bias, std=0.5)


def settle_torch(net, inputs):
    """Sets the batch norms' statistics to what the films give, so that logits neither drown nor burst."""
    net.train()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.5
    with torch.no_grad():
        for _ in range(4):
            net(inputs)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1
    return net.eval()


def xrv_input(film, size):
    """torchxrayvision's own steps."""
    film = xrv.datasets.normalize(film, 255)[None]
    film = xrv.datasets.XRayCenterCrop()(film)
    return torch.from_numpy(xrv.datasets.XRayResizer(size)(film))


def torch_rows(net, inputs):
    with torch.no_grad():
        return torch.cat([net(x[None]) for x in inputs]).sigmoid().numpy()


def torchvision_resnet(depth, classes):
    """As torchxrayvision's ResNet builds it."""
    net = getattr(torchvision.models, depth)(weights=None, num_classes=classes)
    net.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return net


def narrow_resnet(classes):
    """torchvision's bottlenecks, narrow: planes are multiples of 64 times base_width / 64."""
    class Narrow(torchvision.models.ResNet):
        def __init__(self):
            torch.nn.Module.__init__(self)
            self._norm_layer = torch.nn.BatchNorm2d
            self.inplanes, self.dilation, self.groups, self.base_width = 4, 1, 1, 64
            self.conv1 = torch.nn.Conv2d(1, 4, kernel_size=7, stride=2, padding=3, bias=False)
            self.bn1 = torch.nn.BatchNorm2d(4)
            self.relu = torch.nn.ReLU(inplace=True)
            self.maxpool = torch.nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            block = torchvision.models.resnet.Bottleneck
            self.layer1 = self._make_layer(block, 4, 2)
            self.layer2 = self._make_layer(block, 8, 1, stride=2)
            self.layer3 = self._make_layer(block, 16, 1, stride=2)
            self.layer4 = self._make_layer(block, 32, 2, stride=2)
            self.avgpool = torch.nn.AdaptiveAvgPool2d((1, 1))
            self.fc = torch.nn.Linear(128, classes)

    return Narrow()


def save_torch_legacy(thing, path):
    torch.save(thing, path, _use_new_zipfile_serialization=False)


# Keras


def keras_net(library, densenet, size, classes, blocks=None, growth=None, stem=None):
    """DenseNet-121 without top, global average, one dense layer: full, or of the library's own blocks."""
    layers = library.layers
    if blocks is None:
        base = library.applications.DenseNet121(
            include_top=False, weights=None, input_shape=(size, size, 3)
        )
        x = layers.GlobalAveragePooling2D()(base.output)
        return library.Model(base.input, layers.Dense(classes, activation="sigmoid")(x))
    slash = "/" if library is tf_keras else "_"
    film = layers.Input((size, size, 3))
    x = layers.ZeroPadding2D(((3, 3), (3, 3)))(film)
    x = layers.Conv2D(stem, 7, strides=2, use_bias=False, name=f"conv1{slash}conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name=f"conv1{slash}bn")(x)
    x = layers.Activation("relu", name=f"conv1{slash}relu")(x)
    x = layers.ZeroPadding2D(((1, 1), (1, 1)))(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for block, count in enumerate(blocks, 2):
        for layer in range(1, count + 1):
            x = densenet.conv_block(x, growth, name=f"conv{block}_block{layer}")
        if block < len(blocks) + 1:
            x = densenet.transition_block(x, 0.5, name=f"pool{block}")
    x = layers.BatchNormalization(epsilon=1.001e-5, name="bn")(x)
    x = layers.Activation("relu", name="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return library.Model(film, layers.Dense(classes, activation="sigmoid", name="predictions")(x))


def randomise_keras(net, seed):
    rng = np.random.default_rng(seed)
    for layer in net.layers:
        weights = layer.get_weights()
        if len(weights) == 4:
            n = weights[0].shape
            weights = [rng.uniform(0.6, 1.4, n), rng.normal(0, 0.2, n), rng.normal(0, 0.2, n), rng.uniform(0.5, 1.5, n)]
        elif len(weights) == 2:
            weights = [rng.normal(0, 1.5 / weights[0].shape[0] ** 0.5, weights[0].shape), rng.normal(0, 0.5, weights[1].shape)]
        elif weights:
            fan = np.prod(weights[0].shape[:3])
            weights = [rng.normal(0, (2 / fan) ** 0.5, weights[0].shape)]
        layer.set_weights([w.astype(np.float32) for w in weights])


def settle_keras(net, batch):
    """As settle_torch: layer by layer, the mean and deviation that the films give."""
    x = {}
    for layer in net.layers:
        sources = [x[id(t)] for t in tf.nest.flatten(layer.input)] if x else [batch]
        x_in = sources if len(sources) > 1 else sources[0]
        if len(layer.get_weights()) == 4:
            gamma, beta, _, _ = layer.get_weights()
            value = np.asarray(x_in)
            layer.set_weights([gamma, beta, value.mean((0, 1, 2)), value.var((0, 1, 2)) + 1e-3])
        value = batch if not x else layer(x_in, training=False) if "BatchNorm" in type(layer).__name__ else layer(x_in)
        x[id(tf.nest.flatten(layer.output)[0])] = value


def keras_input(film, size):
    """As `load_img(path, target_size=...)` and the generator's samplewise normalisation."""
    x = np.asarray(Image.fromarray(film).convert("RGB").resize((size, size), Image.NEAREST), dtype=np.float32)
    return (x - x.mean()) / (x.std() + 1e-6)


def keras_rows(net, inputs):
    return np.concatenate([np.asarray(net(x[None], training=False)) for x in inputs])


# The two sets


def numbers(row):
    return [float(f"{x:.8g}") for x in np.asarray(row).tolist()]


def write_golden(path, golden):
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(rows)}" for name, rows in golden.items())
    path.write_text("{\n" + rows + "\n}\n")


SIZE, CLASSES = 64, 5


def small_torch(out):
    films = [drawn_film(w, h, seed) for seed, (w, h) in enumerate(DRAWN)]
    inputs = torch.stack([xrv_input(film, SIZE) for film in films])
    net = xrv.models.DenseNet(growth_rate=4, block_config=(2, 2, 1, 2), num_init_features=8, num_classes=CLASSES)
    randomise_torch(net, 1)
    settle_torch(net, inputs)
    golden = {"xrv": [numbers(row) for row in torch_rows(net, inputs)]}
    state = net.state_dict()
    save_torch_legacy(net, out / "xrv-module-legacy.pt")
    save_torch_legacy(state, out / "xrv-state-legacy.pt")
    torch.save(net, out / "xrv-module.pt")
    torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        out / "xrv-checkpoint.pt",
    )
    save_file(state, out / "xrv.safetensors")
    # A variance of films from -1024 to 1024 is beyond half precision.
    halves = {name: tensor if "running" in name else tensor.half() for name, tensor in state.items()}
    torch.save(halves, out / "xrv-half.pt")

    net = narrow_resnet(CLASSES)
    randomise_torch(net, 2)
    settle_torch(net, inputs)
    torch.save(net.state_dict(), out / "resnet.pt")
    golden["resnet"] = [numbers(row) for row in torch_rows(net, inputs)]
    write_golden(out / "torch.json", golden)


def names_torch(out):
    """Inputs are drawn films scaled to [-1024, 1024] and of the network's size, so that no resize is needed."""
    films = [drawn_film(SIZE, SIZE, seed) for seed in range(len(DRAWN))]
    inputs = torch.stack([torch.from_numpy(film.astype(np.float32) / 255 * 2048 - 1024)[None] for film in films])
    net = MonaiDenseNet(
        spatial_dims=2, in_channels=1, out_channels=CLASSES, init_features=8, growth_rate=4, block_config=(2, 2, 1, 2)
    )
    randomise_torch(net, 4)
    settle_torch(net, inputs)
    golden = {"monai": [numbers(row) for row in torch_rows(net, inputs)]}
    state = net.state_dict()
    torch.save(state, out / "monai.pt")
    # CheXNet's wraps torchvision's DenseNet of 2017 twice, and its classifier is a sequence of the linear layer and the
    # sigmoid; it was saved with an optimiser beside it, before torch counted batches.
    chexnet = {}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        for part in ("norm", "conv"):
            for number in "12":
                name = name.replace(f".layers.{part}{number}.", f".{part}.{number}.")
        chexnet["module.densenet121." + name.replace("class_layers.out.", "classifier.0.")] = tensor
    save_torch_legacy({"epoch": 9, "best_loss": 0.1, "state_dict": chexnet, "optimizer": {"state": {}}}, out / "chexnet.pth.tar")
    write_golden(out / "names.json", golden)


def small_keras(out):
    films = [drawn_film(w, h, seed) for seed, (w, h) in enumerate(DRAWN)]
    batch = np.stack([keras_input(film, SIZE) for film in films])
    golden = {}
    for name, library, densenet in [("keras2", tf_keras, tf_keras_densenet), ("keras3", keras, keras_densenet)]:
        net = keras_net(library, densenet, SIZE, CLASSES, blocks=(2, 1), growth=4, stem=8)
        randomise_keras(net, 3)
        settle_keras(net, batch)
        net.compile(optimizer="adam", loss="binary_crossentropy")
        # A step of training, so that the file holds the optimiser's tensors too.
        net.fit(batch[:1], np.zeros((1, CLASSES)), verbose=0)
        golden[name] = [numbers(row) for row in keras_rows(net, batch)]
        if library is tf_keras:
            net.save(out / "keras2-model.h5", save_format="h5")
            net.save_weights(out / "keras2-weights.h5", save_format="h5")
        else:
            net.save(out / "keras3.keras")
            net.save_weights(out / "keras3.weights.h5")
            net.save(out / "keras3-model.h5", include_optimizer=False)
    write_golden(out / "keras.json", golden)

    # Another network than DenseNet.
    layers = tf_keras.layers
    film = layers.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="block1_conv1")(film))
    tf_keras.Model(film, layers.Dense(CLASSES)(x)).save_weights(out / "keras2-other.h5", save_format="h5")


def real_films(folder, out):
    """The reference film, four of NIH, and eight paediatric ones, those first that are not square.

    Of JPEGs the pixels as Pillow (libjpeg-turbo) decodes them are left as PNG: decoders may differ by a grey level.
    """
    kinds = [("*.png", 1), ("nih/*.png", 4), ("pediatric/*.jpeg", 8)]
    paths = []
    for pattern, count in kinds:
        found = sorted(folder.glob(pattern), key=lambda path: (len(set(Image.open(path).size)) == 1, path.name))
        paths += found[:count]
    for path in paths:
        if path.suffix == ".jpeg":
            to = (out / "decoded" / path.relative_to(folder)).with_suffix(".png")
            to.parent.mkdir(parents=True, exist_ok=True)
            Image.open(path).convert("L").save(to)
    return [str(path.relative_to(folder)) for path in paths], [np.asarray(Image.open(path).convert("L")) for path in paths]


def full_torch(out, folder):
    names, films = real_films(folder, out)
    golden = {"films": names}
    tensors = {}
    inputs = torch.stack([xrv_input(film, 224) for film in films])
    net = xrv.models.DenseNet(num_classes=18)
    randomise_torch(net, 11)
    settle_torch(net, inputs)
    save_torch_legacy(net, out / "xrv-all.pt")
    probabilities = torch.from_numpy(torch_rows(net, inputs))
    thresholds = torch.tensor(xrv.models.model_urls["all"]["op_threshs"])
    golden["xrv-all"] = [numbers(row) for row in probabilities]
    golden["xrv-all-scores"] = [numbers(row) for row in xrv.models.op_norm(probabilities, thresholds)]
    tensors["xrv-all"] = inputs

    inputs = torch.stack([xrv_input(film, 512) for film in films])
    net = torchvision_resnet("resnet50", 18)
    randomise_torch(net, 12)
    settle_torch(net, inputs[:4])
    torch.save(net.state_dict(), out / "xrv-resnet50.pt")
    golden["xrv-resnet50"] = [numbers(row) for row in torch_rows(net, inputs)]
    tensors["xrv-resnet50"] = inputs
    save_file(tensors, out / "torch.safetensors")
    write_golden(out / "torch.json", golden)


def full_keras(out, folder):
    names, films = real_films(folder, out)
    batch = np.stack([keras_input(film, 320) for film in films])
    net = keras_net(tf_keras, tf_keras_densenet, 320, 14)
    randomise_keras(net, 13)
    settle_keras(net, batch[:4])
    net.save(out / "keras-course.h5", save_format="h5")
    golden = {"films": names, "keras-course": [numbers(row) for row in keras_rows(net, batch)]}
    from safetensors.numpy import save_file as save_numpy

    save_numpy({"keras-course": np.ascontiguousarray(batch.transpose(0, 3, 1, 2))}, out / "keras.safetensors")
    write_golden(out / "keras.json", golden)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("library", choices=["torch", "keras"])
    arguments.add_argument("size", choices=["small", "names", "full"])
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("films", type=pathlib.Path, nargs="?")
    arguments = arguments.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    make = globals()[f"{arguments.size}_{arguments.library}"]
    make(arguments.out, arguments.films) if arguments.size == "full" else make(arguments.out)
    for path in sorted(arguments.out.iterdir()):
        if path.is_file():
            print(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()[:16])


main()
