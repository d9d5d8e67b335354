"""Writes train_block_peer.safetensors: the gradients and five AdamW steps of a small dense block by PyTorch, for
src/train/block/peer_tests.rs: with the statistics of batch norm frozen, and (names that begin with "trained.") trained;
those that begin with "bf16." frozen, with the products of the convolutions in bf16, forwards and backwards.

    python tests/golden/train_block_peer.py tests/golden/train_block_peer.safetensors

A block of 3 layers that add 4 channels to 6, with 8 in their middle; norm, ReLU, mean, one linear layer of 3 labels. Frozen,
batch norm is in eval mode, so its statistics stand still. needs: numpy torch safetensors
"""
import sys
import torch
from safetensors.torch import save_file

torch.manual_seed(3)
torch.set_num_threads(1)
INPUTS, GROWTH, MIDDLE, LAYERS, LABELS, FILMS, SIDE = 6, 4, 8, 3, 3, 5, 5
RATE, DECAY, STEPS = 3e-3, 0.05, 5


class Conv(torch.nn.Conv2d):
    bf16 = False

    def forward(self, x):
        if not Conv.bf16:
            return super().forward(x)
        # Over shifted copies, as products of matrices, summed in single precision; all that goes in and comes out is rounded, and
        # so are the gradients on their way back.
        rounded = lambda value: value.bfloat16().float()
        border, (rows, columns) = self.padding[0], x.shape[2:]
        padded = torch.nn.functional.pad(x, [border] * 4)
        side = range(2 * border + 1)
        copies = torch.cat([padded[:, :, i : i + rows, j : j + columns] for i in side for j in side], 1)
        return rounded(torch.einsum("oc,nchw->nohw", rounded(self.weight.permute(0, 2, 3, 1).flatten(1)), rounded(copies)))


class Layer(torch.nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.norm1, self.conv1 = torch.nn.BatchNorm2d(inputs), Conv(inputs, MIDDLE, 1, bias=False)
        self.norm2, self.conv2 = torch.nn.BatchNorm2d(MIDDLE), Conv(MIDDLE, GROWTH, 3, padding=1, bias=False)

    def forward(self, x):
        return self.conv2(self.norm2(self.conv1(self.norm1(x).relu())).relu())


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for n in range(LAYERS):
            setattr(self, f"denselayer{n + 1}", Layer(INPUTS + n * GROWTH))
        width = INPUTS + LAYERS * GROWTH
        self.norm5, self.classifier = torch.nn.BatchNorm2d(width), torch.nn.Linear(width, LABELS)

    def forward(self, x):
        for n in range(LAYERS):
            x = torch.cat([x, getattr(self, f"denselayer{n + 1}")(x)], 1)
        return self.classifier(self.norm5(x).relu().mean((2, 3)))


net = Block().eval()
with torch.no_grad():
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.uniform_(0.5, 1.5), module.bias.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.3), module.running_var.uniform_(0.5, 2)
x = torch.randn(FILMS, INPUTS, SIDE, SIDE)
targets = (torch.rand(FILMS, LABELS) < 0.4).float()
weights = torch.rand(FILMS, LABELS) * (torch.rand(FILMS, LABELS) < 0.8)  # 0: unknown

out = {f"start.{n}": v.clone() for n, v in net.state_dict().items() if v.dtype == torch.float32}
out |= {"input": x, "targets": targets, "weights": weights}
start = {n: v.clone() for n, v in net.state_dict().items()}
for prefix in ["", "trained.", "bf16."]:
    net.load_state_dict(start)
    net.train(prefix == "trained.")
    Conv.bf16 = prefix == "bf16."
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    losses = []
    for step in range(STEPS):
        logits = net(x)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="sum") / (weights > 0).sum()
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            out[f"{prefix}logits"] = logits.detach().clone()
            out |= {f"{prefix}gradient.{n}": p.grad.clone() for n, p in net.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
    ends = net.named_parameters() if prefix != "trained." else [(n, v) for n, v in net.state_dict().items() if v.dtype == torch.float32]
    out |= {f"{prefix}end.{n}": p.detach().clone() for n, p in ends}
    out[f"{prefix}losses"] = torch.tensor(losses)
    print(prefix, losses)
save_file({n: v.contiguous() for n, v in out.items()}, sys.argv[1])
