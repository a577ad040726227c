"""Makes small bioimage.io models of different shapes and asks bioimageio.core about them.

    zoo.py DIR nets  leaves networks without a description: same.onnx answers what it is
                     asked, boxes.onnx a box of 9 pixels around each pixel above 0.6, extent.onnx
                     one box around all of them,
                     numbers.onnx the number of each bar along x that it sees, and
                     numbers64.onnx too, of 64 pixels only
    zoo.py DIR       leaves, for each model, DIR/NAME with rdf.yaml, model.onnx, the test
                     tensors that the description names, in-ID.npy (an image) and
                     out-ID.npy (what bioimageio.core's prediction with blocks gives)

Networks have random weights from a fixed seed. Each sees no further than its halo.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

r = np.random.default_rng(20261124)
FLOAT = TensorProto.FLOAT


def weight(*shape):
    return (r.normal(0, 1, shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


class Net:
    """A network that grows node by node."""

    def __init__(self):
        self.nodes, self.init, self.n = [], [], 0

    def const(self, value):
        self.n += 1
        self.init.append(numpy_helper.from_array(value, f"k{self.n}"))
        return f"k{self.n}"

    def node(self, op, inputs, out=None, **attributes):
        self.n += 1
        out = out or f"t{self.n}"
        self.nodes.append(helper.make_node(op, inputs, [out], **attributes))
        return out

    def conv(self, x, cin, cout, out=None, dims=2, stride=1):
        w, b = self.const(weight(cout, cin, *[3] * dims)), self.const(weight(cout, 1)[:, 0])
        return self.node("Conv", [x, w, b], out, kernel_shape=[3] * dims, pads=[1] * 2 * dims, strides=[stride] * dims)

    def save(self, path, inputs, outputs):
        value = lambda n, shape, t=FLOAT: helper.make_tensor_value_info(n, t, shape)
        graph = helper.make_graph(self.nodes, "zoo", [value(*i) for i in inputs], [value(*o) for o in outputs], self.init)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())


def space(name, minimum=32, step=16):
    return {"type": "space", "id": name, "size": {"min": minimum, "step": step}}


def over(name, of="raw", halo=4, **more):
    a = {"type": "space", "id": name, "halo": halo, "size": {"tensor_id": of, "axis_id": name}, **more}
    return {k: v for k, v in a.items() if v}


def channels(*names):
    return {"type": "channel", "channel_names": list(names)}


BATCH = {"type": "batch"}


def tensor(id, axes, ops=(), data="float32", output=False, **more):
    ops = list(ops)
    if data != "float32":  # or else the network would get whole numbers
        ops.append(op("ensure_dtype", dtype="float32"))
    return {"id": id, "axes": axes, "data": {"type": data}, "postprocessing" if output else "preprocessing": ops, **more}


def op(id, **kwargs):
    return {"id": id, "kwargs": kwargs} if kwargs else {"id": id}


def plane(path):
    n = Net()
    n.conv(n.node("Relu", [n.conv("image", 1, 4)]), 4, 1, "y")
    n.save(path, [("image", ["b", 1, "h", "w"])], [("y", ["b", 1, "h", "w"])])  # names that are not the description's
    return ([tensor("raw", [BATCH, channels("nuclei"), space("y"), space("x")], [op("scale_range", min_percentile=1, max_percentile=99.8, axes=["channel", "y", "x"])], "uint16")],
            [tensor("prob", [BATCH, channels("inside"), over("y"), over("x")], [op("sigmoid")], output=True)], {"raw": (1, 1, 150, 171)})


def stack(path):
    n = Net()
    n.conv(n.node("Relu", [n.conv("raw", 1, 3, dims=3)]), 3, 2, "prob", dims=3)
    n.save(path, [("raw", ["b", 1, "d", "h", "w"])], [("prob", ["b", 2, "d", "h", "w"])])
    return ([tensor("raw", [BATCH, channels("membrane"), space("z", 8, 4), space("y"), space("x")], [op("zero_mean_unit_variance", axes=["channel", "z", "y", "x"])])],
            [tensor("prob", [BATCH, channels("foreground", "boundary"), over("z", halo=2), over("y"), over("x")], [op("sigmoid")], output=True)], {"raw": (1, 1, 21, 70, 90)})


def classes(path):
    n = Net()
    x = n.node("Transpose", ["raw"], perm=[0, 3, 1, 2])
    y = n.conv(n.node("Relu", [n.conv(x, 3, 5)]), 5, 3)
    n.node("Transpose", [y], "score", perm=[0, 2, 3, 1])
    n.save(path, [("raw", ["b", "h", "w", 3])], [("score", ["b", "h", "w", 3])])
    return ([tensor("raw", [BATCH, space("y"), space("x"), channels("r", "g", "b")],
                    [op("fixed_zero_mean_unit_variance", axis="channel", mean=[100.5, 90, 80], std=[50, 40, 30.25])], "uint8")],
            [tensor("score", [BATCH, over("y"), over("x"), channels("background", "cell", "debris")], [op("softmax", axis="channel")], output=True)], {"raw": (1, 130, 141, 3)})


def finer(path):
    n = Net()
    up = n.node("Resize", [n.conv("raw", 1, 3), "", n.const(np.array([1, 1, 2, 2], np.float32))], mode="nearest",
                coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    n.conv(up, 3, 1, "fine")
    n.save(path, [("raw", ["b", 1, "h", "w"])], [("fine", ["b", 1, "h2", "w2"])])
    return ([tensor("raw", [BATCH, channels("c"), space("y"), space("x")], [op("scale_linear", gain=0.01, offset=-1)])],
            [tensor("fine", [BATCH, channels("c"), over("y", halo=8, scale=0.5), over("x", halo=8, scale=0.5)], output=True)], {"raw": (1, 1, 90, 111)})


def two(path):
    n = Net()
    a = n.node("Relu", [n.conv("raw", 2, 4)])
    n.conv(a, 4, 3, "flows")
    n.conv(a, 4, 1, "coarse", stride=2)
    n.save(path, [("raw", ["b", 2, "h", "w"])], [("flows", ["b", 3, "h", "w"]), ("coarse", ["b", 1, "h2", "w2"])])
    return ([tensor("raw", [BATCH, channels("cyto", "nuclei"), space("y"), space("x")], [op("scale_range", axes=["y", "x"], min_percentile=2, max_percentile=98)])],
            [tensor("flows", [BATCH, channels("dy", "dx", "prob"), over("y"), over("x")], output=True),
             tensor("coarse", [BATCH, channels("seed"), over("y", scale=2), over("x", scale=2)], [op("binarize", threshold=0.25)], output=True)], {"raw": (1, 2, 128, 146)})


def inputs(path):  # without a halo, which bioimageio.core 0.11 cuts for the input that outputs refer to only
    n = Net()
    n.node("Conv", [n.node("Concat", ["raw", "hint"], axis=1), n.const(weight(1, 2, 1, 1))], "prob")
    n.save(path, [("raw", ["b", 1, "h", "w"]), ("hint", ["b", 1, "h", "w"])], [("prob", ["b", 1, "h", "w"])])
    same = lambda a: {"type": "space", "id": a, "size": {"tensor_id": "raw", "axis_id": a}}
    return ([tensor("raw", [BATCH, channels("c"), space("y"), space("x")], [op("clip", min=10, max=900), op("scale_linear", gain=0.002)]),
             tensor("hint", [BATCH, channels("c"), same("y"), same("x")], [op("binarize", threshold=100.0), op("ensure_dtype", dtype="float32")])],
            [tensor("prob", [BATCH, channels("c"), over("y", halo=0), over("x", halo=0)], [op("clip", min=0.0, max=1.0)], output=True)], {"raw": (1, 1, 96, 96), "hint": (1, 1, 96, 96)})


def wide(path):  # both inputs need the halo, which bioimageio.core 0.11 gives to the one that outputs refer to only, and fails
    n = Net()
    n.conv(n.node("Relu", [n.conv(n.node("Concat", ["raw", "hint"], axis=1), 2, 4)]), 4, 1, "prob")
    n.save(path, [("raw", ["b", 1, "h", "w"]), ("hint", ["b", 1, "h", "w"])], [("prob", ["b", 1, "h", "w"])])
    same = lambda a: {"type": "space", "id": a, "size": {"tensor_id": "raw", "axis_id": a}}
    return ([tensor("raw", [BATCH, channels("c"), space("y"), space("x")], [op("scale_linear", gain=0.01)]),
             tensor("hint", [BATCH, channels("c"), same("y"), same("x")], [op("scale_linear", gain=0.02)])],
            [tensor("prob", [BATCH, channels("c"), over("y"), over("x")], output=True)], {"raw": (1, 1, 150, 113), "hint": (1, 1, 150, 113)})


def by_hand(path, arrays):
    """What the network of wide gives for whole images with a border of mirrored pixels."""
    import onnxruntime
    gain = {"raw": 0.01, "hint": 0.02}
    x = {k: np.pad((v * np.float32(gain[k])).astype(np.float32), [(0, 0)] * 2 + [(4, 4)] * 2, "symmetric") for k, v in arrays.items()}
    return {"prob": onnxruntime.InferenceSession(str(path / "model.onnx")).run(None, x)[0][:, :, 4:-4, 4:-4]}


def fixed(path):
    n = Net()
    n.conv("raw", 1, 1, "prob")
    n.save(path, [("raw", [1, 1, 64, 64])], [("prob", [1, 1, 64, 64])])
    return ([tensor("raw", [{**BATCH, "size": 1}, channels("c"), {"type": "space", "id": "y", "size": 64}, {"type": "space", "id": "x", "size": 64}], [op("zero_mean_unit_variance")])],
            [tensor("prob", [{**BATCH, "size": 1}, channels("c"), over("y"), over("x")], output=True)], {"raw": (1, 1, 150, 133)})


def old(path):  # a description of format 0.4
    n = Net()
    n.conv(n.node("Relu", [n.conv("raw", 2, 4)]), 4, 1, "prob")
    n.save(path, [("raw", ["b", 2, "h", "w"])], [("prob", ["b", 1, "h", "w"])])
    kwargs = dict(mode="per_sample", axes="yx", min_percentile=1, max_percentile=99)
    return ([dict(name="raw", axes="bcyx", data_type="uint16", data_range=[0, 65535], shape=dict(min=[1, 2, 32, 32], step=[0, 0, 16, 16]),
                  preprocessing=[dict(name="clip", kwargs=dict(min=10, max=900)), dict(name="scale_range", kwargs=kwargs)])],
            [dict(name="prob", axes="bcyx", data_type="float32", data_range=[0, 1], halo=[0, 0, 4, 4], postprocessing=[dict(name="sigmoid")],
                  shape=dict(reference_tensor="raw", scale=[1, 0, 1, 1], offset=[0, 0.5, 0, 0]))], {"raw": (1, 2, 150, 133)})


def older(path):  # of format 0.3, as ZeroCostDL4Mic writes it: x first, channels last, and as many again come out
    n = Net()
    x = n.node("Transpose", ["raw"], perm=[0, 4, 1, 2, 3])
    y = n.conv(n.node("Relu", [n.conv(x, 1, 3, dims=3)]), 3, 2, dims=3)
    n.node("Transpose", [y], "prob", perm=[0, 2, 3, 4, 1])
    n.save(path, [("raw", ["b", "w", "h", "d", 1])], [("prob", ["b", "w", "h", "d", 2])])
    kwargs = dict(mode="per_sample", axes="xyzc", min_percentile=1, max_percentile=99.8)
    return ([dict(name="raw", axes="bxyzc", data_type="uint8", data_range=[0, 255], shape=dict(min=[1, 32, 32, 8, 1], step=[0, 16, 16, 4, 0]),
                  preprocessing=[dict(name="scale_range", kwargs=kwargs)])],
            [dict(name="prob", axes="bxyzc", data_type="float32", data_range=[0, 1], halo=[0, 4, 4, 2, 0], postprocessing=[dict(name="sigmoid")],
                  shape=dict(reference_tensor="raw", scale=[1, 1, 1, 1, 2], offset=[0, 0, 0, 0, 0]))], {"raw": (1, 75, 66, 21, 1)})


def padded(path):  # beyond its edges the image goes on with a number of its own, not of the network's
    n = Net()
    n.conv(n.node("Relu", [n.conv("raw", 2, 4)]), 4, 1, "prob")
    n.save(path, [("raw", ["b", 2, "h", "w"])], [("prob", ["b", 1, "h", "w"])])
    return ([tensor("raw", [BATCH, channels("a", "b"), space("y"), space("x")],
                    [op("scale_range", axes=["y", "x"], min_percentile=2, max_percentile=98), op("clip", min=0.0, max=1.0)], pad={"mode": "constant", "value": 30.5})],
            [tensor("prob", [BATCH, channels("c"), over("y"), over("x")], output=True)], {"raw": (1, 2, 90, 151)})


def nets(dir):
    n = Net()
    n.node("Identity", ["image"], "y")
    n.save(Path(dir) / "same.onnx", [("image", ["b", "c", "h", "w"])], [("y", ["b", "c", "h", "w"])])
    n = Net()
    at = n.node("Transpose", [n.node("NonZero", [n.node("Greater", ["image", n.const(np.float32(0.6))])])], perm=[1, 0])  # n × (b, c, y, x)
    n.node("GatherND", ["image", at], "scores")
    yx = n.node("Cast", [at], to=FLOAT)
    x, y = (n.node("Gather", [yx, n.const(np.array([i], np.int64))], axis=1) for i in (3, 2))
    middle = n.node("Concat", [x, y, x, y], axis=1)
    n.node("Add", [middle, n.const(np.array([-4, -4, 5, 5], np.float32))], "corners")
    n.save(Path(dir) / "boxes.onnx", [("image", ["b", 1, "h", "w"])], [("corners", ["n", 4]), ("scores", ["n"])])
    n = Net()
    one = n.const(np.float32(1))
    in_it = n.node("Cast", [n.node("Greater", ["image", n.const(np.float32(0.6))])], to=FLOAT)
    beside = n.node("Mul", [n.node("Sub", [one, in_it]), n.const(np.float32(1e6))])
    corners = []
    for axis in (3, 2, 3, 2):
        end = n.node("CumSum", [n.node("Add", [n.node("Sub", ["image", "image"]), one]), n.const(np.array(axis, np.int64))])
        if len(corners) < 2:
            corners.append(n.node("ReduceMin", [n.node("Add", [n.node("Sub", [end, one]), beside])], keepdims=1))
        else:
            corners.append(n.node("ReduceMax", [n.node("Mul", [end, in_it])], keepdims=1))
    n.node("Reshape", [n.node("Concat", corners, axis=3), n.const(np.array([1, 4], np.int64))], "corners")
    n.node("Reshape", [n.node("ReduceMax", [in_it], keepdims=1), n.const(np.array([1], np.int64))], "scores")
    n.save(Path(dir) / "extent.onnx", [("image", ["b", 1, "h", "w"])], [("corners", [1, 4]), ("scores", [1])])
    n = Net()
    before = n.node("Pad", ["image", n.const(np.array([0, 0, 0, 1, 0, 0, 0, -1], np.int64))])
    begins = n.node("Relu", [n.node("Sub", ["image", before])])
    n.node("Mul", ["image", n.node("CumSum", [begins, n.const(np.array(3, np.int64))])], "y")
    for name, shape in ("numbers", ["b", 1, "h", "w"]), ("numbers64", ["b", 1, 64, 64]):
        n.save(Path(dir) / f"{name}.onnx", [("image", shape)], [("y", shape)])


def write(path, name, ins, outs):
    (path / "README.md").write_text("# " + name)
    text = dict(format_version="0.5.3", type="model", name=name, description="for a test", authors=[{"name": "A"}], cite=[{"text": "a paper", "doi": "10.1234/a"}],
                license="MIT", documentation="README.md", timestamp="2026-01-01T00:00:00", inputs=ins, outputs=outs,
                weights={"onnx": {"source": "model.onnx", "opset_version": 17}})
    if name == "model older":
        text["tags"] = ["instance-segmentation"]
    if name == "model two":
        text["config"] = {"coverslip": {"decode": {"id": "components", "output": "coarse"}}}
    if isinstance(ins[0]["axes"], str):
        text |= dict(format_version="0.3.6" if name == "model older" else "0.4.10", test_inputs=[f"test-{t['name']}.npy" for t in ins], test_outputs=[f"test-{t['name']}.npy" for t in outs])
    for t in ins + outs if text["format_version"] == "0.5.3" else ():
        t["test_tensor"] = {"source": f"test-{t['id']}.npy", "sha256": digest(path / f"test-{t['id']}.npy")}
    text["weights"]["onnx"]["sha256"] = digest(path / "model.onnx")
    (path / "rdf.yaml").write_text(json.dumps(text, indent=1))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "0" * 64


def ident(t):
    return t.get("id") or t["name"]


def kind_of(t):
    return t["data_type"] if "data_type" in t else t["data"]["type"]


def axes_of(t):
    if isinstance(t["axes"], str):
        return [dict(b="batch", c="channel").get(a, a) for a in t["axes"]]
    return [a.get("id", a["type"]) for a in t["axes"]]


def image(shape, data):
    x = np.exp(r.normal(4, 1, shape))
    return np.clip(x, 0, 255).astype(np.uint8) if data == "uint8" else x.astype(np.uint16) if data == "uint16" else x.astype(np.float32)


def main(dir):
    from bioimageio.core import create_prediction_pipeline
    from bioimageio.core.sample import Sample
    from bioimageio.core.tensor import Tensor
    from bioimageio.spec import load_model_description
    from bioimageio.spec._internal.validation_context import ValidationContext

    for make in (plane, stack, classes, finer, two, inputs, fixed, wide, padded, old, older):
        path = Path(dir) / make.__name__
        path.mkdir(parents=True)
        ins, outs, shapes = make(path / "model.onnx")
        names = {ident(t): axes_of(t) for t in ins + outs}

        def sample(arrays):
            return Sample(members={k: Tensor.from_numpy(v, dims=names[k]) for k, v in arrays.items()}, stat={}, id=None)

        def numbers(s):
            return {k: v.to_numpy() for k, v in s.members.items()}

        small = {ident(t): image([{"z": 12}.get(n, 64) if n in "zyx" else s for n, s in zip(names[ident(t)], shapes[ident(t)])], kind_of(t)) for t in ins}
        large = {ident(t): image(shapes[ident(t)], kind_of(t)) for t in ins}
        for t in ins:
            np.save(path / f"test-{ident(t)}.npy", small[ident(t)])
            np.save(path / f"in-{ident(t)}.npy", large[ident(t)])
        for t in outs:
            np.save(path / f"test-{ident(t)}.npy", np.zeros(1, np.float32))  # not known yet
        for known in (False, True):
            write(path, "model " + make.__name__, ins, outs)
            with ValidationContext(perform_io_checks=False):
                model = load_model_description(path / "rdf.yaml", format_version="latest", perform_io_checks=False)
            with create_prediction_pipeline(model, weight_format="onnx") as p:
                if not known:
                    kind, done = "test", numbers(p.predict_sample_without_blocking(sample(small), skip_input_padding=True, skip_output_cropping=True))
                elif make is wide:
                    kind, done = "out", by_hand(path, large)
                else:
                    kind, done = "out", numbers(p.predict_sample_with_blocking(sample(large), ns=2))
            for t in outs:
                np.save(path / f"{kind}-{ident(t)}.npy", done[ident(t)])


main(sys.argv[1]) if len(sys.argv) == 2 else nets(sys.argv[1])
