"""Makes the images that bench_viewer.py measures with."""
import json
import math
import os
import subprocess

import numpy as np
import tifffile

SIDE, BLOBS = 16384, 100_000
RATE = 25  # of a film, in frames a second


def plane(c, random):
    """Uneven light, a hundred thousand soft nuclei, and the noise of a camera."""
    light = random.normal(0, 1, (SIDE // 64 + 1, SIDE // 64 + 1)).astype(np.float32)
    a = np.full((SIDE, SIDE), 200 + 50 * c, np.uint16)
    for y in range(0, SIDE, 64):
        a[y:y + 64] += (30 * np.abs(np.repeat(light[y // 64], 64)[:SIDE])).astype(np.uint16)
    yy, xx = np.mgrid[-20:21, -20:21]
    for x, y, s, top in zip(*random.integers(20, SIDE - 21, (2, BLOBS)), random.uniform(5, 9, BLOBS), random.uniform(500, 3500, BLOBS)):
        a[y - 20:y + 21, x - 20:x + 21] += (top * np.exp(-(yy * yy + xx * xx) / (2 * s * s))).astype(np.uint16)
    for y in range(0, SIDE, 512):
        a[y:y + 512] += random.integers(0, 64, (512, SIDE), dtype=np.uint16)
    return np.minimum(a, 65000)


def make(path, channels):
    """Writes a pyramid, and objects beside it, unless they are there; returns the path."""
    if os.path.exists(path + ".geojson"):
        return path
    random = np.random.default_rng(3)
    data = np.stack([plane(c, random) for c in range(channels)])
    how = dict(tile=(512, 512), compression="zlib", compressionargs={"level": 6}, photometric="minisblack", maxworkers=2)
    micron = {"PhysicalSizeX": 0.325, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.325, "PhysicalSizeYUnit": "µm"}
    with tifffile.TiffWriter(path + ".part", bigtiff=True, ome=True) as out:
        out.write(data, subifds=5, metadata={"axes": "CYX", **micron}, **how)
        for _ in range(5):
            data = ((data[:, 0::2, 0::2].astype(np.uint32) + data[:, 1::2, 0::2] + data[:, 0::2, 1::2] + data[:, 1::2, 1::2]) // 4).astype(np.uint16)
            out.write(data, subfiletype=1, **how)
    objects(path, random)
    os.replace(path + ".part", path)
    os.replace(path + ".geojson.part", path + ".geojson")
    return path


def objects(path, random):
    """A hundred thousand outlines of 24 corners."""
    turns = [2 * math.pi * i / 24 for i in range(24)]
    with open(path + ".geojson.part", "w", encoding="utf-8") as out:
        out.write('{"type":"FeatureCollection","features":[')
        for k in range(BLOBS):
            x, y, r = *random.integers(30, SIDE - 30, 2), random.uniform(9, 16)
            ring = [[round(float(x + r * math.cos(t)), 2), round(float(y + r * math.sin(t)), 2)] for t in turns]
            out.write("," * (k > 0) + json.dumps({
                "type": "Feature", "id": f"n{k}", "geometry": {"type": "Polygon", "coordinates": [ring + ring[:1]]},
                "properties": {"objectType": "detection", "classification": {"name": "nucleus"}}}))
        out.write("]}")


def stack(path):
    """Writes 16 times of 16 planes of 512², uint16, in tiles of deflate; returns the path."""
    if not os.path.exists(path):
        random = np.random.default_rng(4)
        data = random.poisson(400, (16, 16, 512, 512)).astype(np.uint16)
        for t, z, y, x, top in zip(*random.integers(0, 16, (2, 40000)), *random.integers(0, 480, (2, 40000)), random.integers(200, 1500, 40000)):
            data[t, z, y:y + 32, x:x + 32] += top.astype(np.uint16)
        tifffile.imwrite(path + ".part", data, ome=True, tile=(256, 256), compression="zlib", metadata={"axes": "TZYX"})
        os.replace(path + ".part", path)
    return path


def films(folder):
    """Makes films of 1280×720 with the program ffmpeg; returns their paths."""
    out = []
    for name, codec in (("h264.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p"]), ("mjpeg.avi", ["-c:v", "mjpeg", "-q:v", "4"])):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate={RATE}:duration=12,noise=alls=12:allf=t", *codec, path], check=True)
        out.append(path)
    return out
