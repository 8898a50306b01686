"""Kernels of structures by DScribe.

    python make_kernels.py

Needs dscribe (2.1.2) and its dependencies. Writes `kernels.npz`: features of seven structures of one to nine
environments, drawn at random and normalized, five for the rows and three for the columns, and what DScribe makes of
them.
"""

import numpy as np
from dscribe.kernels import AverageKernel, REMatchKernel

METRICS = ("linear", "polynomial", "rbf", "laplacian", "cosine", "sigmoid")
OPTIONS = {"plain": {}, "raw": {"normalize_kernel": False}, "own": {"gamma": 0.3, "degree": 2, "coef0": 0.5}}
REMATCH = ((1.0, 1e-6), (0.1, 1e-3), (0.01, 1e-8), (1e20, 1e-6))


def structures(rng, sizes):
    drawn = [np.abs(rng.standard_normal((n, 30))) for n in sizes]
    return [features / np.linalg.norm(features, axis=1)[:, None] for features in drawn]


def main():
    rng = np.random.default_rng(1)
    rows, columns = structures(rng, (3, 5, 1, 8, 4)), structures(rng, (6, 2, 9))
    out = {"rows": np.concatenate(rows), "columns": np.concatenate(columns)}
    for metric in METRICS:
        for name, options in OPTIONS.items():
            kernel = AverageKernel(metric=metric, **options)
            out[f"average {metric} {name} square"] = kernel.create(rows)
            out[f"average {metric} {name} between"] = kernel.create(rows, columns)
            for k, (alpha, threshold) in enumerate(REMATCH):
                kernel = REMatchKernel(alpha=alpha, threshold=threshold, metric=metric, **options)
                out[f"rematch{k} {metric} {name} square"] = kernel.create(rows)
                out[f"rematch{k} {metric} {name} between"] = kernel.create(rows, columns)
    np.savez_compressed("kernels.npz", **out)


if __name__ == "__main__":
    main()
