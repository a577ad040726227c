"""Makes ops.json with numpy 1.26 or later: python3 gen.py"""
import json
import numpy as np

r = np.random.default_rng(3)
u16 = r.gamma(2, 300, 400).astype(np.uint16).astype(np.float32)
f32 = r.normal(-5, 40, 257).astype(np.float32)
flat = np.full(16, 7, np.float32)
cases = []


def case(name, x, ops, y):
    cases.append(dict(Name=name, In=[float(v) for v in x], Ops=ops, Out=[float(v) for v in np.asarray(y, np.float32)]))


def op(id, **kwargs):
    return dict(ID=id, Kwargs=kwargs)


def scale_range(x, lo=0, hi=100, eps=1e-6):
    a, b = np.percentile(x.astype(np.float64), (lo, hi), method="linear")
    return (x.astype(np.float64) - a) / (b - a + eps)


def chained(x, y):  # statistics are of what came in, as in bioimageio.core
    a, b = np.percentile(x.astype(np.float64), (5, 95), method="linear")
    return (y.astype(np.float64) - a) / (b - a + 1e-6)


for name, x in dict(u16=u16, f32=f32, flat=flat).items():
    d = x.astype(np.float64)
    case(name + " scale_range", x, [op("scale_range", min_percentile=1, max_percentile=99.8, eps=1e-6)], scale_range(x, 1, 99.8))
    case(name + " scale_range defaults", x, [op("scale_range")], scale_range(x))
    case(name + " zero mean", x, [op("zero_mean_unit_variance", axes=["x", "y"])], (d - d.mean()) / (d.std() + 1e-6))
    case(name + " fixed", x, [op("fixed_zero_mean_unit_variance", mean=[103.5], std=12.25)], (d - 103.5) / (12.25 + 1e-6))
    case(name + " linear", x, [op("scale_linear", gain=0.5, offset=-3)], d * 0.5 - 3)
    case(name + " clip", x, [op("clip", min=-10, max=250)], np.clip(x, -10, 250))
    lo, hi = np.percentile(x, (3, 96.5), method="inverted_cdf")
    case(name + " clip percentiles", x, [op("clip", min_percentile=3, max_percentile=96.5)], np.clip(x, lo, hi))
    case(name + " binarize", x, [op("binarize", threshold=7)], x > 7)
    case(name + " sigmoid", x / 64, [op("sigmoid")], 1 / (1 + np.exp(-(x / 64).astype(np.float64))))
    case(name + " uint8", x, [op("ensure_dtype", dtype="uint8")], x.astype(np.int64).astype(np.uint8))
    y = np.clip(x, 0, 500)
    few, f = x[:16], d[:16]
    for dtype in "int8", "int32", "int64", "uint32", "uint64", "bool":
        whole = few if dtype == "bool" else few.astype(np.int64)
        case(name + " " + dtype, few, [op("ensure_dtype", dtype=dtype)], whole.astype(dtype))
    # As the specification says: bioimageio.core 0.11 reads eps of scale_mean_variance only.
    case(name + " scale_range eps", few, [op("scale_range", eps=0.05)], scale_range(few, eps=0.05))
    case(name + " zero mean eps", few, [op("zero_mean_unit_variance", eps=0.05)], (f - f.mean()) / (f.std() + 0.05))
    high = np.percentile(few, 60, method="inverted_cdf")
    case(name + " clip mixed", few, [op("clip", min=-10, max_percentile=60)], np.minimum(np.maximum(few, -10), high))
    case(name + " a chain", x, [op("ensure_dtype", dtype="float32"), op("clip", min=0, max=500),
         op("scale_range", min_percentile=5, max_percentile=95)], chained(x, y))
json.dump(cases, open("ops.json", "w"))
print(len(cases))
