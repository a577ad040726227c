"""Measures "coverslipctl infer" over many images beside the script that a lab writes today.

    bench_pipeline.py PYTHON RUNS

PYTHON is what packaging/stack/lab-install prints; Triton runs on this machine. Both sides
read the same 64 images of 2048² uint16, normalise them by percentiles, cut tiles of 256 that
share 32 pixels, ask the same model, stitch, label, measure, and write labels and a table, in
one process. Figures are of whole processes: wall seconds, CPU seconds and peak memory, medians
of RUNS, in turn. The models:

    delay   each batch of up to 16 tiles takes 30 ms and no CPU here: a GPU that is elsewhere
    cpu     the bundled network on this machine's CPU, which is the limit; 8 images

At the end both must have found the same, and a single image of 16384² is measured for memory.
COVERSLIP_BENCH_KEEP=FOLDER keeps images and results there.
"""
import base64
import contextlib
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

CTL = os.path.abspath("build/coverslipctl")
HERE = os.path.dirname(os.path.abspath(__file__))
HTTP = os.environ.get("COVERSLIP_TEST_TRITON_HTTP", "http://127.0.0.1:8000")
GRPC = os.environ.get("COVERSLIP_TEST_TRITON_GRPC", "grpc://127.0.0.1:8001")
DELAY, BATCH = 30, 16  # milliseconds, tiles

RECIPE = """name: {name}
task: instances
class: nucleus
inputs:
  - {{id: image, axes: bcyx, type: float32, min: 64, step: 16, ops: [{{id: scale_range, kwargs: {{min_percentile: 1, max_percentile: 99.8}}}}]}}
outputs:
{outputs}
decode: {{id: components, kwargs: {{threshold: 0.5, min_size: 20}}}}
"""


def make(folder, count, side):
    """Runs in PYTHON: writes images of 1,000 nuclei in 2048², with the noise of a camera."""
    import numpy as np
    import tifffile
    for i in range(count):
        rng = np.random.default_rng(i)
        x = np.full((side, side), 200, np.float32)
        for _ in range(1000 * side * side // 2048**2):
            cy, cx = rng.uniform(0, side, 2)
            a, b, turn, level = *rng.uniform(8, 15, 2), rng.uniform(0, np.pi), rng.uniform(2500, 4000)
            top, left = max(int(cy) - 18, 0), max(int(cx) - 18, 0)
            y, z = np.mgrid[top:min(top + 37, side), left:min(left + 37, side)]
            u, v = (y - cy) * np.cos(turn) + (z - cx) * np.sin(turn), (z - cx) * np.cos(turn) - (y - cy) * np.sin(turn)
            d = np.sqrt((u / a)**2 + (v / b)**2)
            spot = x[top:top + 37, left:left + 37]
            np.maximum(spot, 200 + level / (1 + np.exp(8 * (d - 1))), out=spot)
        x += rng.standard_normal(x.shape, np.float32) * np.sqrt(x)
        tifffile.imwrite(os.path.join(folder, f"plate_{i:02}.tif"), np.clip(x, 0, 65535).astype(np.uint16))


def alike(ours, theirs):
    """Runs in PYTHON: prints objects of both, and how many of theirs have one of ours that
    overlaps by more than half."""
    import numpy as np
    import tifffile
    n = [0, 0, 0]
    for path in sorted(glob.glob(os.path.join(theirs, "*.tif"))):
        b, a = tifffile.imread(path), tifffile.imread(os.path.join(ours, os.path.basename(path).removesuffix(".tif") + ".labels.tif"))
        both, shared = np.unique(b.astype(np.int64) << 32 | a, return_counts=True)
        size_a, size_b = np.bincount(a.ravel()), np.bincount(b.ravel())
        at_b, at_a = both >> 32, both & 0xffffffff
        iou = shared / (size_a[at_a] + size_b[at_b] - shared)
        n[0] += (size_a[1:] > 0).sum()
        n[1] += (size_b[1:] > 0).sum()
        n[2] += ((iou > 0.5) & (at_a > 0) & (at_b > 0)).sum()
    print(json.dumps([int(v) for v in n]))


def post(path, body):
    request = urllib.request.Request(HTTP + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as r:
        return r.read()


@contextlib.contextmanager
def served(name, config, files):
    """Has Triton serve a model that comes over the wire."""
    parameters = {"config": json.dumps(config)}
    parameters.update({"file:" + f: base64.b64encode(data).decode() for f, data in files.items()})
    post(f"/v2/repository/models/{name}/load", {"parameters": parameters})
    try:
        yield
    finally:
        post(f"/v2/repository/models/{name}/unload", {})


def delayed():
    port = {"data_type": "TYPE_FP32", "dims": [1, 256, 256]}
    config = {"name": "bench_delay", "backend": "python", "max_batch_size": BATCH, "dynamic_batching": {},
              "input": [{"name": "image", **port}], "output": [{"name": "prob", **port}],
              "parameters": {"delay": {"string_value": str(DELAY)}}, "instance_group": [{"count": 1, "kind": "KIND_CPU"}]}
    with open(os.path.join(HERE, "delay_model.py"), "rb") as f:
        return served("bench_delay", config, {"1/model.py": f.read()})


def bundled():
    files = {}
    for name, path in (("1/model.onnx", "assets/sample/model/model.onnx"), ("1/model.py", "packaging/triton/model.py")):
        with open(path, "rb") as f:
            files[name] = f.read()
    return served("bench_cpu", {"name": "bench_cpu", "backend": "python", "max_batch_size": 0}, files)


def timed(command):
    """Wall and CPU seconds and peak MB of a command."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, code, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(code)
        if child.returncode:
            said.seek(0)
            sys.exit(f"{command}: {said.read().decode()}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def ours(top, name, into, images):
    os.makedirs(into, exist_ok=True)
    return [CTL, "infer", "--engine", GRPC, "--model", name, "--folder", os.path.join(top, name),
            "--tile", "256", "--overlap", "32", "--force", "--into", into, *images]


def theirs(python, name, scale, into, images):
    os.makedirs(into, exist_ok=True)
    return [python, os.path.join(HERE, "lab_script.py"), GRPC.removeprefix("grpc://"), name, str(scale), into, *images]


def compare(what, python, runs, a, b, n):
    figures = {"ours": [], "theirs": []}
    for _ in range(runs):
        figures["ours"].append(timed(a))
        figures["theirs"].append(timed(b))
    x, y = ([statistics.median(f[k] for f in figures[w]) for k in range(3)] for w in ("ours", "theirs"))
    print(f"| {what}, an image | {x[0] / n:.3f} s / {x[1] / n:.3f} s / {x[2]:.0f} MB | {y[0] / n:.3f} s / {y[1] / n:.3f} s / {y[2]:.0f} MB (Python) "
          f"| {y[0] / x[0]:.1f}× / {y[1] / x[1]:.1f}× |", flush=True)


def same(python, a, b):
    said = subprocess.run([python, __file__, "--alike", a, b], check=True, stdout=subprocess.PIPE, text=True).stdout
    x, y, both = json.loads(said)
    if both < 0.99 * max(x, y):
        sys.exit(f"bench_pipeline: {x} objects of ours, {y} of theirs, {both} alike")
    return x, y, both


def rows(python, runs, count=64):
    with contextlib.ExitStack() as stack:
        top = os.environ.get("COVERSLIP_BENCH_KEEP") or stack.enter_context(tempfile.TemporaryDirectory())
        env = dict(os.environ, OPENBLAS_NUM_THREADS="2")
        for folder, n, side in (("images", count, 2048), ("large", 1, 16384)):
            at = os.path.join(top, folder)
            if not os.path.isdir(at):
                os.makedirs(at + ".new", exist_ok=True)
                subprocess.run([python, __file__, "--make", at + ".new", str(n), str(side)], check=True, env=env)
                os.rename(at + ".new", at)
        outputs = {"bench_delay": "  - {id: prob, axes: bcyx, type: float32}",
                   "bench_cpu": "  - {id: prob, axes: bcyx, type: float32, scale: 0.5}\n  - {id: dist, axes: bcyx, type: float32, scale: 0.5}"}
        for name, text in outputs.items():
            os.makedirs(os.path.join(top, name), exist_ok=True)
            with open(os.path.join(top, name, "coverslip.yaml"), "w") as f:
                f.write(RECIPE.format(name=name, outputs=text))
        images = sorted(glob.glob(os.path.join(top, "images", "*.tif")))[:count]
        into = lambda who, name: os.path.join(top, f"{who}-{name}")
        with delayed():
            a, b = into("ours", "delay"), into("theirs", "delay")
            compare(f"pipeline, {count} × 2048², {DELAY} ms a batch", python, runs, ours(top, "bench_delay", a, images), theirs(python, "bench_delay", 1, b, images), len(images))
            x, y, both = same(python, a, b)
            large = timed(ours(top, "bench_delay", into("ours", "large"), glob.glob(os.path.join(top, "large", "*.tif"))))
            print(f"| pipeline, one of 16384² | {large[0]:.2f} s / {large[1]:.2f} s / {large[2]:.0f} MB | – | – |", flush=True)
        print(f"bench_pipeline: {x} objects of ours, {y} of theirs, {both} alike", file=sys.stderr)
        with bundled():
            a, b, few = into("ours", "cpu"), into("theirs", "cpu"), images[:8]
            compare(f"pipeline, {len(few)} × 2048², network on this CPU", python, runs, ours(top, "bench_cpu", a, few), theirs(python, "bench_cpu", 2, b, few), len(few))
            print("bench_pipeline: %d objects of ours, %d of theirs, %d alike" % same(python, a, b), file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1] == "--make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1] == "--alike":
        alike(sys.argv[2], sys.argv[3])
    else:
        rows(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:]))
