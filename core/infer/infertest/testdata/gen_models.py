"""Makes the networks of the contract suite. Run it with a Python that has onnx 1.17:

    python gen_models.py

affine-N.onnx   image FP32 (N,1,H,W) -> y = a*x + b of the same shape; N=1: 2x+1, N=2: 3x-1
split.onnx      image FP32 (N,1,H,W) -> prob (N,1,H/2,W/2), every second pixel, and dist
                (N,2,H/2,W/2), the same pixel plus 1 and plus 2
slow.onnx       image FP32 (N,1,H,W) -> y of the same shape, after 60 convolutions of 9 x 9:
                a second or so for 1024 x 1024
single.onnx     image FP32 (1,1,H,W) -> y = 2x + 1 of the same shape
half.onnx       image FP16 (N,1,H,W) -> y = 2x + 1 of the same shape, FP16
scalar.onnx     image FP32 (N,1,H,W) -> y = 2x + 1 of the same shape, and top, the largest of
                them, without dimensions
"""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

F = TensorProto.FLOAT


def value(name, channels, h="H", w="W", n="N", kind=F):
    return helper.make_tensor_value_info(name, kind, [n, channels, h, w])


def tensor(name, numbers, shape, kind=np.float32):
    return numpy_helper.from_array(np.array(numbers, kind).reshape(shape), name)


def write(name, nodes, outputs, weights, image=value("image", 1)):
    graph = helper.make_graph(nodes, name, [image], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="coverslip")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    save(model, name + ".onnx")


def affine(name, a, b):
    conv = helper.make_node("Conv", ["image", "w", "b"], ["y"], kernel_shape=[1, 1])
    write(name, [conv], [value("y", 1)], [tensor("w", [a], (1, 1, 1, 1)), tensor("b", [b], (1,))])


def split():
    nodes = [
        helper.make_node("Conv", ["image", "one"], ["prob"], kernel_shape=[1, 1], strides=[2, 2]),
        helper.make_node("Conv", ["image", "two", "plus"], ["dist"], kernel_shape=[1, 1], strides=[2, 2]),
    ]
    weights = [tensor("one", [1], (1, 1, 1, 1)), tensor("two", [1, 1], (2, 1, 1, 1)), tensor("plus", [1, 2], (2,))]
    write("split", nodes, [value("prob", 1, "h", "w"), value("dist", 2, "h", "w")], weights)


def slow():
    nodes, last = [], "image"
    for i in range(60):
        out = "y" if i == 59 else f"v{i}"
        nodes.append(helper.make_node("Conv", [last, "k"], [out], kernel_shape=[9, 9], pads=[4, 4, 4, 4]))
        last = out
    write("slow", nodes, [value("y", 1)], [tensor("k", [1 / 81] * 81, (1, 1, 9, 9))])


def single():
    conv = helper.make_node("Conv", ["image", "w", "b"], ["y"], kernel_shape=[1, 1])
    weights = [tensor("w", [2], (1, 1, 1, 1)), tensor("b", [1], (1,))]
    write("single", [conv], [value("y", 1, n=1)], weights, value("image", 1, n=1))


def half():
    nodes = [helper.make_node("Mul", ["image", "two"], ["double"]), helper.make_node("Add", ["double", "one"], ["y"])]
    weights = [tensor("two", [2], (1,), np.float16), tensor("one", [1], (1,), np.float16)]
    write("half", nodes, [value("y", 1, kind=TensorProto.FLOAT16)], weights, value("image", 1, kind=TensorProto.FLOAT16))


def scalar():
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["y"], kernel_shape=[1, 1]),
        helper.make_node("ReduceMax", ["y"], ["top"], keepdims=0),
    ]
    outputs = [value("y", 1), helper.make_tensor_value_info("top", F, [])]
    write("scalar", nodes, outputs, [tensor("w", [2], (1, 1, 1, 1)), tensor("b", [1], (1,))])


affine("affine-1", 2, 1)
affine("affine-2", 3, -1)
split()
slow()
single()
half()
scalar()
