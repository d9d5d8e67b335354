"""What Hugging Face's DINOv2 makes of films: the golden file of the embedder.

    python embedder_peer.py small embedder/
    python embedder_peer.py full FOLDER ../../../shared/films

`small` writes a narrow network of random weights under Hugging Face's names and under Meta's (of which the projections
of an attention are one tensor), a film, and the class token that the peer gives for it, from file to vector,
preprocessing included. `full` writes a network of RAD-DINO's size (350 MB, not committed) and the class tokens of real
films, for the ignored test in tests/weights_import/embedder.rs.
Needs torch, transformers, pillow, safetensors.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import Dinov2Config, Dinov2Model

MEAN, STD = 0.5307, 0.2583


def processor(size):
    """RAD-DINO's own preprocessing, by Pillow."""
    settings = dict(
        crop_size={"height": size, "width": size},
        size={"shortest_edge": size},
        do_center_crop=True, do_convert_rgb=True, do_normalize=True, do_rescale=True, do_resize=True,
        image_mean=[MEAN] * 3, image_std=[STD] * 3, resample=3, rescale_factor=1 / 255,
    )
    import transformers
    for name in ("BitImageProcessorPil", "BitImageProcessor"):
        if hasattr(transformers, name):
            return getattr(transformers, name)(**settings)
    raise SystemExit("this version of transformers has no BitImageProcessor")


def network(size, width, layers, heads, seed):
    """Weights as after some training: no layer's scale is small, no norm is the identity."""
    torch.manual_seed(seed)
    config = Dinov2Config(hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, image_size=size,
                          patch_size=14, layer_norm_eps=1e-6)
    net = Dinov2Model(config).eval()
    with torch.no_grad():
        for name, value in net.named_parameters():
            if "norm" in name or "lambda1" in name:
                value.uniform_(0.5, 1.5) if name.endswith(("weight", "lambda1")) else value.normal_(std=0.2)
            elif value.dim() > 1:
                fan = value[0].numel() if "embeddings" not in name or "projection" in name else 1
                value.normal_(std=1 / fan**0.5)
            else:
                value.normal_(std=0.2)
    return net


def meta_names(state):
    """The same tensors as Meta's own code names them."""
    out = {}
    for name, value in state.items():
        for old, new in [
            ("embeddings.cls_token", "cls_token"), ("embeddings.mask_token", "mask_token"),
            ("embeddings.position_embeddings", "pos_embed"),
            ("embeddings.patch_embeddings.projection", "patch_embed.proj"), ("encoder.layer", "blocks"),
            ("attention.output.dense", "attn.proj"), ("layer_scale1.lambda1", "ls1.gamma"),
            ("layer_scale2.lambda1", "ls2.gamma"), ("layernorm", "norm"),
        ]:
            name = name.replace(old, new)
        out[name] = value
    for name in [name for name in out if "attention.attention.query" in name]:
        parts = [out.pop(name.replace("query", part)) for part in ("query", "key", "value")]
        out[name.replace("attention.attention.query", "attn.qkv")] = torch.cat(parts)
    return out


def class_token(net, process, path):
    pixels = process(images=Image.open(path), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        return net(pixel_values=pixels).pooler_output[0].tolist()


def drawn(width, height):
    y, x = np.mgrid[:height, :width]
    noise = (x * 2654435761 + y * 40503) >> 7
    return ((x * 3 // 2 + y + noise % 90) % 256).astype(np.uint8)


def published(net, folder):
    """The tensors as files on the hub name them: within the library they have other names since its version 5."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        net.save_pretrained(place)
        return load_file(f"{place}/model.safetensors")


def save(state, path):
    save_file({name: value.contiguous() for name, value in state.items()}, path)


def small(folder):
    folder.mkdir(parents=True, exist_ok=True)
    size, net = 56, network(56, 32, 2, 4, 3)
    state = published(net, folder)
    save(state, folder / "hugging-face.safetensors")
    save(meta_names(state), folder / "meta.safetensors")
    vectors = {}
    for width, height in [(150, 97), (83, 131), (56, 56), (40, 61)]:
        path = folder / f"{width}x{height}.png"
        Image.fromarray(drawn(width, height)).save(path)
        vectors[path.name] = class_token(net, processor(size), path)
    (folder / "golden.json").write_text(json.dumps(vectors))


def full(folder, films):
    folder.mkdir(parents=True, exist_ok=True)
    net = network(518, 768, 12, 12, 5)
    save(published(net, folder), folder / "model.safetensors")
    paths = sorted(films.glob("nih/*.png"))[:3] + [films / "nih-golden-00000001_000-512.png"]
    vectors = {str(path.resolve()): class_token(net, processor(518), path) for path in paths}
    (folder / "golden.json").write_text(json.dumps(vectors))


if sys.argv[1] == "small":
    small(pathlib.Path(sys.argv[2]))
else:
    full(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
