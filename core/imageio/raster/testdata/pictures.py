"""Writes everyday pictures by Pillow and imagecodecs (libpng, libjpeg-turbo, libwebp) into a folder, for the
matrix test:

    python pictures.py FOLDER

FOLDER/pictures.json lists them: name, the .raw file with the planes as they are to be read,
shape (channels, rows, columns) and type. Those of JPEG are what Pillow reads.
"""

import json
import pathlib
import sys

import imagecodecs
import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(sys.argv[1])
LIST = []
h, w = 61, 87
y, x = np.mgrid[0:h, 0:w]
RGB = np.stack([(x * 2 + y) % 256, (y * 3) % 256, (x * y // 7) % 256], -1).astype(np.uint8)
SOFT = np.stack([128 + 100 * np.sin((x + 9 * s) / 15) * np.cos(y / (14 + s)) for s in range(3)], -1).astype(np.uint8)
GREY = RGB[..., 2]
DEEP = (x * 700 + y * 13).astype(np.uint16)


def note(name, planes):
    planes = np.asarray(planes)
    planes = planes[None] if planes.ndim == 2 else np.moveaxis(planes, -1, 0)
    (OUT / f"{name}.raw").write_bytes(planes.astype(planes.dtype.newbyteorder("<")).tobytes())
    LIST.append(dict(name=name, shape=planes.shape, type=planes.dtype.name))


def write(name, img, planes=None, **k):
    img.save(OUT / name, **k)
    note(name, np.asarray(Image.open(OUT / name)) if planes is None else planes)


alpha = np.dstack([RGB, np.full_like(GREY, 255)])
few = Image.fromarray(RGB).quantize(64)
for level in (0, 9):
    write(f"grey-{level}.png", Image.fromarray(GREY), GREY, compress_level=level)
    write(f"deep-{level}.png", Image.fromarray(DEEP), DEEP, compress_level=level)
    write(f"rgb-{level}.png", Image.fromarray(RGB), RGB, compress_level=level)
    write(f"rgba-{level}.png", Image.fromarray(alpha), RGB, compress_level=level)
    write(f"palette-{level}.png", few, np.asarray(few.convert("RGB")), compress_level=level)
# What Pillow can't write: 16 bits of colour, and transparency, which is dropped: grey stays grey.
clear = (x * 3).astype(np.uint8)
RGB16 = RGB.astype(np.uint16) * 251 + 7
for name, planes, solid in [("rgb16", RGB16, None), ("rgba16", RGB16, clear * np.uint16(257)), ("rgba-clear", RGB, clear),
                            ("grey-clear", GREY, clear), ("deep-clear", DEEP, clear * np.uint16(257))]:
    stored = planes if solid is None else np.dstack([planes, solid])
    (OUT / f"{name}.png").write_bytes(imagecodecs.png_encode(np.ascontiguousarray(stored)))
    note(f"{name}.png", planes)
write("grey-hole.png", Image.fromarray(GREY), GREY, transparency=int(GREY[30, 40]))
write("bits.png", Image.fromarray(GREY > 100), ((GREY > 100) * 255).astype(np.uint8))
write("bits.bmp", Image.fromarray(GREY > 100), ((GREY > 100) * 255).astype(np.uint8))
write("grey.bmp", Image.fromarray(GREY), GREY)
write("rgb.bmp", Image.fromarray(RGB), RGB)
write("rgba.bmp", Image.fromarray(alpha), RGB)
write("palette.bmp", few, np.asarray(few.convert("RGB")))
write("palette.gif", few, np.asarray(few.convert("RGB")))
# Colours that are transparent, half or whole, stay as they are in the palette.
write("palette-clear.png", few, np.asarray(few.convert("RGB")), transparency=bytes(range(64)))
write("palette-clear.gif", few, np.asarray(few.convert("RGB")), transparency=int(np.asarray(few)[30, 40]), optimize=False)
write("rgb.webp", Image.fromarray(RGB), RGB, lossless=True)
for quality in (30, 75, 100):
    write(f"grey-{quality}.jpg", Image.fromarray(SOFT[..., 0]), quality=quality)
    for sub in (0, 1, 2):
        write(f"rgb-{quality}-{sub}.jpg", Image.fromarray(SOFT), quality=quality, subsampling=sub)
        write(f"progressive-{quality}-{sub}.jpg", Image.fromarray(SOFT), quality=quality, subsampling=sub, progressive=True)
    write(f"progressive-grey-{quality}.jpg", Image.fromarray(SOFT[..., 0]), quality=quality, progressive=True)
    write(f"progressive-restart-{quality}.jpg", Image.fromarray(SOFT), quality=quality, progressive=True, restart_marker_blocks=3)
    write(f"restart-{quality}.jpg", Image.fromarray(SOFT), quality=quality, restart_marker_blocks=3)
# Four inks, as they are printed, and as luminance and colour.
INKS = np.dstack([SOFT, 255 - SOFT[..., 1] // 2])
for sub in (0, 2):
    name = f"cmyk-{sub}.jpg"
    Image.fromarray(INKS, "CMYK").save(OUT / name, quality=90, subsampling=sub)
    note(name, Image.open(OUT / name).convert("RGB"))
for sub in ("444", "420"):
    name = f"ycck-{sub}.jpg"
    (OUT / name).write_bytes(imagecodecs.jpeg8_encode(INKS, level=90, colorspace="CMYK", outcolorspace="YCCK", subsampling=sub))
    note(name, Image.open(OUT / name).convert("RGB"))
for n in range(1, 9):  # as a camera was held
    exif = Image.Exif()
    exif[274] = n
    for ending, k in ("jpg", {}), ("png", {}), ("webp", dict(lossless=True)):
        name = f"held-{n}.{ending}"
        Image.fromarray(SOFT).save(OUT / name, exif=exif, **k)
        note(name, np.asarray(ImageOps.exif_transpose(Image.open(OUT / name))))
(OUT / "pictures.json").write_text(json.dumps(LIST))
