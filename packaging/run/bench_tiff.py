"""Decoding the tiles of a TIFF, beside tifffile with imagecodecs on one thread each.

    bench_tiff.py RUNS    in a Python that has both
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

KINDS = [  # name, samples, compression, predictor
    ("none", "u2", None, 1),
    ("deflate", "u2", "zlib", 1),
    ("deflate, predictor 2", "u2", "zlib", 2),
    ("LZW", "u2", "lzw", 1),
    ("LZW, predictor 2", "u2", "lzw", 2),
    ("zstd", "u2", "zstd", 1),
    ("zstd, predictor 2", "u2", "zstd", 2),
    ("deflate, predictor 3, float32", "f4", "zlib", 3),
    ("JPEG, 8 bits", "u1", "jpeg", 1),
    ("JPEG, RGB 4:2:0", "rgb", "jpeg", 1),
    ("JPEG 2000, 8 bits", "u1", "jpeg2000", 1),
]
SIDE = 4096


def image(kind):
    """Soft blobs on a noisy ground, as a camera sees them."""
    import numpy
    r = numpy.random.default_rng(1)
    y, x = numpy.mgrid[:SIDE, :SIDE]
    a = 300 + r.poisson(40, (SIDE, SIDE)) + 2000 * numpy.clip(numpy.sin(x / 37) * numpy.sin(y / 41), 0, 1)
    if kind == "rgb":
        return numpy.stack([a / 20 + r.normal(40 * s, 3, a.shape) for s in range(3)], -1).clip(0, 255).astype("u1")
    return (a / 10 if kind == "u1" else a).astype(kind)


def rows(python, runs):
    """Prints the rows, with the peers in that Python."""
    binary = os.path.abspath("build/ometiff.test")
    subprocess.run(["go", "test", "-c", "-o", binary, "./core/imageio/ometiff"], check=True)
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([python, os.path.abspath(__file__), "write", d], check=True)
        for i, (name, *_) in enumerate(KINDS):
            path = os.path.join(d, f"{i}.tif")
            ours, theirs = [], []
            for _ in range(runs):
                ours.append(own(binary, path))
                theirs.append([float(v) for v in subprocess.run([python, os.path.abspath(__file__), "read", path], check=True,
                                                               capture_output=True, text=True).stdout.split()])
            m = lambda a, k: statistics.median(v[k] for v in a)
            print(f"| tiles of {SIDE}², {name} | {m(ours, 0):.2f} s / {m(ours, 1):.2f} s | {m(theirs, 0):.2f} s / {m(theirs, 1):.2f} s (tifffile) "
                  f"| {m(theirs, 0) / m(ours, 0):.1f}× / {m(theirs, 1) / m(ours, 1):.1f}× |", flush=True)


def own(binary, path):
    """Wall and CPU seconds of one reading."""
    env = dict(os.environ, COVERSLIP_BENCH_TIFF=path, GOMAXPROCS="1")
    out = subprocess.run([binary, "-test.run=^$", "-test.bench=Read$", "-test.benchtime=5x"], check=True, capture_output=True, text=True, env=env,
                         cwd="core/imageio/ometiff").stdout
    wall, = re.findall(r"([0-9.]+) ns/op", out)
    cpu, = re.findall(r"([0-9.]+) cpu-ns/op", out)
    return float(wall) / 1e9, float(cpu) / 1e9


def write(folder):
    import tifffile
    for i, (_, kind, compression, predictor) in enumerate(KINDS):
        look = {"photometric": "rgb", "subsampling": (2, 2)} if kind == "rgb" else {"photometric": "minisblack"}
        tifffile.imwrite(os.path.join(folder, f"{i}.tif"), image(kind), tile=(512, 512), compression=compression, predictor=predictor, **look)


def read(path):
    """Prints wall and CPU seconds of one reading, the mean of five after one that warms up."""
    import tifffile
    with tifffile.TiffFile(path) as f:
        for n in range(6):
            if n == 1:
                wall, cpu = time.monotonic(), time.process_time()
            for _ in f.pages[0].segments(maxworkers=1):
                pass
        print((time.monotonic() - wall) / 5, (time.process_time() - cpu) / 5)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
