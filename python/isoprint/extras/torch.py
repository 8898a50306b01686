"""Fingerprints in PyTorch: rows that know their derivatives, to second order, by positions and cells.

>>> from isoprint.extras.torch import Featurizer  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from isoprint._support.jobs import threads
from isoprint._support.parameters import flag
from isoprint.extras._deformed import Deformed

try:
    # By its name: for type checkers, which look beside this file first, it is this file.
    torch: Any = import_module("torch")
except ImportError:
    raise ImportError('isoprint.extras.torch needs PyTorch: pip install "isoprint[torch]"') from None


class Featurizer(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """A module that describes structures, for networks that are trained on energies, forces and stress.

    The fingerprint itself has no parameters to be trained. First derivatives are exact (`pullback`), and so is what
    training on forces needs, the derivative of forces by the parameters of a network (`pushforward`).

    Parameters
    ----------
    descriptor : Descriptor
        A fingerprint that knows its species.
    n_jobs : int, optional
        Threads; -1 for all cores.
    second : bool
        Whether a second backward pass gives derivatives by positions and cells, too, as Hessians need them. They are
        differences of exact first derivatives, within 1e-8 or so where nothing is at the edge of a cutoff, and cost
        four of them. Training needs none: with `False` they are left out, as those of a constant.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> featurizer = Featurizer(soap)  # doctest: +SKIP
    >>> water = molecule("H2O")
    >>> positions = torch.tensor(water.positions, requires_grad=True)  # doctest: +SKIP
    >>> energy = featurizer([water], positions).square().sum()  # doctest: +SKIP
    >>> (forces,) = torch.autograd.grad(-energy, positions, create_graph=True)  # doctest: +SKIP
    """

    def __init__(self, descriptor: Any, *, n_jobs: int | None = None, second: bool = True) -> None:
        super().__init__()
        threads(n_jobs)
        self.descriptor, self.n_jobs, self.second = descriptor, n_jobs, flag("second", second)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return int(self.descriptor.n_features)

    @torch.compiler.disable  # type: ignore[untyped-decorator,unused-ignore]
    def forward(self, frames: Any, positions: Any = None, cells: Any = None) -> Any:
        """Describe every center.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Elements and periodic directions, and positions and cells where these are not given.
        positions : Tensor (n_atoms of all frames, 3), optional
            In Å.
        cells : Tensor (n_frames, 3, 3), optional
            Rows are the cell vectors in Å. At given positions: a strain moves both.

        Returns
        -------
        Tensor (n_rows, n_features)
            Of the type and on the device of `positions`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> Featurizer(soap)([molecule("H2O")] * 2).shape  # doctest: +SKIP
        torch.Size([6, 144])
        """
        deformed = Deformed.of(self.descriptor, frames, self.n_jobs)
        positions = torch.from_numpy(deformed.positions) if positions is None else positions
        cells = torch.from_numpy(deformed.cells).to(positions) if cells is None else cells
        deformed.require(positions, cells)
        return _Features.apply(positions, cells, deformed, self.second)

    def extra_repr(self) -> str:
        """What is printed between the brackets."""
        return repr(self.descriptor)


def _array(tensor: Any) -> Any:
    return tensor.detach().to("cpu", torch.float64).numpy()


class _Features(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """Rows, as a function of positions and cells."""

    @staticmethod
    def forward(ctx: Any, positions: Any, cells: Any, deformed: Deformed, second: bool) -> Any:
        ctx.save_for_backward(positions, cells)
        ctx.deformed, ctx.second = deformed, second
        return torch.from_numpy(np.asarray(deformed.features(_array(positions), _array(cells)))).to(positions)

    @staticmethod
    def backward(ctx: Any, adjoint: Any) -> Any:
        positions, cells = ctx.saved_tensors
        return *_Gradient.apply(adjoint, positions, cells, ctx.deformed, ctx.second), None, None


class _Gradient(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """The derivative of `Σ adjoint · features`, as a function of the adjoint, positions and cells."""

    @staticmethod
    def forward(ctx: Any, adjoint: Any, positions: Any, cells: Any, deformed: Deformed, second: bool) -> Any:
        ctx.save_for_backward(adjoint, positions, cells)
        ctx.deformed, ctx.second = deformed, second
        found = deformed.gradient(_array(positions), _array(cells), _array(adjoint))
        return tuple(torch.from_numpy(part).to(positions) for part in found)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator,unused-ignore]
    def backward(ctx: Any, of_positions: Any, of_cells: Any) -> Any:
        adjoint, positions, cells = ctx.saved_tensors
        places, directions = (_array(positions), _array(cells)), (_array(of_positions), _array(of_cells))
        of_adjoint = moved = strained = None
        if ctx.needs_input_grad[0]:
            of_adjoint = torch.from_numpy(np.asarray(ctx.deformed.along(*places, *directions))).to(adjoint)
        if ctx.second and any(ctx.needs_input_grad[1:3]):
            found = ctx.deformed.gradient_along(*places, _array(adjoint), *directions)
            moved, strained = (torch.from_numpy(part).to(positions) for part in found)
        return of_adjoint, moved, strained, None, None
