"""Programs in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import isoprint

# What a child imports: this isoprint, and the modules beside this one.
PLACES = [str(Path(isoprint.__file__).parents[1]), str(Path(__file__).parent)]


def environment(**changes):
    """The variables of a child; those that are None are taken away."""
    whole = {**os.environ, "PYTHONPATH": os.pathsep.join(PLACES), **changes}
    return {name: value for name, value in whole.items() if value is not None}


def python(*arguments, variables=None, **options):
    """How a run of Python ended, and what it said."""
    options = {"capture_output": True, "text": True, "timeout": 300, **options}
    return subprocess.run([sys.executable, *arguments], env=environment(**(variables or {})), **options)


def printed(program, **options):
    """What a program prints that must end well."""
    done = python("-W", "ignore", "-c", program, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout
