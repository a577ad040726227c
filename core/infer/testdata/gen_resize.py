"""Makes resize.json with Pillow 13 (pip install pillow==13.0.0 numpy)."""
import json
import numpy as np
from PIL import Image

r = np.random.default_rng(1)
cases = []
for w, h, ow, oh in [(37, 23, 19, 11), (20, 16, 50, 41), (64, 5, 7, 5), (9, 9, 9, 9)]:
    x = (r.random((h, w)) * 1000).astype(np.float32)
    y = np.asarray(Image.fromarray(x).resize((ow, oh), Image.BICUBIC))
    cases.append(dict(W=w, H=h, OW=ow, OH=oh, In=[float(v) for v in x.ravel()], Out=[float(v) for v in y.ravel()]))
json.dump(cases, open("resize.json", "w"))
