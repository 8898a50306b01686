"""Tasks of kernels of structures, for two packages with the same interface."""


def kernel_tasks(kernels, scene):
    """What is timed: three kernels of lists of features."""
    if scene != "kernels":
        return {}
    return {
        "average linear": kernels.AverageKernel(metric="linear").create,
        "average rbf": kernels.AverageKernel(metric="rbf", gamma=1.0).create,
        "rematch": kernels.REMatchKernel(alpha=0.1, threshold=1e-6, metric="linear").create,
    }
