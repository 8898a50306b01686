"""What made the rows of a file, for whoever finds it."""

from __future__ import annotations

import json
from typing import Any

from isoprint._core import __version__


def parameters_of(descriptor: Any) -> dict[str, Any]:
    """What made the features, as far as JSON can say it.

    Parameters
    ----------
    descriptor : Descriptor
        That knows its species.

    Returns
    -------
    dict
        The names of the class and of the version, the parameters, and the species.
    """
    said = {
        "descriptor": type(descriptor).__name__,
        "isoprint": __version__,
        **descriptor.get_params(),
        "species": descriptor.species_,
    }
    plain: dict[str, Any] = json.loads(json.dumps(said, default=str))
    return plain
