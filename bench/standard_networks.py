#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a standard network of segmentation_models_pytorch on one fold, with Scarp's inputs, windows, loss and time.

    standard_networks.py unet --folds datasets/folds/valles.csv --fold 1 --seed 1 --seconds 220 \
        --optical hrsi.tif --terrain terrain.tif --labels labels.tif -o unet-f1-s1.json

terrain.tif is what `scarp terrain DEM --channels ...` wrote: the channels of the run file. The protocol is that of `scarp
train`: windows of 256 pixels that hold their block at a random place, only pixels of training blocks have labels, the eight
flips and turns with gradients turned, jitter of the image, the network at half resolution, cross entropy + Dice, AdamW 1e-3,
half a cosine, moving average of weights, last weights, one thread. The number of steps is what fits into --seconds of
processor time, measured on the first steps. Result: the counts of each block that validates, as `scarp ablate` reads them.
"""
import argparse, csv, json, math, time

import numpy as np
import rasterio
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F

SIDE, BATCH, MARGIN, UNKNOWN, WARM_STEPS = 256, 8, 128, 255, 6


def network(name, planes):
    options = dict(encoder_weights=None, in_channels=planes, classes=2)
    return {
        "unet": lambda: smp.Unet("resnet18", **options),
        "deeplabv3plus": lambda: smp.DeepLabV3Plus("resnet18", **options),
        "segformer": lambda: smp.Segformer("mit_b0", **options),
    }[name]()


def near(a, b, margin):
    return (a[0] - margin < b[0] + b[2] and b[0] < a[0] + a[2] + margin and
            a[1] - margin < b[1] + b[3] and b[1] < a[1] + a[3] + margin)


class Ground:
    """The rasters in memory, normalised over the training blocks, with a border of nodata."""

    def __init__(self, args):
        with open(args.folds) as file:
            rows = [[int(x) for x in row[1:]] for row in csv.reader(file) if row and row[-1].isdigit()]
        self.blocks = [row[:4] for row in rows]
        self.validation = [i for i, row in enumerate(rows) if row[4] == args.fold]
        held = [self.blocks[i] for i in self.validation]
        self.training = [i for i, b in enumerate(self.blocks) if not any(near(b, h, MARGIN) for h in held)]
        with rasterio.open(args.optical) as file:
            optical, seen = file.read([1, 2, 3]).astype(np.float32), file.dataset_mask() > 0
        with rasterio.open(args.terrain) as file:
            terrain, self.names = file.read(), list(file.descriptions)
            known = np.all(terrain != file.nodata, axis=0)
        with rasterio.open(args.labels) as file:
            labels = file.read(1)
        labels[~seen] = UNKNOWN
        train = np.zeros(labels.shape, bool)
        for i in self.training:
            r, c, h, w = self.blocks[i]
            train[r:r + h, c:c + w] = True
        planes = [self.normalised(optical, seen, train), seen[None], self.normalised(terrain, known, train), known[None]]
        pad = ((SIDE, SIDE), (SIDE, SIDE))
        self.planes = torch.from_numpy(np.stack([np.pad(p, pad) for group in planes for p in group]).astype(np.float32))
        self.labels = torch.from_numpy(np.pad(labels, pad, constant_values=UNKNOWN))
        self.train = torch.from_numpy(np.pad(train, pad))
        self.east, self.north = (4 + self.names.index(n) for n in ("gradient_east", "gradient_north"))

    @staticmethod
    def normalised(channels, valid, train):
        out = np.zeros_like(channels, np.float32)
        for k, channel in enumerate(channels):
            sample = channel[valid & train].astype(np.float64)
            out[k] = np.where(valid, np.clip((channel - sample.mean()) / sample.std(), -10, 10), 0)
        return out

    def window(self, row, col):
        area = (slice(row + SIDE, row + 2 * SIDE), slice(col + SIDE, col + 2 * SIDE))
        return self.planes[(slice(None), *area)].clone(), self.labels[area].clone(), self.train[area]

    def training_sample(self, index, random):
        r, c, h, w = self.blocks[index]
        planes, labels, own = self.window(r - random.integers(SIDE - h + 1), c - random.integers(SIDE - w + 1))
        labels[~own] = UNKNOWN
        jitter = random.uniform(-0.1, 0.1, 2)
        planes[:3] = torch.where(planes[3] > 0, planes[:3] * (1 + jitter[0]) + jitter[1], 0)
        return self.turned(planes, labels, random.integers(4), random.integers(2))

    def turned(self, planes, labels, quarters, mirror):
        planes, labels = torch.rot90(planes, quarters, (1, 2)).clone(), torch.rot90(labels, quarters)
        for _ in range(quarters):
            planes[[self.east, self.north]] = torch.stack([-planes[self.north], planes[self.east]])
        if mirror:
            planes, labels = planes.flip(2), labels.flip(1)
            planes[self.east] *= -1
        return planes, labels

    def validation_sample(self, index):
        """Labels of the block alone; a pixel of several blocks counts in the first of them."""
        r, c, h, w = self.blocks[index]
        top, left = r - (SIDE - h) // 2, c - (SIDE - w) // 2
        planes, labels, _ = self.window(top, left)
        own = torch.zeros_like(labels, dtype=torch.bool)
        own[r - top:r - top + h, c - left:c - left + w] = True
        for R, C, H, W in self.blocks[:index]:
            own[max(0, R - top):max(0, R + H - top), max(0, C - left):max(0, C + W - left)] = False
        labels[~own] = UNKNOWN
        return planes, labels


def predict(net, planes):
    """Logits [B, 2, H, W] of a network that works at half resolution."""
    return F.interpolate(net(F.avg_pool2d(planes, 2)).float(), scale_factor=2, mode="bilinear", align_corners=False)


def loss_of(logits, labels):
    known = labels != UNKNOWN
    entropy = F.cross_entropy(logits, torch.where(known, labels, -1), ignore_index=-1)
    p, t = logits.softmax(1)[:, 1][known], (labels == 1)[known].float()
    return entropy + 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)


def train(net, ground, args, random):
    average = {k: v.detach().clone() for k, v in net.state_dict().items()}
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    order, step, steps, begin = [], 0, None, time.process_time()
    while steps is None or step < steps:
        if step == 1:
            begin = time.process_time()  # the first step makes the library's kernels
        if step == WARM_STEPS:
            steps = max(WARM_STEPS + 1, int(args.seconds / ((time.process_time() - begin) / (WARM_STEPS - 1))))
        if len(order) < BATCH:
            order = list(random.permutation(ground.training))
        batch = [ground.training_sample(order.pop(), random) for _ in range(BATCH)]
        planes = torch.stack([b[0] for b in batch]).contiguous(memory_format=torch.channels_last)
        labels = torch.stack([b[1] for b in batch]).long()
        done = step / (steps or 500)
        optimiser.param_groups[0]["lr"] = 1e-3 * (done / 0.05 if done < 0.05 else 0.5 + 0.5 * math.cos(math.pi * (done - 0.05) / 0.95))
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            logits = predict(net, planes)
        loss = loss_of(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        decay = min(0.99, (1 + step) / (10 + step))
        for k, v in net.state_dict().items():
            average[k].copy_(average[k] * decay + v * (1 - decay) if v.is_floating_point() and "running" not in k else v)
        if step % 50 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.4f}", flush=True)
    net.load_state_dict(average)
    return steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=["unet", "deeplabv3plus", "segformer"])
    for name in ("--folds", "--optical", "--terrain", "--labels", "-o"):
        parser.add_argument(name, required=True)
    parser.add_argument("--fold", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, required=True, help="processor time of the training")
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    random = np.random.default_rng(args.seed)
    ground = Ground(args)
    net = network(args.network, ground.planes.shape[0]).to(memory_format=torch.channels_last)
    begin = time.process_time()
    steps = train(net, ground, args, random)
    seconds = time.process_time() - begin
    net.eval()
    blocks = []
    with torch.no_grad():
        for index in ground.validation:
            planes, labels = ground.validation_sample(index)
            found = predict(net, planes[None])[0].argmax(0)
            count = [int(((labels == t) & (found == f)).sum()) for t, f in ((1, 1), (0, 1), (1, 0), (0, 0))]
            blocks.append({"scene": "valles", "block": index, "counts": count})
    tp, fp, fn, _ = (sum(b["counts"][k] for b in blocks) for k in range(4))
    parameters = sum(p.numel() for p in net.parameters())
    print(f"F1 {2 * tp / (2 * tp + fp + fn):.4f}, {steps} steps, {seconds:.0f} s, {parameters} parameters")
    with open(args.o, "w") as file:
        json.dump({"configuration": args.network, "fold": args.fold, "seed": args.seed, "steps": steps,
                   "cpu_seconds": round(seconds, 1), "parameters": parameters, "blocks": blocks}, file)


if __name__ == "__main__":
    main()
