"""Reads OME-TIFFs that Coverslip made of other images with tifffile and bioio, and compares them:

    python convert_back.py JOBS

JOBS is a JSON list of files, each with the raw planes (T, Z, C, rows, columns; little-endian) that
the program which wrote the original noted, their shape and type. A film that was compressed with
loss is near them: on average by 5 of 255.
"""

import gzip
import json
import pathlib
import sys
import warnings

import bioio_ome_tiff
import numpy as np
import tifffile
from bioio import BioImage

warnings.filterwarnings("ignore")


def compare(path, raw, shape, dtype, lossy, tolerance):
    data = pathlib.Path(raw).read_bytes()
    data = gzip.decompress(data) if raw.endswith(".gz") else data
    want = np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).reshape(shape)
    with tifffile.TiffFile(path) as tif:
        assert tif.is_ome
        got, axes = tif.series[0].asarray(), tif.series[0].axes
    if axes.endswith("S"):
        got = np.moveaxis(got, -1, -3)
    assert got.dtype == np.dtype(dtype), got.dtype
    got = got.reshape(shape)
    if lossy:
        assert np.abs(got.astype(int) - want).mean((1, 2, 3, 4)).max() < 5
    elif tolerance:
        assert np.abs(got.astype(int) - want).max() <= tolerance
    else:
        assert np.array_equal(got, want, equal_nan=got.dtype.kind == "f")
    img = BioImage(path, reader=bioio_ome_tiff.Reader)
    again = np.asarray(img.get_image_data("TZCYXS" if axes.endswith("S") else "TZCYX"))
    if axes.endswith("S"):
        again = np.moveaxis(again[:, :, 0], -1, 2)
    assert again.shape == got.shape, again.shape
    assert np.array_equal(again, got, equal_nan=got.dtype.kind == "f")


bad = 0
for job in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    try:
        compare(**job)
    except Exception as err:  # noqa: BLE001 - all are to be seen
        bad += 1
        print(job["path"], job["raw"], repr(err), file=sys.stderr)
sys.exit(bad > 0)
