"""Makes pad.json with numpy's own padding of a stack z, y, x by 2, 3 and 5."""
import json
import numpy as np

x = np.arange(24).reshape(2, 3, 4) ** 2
cases = {m: np.pad(x, [(2,) * 2, (3,) * 2, (5,) * 2], m).ravel().tolist() for m in ("edge", "reflect", "symmetric")}
cases["constant"] = np.pad(x, [(2,) * 2, (3,) * 2, (5,) * 2], "constant", constant_values=-8).ravel().tolist()
json.dump(cases, open("pad.json", "w"))
