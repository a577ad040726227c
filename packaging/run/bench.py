"""Measures Coverslip beside its peers and prints a table in Markdown.

    bench.py DVC RUNS
"""
import os
import shutil
import statistics
import subprocess
import sys
import time

import bench_client
import bench_dataset
import bench_decoders
import bench_pipeline
import bench_gateway
import bench_tiff

CTL = os.path.abspath("build/coverslipctl")
APP = os.path.abspath("build/coverslip")


def run(*cmd, cwd=None):
    """Wall and CPU seconds of a command, children included."""
    before, begun = os.times(), time.monotonic()
    subprocess.run(cmd, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return time.monotonic() - begun, cpu


def infer(runs, image):
    """The same image on the embedded engine and on Triton, whose CPU is the server's."""
    own, served = [], []
    for _ in range(runs):
        own.append(run(CTL, "infer", image))
        served.append(run(CTL, "infer", image, "--engine", "grpc://127.0.0.1:8001"))
    return own, served


def row(name, ours, theirs, peer):
    m = lambda a, k: statistics.median(x[k] for x in a)
    print(f"| {name} | {m(ours, 0):.2f} s / {m(ours, 1):.2f} s | {m(theirs, 0):.2f} s / {m(theirs, 1):.2f} s ({peer}) "
          f"| {m(theirs, 0) / m(ours, 0):.1f}× / {m(theirs, 1) / m(ours, 1):.1f}× |", flush=True)


def first_image(runs):
    """Start of the process to the window with an image on it, under a virtual display."""
    times = []
    for _ in range(runs):
        out = subprocess.run(["packaging/run/first-image"], check=True, capture_output=True, text=True).stdout
        times.append(float(out.strip().splitlines()[-1]))
    print(f"| process start to the first image on screen | {statistics.median(times):.2f} s | – | – |", flush=True)


def client(runs):
    """Triton's client on a server of its own, with the models that only answer what they are asked."""
    ports = dict(TRITON_GRPC="8041", TRITON_HTTP="8040", TRITON_METRICS="8042", TRITON_IDENTITY="1")
    env = dict(os.environ, **ports)
    perf = subprocess.run(["packaging/stack/perf-install"], check=True, capture_output=True, text=True).stdout.split()[-1]
    subprocess.run(["packaging/stack/triton-up"], check=True, env=env, stdout=subprocess.DEVNULL)
    try:
        bench_client.rows(perf, "127.0.0.1:8041", "127.0.0.1:8040", runs)
    finally:
        subprocess.run(["packaging/stack/triton-down"], check=True, env=env, stdout=subprocess.DEVNULL)


def main(dvc, runs):
    print("| what | Coverslip, wall / CPU / peak memory | peer | ratio, wall / CPU |\n|---|---|---|---|", flush=True)
    bench_dataset.main(dvc, runs, list(bench_dataset.SHAPES))
    image = "assets/sample/captures/2026-11-24_plate07_A03_DAPI.ome.tif"
    row("infer 1024², 529 nuclei, embedded", *infer(runs, image), "the same on Triton; its own CPU not counted")
    bench_pipeline.rows(subprocess.run(["packaging/stack/lab-install"], check=True, capture_output=True, text=True).stdout.split()[-1], runs)
    bench_gateway.rows()
    bench_decoders.rows(subprocess.run(["packaging/stack/recipes-install"], check=True, capture_output=True, text=True).stdout.split()[-1], runs)
    bench_tiff.rows(subprocess.run(["packaging/stack/imageio-install"], check=True, capture_output=True, text=True).stdout.split()[-1], runs)
    client(runs)
    if shutil.which("Xvfb"):
        first_image(runs)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
