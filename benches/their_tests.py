"""Do the tests of another program pass with our interface in its place?

    python benches/their_tests.py dscribe path/to/checkout
    python benches/their_tests.py dscribe path/to/checkout --only soap acsf -- -x -k exceptions
    python benches/their_tests.py featomic path/to/checkout --only calculators/spherical_expansion

The checkout is of that program's repository; nothing of it is built, and nothing of ours is written there. Its package
is answered from `isoprint.compat` by an import hook, before any copy that is installed or lies beside the tests. With
`--theirs` there is no hook: what passes for the program itself, where it is installed.
"""

import argparse
import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

# By program: its package, what stands for it, where its tests are, and how their files are called.
PROGRAMS = {
    "dscribe": ("dscribe", "isoprint.compat.dscribe", "tests", "test_*.py"),
    "featomic": ("featomic", "isoprint.compat.featomic", "python/featomic/tests", "*.py"),
}


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers a package, and every module below it, from another one."""

    def __init__(self, package, ours):
        self.package, self.ours = package, ours

    def find_spec(self, name, path=None, target=None):
        if name == self.package or name.startswith(f"{self.package}."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        found = importlib.import_module(self.ours + name.removeprefix(self.package))
        # The import system hands out what it finds here once the module is executed.
        sys.modules[name] = found


def _give_back_old_names():
    """What numpy took away and their tests still use."""
    for old, new in {"trapz": "trapezoid", "product": "prod"}.items():
        if not hasattr(np, old):
            setattr(np, old, getattr(np, new))


class Tally:
    """What became of each test, by file."""

    def __init__(self):
        self.by_file = defaultdict(Counter)
        self.failed = []

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.by_file[report.nodeid.partition("::")[0]][report.outcome] += 1
            if report.failed:
                self.failed.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.by_file[report.nodeid]["not collected"] += 1
            self.failed.append(report.nodeid)

    def table(self):
        words = ("passed", "failed", "skipped", "not collected")
        yield "| file | " + " | ".join(words) + " |"
        yield "|---" * (len(words) + 1) + "|"
        for file, counts in sorted(self.by_file.items()):
            yield f"| {file} | " + " | ".join(str(counts[word] or "") for word in words) + " |"
        yield ""
        yield from (f"failed: {name}" for name in self.failed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--only", nargs="+", default=[], help="names of files, such as soap for test_soap.py")
    parser.add_argument("--theirs", action="store_true", help="run the program itself")
    known = sys.argv[1:]
    own, rest = (known[: known.index("--")], known[known.index("--") + 1 :]) if "--" in known else (known, [])
    chosen = parser.parse_args(own)
    package, ours, folder, pattern = PROGRAMS[chosen.program]
    tests = chosen.checkout.resolve() / folder
    if not tests.is_dir():
        parser.error(f"there is no folder {tests}")
    if not chosen.theirs:
        sys.meta_path.insert(0, Instead(package, ours))
    os.chdir(tests)
    _give_back_old_names()
    every = (file for file in Path().rglob(pattern) if file.name != "__init__.py")
    # Each by its name: what a pattern of theirs names pytest would load by itself, the program beside its tests too.
    files = [pattern.replace("*", name) for name in chosen.only] or sorted(map(str, every))
    rest = ["-o", "python_files=none", *rest]
    tally = Tally()
    # Nothing of ours is written to the checkout, and its settings for other plugins do not matter.
    status = pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", "--tb=short", *rest, *files], plugins=[tally])
    print(*tally.table(), sep="\n")
    return int(status)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    raise SystemExit(main())
