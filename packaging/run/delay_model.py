"""Stands for a GPU that is somewhere else, in Triton's Python backend: each batch takes the
milliseconds of the parameter delay, and this machine's processors next to nothing. What comes
out is what went in."""
import json
import time

import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        self.delay = float(json.loads(args["model_config"])["parameters"]["delay"]["string_value"]) / 1000

    def execute(self, requests):
        time.sleep(self.delay)
        return [pb.InferenceResponse([pb.Tensor("prob", pb.get_input_tensor_by_name(r, "image").as_numpy())]) for r in requests]
