"""Writes the CZIs that labs differ in, by Zeiss's own library, into a folder, for the matrix
test:

    python matrix.py FOLDER [few]

With "few" it writes the small ones that lie beside this script, for tests without a peer.

FOLDER/matrix.json lists them: group, name, number of the image and of the level, the .raw file
with all planes as pylibCZIrw reads them (T, Z, C, rows, columns; little-endian; colours as
red, green, blue), shape and type, and what else is to be read.

The library writes no pyramids, no JPEG and no JPEG XR: tiles that it wrote are turned into such,
and it reads the pyramids and JPEG XR. What it can't read (JPEG) is compared with czifile's reading.
"""

import itertools
import json
import pathlib
import struct
import sys

import czifile
import imagecodecs
import numpy as np
from pylibCZIrw import czi

OUT = pathlib.Path(sys.argv[1])
FEW = sys.argv[2:] == ["few"]
LIST = []
TYPES = {"Gray8": ("u1", 1), "Gray16": ("u2", 1), "Gray32Float": ("f4", 1), "Bgr24": ("u1", 3), "Bgr48": ("u2", 3), "Bgr96Float": ("f4", 3)}
PACKED = ["uncompressed:", "zstd0:ExplicitLevel=3", "zstd1:ExplicitLevel=2", "zstd1:ExplicitLevel=4;PreProcess=HiLoByteUnpack"]


def picture(w, h, pixel, seed=0):
    dtype, samples = TYPES[pixel]
    rng = np.random.default_rng(seed)
    y, x, c = np.mgrid[:h, :w, :samples]
    f = 0.5 + 0.3 * np.sin(x / 7 + seed + c) * np.cos(y / 9) + 0.1 * rng.random((h, w, samples)) * (y % 16 < 8)
    if dtype == "f4":
        return (f * 3 - 1).astype(dtype)
    return (f * np.iinfo(dtype).max).astype(dtype)


def name_of(*words):
    return "-".join(str(w).lower() for w in words if w != "") + ".czi"


def short(packed):
    return packed.split(":")[0] + ("-halves" if "HiLo" in packed else "")


def write(name, tiles, packed="uncompressed:", meta=None):
    """tiles: (pixels, (x, y), dict of Z, C, T, scene)."""
    with czi.create_czi(str(OUT / name), exist_ok=True, compression_options=packed) as out:
        for pixels, at, plane in tiles:
            scene = plane.get("S", 0)
            out.write(pixels, location=at, plane={k: v for k, v in plane.items() if k != "S"}, scene=scene)
        out.write_metadata("matrix", **(meta or {}))


def note(group, name, level=1, image=0, scene=None, **says):
    """What pylibCZIrw reads of an image, at a level that is smaller by a number."""
    with czi.open_czi(str(OUT / name)) as f:
        box = f.total_bounding_box_no_pyramid
        at = f.total_bounding_rectangle_no_pyramid if scene is None else f.scenes_bounding_rectangle_no_pyramid[scene]
        roi = (at.x, at.y, -(-at.w // level) * level, -(-at.h // level) * level)
        planes = np.array([
            [[f.read(roi=roi, plane=dict(T=t, Z=z, C=c), scene=scene, zoom=1 / level) for c in range(*box["C"])] for z in range(*box["Z"])]
            for t in range(*box["T"])
        ])  # T, Z, C, rows, columns, samples
    put(group, name, planes[..., ::-1], level, image, **says)


def put(group, name, planes, level=1, image=0, **says):
    t, z, c, h, w, n = planes.shape
    planes = np.moveaxis(planes, 5, 3).reshape(t, z, c * n, h, w)
    raw = f"{name}.{image}.{level}.raw"
    (OUT / raw).write_bytes(np.ascontiguousarray(planes).tobytes())
    LIST.append(dict(group=group, name=name, raw=raw, level=level, image=image, shape=planes.shape, type=planes.dtype.name, **says))


def entries(data):
    """Where each entry of the directory is, and where it is repeated in its sub-block."""
    at = struct.unpack_from("<Q", data, 32 + 52)[0] + 32
    count = struct.unpack_from("<I", data, at)[0]
    at += 128
    for _ in range(count):
        block = struct.unpack_from("<Q", data, at + 6)[0]
        yield at, block + 32 + 16
        at += 32 + 20 * struct.unpack_from("<I", data, at + 28)[0]


def smaller(name, which, by, sizes=None):
    """Makes a pyramid of the tiles which(M): they are smaller by a number."""
    path = OUT / name
    data = bytearray(path.read_bytes())
    for places in entries(data):
        dims = {data[p : p + 1].decode(): p for p in range(places[0] + 32, places[0] + 32 + 20 * 7, 20)}
        m = struct.unpack_from("<i", data, dims["M"] + 4)[0]
        if not which(m):
            continue
        for at in places:
            data[at + 22] = 2
            for axis in "XY":
                p = dims[axis] - places[0] + at
                start, size, _, stored = struct.unpack_from("<iifi", data, p + 4)
                full = (sizes or {}).get(axis, size * by)
                struct.pack_into("<i", data, p + 8, full)
    path.write_bytes(data)


def repack(name, code, pack):
    """Packs the pixels of all tiles by pack, in the room that they had; code stands for it in a CZI."""
    path = OUT / name
    data = bytearray(path.read_bytes())
    for at, again in list(entries(data)):
        pixel = struct.unpack_from("<i", data, at + 2)[0]
        block = again - 48
        meta, _, size = struct.unpack_from("<iiq", data, block + 32)
        begin = block + 32 + 256 + meta
        h, w = (struct.unpack_from("<i", data, p + 16)[0] for p in (at + 52, at + 32))
        dtype, samples = list(TYPES.values())[pixel]
        pixels = np.frombuffer(bytes(data[begin : begin + size]), dtype).reshape((h, w, samples) if samples > 1 else (h, w))
        packed = pack(pixels)
        assert len(packed) <= size, (len(packed), size)
        data[begin : begin + len(packed)] = packed
        struct.pack_into("<q", data, block + 40, len(packed))
        for p in (at, again):
            struct.pack_into("<i", data, p + 18, code)
    path.write_bytes(data)


def jpegs(name):
    repack(name, 1, lambda p: imagecodecs.jpeg8_encode(p, level=85, subsampling="420" if p.ndim == 3 else None))


def types():
    for pixel, packed in itertools.product(TYPES, PACKED):
        name = name_of("type", pixel, short(packed))
        write(name, [(picture(61, 47, pixel), (-13, 8), {})], packed)
        if pixel == "Bgr96Float" or pixel == "Bgr48" and "HiLo" in packed:  # which the library writes; it refuses the one, and two thirds of the other are black
            put("types", name, picture(61, 47, pixel)[None, None, None, ..., ::-1])
        else:
            note("types", name)


def planes():
    for (t, z, c), (pixel, packed) in itertools.product(
        [(1, 3, 1), (4, 1, 1), (1, 1, 3), (2, 3, 2), (3, 1, 2)], [("Gray16", PACKED[0]), ("Gray8", PACKED[1]), ("Gray16", PACKED[3]), ("Bgr24", PACKED[2])]
    ):
        if pixel == "Bgr24" and c > 1:
            continue
        name = name_of("planes", t, z, c, pixel, short(packed))
        order = list(itertools.product(range(t), range(z), range(c)))
        write(name, [(picture(40, 30, pixel, i), (5, -6), dict(T=a, Z=b, C=d)) for i, (a, b, d) in enumerate(reversed(order))], packed)
        note("planes", name)
    late = [picture(40, 30, "Gray16", i) for i in range(2)]  # counted from 3, which the library does not read
    write("later.czi", [(p, (0, 0), dict(Z=3 + i, T=1)) for i, p in enumerate(late)])
    put("planes", "later.czi", np.array(late)[None, :, None])


def mosaics():
    """Tiles that leave no gap, that overlap, and with holes; in any order of places."""
    for (step, keep), (pixel, packed) in itertools.product(
        [(64, 9), (50, 9), (33, 9), (80, 9), (50, 6)], [("Gray16", PACKED[0]), ("Gray16", PACKED[3]), ("Gray8", PACKED[1]), ("Bgr24", PACKED[0]), ("Bgr48", PACKED[2]), ("Gray32Float", PACKED[1])]
    ):
        places = np.random.default_rng(step).permutation([(x * step - 70, y * step + 20) for x in range(3) for y in range(3)])[:keep]
        name = name_of("mosaic", step, keep, pixel, short(packed))
        write(name, [(picture(64, 64, pixel, i), tuple(int(v) for v in at), dict(C=c)) for c in range(1 if "Bgr" in pixel else 2) for i, at in enumerate(places)], packed)
        note("mosaics", name)
    big = picture(2500, 2300, "Gray16")
    write("large.czi", [(big, (0, 0), {})], PACKED[1])  # which the library cuts
    note("mosaics", "large.czi")


def scenes():
    for count, (pixel, packed) in itertools.product([1, 2, 5], [("Gray16", PACKED[0]), ("Gray8", PACKED[3]), ("Bgr24", PACKED[1])]):
        name = name_of("scenes", count, pixel, short(packed))
        tiles = [(picture(50 + 3 * s, 40, pixel, s + m + z), (s * 300 + 45 * m, -70 * s), dict(S=s, Z=z)) for s in range(count) for z in range(2) for m in range(2)]
        write(name, tiles, packed)
        for s in range(count):
            note("scenes", name, image=s, scene=s, images=[f"Scene {i + 1}" for i in range(count)] if count > 1 else None)


def pyramids():
    """Two tiles side by side with what is smaller by two and four, or by three."""
    for (pixel, packed), by, origin in itertools.product([("Gray8", PACKED[0]), ("Gray16", PACKED[3]), ("Bgr24", PACKED[1])], [(2, 4), (3,)], [(0, 0), (-17, 31)]):
        name = name_of("pyramid", by[-1], origin[0], pixel, short(packed))
        x, y = origin
        w, h = 96, 72
        tiles = [(picture(w, h, pixel), (x, y), {}), (picture(w, h, pixel, 1), (x + w, y), {})]
        tiles += [(picture(2 * w // k, h // k, pixel, k), (x, y), {}) for k in by]
        write(name, tiles, packed)
        for i, k in enumerate(by):
            smaller(name, lambda m: m == 2 + i, k)
        for k in (1, *by):
            note("pyramids", name, level=k, levels=1 + len(by))
    # a side that can't be halved; a level without its right half; one beside the grid
    for name, at, size, levels in [("odd.czi", 0, (46, 31), 2), ("half.czi", 0, (22, 31), 1), ("aside.czi", 1, (45, 31), 1)]:
        write(name, [(picture(91, 61, "Gray16"), (0, 0), {}), (picture(*size, "Gray16", 1), (at, at), {})])
        smaller(name, lambda m: m == 1, 2, dict(X=91 - at, Y=61 - at) if size[0] > 40 else None)
        note("pyramids", name, levels=levels)
    note("pyramids", "odd.czi", level=2, levels=2)


def jpeg():
    for pixel, count in [("Gray8", 1), ("Bgr24", 1), ("Gray8", 2), ("Bgr24", 2)]:
        name = name_of("jpeg", pixel, count)
        write(name, [(picture(75, 53, pixel, i) // 8 * 8, (75 * i, 0), {}) for i in range(count)])
        jpegs(name)
        with czifile.CziFile(str(OUT / name)) as f:
            read = f.asarray()
        read = read.reshape(1, 1, 1, *read.shape[-3:])
        put("JPEG", name, read)


def xr(pixels, level, old):
    """As ZEN writes it: colours of 8 bits stand as blue, green, red, and where it is old, a version before the standard."""
    pixels = np.ascontiguousarray(pixels[..., ::-1]) if pixels.ndim == 3 else pixels
    rgb24 = bytes.fromhex("24c3dd6f034efe4bb1853d77768dc90d")
    data = bytearray(imagecodecs.jpegxr_encode(pixels, level=level).replace(rgb24, rgb24[:-1] + b"\x0c"))
    data[data.index(b"WMPHOTO\0") + 8] -= old
    return data


def jpegxr():
    for pixel, level, (w, h), count in itertools.product(["Gray8", "Gray16", "Gray32Float", "Bgr24", "Bgr48"], [None, 0.9, 0.6, 40], [(75, 53), (200, 128)], [1, 3]):
        name = name_of("jxr", pixel, level or "lossless", w, count)
        bits = 4 if TYPES[pixel][0] == "u2" else 0  # as cameras have 12
        write(name, [(picture(w, h, pixel, i) >> bits if bits else picture(w, h, pixel, i), (w * i - 9, 4 * i), {}) for i in range(count)])
        repack(name, 4, lambda p: xr(p, level, old=count > 1))
        note("JPEG XR", name)


def words():
    """Names, colours, sizes; what the library does not write itself is put in afterwards."""
    shown = czi.ChannelDisplaySettingsDataClass
    colors = [(0, 0, 255), (10, 200, 30), (255, 128, 0)]
    meta = dict(channel_names={0: "DAPI", 1: "GFP & more", 2: "Cy5"}, scale_x=0.2e-6, scale_y=0.325e-6, scale_z=1.5e-6,
                display_settings={i: shown(True, czi.TintingMode.Color, czi.Rgb8Color(*map(np.uint8, rgb)), 0.0, 1.0) for i, rgb in enumerate(colors)})
    tiles = [(picture(30, 20, "Gray16", c + s), (0, s * 90), dict(C=c, S=s, T=t)) for s in range(2) for c in range(3) for t in range(2)]
    says = dict(micron=[0.2, 0.325, 1.5], channels=["DAPI", "GFP & more", "Cy5"], colors=colors)
    write("words.czi", tiles, meta=meta)
    for s in range(2):
        note("metadata", "words.czi", image=s, scene=s, images=["Scene 1", "Scene 2"], **says)
    write("edited.czi", tiles, meta=meta)
    with czi.edit_czi(str(OUT / "edited.czi")) as e, e.edit_session() as b:
        text = b.get_xml().replace("<Dimensions>", "<AcquisitionDateAndTime>2026-11-24T08:30:15.5Z</AcquisitionDateAndTime><Dimensions>"
            "<S><Scenes><Scene Index='0' Name='A1'/><Scene Index='1' Name='B7'/></Scenes></S>"
            "<T><Positions><Interval><Start>0</Start><Increment>2.5</Increment></Interval></Positions></T>", 1)
        text = text.replace("<Information>", "<Information><Instrument><Microscopes><Microscope Id='Microscope:1' Name='Axio Observer 7'/></Microscopes></Instrument>", 1)
        b.set_xml(text)
    with czi.open_czi(str(OUT / "edited.czi")) as f:
        assert "Axio Observer 7" in f.raw_metadata and "B7" in f.raw_metadata
    for s in range(2):
        note("metadata", "edited.czi", image=s, scene=s, images=["A1", "B7"], interval=2.5, acquired="2026-11-24T08:30:15.5Z", instrument="Axio Observer 7", **says)
    write("nameless.czi", [(picture(30, 20, "Gray16"), (0, 0), dict(C=c)) for c in range(2)])
    note("metadata", "nameless.czi", micron=[0, 0, 0], colors=[[255, 255, 255]] * 2)


def few():
    write("mosaic.czi", [(picture(16, 12, "Gray16", i), (i * 10, 3), {}) for i in range(3)] + [(picture(18, 6, "Gray16", 9), (0, 3), {})], PACKED[3])
    smaller("mosaic.czi", lambda m: m == 3, 2)
    for k in (1, 2):
        note("mosaics", "mosaic.czi", level=k, levels=2)
    write("scenes.czi", [(picture(14, 9, "Bgr24", s), (40 * s, 0), dict(S=s)) for s in range(2)], PACKED[1])
    for s in range(2):
        note("scenes", "scenes.czi", image=s, scene=s, images=["Scene 1", "Scene 2"])
    write("jpeg.czi", [(np.full((24, 32, 1), 90, "u1"), (0, 0), {})])
    jpegs("jpeg.czi")
    with czifile.CziFile(str(OUT / "jpeg.czi")) as f:
        put("JPEG", "jpeg.czi", f.asarray().reshape(1, 1, 1, 24, 32, 1))
    write("jxr.czi", [(picture(40, 30, "Bgr24"), (0, 0), {})])
    repack("jxr.czi", 4, lambda p: xr(p, 40, old=True))
    note("JPEG XR", "jxr.czi")
    write("planes.czi", [(picture(8, 6, "Gray8", z + c), (0, 0), dict(Z=z, C=c)) for z in range(2) for c in range(2)])
    note("planes", "planes.czi")


for make in [few] if FEW else [types, planes, mosaics, scenes, pyramids, jpeg, jpegxr, words]:
    make()
(OUT / "matrix.json").write_text(json.dumps(LIST, indent=1) + "\n")
