"""Trains the nuclei model: a compact U-Net that gives, on a grid of 2, the probability of
being inside a nucleus and the distances to its border along 32 rays, in pixels of the
input (Schmidt et al., Cell Detection with Star-convex Polygons, MICCAI 2018).

    train.py TILES.npz ITERATIONS OUT_FOLDER

leaves model.onnx and training.json in OUT_FOLDER. Runs on a CPU with PyTorch 1.13 or newer.
"""
import hashlib
import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

RAYS = 32
BATCH = 8
PEAK_RATE = 2e-3


def conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


def pair(i, m, o):
    return nn.Sequential(conv(i, m), conv(m, o))


class StarNet(nn.Module):
    """(N,1,H,W) → probability (N,1,H/2,W/2) and distances (N,32,H/2,W/2); H and W are multiples of 16."""

    def __init__(self, widths=(16, 32, 64, 128), scale=16.0):
        super().__init__()
        a, b, c, d = widths
        self.scale = scale
        self.stem, self.e1, self.e2, self.e3 = pair(1, a, a), pair(a, b, b), pair(b, c, c), pair(c, d, c)
        self.d2, self.d1 = pair(2 * c, c, b), pair(2 * b, b, 2 * b)
        self.prob, self.dist = nn.Conv2d(2 * b, 1, 1), nn.Conv2d(2 * b, RAYS, 1)
        nn.init.constant_(self.prob.bias, -1.0)
        nn.init.constant_(self.dist.bias, 1.0)

    def forward(self, x, logits=False):
        down = lambda t: F.max_pool2d(t, 2)
        up = lambda t: F.interpolate(t, scale_factor=2.0, mode="nearest")
        e1 = self.e1(down(self.stem(x)))
        e2 = self.e2(down(e1))
        e3 = self.e3(down(e2))
        f = self.d1(torch.cat([up(self.d2(torch.cat([up(e3), e2], 1))), e1], 1))
        p = self.prob(f)
        return (p if logits else torch.sigmoid(p)), F.relu(self.dist(f)) * self.scale


def augment(x, p, d, rng):
    """Quarter turns and flips move the rays with the picture: ray r points along 2πr/32."""
    k = int(rng.integers(4))
    if k:
        x, p, d = (torch.rot90(t, k, (2, 3)) for t in (x, p, d))
        d = torch.roll(d, -RAYS // 4 * k, 1)
    if rng.random() < 0.5:
        x, p, d = (torch.flip(t, (2,)) for t in (x, p, d))
        d = torch.roll(torch.flip(d, (1,)), 1, 1)
    n = len(x)
    x = x * torch.empty(n, 1, 1, 1).uniform_(0.6, 1.6) + torch.empty(n, 1, 1, 1).uniform_(-0.2, 0.2)
    return x.contiguous(memory_format=torch.channels_last), p, d


def losses(net, x, p, d):
    logits, dist = net(x, True)
    inside = F.binary_cross_entropy_with_logits(logits, p)
    off = (p * (dist - d).abs()).sum() / (p.sum() * RAYS + 1e-6) + 1e-4 * ((1 - p) * dist.abs()).mean()
    return inside, off


def batches(n, rng):
    """Indices of tiles, each once an epoch."""
    order = []
    while True:
        if len(order) < BATCH:
            order = list(rng.permutation(n))
        yield order[:BATCH]
        order = order[BATCH:]


def train(tiles, iterations, log):
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    rng = np.random.default_rng(1)
    net = StarNet().to(memory_format=torch.channels_last)
    opt = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
    x, p, d = tiles["x"], tiles["p"], tiles["d"]
    recent = []
    for it, ix in zip(range(iterations), batches(len(x), rng)):
        rate = PEAK_RATE * min(1, (it + 1) / 40) * (0.5 * (1 + math.cos(math.pi * it / iterations)) + 0.01)
        for g in opt.param_groups:
            g["lr"] = rate
        batch = (torch.from_numpy(a[ix].astype(np.float32)) for a in (x, p, d))
        bx, bp, bd = batch
        inside, off = losses(net, *augment(bx[:, None], bp[:, None], bd, rng))
        loss = inside + 0.2 * off
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        recent.append((inside.item(), off.item()))
        if (it + 1) % 25 == 0:
            log(it + 1, *np.mean(recent[-25:], 0), rate)
    return net.eval()


def export(net, path):
    free = {0: "n", 2: "h", 3: "w"}
    half = {0: "n", 2: "h2", 3: "w2"}
    torch.onnx.export(net, torch.zeros(1, 1, 256, 256), path, opset_version=17, input_names=["image"],
                      output_names=["prob", "dist"], dynamic_axes={"image": free, "prob": half, "dist": half})


def main(path, iterations, out):
    os.makedirs(out, exist_ok=True)
    curves = {"prob_loss": [], "dist_loss": [], "learning_rate": []}

    def log(step, inside, off, rate):
        for name, v in (("prob_loss", inside), ("dist_loss", off), ("learning_rate", rate)):
            curves[name].append({"step": step, "value": round(float(v), 6)})
        print(f"it {step} prob {inside:.4f} dist {off:.3f} lr {rate:.5f}", flush=True)

    begun = time.time()
    net = train(np.load(path), iterations, log)
    export(net, os.path.join(out, "model.onnx"))
    with open(path, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    report = {
        "experiment": "nuclei", "run": "star-unet",
        "params": {"iterations": iterations, "batch": BATCH, "rate": PEAK_RATE, "rays": RAYS, "grid": 2, "seed": 0,
                   "seconds": round(time.time() - begun)},
        "tags": {"tiles.sha256": digest}, "metrics": curves,
    }
    with open(os.path.join(out, "training.json"), "w") as f:
        json.dump(report, f, indent=1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
