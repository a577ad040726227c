"""Writes every combination of what Zarr images of the labs differ in, by zarr-python and
ome-zarr-py, into a folder, for the matrix test:

    python matrix.py FOLDER [1]

With 1 every type meets every compression, else two do.

FOLDER/matrix.json lists them: group, name, the .raw file with all planes as they are to be
read (T, Z, C, rows, columns; little-endian), shape and type, and what else is to be read.
"""

import itertools
import json
import logging
import pathlib
import sys
import warnings

import dask
import numcodecs
import numpy as np
import zarr
from ome_zarr.format import FormatV04, FormatV05
from ome_zarr.writer import write_image, write_multiscale, write_plate_metadata, write_well_metadata
from zarr.codecs import numcodecs as peers
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
dask.config.set(scheduler="synchronous")
OUT = pathlib.Path(sys.argv[1])
LONG = sys.argv[2:] == ["1"]
LIST, RAWS = [], {}
TYPES = ["b1", "u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8", "i8", "u8"]
SOME = TYPES if LONG else ["u2", "f4"]
CNAMES = ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]
SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"]


def picture(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    grid = np.indices(shape)
    f = 0.5 + 0.35 * np.sin(grid[-1] / 6.0 + sum(g.astype(float) for g in grid[:-2])) * np.cos(grid[-2] / 9.0)
    f = (f + 0.01 * rng.standard_normal(shape) * (grid[-2] % 16 < 8)).clip(0, 1)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return f > 0.5
    if dtype.kind == "f":
        return (f * 3 - 1).astype(dtype)
    i = np.iinfo(dtype)
    return (i.min + np.round(f * 50) / 50 * (float(i.max) - i.min)).astype(dtype)


def note(group, name, planes, **says):
    planes = np.ascontiguousarray(planes)
    planes = planes.astype({"bool": np.uint8, "float16": np.float32, "int64": np.float64, "uint64": np.float64}.get(planes.dtype.name, planes.dtype))
    data = planes.astype(planes.dtype.newbyteorder("<")).tobytes()
    raw = RAWS.setdefault(data, f"{len(RAWS)}.raw")
    (OUT / raw).write_bytes(data)
    LIST.append(dict(group=group, name=name, raw=raw, shape=planes.shape, type=planes.dtype.newbyteorder("=").name, **says))


def five(img, axes="tczyx"):
    """T, Z, C, Y, X of an array with these axes."""
    img = np.asarray(img)
    img = img[tuple(slice(None) if a in axes[-img.ndim :] else None for a in "tczyx")]
    return np.swapaxes(img, 1, 2)


def version2():
    shape, chunks = (2, 3, 70, 90), (1, 2, 32, 40)
    plain = [None, numcodecs.Zlib(), numcodecs.GZip(), numcodecs.Zstd(), numcodecs.LZ4(), numcodecs.BZ2()]
    blosc = [numcodecs.Blosc(cname=c, shuffle=s, clevel=5) for c in CNAMES for s in range(3)]
    kinds = [(k, t, "<", "C", ".") for k in plain for t in TYPES] + [(k, t, "<", "C", ".") for k in blosc for t in SOME]
    kinds += [(numcodecs.Zstd(), t, e, o, s) for t in ["u2", "i4", "f4", "f8", "f2"] for e in "<>" for o in "CF" for s in "./"]
    for i, (codec, dtype, end, order, sep) in enumerate(kinds):
        img = picture(shape, dtype)
        words = "none" if codec is None else codec.codec_id + (f"-{codec.cname}-{SHUFFLES[codec.shuffle]}" if codec.codec_id == "blosc" else "")
        name = f"v2-{i}-{dtype}{'be' if end == '>' else 'le'}-{words}-{order}"
        a = zarr.create_array(OUT / name, shape=shape, chunks=chunks, dtype=np.dtype(dtype).newbyteorder(end) if dtype not in ("b1", "u1", "i1") else dtype,
                              zarr_format=2, compressors=codec, filters=None, order=order, fill_value=0,
                              chunk_key_encoding=dict(name="v2", separator=sep))
        a[:] = img
        note("Zarr 2", name, five(img))


def version3():
    shape, chunks = (2, 3, 70, 90), (1, 2, 32, 40)
    plain = [(), (GzipCodec(),), (ZstdCodec(),), (ZstdCodec(), Crc32cCodec()), (Crc32cCodec(),)]
    blosc = [(BloscCodec(cname=c, shuffle=s),) for c in CNAMES for s in SHUFFLES]
    for (i, codecs), dtype, sharded in itertools.product(enumerate(plain + blosc), SOME, ["no", "end", "start"]):
        if sharded == "start" and i > 3:
            continue
        img = picture(shape, dtype)
        words = "-".join(type(c).__name__.removesuffix("Codec").lower() for c in codecs) or "none"
        if i >= len(plain):
            words += f"-{codecs[0].cname.value}-{codecs[0].shuffle.value}"
        name = f"v3-{i}-{dtype}-{words}-shards-{sharded}"
        shards = None if sharded == "no" else dict(shape=(2, 4, 64, 80), index_location=sharded)
        a = zarr.create_array(OUT / name, shape=shape, chunks=chunks, shards=shards, dtype=bool if dtype == "b1" else dtype, zarr_format=3,
                              compressors=codecs or None, fill_value=0)
        a[:] = img
        note("Zarr 3", name, five(img))
    for (order, end, key, sep), dtype in itertools.product(
        [([3, 1, 0, 2], "little", "default", "/"), (None, "big", "v2", "."), ([1, 0, 3, 2], "big", "default", "."), (None, "little", "v2", "/")], ["u2", "f4", "f2", "i4"]
    ):
        for sharded in (None, (2, 4, 64, 80)):
            img = picture(shape, dtype)
            name = f"v3-{dtype}-{end}-{'turned' if order else 'straight'}-{key}-{'dot' if sep == '.' else 'slash'}-{'shards' if sharded else 'chunks'}"
            a = zarr.create_array(OUT / name, shape=shape, chunks=chunks, shards=sharded, dtype=dtype, zarr_format=3, compressors=ZstdCodec(), serializer=BytesCodec(endian=end),
                                  filters=TransposeCodec(order=tuple(order)) if order else None, fill_value=0, chunk_key_encoding=dict(name=key, separator=sep))
            a[:] = img
            note("Zarr 3", name, five(img))


def numcodecs3():
    """What numcodecs packs, in version 3."""
    for i, (codecs, sharded) in enumerate(itertools.product(
        [(peers.Zlib(),), (peers.GZip(),), (peers.Zstd(),), (peers.LZ4(),), (peers.BZ2(),), (peers.Blosc(cname="zstd", shuffle=2),), (peers.Shuffle(), peers.Zstd()), (peers.Shuffle(elementsize=4),)],
        [None, (2, 4, 64, 80)],
    )):
        img = picture((2, 3, 70, 90), "u2")
        name = f"numcodecs-{i}"
        a = zarr.create_array(OUT / name, shape=img.shape, chunks=(1, 2, 32, 40), shards=sharded, dtype="u2", zarr_format=3, compressors=codecs, fill_value=0)
        a[:] = img
        note("Zarr 3", name, five(img))


def holes():
    """Chunks and shards that were never written, over several fill values."""
    for version, fill, dtype, sharded in itertools.product([2, 3], [0, 7, -1.5, float("nan")], ["u2", "f4"], [False, True]):
        if sharded and version == 2 or dtype == "u2" and (fill != fill or fill < 0):
            continue
        name = f"holes-v{version}-{dtype}-{fill}-{'shards' if sharded else 'chunks'}"
        a = zarr.create_array(OUT / name, shape=(5, 200, 300), chunks=(1, 50, 60), shards=(1, 100, 120) if sharded else None, dtype=dtype, zarr_format=version, fill_value=fill)
        a[1, 60:90, 30:200] = 3
        a[4] = picture((200, 300), dtype)
        note("holes", name, five(a[:]))


def ngff():
    for fmt, axes, dtype, sharded in itertools.product([FormatV04(), FormatV05()], ["yx", "zyx", "cyx", "tyx", "czyx", "tczyx"], ["u1", "u2", "f4"], [False, True]):
        if sharded and fmt.version == "0.4" or not LONG and dtype != "u2" and axes != "zyx":
            continue
        sizes = dict(t=2, c=3, z=4, y=150, x=201)
        img = picture([sizes[a] for a in axes], dtype)
        name = f"ngff-{fmt.version}-{axes}-{dtype}-{'shards' if sharded else 'chunks'}.zarr"
        units = dict(x="micrometer", y="nanometer", z="millimeter", t="second")
        steps = dict(x=0.25, y=250.0, z=0.001, t=2.5, c=1.0)
        chunks = tuple(dict(y=64, x=50, c=2).get(a, 1) for a in axes)
        options = dict(chunks=chunks)
        if sharded:
            options["shards"] = tuple(dict(y=128, x=100, c=4).get(a, 2) for a in axes)
        pyramid = [img, img[..., ::2, ::2], img[..., ::4, ::4]]
        root = zarr.open_group(OUT / name, mode="w", zarr_format=2 if fmt.version == "0.4" else 3)
        write_multiscale(pyramid, root, fmt=fmt, axes=[dict(name=a, type=dict(t="time", c="channel").get(a, "space"), **({"unit": units[a]} if a in units else {})) for a in axes],
                         coordinate_transformations=[[dict(type="scale", scale=[steps[a] * (s if a in "yx" else 1) for a in axes])] for s in (1, 2, 4)],
                         storage_options=options, name="plate 7")
        says = dict(micron=[0.25, 0.25, 1 if "z" in axes else 0], interval=2.5 if "t" in axes else 0, levels=2)
        if "c" in axes:
            channels = [dict(label=n, color=c, active=True, window=dict(start=0, end=255, min=0, max=255)) for n, c in [("DAPI", "0000FF"), ("GFP", "00FF00"), ("Cy5", "FF0000")]]
            attrs = dict(root.attrs)
            if fmt.version == "0.4":
                root.attrs["omero"] = dict(channels=channels)
            else:
                root.attrs["ome"] = attrs["ome"] | dict(omero=dict(channels=channels))
            says |= dict(channels=["DAPI", "GFP", "Cy5"], colors=[[0, 0, 255], [0, 255, 0], [255, 0, 0]])
        note(f"OME-Zarr {fmt.version}", name, five_of(img, axes), **says)
        for level in (1, 2):
            note(f"OME-Zarr {fmt.version}", name, five_of(pyramid[level], axes), level=level)


def five_of(img, axes):
    img = img[tuple(slice(None) if a in axes else None for a in "tczyx")]
    return np.swapaxes(img, 1, 2)


def several():
    """Plates, and the layout of bioformats2raw."""
    for fmt in (FormatV04(), FormatV05()):
        version = 2 if fmt.version == "0.4" else 3
        name = f"plate-{fmt.version}.zarr"
        root = zarr.open_group(OUT / name, mode="w", zarr_format=version)
        wells = ["A/1", "A/2", "B/1"]
        write_plate_metadata(root, ["A", "B"], ["1", "2"], wells, field_count=2, fmt=fmt)
        names = [f"{w}/{f}" for w in wells for f in range(2)]
        for i, at in enumerate(names):
            well = root.require_group(at[:3])
            write_well_metadata(well, ["0", "1"], fmt=fmt)
            img = picture((2, 60, 70), "u2", seed=i)
            write_image(img, well.require_group(at[4:]), fmt=fmt, axes="cyx", scaler=None)
            note("several images", name, five_of(img, "cyx"), image=i, images=names)
        name = f"series-{fmt.version}.zarr"
        root = zarr.open_group(OUT / name, mode="w", zarr_format=version)
        if version == 2:
            root.attrs["bioformats2raw.layout"] = 3
        else:
            root.attrs["ome"] = {"version": "0.5", "bioformats2raw.layout": 3}
        for i in range(3):
            img = picture((4, 60, 70), "u1", seed=i)
            write_image(img, root.require_group(str(i)), fmt=fmt, axes="zyx", scaler=None)
            note("several images", name, five_of(img, "zyx"), image=i, images=["0", "1", "2"])


for make in (version2, version3, numcodecs3, holes, ngff, several):
    make()
(OUT / "matrix.json").write_text(json.dumps(LIST))
