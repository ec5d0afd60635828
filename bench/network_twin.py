#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scarp's network against the same network in eager PyTorch: forward pass and training step, in turn, one thread.

    network_twin.py --bench build/bin/network_bench --model pipelines/models/scarp-mars.safetensors \
        --run pipelines/models/scarp-mars.yaml --precision bf16 --rounds 5

For a model and a run file with Coordinate Attention at every stride add --attention: the twin then has it too.
Each round runs ours, the twin, ours, the twin; a ratio is taken a round; median, least and greatest are printed as JSON. The twin's
batch is ready in memory; ours is read, normalised and augmented while the step before it runs.
"""
import argparse, json, statistics, subprocess, time

import torch
import torch.nn as nn
import torch.nn.functional as F


def scaled(channels, width, least=8):
    return max(least, 8 * round(channels * width / 8))


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.short = None if i == o and stride == 1 else nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        short = x if self.short is None else self.short(x)
        return F.relu_(self.bn2(self.conv2(F.relu_(self.bn1(self.conv1(x))))) + short)


class Encoder(nn.Module):
    def __init__(self, planes, width):
        super().__init__()
        widths = [scaled(64 << k, width, 16) for k in range(4)]
        self.conv1, self.bn1 = nn.Conv2d(planes, widths[0], 7, 2, 3, bias=False), nn.BatchNorm2d(widths[0])
        self.stages = nn.ModuleList()
        i = widths[0]
        for k, o in enumerate(widths):
            self.stages.append(nn.Sequential(Block(i, o, 1 if k == 0 else 2), Block(o, o, 1)))
            i = o
        self.channels = [widths[0], *widths]

    def forward(self, x):
        features = [F.relu_(self.bn1(self.conv1(x)))]
        x = F.max_pool2d(features[0], 3, 2, 1)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class CoordinateAttention(nn.Module):
    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(8, channels // reduction)
        self.conv1, self.bn1 = nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden)
        self.conv_h, self.conv_w = nn.Conv2d(hidden, channels, 1), nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        rows, cols = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
        both = F.hardswish(self.bn1(self.conv1(torch.cat([rows, cols], 2))))
        h, w = both.split([x.shape[2], x.shape[3]], 2)
        return x * torch.sigmoid(self.conv_w(w.transpose(2, 3))) * torch.sigmoid(self.conv_h(h))


def mixed(i, o, kernel):
    return nn.Sequential(nn.Conv2d(i, o, kernel, 1, kernel // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))


def doubled(i, o):
    return nn.Sequential(nn.ConvTranspose2d(i, o, 2, 2, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))


class Twin(nn.Module):
    """Two ResNet-18 encoders, joined at every stride with or without Coordinate Attention, a decoder with transposed convolutions."""

    def __init__(self, optical, terrain, width, stride, attention):
        super().__init__()
        self.stride = stride
        self.optical, self.terrain = Encoder(optical, width), Encoder(terrain, width)
        c = self.optical.channels
        self.fusions = nn.ModuleList(nn.Sequential(CoordinateAttention(2 * n) if attention else nn.Identity(), mixed(2 * n, n, 1))
                                     for n in c)
        self.ups, self.mixes = nn.ModuleList(), nn.ModuleList()
        i = c[-1]
        for level in reversed(range(len(c) - 1)):
            o = scaled(32 << level, width)
            self.ups.append(doubled(i, o))
            self.mixes.append(mixed(o + c[level], o, 3))
            i = o
        self.last, self.head = doubled(i, scaled(16, width)), nn.Conv2d(scaled(16, width), 2, 1)

    def forward(self, optical, terrain):
        pairs = zip(self.optical(F.avg_pool2d(optical, self.stride)), self.terrain(F.avg_pool2d(terrain, self.stride)))
        features = [fusion(torch.cat(pair, 1)) for fusion, pair in zip(self.fusions, pairs)]
        x = features[-1]
        for up, mix, skip in zip(self.ups, self.mixes, features[-2::-1]):
            x = F.dropout2d(mix(torch.cat([up(x), skip], 1)), 0.1, self.training)
        return F.interpolate(self.head(self.last(x)).float(), scale_factor=self.stride, mode="bilinear", align_corners=False)


def planes(batch, channels, side):
    return torch.randn(batch, channels, side, side).contiguous(memory_format=torch.channels_last)


def forward_seconds(twin, bf16, tiles):
    twin.eval()
    optical, terrain = planes(1, 4, 512), planes(1, 9, 512)
    seconds = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for _ in range(tiles + 1):
            begin = time.perf_counter()
            twin(optical, terrain)
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def step_seconds(twin, bf16, steps):
    twin.train()
    optical, terrain, labels = planes(8, 4, 256), planes(8, 9, 256), torch.randint(0, 2, (8, 256, 256))
    optimiser = torch.optim.AdamW(twin.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    average = [p.detach().clone() for p in twin.parameters()]
    seconds = []
    for _ in range(steps + 3):
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = twin(optical, terrain)
        p, t = logits.softmax(1)[:, 1], (labels == 1).float()
        loss = F.cross_entropy(logits, labels) + 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        optimiser.step()
        torch._foreach_lerp_(average, [q.detach() for q in twin.parameters()], 0.01)
        loss.item()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[3:])


def ours(bench, *arguments):
    return json.loads(subprocess.run([bench, *map(str, arguments)], check=True, capture_output=True, text=True).stdout)["median_s"]


def told(name, ratios):
    print(json.dumps({"what": name, "median": round(statistics.median(ratios), 3), "min": round(min(ratios), 3),
                      "max": round(max(ratios), 3), "rounds": len(ratios)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--bench", "--model", "--run"):
        parser.add_argument(name, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--stride", type=int, default=2)
    parser.add_argument("--attention", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    twin = Twin(4, 9, args.width, args.stride, args.attention).to(memory_format=torch.channels_last)
    bf16 = args.precision == "bf16"
    forward, step, rasters = [], [], []
    for _ in range(args.rounds):
        forward.append(ours(args.bench, "forward", args.model, args.precision, 20) / forward_seconds(twin, bf16, 20))
        memory = ours(args.bench, "train", args.run, args.precision, 50, "memory")
        step.append(memory / step_seconds(twin, bf16, 30))
        rasters.append(ours(args.bench, "train", args.run, args.precision, 50, "rasters") / memory)
    told(f"forward, ours / PyTorch, {args.precision}", forward)
    told(f"training step, ours / PyTorch, {args.precision}", step)
    told("training from rasters / from memory", rasters)


if __name__ == "__main__":
    main()
