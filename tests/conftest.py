"""Profiles of hypothesis, and structures that many tests share."""

import os
import signal

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.io import write
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from folders import molecules

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=15, **COMMON)
settings.register_profile("ci", max_examples=15, derandomize=True, **COMMON)
settings.register_profile("long", max_examples=300, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))

# The matrices here are small: where the cores are busy, two threads of a BLAS take ten times as long as one.
threadpool_limits(limits=1, user_api="blas")


@pytest.fixture
def water():
    return molecule("H2O")


@pytest.fixture
def slab():
    """A skewed slab of four elements with atoms outside the cell."""
    cell = [[3.1, 0.0, 0.0], [1.2, 3.3, 0.0], [0.3, 0.2, 9.0]]
    positions = np.random.default_rng(1).uniform(-4.0, 7.0, (6, 3))
    return Atoms("CHOHCN", positions=positions, cell=cell, pbc=[True, True, False])


@pytest.fixture
def several():
    return [molecule("CH3OH"), bulk("C", "diamond", a=3.57), molecule("CO2")]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(here):
    """A folder to work in, with three structures."""
    write("in.extxyz", molecules())
    return here


@pytest.fixture
def listening():
    """Control-C is heard: a shell that runs the tests in the background has told them to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
