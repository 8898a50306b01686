"""What `import isoprint` brings, and what it leaves alone."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import isoprint as ip


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_only_numpy_is_loaded():
    heavy = (
        "{'scipy', 'ase', 'sklearn', 'pandas', 'polars', 'matplotlib', 'torch', 'hypothesis', 'tqdm', 'h5py', 'zarr'}"
    )
    assert run(f"import isoprint, sys; print(*({heavy} & set(sys.modules)))") == []


def test_what_numpy_has_not_loaded_is_from_here_or_the_standard_library():
    code = """
import numpy, sys
before = set(sys.modules)
import isoprint
new = {name.partition('.')[0] for name in set(sys.modules) - before}
print(*(new - {'isoprint', 'numpy'} - set(sys.stdlib_module_names)))
"""
    assert run(code) == []


def test_testing_comes_when_it_is_named():
    assert run("import isoprint, sys; print('isoprint.testing' in sys.modules)") == ["False"]
    assert callable(ip.testing.assert_invariant)


def test_public_names_exist_and_no_other_is_promised():
    assert set(ip.__all__) == set(dir(ip))
    for name in ip.__all__:
        assert getattr(ip, name) is not None


def test_version_is_that_of_the_installed_package():
    assert ip.__version__ == version("isoprint")


def test_types_are_shipped():
    assert (Path(ip.__file__).parent / "py.typed").exists()


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(ip, "SOAPturbo")
