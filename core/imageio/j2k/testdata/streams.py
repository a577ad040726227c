"""Writes JPEG 2000 streams by OpenJPEG (imagecodecs, Pillow) into a folder, each with what
OpenJPEG decodes from it beside it:  python streams.py FOLDER [tiles]

FOLDER/streams.json lists them: name, the .raw file with its planes one after the other,
whether no sample may differ, and the shape and type. With tiles it writes two to measure by, and no more.
"""

import io
import itertools
import json
import pathlib
import sys

import imagecodecs
import numpy as np
from PIL import Image

OUT = pathlib.Path(sys.argv[1])
LIST = []
rng = np.random.default_rng(5)


def picture(h, w, dtype, samples=1, bits=None):
    """A smooth field with noise and an edge, over the whole range of its type."""
    y, x = np.mgrid[0:h, 0:w]
    i = np.iinfo(dtype)
    least, most = (i.min, i.max) if bits is None else (0, 2**bits - 1) if i.min == 0 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    planes = []
    for s in range(samples):
        f = 0.5 + 0.35 * np.sin((x + 9 * s) / 6.0) * np.cos(y / (4.0 + s)) + 0.02 * rng.standard_normal((h, w))
        f[(x - 20 - s) ** 2 + (y - 15) ** 2 < 60] = 1
        planes.append((least + f.clip(0, 1) * (float(most) - least)).astype(dtype))
    return planes[0] if samples == 1 else np.stack(planes, -1)


def note(name, data, img, exact):
    """A stream, and what OpenJPEG makes of it."""
    got = imagecodecs.jpeg2k_decode(data)
    planes = np.moveaxis(got.reshape(img.shape), -1, 0) if img.ndim == 3 else got.reshape((1,) + img.shape)
    planes = np.ascontiguousarray(planes)
    (OUT / f"{name}.j2k").write_bytes(data)
    (OUT / f"{name}.raw").write_bytes(planes.astype(planes.dtype.newbyteorder("<")).tobytes())
    LIST.append(dict(name=name, exact=exact, shape=planes.shape, bytes=planes.dtype.itemsize, signed=planes.dtype.kind == "i"))


def by_imagecodecs():
    sizes = [(1, 1), (1, 17), (17, 1), (2, 3), (5, 5), (33, 64), (63, 50), (200, 301), (257, 513)]
    for (h, w), dtype, samples in itertools.product(sizes, ["u1", "i1", "u2", "i2"], [1, 3, 4]):
        img = picture(h, w, dtype, samples)
        if samples == 1 and w in (3, 4):
            continue  # would be taken for samples
        for level, reversible, form in [(0, True, "j2k"), (0, True, "jp2"), (50, False, "j2k"), (30, False, "j2k")]:
            data = imagecodecs.jpeg2k_encode(img, level=level, reversible=reversible, codecformat=form)
            note(f"{h}x{w}x{samples}-{dtype}-{level}-{form}", data, img, reversible)
            assert not reversible or (imagecodecs.jpeg2k_decode(data).reshape(img.shape) == img).all()
    for resolutions, samples, mct, (level, reversible) in itertools.product(range(1, 8), [1, 3], [False, True], [(0, True), (45, False)]):
        img = picture(129, 187, "u2", samples)
        data = imagecodecs.jpeg2k_encode(img, level=level, reversible=reversible, resolutions=resolutions, mct=mct)
        note(f"levels-{resolutions}-{samples}-{mct}-{level}", data, img, reversible)
    for bits, dtype in [(1, "u1"), (3, "u1"), (7, "u1"), (9, "u2"), (12, "u2"), (15, "u2"), (12, "i2"), (20, "u4"), (24, "u4"), (20, "i4")]:
        img = picture(70, 61, dtype, bits=bits)
        for level, reversible in [(0, True), (60, False)][: 2 if bits < 16 else 1]:
            data = imagecodecs.jpeg2k_encode(img, level=level, reversible=reversible, bitspersample=bits)
            note(f"bits-{bits}-{dtype}-{level}", data, img, reversible)


def by_pillow():
    def save(name, img, exact, **k):
        out = io.BytesIO()
        Image.fromarray(img).save(out, "jpeg2000", no_jp2=True, irreversible=not exact, **k)
        note(name, out.getvalue(), img, exact)

    grey, colour, deep = picture(150, 170, "u1"), picture(150, 170, "u1", 3), picture(150, 170, "u2")
    for order, img, exact in itertools.product(["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"], [grey, colour, deep], [True, False]):
        n = f"{order}-{img.ndim}-{img.dtype}-{exact}"
        save(f"{n}-plain", img, exact, progression=order)
        save(f"{n}-layers", img, exact, progression=order, quality_mode="rates", quality_layers=[80, 40, 20, 10, 5])
        save(f"{n}-precincts", img, exact, progression=order, precinct_size=(64, 32), codeblock_size=(16, 16))
        save(f"{n}-tiles", img, exact, progression=order, tile_size=(64, 48), num_resolutions=3)
        save(f"{n}-all", img, exact, progression=order, tile_size=(77, 61), precinct_size=(32, 32), codeblock_size=(8, 8),
             quality_mode="dB", quality_layers=[30, 40, 50], offset=(5, 3), tile_offset=(2, 1), plt=True)
    for w, h in [(4, 4), (4, 64), (64, 4), (8, 32), (32, 8), (4, 1024), (1024, 4), (64, 64)]:
        save(f"blocks-{w}x{h}", colour, True, codeblock_size=(w, h))
        save(f"blocks-{w}x{h}-lossy", colour, False, codeblock_size=(w, h))
    for x, y in [(1, 0), (0, 1), (3, 7), (100, 200)]:
        for exact in (True, False):
            save(f"offset-{x}-{y}-{exact}", colour, exact, offset=(x, y), tile_size=(400, 400))
            save(f"offset-{x}-{y}-{exact}-tiles", colour, exact, offset=(x, y), tile_offset=(x, y), tile_size=(50, 70))
    for layers in ([20], [50, 20, 10]):
        save(f"lossless-cut-{len(layers)}", colour, True, quality_mode="rates", quality_layers=layers)
    flat = np.full((300, 300, 3), 77, np.uint8)
    save("flat", flat, True)


def tiles():
    img = picture(256, 256, "u1", 3)
    note("lossless", imagecodecs.jpeg2k_encode(img), img, True)
    note("lossy", imagecodecs.jpeg2k_encode(img, level=38, reversible=False), img, False)


if sys.argv[2:] == ["tiles"]:
    tiles()
else:
    by_imagecodecs()
    by_pillow()
(OUT / "streams.json").write_text(json.dumps(LIST))
