"""Writes JPEG XR by jxrlib (imagecodecs) into a folder, each with what jxrlib decodes from it beside it:

    python pictures.py FOLDER

Every third says in its header that it is older than the standard, as ZEN's do: then it is smoothed another way."""

import itertools
import pathlib
import sys
import zlib

import imagecodecs
import numpy as np

OUT = pathlib.Path(sys.argv[1])
SIZES = [(1, 1), (16, 16), (5, 17), (16, 65), (33, 50), (257, 513)]
LEVELS = [None, 0.95, 0.8, 0.6, 0.4, 0.1, 2, 30, 100]  # below 0.5: halved chroma and two levels of overlap
KINDS = ["flat", "black", "white", "noise", "extreme", "soft"]
rng = np.random.default_rng(3)


def picture(kind, h, w, samples, dtype):
    y, x, s = np.mgrid[:h, :w, :samples]
    noise = rng.random((h, w, samples))
    f = {
        "flat": np.full((h, w, samples), 0.4), "black": np.zeros((h, w, samples)), "white": np.ones((h, w, samples)),
        "noise": noise, "extreme": np.round(noise),
        "soft": 0.5 + 0.3 * np.sin(x / 7 + s) * np.cos(y / 9) + 0.1 * noise * (y % 16 < 8),
    }[kind]
    pixels = (f * 3e4 - 1e4 if dtype == "f4" else f * np.iinfo(dtype).max).astype(dtype)
    return pixels[..., 0] if samples == 1 else pixels


def write(kind, h, w, samples, dtype, level, **what):
    if w < 17 and dtype == "u1" and level not in (None, 0.95, 0.8, 0.6, 100):
        return  # jxrlib halves no chroma of one macroblock
    pixels = picture(kind, h, w, samples, dtype)
    data = imagecodecs.jpegxr_encode(pixels, level=level, **what)
    name = f"{kind}-{h}x{w}-{samples}{dtype}-{level}{'-apart' * len(what)}"
    if zlib.crc32(name.encode()) % 3 == 0:
        data = bytearray(data)
        data[data.index(b"WMPHOTO\0") + 8] = 0x10
        data = bytes(data)
    read = imagecodecs.jpegxr_decode(data)
    (OUT / f"{name}.jxr").write_bytes(data)
    (OUT / f"{name}.raw").write_bytes(read.tobytes())


pick = itertools.cycle(range(3))
for (h, w), samples, dtype, level in itertools.product(SIZES, [1, 3], ["u1", "u2", "f4"], LEVELS):
    for kind in KINDS[next(pick) :: 3]:
        write(kind, h, w, samples, dtype, level)
for samples, dtype, level in itertools.product([3, 5, 7], ["u1", "u2"], [None, 0.7, 30]):  # no colours; jxrlib spoils more of them
    write("soft", 33, 51, samples, dtype, level, photometric="minisblack")
write("soft", 2048, 2048, 1, "u2", None)
write("soft", 2048, 2048, 3, "u1", 0.3)
