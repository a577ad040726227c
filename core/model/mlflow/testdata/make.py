"""Makes the ONNX files of the tests with the real onnx, and what onnxruntime says of them.

Run by a Python that has both: $COVERSLIP_CACHE/mlflow/venv/bin/python make.py
"""
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

here = pathlib.Path(__file__).parent
said = {}


def keep(name, nodes, inputs, outputs, weights, ir):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(graph, ir_version=ir, opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
    path = here / f"{name}.onnx"
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    numpy = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int64)": "int64"}

    def spec(values):
        return [{"name": v.name, "type": "tensor", "tensor-spec": {
            "dtype": numpy[v.type], "shape": [d if isinstance(d, int) else -1 for d in v.shape]}} for v in values]

    said[path.name] = {"inputs": spec(session.get_inputs()), "outputs": spec(session.get_outputs())}


weight = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "weight")
image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, "height", "width"])
maps = helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["batch", 2, "height", "width"])
conv = helper.make_node("Conv", ["image", "weight"], ["maps"], pads=[1, 1, 1, 1])
keep("conv", [conv], [image], [maps], [weight], 8)
# Before version 4 of the format weights had to be inputs too.
as_input = helper.make_tensor_value_info("weight", TensorProto.FLOAT, [2, 1, 3, 3])
keep("old", [conv], [image, as_input], [maps], [weight], 3)
pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [64, 32])
shape = helper.make_tensor_value_info("shape", TensorProto.INT64, [2])
copy = helper.make_tensor_value_info("copy", TensorProto.UINT8, [64, 32])
keep("two", [helper.make_node("Shape", ["pixels"], ["shape"]), helper.make_node("Identity", ["pixels"], ["copy"])],
     [pixels], [shape, copy], [], 8)
(here / "said.json").write_text(json.dumps(said, indent=1) + "\n")
