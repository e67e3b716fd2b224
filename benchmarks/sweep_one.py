"""One trial in a process of its own, as many studies with Optuna or Ray Tune are run; see sweep.py.

    python benchmarks/sweep_one.py ROWS.npz '{"seed": 0, "hidden": 128, …}'

Prints the validation average precision and the process's peak memory in MB.
"""

import json
import sys

import numpy as np
import torch
from sweep_loops import Job, average_precision, scorer, usual
from sweep_peak import peak_mb

if __name__ == "__main__":
    torch.set_num_threads(1)
    rows = np.load(sys.argv[1])
    model = usual(Job(**json.loads(sys.argv[2])), rows["x"], rows["y"])
    print(average_precision(scorer(model)(rows["val_x"]), rows["val_y"]), peak_mb())
