"""The learning experiment, at the path that it has always had."""

from isoprint.blindness.study import *
from isoprint.blindness.study import __all__ as __all__
