"""Writes JPEG streams by libjpeg-turbo (imagecodecs, Pillow) into a folder, each with what
libjpeg-turbo decodes from it beside it:  python pictures.py FOLDER"""

import io
import itertools
import pathlib
import sys

import imagecodecs
import numpy as np
from PIL import Image, ImageFile

OUT = pathlib.Path(sys.argv[1])
ImageFile.MAXBLOCK = 1 << 22  # small pictures overflow what Pillow guesses
rng = np.random.default_rng(3)
SIZES = [(1, 1), (2, 3), (5, 4), (8, 8), (16, 16), (17, 33), (63, 50), (64, 65), (200, 301)]
for (h, w), level in itertools.product(SIZES, [20, 75, 98]):
    y, x = np.mgrid[0:h, 0:w]
    img = np.stack([128 + 100 * np.sin((x + 9 * s) / 5) * np.cos(y / (4 + s)) + 20 * rng.standard_normal((h, w)) for s in range(3)], -1)
    img = img.clip(0, 255).astype(np.uint8)
    for sub in ["444", "422", "420", "440", "411", None]:
        what = dict(subsampling=sub) if sub else dict(outcolorspace="rgb")
        data = imagecodecs.jpeg8_encode(img, level=level, colorspace="rgb", **what)
        name = f"rgb-{h}x{w}-q{level}-{sub or 'plain'}"
        (OUT / f"{name}.jpg").write_bytes(data)
        (OUT / f"{name}.raw").write_bytes(imagecodecs.jpeg8_decode(data).tobytes())
    for sub, restart in itertools.product([0, 1, 2], [{}, dict(restart_marker_blocks=3)]):
        for pic in (img, img[..., 0])[: 1 + (sub == 0 and w > 4)]:
            out = io.BytesIO()
            Image.fromarray(pic).save(out, "jpeg", quality=level, subsampling=sub, progressive=True, **restart)
            name = f"progressive-{h}x{w}-q{level}-{sub}-{len(restart)}-{pic.ndim}"
            (OUT / f"{name}.jpg").write_bytes(out.getvalue())
            (OUT / f"{name}.raw").write_bytes(imagecodecs.jpeg8_decode(out.getvalue()).tobytes())
    if w < 5:
        continue  # would be taken for samples
    data = imagecodecs.jpeg8_encode(np.ascontiguousarray(img[..., 0]), level=level)
    (OUT / f"grey-{h}x{w}-q{level}.jpg").write_bytes(data)
    (OUT / f"grey-{h}x{w}-q{level}.raw").write_bytes(imagecodecs.jpeg8_decode(data).tobytes())
