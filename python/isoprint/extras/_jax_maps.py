"""Features and their derivatives as primitives of JAX, each of which knows its own derivatives: see `_deformed`.

Every primitive has a forward rule; where it is linear, a transposed one, of which JAX makes the reverse mode. What is
computed happens on the host, in a callback.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from isoprint.extras._deformed import Deformed

try:
    # By their names: for type checkers, which look beside this file first, they are other ones.
    jax: Any = import_module("jax")
    ad: Any = import_module("jax.interpreters.ad")
    batching: Any = import_module("jax.interpreters.batching")
    mlir: Any = import_module("jax.interpreters.mlir")
    Primitive: Any = import_module("jax.extend.core").Primitive
except ImportError:
    raise ImportError('isoprint.extras.jax needs JAX 0.4.36 or newer: pip install "isoprint[jax]"') from None

# Of these the result is a pair, of positions and of cells; of the others rows.
_PAIRS = ("gradient", "curvature")
# How many arrays come after positions and cells, in groups in each of which the primitive is linear.
_LINEAR = {"features": (), "gradient": (1,), "along": (2,), "curvature": (1, 2), "bend": (2, 2)}


def call(name: str, *arrays: Any, deformed: Deformed, n_rows: int) -> tuple[Any, ...]:
    """Compute a map of `Deformed`, whose result can be differentiated."""
    return tuple(_PRIMITIVES[name].bind(*arrays, deformed=deformed, n_rows=n_rows))


def _compute(name: str, *arrays: Any, deformed: Deformed, n_rows: int) -> Any:
    shapes = _shapes(name, *arrays, deformed=deformed, n_rows=n_rows)
    results = tuple(jax.ShapeDtypeStruct(shape.shape, shape.dtype) for shape in shapes)

    def on_host(*given: Any) -> Any:
        found = getattr(deformed, name)(*(np.asarray(array, np.float64) for array in given))
        parts = found if isinstance(found, tuple) else (found,)
        return tuple(np.ascontiguousarray(part, result.dtype) for part, result in zip(parts, results, strict=True))

    return jax.pure_callback(on_host, results, *arrays)


def _shapes(name: str, *arrays: Any, deformed: Deformed, n_rows: int) -> Any:
    positions, cells = arrays[:2]
    rows = (n_rows, int(deformed.descriptor.n_features))
    shapes = [positions.shape, cells.shape] if name in _PAIRS else [rows]
    return [jax.core.ShapedArray(shape, positions.dtype) for shape in shapes]


def _forward(name: str, primals: Any, tangents: Any, **fixed: Any) -> Any:
    """The result, and its change along changes of what is given."""
    x, h, *rest = primals
    places, others = tangents[:2], tangents[2:]
    found = []
    if any(type(tangent) is not ad.Zero for tangent in places):
        wanted = {"features": "along", "gradient": "curvature", "along": "bend"}.get(name)
        if wanted is None:
            raise NotImplementedError("third derivatives of a fingerprint by positions and cells are not known")
        found.append(call(wanted, x, h, *rest, *map(_whole, places), **fixed))
    start = 0
    for size in _LINEAR[name]:
        own = others[start : start + size]
        if any(type(tangent) is not ad.Zero for tangent in own):
            given = (*rest[:start], *map(_whole, own), *rest[start + size :])
            found.append(call(name, x, h, *given, **fixed))
        start += size
    change = [sum(parts[1:], parts[0]) for parts in zip(*found, strict=True)]
    return call(name, *primals, **fixed), change


def _whole(tangent: Any) -> Any:
    return ad.instantiate_zeros(tangent)


def _transposed(name: str, cotangents: Any, *arrays: Any, deformed: Deformed, n_rows: int) -> Any:
    """The gradient by the group of arrays in which the primitive is linear, and which are not known."""
    x, h, *rest = arrays
    given = tuple(map(_whole, cotangents))
    unknown = [ad.is_undefined_primal(each) for each in rest]
    compute = partial(call, deformed=deformed, n_rows=n_rows)
    if name == "gradient":
        found = compute("along", x, h, *given)
    elif name == "along":
        found = compute("gradient", x, h, *given)
    elif name == "curvature":
        by_adjoint, by_moves = unknown[0], any(unknown[1:])
        found = compute("bend", x, h, *rest[1:], *given) if by_adjoint else ()
        found = compute("curvature", x, h, rest[0], *given) if by_moves else found
    else:
        found = compute("curvature", x, h, *given, *(rest[2:] if any(unknown[:2]) else rest[:2]))
    places = iter(found)
    start, results = 0, []
    for size in _LINEAR[name]:
        wanted = any(unknown[start : start + size])
        for place in range(start, start + size):
            one = next(places) if wanted else None
            results.append(one if unknown[place] else None)
        start += size
    return [None, None, *results]


def _batched(name: str, arrays: Any, dims: Any, **fixed: Any) -> Any:
    """One after the other."""
    whole = [
        jax.numpy.moveaxis(array, dim, 0) if isinstance(dim, int) else None
        for array, dim in zip(arrays, dims, strict=True)
    ]

    def one(mapped: Any) -> Any:
        given = iter(mapped)
        own = [array if moved is None else next(given) for array, moved in zip(arrays, whole, strict=True)]
        return call(name, *own, **fixed)

    found = jax.lax.map(one, tuple(each for each in whole if each is not None))
    return found, [0] * len(found)


def _primitive(name: str) -> Any:
    made = Primitive(f"isoprint_{name}")
    made.multiple_results = True
    made.def_impl(jax.jit(partial(_compute, name), static_argnames=("deformed", "n_rows")))
    made.def_abstract_eval(partial(_shapes, name))
    mlir.register_lowering(made, mlir.lower_fun(partial(_compute, name), multiple_results=True))
    ad.primitive_jvps[made] = partial(_forward, name)
    if name != "features":
        ad.primitive_transposes[made] = partial(_transposed, name)
    batching.primitive_batchers[made] = partial(_batched, name)
    return made


_PRIMITIVES = {name: _primitive(name) for name in _LINEAR}
