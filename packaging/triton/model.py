"""Serves the network model.onnx beside this file with ONNX Runtime, in Triton's Python
backend. Coverslip sends it along with a network to servers that have no ONNX Runtime
backend of their own.

Inputs and outputs are those of the network. With max_batch_size 0 the shape of a tensor is
the network's own. Above 0 its first dimension counts images, and requests that Triton's
dynamic batching gives together are joined. Parameters of config.pbtxt:

    intra_op_threads    threads that one request may use; 0, the default: one per core
    max_images          max_batch_size where that is 0 and the first dimension of all inputs
                        and outputs is free; without a GPU it becomes 2 at most
"""

import json
import os
import threading
import time

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb

TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
}

# What is joined where the network runs on processors, which work hardly faster on several
# images at once: measured with a U-Net on two cores, eight images of 64 x 64 are 1.4 times as
# fast as one, of 256 x 256 as fast, of 512 x 512 slower. What is urgent waits for all that are
# joined, so these are few.
IMAGES = 2
NUMBERS = 1 << 16  # of an input


def open_network(folder, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait must not burn the cores of the other models.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    providers = [p for p in wanted if p in ort.get_available_providers()]
    return ort.InferenceSession(os.path.join(folder, "model.onnx"), options, providers=providers)


def on_processors(network):
    return network.get_providers()[0] == "CPUExecutionProvider"


def dims(p):
    # A scalar network port has no dimensions; Triton wants one.
    return [d if isinstance(d, int) and d > 0 else -1 for d in p.shape] or [1]


def port(p, batched):
    return {"name": p.name, "data_type": TYPES[p.type], "dims": dims(p)[1:] if batched else dims(p)}


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        known = config.as_dict()
        network = open_network(os.path.dirname(os.path.abspath(__file__)), 1)
        have = {p["name"] for p in known["input"] + known["output"]}
        ports = network.get_inputs() + network.get_outputs()
        batch = 0
        if all(len(p.shape) > 1 and dims(p)[0] < 0 for p in ports):
            asked = int(known["parameters"].get("max_images", {}).get("string_value", "0"))
            batch = known["max_batch_size"] or (min(asked, IMAGES) if on_processors(network) else asked)
        for p in network.get_inputs():
            if p.name not in have:
                config.add_input(port(p, batch > 0))
        for p in network.get_outputs():
            if p.name not in have:
                config.add_output(port(p, batch > 0))
        config.set_max_batch_size(batch)
        return config

    def initialize(self, args):
        parameters = json.loads(args["model_config"]).get("parameters", {})
        threads = int(parameters.get("intra_op_threads", {}).get("string_value", "0"))
        folder = os.path.join(args["model_repository"], args["model_version"])
        self.network = open_network(folder, threads)
        threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
        self.inputs = [p.name for p in self.network.get_inputs()]
        self.outputs = [p.name for p in self.network.get_outputs()]

    def execute(self, requests):
        answers = []
        while requests:
            n = self.joined(requests)
            answers += self.together(requests[:n]) if n > 1 else [self.answer(requests[0])]
            requests = requests[n:]
        return answers

    def joined(self, requests):
        """How many requests, from the first, are worth a run of the network together."""
        if len(requests) == 1 or not on_processors(self.network):
            return len(requests)
        size = max(x.size for x in self.feed(requests[0]).values())
        return min(len(requests), max(1, NUMBERS // max(size, 1)))

    def feed(self, request):
        return {n: pb.get_input_tensor_by_name(request, n).as_numpy() for n in self.inputs}

    def together(self, requests):
        """Answers requests by one run, or each by its own where that fails: one bad image
        must not fail the others, and there may be memory enough for one."""
        feeds = [self.feed(r) for r in requests]
        wanted = [n for n in self.outputs if any(n in r.requested_output_names() for r in requests)]
        ends = np.cumsum([len(f[self.inputs[0]]) for f in feeds])
        try:
            with Stoppable(requests) as options:
                found = self.network.run(wanted, {n: np.concatenate([f[n] for f in feeds]) for n in self.inputs}, options)
        except Exception:
            found = []
        if not found or any(len(y) != ends[-1] for y in found):
            return [self.answer(r) for r in requests]
        parts = {n: np.split(y, ends[:-1]) for n, y in zip(wanted, found)}
        return [
            pb.InferenceResponse([pb.Tensor(n, parts[n][i]) for n in wanted if n in r.requested_output_names()])
            for i, r in enumerate(requests)
        ]

    def answer(self, request):
        # Somebody who has gone away waits for nothing.
        if request.is_cancelled():
            return refuse("the request was cancelled", pb.TritonError.CANCELLED)
        wanted = [n for n in self.outputs if n in request.requested_output_names()]
        try:
            with Stoppable([request]) as options:
                found = self.network.run(wanted, self.feed(request), options)
        except Exception as e:
            if request.is_cancelled():
                return refuse("the request was cancelled", pb.TritonError.CANCELLED)
            invalid = "INVALID_ARGUMENT" in str(e) or type(e).__name__ == "InvalidArgument"
            return refuse(str(e), pb.TritonError.INVALID_ARG if invalid else pb.TritonError.INTERNAL)
        return pb.InferenceResponse([pb.Tensor(n, y) for n, y in zip(wanted, found)])

    def finalize(self):
        self.network = None  # frees its memory before the process ends


def end_with(server):
    """Ends this process when the server has died: it would wait for ever for the server's
    word on a cancelled request, and hold its port and its connections open meanwhile."""
    while os.getppid() == server:
        time.sleep(0.2)
    os._exit(1)


class Stoppable:
    """Run options that end a run whose requests are all cancelled. Most runs are over before
    the first look, and cost a thread that sleeps."""

    LOOK = 0.05  # seconds

    def __init__(self, requests):
        self.requests = requests
        self.options = ort.RunOptions()
        self.done = threading.Event()

    def look(self):
        while not self.done.wait(self.LOOK):
            if all(r.is_cancelled() for r in self.requests):
                self.options.terminate = True
                return

    def __enter__(self):
        self.looker = threading.Thread(target=self.look, daemon=True)
        self.looker.start()
        return self.options

    def __exit__(self, *_):
        self.done.set()
        self.looker.join()  # the server dies of a question about a request that is answered


def refuse(why, code):
    return pb.InferenceResponse(error=pb.TritonError(why, code))
