# SPDX-License-Identifier: Apache-2.0
"""A step of MAE, HPM and MSN in plain eager PyTorch, in turns with ssl_step_bench: same sizes, threads, precision.

    python bench/ssl_twin.py build/bin/ssl_step_bench [--rounds 5] [--steps 5] [--bf16] [--threads 2] ...

Each round runs both programs one after the other for each work; of a program the fastest step counts, in processor
seconds. Given are the medians of the rounds, the median of the rounds' ratios (ours over the twin's), and what our
steps cost in each other. The twin is written as one would write it in Python: nn.Linear,
scaled_dot_product_attention, torch.optim.AdamW(fused=True), tokens unshuffled for the decoder.
"""
import argparse
import copy
import json
import subprocess
import sys
import time
from statistics import median

import torch
from torch import nn
from torch.nn import functional as F

WORKS = ["mae", "hpm", "msn70", "msn0", "encoder75", "encoder0"]


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self, o, learned=False):
        super().__init__()
        self.patches = (o.side // o.patch) ** 2
        self.project = nn.Conv2d(o.channels, o.width, o.patch, o.patch)
        self.cls = nn.Parameter(torch.randn(1, 1, o.width) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, 1 + self.patches, o.width) * 0.02, requires_grad=learned)
        self.blocks = nn.ModuleList(Block(o.width, o.heads) for _ in range(o.depth))
        self.norm = nn.LayerNorm(o.width, eps=1e-6)

    def forward(self, images, keep=None):
        x = self.project(images).flatten(2).transpose(1, 2) + self.pos[:, 1:]
        if keep is not None and keep.dim() == 1:
            x = x[:, keep]
        elif keep is not None:
            x = x.gather(1, keep.unsqueeze(-1).expand(-1, -1, x.shape[2]))
        x = torch.cat([(self.cls + self.pos[:, :1]).expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def patchify(images, p):
    n, c, h, w = images.shape
    x = images.reshape(n, c, h // p, p, w // p, p)
    return torch.einsum("nchpwq->nhwpqc", x).reshape(n, -1, p * p * c)


class Decoder(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.blocks = nn.ModuleList(Block(o.decoder_width, o.decoder_width // 32) for _ in range(o.decoder_depth))
        self.norm = nn.LayerNorm(o.decoder_width, eps=1e-6)
        self.pred = nn.Linear(o.decoder_width, o.patch**2 * o.channels)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.pred(self.norm(x))[:, 1:]


class Autoencoder(nn.Module):
    def __init__(self, o, miner):
        super().__init__()
        self.patch, self.encoder, self.pixels = o.patch, Encoder(o), Decoder(o)
        self.losses = Decoder(o) if miner else None
        self.embed = nn.Linear(o.width, o.decoder_width)
        self.mask = nn.Parameter(torch.randn(1, 1, o.decoder_width) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, 1 + self.encoder.patches, o.decoder_width), requires_grad=False)

    def forward(self, images, noise, ratio=0.75):
        n, patches = noise.shape
        kept = int(patches * (1 - ratio))
        shuffle = noise.argsort(1)
        restore = shuffle.argsort(1)
        y = self.embed(self.encoder(images, shuffle[:, :kept]))
        tokens = torch.cat([y[:, 1:], self.mask.expand(n, patches - kept, -1)], 1)
        tokens = tokens.gather(1, restore.unsqueeze(-1).expand(-1, -1, tokens.shape[2]))
        y = torch.cat([y[:, :1], tokens], 1) + self.pos
        removed = torch.ones(n, patches)
        removed[:, :kept] = 0
        return y, removed.gather(1, restore)

    def reconstruction(self, images, pred):
        target = patchify(images, self.patch)
        target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6) ** 0.5
        return ((pred - target) ** 2).mean(-1)


def relative(pred, target):
    """As in the equations, over all ordered pairs."""
    order = target[:, None, :] - target[:, :, None]
    chance = (pred[:, None, :] - pred[:, :, None]).sigmoid()
    harder, easier = (order > 0).float(), (order < 0).float()
    return -(harder * (chance + 1e-6).log() + easier * (1 - chance + 1e-6).log()).sum() / (harder + easier).sum()


def adamw(module, betas):
    return torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], 1e-4, betas, fused=True)


def mae(o, images):
    model = Autoencoder(o, miner=False)
    optimiser = adamw(model, (0.9, 0.95))

    def step(autocast):
        optimiser.zero_grad()
        with autocast():
            y, removed = model(images, torch.rand(o.batch, model.encoder.patches))
            each = model.reconstruction(images, model.pixels(y))
            loss = (each * removed).sum() / removed.sum()
        loss.backward()
        optimiser.step()
    return step


def hpm(o, images):
    model = Autoencoder(o, miner=True)
    teacher = copy.deepcopy(model)
    optimiser = adamw(model, (0.9, 0.95))

    def step(autocast):
        optimiser.zero_grad()
        with autocast():
            patches = model.encoder.patches
            noise = torch.rand(o.batch, patches)
            with torch.no_grad():
                y, _ = teacher(images, noise, ratio=0)
                teacher.pixels(y)
                scores = teacher.losses(y).mean(-1)
                removed = patches - int(patches * 0.25)
                hard = scores.topk(int(removed * 0.25), 1).indices
                noise = noise.scatter_add(1, hard, torch.full(hard.shape, 2.0))
            y, removed = model(images, noise)
            each = model.reconstruction(images, model.pixels(y))
            rows = removed.bool()
            pred = model.losses(y).mean(-1)[rows].view(o.batch, -1)
            hidden = each[rows].view(o.batch, -1)
            loss = hidden.mean() + relative(pred, hidden.detach())
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for a, b in zip(teacher.parameters(), model.parameters()):
                a.lerp_(b, 0.001)
    return step


def head(width):
    return nn.Sequential(nn.Linear(width, 512), nn.BatchNorm1d(512), nn.GELU(), nn.Linear(512, 512),
                         nn.BatchNorm1d(512), nn.GELU(), nn.Linear(512, 128))


def msn(o, images, dropped):
    anchor = nn.ModuleList([Encoder(o, learned=True), head(o.width)])
    target = copy.deepcopy(anchor)
    prototypes = nn.Parameter(torch.randn(256, 128))
    optimiser = torch.optim.AdamW([*anchor.parameters(), prototypes], 1e-4, fused=True)
    patches = anchor[0].patches

    def step(autocast):
        optimiser.zero_grad()
        with autocast():
            z = anchor[1](anchor[0](images, torch.randperm(patches)[:int(patches * (1 - dropped))])[:, 0])
            with torch.no_grad():
                z_target = target[1](target[0](images)[:, 0])
            q = F.normalize(prototypes.float())
            p = (F.normalize(z.float()) @ q.T / 0.1).log_softmax(1)
            wanted = (F.normalize(z_target.float()) @ q.detach().T / 0.025).softmax(1)
            mean = p.exp().mean(0)
            loss = -(wanted * p).sum(1).mean() + (mean * mean.log()).sum()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for a, b in zip(target.parameters(), anchor.parameters()):
                a.lerp_(b, 0.004)
    return step


def encoder(o, images, ratio):
    model = Encoder(o)

    def step(autocast):
        with autocast():
            keep = torch.rand(o.batch, model.patches).argsort(1)[:, :int(model.patches * (1 - ratio))]
            loss = model(images, keep).sum()
        loss.backward()
        model.zero_grad()
    return step


def twin_step(o):
    images = torch.randn(o.batch, o.channels, o.side, o.side)
    if o.work in ("mae", "hpm"):
        return {"mae": mae, "hpm": hpm}[o.work](o, images)
    if o.work.startswith("msn"):
        return msn(o, images, 0.7 if o.work == "msn70" else 0.0)
    return encoder(o, images, 0.75 if o.work == "encoder75" else 0.0)


def run_twin(o):
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    step = twin_step(o)

    def autocast():
        return torch.autocast("cpu", torch.bfloat16, enabled=o.bf16)
    step(autocast)
    best = {"processor_seconds": float("inf"), "seconds": float("inf")}
    for _ in range(o.steps):
        start, clock = time.perf_counter(), time.process_time()
        step(autocast)
        best["processor_seconds"] = min(best["processor_seconds"], time.process_time() - clock)
        best["seconds"] = min(best["seconds"], time.perf_counter() - start)
    print(json.dumps(best))


def sizes(o):
    return [o.width, o.depth, o.heads, o.patch, o.side, o.channels, o.decoder_width, o.decoder_depth, o.batch, o.threads]


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def figures(seconds):
    """Of our own steps: what the other work costs in it."""
    over = {"full encoder over quarter": ("encoder0", "encoder75"), "hpm over mae": ("hpm", "mae"),
            "msn at 70 % over unmasked": ("msn70", "msn0")}
    return {name: round(seconds[a] / seconds[b], 3) for name, (a, b) in over.items() if a in seconds and b in seconds}


def compare(o):
    ours, twin = ({work: [] for work in o.works} for _ in range(2))
    for _ in range(o.rounds):
        for work in o.works:
            own = [o.bench, work, *map(str, sizes(o)), str(int(o.bf16)), str(o.steps)]
            ours[work].append(run(own)["processor_seconds"])
            twin[work].append(run([sys.executable, __file__, *sys.argv[1:], "--work", work])["processor_seconds"])
    middle = {work: median(ours[work]) for work in o.works}
    works = {work: {"ours": round(middle[work], 4), "twin": round(median(twin[work]), 4),
                    "ratio": round(median(a / b for a, b in zip(ours[work], twin[work])), 3)} for work in o.works}
    print(json.dumps({"torch": torch.__version__, "sizes": sizes(o), "bf16": o.bf16, "rounds": o.rounds, "works": works,
                      "figures": figures(middle), "figures of fastest": figures({w: min(t) for w, t in ours.items()})},
                     indent=1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--work", help="run the twin of this work alone")
    parser.add_argument("--works", nargs="*", default=WORKS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bf16", action="store_true")
    for name, value in dict(width=192, depth=12, heads=3, patch=8, side=112, channels=3, decoder_width=96, decoder_depth=2,
                            batch=16, threads=1, steps=3).items():
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=value)
    o = parser.parse_args()
    run_twin(o) if o.work else compare(o)


if __name__ == "__main__":
    main()
