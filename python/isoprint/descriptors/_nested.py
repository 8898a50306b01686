"""Estimators that have a descriptor among their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoprint._support.arrays import short_repr
from isoprint.descriptors._estimator import Estimator

if TYPE_CHECKING:
    from typing_extensions import Self

_PREFIX = "descriptor__"


class WithDescriptor(Estimator):
    """An estimator whose parameter `descriptor` has parameters of its own, or is `None`."""

    descriptor: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name, as they were given.

        Parameters
        ----------
        deep : bool
            Also those of the descriptor, as `descriptor__parameter`.

        Returns
        -------
        dict
            From name to value.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.kernels.AverageKernel(ip.SOAP(r_cut=4.0, n_max=4, l_max=3)).get_params()["descriptor__n_max"]
        4
        """
        params = super().get_params(deep)
        if deep and hasattr(self.descriptor, "get_params") and not isinstance(self.descriptor, type):
            own = self.descriptor.get_params(deep=True)
            params.update({f"{_PREFIX}{key}": value for key, value in own.items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Change parameters, or parameters of the descriptor as `descriptor__parameter`.

        Parameters
        ----------
        **params
            New values by name. What `fit` learned stays what it was until it is called again.

        Returns
        -------
        estimator
            The estimator itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> kernel = ip.kernels.AverageKernel(ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> kernel.set_params(descriptor__n_max=2, normalize=False).descriptor.n_max
        2
        """
        super().set_params(**{name: value for name, value in params.items() if not name.startswith(_PREFIX)})
        inner = {name[len(_PREFIX) :]: value for name, value in params.items() if name.startswith(_PREFIX)}
        if inner:
            if not hasattr(self.descriptor, "set_params"):
                raise ValueError(f"descriptor is {short_repr(self.descriptor)}, which has no parameter {min(inner)!r}")
            self.descriptor.set_params(**inner)
        return self
