"""Measures the viewer in its real window: frames are counted on the virtual display's pixels.

    bench_viewer.py IMAGE...        rows of the peers' table, one image after the other

Each image is opened with coverslip -look (and the objects of IMAGE.geojson, if it is there) on a
1920x1080 display with software OpenGL. COVERSLIP_BENCH_NAPARI, the path of a Python that has
napari, adds its row for the same image. COVERSLIP_BENCH_MAKE=FOLDER makes the images first:
16384x16384 uint16, 512x512 deflate tiles, with one and with four channels and 100,000 objects.
"""
import contextlib
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np

APP = os.path.abspath("build/coverslip")
W, H = 1920, 1080


class Screen:
    """A virtual display whose pixels are a file in memory."""

    def __init__(self):
        n = 190
        while os.path.exists(f"/tmp/.X11-unix/X{n}"):
            n += 1
        self.name, self.dir = f":{n}", tempfile.mkdtemp(dir="/dev/shm")
        self.env = dict(os.environ, DISPLAY=self.name, LIBGL_ALWAYS_SOFTWARE="1", LANG="en_US.UTF-8")
        self.env.pop("WAYLAND_DISPLAY", None)
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.programs = [subprocess.Popen(["Xvfb", self.name, "-screen", "0", f"{W}x{H}x24", "-fbdir", self.dir, "-nolisten", "tcp", "-noreset"], **quiet)]
        wait(20, lambda: os.path.exists(f"/tmp/.X11-unix/X{n}") and os.path.exists(self.dir + "/Xvfb_screen0"))
        wait(20, lambda: subprocess.run(["xdpyinfo"], env=self.env, check=False, **quiet).returncode == 0)
        self.programs.append(subprocess.Popen(["openbox"], env=self.env, **quiet))
        with open(self.dir + "/Xvfb_screen0", "rb") as f:
            m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        head = struct.unpack(">25I", m[:100])
        self.pixels = np.frombuffer(m, np.uint8, count=head[12] * head[5], offset=head[0] + head[19] * 12).reshape(head[5], head[12] // 4, 4)

    def close(self):
        for p in self.programs:
            p.terminate()
            p.wait()
        shutil.rmtree(self.dir)

    def tool(self, *args):
        return subprocess.run(["xdotool", *map(str, args)], env=self.env, capture_output=True, text=True).stdout

    def patch(self):
        """48x48 pixels in the middle of the picture, as a number."""
        return zlib.crc32(self.pixels[H // 2 - 24:H // 2 + 24, W // 2 - 124:W // 2 - 76].tobytes())

    def lit(self):
        """Whether an image, not only a window, is in the middle of the screen."""
        s = self.pixels[300:800:16, 500:1200:16, :3].astype(np.float32)
        return s.std() > 8 and len(np.unique(s.reshape(-1, 3).astype(np.uint8), axis=0)) > 60


def wait(seconds, ok):
    end = time.monotonic() + seconds
    while not ok():
        if time.monotonic() > end:
            raise SystemExit("bench_viewer: waited too long")
        time.sleep(0.005)


def cpu(pid):
    """Seconds that a process has worked."""
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid):
    """Peak memory in MB."""
    return next(int(l.split()[1]) for l in open(f"/proc/{pid}/status") if l.startswith("VmHWM")) // 1024


def pan(screen, seconds=4.0):
    """Drags to and fro; returns frames shown a second."""
    mover = subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, env=screen.env, text=True)
    x, y, dx, dy = W // 2 - 300, H // 2 + 100, 5, 3
    script = [f"mousemove {x} {y}", "sleep 0.1", "mousedown 1", "sleep 0.1"]
    for i in range(int(seconds * 125)):
        if i % 60 == 0:
            dx, dy = (dx, -dy) if i % 120 else (-dx, dy)
        x, y = x + dx, y + dy
        script += [f"mousemove {x} {y}", "sleep 0.008"]
    mover.stdin.write("\n".join(script + ["sleep 0.1", "mouseup 1"]) + "\n")
    mover.stdin.close()
    changes, last, begun = [], screen.patch(), time.monotonic()
    while mover.poll() is None:
        now = screen.patch()
        if now != last:
            changes.append(time.monotonic())
            last = now
        time.sleep(0.002)
    return len(changes) / (time.monotonic() - begun)


def answers(screen, words):
    """Milliseconds from each line, of what xdotool does, to other pixels in the picture: median and
    the one that nine of ten are below. Lines that change nothing within a second are left out, with None
    if those are more than a tenth."""
    hand = subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, env=screen.env, text=True)
    out = []
    for line in words:
        time.sleep(0.15)
        before, begun = screen.patch(), time.monotonic()
        print(line, file=hand.stdin, flush=True)
        while screen.patch() == before and time.monotonic() < begun + 1:
            time.sleep(0.0005)  # who looks must not take the processor from what is measured
        took = (time.monotonic() - begun) * 1e3
        if took < 1000:
            out.append(took)
    hand.stdin.close()
    hand.wait()
    out.sort()
    if len(out) < 0.9 * len(words):
        return None
    return out[len(out) // 2], out[len(out) * 9 // 10]


def drag_contrast(screen, x, y):
    """How soon a move on the histogram at (x, y) shows."""
    screen.tool("mousemove", x, y, "mousedown", 1)
    time.sleep(0.5)
    took = answers(screen, [f"mousemove {x - 6 * (i % 2 + 1) - i} {y}" for i in range(20)])
    screen.tool("mouseup", 1)
    return took


def ms(took):
    return "–" if took is None else f"{took[0]:.0f} ms (90 %: {took[1]:.0f})"


def ours(image):
    """Measures Coverslip on one image."""
    screen, work = Screen(), tempfile.mkdtemp()
    begun = time.monotonic()
    app = subprocess.Popen([APP, "-workspace", work, "-appearance", "dark", "-look", image], env=screen.env,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(120, screen.lit)
        first = time.monotonic() - begun
        win = screen.tool("search", "--onlyvisible", "--name", "Coverslip").split()[0]
        screen.tool("windowmove", win, 0, 0, "windowsize", win, W, H)
        time.sleep(6)  # objects are read and the first tiles rest
        screen.tool("mousemove", W // 2 - 300, H // 2, "click", 1, "key", "plus", "key", "plus", "key", "plus", "key", "plus", "key", "plus", "key", "plus")
        time.sleep(4)
        pan(screen, 2)  # once over the path: what is measured is the screen, not the disk
        fps, before = [], cpu(app.pid)
        for _ in range(3):
            fps.append(pan(screen))
        busy = cpu(app.pid) - before
        frames = sum(fps) * 4
        picture = os.environ.get("COVERSLIP_BENCH_PICTURE")
        if picture:
            subprocess.run(["import", "-window", "root", picture], env=screen.env, check=False)
        contrast = drag_contrast(screen, W - 60, 170)
        screen.tool("mousemove", 5, 5)
        time.sleep(3)
        before = cpu(app.pid)
        time.sleep(5)
        idle = (cpu(app.pid) - before) / 5
        print(f"| {os.path.basename(image)} in Coverslip | {first:.2f} s | {sorted(fps)[1]:.0f} fps | {1e3 * busy / max(frames, 1):.0f} ms CPU a frame "
              f"| contrast {ms(contrast)} | {peak(app.pid)} MB | idle {100 * idle:.1f} % |", flush=True)
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait()
        screen.close()
        shutil.rmtree(work)


def bare(what, *flags):
    """Measures the toolkit alone: a window with one picture in it."""
    screen, work = Screen(), tempfile.mkdtemp()
    subprocess.run(["go", "build", "-tags", "migrated_fynedo", *flags, "-o", work + "/frames", "./packaging/run/frames"], check=True)
    app = subprocess.Popen([work + "/frames"], env=screen.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(60, lambda: screen.tool("search", "--onlyvisible", "--name", "Coverslip").split())
        time.sleep(2)
        win = screen.tool("search", "--onlyvisible", "--name", "Coverslip").split()[0]
        screen.tool("windowmove", win, 0, 0, "windowsize", win, W, H)
        time.sleep(2)
        pan(screen, 2)
        before = cpu(app.pid)
        fps = [pan(screen) for _ in range(3)]
        busy = cpu(app.pid) - before
        moved = answers(screen, [f"mousemove {W // 2 - 6 * (i % 2 + 1) - i} {H // 2}" for i in range(20)])
        screen.tool("mousemove", 5, 5)
        time.sleep(3)
        before = cpu(app.pid)
        time.sleep(5)
        idle = (cpu(app.pid) - before) / 5
        print(f"| one picture in a window of {what}, nothing else | – | {sorted(fps)[1]:.0f} fps | {1e3 * busy / max(sum(fps) * 4, 1):.0f} ms CPU a frame "
              f"| other picture {ms(moved)} | {peak(app.pid)} MB | idle {100 * idle:.1f} % |", flush=True)
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait()
        screen.close()
        shutil.rmtree(work)


NAPARI = """
import sys, zarr, tifffile, napari
z = zarr.open(tifffile.imread(sys.argv[1], aszarr=True), mode="r")
levels = [z[k] for k in sorted(z.array_keys(), key=int)]
v = napari.Viewer(show=True)
v.window._qt_window.showMaximized()
if levels[0].ndim == 2:
    v.add_image(levels, multiscale=True, contrast_limits=(150, 3000))
else:
    v.add_image(levels, multiscale=True, channel_axis=0, contrast_limits=[(150, 3000)] * 4, colormap=["blue", "green", "red", "magenta"])
v.camera.zoom = 0.5
napari.run()
"""


def napari(python, image):
    """Measures napari on the same image, without objects."""
    screen = Screen()
    begun = time.monotonic()
    app = subprocess.Popen([python, "-c", NAPARI, image], env=screen.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(180, screen.lit)
        first = time.monotonic() - begun
        time.sleep(6)
        pan(screen, 2)
        before = cpu(app.pid)
        fps = [pan(screen) for _ in range(3)]
        busy = cpu(app.pid) - before
        print(f"| {os.path.basename(image)} in napari, no objects | {first:.2f} s | {sorted(fps)[1]:.0f} fps | {1e3 * busy / max(sum(fps) * 4, 1):.0f} ms CPU a frame "
              f"| – | {peak(app.pid)} MB | – |", flush=True)
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait()
        screen.close()


STACK = """
import sys, tifffile, napari
v = napari.Viewer(show=True)
v.window._qt_window.showMaximized()
v.add_image(tifffile.imread(sys.argv[1]), contrast_limits=(100, 4000))
v.dims.last_used = int(sys.argv[2])
napari.run()
"""


@contextlib.contextmanager
def shown(command):
    """A program that shows an image, and its screen."""
    screen = Screen()
    app = subprocess.Popen(command, env=screen.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(180, screen.lit)
        time.sleep(4)
        yield app, screen
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait()
        screen.close()


@contextlib.contextmanager
def looking(image):
    """Coverslip in a window as large as its screen."""
    with tempfile.TemporaryDirectory() as work, shown([APP, "-workspace", work, "-appearance", "dark", "-look", image]) as (app, screen):
        win = screen.tool("search", "--onlyvisible", "--name", "Coverslip").split()[0]
        screen.tool("windowmove", win, 0, 0, "windowsize", win, W, H)
        time.sleep(2)
        yield app, screen


def stack(image, python):
    """Steps through the planes and the times of a stack, each key from its press to the screen."""
    steps = lambda on, back: ["key --delay 0 " + (on if i // 7 % 2 == 0 else back) for i in range(42)]
    with looking(image) as (app, screen):
        for name, on, back in (("z", "Up", "Down"), ("t", "period", "comma")):
            took = answers(screen, steps(on, back))
            print(f"| {name} step, stack of 512², 16 planes, 16 times, in Coverslip | | | | {ms(took)} | {peak(app.pid)} MB | |", flush=True)
    for name, axis in (("z", 1), ("t", 0)) if python else ():
        with shown([python, "-c", STACK, image, str(axis)]) as (app, screen):
            screen.tool("mousemove", W // 2 - 100, H // 2, "click", 1)
            time.sleep(1)
            took = answers(screen, steps("Right", "Left"))
            print(f"| {name} step in napari, the whole stack in its memory | | | | {ms(took)} | {peak(app.pid)} MB | |", flush=True)


def film(path, rate):
    """Plays a film; counts the frames that are shown."""
    with looking(path) as (app, screen):
        screen.tool("key", "k")
        time.sleep(1)
        shown, last, before, begun = 0, screen.patch(), cpu(app.pid), time.monotonic()
        while time.monotonic() < begun + 6:
            now = screen.patch()
            shown, last = shown + (now != last), now
            time.sleep(0.002)
        took = time.monotonic() - begun
        print(f"| {os.path.basename(path)}, 1280×720, {rate} frames a second, plays | | {shown / took:.1f} fps | {1e3 * (cpu(app.pid) - before) / max(shown, 1):.0f} ms CPU a frame "
              f"| | {peak(app.pid)} MB | |", flush=True)


def moving(folder, python):
    """Rows of a stack and of films."""
    import bench_viewer_images
    stack(bench_viewer_images.stack(os.path.join(folder, "stack.ome.tif")), python)
    for path in bench_viewer_images.films(folder):
        film(path, bench_viewer_images.RATE)


def make(folder):
    """Makes the images of the table; returns their paths."""
    import bench_viewer_images
    return [bench_viewer_images.make(os.path.join(folder, f"c{c}.ome.tif"), c) for c in (1, 4)]


if __name__ == "__main__":
    images = sys.argv[1:]
    if os.environ.get("COVERSLIP_BENCH_MAKE"):
        images += make(os.environ["COVERSLIP_BENCH_MAKE"])
    print("| image, 1920×1080, software GL | start to image | pan shown | | | peak memory | |\n|---|---|---|---|---|---|---|", flush=True)
    peer = os.environ.get("COVERSLIP_BENCH_NAPARI")
    bare("Fyne")
    changed = subprocess.run(["go", "run", "./packaging/fyne", "build/fyne"], check=True, capture_output=True, text=True).stdout.strip()
    bare("the changed Fyne", "-modfile", changed)
    for path in images:
        ours(path)
        if peer:
            napari(peer, path)
    if os.environ.get("COVERSLIP_BENCH_MAKE"):
        moving(os.environ["COVERSLIP_BENCH_MAKE"], peer)
