"""Measures a model on what took no part in making it: the images of heldout.json, and new
synthetic fields, at half, once and twice the size that the model was made for.

    evaluate.py MODEL.onnx [SAMPLE_FOLDER]

SAMPLE_FOLDER is assets/sample. Outlines are suppressed and painted by StarDist itself, so
that the numbers judge the network; `make model-report` gives those of Coverslip's own code.
AP is TP / (TP + FP + FN) of one-to-one matches over an IoU; the count error is
(found - true) / true.
"""
import json
import os
import sys

import numpy as np
import onnxruntime
import tifffile
from scipy import ndimage as ndi
from stardist.geometry import polygons_to_label
from stardist.matching import matching
from stardist.nms import non_maximum_suppression

import data

DIAMETER = 23  # of coverslip.yaml
THRESHOLD, OVERLAP = 0.5, 0.4  # StarDist's usual ones, chosen before anything was measured
STEP = 16
TEST_SEED = 9 * 10**6  # data.py's tiles begin at 0 and at 10⁶, validation at 5·10⁶
FIELDS = 8


def resize(x, scale, order):
    """x at another size; pixels are areas, so that both corners stay where they are."""
    if scale == 1:
        return x
    if order and scale < 1:
        x = ndi.gaussian_filter(x, 0.5 * (1 / scale - 1))
    return ndi.zoom(x, scale, order=order, mode="reflect", grid_mode=True)


def detect(run, image, diameter=0):
    """Labels of image. run gives prob and dist of a batch; diameter is the nuclei's in pixels, 0: as they are."""
    scale = DIAMETER / diameter if diameter else 1
    x = data.normalise(resize(image.astype(np.float32), scale, 1))
    h, w = (-(-n // STEP) * STEP for n in x.shape)
    x = np.pad(x, ((0, h - x.shape[0]), (0, w - x.shape[1])), mode="reflect")
    prob, dist = run(x[None, None])
    prob, dist = np.ascontiguousarray(prob[0, 0]), np.ascontiguousarray(dist[0].transpose(1, 2, 0))
    points, score, dist = non_maximum_suppression(
        dist, prob, grid=(data.GRID, data.GRID), b=0, nms_thresh=OVERLAP, prob_thresh=THRESHOLD)
    if not len(points):
        return np.zeros(image.shape, np.int32)
    return polygons_to_label(dist / scale, points / scale, image.shape, prob=score)


def open_model(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: session.run(["prob", "dist"], {"image": x})


def count(pairs):
    """AP at 0.5 and 0.7 and numbers of nuclei over (truth, found) images together."""
    total = np.zeros((2, 3), int)
    for truth, found in pairs:
        for i, m in enumerate(matching(truth, found, thresh=(0.5, 0.7))):
            total[i] += m.tp, m.fp, m.fn
    tp, fp, fn = total[0]
    ap50, ap70 = (t[0] / max(1, t.sum()) for t in total)
    return {"true": int(tp + fn), "found": int(tp + fp), "ap50": float(ap50), "ap70": float(ap70),
            "count_error": float((fp - fn) / max(1, tp + fn))}


def held_out(folder):
    """Names, images and labels that heldout.json lists."""
    with open(os.path.join(folder, "truth", "heldout.json")) as f:
        entries = json.load(f)
    for e in entries:
        x0, y0, x1, y1 = e["rect"]
        image = tifffile.imread(os.path.join(folder, "captures", e["image"]))
        labels = tifffile.imread(os.path.join(folder, "truth", e["labels"]))
        yield e["name"], image[y0:y1, x0:x1].astype(np.float32), labels[y0:y1, x0:x1].astype(np.int32)


def fields(size, first, n, side=512):
    """Synthetic fields with nuclei of about size × DIAMETER pixels."""
    for seed in range(first, first + n):
        rng = np.random.default_rng(seed)
        yield data.synthetic(rng, side, radius=DIAMETER / 2 * size, cover=rng.uniform(0.08, 0.35))


def main(model, folder):
    run = open_model(model)
    rows = []
    for name, image, labels in held_out(folder):
        for size in (1, 0.5, 2):
            x, y = resize(image, size, 1), resize(labels, size, 0)
            rows.append((f"{name}, scaled {size:g}x", count([(y, detect(run, x, DIAMETER * size))])))
    for size in (0.5, 1, 2):
        tests = list(fields(size, TEST_SEED, FIELDS))
        rows.append((f"synthetic {size:g}x, diameter set", count((y, detect(run, x, DIAMETER * size)) for x, y in tests)))
        rows.append((f"synthetic {size:g}x, diameter not set", count((y, detect(run, x)) for x, y in tests)))
    for name, r in rows:
        print(f"{name:50s} true {r['true']:5d} found {r['found']:5d} AP@0.5 {r['ap50']:.3f} "
              f"AP@0.7 {r['ap70']:.3f} count error {r['count_error']:+.3f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(__file__), "../../assets/sample"))
