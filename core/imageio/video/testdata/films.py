"""Writes films by FFmpeg's libraries (PyAV) into a folder, for the matrix test:

    python films.py FOLDER

FOLDER/films.json lists them: name, frames, size, planes, how long a frame lasts, the .raw file
with all frames as they are to be read (plane by plane), and by how much bytes may differ; those that need ffmpeg are only to be recognised.
Frames of Motion JPEG are those that libjpeg-turbo decodes.
"""

import fractions
import itertools
import json
import pathlib
import sys

import av
import imagecodecs
import numpy as np

OUT = pathlib.Path(sys.argv[1])
LIST = []


def picture(n, h, w, planes):
    """Frame n: a bar and a brightness of its own, over a gradient."""
    y, x = np.mgrid[0:h, 0:w]
    base = (x * 90 // w + y * 60 // h + (n * 37) % 100).astype(np.uint8)
    base[:, (n * 11) % (w - 8) : (n * 11) % (w - 8) + 8] = 250
    return base if planes == 1 else np.stack([base, base[::-1], 255 - base], -1)


def note(name, frames, seconds, tolerance=0, **says):
    frames = np.stack(frames)
    planes = 1 if frames.ndim == 3 else 3
    (OUT / f"{name}.raw").write_bytes((frames if planes == 1 else np.moveaxis(frames, -1, 1)).tobytes())
    LIST.append(dict(name=name, frames=len(frames), height=frames.shape[1], width=frames.shape[2], planes=planes, interval=seconds, tolerance=tolerance, **says))


def write(name, codec, pix, frames, rate=fractions.Fraction(25), pts=None, options=None, fmt="rgb24", gop=None, bframes=None, container=None):
    with av.open(str(OUT / name), "w", container_options=container or {}) as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix
        if gop:
            stream.gop_size = gop
        if bframes is not None:
            stream.max_b_frames = bframes
        if pts:
            stream.codec_context.time_base = fractions.Fraction(1, 1000)
        for i, img in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(img, format="gray" if img.ndim == 2 else fmt)
            frame.pts, frame.time_base = (pts[i], fractions.Fraction(1, 1000)) if pts else (i, 1 / rate)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)


def motion_jpeg():
    for (ext, codec), pix, rate in itertools.product([("avi", "mjpeg"), ("mov", "mjpeg"), ("mkv", "mjpeg"), ("mp4", "mjpeg")], ["yuvj420p", "yuvj422p", "yuvj444p"], [25, fractions.Fraction(30000, 1001)]):
        name = f"mjpeg-{pix}-{float(rate):.0f}.{ext}"
        write(name, codec, pix, [picture(n, 90, 133, 3) for n in range(20)], rate=fractions.Fraction(rate))
        with av.open(str(OUT / name)) as f:
            frames = [imagecodecs.jpeg8_decode(bytes(p)) for p in f.demux(video=0) if p.size]
        note(name, frames, float(1 / fractions.Fraction(rate)))


def fragments():
    for flags in ("frag_keyframe+empty_moov+default_base_moof", "frag_keyframe"):
        name = f"mjpeg-{len(flags)}-fragments.mp4"
        write(name, "mjpeg", "yuvj420p", [picture(n, 90, 133, 3) for n in range(20)], container=dict(movflags=flags))
        with av.open(str(OUT / name)) as f:
            frames = [imagecodecs.jpeg8_decode(bytes(p)) for p in f.demux(video=0) if p.size]
        note(name, frames, 1 / 25)


def stored():
    for ext, codec, pix, planes in [("avi", "rawvideo", "bgr24", 3), ("avi", "rawvideo", "gray", 1), ("avi", "png", "rgb24", 3), ("avi", "png", "gray", 1), ("mov", "png", "rgb24", 3), ("mov", "rawvideo", "rgb24", 3)]:
        name = f"{codec}-{pix}.{ext}"
        frames = [picture(n, 50, 67 if ext == "avi" else 68, planes) for n in range(12)]
        write(name, codec, pix, frames)
        note(name, frames, 1 / 25)


def by_ffmpeg():
    kinds = [("h264.mp4", "libx264", dict(bframes=3, gop=12)), ("h264-no-b.mov", "libx264", dict(bframes=0, gop=30)), ("h264.mkv", "libx264", dict(bframes=2, gop=250)),
             ("mpeg4.avi", "mpeg4", dict(gop=12, bframes=0)), ("mpeg4-b.avi", "mpeg4", dict(gop=12, bframes=2)), ("vp8.webm", "libvpx", {}), ("h264-ticks.mp4", "libx264", dict(gop=12, rate=fractions.Fraction(30), container=dict(video_track_timescale="30"))), ("vp9.webm", "libvpx-vp9", {}), ("hevc.mp4", "libx265", dict(gop=12))]
    kinds += [("h264-fragments.mp4", "libx264", dict(bframes=2, gop=12, container=dict(movflags="frag_keyframe+empty_moov+default_base_moof"))),
              ("h264-fragments.mov", "libx264", dict(bframes=0, gop=5, container=dict(movflags="frag_keyframe")))]
    irregular = [0, 40, 80, 200, 210, 230, 400, 440, 900, 1000] + [1000 + 33 * k for k in range(1, 31)]
    kinds += [("h264-irregular.mp4", "libx264", dict(bframes=3, gop=12, pts=irregular)), ("vp9-irregular.webm", "libvpx-vp9", dict(pts=irregular))]
    for name, codec, k in kinds:
        write(name, codec, "yuv420p", [picture(n, 120, 160, 3) for n in range(40)], options={"x265-params": "log-level=none"} if codec == "libx265" else None, **k)
        with av.open(str(OUT / name)) as f:
            shown = list(f.decode(video=0))
        times = [s.time for s in shown]
        note(name, [s.to_ndarray(format="rgb24") for s in shown], (times[-1] - times[0]) / (len(times) - 1), ffmpeg=True)


def remux(name, source, shift, start=0, sound=False):
    """Copies the pictures from packet start on, shown shift seconds later; sound begins at zero."""
    with av.open(str(OUT / source)) as film, av.open(str(OUT / name), "w") as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        if sound:
            wave = out.add_stream("aac", rate=8000, layout="mono")
            for k in range(20):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 8000, k * 1024, fractions.Fraction(1, 8000)
                for packet in wave.encode(frame):
                    out.mux(packet)
            for packet in wave.encode():
                out.mux(packet)
        for i, packet in enumerate(p for p in film.demux(video=0) if p.size):
            if i >= start:
                packet.pts += round(shift / packet.time_base)
                packet.dts += round(shift / packet.time_base)
                packet.stream = stream
                out.mux(packet)


def other_clocks():
    """Films whose pictures do not begin at zero, or partly lie outside an edit list."""
    for name, shift, start, sound in [("late.mkv", 0.53, 0, True), ("late.mp4", 0.53, 0, True), ("far.mkv", 100, 0, False), ("trimmed.mp4", -0.7, 12, False)]:
        remux(name, "h264.mp4", shift, start, sound)
        with av.open(str(OUT / name), options={} if name.endswith("mkv") else {"ignore_editlist": "1"}) as f:
            shown = list(f.decode(video=0))
        times = [s.time for s in shown]
        note(name, [s.to_ndarray(format="rgb24") for s in shown], (times[-1] - times[0]) / (len(times) - 1), ffmpeg=True)


for make in (motion_jpeg, fragments, stored, by_ffmpeg, other_clocks):
    make()
(OUT / "films.json").write_text(json.dumps(LIST))
