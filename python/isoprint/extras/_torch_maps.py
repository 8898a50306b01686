"""Features and their derivatives as maps of tensors, each of which knows its own derivatives: see `_deformed`.

Each map exists twice. As an `autograd.Function` it has a forward mode and works under `torch.func`; as an operator of
PyTorch it can be part of a compiled program. What the derivatives are is written once, in terms of the maps.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from isoprint.extras._deformed import Deformed, in_precision
from isoprint.structures.centers import Centers

try:
    # By its name: for type checkers, which look beside this file first, it is another one.
    torch: Any = import_module("torch")
except ImportError:
    raise ImportError('isoprint.extras.torch needs PyTorch: pip install "isoprint[torch]"') from None

# The tensors that each map is differentiated by, after positions and cells; those in a pair go together.
ARGUMENTS = {
    "features": (),
    "gradient": ("adjoint",),
    "along": ("moves", "of_cells"),
    "curvature": ("adjoint", "moves", "of_cells"),
    "bend": ("moves", "of_cells", "moves_2", "of_cells_2"),
}
# Of these the result is a pair, of positions and of cells; of the others rows.
_PAIRS = ("gradient", "curvature")
_SINGLE = (torch.float32, torch.float16, torch.bfloat16)


class Fingerprint:
    """A descriptor that does not change any more, and the word by which operators know it."""

    def __init__(self, descriptor: Any, key: str) -> None:
        self.descriptor, self.key = descriptor, key
        self.n_features = int(descriptor.n_features)

    @cached_property
    def double(self) -> Any:
        """With rows in double precision."""
        return in_precision(self.descriptor, "float64")

    @cached_property
    def single(self) -> Any:
        """With rows in single precision."""
        return in_precision(self.descriptor, "float32")

    def of(self, dtype: Any) -> Any:
        """With rows in the precision of tensors."""
        return self.single if dtype in _SINGLE else self.double

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        return fingerprint, (self.descriptor,)


# By their content, so that a word means the same in every process. Whoever uses one keeps it alive.
_KNOWN: WeakValueDictionary[str, Fingerprint] = WeakValueDictionary()


def fingerprint(descriptor: Any) -> Fingerprint:
    """One for each content."""
    content = pickle.dumps(descriptor)
    key = sha256(content).hexdigest()[:32]
    known = _KNOWN.get(key)
    if known is None:
        known = _KNOWN[key] = Fingerprint(pickle.loads(content), key)
    return known


def _known(key: str) -> Fingerprint:
    found = _KNOWN.get(key)
    if found is None:
        raise RuntimeError(
            "this program uses a fingerprint that no Featurizer of this process has; make the same Featurizer first,"
            " and keep it"
        )
    return found


def _array(tensor: Any) -> Any:
    """What a tensor holds, on the processor; shared where it is there already."""
    return (tensor.detach() if tensor.device.type == "cpu" else tensor.detach().cpu()).numpy()


def _double(tensor: Any) -> Any:
    """The same of a tensor of any precision."""
    return _array(tensor if tensor.dtype is torch.float64 else tensor.to(torch.float64))


def _deformed(
    descriptor: Any, numbers: Any, pbc: Any, offsets: Any, centers: Any, points: Any, n_jobs: int | None
) -> Deformed:
    """What tensors say of structures, as `Deformed` takes it."""
    numbers, pbc, offsets = map(_array, (numbers, pbc, offsets))
    resolved = None
    if centers is not None:
        frame, atom = np.ascontiguousarray(_array(centers).T)
        resolved = Centers(np.searchsorted(frame, np.arange(len(pbc) + 1)).astype(np.int64), atom, None)
    return Deformed(descriptor, numbers, pbc, offsets, n_jobs, resolved, None if points is None else _array(points))


def _run(name: str, tensors: Any, deformed: Deformed, by_cells: bool) -> Any:
    """Compute a map."""
    positions = tensors[0]
    arrays = map(_double, tensors)
    if name in _PAIRS:
        found = getattr(deformed, name)(*arrays, by_cells=by_cells)
        return tuple(torch.from_numpy(np.ascontiguousarray(part)).to(positions) for part in found)
    return torch.from_numpy(np.ascontiguousarray(getattr(deformed, name)(*arrays))).to(positions)


# What the derivatives are


def _third(*_: Any) -> Any:
    raise NotImplementedError(
        "third derivatives of a fingerprint by positions and cells are not known; detach the positions before"
    )


def _backward(name: str, call: Any, given: Any, cotangents: Any, needs: Any) -> list[Any]:
    """The gradient by each tensor that needs one, of `Σ cotangents · results`."""
    (x, h, *rest), found = given, [None] * len(given)
    by_places = any(needs[:2]) and (call.second or name == "features")
    if name == "features":
        found = list(call("gradient", x, h, *cotangents, by_cells=needs[1]))
    elif name == "gradient":
        if needs[2]:
            found[2] = call("along", x, h, *cotangents)
        if by_places:
            found[:2] = call("curvature", x, h, *rest, *cotangents, by_cells=needs[1])
    elif name == "along":
        if any(needs[2:]):
            found[2:] = call("gradient", x, h, *cotangents, by_cells=needs[3])
        if by_places:
            found[:2] = call("curvature", x, h, *cotangents, *rest, by_cells=needs[1])
    elif by_places:
        _third()
    elif name == "curvature":
        if needs[2]:
            found[2] = call("bend", x, h, *rest[1:], *cotangents)
        if any(needs[3:]):
            found[3:] = call("curvature", x, h, rest[0], *cotangents, by_cells=needs[4])
    else:
        for own, other in ((slice(2, 4), rest[2:]), (slice(4, 6), rest[:2])):
            if any(needs[own]):
                found[own] = call("curvature", x, h, *cotangents, *other)
    return [one if need else None for one, need in zip(found, needs, strict=True)]


def _forward(name: str, call: Any, given: Any, tangents: Any) -> Any:
    """The change of the result along changes of what is given; `None` is no change."""
    x, h, *rest = given
    places = _filled(tangents[:2], (x, h))
    found = []
    if places and name == "features":
        found.append(call("along", x, h, *places))
    elif places:
        found.append(call({"gradient": "curvature", "along": "bend"}.get(name) or _third(), x, h, *rest, *places))
    # All maps are linear in what comes after positions and cells: in an adjoint, and in each change of both.
    start = 0
    for size in {"gradient": (1,), "along": (2,), "curvature": (1, 2), "bend": (2, 2)}.get(name, ()):
        own = slice(start, start + size)
        change = _filled(tangents[2:][own], rest[own])
        if change:
            found.append(call(name, x, h, *rest[:start], *change, *rest[start + size :]))
        start += size
    return found


def _filled(tangents: Any, like: Any) -> tuple[Any, ...] | None:
    """Zeros for `None`; `None` where all are."""
    if all(tangent is None for tangent in tangents):
        return None
    return tuple(
        torch.zeros_like(own) if tangent is None else tangent for tangent, own in zip(tangents, like, strict=True)
    )


# As functions of autograd


class Eager:
    """Calls the maps of some structures as functions of autograd."""

    def __init__(self, known: Fingerprint, dtype: Any, structures: tuple[Any, ...], n_jobs: int | None, second: bool):
        self.known, self.dtype, self.structures, self.n_jobs, self.second = known, dtype, structures, n_jobs, second

    @cached_property
    def deformed(self) -> Deformed:
        """What is computed with; functions alone ask for it, as within `torch.func` no other may look into tensors."""
        numbers, pbc, offsets, centers, points = self.structures
        return _deformed(self.known.of(self.dtype), numbers, pbc, offsets, centers, points, self.n_jobs)

    def __call__(self, name: str, *tensors: Any, by_cells: bool = True) -> Any:
        """Compute a map, whose result can be differentiated."""
        if not (torch.is_grad_enabled() or _within_func() or _is_forward()):
            return _run(name, tensors, self.deformed, by_cells)
        apply = (_NESTED if _within_func() else _FUNCTIONS)[name].apply
        if name == "features":
            return apply(*tensors, self, by_cells, None)
        x, h, *rest = tensors
        by_places, by_rest = (any(each.requires_grad for each in some) for some in ((x, h), rest))
        if not (self.second and by_places and by_rest and torch.is_grad_enabled()) or _within_func():
            return apply(*tensors, self, by_cells, None)
        # The same once more, with the value zero, for what positions and cells change: whoever wants the derivatives by
        # the parameters of a network alone does not pass by there, and no curvature is computed in vain.
        value = apply(x.detach(), h.detach(), *rest, self, by_cells, _Half(tensors, None))
        parts = value if name in _PAIRS else (value,)
        half = _Half(tensors, [part.shape for part in parts])
        change = apply(x, h, *(each.detach() for each in rest), self, by_cells, half)
        return tuple(map(torch.add, value, change)) if name in _PAIRS else value + change


@dataclass(frozen=True, eq=False)
class _Half:
    """One of two calls whose results add up to a map and all of its derivatives."""

    # As they are before some of them were detached: derivatives of higher order are by these.
    tensors: tuple[Any, ...]
    # Of the results where they are zero.
    shapes: list[Any] | None


def _is_forward() -> bool:
    """Whether there may be tangents to be carried along."""
    return bool(getattr(torch.autograd.forward_ad, "_current_level", 0) >= 0)


def _within_func() -> bool:
    """Whether this is called within `torch.func`, where `requires_grad` tells of one level only."""
    functorch = getattr(torch._C, "_functorch", None)
    return functorch is not None and functorch.peek_interpreter_stack() is not None


def _function(name: str, nested: bool) -> Any:
    n = 2 + len(ARGUMENTS[name])

    def forward(*given: Any) -> Any:
        half = given[n + 2]
        if half is None or half.shapes is None:
            return _run(name, given[:n], given[n].deformed, given[n + 1])
        zeros = tuple(given[0].new_zeros(shape) for shape in half.shapes)
        return zeros if name in _PAIRS else zeros[0]

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs[:n])
        ctx.save_for_forward(*inputs[:n])
        ctx.set_materialize_grads(False)
        ctx.call, ctx.half = inputs[n], inputs[n + 2]

    def backward(ctx: Any, *cotangents: Any) -> Any:
        given = ctx.saved_tensors
        if all(part is None for part in cotangents):
            return (None,) * (n + 3)
        # Of a pair, which is like positions and cells, one may be of no use.
        whole = [
            torch.zeros_like(like) if part is None else part for part, like in zip(cotangents, given, strict=False)
        ]
        given = given if ctx.half is None else ctx.half.tensors
        return *_backward(name, ctx.call, given, whole, ctx.needs_input_grad[:n]), None, None, None

    def jvp(ctx: Any, *tangents: Any) -> Any:
        found = _forward(name, ctx.call, ctx.saved_tensors, tangents[:n])
        if name in _PAIRS:
            return tuple(sum(parts[1:], parts[0]) for parts in zip(*found, strict=True))
        return sum(found[1:], found[0])

    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        found = []
        for place in range(info.batch_size):
            own = [
                each if dim is None else each.select(dim, place)
                for each, dim in zip(given[:n], in_dims[:n], strict=True)
            ]
            found.append(_NESTED[name].apply(*own, *given[n:]))
        if name in _PAIRS:
            return tuple(torch.stack(parts) for parts in zip(*found, strict=True)), (0, 0)
        return torch.stack(found), 0

    def at_once(ctx: Any, *given: Any) -> Any:
        found = forward(*given)
        setup_context(ctx, given, found)
        return found

    if nested:
        methods = {"forward": forward, "setup_context": setup_context, "backward": backward, "jvp": jvp, "vmap": vmap}
    else:
        methods = {"forward": at_once, "backward": backward, "jvp": jvp}
    return type(
        f"Isoprint{name.capitalize()}", (torch.autograd.Function,), {k: staticmethod(v) for k, v in methods.items()}
    )


# Of one level of differentiation, and of many, as within `torch.func`, which take longer to call.
_FUNCTIONS, _NESTED = ({name: _function(name, nested) for name in ARGUMENTS} for nested in (False, True))


# As operators


class Compiled:
    """Calls the maps of some structures as operators, which compilers leave as they are."""

    def __init__(self, operands: tuple[Any, ...]) -> None:
        self.operands = operands

    @property
    def second(self) -> bool:
        """Whether results have second derivatives by positions and cells."""
        return bool(self.operands[-1])

    def __call__(self, name: str, *tensors: Any, by_cells: bool = True) -> Any:
        """Compute a map, whose result can be differentiated."""
        return _OPERATORS[name](*tensors, *self.operands, by_cells)


_OPERANDS = (
    "Tensor numbers, Tensor pbc, Tensor offsets, Tensor frame, Tensor? centers, Tensor? points, str fingerprint,"
    " int n_features, int? n_jobs, bool second"
)


def _operator(name: str) -> Any:
    n = 2 + len(ARGUMENTS[name])
    tensors = ", ".join(f"Tensor {each}" for each in ("positions", "cells", *ARGUMENTS[name]))
    result = "(Tensor, Tensor)" if name in _PAIRS else "Tensor"

    def compute(*given: Any) -> Any:
        numbers, pbc, offsets, _, centers, points, key, _, n_jobs, _, by_cells = given[n:]
        descriptor = _known(key).of(given[0].dtype)
        deformed = _deformed(descriptor, numbers, pbc, offsets, centers, points, n_jobs)
        return _run(name, given[:n], deformed, by_cells)

    def fake(*given: Any) -> Any:
        positions, cells = given[:2]
        if name in _PAIRS:
            return positions.new_empty(positions.shape), positions.new_empty(cells.shape)
        return positions.new_empty((given[n + 3].shape[0], given[n + 7]))

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs[:n], *inputs[n : n + 6])
        # Which keeps it alive until then.
        ctx.fingerprint, ctx.others = _known(inputs[n + 6]), inputs[n + 6 : -1]

    def backward(ctx: Any, *cotangents: Any) -> Any:
        saved = ctx.saved_tensors
        call = Compiled((*saved[n:], *ctx.others))
        found = _backward(name, call, saved[:n], cotangents, ctx.needs_input_grad[:n])
        return *found, *[None] * (len(ctx.needs_input_grad) - n)

    schema = f"({tensors}, {_OPERANDS}, bool by_cells) -> {result}"
    made = torch.library.custom_op(f"isoprint::{name}", compute, mutates_args=(), schema=schema)
    made.register_fake(fake)
    made.register_autograd(backward, setup_context=setup_context)
    return made


_OPERATORS: dict[str, Callable[..., Any]] = {name: _operator(name) for name in ARGUMENTS}
