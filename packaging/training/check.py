"""Checks that turning and mirroring training tiles keeps pictures and maps together: the maps that
train.augment turns must be those of the turned labels, all but where the tile's rim was filled.

    check.py
"""
import numpy as np
import torch

import data
import train

RIM = 8  # cells


def maps(labels):
    p, d = data.maps(labels)
    return torch.from_numpy(p.astype(np.float32))[None, None], torch.from_numpy(d.astype(np.float32))[None]


def main():
    _, labels = data.synthetic(np.random.default_rng(3))
    p, d = maps(labels)
    inner = slice(RIM, -RIM)
    for seed in range(32):  # all eight ways
        x, tp, td = train.augment(torch.from_numpy(labels.astype(np.float32))[None, None], p, d, np.random.default_rng(seed))
        turned = np.unique(x[0, 0].numpy(), return_inverse=True)[1].reshape(labels.shape)  # its brightness was changed
        wp, wd = maps(turned.astype(np.int32))
        inside = (wp > 0)[..., inner, inner]
        off = max((wp - tp)[..., inner, inner].abs().max().item(), ((wd - td)[..., inner, inner].abs() * inside[0]).max().item())
        if off > 1e-3:
            raise SystemExit(f"seed {seed}: the turned maps are off by {off:.2f}")
    print("turned maps are those of the turned labels")


if __name__ == "__main__":
    main()
