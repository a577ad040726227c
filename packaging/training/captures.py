"""Makes the sample bench's captures and ground truth in assets/sample: real images out of
public packages, and fields of our own.

    captures.py EXAMPLE_FLY_FOLDER OUT

EXAMPLE_FLY_FOLDER is cellprofiler/data/examples/ExampleFly/images of the cellprofiler wheel.
"""
import os
import sys

import numpy as np
import stardist
import tifffile
from scipy import ndimage as ndi

import data


def write(path, x, micron, axes, names, **extra):
    meta = {"axes": axes, "PhysicalSizeX": micron, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": micron,
            "PhysicalSizeYUnit": "µm", "Channel": {"Name": names}} | extra
    tifffile.imwrite(path, x, ome=True, metadata=meta, compression="zlib", predictor=True, tile=(256, 256))


def counts(x, rng, gain=2600, dark=110):
    """Grey values of a camera: fall-off of the illumination towards the corners, shot and read noise."""
    yy, xx = np.mgrid[-1:1:complex(0, x.shape[0]), -1:1:complex(0, x.shape[1])]
    light = x * (1 - 0.22 * (yy**2 + xx**2))
    y = rng.poisson(np.clip(light, 0, None) * gain / 4) * 4 + rng.normal(dark, 6, x.shape)
    return np.clip(y, 0, 65535).astype(np.uint16)


def main(fly, out):
    cap, truth = os.path.join(out, "captures"), os.path.join(out, "truth")
    folder = os.path.join(os.path.dirname(stardist.__file__), "data", "images")
    real = tifffile.imread(os.path.join(folder, "img2d.tif"))
    write(os.path.join(cap, "2026-11-24_bbbc038_img2d_DAPI.ome.tif"), real, 0.325, "YX", ["DAPI"])
    mask = tifffile.imread(os.path.join(folder, "mask2d.tif"))
    tifffile.imwrite(os.path.join(truth, "img2d_labels.tif"), mask.astype(np.uint16), compression="zlib")
    for n in ("002", "218"):
        x = tifffile.imread(os.path.join(fly, f"01_POS{n}_D.TIF"))
        write(os.path.join(cap, f"2026-11-24_kc167_POS{n}_DNA.ome.tif"), x, 0.65, "YX", ["DNA"])

    rng = np.random.default_rng(20261124)
    x, y = data.synthetic(rng, 1024, radius=11, cover=0.22)
    write(os.path.join(cap, "2026-11-24_plate07_A03_DAPI.ome.tif"), counts(x, rng), 0.325, "YX", ["DAPI"])
    tifffile.imwrite(os.path.join(truth, "plate07_A03_labels.tif"), y.astype(np.uint16), compression="zlib")

    x, y = data.synthetic(rng, 512, radius=12, cover=0.18)
    body = ndi.gaussian_filter((y > 0).astype(np.float32), 9) * 0.8
    both = np.stack([counts(body, rng), counts(x, rng)])
    write(os.path.join(cap, "2026-11-24_plate07_A04_GFP_DAPI.ome.tif"), both, 0.325, "CYX", ["GFP", "DAPI"])

    x, _ = data.synthetic(rng, 256, radius=12, cover=0.2)
    stack = np.stack([counts(ndi.gaussian_filter(x, abs(z - 3) * 1.3), rng) for z in range(7)])
    write(os.path.join(cap, "2026-11-24_organoid_z7_DAPI.ome.tif"), stack, 0.325, "ZYX", ["DAPI"], PhysicalSizeZ=1.5,
          PhysicalSizeZUnit="µm")
    x, _ = data.synthetic(rng, 256, radius=12, cover=0.15)
    film = np.stack([counts(ndi.shift(x, (2 * t, 3 * t), order=1, mode="reflect"), rng) for t in range(5)])
    write(os.path.join(cap, "2026-11-24_migration_t5_DAPI.ome.tif"), film, 0.325, "TYX", ["DAPI"], TimeIncrement=60,
          TimeIncrementUnit="s")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
