"""Makes flows.bin.gz: flows and what cellpose 4.2.1.1's own code makes of them, so that the
comparison needs no torch. To be run with the Python of packaging/stack/recipes-install where
python3-torch is installed:  python gen_flows.py

For each case: uint32 side, then side² float16 of flows along y, along x, and of logits
(which is what cellpose was given, as float32), then side² uint16 of labels; little-endian.
"""
import gzip
from pathlib import Path

import numpy as np

import reference

dynamics, utils = reference.cellpose()
here = Path(__file__).parent
out = []
for seed, side, objects in ((11, 96, 12), (12, 128, 40), (13, 112, 70)):
    maps = {}
    reference.flows(dict(kind="flows", seed=seed, size=side, objects=objects), lambda what, a: maps.setdefault(what, a))
    half = [maps[k].astype(np.float16) for k in ("y", "x", "logit")]
    y, x, logit = (a.astype(np.float32) for a in half)
    m = dynamics.compute_masks(np.stack([y, x]), logit, cellprob_threshold=0.0, flow_threshold=0.4)
    m = utils.fill_holes_and_remove_small_masks(m, min_size=15)
    out += [np.array(side, "<u4").tobytes()] + [a.astype("<f2").tobytes() for a in half] + [m.astype("<u2").tobytes()]
    print(side, m.max(), "cells")
(here / "flows.bin.gz").write_bytes(gzip.compress(b"".join(out), 9, mtime=0))
