"""Makes regions.json with scikit-image 0.26 (pip install scikit-image==0.26.0).

Outlines have the centre of the upper left pixel at (0.5, 0.5); skimage has it at (0, 0).
"""
import base64, json
import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree
from skimage.draw import polygon
from skimage.measure import regionprops

r = np.random.default_rng(11)
W, H = 90, 70
image = np.stack([r.gamma(2, 400, (H, W)), 30000 + r.normal(0, 3, (H, W))]).astype(np.uint16)
out, masks = [], []
for i in range(40):
    n, radius = int(r.integers(5, 40)), r.uniform(0.8, 14)
    a = np.sort(r.uniform(0, 2 * np.pi, n)) if i % 3 == 0 else 2 * np.pi * np.arange(n) / n
    d = radius * np.exp(r.normal(0, 0.15, n))
    x, y = r.uniform(0, W) + d * np.cos(a) * r.uniform(0.4, 1), r.uniform(0, H) + d * np.sin(a)
    mask = np.zeros((H, W), np.uint8)
    mask[polygon(y - 0.5, x - 0.5, (H, W))] = 1
    if mask.sum() == 0:
        continue
    p = regionprops(mask, intensity_image=image.transpose(1, 2, 0))[0]
    flat = regionprops(mask, spacing=(0.9, 0.35))[0]  # y, x
    masks.append(mask > 0)
    out.append(dict(
        Outline=[dict(X=float(u), Y=float(v)) for u, v in zip(x, y)],
        X=p.centroid[1] + 0.5, Y=p.centroid[0] + 0.5, Area=float(p.area), Perimeter=float(p.perimeter),
        Circularity=float(4 * np.pi * p.area / p.perimeter ** 2) if p.perimeter else 0.0,
        Diameter=float(p.equivalent_diameter_area), Eccentricity=float(p.eccentricity),
        Major=float(p.axis_major_length), Minor=float(p.axis_minor_length),
        Feret=float(p.feret_diameter_max), Orientation=float(p.orientation), Sum=(p.area * p.intensity_mean).tolist(),
        Mean=p.intensity_mean.tolist(), SD=p.intensity_std.tolist(), Min=p.intensity_min.tolist(), Max=p.intensity_max.tolist(),
        Flat=dict(
            Eccentricity=float(flat.eccentricity), Orientation=float(flat.orientation), Major=float(flat.axis_major_length),
            Minor=float(flat.axis_minor_length), Feret=float(flat.feret_diameter_max), Diameter=float(flat.equivalent_diameter_area))))
points = np.array([(o["X"], o["Y"]) for o in out])
for i, o in enumerate(out):
    far = distance_transform_edt(~masks[i])
    others = [m for k, m in enumerate(masks) if k != i]
    ring = (far > 2) & (far <= 7)
    free = ring & ~np.any(others, axis=0)
    o["Background"] = [float(np.median(c[free]) if free.any() else c[ring].min() if ring.any() else 0) for c in image]
    o["Neighbours"] = sum(bool((m & (far <= 5)).any()) for m in others)
    o["Nearest"] = float(cKDTree(points).query(points[i], k=2)[0][1])
    o["Flat"]["Nearest"] = float(cKDTree(points * (0.35, 0.9)).query(points[i] * (0.35, 0.9), k=2)[0][1])
json.dump(dict(W=W, H=H, Image=base64.b64encode(image.astype("<u2").tobytes()).decode(), Regions=out), open("regions.json", "w"))
print(len(out))
