"""The script that a lab writes today to count nuclei with a model on Triton: the peer of
"coverslipctl infer" in make bench.

    lab_script.py SERVER MODEL SCALE FOLDER IMAGE…

Of each image it writes FOLDER/NAME.tif with labels and FOLDER/NAME.csv with a line an object.
SCALE is the pixels of the image a pixel of the model's probabilities.
"""
import csv
import os
import sys

import numpy as np
import tifffile
import tritonclient.grpc as triton
from scipy import ndimage
from skimage.measure import regionprops_table

TILE, OVERLAP, BATCH = 256, 32, 16
THRESHOLD, MIN_SIZE = 0.5, 20
COLUMNS = ("label", "centroid", "area", "perimeter", "equivalent_diameter_area", "axis_major_length", "axis_minor_length",
           "eccentricity", "orientation", "intensity_mean", "intensity_std", "intensity_min", "intensity_max")


def starts(n):
    """Where tiles begin along an axis of n pixels."""
    return list(range(0, n - TILE, TILE - OVERLAP)) + [n - TILE]


def normalise(image):
    low, high = np.percentile(image, (1, 99.8))
    return (image.astype(np.float32) - np.float32(low)) / np.float32(high - low + 1e-6)


def predict(client, model, batched, x, scale):
    """Probabilities of the whole image: in tiles, each without half of what it shares."""
    ask = [triton.InferRequestedOutput("prob")]
    out = np.zeros((x.shape[0] // scale, x.shape[1] // scale), np.float32)
    places = [(r, c) for r in starts(x.shape[0]) for c in starts(x.shape[1])]
    size = BATCH if batched else 1
    for i in range(0, len(places), size):
        some = places[i:i + size]
        tiles = np.stack([x[r:r + TILE, c:c + TILE] for r, c in some])[:, None]
        feed = triton.InferInput("image", tiles.shape, "FP32")
        feed.set_data_from_numpy(tiles)
        found = client.infer(model, [feed], outputs=ask).as_numpy("prob")
        for (r, c), p in zip(some, found[:, 0]):
            top, left = OVERLAP // 2 if r else 0, OVERLAP // 2 if c else 0
            p = p[top // scale:, left // scale:]
            r, c = (r + top) // scale, (c + left) // scale
            out[r:r + p.shape[0], c:c + p.shape[1]] = p
    return out


def segment(p, scale):
    labels, n = ndimage.label(p > THRESHOLD)
    sizes = np.bincount(labels.ravel())
    keep = sizes >= MIN_SIZE
    keep[0] = False
    number = np.zeros(n + 1, np.uint16 if keep.sum() < 65536 else np.uint32)
    number[keep] = np.arange(1, keep.sum() + 1)
    labels = number[labels]
    return labels if scale == 1 else labels.repeat(scale, 0).repeat(scale, 1)


def measure(path, labels, image):
    table = regionprops_table(labels, image, properties=COLUMNS)
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(table)
        w.writerows(zip(*(column.tolist() for column in table.values())))


def main(server, model, scale, folder, images):
    client = triton.InferenceServerClient(server)
    batched = client.get_model_metadata(model).inputs[0].shape[0] < 0
    for path in images:
        image = tifffile.imread(path)
        labels = segment(predict(client, model, batched, normalise(image), scale), scale)
        at = os.path.join(folder, os.path.splitext(os.path.basename(path))[0])
        measure(at + ".csv", labels, image)
        tifffile.imwrite(at + ".tif", labels, compression="zlib")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:])
