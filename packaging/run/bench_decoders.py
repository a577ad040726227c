"""Measures the decoders beside scipy, scikit-image, stardist and cellpose's own code.

    bench_decoders.py PYTHON RUNS

PYTHON is what packaging/stack/recipes-install prints. Both sides decode the same inputs,
2048² with 2,000 objects, on one thread; figures are CPU seconds a run, as rows of a table in
Markdown. Ours are Go's own benchmarks in core/segment.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

KINDS = dict(components=("Components", "scipy.ndimage.label"), split=("Split", "scipy and scikit-image"),
             stars=("Stars", "stardist"), flows=("Flows", "cellpose"))


def theirs(folder, runs):
    """Runs in PYTHON: makes the inputs, times the reference, prints seconds by kind."""
    sys.path.insert(0, "core/segment/testdata")
    import reference
    out = {}
    for kind in KINDS:
        job = dict(kind=kind, seed=1, size=2048, objects=2000, reach=5, rays=32, grid=2)
        run = reference.prepare(folder, kind, job, timed=True)
        took = []
        for _ in range(runs):
            begun = time.process_time()
            a = run()
            took.append(time.process_time() - begun)
        if not isinstance(a, dict):  # else it is missing here
            out[kind] = statistics.median(took)
    print(json.dumps(out))


def rows(python, runs):
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1", GOMAXPROCS="1")
    with tempfile.TemporaryDirectory() as d:
        said = subprocess.run([python, __file__, "--theirs", d, str(runs)], check=True, env=env, stdout=subprocess.PIPE, text=True)
        peer = json.loads(said.stdout.splitlines()[-1])
        env["COVERSLIP_BENCH_DECODERS"] = d
        ours = subprocess.run(["go", "test", "-run", "^$", "-bench", "Components|Split|Stars|Flows", "-benchtime", f"{runs}x", "./core/segment"],
                              check=True, env=env, stdout=subprocess.PIPE, text=True).stdout
    for kind, (bench, name) in KINDS.items():
        m = re.search(rf"^Benchmark{bench}\S*\s.*?(\d+(?:\.\d+)?) cpu-ns/op", ours, re.M)
        if m and kind in peer:
            mine = float(m.group(1)) / 1e9
            print(f"| {kind}, 2048², 2,000 objects, CPU | {mine:.3f} s | {peer[kind]:.3f} s ({name}) | {peer[kind] / mine:.1f}× |", flush=True)
        else:
            print(f"| {kind}, 2048², 2,000 objects, CPU | – | {name} is not there | – |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--theirs":
        theirs(sys.argv[2], int(sys.argv[3]))
    else:
        rows(sys.argv[1], int(sys.argv[2]))
