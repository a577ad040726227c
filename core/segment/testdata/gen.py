"""Makes the vectors of this folder with the reference's own code.

    python3 -m venv venv && venv/bin/pip install stardist==0.9.2 scikit-image==0.26.0 pyclipper==1.4.0
    venv/bin/python gen.py

Crowded random ellipses give label images, stardist's own targets and noise give maps;
stardist's NMS, renderer and matching give what is expected.
"""
import gzip, json
import numpy as np
import pyclipper
from scipy import ndimage as ndi
from skimage.measure import label as cc
from stardist.geometry import polygons_to_label, star_dist
from stardist.matching import matching
from stardist.nms import non_maximum_suppression
from stardist.utils import edt_prob


def ellipses(r, size, radius, n):
    lab = np.zeros((size, size), np.int32)
    yy, xx = np.mgrid[:size, :size]
    for i in range(n):
        cy, cx = r.uniform(0, size, 2)
        a, b = radius * np.exp(r.normal(0, 0.3, 2))
        t = r.uniform(0, np.pi)
        u, v = (xx - cx) * np.cos(t) + (yy - cy) * np.sin(t), -(xx - cx) * np.sin(t) + (yy - cy) * np.cos(t)
        lab[((u / a) ** 2 + (v / b) ** 2 < 1) & (lab == 0)] = i + 1
    return lab


def put(name, a):
    with gzip.GzipFile(name, "wb", mtime=0) as f:
        f.write(np.ascontiguousarray(a).tobytes())


cases = []
for name, rays, grid, size, radius, n, pt, nt, noise in [
    ("grid2", 32, 2, 112, 9, 40, 0.4, 0.4, 0.12),
    ("grid1", 16, 1, 64, 5, 40, 0.5, 0.3, 0.05),
]:
    r = np.random.default_rng(7)
    lab = ellipses(r, size, radius, n)
    sl = (slice(None, None, grid),) * 2
    prob = edt_prob(lab)[sl].astype(np.float32)
    prob = np.clip(prob + r.normal(0, 0.05, prob.shape), 0, 1).astype(np.float32)
    prob = (prob * 0.999 + r.permutation(prob.size).reshape(prob.shape) * 1e-7).astype(np.float32)
    assert len(np.unique(prob[prob > pt])) == (prob > pt).sum(), "equal scores have no order in the reference"
    dist = star_dist(lab, rays, grid=(grid, grid))
    dist = np.maximum(1e-3, dist * np.exp(r.normal(0, noise, dist.shape))).astype(np.float32)
    dist = np.maximum(np.float32(1e-3), np.round(dist * 16) / 16).astype(np.float32)
    points, scores, kept = non_maximum_suppression(dist, prob, grid=(grid, grid), b=2, nms_thresh=nt, prob_thresh=pt)
    labels = polygons_to_label(kept, points, (size, size), prob=scores)
    put(f"{name}.prob.f32.gz", prob)
    put(f"{name}.dist.f32.gz", dist.transpose(2, 0, 1))
    put(f"{name}.labels.u16.gz", labels.astype("<u2"))
    put(f"{name}.truth.u16.gz", lab.astype("<u2"))
    match = []
    for t in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9):
        m = matching(lab, labels, thresh=t)
        match.append(dict(IoU=t, TP=int(m.tp), FP=int(m.fp), FN=int(m.fn), AP=float(m.accuracy), F1=float(m.f1),
                         MeanIoU=float(m.mean_matched_score)))
    cases.append(dict(
        Name=name, Rays=rays, Grid=grid, Size=size, H=prob.shape[0], W=prob.shape[1], Prob=pt, NMS=nt, Border=2,
        Candidates=int((prob[2:-2, 2:-2] > pt).sum()),
        Points=points.tolist(), Scores=[float(s) for s in scores], Match=match,
        Components4=int(cc(lab > 0, connectivity=1).max()), Components8=int(cc(lab > 0, connectivity=2).max())))
    print(name, len(points), "kept of", cases[-1]["Candidates"], match[0])
json.dump(cases, open("stars.json", "w"))


def area(p):
    p = np.array(p)
    return abs(np.sum(p[:, 0] * np.roll(p[:, 1], -1) - p[:, 1] * np.roll(p[:, 0], -1))) / 2


r, pairs = np.random.default_rng(5), []
for i in range(200):
    n, radius, star = [16, 32][i % 2], r.uniform(3, 12), []
    for _ in range(2):
        c, d, t = r.integers(40, 40 + int(radius), 2), radius * np.exp(r.normal(0, 0.12, n)), 2 * np.pi * np.arange(n) / n
        star.append(np.trunc(np.stack([c[0] + d * np.cos(t), c[1] + d * np.sin(t)], 1)).astype(int).tolist())
    pc = pyclipper.Pyclipper()
    pc.AddPath(star[0], pyclipper.PT_CLIP, True)
    pc.AddPath(star[1], pyclipper.PT_SUBJECT, True)
    both = pc.Execute(pyclipper.CT_INTERSECTION, pyclipper.PFT_NONZERO, pyclipper.PFT_NONZERO)
    pairs.append(dict(A=star[0], B=star[1], Area=float(sum(area(q) for q in both))))
json.dump(pairs, open("pairs.json", "w"))
