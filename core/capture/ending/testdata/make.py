"""Makes the files of this folder with the programs that write such files: tifffile, Pillow,
pylibCZIrw (Zeiss's own library), h5py and FFmpeg. Run it in an environment that has
av==17.0.1 h5py tifffile pillow pylibCZIrw numpy."""

import fractions
import zipfile

import av
import h5py
import numpy as np
import tifffile
from PIL import Image
from pylibCZIrw import czi

rng = np.random.default_rng(1)
stack = rng.integers(0, 4000, (3, 16, 16), dtype=np.uint16)
rgb = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)

tifffile.imwrite("stack.tif", stack, photometric="minisblack")
tifffile.imwrite("big.ome.tif", stack, bigtiff=True, photometric="minisblack", metadata={"axes": "ZYX"})
with tifffile.TiffWriter("pyramid.tif", byteorder=">") as t:
    t.write(np.tile(stack[0], (4, 4)), subifds=1, tile=(16, 16), compression="zlib")
    t.write(np.tile(stack[0], (2, 2)), subfiletype=1, tile=(16, 16), compression="zlib")

Image.fromarray(rgb).save("rgb.png")
Image.fromarray(rgb).save("rgb.jpg", quality=80)
Image.fromarray(rgb).save("progressive.jpg", quality=80, progressive=True)

with zipfile.ZipFile("rois.zip", "w") as z:
    z.writestr("0001.roi", b"Iout" + bytes(64))
    z.comment = b"two regions"

with h5py.File("old.h5", "w", libver="earliest") as h:
    h["DataSet"] = stack
with h5py.File("new.h5", "w", libver="latest") as h:
    h["DataSet"] = stack

with czi.create_czi("plane.czi", exist_ok=True) as c:
    for i, p in enumerate(stack):
        c.write(p[..., None], plane={"C": 0, "Z": i, "T": 0})
    c.write_metadata("plane", channel_names={0: "DAPI"})


def video(name, codec, pix):
    with av.open(name, "w") as out:
        s = out.add_stream(codec, rate=5)
        s.width, s.height, s.pix_fmt = 32, 32, pix
        for i in range(8):
            f = av.VideoFrame.from_ndarray(np.roll(rgb, i, 0), format="rgb24")
            f.pts, f.time_base = i, fractions.Fraction(1, 5)
            for pkt in s.encode(f):
                out.mux(pkt)
        for pkt in s.encode():
            out.mux(pkt)


video("film.avi", "mjpeg", "yuvj420p")
video("film.mp4", "mpeg4", "yuv420p")
video("film.mov", "mjpeg", "yuvj420p")
video("film.mkv", "mpeg4", "yuv420p")
video("film.webm", "libvpx", "yuv420p")
