"""Writes `dscribe_pipelines.npz`: what the scripts of `dscribe_pipelines.py` find with DScribe itself.

    PYTHONPATH=tests python tests/golden/make_dscribe_pipelines.py

Needs `pip install dscribe==2.1.2 "ase<3.26"`. Only its output is stored.
"""

from pathlib import Path

import dscribe.descriptors
import numpy as np

from dscribe_pipelines import PIPELINES

if __name__ == "__main__":
    found = {pipeline.__name__: pipeline(dscribe.descriptors) for pipeline in PIPELINES}
    np.savez_compressed(Path(__file__).parent / "dscribe_pipelines.npz", **found)
