"""Fingerprints in PyTorch: rows that know their derivatives, to second order, by positions and cells.

>>> from isoprint.extras.torch import Featurizer  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from isoprint._support.jobs import threads
from isoprint._support.parameters import flag
from isoprint.extras import _torch_maps as maps
from isoprint.extras._deformed import Parts, require_shapes

torch: Any = maps.torch


class Structures(NamedTuple):
    """Some structures as tensors, made by `Featurizer.prepare`.

    Attributes
    ----------
    positions : Tensor (n_atoms of all structures, 3)
        In Å.
    cells : Tensor (n_frames, 3, 3)
        Rows are the cell vectors in Å; zero where there is no cell.
    numbers, pbc, offsets : Tensor
        Atomic numbers, periodic directions, and where the atoms of each structure begin and end. They stay on the
        processor.
    frame : Tensor (n_rows,)
        The structure that each row belongs to.
    centers, points : Tensor, optional
        Where not every atom is described.
    """

    positions: Any
    cells: Any
    numbers: Any
    pbc: Any
    offsets: Any
    frame: Any
    centers: Any = None
    points: Any = None

    def sum(self, values: Any) -> Any:
        """Sums over the rows of each structure, such as energies of atoms.

        Parameters
        ----------
        values : Tensor (n_rows, ...)
            One entry a row.

        Returns
        -------
        Tensor (n_frames, ...)
            One entry a structure.
        """
        zeros = values.new_zeros((self.cells.shape[0], *values.shape[1:]))
        return zeros.index_add(0, self.frame, values)

    def to(self, *where: Any, **options: Any) -> Structures:
        """The same with positions and cells elsewhere, or of another type.

        Parameters
        ----------
        *where, **options
            As of `Tensor.to`: a device, a type, or both.

        Returns
        -------
        Structures
            Elements and periodic directions stay on the processor, where they are needed.
        """
        positions = self.positions.to(*where, **options)
        cells, frame = self.cells.to(positions), self.frame.to(positions.device)
        return self._replace(positions=positions, cells=cells, frame=frame)

    @classmethod
    def join(cls, parts: Sequence[Structures]) -> Structures:
        """Several batches as one: what a `DataLoader` takes as `collate_fn`.

        Parameters
        ----------
        parts : sequence of Structures
            All made by the same featurizer.

        Returns
        -------
        Structures
            The structures of all, in this order.
        """
        if any((part.centers is None) != (parts[0].centers is None) for part in parts):
            raise ValueError("some of these structures were prepared with centers, others without; give all or none")
        n_frames = [0, *np.cumsum([part.cells.shape[0] for part in parts]).tolist()]
        n_atoms = [0, *np.cumsum([part.numbers.shape[0] for part in parts]).tolist()]
        offsets = [part.offsets[1:] + before for part, before in zip(parts, n_atoms, strict=False)]
        whole = {
            name: torch.cat([getattr(part, name) for part in parts])
            for name in ("positions", "cells", "numbers", "pbc")
        }
        frame = torch.cat([part.frame + before for part, before in zip(parts, n_frames, strict=False)])
        centers = points = None
        if parts[0].centers is not None:
            shifts = [torch.tensor([[before, 0]]) for before in n_frames]
            centers = torch.cat([part.centers + shift for part, shift in zip(parts, shifts, strict=False)])
        if any(part.points is not None for part in parts):
            points = torch.cat([part._points_or_none_there() for part in parts])
        return cls(
            **whole, offsets=torch.cat([parts[0].offsets[:1], *offsets]), frame=frame, centers=centers, points=points
        )

    def _points_or_none_there(self) -> Any:
        if self.points is not None:
            return self.points
        return torch.zeros((len(self.centers), 2, 3), dtype=torch.float64)


class Featurizer(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """A module that describes structures, for networks that are trained on energies, forces and stress.

    The fingerprint itself has no parameters to be trained, and is computed on the processor. First derivatives are
    exact (`pullback`), and so is what training on forces needs, the derivative of forces by the parameters of a network
    (`pushforward`).

    Parameters
    ----------
    descriptor : Descriptor
        A fingerprint that knows its species. It is copied: what changes in it afterwards has no effect.
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
        self.n_jobs, self.second = n_jobs, flag("second", second)
        self._fingerprint = maps.fingerprint(descriptor)

    @property
    def descriptor(self) -> Any:
        """The fingerprint, as it was given."""
        return self._fingerprint.descriptor

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self._fingerprint.n_features

    def prepare(self, frames: Any, *, centers: Any = None) -> Structures:
        """Make tensors of structures, once for all calls.

        Training calls the module many times for the same structures, which need not be taken apart each time. Compiled
        programs can do with tensors alone.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : sequence, optional
            As in `transform`. Points move with the cell vectors.

        Returns
        -------
        Structures
            A named tuple of tensors; positions and cells are double.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> featurizer = Featurizer(soap)  # doctest: +SKIP
        >>> batch = featurizer.prepare([molecule("H2O")] * 2)  # doctest: +SKIP
        >>> batch.sum(featurizer(batch)).shape  # doctest: +SKIP
        torch.Size([2, 144])
        """
        parts = Parts.of(self.descriptor, frames, centers)
        own, resolved, where = parts.frames, parts.centers, None
        if resolved is not None:
            of_each = np.repeat(np.arange(own.n_frames), np.diff(resolved.offsets))
            where = torch.from_numpy(np.stack([of_each, resolved.atom], axis=1))
        points = None if parts.points is None else torch.from_numpy(parts.points)
        positions, cells = torch.from_numpy(own.positions), torch.from_numpy(own.cells)
        numbers, pbc, offsets = (torch.from_numpy(part) for part in (own.numbers, own.pbc, own.offsets))
        return Structures(positions, cells, numbers, pbc, offsets, torch.from_numpy(parts.frame), where, points)

    def forward(self, frames: Any, positions: Any = None, cells: Any = None, *, centers: Any = None) -> Any:
        """Describe every center.

        Parameters
        ----------
        frames : Structures, ase.Atoms or alike, or a sequence of these
            Elements and periodic directions, and positions and cells where these are not given.
        positions : Tensor (n_atoms of all frames, 3), optional
            In Å.
        cells : Tensor (n_frames, 3, 3), optional
            Rows are the cell vectors in Å. At given positions: a strain moves both.
        centers : sequence, optional
            As in `transform`; of what was prepared it is known.

        Returns
        -------
        Tensor (n_rows, n_features)
            Of the type and on the device of `positions`, whatever the precision of the fingerprint.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> Featurizer(soap)([molecule("H2O")] * 2).shape  # doctest: +SKIP
        torch.Size([6, 144])
        """
        if not isinstance(frames, Structures):
            frames = self._prepared(frames, centers)
        elif centers is not None:
            raise ValueError("centers are given with structures that were prepared; give them to prepare")
        positions = frames.positions if positions is None else positions
        cells = (frames.cells if cells is None else cells).to(positions)
        require_shapes(positions, cells, frames.numbers.shape[0], frames.pbc.shape[0])
        known = self._fingerprint
        fixed = (frames.numbers, frames.pbc, frames.offsets)
        where = (frames.centers, frames.points)
        if torch.compiler.is_compiling():
            operands = (*fixed, frames.frame, *where, known.key, known.n_features, self.n_jobs, self.second)
            return maps.Compiled(operands)("features", positions, cells)
        eager = maps.Eager(known, positions.dtype, (*fixed, *where), self.n_jobs, self.second)
        return eager("features", positions, cells)

    @torch.compiler.disable  # type: ignore[untyped-decorator,unused-ignore]
    def _prepared(self, frames: Any, centers: Any) -> Structures:
        """Structures are no tensors: a compiled program ends here, and goes on afterwards."""
        return self.prepare(frames, centers=centers)

    def extra_repr(self) -> str:
        """What is printed between the brackets."""
        return repr(self.descriptor)
