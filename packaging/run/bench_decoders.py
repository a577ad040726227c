"""Measures the decoders beside scipy, scikit-image, stardist and cellpose's own code.

    bench_decoders.py PYTHON RUNS [KIND...]

PYTHON is what packaging/stack/recipes-install prints. Both sides decode the same inputs,
2048² with 2,000 objects, on one thread, by turns; figures are medians of CPU seconds, as
rows of a table in Markdown. Ours are Go's own benchmarks in core/segment.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

# How often ours decodes in one turn: the peers have a process that has decoded before, and in ours the first round
# pays for memory that later ones use again, which is half of what the quickest takes.
ROUNDS = dict(components=20)
KINDS = dict(components=("Components", "scipy.ndimage.label"), split=("Split", "scipy and scikit-image"),
             stars=("Stars", "stardist"), flows=("Flows", "cellpose"))


def theirs(folder):
    """Runs in PYTHON: decodes the kinds that the standard input names, with the reference, and says what each took."""
    sys.path.insert(0, "core/segment/testdata")
    import reference
    ready = {}
    for kind in map(str.strip, sys.stdin):
        if kind not in ready:
            job = dict(kind=kind, seed=1, size=2048, objects=2000, reach=5, rays=32, grid=2)
            ready[kind] = reference.prepare(folder, kind, job, timed=True)
        begun = time.process_time()
        a = ready[kind]()
        took = time.process_time() - begun
        print(json.dumps(None if isinstance(a, dict) else took), flush=True)  # nothing where it is missing


def rows(python, runs, kinds=tuple(KINDS)):
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1", GOMAXPROCS="1")
    with tempfile.TemporaryDirectory() as d:
        env["COVERSLIP_BENCH_DECODERS"] = d
        bench = os.path.join(d, "segment.test")
        subprocess.run(["go", "test", "-c", "-o", bench, "./core/segment"], check=True)
        with subprocess.Popen([python, __file__, "--theirs", d], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
            for kind in kinds:
                row(kind, runs, peer, bench, env)
            peer.stdin.close()


def row(kind, runs, peer, bench, env):
    name, what = KINDS[kind]
    took, mine = [], []
    for _ in range(runs + 1):  # the first warms both up
        print(kind, file=peer.stdin, flush=True)
        took.append(json.loads(peer.stdout.readline()))
        if took[-1] is None:
            print(f"| {kind}, 2048², 2,000 objects, CPU | – | {what} is not there | – |", flush=True)
            return
        said = subprocess.run([bench, "-test.run", "^$", "-test.bench", f"^Benchmark{name}$", "-test.benchtime", f"{ROUNDS.get(kind, 2)}x"],
                              check=True, env=env, stdout=subprocess.PIPE, text=True).stdout
        mine.append(float(re.search(r"(\d+(?:\.\d+)?) cpu-ns/op", said).group(1)) / 1e9)
    a, b = statistics.median(mine[1:]), statistics.median(took[1:])
    print(f"| {kind}, 2048², 2,000 objects, CPU | {a:.3f} s | {b:.3f} s ({what}) | {b / a:.1f}× |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--theirs":
        theirs(sys.argv[2])
    else:
        rows(sys.argv[1], int(sys.argv[2]), sys.argv[3:] or tuple(KINDS))
