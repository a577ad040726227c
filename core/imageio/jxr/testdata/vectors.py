"""Writes the JPEG XRs that imagecodecs does not write, by jxrlib's own JxrEncApp (Debian: libjxr-tools), into
the folder beside this script, and into pixels.txt there the SHA-256 of what imagecodecs' jxrlib decodes from
each, also when the version in its header is another one:

    python vectors.py JXRENCAPP QUANTISERS

QUANTISERS is a JxrEncApp with `uQPMode |= 7` behind `uQPMode |= 0x600` in StrEncInit: its quantisers, "just for
concept proofing", differ by tile and macroblock."""

import hashlib
import pathlib
import subprocess
import sys
import tempfile

import imagecodecs
import numpy as np
import tifffile

OUT = pathlib.Path(__file__).parent / "vectors"
FORMATS = {(1, "u1"): 2, (1, "u2"): 3, (3, "u1"): 9, (3, "u2"): 10, (4, "u1"): 22}
rng = np.random.default_rng(5)

# name, height, width, samples, type, options; without -f the bands stand apart, with -a 3 alpha is among them
VECTORS = [
    ("bands", 50, 70, 1, "u2", "-q 20 -l 2"),
    ("no-flexbits", 40, 60, 3, "u1", "-q 0.7 -s 1 -l 1"),
    ("no-highpass", 70, 50, 3, "u1", "-q 0.8 -s 2 -l 2 -d 1"),
    ("dc-only", 70, 90, 3, "u2", "-q 1 -s 3 -l 2"),
    ("trimmed", 40, 60, 3, "u1", "-q 1 -f -F 4 -l 1"),
    ("trimmed-bands", 40, 60, 1, "u2", "-q 1 -F 6 -l 0"),
    ("halved", 60, 70, 3, "u1", "-q 40 -f -l 2 -d 1"),
    ("halved-across", 60, 70, 3, "u1", "-q 40 -f -l 2 -d 2"),
    ("halved-bands", 60, 70, 3, "u1", "-q 80 -l 1 -d 2 -u"),
    ("luma", 33, 47, 3, "u1", "-q 30 -l 1 -d 0"),
    ("unscaled", 40, 60, 3, "u2", "-q 200 -f -l 1 -u"),
    ("tiles", 80, 80, 3, "u1", "-q 60 -f -l 2 -U 3 3"),
    ("tiles-bands", 90, 120, 1, "u1", "-q 60 -l 1 -V 2 3 -H 1 2"),
    ("alpha-apart", 30, 40, 4, "u1", "-q 60 -l 1 -a 2 -Q 10"),
    ("alpha-among", 30, 40, 4, "u1", "-q 60 -f -l 1 -a 3 -Q 10"),
    ("alpha-bands", 40, 90, 4, "u1", "-q 60 -l 1 -d 1 -a 3 -Q 10"),
    ("margins", 40, 60, 3, "u1", "-q 20 -f -l 1 -d 1"),
    ("quantisers", 60, 70, 3, "u1", "-q 10 -f -l 2 -d 1 -U 2 2"),
    ("quantisers-bands", 60, 70, 3, "u2", "-q 10 -l 1 -U 2 2"),
]
STANDARD, OLD, HARD = 0x11, 0x10, 0x19  # HARD: what is in different tiles does not overlap; jxrlib has that right in square ones


def picture(h, w, samples, dtype):
    y, x, s = np.mgrid[:h, :w, :samples]
    f = 0.5 + 0.3 * np.sin(x / 7 + s) * np.cos(y / 9) + 0.1 * rng.random((h, w, samples)) * (y % 16 < 8)
    pixels = (f * np.iinfo(dtype).max).astype(dtype)
    return pixels[..., 0] if samples == 1 else pixels


def margins(data, w, h):
    """Shows of a picture of one tile, whose macroblocks are w × h, but the middle."""
    at = data.index(b"WMPHOTO\0")
    top, left, bottom, right = 7, 5, 10, 20
    data[at + 10] |= 0x20
    sides = (w - left - right - 1).to_bytes(2, "big") + (h - top - bottom - 1).to_bytes(2, "big")
    data[at + 12 : at + 16] = sides + (top << 18 | left << 12 | bottom << 6 | right).to_bytes(3, "big")


lines = []
with tempfile.TemporaryDirectory() as folder:
    tiff, jxr = pathlib.Path(folder) / "a.tif", pathlib.Path(folder) / "a.jxr"
    for name, h, w, samples, dtype, options in VECTORS:
        tifffile.imwrite(tiff, picture(h, w, samples, dtype), photometric="rgb" if samples > 1 else "minisblack", extrasamples=["unassalpha"] if samples == 4 else None)
        subprocess.run([sys.argv[1 + name.startswith("quantisers")], "-i", tiff, "-o", jxr, "-c", str(FORMATS[samples, dtype]), *options.split()], check=True, stdout=subprocess.DEVNULL)
        data = bytearray(jxr.read_bytes())
        if name == "margins":
            margins(data, 64, 48)
        (OUT / f"{name}.jxr").write_bytes(data)
        for version in [STANDARD, OLD] + [HARD] * (name == "tiles"):
            data[data.index(b"WMPHOTO\0") + 8] = version
            pixels = imagecodecs.jpegxr_decode(bytes(data))
            pixels = np.ascontiguousarray(pixels[..., :3] if samples == 4 else pixels)
            lines.append(f"{hashlib.sha256(pixels.tobytes()).hexdigest()} {version} {name}.jxr\n")
(OUT / "pixels.txt").write_text("".join(lines))
