"""Measures the Triton client beside NVIDIA's perf_analyzer.

    bench_client.py PERF_ANALYZER GRPC HTTP RUNS

PERF_ANALYZER is what packaging/stack/perf-install prints; GRPC and HTTP are host:port of a
tritonserver with the identity models (TRITON_IDENTITY=1). Both sides ask the same models, in
turn; medians of the runs, as rows of a table in Markdown: microseconds of the client's
processor time a request, and requests a second. perf_analyzer's requests are counted by the
server, warming up included, as its processor time is; what it takes to start is subtracted.
Ours are Go's own benchmarks in core/infer/triton, through the same calls as the program's.
"""
import base64
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import urllib.request

MODELS = {65536: ("identity_uint8", "UINT8", "64 KiB"), 8 << 20: ("identity_uint16", "UINT16", "8 MiB")}
DELAY = "bench_20ms"  # stands for a model that takes its time
SLEEPS = '''import time
import triton_python_backend_utils as pb


class TritonPythonModel:
    def execute(self, requests):
        time.sleep(0.02 * len(requests))
        return [pb.InferenceResponse([pb.Tensor("OUT", pb.get_input_tensor_by_name(r, "IN").as_numpy())]) for r in requests]
'''


def call(http, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://{http}/v2/{path}", data)) as r:
        return json.loads(r.read() or b"{}")


def load_delay(http):
    port = lambda name: [{"name": name, "data_type": "TYPE_UINT8", "dims": [-1, -1]}]
    config = {"name": DELAY, "backend": "python", "max_batch_size": 0, "input": port("IN"), "output": port("OUT")}
    call(http, f"repository/models/{DELAY}/load", {"parameters": {
        "config": json.dumps(config), "file:1/model.py": base64.b64encode(SLEEPS.encode()).decode()}})


def answered(http, model):
    return call(http, f"models/{model}/stats")["model_stats"][0]["inference_stats"]["success"]["count"]


def cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def bounded():
    """Bounds the memory of a child, before the kernel looks for one to end."""
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))


def theirs(perf, grpc, http, model, size, width, at_once, shared):
    """CPU µs a request, requests a second; None where it ends without a figure: of 8 questions of 8 MiB at a
    time it keeps so much that a machine of 24 GB runs out of memory."""
    with tempfile.NamedTemporaryFile() as f:
        before, count = cpu(), answered(http, model)
        cmd = [perf, "-m", model, "-i", "grpc", "-u", grpc, "--shape", f"IN:256,{size // width // 256}", "--concurrency-range", str(at_once),
               "-p", "1500", "-s", "999", "-r", "3", "-f", f.name]
        if shared:
            cmd += ["--shared-memory", "system", "--output-shared-memory-size", str(size)]
        if subprocess.run(cmd, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=bounded).returncode:
            return None
        took, n = cpu() - before, answered(http, model) - count
        return 1e6 * (took - STARTS[0]) / n, float(f.read().decode().splitlines()[1].split(",")[1])


STARTS = [0.0]


def starts(perf):
    """CPU seconds of perf_analyzer that asks nothing."""
    before = cpu()
    subprocess.run([perf, "--version"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cpu() - before


def ours(program, address, model, kind, size, at_once, shared):
    spec = f"{model}:{kind}:{size}:{at_once}:{str(shared).lower()}"
    env = dict(os.environ, COVERSLIP_BENCH_TRITON=address, COVERSLIP_BENCH_ASK=spec)
    said = subprocess.run([program, "-test.run", "^$", "-test.bench", "Client", "-test.benchtime", "3s"],
                          check=True, env=env, stdout=subprocess.PIPE, text=True).stdout
    m = re.search(r"\s(\d+(?:\.\d+)?) ns/op\s+(\d+(?:\.\d+)?) cpu-ns/op", said)
    return float(m.group(2)) / 1e3, 1e9 / float(m.group(1))


def rows(perf, grpc, http, runs):
    load_delay(http)
    STARTS[0] = statistics.median(starts(perf) for _ in range(5))
    with tempfile.TemporaryDirectory() as d:
        program = os.path.join(d, "triton.test")
        subprocess.run(["go", "test", "-c", "-o", program, "./core/infer/triton"], check=True)
        cases = [(*MODELS[size], size, at_once) for size in MODELS for at_once in (1, 4, 8)]
        cases += [(DELAY, "UINT8", "64 KiB, a model of 20 ms", 65536, at_once) for at_once in (1, 4)]
        for model, kind, title, size, at_once in cases:
            ways = {
                "perf": lambda: theirs(perf, grpc, http, model, size, 2 if kind == "UINT16" else 1, at_once, False),
                "gRPC": lambda: ours(program, "grpc://" + grpc, model, kind, size, at_once, False),
                "HTTP": lambda: ours(program, "http://" + http, model, kind, size, at_once, False),
                "perf shared": lambda: theirs(perf, grpc, http, model, size, 2 if kind == "UINT16" else 1, at_once, True),
                "gRPC, shared memory": lambda: ours(program, "grpc://" + grpc, model, kind, size, at_once, True),
                "HTTP, shared memory": lambda: ours(program, "http://" + http, model, kind, size, at_once, True),
            }
            got = {way: [] for way in ways}
            for _ in range(runs):
                for way, run in ways.items():
                    if None not in got[way]:  # once is enough
                        got[way].append(run())
            mid = {way: [statistics.median(x[k] for x in got[way]) for k in (0, 1)] if None not in got[way] else None for way in ways}
            for way in ways:
                if way.startswith("perf"):
                    peer = mid[way]
                    continue
                a, name = mid[way], "perf_analyzer gRPC" + (", shared memory" if "shared" in way else "")
                if peer is None:
                    print(f"| client, {title}, {at_once} at a time, {way} | {a[0]:.0f} µs CPU, {a[1]:.0f} requests/s | {name} ends without a figure | – |", flush=True)
                    continue
                print(f"| client, {title}, {at_once} at a time, {way} | {a[0]:.0f} µs CPU, {a[1]:.0f} requests/s | {peer[0]:.0f} µs CPU, "
                      f"{peer[1]:.0f} requests/s ({name}) | {a[1] / peer[1]:.2f}× requests/s, {a[0] / peer[0]:.2f}× CPU |", flush=True)


if __name__ == "__main__":
    rows(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
