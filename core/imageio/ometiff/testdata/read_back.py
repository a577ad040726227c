"""Reads what Coverslip wrote with tifffile and bioio and compares it:

    python read_back.py FILE RAW TYPE T,Z,C,Y,X [FILE RAW TYPE T,Z,C,Y,X ...]

RAW holds all planes in the order T, Z, C. Of a colour picture C are the samples.
"""

import sys

import bioio_ome_tiff
import numpy as np
import tifffile
from bioio import BioImage


def half(img):
    """Means of 2 × 2, integers rounded half up, edges repeated."""
    img = np.pad(img, [(0, 0)] * (img.ndim - 2) + [(0, img.shape[-2] % 2), (0, img.shape[-1] % 2)], mode="edge")
    wide = img.astype("f8" if img.dtype.kind == "f" else "i8")
    s = wide[..., ::2, ::2] + wide[..., ::2, 1::2] + wide[..., 1::2, ::2] + wide[..., 1::2, 1::2]
    return (s / 4 if img.dtype.kind == "f" else (s + 2) >> 2).astype(img.dtype)


def compare(path, raw, dtype, shape):
    shape = tuple(map(int, shape.split(",")))
    data = np.fromfile(raw, np.dtype(dtype).newbyteorder("<")).reshape(shape).astype(dtype)
    want = data
    with tifffile.TiffFile(path) as tif:
        assert tif.is_ome, "not OME"
        series = tif.series[0]
        levels = 1
        while max(want.shape[-2:]) / 2 ** (levels - 1) > 512:
            levels += 1
        assert len(series.levels) == levels, (len(series.levels), levels)
        colour = series.axes.endswith("S")
        for level in series.levels:
            got = level.asarray()
            if colour:
                got = np.moveaxis(got, -1, -3)
            assert got.dtype == np.dtype(dtype), got.dtype
            assert (got.reshape(want.shape) == want).all(), f"level {level.shape} differs"
            assert level.pages[0].is_tiled
            want = half(want)
        xml = tif.ome_metadata
        for words in ('PhysicalSizeX="0.1625"', 'PhysicalSizeZ="0.5"', 'TimeIncrement="2.5"', "2026-03-04T05:06:07", "Big Scope"):
            assert words in xml, (words, xml)
    img = BioImage(path, reader=bioio_ome_tiff.Reader)
    t, z, c, y, x = shape
    assert (img.dims.T, img.dims.Z, img.dims.Y, img.dims.X) == (t, z, y, x), img.dims
    assert img.physical_pixel_sizes.X == 0.1625 and img.physical_pixel_sizes.Z == 0.5
    if not colour:
        assert img.channel_names == ["DAPI <1>", "Grün"][:c], img.channel_names
        assert (np.asarray(img.get_image_data("TZCYX")) == data).all()


for i in range(1, len(sys.argv), 4):
    compare(*sys.argv[i : i + 4])
