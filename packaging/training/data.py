"""Training tiles for the nuclei model: random crops of one half of a real image, and
synthetic fluorescence fields. Axes are (y, x); intensities are normalised to the 1st and
99.8th percentile of the tile.

    data.py REAL SYNTHETIC OUT.npz [FIRST_SEED]

leaves beside the tiles what they were made of.
"""
import hashlib
import json
import os
import sys
from multiprocessing import Pool

import numpy as np
import stardist
import tifffile
from scipy import ndimage as ndi
from skimage.measure import label as components
from stardist.geometry import star_dist
from stardist.utils import edt_prob

TILE = 256
RAYS = 32
GRID = 2
MAX_DISTANCE = 120
SPLIT = 256  # columns left of it may be learned from; the rest is held out
IMAGES = os.path.join(os.path.dirname(stardist.__file__), "data", "images")


def source():
    """The real image and its labels, the half that may be learned from."""
    image = tifffile.imread(os.path.join(IMAGES, "img2d.tif")).astype(np.float32)
    labels = tifffile.imread(os.path.join(IMAGES, "mask2d.tif"))
    return image[:, :SPLIT], labels[:, :SPLIT]


def normalise(x):
    lo, hi = np.percentile(x, (1, 99.8))
    return ((x - lo) / (hi - lo + 1e-6)).astype(np.float32)


def relabel(labels, least):
    """Connected components of labels, without those under least pixels."""
    labels = components(labels, connectivity=1)
    area = np.bincount(labels.ravel())
    gone = area < least
    gone[0] = True
    names = np.cumsum(~gone)
    names[gone] = 0
    return names[labels].astype(np.int32)


def resampled(x, rng):
    """x through fewer pixels and back: what the diameter setting makes of small nuclei."""
    scale = rng.uniform(0.4, 0.9)
    small = ndi.zoom(x, scale, order=1, mode="reflect", grid_mode=True)
    back = [n / m for n, m in zip(x.shape, small.shape)]
    return ndi.zoom(small, back, order=1, mode="reflect", grid_mode=True)


def camera(x, rng):
    """What another instrument would have made of x: gamma, focus, shading, noise."""
    if rng.random() < 0.5:
        x = np.clip(x, 0, None) ** rng.uniform(0.6, 1.6)
    if rng.random() < 0.5:
        x = ndi.gaussian_filter(x, rng.uniform(0.3, 1.6))
    if rng.random() < 0.4:
        yy, xx = np.mgrid[0:TILE, 0:TILE] / TILE - 0.5
        angle = rng.uniform(0, 2 * np.pi)
        x = x + rng.uniform(0, 0.25) * (np.cos(angle) * xx + np.sin(angle) * yy + 0.5)
    if rng.random() < 0.7:
        x = x + rng.normal(0, rng.uniform(0.005, 0.12), x.shape)
    if rng.random() < 0.35:
        x = resampled(x, rng)
    return x


def real(rng, image, labels):
    """A crop, turned, mirrored, scaled 0.6 to 2.4 times and bent."""
    scale = np.exp(rng.uniform(np.log(0.6), np.log(2.4)))
    angle, mirror, stretch = rng.uniform(0, 2 * np.pi), rng.choice([-1, 1]), np.exp(rng.uniform(-0.15, 0.15))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([1 / scale * stretch, mirror / scale / stretch])
    centre = np.array([rng.uniform(0, image.shape[0]), rng.uniform(0, image.shape[1])])
    yy, xx = np.mgrid[0:TILE, 0:TILE].astype(np.float32) - TILE / 2
    bend = ndi.gaussian_filter(rng.normal(0, 1, (2, TILE, TILE)), (0, 12, 12)) * rng.uniform(0, 60)
    at = np.tensordot(turn, np.stack([yy + bend[0], xx + bend[1]]), 1) + centre[:, None, None]
    if scale < 1:
        image = ndi.gaussian_filter(image, 0.5 * (1 / scale - 1) + 0.01)
    x = ndi.map_coordinates(image, at, order=1, mode="mirror")
    y = ndi.map_coordinates(labels, at, order=0, mode="mirror")
    return camera(normalise(x), rng), relabel(y, 12)


def outline(rng, radius, n=96):
    """Radius of a wobbly ellipse at n angles."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    e = np.exp(rng.uniform(0, 0.35))
    r = 1 / np.sqrt((np.cos(t) / e) ** 2 + (np.sin(t) * e) ** 2)
    for k in range(2, 6):
        r = r * (1 + rng.normal(0, 0.10 / k) * np.cos(k * t + rng.uniform(0, 2 * np.pi)))
    return radius * r, t + rng.uniform(0, 2 * np.pi)


class Field:
    """A field of nuclei that is being filled: size is its side in pixels."""

    def __init__(self, rng, size, radius):
        self.rng, self.size, self.radius = rng, size, radius
        self.labels = np.zeros((size, size), np.int32)
        self.image = np.zeros((size, size), np.float32)
        self.spread, self.edge, self.glow = rng.uniform(0.05, 0.3), rng.uniform(0, 0.5), rng.uniform(0.05, 0.6)
        self.coarse = self._texture(radius * 0.22) * rng.uniform(0, 0.3)
        self.fine = self._texture(max(0.7, radius * 0.08)) * rng.uniform(0, 0.2)
        self.gap, self.clustered = rng.choice([0, 0, 0, 1, 2]), rng.random() < 0.6
        self.placed, self.area = [], 0

    def _texture(self, sigma):
        t = ndi.gaussian_filter(self.rng.normal(0, 1, (self.size, self.size)), sigma)
        return t / t.std()

    def _spot(self, r):
        if self.clustered and self.placed and self.rng.random() < 0.75:
            y, x, other = self.placed[self.rng.integers(len(self.placed))]
            angle, d = self.rng.uniform(0, 2 * np.pi), (other + r) * self.rng.uniform(0.85, 1.1)
            return y + d * np.sin(angle), x + d * np.cos(angle)
        return self.rng.uniform(-r, self.size + r), self.rng.uniform(-r, self.size + r)

    def place(self):
        """Tries to put one more nucleus somewhere."""
        rng = self.rng
        r = self.radius * np.exp(rng.normal(0, self.spread))
        y, x = self._spot(r)
        reach = int(r * 1.9) + 2
        y0, y1 = max(0, int(y) - reach), min(self.size, int(y) + reach)
        x0, x1 = max(0, int(x) - reach), min(self.size, int(x) + reach)
        if y1 <= y0 or x1 <= x0:
            return
        radius, angle = outline(rng, r)
        order = np.argsort(angle % (2 * np.pi))
        dy, dx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        dy, dx = dy - y, dx - x
        here = np.hypot(dy, dx)
        border = np.interp(np.arctan2(dy, dx) % (2 * np.pi), (angle % (2 * np.pi))[order], radius[order], period=2 * np.pi)
        mask, labels = here < border, self.labels[y0:y1, x0:x1]
        wide = ndi.binary_dilation(mask, iterations=self.gap) if self.gap else mask
        if mask.sum() < 8 or ((labels > 0) & wide).sum() / mask.sum() > (0 if self.gap else 0.12):
            return
        new, old = mask & (labels == 0), mask & (labels > 0)
        dome = 1 - self.edge * np.clip(here / np.maximum(border, 1e-3), 0, 1) ** 3
        grain = np.clip(1 + self.coarse[y0:y1, x0:x1] + self.fine[y0:y1, x0:x1], 0.2, None)
        value = np.exp(rng.normal(0, self.glow)) * dome * grain
        image = self.image[y0:y1, x0:x1]
        image[new] = value[new]
        image[old] = np.maximum(image[old], value[old]) * rng.uniform(1, 1.3)
        self.placed.append((y, x, r))
        labels[new] = len(self.placed)
        self.area += new.sum()


def synthetic(rng, size=TILE, radius=None, cover=None):
    """A field as a camera sees it, before normalising, and its labels."""
    radius = np.exp(rng.uniform(np.log(4.5), np.log(26))) if radius is None else radius
    cover = rng.uniform(0.03, 0.6) if cover is None else cover
    f = Field(rng, size, radius)
    for _ in range(1500 * (size // TILE) ** 2):
        if f.area >= cover * size * size:
            break
        f.place()
    x = ndi.gaussian_filter(f.image, rng.uniform(0.5, min(2.2, 0.6 + radius * 0.12)))
    if rng.random() < 0.6:  # out-of-focus haze
        x += rng.uniform(0.02, 0.25) * ndi.gaussian_filter(f.image, radius * rng.uniform(1, 3))
    if rng.random() < 0.4:  # stain in the medium
        x += rng.uniform(0.02, 0.2) * np.clip(ndi.gaussian_filter(rng.normal(0, 1, x.shape), 20) * 20, 0, None)
    if rng.random() < 0.25:  # debris
        yy, xx = np.mgrid[0:size, 0:size]
        for _ in range(rng.integers(1, 8)):
            y, q = rng.uniform(0, size, 2)
            x += rng.uniform(0.2, 1.2) * np.exp(-((yy - y) ** 2 + (xx - q) ** 2) / (2 * rng.uniform(0.6, 1.6) ** 2))
    x = x + rng.uniform(0, 0.3)
    photons = np.exp(rng.uniform(np.log(15), np.log(2000)))
    return rng.poisson(np.clip(x, 0, None) * photons) / photons, relabel(f.labels, 8)


def maps(labels):
    """Probability (y, x) and distances (ray, y, x) on the grid."""
    d = np.minimum(star_dist(labels, RAYS, grid=(GRID, GRID)), MAX_DISTANCE)
    return edt_prob(labels)[::GRID, ::GRID], d.transpose(2, 0, 1)


def tile(task):
    """One tile: image, and probability and distances on the grid."""
    kind, seed = task
    rng = np.random.default_rng(seed)
    if kind == "real":
        x, y = real(rng, *source())
    else:
        x, y = synthetic(rng)
        x = camera(normalise(x), rng)
    p, d = maps(y)
    return normalise(x).astype(np.float16), p.astype(np.float16), d.astype(np.float16)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def origin(n_real, n_synthetic, first):
    """What tiles are made of, as a training run's parameters and tags."""
    names = {"img2d.tif": os.path.join(IMAGES, "img2d.tif"), "mask2d.tif": os.path.join(IMAGES, "mask2d.tif"),
             "data.py": os.path.abspath(__file__)}
    return {"params": {"tiles_real": n_real, "tiles_synthetic": n_synthetic, "first_seed": first},
            "tags": {f"{name}.sha256": digest(path) for name, path in names.items()}}


def main(n_real, n_synthetic, out, first=0):
    tasks = [("real", first + i) for i in range(n_real)] + [("synthetic", first + 10**6 + i) for i in range(n_synthetic)]
    with Pool() as pool:
        x, p, d = zip(*pool.map(tile, tasks, chunksize=8))
    made_of = json.dumps(origin(n_real, n_synthetic, first))
    np.savez(out, x=np.stack(x), p=np.stack(p), d=np.stack(d), origin=made_of)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
