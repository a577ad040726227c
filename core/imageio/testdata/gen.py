"""numpy's percentiles (method "linear") of the sequence that stats_test.go makes."""
import json
import pathlib

import numpy as np

PS = [0, 0.1, 1, 5, 25, 33.3, 50, 75, 99, 99.8, 99.9, 100]
out = {}
for name, n in (("uint16", 997), ("float32", 1000), ("int8", 101), ("uint32", 2), ("uint16-one", 1)):
    i = np.arange(n, dtype=np.int64)
    v = (i * 7919 + i * i * 31) % 60013
    t = name.split("-")[0]
    a = {"uint16": v, "float32": v / 7.0 - 3000, "int8": v % 251 - 128, "uint32": v * 65537 + 5}[t].astype(t)
    d = a.astype(np.float64)
    out[name] = dict(n=n, p=np.percentile(d, PS, method="linear").tolist(), mean=d.mean(), std=d.std(), min=d.min(), max=d.max())
(pathlib.Path(__file__).parent / "percentiles.json").write_text(json.dumps(dict(ps=PS, want=out), indent=1) + "\n")
