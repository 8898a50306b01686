"""Scripts that were written for DScribe find what they found there, with the import changed."""

from pathlib import Path

import numpy as np
import pytest

from dscribe_pipelines import PIPELINES
from isoprint.compat.dscribe import descriptors

GOLDEN = np.load(Path(__file__).parent / "golden" / "dscribe_pipelines.npz")
# Where DScribe takes differences, or rounds its polynomials.
LOOSE = {"forces_of_a_linear_model": 1e-6, "one_species_at_a_time": 1e-7}


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.__name__)
def test_scripts_find_the_same(pipeline):
    pytest.importorskip("sklearn")
    if pipeline.__name__ == "sparse_rows":
        pytest.importorskip("sparse")
    expected = GOLDEN[pipeline.__name__]
    found = np.asarray(pipeline(descriptors))
    assert found.shape == expected.shape
    tolerance = LOOSE.get(pipeline.__name__, 1e-8)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())
