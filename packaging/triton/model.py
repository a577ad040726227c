"""Serves the network model.onnx beside this file with ONNX Runtime, in Triton's Python
backend. Coverslip sends it along with a network to servers that have no ONNX Runtime
backend of their own.

Inputs and outputs are those of the network, with all their dimensions: the shape of a
tensor is the network's own, N first, and max_batch_size is 0. Parameters of config.pbtxt:

    intra_op_threads    threads that one request may use; 0, the default: one per core
"""

import json
import os
import threading
import time

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


def open_network(folder, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait must not burn the cores of the other models.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    providers = [p for p in wanted if p in ort.get_available_providers()]
    return ort.InferenceSession(os.path.join(folder, "model.onnx"), options, providers=providers)


def port(p):
    # A scalar network port has no dimensions; Triton wants one.
    return {
        "name": p.name,
        "data_type": TYPES[p.type],
        "dims": [d if isinstance(d, int) and d > 0 else -1 for d in p.shape] or [1],
    }


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        known = config.as_dict()
        network = open_network(os.path.dirname(os.path.abspath(__file__)), 1)
        have = {p["name"] for p in known["input"] + known["output"]}
        for p in network.get_inputs():
            if p.name not in have:
                config.add_input(port(p))
        for p in network.get_outputs():
            if p.name not in have:
                config.add_output(port(p))
        config.set_max_batch_size(0)
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
        return [self.answer(r) for r in requests]

    def answer(self, request):
        # Somebody who has gone away waits for nothing.
        if request.is_cancelled():
            return refuse("the request was cancelled", pb.TritonError.CANCELLED)
        wanted = [n for n in self.outputs if n in request.requested_output_names()]
        feed = {n: pb.get_input_tensor_by_name(request, n).as_numpy() for n in self.inputs}
        try:
            with Stoppable(request) as options:
                found = self.network.run(wanted, feed, options)
        except Exception as e:  # one bad image must not fail the others of the batch
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
    """Run options that end a run whose request is cancelled. Most runs are over before
    the first look, and cost a thread that sleeps."""

    LOOK = 0.05  # seconds

    def __init__(self, request):
        self.request = request
        self.options = ort.RunOptions()
        self.done = threading.Event()

    def look(self):
        while not self.done.wait(self.LOOK):
            if self.request.is_cancelled():
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
