"""Writes every combination of what TIFF files of the labs differ in, by tifffile and
imagecodecs, into a folder, for the matrix test:

    python matrix.py FOLDER

FOLDER/matrix.json lists the files: group, name, the .raw file with all planes as they are to
be read (T, Z, C, rows, columns; little-endian), shape and type, and what else is to be read.
"""

import itertools
import json
import pathlib
import sys
import warnings

import numpy as np
import tifffile

warnings.filterwarnings("ignore")
OUT = pathlib.Path(sys.argv[1])
LIST, RAWS = [], {}
CONTAINERS = [("<", False), (">", False), ("<", True), (">", True)]


def picture(h, w, dtype, seed=0):
    """A smooth field with noise, over the whole range of its type."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    f = 0.5 + 0.35 * np.sin((x + seed * 5) / 6.0) * np.cos(y / 9.0) + 0.02 * rng.standard_normal((h, w))
    f[(x - 20 - seed) ** 2 + (y - 15) ** 2 < 30] = 0.97
    f = f.clip(0, 1)
    if dtype == "b1":
        return f > 0.5
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return (f * 3 - 1).astype(dtype)
    i = np.iinfo(dtype)
    return (i.min + f * (float(i.max) - i.min)).astype(dtype)


def raw(planes):
    """Stores planes (T, Z, C, Y, X) once and returns the name of the file, shape and type."""
    planes = np.ascontiguousarray(planes)
    planes = planes.astype({"bool": np.uint8, "float16": np.float32, "int64": np.float64, "uint64": np.float64}.get(planes.dtype.name, planes.dtype))
    data = planes.astype(planes.dtype.newbyteorder("<")).tobytes()
    name = RAWS.setdefault(data, f"{len(RAWS)}.raw")
    (OUT / name).write_bytes(data)
    return name, list(planes.shape), planes.dtype.newbyteorder("=").name


def note(group, name, planes, **says):
    where, shape, dtype = raw(planes)
    LIST.append(dict(group=group, name=name, raw=where, shape=shape, type=dtype, **says))


def planes_of(img, samples):
    """T, Z, C, Y, X of one page."""
    if samples == "chunky":
        img = np.moveaxis(img, -1, 0)
    return img.reshape((1, 1, -1) + img.shape[-2:])


def cut(layout):
    return dict(tile=(16, 32)) if layout == "tiles" else dict(rowsperstrip=7)


def letters(order, big):
    return ("le" if order == "<" else "be") + ("-big" if big else "")


def samples_of(samples, dtype, h=45, w=61):
    if samples == "grey":
        return picture(h, w, dtype), dict(photometric="minisblack")
    img = np.stack([picture(h, w, dtype, s) for s in range(3)])
    if samples == "chunky":
        return np.ascontiguousarray(np.moveaxis(img, 0, -1)), dict(photometric="rgb", planarconfig="contig")
    return img, dict(photometric="rgb", planarconfig="separate")


def lossless():
    types = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]
    codecs = [("none", 1), ("packbits", 1)] + list(itertools.product(["lzw", "deflate", "adobe_deflate", "zstd"], [1, 2]))
    for dtype, samples, layout, (order, big), (codec, predictor) in itertools.product(
        types, ["grey", "chunky", "planar"], ["strips", "tiles"], CONTAINERS, codecs
    ):
        if predictor == 2 and dtype[0] == "f":
            predictor = 3
        img, words = samples_of(samples, dtype)
        name = f"{dtype}-{samples}-{layout}-{letters(order, big)}-{codec}-p{predictor}.tif"
        tifffile.imwrite(OUT / name, img, byteorder=order, bigtiff=big, metadata=None, predictor=predictor if predictor > 1 else None,
                         compression=None if codec == "none" else codec, **cut(layout), **words)
        note("lossless", name, planes_of(img, samples))


def longs():
    for dtype, samples, layout, (order, big), codec in itertools.product(["i8", "u8"], ["grey", "chunky", "planar"], ["strips", "tiles"], CONTAINERS, [None, "zstd"]):
        img, words = samples_of(samples, dtype)
        name = f"{dtype}-{samples}-{layout}-{letters(order, big)}-{codec}.tif"
        tifffile.imwrite(OUT / name, img, byteorder=order, bigtiff=big, metadata=None, compression=codec, **cut(layout), **words)
        note("64 bits", name, planes_of(img, samples))


def one_bit():
    img = picture(45, 61, "b1")
    for layout, (order, big), codec in itertools.product(["strips", "tiles"], CONTAINERS, ["none", "packbits", "lzw", "adobe_deflate", "zstd"]):
        name = f"b1-{layout}-{letters(order, big)}-{codec}.tif"
        tifffile.imwrite(OUT / name, img, byteorder=order, bigtiff=big, metadata=None, compression=None if codec == "none" else codec,
                         photometric="minisblack", **cut(layout))
        note("one bit", name, img[None, None, None])


def jpeg():
    subsamplings = {"grey": [None], "planar": [None], "chunky": ["rgb", (1, 1), (2, 1), (2, 2)]}
    for samples, layout, (order, big), level in itertools.product(subsamplings, ["strips", "tiles"], CONTAINERS, [60, 95]):
        for sub in subsamplings[samples]:
            img, words = samples_of(samples, "u1")
            k = dict(compressionargs=dict(level=level))
            if sub == "rgb":
                k = dict(compressionargs=dict(level=level, outcolorspace="rgb"))
            elif sub:
                k = dict(compressionargs=dict(level=level), subsampling=sub, photometric="ycbcr", planarconfig="contig")
                words = {}
            if samples == "planar":
                words["photometric"] = "minisblack"
                words["extrasamples"] = [0, 0]
            name = f"jpeg-{samples}-{layout}-{letters(order, big)}-q{level}-{'' if sub is None else 'rgb' if sub == 'rgb' else '%d%d' % sub}.tif"
            rows = dict(tile=(32, 48)) if layout == "tiles" else dict(rowsperstrip=16)
            tifffile.imwrite(OUT / name, img, byteorder=order, bigtiff=big, metadata=None, compression="jpeg", **rows, **words, **k)
            note("jpeg", name, planes_of(tifffile.imread(OUT / name), samples))


def jpeg2000():
    for dtype, samples, layout, (order, big), code in itertools.product(
        ["u1", "u2", "i2"], ["grey", "chunky", "planar"], ["strips", "tiles"], CONTAINERS, ["jpeg2000", 33004, 33005]
    ):
        if order == ">" and (code != "jpeg2000" or dtype != "u1"):  # tifffile swaps the samples' bytes, and does not read its own
            continue
        img, words = samples_of(samples, dtype)
        rows = dict(tile=(32, 48)) if layout == "tiles" else dict(rowsperstrip=16)
        name = f"j2k-{dtype}-{samples}-{layout}-{letters(order, big)}-{code}.tif"
        tifffile.imwrite(OUT / name, img, byteorder=order, bigtiff=big, metadata=None, compression=code, **rows, **words)
        note("JPEG 2000", name, planes_of(img, samples))
        if code == "jpeg2000" or dtype != "u1":
            continue
        name = f"j2k-{dtype}-{samples}-{layout}-{letters(order, big)}-{code}-lossy.tif"
        tifffile.imwrite(OUT / name, img, byteorder=order, bigtiff=big, metadata=None, compression=code,
                         compressionargs=dict(level=45, reversible=False), **rows, **words)
        note("JPEG 2000", name, planes_of(tifffile.imread(OUT / name), samples), near=1)
    img = picture(45, 61, "u2") >> 4
    tifffile.imwrite(OUT / "j2k-12-bits.tif", img, metadata=None, compression="jpeg2000", tile=(32, 48), bitspersample=12,
                     compressionargs=dict(bitspersample=12), photometric="minisblack")
    note("JPEG 2000", "j2k-12-bits.tif", img[None, None, None])
    base = picture(300, 400, "u2")
    name = "j2k-pyramid.ome.tif"
    with tifffile.TiffWriter(OUT / name, ome=True) as tif:
        tif.write(base, subifds=2, compression="jpeg2000", tile=(64, 64), metadata=dict(axes="YX"))
        for s in (2, 4):
            tif.write(base[::s, ::s], subfiletype=1, compression="jpeg2000", tile=(64, 64))
    note("JPEG 2000", name, base[None, None, None], levels=[raw(base[None, None, None, ::s, ::s])[0] for s in (2, 4)])
    slides()


def slides():
    """Slides as Aperio's: 33005 holds red, green and blue, 33003 luma and chroma that no transform turns into those."""
    rgb = np.stack([picture(500, 600, "u1", s) for s in range(3)], -1)
    words = dict(tile=(240, 240), photometric="rgb", metadata=None, description="Aperio Image Library v11\r\n600x500 |AppMag = 20|MPP = 0.4990")
    for code in (33003, 33005):
        name = f"j2k-slide-{code}.svs"
        levels = [rgb[::s, ::s] for s in (1, 2, 4)]
        with tifffile.TiffWriter(OUT / name, bigtiff=True) as tif:
            for s, img in enumerate(levels):
                tif.write(img, subfiletype=int(s > 0), compression=code, compressionargs=dict(mct=code == 33005), **words)
        near = code == 33003
        planes = [planes_of(of_ycbcr(img) if near else img, "chunky") for img in levels]
        note("JPEG 2000", name, planes[0], near=int(near), micron=[0.499, 0.499, 0], levels=[raw(p[:, :, 2:])[0] for p in planes[1:]])


def of_ycbcr(img):
    y, u, v = (img[..., i].astype(float) - (128 if i else 0) for i in range(3))
    return np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], -1).round().clip(0, 255).astype(np.uint8)


def pyramids():
    base = picture(96, 128, "u2")
    for kind, layout, (order, big), codec, predictor in itertools.product(
        ["subifd", "flat"], ["strips", "tiles"], CONTAINERS, ["none", "lzw", "adobe_deflate", "zstd", "packbits"], [1, 2]
    ):
        if predictor == 2 and codec in ("none", "packbits"):
            continue
        name = f"pyramid-{kind}-{layout}-{letters(order, big)}-{codec}-p{predictor}.tif"
        k = dict(compression=None if codec == "none" else codec, predictor=predictor if predictor > 1 else None, photometric="minisblack", **cut(layout))
        with tifffile.TiffWriter(OUT / name, byteorder=order, bigtiff=big, ome=kind == "subifd") as tif:
            if kind == "subifd":
                tif.write(base, subifds=2, metadata=dict(axes="YX"), **k)
                for s in (2, 4):
                    tif.write(base[::s, ::s], subfiletype=1, **k)
            else:
                for s in (1, 2, 4):
                    tif.write(base[::s, ::s], subfiletype=int(s > 1), metadata=None, **k)
        note("pyramid", name, base[None, None, None], levels=[raw(base[None, None, None, ::s, ::s])[0] for s in (2, 4)])


def stacks():
    """5 axes in every order, and with axes left out."""
    full = np.stack([[[picture(11, 14, "u2", 7 * t + 3 * z + c) for c in range(3)] for z in range(4)] for t in range(2)])
    colours = [65535, 16711935, -16776961]
    for axes, (order, big) in itertools.product(["".join(p) for p in itertools.permutations("TZC")], CONTAINERS):
        name = f"ome-{axes}-{letters(order, big)}.tif"
        img = np.ascontiguousarray(np.transpose(full, ["TZC".index(a) for a in axes] + [3, 4]))
        meta = dict(axes=axes + "YX", Name="plate 7", PhysicalSizeX=0.25, PhysicalSizeXUnit="µm", PhysicalSizeY=250.0, PhysicalSizeYUnit="nm",
                    PhysicalSizeZ=0.001, PhysicalSizeZUnit="mm", AcquisitionDate="2026-03-04T05:06:07",
                    Channel={"Name": ["DAPI", "GFP", "Cy5"], "Color": colours})
        tifffile.imwrite(OUT / name, img, ome=True, metadata=meta, byteorder=order, bigtiff=big, photometric="minisblack", compression="zlib")
        note("OME axes", name, full, format="OME-TIFF", micron=[0.25, 0.25, 1], channels=["DAPI", "GFP", "Cy5"],
             colors=[[0, 0, 255], [0, 255, 0], [255, 0, 0]], acquired="2026-03-04T05:06:07")
    for n in range(1, 4):
        for axes, dtype, order in itertools.product(["".join(a) for a in itertools.combinations("TZC", n)], ["u1", "u2", "f4"], "<>"):
            part = full[tuple(slice(None) if a in axes else slice(1) for a in "TZC")].astype(dtype)
            img = part.reshape([s for s, a in zip(part.shape, "TZC") if a in axes] + [11, 14])
            if "C" not in axes or n > 1 or dtype != "u1":
                name = f"imagej-{axes}-{dtype}-{letters(order, False)}.tif"
                tifffile.imwrite(OUT / name, img, imagej=True, byteorder=order, resolution=(4, 4),
                                 metadata=dict(axes=axes + "YX", spacing=0.8, unit="um"), photometric="minisblack")
                note("ImageJ axes", name, part, format="ImageJ TIFF", micron=[0.25, 0.25, 0.8])
            name = f"ome-only-{axes}-{dtype}-{letters(order, False)}.tif"
            tifffile.imwrite(OUT / name, img, ome=True, byteorder=order, metadata=dict(axes=axes + "YX"), photometric="minisblack")
            note("OME axes", name, part, format="OME-TIFF")
    rgb = np.stack([np.stack([picture(21, 26, "u1", 5 * z + s) for s in range(3)], -1) for z in range(2)])
    for kind, order in itertools.product(["ome", "imagej"], "<>"):
        name = f"{kind}-rgb-{letters(order, False)}.tif"
        tifffile.imwrite(OUT / name, rgb, byteorder=order, metadata=dict(axes="ZYXS"), photometric="rgb", **{kind: True})
        note("OME axes" if kind == "ome" else "ImageJ axes", name, np.moveaxis(rgb, -1, 1)[None], channels=["Red", "Green", "Blue"])


def pages():
    """10,000 pages of one file."""
    img = (np.arange(10_000, dtype=np.uint16)[:, None, None] + np.arange(20, dtype=np.uint16).reshape(4, 5)).astype(np.uint16)
    for big in (False, True):
        name = f"pages-{letters('<', big)}.tif"
        with tifffile.TiffWriter(OUT / name, bigtiff=big) as tif:
            for page in img:
                tif.write(page, metadata=None, contiguous=False, photometric="minisblack")
        note("10,000 pages", name, img[None, :, None])


def ome(images, uuid):
    """OME-XML of images: name, order, (T, Z, C), extras and TiffData as (c, z, t, ifd, file, uuid)."""
    out = [f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{uuid}">']
    for i, (name, order, (t, z, c), extra, plane, data) in enumerate(images):
        out.append(f'<Image ID="Image:{i}" Name="{name}"><Pixels ID="Pixels:{i}" DimensionOrder="{order}" Type="uint16" SizeX="14" SizeY="11" '
                   f'SizeC="{c}" SizeZ="{z}" SizeT="{t}" {extra}>' + "".join(f'<Channel ID="Channel:{i}:{k}" SamplesPerPixel="1"/>' for k in range(c)))
        for fc, fz, ft, ifd, file, of in data:
            out.append(f'<TiffData FirstC="{fc}" FirstZ="{fz}" FirstT="{ft}" IFD="{ifd}" PlaneCount="1"><UUID FileName="{file}">urn:uuid:{of}</UUID></TiffData>')
        out.append(plane + "</Pixels></Image>")
    return "".join(out) + "</OME>"


def uuid(k):
    return f"00000000-0000-4000-8000-{k:012d}"


def write_pages(name, pages, description, order="<", **k):
    with tifffile.TiffWriter(OUT / name, byteorder=order) as tif:
        for i, page in enumerate(pages):
            tif.write(page, description=description if i == 0 else None, metadata=None, contiguous=False, photometric="minisblack", **k)


def sets():
    """Images spread over files, several images in a file, metadata in a companion."""
    full = np.stack([[[picture(11, 14, "u2", 7 * t + 3 * z + c) for c in range(3)] for z in range(4)] for t in range(2)])
    where = dict(interval=2.5, stage=[100.5, -20, 0.25])
    extra = 'TimeIncrement="2500" TimeIncrementUnit="ms"'
    plane = '<Plane TheC="0" TheZ="0" TheT="0" PositionX="100.5" PositionXUnit="µm" PositionY="-0.02" PositionYUnit="mm" PositionZ="250" PositionZUnit="nm"/>'
    for axis, order in itertools.product("TZC", "<>"):
        files = [f"set-{axis}-{letters(order, False)}-{k}.ome.tif" for k in range(full.shape["TZC".index(axis)])]
        data, pages = [], [[] for _ in files]
        for t, z, c in itertools.product(range(2), range(4), range(3)):
            k = dict(T=t, Z=z, C=c)[axis]
            data.append((c, z, t, len(pages[k]), files[k], uuid(k)))
            pages[k].append(full[t, z, c])
        for k, name in enumerate(files):
            write_pages(name, pages[k], ome([("spread", "XYCZT", (2, 4, 3), extra, plane, data)], uuid(k)).encode(), order)
        if order == "<" and axis == "T":
            assert (tifffile.imread(OUT / files[0]) == full).all()
        for name in files:
            note("multi-file set", name, full, format="OME-TIFF", **where)
    masters = [f"companion-{k}.ome.tif" for k in range(2)]
    data = [(c, z, t, z * 3 + c, masters[t], uuid(t)) for t, z, c in itertools.product(range(2), range(4), range(3))]
    (OUT / "set.companion.ome").write_text(ome([("spread", "XYCZT", (2, 4, 3), extra, plane, data)], uuid(9)))
    for k, name in enumerate(masters):
        only = f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{uuid(k)}"><BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:{uuid(9)}"/></OME>'
        write_pages(name, full[k].reshape(-1, 11, 14), only.encode())
        note("multi-file set", name, full, format="OME-TIFF", **where)
    for order in "<>":
        name = f"positions-{letters(order, False)}.ome.tif"
        with tifffile.TiffWriter(OUT / name, ome=True, byteorder=order) as tif:
            for p, axes in enumerate(["TZC", "TZC", "C"]):
                tif.write(full[p % 2 :] if axes == "TZC" else full[1, 2], photometric="minisblack", metadata=dict(axes=axes + "YX", Name=f"Pos {p}"))
        names = ["Pos 0", "Pos 1", "Pos 2"]
        for p, part in enumerate([full, full[1:], full[1:, 2:3]]):
            note("positions", name, part, image=p, images=names)
        files = [f"positions-apart-{letters(order, False)}-{k}.ome.tif" for k in range(2)]
        every = [(f"Pos {p}", "XYCZT", (1, 4, 3), "", "", [(c, z, 0, z * 3 + c, files[p], uuid(p)) for z in range(4) for c in range(3)]) for p in range(2)]
        for p, name in enumerate(files):
            write_pages(name, full[p].reshape(-1, 11, 14), ome(every, uuid(p)).encode(), order)
        for p in range(2):
            for name in files:
                note("positions", name, full[p : p + 1], image=p, images=names[:2])


def micromanager():
    """Pages in the order of a recording, described by Micro-Manager's own tag."""
    full = np.stack([[[[picture(11, 14, "u2", 50 * p + 7 * t + 3 * z + c) for c in range(3)] for z in range(4)] for t in range(2)] for p in range(2)])
    for loops, order, n in itertools.product(["PTZC", "TPCZ", "CZTP"], "<>", [1, 2]):
        name = f"micromanager-{loops}-{letters(order, False)}-{n}.tif"
        sizes = dict(P=n, T=2, Z=4, C=3)
        with tifffile.TiffWriter(OUT / name, byteorder=order) as tif:
            for at in itertools.product(*(range(sizes[a]) for a in loops)):
                i = dict(zip(loops, at))
                words = dict(ChannelIndex=i["C"], SliceIndex=i["Z"], FrameIndex=i["T"], PositionIndex=i["P"], Channel=["DAPI", "GFP", "Cy5"][i["C"]],
                             PositionName=f"Pos{i['P']}", PixelSizeUm=0.325, XPositionUm=100.5, YPositionUm=-20, ZPositionUm=0.25 + 0.5 * i["Z"],
                             Time="2026-03-04 05:06:07.123 +0000")
                words["ElapsedTime-ms"] = 1000.0 + 2500 * i["T"]
                tif.write(full[i["P"], i["T"], i["Z"], i["C"]], metadata=None, contiguous=False, photometric="minisblack",
                          extratags=[(51123, "s", 0, json.dumps(words), True)])
        for p in range(n):
            note("Micro-Manager", name, full[p], format="Micro-Manager TIFF", channels=["DAPI", "GFP", "Cy5"], micron=[0.325, 0.325, 0.5], interval=2.5,
                 stage=[100.5, -20, 0.25], acquired="2026-03-04T05:06:07", **(dict(image=p, images=["Pos0", "Pos1"]) if n > 1 else {}))


for make in (lossless, longs, one_bit, jpeg, jpeg2000, pyramids, stacks, sets, micromanager, pages):
    make()
(OUT / "matrix.json").write_text(json.dumps(LIST))
