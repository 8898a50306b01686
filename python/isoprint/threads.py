"""How many threads a calculation takes where `n_jobs` does not say.

The limit of `threadpoolctl.threadpool_limits`, if there is one; else the smallest of the environment variables
`RAYON_NUM_THREADS` and `OMP_NUM_THREADS` and the number of cores that this process may use. joblib sets the second
variable in its workers, so they share the cores without being told.

threadpoolctl is not needed and not loaded here. It learns about this package when both are there, in either order.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from isoprint import _core
from isoprint._core import __version__, get_num_threads
from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer

__all__ = ["get_num_threads", "set_num_threads"]

_LIBRARY = "threadpoolctl"


def set_num_threads(n: int) -> None:
    """Set how many threads a calculation takes where `n_jobs` does not say, in the whole process.

    Parameters
    ----------
    n : int
        Threads; 0 goes back to the environment.
    """
    wanted = integer(n)
    if wanted is None or wanted < 0:
        raise ValueError(f"n is {short_repr(n)}; give a number of threads, or 0 for as many as the environment says")
    _core.set_num_threads(min(wanted, sys.maxsize))


def _register(library: Any) -> None:
    """Tell threadpoolctl how to ask and limit our threads."""
    if not hasattr(library, "register"):  # before 3.2
        return

    class Controller(library.LibController):  # type: ignore[misc]
        user_api = internal_api = "isoprint"
        filename_prefixes = ("_core",)
        check_symbols = ("isoprint_get_num_threads",)

        def get_num_threads(self) -> int:
            return get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            set_num_threads(num_threads)

        def get_version(self) -> str:
            return __version__

    library.register(Controller)


class _AfterImport(MetaPathFinder):
    """Finds nothing itself; registers with threadpoolctl once somebody else has loaded it."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != _LIBRARY:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            loader = spec.loader
            execute = loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                _register(module)

            # Whoever only asks where threadpoolctl is gets a loader that is never run, and we go on waiting.
            loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


if _LIBRARY in sys.modules:
    _register(sys.modules[_LIBRARY])
else:
    sys.meta_path.insert(0, _AfterImport())
