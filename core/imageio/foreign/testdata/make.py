"""Writes files as microscopes do, for the tests of package foreign:

    python make.py FOLDER

FOLDER/made.json lists their images: name of the file, number of the image, the .raw file with all
planes as OpenReadout reads them (T, Z, C, rows, columns; little-endian), shape and type, and what else is
to be read. CZIs are written by Zeiss's own library. ND2 and LIF, which no library writes, are written here by
what is publicly known of their layout; that OpenReadout reads what was put in is checked here.
"""

import json
import pathlib
import struct
import sys

import numpy as np
import openreadout
from pylibCZIrw import czi

OUT = pathlib.Path(sys.argv[1])
LIST = []


def picture(*shape, dtype=np.uint16, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)


# Nikon ND2: named chunks, a map of them at the end; words are in "lite variants".


def lv(**items):
    """Level of a lite variant. Numbers are (type, value)."""
    out, offsets = b"", []
    for name, v in items.items():
        offsets.append(len(out))
        out += lv_item(name.lstrip("_"), v)
    return out, offsets


def lv_item(name, v):
    text = (name + "\0").encode("utf-16-le")
    code, body = 11, b""
    if isinstance(v, dict):
        inner, offsets = lv(**v)
        head = 2 + len(text) + 12
        body = struct.pack("<IQ", len(v), head + len(inner)) + inner + struct.pack(f"<{len(offsets)}Q", *offsets)
    elif isinstance(v, bool):
        code, body = 1, bytes([v])
    elif isinstance(v, int):
        code, body = 3, struct.pack("<I", v)
    elif isinstance(v, float):
        code, body = 6, struct.pack("<d", v)
    elif isinstance(v, bytes):
        code, body = 9, struct.pack("<Q", len(v)) + v
    else:
        code, body = 8, (v + "\0").encode("utf-16-le")
    return bytes([code, len(text) // 2]) + text + body


def chunk(name, data):
    pad = name.encode().ljust(32, b"\0")
    return struct.pack("<IIQ", 0x0ABECEDA, len(pad), len(data)) + pad + data


def nd2(path, planes, names, colors, micron, step, period):
    """planes: T, P, Z, C, rows, columns."""
    t, p, z, c, h, w = planes.shape
    frames = planes.reshape(t * p * z, c, h, w).transpose(0, 2, 3, 1)
    bits = planes.dtype.itemsize * 8
    attributes = dict(
        uiWidth=w, uiWidthBytes=w * c * bits // 8, uiHeight=h, uiComp=c, uiBpcInMemory=bits, uiBpcSignificant=bits,
        uiSequenceCount=len(frames), uiTileWidth=w, uiTileHeight=h, eCompression=2, dCompressionParam=0.0, ePixelType=1, uiVirtualComponents=c,
    )
    loops = dict(eType=4, uLoopPars=dict(uiCount=z, dZLow=0.0, dZHigh=step * (z - 1), dZStep=step))
    points = {f"a{i}": dict(dPosX=100.0 * i, dPosY=0.0, dPosZ=0.0, dPosName=f"Well {i}") for i in range(p)}
    if p > 1:
        loops = dict(eType=2, uLoopPars=dict(uiCount=p, Points=points), pItemValid=bytes([1] * p), ppNextLevelEx=dict(a0=loops))
    loops = dict(eType=1, uLoopPars=dict(uiCount=t, dPeriod=1000.0 * period), ppNextLevelEx=dict(a0=loops))
    channels = {
        f"a{i}": dict(uiCompCount=1, uiSampleIndex=0, sDescription=n, uiColor=rgb[0] | rgb[1] << 8 | rgb[2] << 16)
        for i, (n, rgb) in enumerate(zip(names, colors))
    }
    picture_metadata = dict(
        dTimeMSec=0.0, dTimeAbsolute=2461375.5, dXPos=12.0, dYPos=-7.0, dZPos=3.0, bCalibrated=True, dCalibration=micron, dAspect=1.0,
        wsObjectiveName="Plan Apo 20x", dObjectiveMag=20.0, dObjectiveNA=0.75,
        sPicturePlanes=dict(uiCount=c, uiCompCount=c, sPlaneNew=channels),
    )
    parts = {
        "ND2 FILE SIGNATURE CHUNK NAME01!": b"Ver3.0".ljust(64, b"\0"),
        "ImageAttributesLV!": lv_item("SLxImageAttributes", attributes),
        "ImageMetadataLV!": lv_item("SLxExperiment", loops),
        "ImageMetadataSeqLV|0!": lv_item("SLxPictureMetadata", picture_metadata),
        "ImageCalibrationLV|0!": lv_item("SLxCalibration", dict(dCalibration=micron, dAspect=1.0)),
    }
    for i, frame in enumerate(frames):
        parts[f"ImageDataSeq|{i}!"] = struct.pack("<d", 1000.0 * i) + np.ascontiguousarray(frame).tobytes()
    parts["CustomData|AcqTimesCache!"] = np.arange(len(frames), dtype="<f8").tobytes()
    out, entries = b"", b""
    for name, data in parts.items():
        entries += name.encode() + struct.pack("<QQ", len(out), len(data))
        out += chunk(name, data)
    end = b"ND2 CHUNK MAP SIGNATURE 0000001!"
    at = len(out)
    out += chunk("ND2 FILEMAP SIGNATURE NAME 0001!", entries + end + struct.pack("<Q", at))
    path.write_bytes(out + end + struct.pack("<Q", at))


# Leica LIF: a description in XML, then memories.


def lif(path, images):
    """images: (name, planes of T, Z, C, rows, columns, LUTs, µm a pixel, µm a plane, seconds)."""

    def text(s):
        return s.encode("utf-16-le")

    def block(name, data):
        return struct.pack("<IIBQBI", 0x70, 2 * len(name) + 14, 0x2A, len(data), 0x2A, len(name)) + text(name) + data

    elements, blocks = "", b""
    for i, (name, planes, luts, micron, step, period) in enumerate(images):
        t, z, c, h, w = planes.shape
        size = planes.dtype.itemsize
        channels = "".join(
            f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="{8 * size}" LUTName="{lut}" BytesInc="{k * w * h * size}"/>'
            for k, lut in enumerate(luts)
        )
        dims = "".join(
            f'<DimensionDescription DimID="{dim}" NumberOfElements="{n}" Origin="0" Length="{length}" Unit="{unit}" BytesInc="{inc}"/>'
            for dim, n, length, unit, inc in [
                (1, w, 1e-6 * micron * (w - 1), "m", size),
                (2, h, 1e-6 * micron * (h - 1), "m", w * size),
                (3, z, 1e-6 * step * (z - 1), "m", c * w * h * size),
                (4, t, period * (t - 1), "s", z * c * w * h * size),
            ]
            if n > 1
        )
        elements += (
            f'<Element Name="{name}" UniqueID="{i}"><Data><Image><ImageDescription><Channels>{channels}</Channels>'
            f'<Dimensions>{dims}</Dimensions></ImageDescription></Image></Data>'
            f'<Memory Size="{planes.nbytes}" MemoryBlockID="MemBlock_{i}"/></Element>'
        )
        blocks += block(f"MemBlock_{i}", planes.tobytes())
    xml = f'<LMSDataContainerHeader Version="2"><Element Name="made" UniqueID="p"><Data><Experiment Path=""/></Data><Children>{elements}</Children></Element></LMSDataContainerHeader>'
    path.write_bytes(struct.pack("<IIBI", 0x70, 2 * len(xml) + 5, 0x2A, len(xml)) + text(xml) + blocks)


def note(name, image, want, **says):
    """want: T, Z, C, rows, columns, as they were put in; None where another program did that."""
    with openreadout.File(OUT / name) as f:
        read = np.moveaxis(f.read_image(image), 1, 2)  # T, C, Z, rows, columns
    if want is not None:
        np.testing.assert_array_equal(read, want)
    raw = f"{len(LIST)}.raw"
    (OUT / raw).write_bytes(np.ascontiguousarray(read).tobytes())
    LIST.append(dict(name=name, image=image, raw=raw, shape=read.shape, type=read.dtype.name, **says))


def main():
    p = picture(3, 2, 4, 2, 40, 52)  # T, P, Z, C, rows, columns
    name = "-x.nd2"
    nd2(OUT / name, p, ["DAPI", "GFP"], [(0, 0, 255), (0, 255, 0)], 0.325, 0.5, 10)
    for i in range(2):
        note(name, i, p[:, i], micron=[0.325, 0.325, 0.5], channels=["DAPI", "GFP"], colors=[[0, 0, 255], [0, 255, 0]], images=2, interval=10)
    p = picture(1, 1, 1, 1, 1500, 1100, dtype=np.uint8)
    name = "A [1]*? $(touch x) 'é' %s.nd2"
    nd2(OUT / name, p, ["Phase"], [(255, 255, 255)], 0.65, 1, 1)
    note(name, 0, p[:, 0], micron=[0.65, 0.65, 1], channels=["Phase"], images=0, interval=1)

    a, b = picture(1, 5, 2, 33, 47, dtype=np.uint8), picture(4, 1, 1, 64, 20)
    lif(OUT / "two.lif", [("Series 1", a, ["Blue", "Green"], 0.2, 0.75, 1), ("Film", b, ["Gray"], 0.5, 1, 30)])
    note("two.lif", 0, a, micron=[0.2, 0.2, 0.75], images=2)
    note("two.lif", 1, b, micron=[0.5, 0.5, 0], images=2, interval=30)

    with czi.create_czi(str(OUT / "slide.czi"), exist_ok=True, compression_options="zstd1:ExplicitLevel=2") as out:
        for s in range(2):
            for c in range(2):
                out.write(picture(300, 200, 1, seed=s + c), location=(1000 * s, 0), plane=dict(C=c, Z=0, T=0), scene=s)
        out.write_metadata("made", channel_names={0: "DAPI", 1: "mCherry"}, scale_x=2e-7, scale_y=2e-7)
    for i in range(2):
        note("slide.czi", i, None, micron=[0.2, 0.2, 0], channels=["DAPI", "mCherry"], images=2)
    (OUT / "made.json").write_text(json.dumps(LIST))


main()
