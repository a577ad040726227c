"""Makes inputs for decoders and decodes them with the reference's own code.

    reference.py DIR     reads a list of jobs {kind, seed, size, objects} from the standard
                         input and leaves, per job, NNN.NAME files of raw numbers in DIR

Kinds are the functions of KINDS below. Answers go to the standard output as JSON.
"""
import json
import os
import sys
import types

import numpy as np
import scipy.ndimage as ndi


def cells(seed, size, objects):
    """A crowded label image: ellipses of different sizes, some of them touching."""
    r = np.random.default_rng(seed)
    lab = np.zeros((size, size), np.int32)
    radius = 0.4 * size / np.sqrt(objects)
    for i in range(objects):
        cy, cx = r.uniform(0, size, 2)
        a, b = radius * np.exp(r.normal(0, 0.25, 2))
        t, m = r.uniform(0, np.pi), int(3 * radius) + 2
        y0, x0 = max(int(cy) - m, 0), max(int(cx) - m, 0)
        yy, xx = np.mgrid[y0:min(int(cy) + m, size), x0:min(int(cx) + m, size)]
        if yy.size == 0:
            continue
        u, v = (xx - cx) * np.cos(t) + (yy - cy) * np.sin(t), -(xx - cx) * np.sin(t) + (yy - cy) * np.cos(t)
        part = lab[y0:y0 + yy.shape[0], x0:x0 + yy.shape[1]]
        part[((u / a) ** 2 + (v / b) ** 2 < 1) & (part == 0)] = i + 1
    return lab


def truth(job):
    """The label image of a job: random, or a corner of a real one, the TIFF job["labels"]."""
    if "labels" in job:
        import tifffile
        return tifffile.imread(job["labels"])[:job["size"], :job["size"]].astype(np.int32)
    return cells(job["seed"], job["size"], job["objects"])


def probability(job, lab):
    r = np.random.default_rng(job["seed"] + 1)
    p = ndi.gaussian_filter((lab > 0).astype(np.float32), 1) + r.normal(0, 0.15, lab.shape)
    return ndi.gaussian_filter(p, 0.7).astype(np.float32)


def components(job, put):
    p = put("prob", probability(job, truth(job)))
    return lambda: put("labels", ndi.label(p > 0.5)[0])


def components8(job, put):
    p = put("prob", probability(job, truth(job)))
    return lambda: put("labels", ndi.label(p > 0.5, structure=np.ones((3, 3)))[0])


def distance(job, put):
    p = put("prob", probability(job, truth(job)))
    return lambda: put("distance", ndi.distance_transform_edt(p > 0.5))


def split(job, put):
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed
    p = put("prob", probability(job, truth(job)))

    def run():
        inside = p > 0.5
        d = ndi.distance_transform_edt(inside)
        peaks = np.zeros(d.shape, bool)
        peaks[tuple(peak_local_max(d, min_distance=job["reach"], exclude_border=False).T)] = True
        return put("labels", watershed(-d, ndi.label(peaks)[0], mask=inside))
    return run


def boundary(job, put):
    from skimage.segmentation import find_boundaries, watershed
    lab = truth(job)
    r = np.random.default_rng(job["seed"] + 2)
    p = put("prob", probability(job, lab))
    b = put("boundary", (ndi.gaussian_filter(find_boundaries(lab).astype(np.float32), 1) + r.normal(0, 0.05, lab.shape)).astype(np.float32))

    def run():
        inside = p > 0.5
        return put("labels", watershed(b, ndi.label((p - b > 0.5) & inside)[0], mask=inside))
    return run


def peaks(job, put):
    from skimage.feature import peak_local_max
    p = put("prob", probability(job, truth(job)))
    return lambda: put("points", peak_local_max(p, min_distance=job["reach"], threshold_abs=0.6, exclude_border=False))


def stars(job, put):
    from stardist.geometry import polygons_to_label, star_dist
    from stardist.nms import non_maximum_suppression
    from stardist.utils import edt_prob
    lab, rays, grid = truth(job), job.get("rays", 32), job.get("grid", 2)
    r = np.random.default_rng(job["seed"] + 3)
    sl = (slice(None, None, grid),) * 2
    prob = np.clip(edt_prob(lab)[sl] + r.normal(0, 0.05, lab[sl].shape), 0, 1).astype(np.float32)
    # Equal scores have no order in the reference: here each is another float32.
    order = np.lexsort((r.permutation(prob.size), prob.ravel()))
    prob.ravel()[order] = prob.ravel()[order] * 0.9 + np.arange(prob.size) * (0.1 / prob.size)
    dist = star_dist(lab, rays, grid=(grid, grid))
    dist = np.maximum(1e-3, dist * np.exp(r.normal(0, job.get("noise", 0.08), dist.shape))).astype(np.float32)
    put("prob", prob)
    put("dist", np.ascontiguousarray(dist.transpose(2, 0, 1)))

    def run():
        points, scores, kept = non_maximum_suppression(dist, prob, grid=(grid, grid), b=2, nms_thresh=0.4, prob_thresh=0.5)
        put("points", points)
        return put("labels", polygons_to_label(kept, points, lab.shape, prob=scores))
    return run


def cellpose():
    """cellpose's own dynamics; what it imports and does not use here need not be there."""
    home = os.path.join(os.environ.get("COVERSLIP_CACHE", os.path.expanduser("~/.cache/coverslip")), "recipes", "cellpose-4.2.1.1")
    sys.path += [home, "/usr/lib/python3/dist-packages"]
    for name in ("cv2", "torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.transforms._functional_tensor"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    sys.modules["torchvision.transforms"]._functional_tensor = sys.modules["torchvision.transforms._functional_tensor"]
    sys.modules["cv2"].INTER_LINEAR = sys.modules["cv2"].INTER_NEAREST = 0
    import torch
    if int(torch.__version__.split(".")[0]) < 2:  # takes only 64-bit numbers as indices
        torch.int = torch.int32 = torch.int64
        torch.Tensor.int = torch.Tensor.long
    torch.set_num_threads(1)
    from cellpose import dynamics, utils
    return dynamics, utils


def flows(job, put):
    try:
        dynamics, utils = cellpose()
    except ImportError as e:
        why = str(e)  # e is gone when the function is called
        return lambda: dict(missing=why)
    lab = truth(job)
    r = np.random.default_rng(job["seed"] + 4)
    _, lab = np.unique(lab, return_inverse=True)
    lab = lab.reshape(job["size"], -1)
    mu = dynamics.masks_to_flows_gpu(lab)[0]
    wild = np.isin(lab, np.flatnonzero(r.uniform(size=lab.max() + 1) < 0.1))  # cells with flows that make no sense
    mu[:, wild] = mu[::-1, wild]
    mu = np.stack([ndi.gaussian_filter(5 * m + r.normal(0, 1, m.shape), 0.8) for m in mu]).astype(np.float32)
    put("y", mu[0])
    put("x", mu[1])
    logit = put("logit", (8 * (probability(job, lab) - 0.5)).astype(np.float32))

    def run():
        m = dynamics.compute_masks(mu, logit, cellprob_threshold=0.0, flow_threshold=0.4)
        return put("labels", utils.fill_holes_and_remove_small_masks(m, min_size=15))
    return run


def boxes(job, put):
    """Greedy suppression, as in py_cpu_nms of Fast R-CNN, with areas of real numbers."""
    r = np.random.default_rng(job["seed"])
    centre = r.uniform(0, job["size"], (job["objects"], 2)).repeat(8, 0) + r.normal(0, 4, (8 * job["objects"], 2))
    half = np.exp(r.normal(2.5, 0.2, centre.shape))
    b = np.concatenate([centre - half, centre + half], 1).astype(np.float32)
    s = (r.permutation(len(b)) / len(b)).astype(np.float32)
    put("boxes", b)
    put("scores", s)

    def run():
        x0, y0, x1, y1 = b.astype(np.float64).T
        area, order, keep = (x1 - x0) * (y1 - y0), np.argsort(-s, kind="stable"), []
        order = order[s[order] > 0.3001]
        while len(order):
            i, rest = order[0], order[1:]
            keep.append(i)
            w = np.maximum(0, np.minimum(x1[i], x1[rest]) - np.maximum(x0[i], x0[rest]))
            h = np.maximum(0, np.minimum(y1[i], y1[rest]) - np.maximum(y0[i], y0[rest]))
            order = rest[w * h / (area[i] + area[rest] - w * h) <= 0.45]
        return put("kept", np.array(keep, np.uint32))
    return run


def classes(job, put):
    r = np.random.default_rng(job["seed"])
    p = np.stack([ndi.gaussian_filter(r.normal(0, 1, (job["size"],) * 2), 3) for _ in range(4)]).astype(np.float32)
    put("scores", p)

    def run():
        c = p.argmax(0)
        put("classes", c)
        labels, n = np.zeros(c.shape, np.uint32), 0
        for k in (1, 2, 3):
            l, m = ndi.label(c == k)
            labels[l > 0] = l[l > 0] + n
            n += m
        return put("labels", labels)
    return run


def sieve(job, put):
    """Objects with many holes, others in them."""
    import skimage.measure
    r = np.random.default_rng(job["seed"])
    p = ndi.gaussian_filter(r.normal(0, 1, (job["size"],) * 2), job["reach"] / 4) > -0.1
    put("prob", p.astype(np.float32))

    def run():
        labels = skimage.measure.label(p, connectivity=1)
        put("points", [o.area for o in skimage.measure.regionprops(labels)])
        return put("labels", labels)
    return run


KINDS = dict(components=components, components8=components8, distance=distance, split=split, boundary=boundary,
             peaks=peaks, stars=stars, flows=flows, boxes=boxes, classes=classes, sieve=sieve)


def prepare(folder, name, job, timed=False):
    """The inputs of a job into a folder; returns what decodes them. If that is timed it leaves no files."""
    def put(what, a):
        if writing:
            np.ascontiguousarray(a, np.uint32 if what in ("labels", "points", "classes") else None).tofile(os.path.join(folder, f"{name}.{what}"))
        return a
    writing = True
    run = KINDS[job["kind"]](job, put)
    writing = not timed
    return run


def main():
    out = []
    for i, job in enumerate(json.load(sys.stdin)):
        a = prepare(sys.argv[1], f"{i:03}", job)()
        out.append(a if isinstance(a, dict) else {})
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
