"""Makes the vectors of this folder with tifffile and imagecodecs, the tools that write and
read such files in the labs. Each NAME.tif has NAME.raw.gz beside it: all planes in the order
T, Z, C, row by row, little-endian, and a line in vectors.json.

    python gen.py            (tifffile 2025.5.10, imagecodecs 2025.3.30)
"""

import gzip
import json
import pathlib
import warnings

import numpy as np
import tifffile

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(7)
LIST = []


def picture(h, w, dtype, seed=0):
    """A smooth field with noise and spots, over the whole range of its type."""
    y, x = np.mgrid[0:h, 0:w]
    f = 0.5 + 0.3 * np.sin((x + seed * 5) / 6.0) * np.cos(y / 9.0) + 0.01 * RNG.standard_normal((h, w))
    f[(x - 20 - seed) ** 2 + (y - 15) ** 2 < 30] = 0.97
    f = f.clip(0, 1)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return (f * 3 - 1).astype(dtype)
    i = np.iinfo(dtype)
    return (i.min + f * (float(i.max) - i.min)).astype(dtype)


def note(name, planes, **says):
    """planes: T, Z, C, Y, X as they are read back."""
    planes = np.asarray(planes)
    wide = planes.astype(np.float32) if planes.dtype == np.float16 else planes
    (HERE / f"{name}.raw.gz").write_bytes(gzip.compress(wide.astype(wide.dtype.newbyteorder("<")).tobytes(), 9, mtime=0))
    t, z, c, h, w = planes.shape
    LIST.append(dict(name=name, t=t, z=z, c=c, h=h, w=w, type=str(wide.dtype.newbyteorder("=")), **says))


def one(name, img, **kw):
    """One plane, or rows × columns × RGB."""
    tifffile.imwrite(HERE / f"{name}.tif", img, **kw)
    back = tifffile.imread(HERE / f"{name}.tif")
    if back.dtype == bool:
        back = back.astype(np.uint8)
    assert back.shape == img.shape, (name, back.shape)
    if kw.get("compression") != "jpeg":
        assert (back == img).all(), name
    if back.ndim == 2:
        back = back[None]
    elif kw.get("planarconfig") != "separate":
        back = np.moveaxis(back, -1, 0)
    note(name, back[None, None])


def singles():
    g = dict(metadata=None)
    for bo, end in (("<", "le"), (">", "be")):
        for big in (False, True):
            k = dict(byteorder=bo, bigtiff=big, **g)
            tag = f"{end}{'big' if big else ''}"
            one(f"u16-strips-{tag}", picture(23, 31, "u2"), rowsperstrip=5, **k)
            one(f"u16-tiles-deflate2-{tag}", picture(25, 45, "u2"), tile=(16, 32), compression="zlib", predictor=2, **k)
    for t in ("u1", "i1", "i2", "u4", "i4", "f4", "f8"):
        for bo, end in (("<", "le"), (">", "be")):
            one(f"{t}-{end}", picture(19, 23, t), byteorder=bo, rowsperstrip=7, **g)
    one("f2-le", picture(17, 31, "f2"), **g)
    for comp in ("lzw", "zlib", "zstd", "packbits"):
        one(f"u8-{comp}", picture(40, 50, "u1"), compression=comp, rowsperstrip=9, **g)
        if comp != "packbits":
            one(f"u16-{comp}2", picture(40, 50, "u2"), compression=comp, predictor=2, tile=(32, 16), **g)
    one("u8-deflate2", picture(40, 51, "u1"), compression="zlib", predictor=2, **g)
    one("u32-deflate2-be", picture(20, 51, "u4"), compression="zlib", predictor=2, byteorder=">", **g)
    for bo, end in (("<", "le"), (">", "be")):
        one(f"f32-deflate3-{end}", picture(40, 35, "f4"), compression="zlib", predictor=3, byteorder=bo, tile=(16, 16), **g)
    one("f64-lzw3", picture(20, 15, "f8"), compression="lzw", predictor=3, **g)
    one("f16-zstd3", picture(20, 15, "f2"), compression="zstd", predictor=3, **g)
    one("bits", (picture(33, 29, "u1") > 128), photometric="minisblack", **g)
    one("u16-lzw-long", RNG.integers(0, 1 << 16, (48, 64), np.uint16), compression="lzw", rowsperstrip=48, **g)
    one("u16-onestrip", picture(48, 64, "u2"), rowsperstrip=48, compression="zlib", **g)


def colours():
    rgb = np.stack([picture(34, 47, "u1", s) for s in range(3)], -1)
    k = dict(photometric="rgb", metadata=None)
    one("rgb-strips", rgb, rowsperstrip=8, **k)
    one("rgb-tiles-deflate2", rgb, tile=(16, 16), compression="zlib", predictor=2, **k)
    one("rgb16-lzw2", np.stack([picture(34, 47, "u2", s) for s in range(3)], -1), compression="lzw", predictor=2, **k)
    one("rgb-planar", np.moveaxis(rgb, -1, 0).copy(), planarconfig="separate", rowsperstrip=10, compression="zlib", predictor=2, **k)
    one("rgb-planar-tiles", np.moveaxis(rgb, -1, 0).copy(), planarconfig="separate", tile=(16, 32), **k)
    one("rgb-f32-3", np.stack([picture(20, 21, "f4", s) for s in range(3)], -1), compression="zlib", predictor=3, **k)
    soft = np.stack([np.add.outer(np.arange(32), np.arange(64) * (s + 1)).clip(0, 255) for s in range(3)], -1).astype(np.uint8)
    one("rgb-jpeg", soft, tile=(32, 32), compression="jpeg", compressionargs={"level": 97}, **k)  # whole tiles: what stands beyond an edge bleeds in
    one("rgb-jpeg444", soft, tile=(32, 32), compression="jpeg", compressionargs={"level": 97}, subsampling=(1, 1), **k)
    one("u8-jpeg", soft[..., 0].copy(), tile=(32, 32), compression="jpeg", compressionargs={"level": 97}, metadata=None)


def stacks():
    czt = np.stack([[[picture(11, 14, "u2", 7 * t + 3 * z + c) for c in range(3)] for z in range(4)] for t in range(2)])
    path = HERE / "ome-czt.tif"
    meta = dict(axes="TZCYX", PhysicalSizeX=0.25, PhysicalSizeXUnit="µm", PhysicalSizeY=250.0, PhysicalSizeYUnit="nm",
                PhysicalSizeZ=0.001, PhysicalSizeZUnit="mm", Channel={"Name": ["DAPI", "GFP", "Cy5"], "Color": [65535, 16711935, -16776961]})
    tifffile.imwrite(path, czt, ome=True, metadata=meta, compression="zlib", photometric="minisblack")
    note("ome-czt", czt, micron=[0.25, 0.25, 1], channels=["DAPI", "GFP", "Cy5"], colors=[[0, 0, 255], [0, 255, 0], [255, 0, 0]], format="OME-TIFF")

    zct = np.moveaxis(czt, 1, 2)
    tifffile.imwrite(HERE / "ome-zct.tif", zct.copy(), ome=True, metadata=dict(axes="TCZYX"), byteorder=">", photometric="minisblack")
    note("ome-zct", czt, format="OME-TIFF")

    rgb = np.stack([np.stack([picture(21, 26, "u1", 5 * z + s) for s in range(3)], -1) for z in range(2)])
    tifffile.imwrite(HERE / "ome-rgb.tif", rgb, ome=True, metadata=dict(axes="ZYXS"), photometric="rgb")
    note("ome-rgb", np.moveaxis(rgb, -1, 1)[None], format="OME-TIFF", channels=["Red", "Green", "Blue"])

    base = picture(48, 64, "u2")
    with tifffile.TiffWriter(HERE / "ome-pyramid.tif", ome=True) as tif:
        o = dict(tile=(16, 16), compression="zlib", photometric="minisblack")
        tif.write(base, subifds=2, metadata=dict(axes="YX"), **o)
        tif.write(base[::2, ::2], subfiletype=1, **o)
        tif.write(base[::4, ::4], subfiletype=1, **o)
    note("ome-pyramid", base[None, None, None], format="OME-TIFF", levels=[2, 4])

    with tifffile.TiffWriter(HERE / "flat-pyramid.tif") as tif:
        for s in (1, 2, 4):
            tif.write(base[::s, ::s], metadata=None, subfiletype=int(s > 1), tile=(16, 16), resolution=(20000, 20000), resolutionunit="CENTIMETER")
    note("flat-pyramid", base[None, None, None], levels=[2, 4], format="TIFF", micron=[0.5, 0.5, 0])

    tifffile.imwrite(HERE / "imagej.tif", czt, imagej=True, metadata=dict(axes="TZCYX", spacing=0.8, unit="um"), resolution=(4, 4))
    note("imagej", czt, format="ImageJ TIFF", micron=[0.25, 0.25, 0.8])

    stack = czt[0, :, 0]
    tifffile.imwrite(HERE / "pages.tif", stack, metadata=None, compression="zstd", photometric="minisblack")
    note("pages", stack[None, :, None], format="TIFF")


singles()
colours()
stacks()
# ImageJ's own files above 4 GB: one directory, all planes behind each other.
tifffile.imwrite(HERE / "imagej-one.tif", np.stack([picture(20, 22, "u2", s) for s in range(5)]), imagej=True, metadata=dict(axes="ZYX"))
raw = bytearray((HERE / "imagej-one.tif").read_bytes())
with tifffile.TiffFile(HERE / "imagej-one.tif") as tif:
    planes, first = tif.asarray(), tif.pages[0]
    assert first.dataoffsets[0] + planes.nbytes <= len(raw)
    at = first.offset + 2 + 12 * len(first.tags)  # the link to the next directory
    raw[at:at + 4] = b"\0\0\0\0"
(HERE / "imagej-one.tif").write_bytes(raw)
note("imagej-one", planes[None, :, None], format="ImageJ TIFF")
one("u16-jpeg2000", picture(40, 50, "u2"), tile=(32, 32), compression="jpeg2000", metadata=None)  # imagecodecs 2026.3.6
one("rgb-jpeg2000", np.stack([picture(34, 47, "u1", s) for s in range(3)], -1), tile=(32, 32), compression=33005, photometric="rgb", metadata=None)
(HERE / "vectors.json").write_text("[\n" + ",\n".join(json.dumps(v) for v in LIST) + "\n]\n")
