"""Does with a model description what bioimageio.core does, for the test beside it.

Reads a list of jobs {rdf, inputs, outputs} from the standard input, where tensors are
{shape, data}, and writes what its own code makes of them: the sizes that it reads from the
description, how far outputs may be off, what goes into the network, and what comes of the
network's outputs. Statistics of outputs, which bioimageio.core never takes, are taken by its
own calculators just before the operation that asks for them. There numbers are float64 within
an operation and float32 between two: with float32 alone bioimageio.core rounds statistics and
the steps of scale_mean_variance, where they cancel, and is off by 1e-5 itself.
"""
import json
import sys

import numpy as np
import ruyaml
import xarray as xr
from bioimageio.core._resource_tests import _get_tolerance
from bioimageio.core.digest_spec import get_input_halo
from bioimageio.core.proc_ops import Binarize, get_proc
from bioimageio.core.proc_setup import setup_pre_and_postprocessing
from bioimageio.core.sample import Sample
from bioimageio.core.stat_calculators import StatsCalculator
from bioimageio.core.tensor import Tensor
from bioimageio.spec import InvalidDescr, build_description
from bioimageio.spec._internal.validation_context import ValidationContext
from bioimageio.spec.model.v0_5 import ParameterizedSize


def members(tensors, given, dtype):
    out = {}
    for t in tensors:
        if str(t.id) in given:
            g = given[str(t.id)]
            out[t.id] = Tensor.from_numpy(np.array(g["data"], np.float32).astype(dtype).reshape(g["shape"]), dims=[a.id for a in t.axes])
    return out


def flat(tensors):
    return {str(k): [float(x) for x in v.to_numpy().ravel()] for k, v in tensors.items()}


def mended(p):
    """bioimageio.core 0.11 compares a list of thresholds along the last axis, whatever axis it is for."""
    if isinstance(p, Binarize) and p.axis is not None:
        p.threshold = xr.DataArray(np.array(p.threshold), dims=[p.axis])
    return p


class Only:  # bioimageio.core can't set up statistics of outputs
    def __init__(self, m):
        self.inputs, self.outputs = m.inputs, []


def answer(job):
    model = build_description(ruyaml.YAML(typ="safe").load(job["rdf"]), context=ValidationContext(perform_io_checks=False), format_version="latest")
    if isinstance(model, InvalidDescr):
        return dict(error=model.validation_summary.format())
    sample = Sample(members=members(model.inputs, job["inputs"], np.float32), stat={}, id=None)
    for p in setup_pre_and_postprocessing(Only(model), []).pre:
        mended(p)(sample)
    pre = flat(sample.members)
    out = Sample(members={**members(model.inputs, job["inputs"], np.float64), **members(model.outputs, job["outputs"], np.float32)}, stat={}, id=None)
    for t in model.outputs:
        if t.id in out.members:
            for d in t.postprocessing:
                p = mended(get_proc(d, t))
                if out.members[t.id].dtype == "float32":
                    out.members[t.id] = out.members[t.id].astype("float64")
                if p.required_measures:
                    out.stat.update(StatsCalculator(p.required_measures).update_and_get_all(out))
                p(out)
                if out.members[t.id].dtype == "float64":
                    out.members[t.id] = out.members[t.id].astype("float32")
    sizes = {}
    for n in (0, 1, 3):
        ns = {(t.id, a.id): n for t in model.inputs for a in t.axes if isinstance(a.size, ParameterizedSize)}
        s = model.get_tensor_sizes(ns, 1)
        sizes[str(n)] = {str(t): {str(a): v if isinstance(v, int) else 0 for a, v in ax.items()}
                         for part in (s.inputs, s.outputs) for t, ax in part.items()}
    halo = {str(t): {str(a): h.left for a, h in ax.items()} for t, ax in get_input_halo(model).items()}
    tolerance = {str(t.id): dict(zip(("Relative", "Absolute", "PerMillion"), _get_tolerance(model, "onnx", t.id))) for t in model.outputs}
    return dict(tolerance=tolerance, pre=pre, post=flat({t.id: out.members[t.id] for t in model.outputs if t.id in out.members}), sizes=sizes, halo=halo)


json.dump([answer(j) for j in json.load(sys.stdin)], sys.stdout)
