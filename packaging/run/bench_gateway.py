"""What the gateway adds to calls of the engine in one process: the same model on the same Triton."""
import os
import subprocess


def rows():
    """Medians of 100 questions each way, in turn; the copy is of a bare HTTP server that writes the image
    to the disk and answers with as many bytes."""
    env = {**os.environ, "COVERSLIP_TEST_TRITON_GRPC": "grpc://127.0.0.1:8001"}
    cmd = ["go", "test", "./core/gateway", "-run", "^$", "-bench", "Overhead", "-benchtime", "100x"]
    out = subprocess.run(cmd, check=True, capture_output=True, text=True, env=env).stdout
    for line in out.splitlines():
        if not line.startswith("BenchmarkOverhead/"):
            continue
        words = line.split()
        ms = {unit[:-3]: float(value) for value, unit in zip(words, words[1:]) if unit.endswith("-ms")}
        side = words[0].split("/")[1].split("-")[0]
        print(f"| gateway before Triton, image of {side}² | {ms['gateway']:.2f} ms | {ms['direct']:.2f} ms (calls in the process) and "
              f"{ms['copy']:.2f} ms (bare copy over HTTP) | adds {ms['added']:.2f} ms |", flush=True)
