"""Makes the vectors of this folder with opj_compress: what imagecodecs and Pillow can't have OpenJPEG write.
Each is a NAME.j2k of vectors.json, which also names the .raw.gz with what OpenJPEG decodes from it, the
planes one after the other.

    python gen.py OPJ_COMPRESS        (OpenJPEG 2.5.0, imagecodecs 2026.3.6; W and H are such that some code-blocks are cut)
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import imagecodecs
import numpy as np

HERE = pathlib.Path(__file__).parent
COMPRESS = sys.argv[1]
LIST, RAWS = [], {}
W, H = 61, 53


def picture(dtype, samples, most):
    rng = np.random.default_rng(9)
    y, x = np.mgrid[0:H, 0:W]
    planes = []
    for s in range(samples):
        f = 0.5 + 0.4 * np.sin((x + 9 * s) / 9.0) * np.cos(y / (7.0 + s)) + 0.004 * rng.standard_normal((H, W))
        f[(x - 20 - s) ** 2 + (y - 15) ** 2 < 60] = 1
        planes.append((f.clip(0, 1) * most - (most // 2 + 1 if np.dtype(dtype).kind == "i" else 0)).astype(dtype))
    return np.stack(planes)


def raw(planes):
    data = planes.astype(planes.dtype.newbyteorder("<")).tobytes()
    if data not in RAWS:
        RAWS[data] = f"{len(RAWS)}.raw.gz"
        (HERE / RAWS[data]).write_bytes(gzip.compress(data, 9, mtime=0))
    return RAWS[data]


def make(name, planes, *options, bits=8, form=None, grid=(1, 1)):
    exact = "-I" not in options
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        n, sign = len(planes), "s" if planes[0].dtype.kind == "i" else "u"
        (d / "in.raw").write_bytes(b"".join(p.astype(p.dtype.newbyteorder(">")).tobytes() for p in planes))
        h, w = planes[0].shape
        steps = form or ":".join(["1x1"] * n)
        subprocess.run([COMPRESS, "-i", d / "in.raw", "-F", f"{w},{h},{n},{bits},{sign}@{steps}", "-o", HERE / f"{name}.j2k", *options],
                       check=True, capture_output=True)
        data = (HERE / f"{name}.j2k").read_bytes()
        if form is None:
            got = imagecodecs.jpeg2k_decode(data)
            got = got[None] if n == 1 else np.moveaxis(got, -1, 0)
            lossless = exact and "-r" not in options and "-ROI" not in options
            assert not lossless or all((p == q).all() for p, q in zip(got, planes)), name
        else:  # lossless, and its components are repeated
            got = np.stack([planes[0], *(p.repeat(grid[1], 0).repeat(grid[0], 1)[:h, :w] for p in planes[1:])])
    LIST.append(dict(name=name, raw=raw(got), exact=exact, shape=got.shape, bytes=got.dtype.itemsize, signed=got.dtype.kind == "i"))


colour, deep, signed = picture("u1", 3, 255), picture("u2", 1, 65535), picture("i2", 1, 4095)
small = ("-b", "32,16", "-n", "4")
for mode in (1, 2, 4, 8, 16, 32, 5, 13, 63):
    make(f"style-{mode}", colour, *small, "-M", str(mode))
make("style-63-lossy", colour, *small, "-M", "63", "-I", "-r", "6")
make("style-1-deep-layers", deep, *small, "-M", "1", "-r", "8,4,2")
make("style-5-deep-layers", deep, *small, "-M", "5", "-r", "8,4,2")
make("sop", colour, *small, "-SOP", "-r", "8,1")
make("eph", colour, *small, "-EPH", "-r", "8,1")
make("sop-eph", colour, *small, "-SOP", "-EPH", "-r", "8,1")
make("sop-eph-plt-tlm", colour, *small, "-SOP", "-EPH", "-PLT", "-TLM", "-t", "40,30", "-p", "RPCL")
for by in "RLC":
    make(f"parts-{by}", colour, *small, "-TP", by, "-t", "40,30", "-r", "8,1", "-p", "CPRL" if by == "C" else "RLCP")
make("changes", colour, *small, "-r", "8,1", "-POC", "T1=0,0,2,4,1,RLCP/T1=0,1,2,4,3,PCRL")
make("changes-c", colour, *small, "-r", "8,1", "-POC", "T1=0,0,2,2,3,CPRL/T1=2,0,2,4,3,RPCL")
make("guard", colour, *small, "-GuardBits", "5")
make("roi", colour, *small, "-ROI", "c=0,U=12", "-mct", "0")
make("roi-lossy", colour, *small, "-ROI", "c=1,U=14", "-I", "-mct", "0")
make("signed-12", signed, *small, bits=12)
make("signed-12-lossy", signed, *small, "-I", "-r", "5", bits=12)
make("five", picture("u1", 5, 255), *small, "-mct", "0")
make("offset", colour, *small, "-d", "7,5", "-T", "3,2", "-t", "33,29")
even = colour[:, :52, :60]
for name, (x, y) in {"420": (2, 2), "422": (2, 1)}.items():
    half = [even[0], even[1][::y, ::x], even[2][::y, ::x]]
    make(f"half-{name}", half, *small, "-mct", "0", form=f"1x1:{x}x{y}:{x}x{y}", grid=(x, y))
    make(f"half-{name}-tiles", half, *small, "-mct", "0", "-t", "21,17", "-p", "PCRL", form=f"1x1:{x}x{y}:{x}x{y}", grid=(x, y))
(HERE / "vectors.json").write_text(json.dumps(LIST, indent=None).replace("}, ", "},\n ") + "\n")
