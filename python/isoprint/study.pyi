"""The learning experiment, for type checkers at the path that programs name; the modules are in `isoprint.blindness`."""

from isoprint.blindness.study import *  # noqa: F403 (a stub hands on what is in __all__)
from isoprint.blindness.study import __all__ as __all__
