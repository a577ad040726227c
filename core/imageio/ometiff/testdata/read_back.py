"""Reads what Coverslip wrote with tifffile and bioio and compares it:

    python read_back.py FILE RAW TYPE T,Z,C,Y,X [FILE RAW TYPE T,Z,C,Y,X ...]

RAW holds all planes in the order T, Z, C. Of a colour picture C are the samples.
"""

import sys
import xml.etree.ElementTree as ET

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


def for_qupath(tif, shape, colour):
    """What Bio-Formats, and so QuPath, takes a pyramid from: levels in SubIFDs of each page, marked as
    reduced, in tiles whose sides are multiples of 16, each half as large as the one before; sizes and
    their units said outright."""
    t, z, c, y, x = shape
    series = tif.series[0]
    for page in (p.aspage() for p in series.levels[0].pages):
        below = page.tags["SubIFDs"].value if "SubIFDs" in page.tags else ()
        assert len(below) == len(series.levels) - 1, below
    for n, level in enumerate(series.levels):
        for page in (p.aspage() for p in level.pages):
            assert page.tilewidth % 16 == 0 and page.tilelength % 16 == 0, (page.tilewidth, page.tilelength)
            assert page.subfiletype & 1 == (n > 0), (n, page.subfiletype)
            assert (page.imagelength, page.imagewidth) == (-(-y >> n), -(-x >> n)), page
    ns = {"o": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}
    px = ET.fromstring(tif.ome_metadata.encode()).find("o:Image/o:Pixels", ns)
    for name, v in dict(SizeT=t, SizeZ=z, SizeC=c, SizeY=y, SizeX=x).items():
        assert px.get(name) == str(v), (name, px.get(name))
    for axis in "XYZ":
        assert px.get(f"PhysicalSize{axis}Unit") == "µm", px.attrib
    assert px.get("TimeIncrementUnit") == "s", px.attrib
    assert sum(int(ch.get("SamplesPerPixel")) for ch in px.findall("o:Channel", ns)) == c
    assert len(series.levels[0].pages) == t * z * (1 if colour else c)


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
        for_qupath(tif, shape, colour)
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
