"""Trains the nuclei model: a compact U-Net that gives, on a grid of 2, the probability of
being inside a nucleus and the distances to its border along 32 rays, in pixels of the
input (Schmidt et al., Cell Detection with Star-convex Polygons, MICCAI 2018).

    train.py TILES.npz ITERATIONS OUT_FOLDER

leaves model.onnx and training.json in OUT_FOLDER, and its state in checkpoint.pt, from
which it goes on when it was cut off. Runs on a CPU with PyTorch 1.13 or newer. The curve
val_ap50 is of synthetic fields that are neither among the tiles nor among those that
evaluate.py measures in the end.
"""
import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import data
import evaluate

RAYS = 32
BATCH = 8
PEAK_RATE = 2e-3
SEED = 0
DIST_WEIGHT = 0.2
VALIDATION_SEED = 5 * 10**6
LOG_EVERY, CHECK_EVERY = 25, 300


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


def mirrored(x, p, d):
    """Flips rows. The cells of the grid lie at pixels 0, 2, 4 of a tile of even size; flipped, they would
    lie at 1, 3, 5, and the network would learn to see half a pixel aside: so the picture moves up by one."""
    x, p, d = (torch.flip(t, (2,)) for t in (x, p, d))
    return torch.cat([x[:, :, 1:], x[:, :, -1:]], 2), p, d


def augment(x, p, d, rng):
    """Quarter turns and flips move the rays with the picture: ray r points along 2πr/32."""
    for _ in range(int(rng.integers(4))):
        x, p, d = mirrored(*(t.transpose(2, 3) for t in (x, p, d)))
        d = torch.roll(d, -RAYS // 4, 1)
    if rng.random() < 0.5:
        x, p, d = mirrored(x, p, d)
        d = torch.roll(torch.flip(d, (1,)), 1, 1)
    n = len(x)
    x = x * torch.empty(n, 1, 1, 1).uniform_(0.6, 1.6) + torch.empty(n, 1, 1, 1).uniform_(-0.2, 0.2)
    return x.contiguous(memory_format=torch.channels_last), p, d


def losses(net, x, p, d):
    logits, dist = net(x, True)
    inside = F.binary_cross_entropy_with_logits(logits, p)
    off = (p * (dist - d).abs()).sum() / (p.sum() * RAYS + 1e-6) + 1e-4 * ((1 - p) * dist.abs()).mean()
    return inside, off


def batch_of(it, n):
    """Indices of the tiles of an iteration: each tile at most once an epoch. It depends on
    nothing but the seed, so that a run that was cut off goes on with the same tiles."""
    epoch, at = divmod(it, n // BATCH)
    return np.random.default_rng((SEED, 1, epoch)).permutation(n)[at * BATCH:(at + 1) * BATCH]


def validate(net, fields):
    """AP at an IoU of 0.5 over fields, with each one's diameter told."""
    def run(x):
        with torch.no_grad():
            return [t.numpy() for t in net(torch.from_numpy(x))]
    net.eval()
    found = [(y, evaluate.detect(run, x, evaluate.DIAMETER * size)) for size, x, y in fields]
    net.train()
    return evaluate.count(found)["ap50"]


def validation():
    """Fields with nuclei of half, once and twice the size that the model is made for."""
    return [(size, x, y) for i, size in enumerate((0.5, 1, 2))
            for x, y in evaluate.fields(size, VALIDATION_SEED + 100 * i, 4, 256)]


class Run:
    """A training run: the network, its optimiser, and what was logged, by iteration."""

    def __init__(self, tiles, iterations, out):
        torch.manual_seed(SEED)
        torch.set_flush_denormal(True)
        self.x, self.p, self.d = tiles["x"], tiles["p"], tiles["d"]
        self.iterations, self.path = iterations, os.path.join(out, "checkpoint.pt")
        self.net = StarNet().to(memory_format=torch.channels_last)
        self.opt = torch.optim.AdamW(self.net.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
        self.done, self.seconds, self.curves = 0, 0.0, {}
        if os.path.exists(self.path):
            s = torch.load(self.path)
            self.net.load_state_dict(s["net"])
            self.opt.load_state_dict(s["opt"])
            self.done, self.seconds, self.curves = s["done"], s["seconds"], s["curves"]

    def log(self, **values):
        for name, v in values.items():
            self.curves.setdefault(name, []).append({"step": self.done, "value": round(float(v), 6)})
        print(f"{self.seconds:6.0f} s it {self.done}", *(f"{k} {v:.5f}" for k, v in values.items()), flush=True)

    def save(self):
        state = {"net": self.net.state_dict(), "opt": self.opt.state_dict(), "done": self.done,
                 "seconds": self.seconds, "curves": self.curves}
        torch.save(state, self.path + ".part")
        os.replace(self.path + ".part", self.path)

    def step(self):
        """One batch. The rate falls along a cosine after a short warm-up."""
        it = self.done
        rate = PEAK_RATE * min(1, (it + 1) / 40) * (0.5 * (1 + math.cos(math.pi * it / self.iterations)) + 0.01)
        for g in self.opt.param_groups:
            g["lr"] = rate
        torch.manual_seed(SEED + it)
        ix = batch_of(it, len(self.x))
        x, p, d = (torch.from_numpy(a[ix].astype(np.float32)) for a in (self.x, self.p, self.d))
        inside, off = losses(self.net, *augment(x[:, None], p[:, None], d, np.random.default_rng((SEED, 2, it))))
        self.opt.zero_grad(set_to_none=True)
        (inside + DIST_WEIGHT * off).backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.opt.step()
        return inside.item(), off.item(), rate

    def train(self):
        fields, recent = validation(), []
        while self.done < self.iterations:
            begun = time.time()
            recent.append(self.step())
            self.seconds += time.time() - begun
            self.done += 1
            if self.done % LOG_EVERY == 0:
                inside, off, rate = np.mean(recent, 0)
                self.log(prob_loss=inside, dist_loss=off, learning_rate=rate)
                recent = []
            if self.done % CHECK_EVERY == 0 or self.done == self.iterations:
                self.log(val_ap50=validate(self.net, fields))
                self.save()
        return self.net.eval()


def export(net, path):
    free = {0: "n", 2: "h", 3: "w"}
    half = {0: "n", 2: "h2", 3: "w2"}
    torch.onnx.export(net, torch.zeros(1, 1, 256, 256), path, opset_version=17, input_names=["image"],
                      output_names=["prob", "dist"], dynamic_axes={"image": free, "prob": half, "dist": half})


def main(path, iterations, out):
    os.makedirs(out, exist_ok=True)
    tiles, model = np.load(path), os.path.join(out, "model.onnx")
    run = Run(tiles, iterations, out)
    export(run.train(), model)
    origin = json.loads(str(tiles["origin"]))
    report = {
        "experiment": "nuclei", "run": "star-unet",
        "params": {"iterations": iterations, "batch": BATCH, "rate": PEAK_RATE, "dist_weight": DIST_WEIGHT, "rays": RAYS,
                   "grid": data.GRID, "seed": SEED, "seconds": round(run.seconds), "torch": torch.__version__} | origin["params"],
        "tags": {"data": "left half of stardist's img2d (BBBC038) and synthetic fields", "held_out": "right half of img2d; plate07_A03",
                 "tiles.sha256": data.digest(path), "train.py.sha256": data.digest(os.path.abspath(__file__)),
                 "model.sha256": data.digest(model)} | origin["tags"],
        "metrics": run.curves,
    }
    with open(os.path.join(out, "training.json"), "w") as f:
        json.dump(report, f, indent=1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
