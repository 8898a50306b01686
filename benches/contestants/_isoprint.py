"""What the two kinds of SOAP of isoprint are asked to do."""

import numpy as np


def tasks_of(descriptor, case, threads):
    """Tasks of a descriptor: one thread or several."""
    import isoprint

    adjoints = {}

    def adjoint(atoms):
        """Made once and reused: a model would hand it in."""
        if len(atoms) not in adjoints:
            adjoints[len(atoms)] = np.random.default_rng(1).standard_normal((len(atoms), descriptor.n_features))
        return adjoints[len(atoms)]

    def features(atoms):
        return descriptor.transform(atoms, n_jobs=threads)

    def pullback(atoms):
        return descriptor.pullback(atoms, adjoint(atoms), n_jobs=threads)

    return {
        "features": features,
        "pullback": pullback,
        "features+pullback": lambda atoms: (features(atoms), pullback(atoms)),
        "jacobian": lambda atoms: descriptor.derivatives(atoms).values,
        "neighbors": lambda atoms: isoprint.neighbors(atoms, case["r_cut"], n_jobs=threads),
    }
