"""Hints for unknown names: our own, nearly, or those of other programs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

_DSCRIBE, _QUIP, _FEATOMIC, _LIBFP = "from_dscribe", "from_quip", "from_featomic", "from_libfp"
_PROGRAMS = {_DSCRIBE: "DScribe", _QUIP: "QUIP", _FEATOMIC: "featomic", _LIBFP: "libfp"}

# Our parameters by what others call them, and who does; the first of ours that a fingerprint has is meant.
_PARAMETERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alpha_max": (("n_max",), (_QUIP,)),
    "amplitude": (("amplitude_scaling",), ()),
    "angular_basis": (("l_max",), (_FEATOMIC,)),
    "atom_sigma": (("sigma", "width_scale"), (_QUIP,)),
    "atom_sigma_r": (("sigma",), (_QUIP,)),
    "atom_sigma_r_scaling": (("sigma_scaling",), (_QUIP,)),
    "atom_sigma_t": (("sigma_t",), (_QUIP,)),
    "atom_sigma_t_scaling": (("sigma_t_scaling",), (_QUIP,)),
    "atomic_gaussian_width": (("sigma",), (_FEATOMIC,)),
    "atomic_numbers": (("species",), ()),
    "center_atom_weight": (("central_weight",), (_FEATOMIC,)),
    "center_atoms": (("centers",), ()),
    "central_index": (("centers",), (_QUIP,)),
    "compress_file": (("compression",), (_QUIP,)),
    "compress_mode": (("compression",), (_QUIP,)),
    "contract": (("contracted",), (_LIBFP,)),
    "crossover": (("compression",), (_DSCRIBE,)),
    "cutoff": (("r_cut",), (_QUIP, _FEATOMIC, _LIBFP)),
    "cutoff_radius": (("r_cut",), ()),
    "cutoff_transition_width": (("cutoff_width",), (_QUIP,)),
    "cutoff_type": (("cutoff_function",), ()),
    "density": (("sigma",), (_FEATOMIC,)),
    "elements": (("species",), ()),
    "g2_params": (("g2",), (_DSCRIBE,)),
    "g3_params": (("g3",), (_DSCRIBE,)),
    "g4_params": (("g4",), (_DSCRIBE,)),
    "g5_params": (("g5",), (_DSCRIBE,)),
    "gaussian_sigma": (("sigma",), (_FEATOMIC,)),
    "max_angular": (("l_max",), (_FEATOMIC,)),
    "max_radial": (("n_max",), (_FEATOMIC,)),
    "n_Z": (("centers",), (_QUIP,)),
    "n_atoms_max": (("max_sites",), ()),
    "n_radial": (("n_max",), ()),
    "n_species": (("species",), (_QUIP,)),
    "natx": (("max_sites",), (_LIBFP,)),
    "normalise": (("normalize",), (_QUIP,)),
    "orbital": (("orbitals",), (_LIBFP,)),
    "pbc": (("periodic",), ()),
    "r_c": (("r_cut",), ()),
    "radial_basis": (("basis",), (_FEATOMIC,)),
    "radius": (("r_cut",), (_FEATOMIC,)),
    "rbf": (("basis",), (_DSCRIBE,)),
    "rc": (("r_cut",), ()),
    "rcut_hard": (("r_cut",), (_QUIP,)),
    "rcut_soft": (("r_soft",), (_QUIP,)),
    "smoothing": (("cutoff_width",), (_FEATOMIC,)),
    "species_Z": (("species",), (_QUIP,)),
    "symbols": (("species",), ()),
    "Z": (("centers",), (_QUIP,)),
}
# Written together by DScribe before its version 2.
_TOGETHER = {"rcut": "r_cut", "nmax": "n_max", "lmax": "l_max"}

# Arguments of every calculation, which are no parameters.
_OF_CALLS = ("n_jobs", "out", "progress")

# Our methods and attributes by what others call them, and who does.
_METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "backward": ("pullback", ()),
    "calc": ("transform", (_QUIP,)),
    "calc_descriptor": ("transform", (_QUIP,)),
    "compute": ("transform", (_FEATOMIC,)),
    "compute_feature_vectors": ("transform", ()),
    "create": ("transform", (_DSCRIBE,)),
    "create_coeffs": ("transform", (_DSCRIBE,)),
    "create_single": ("transform", (_DSCRIBE,)),
    "derivatives_analytical": ("derivatives", (_DSCRIBE,)),
    "derivatives_numerical": ("derivatives", (_DSCRIBE,)),
    "dimensions": ("n_features", (_QUIP,)),
    "featurize": ("transform", ()),
    "get_feature_names": ("get_feature_names_out", ()),
    "get_location": ("get_feature_names_out", (_DSCRIBE,)),
    "get_number_of_features": ("n_features", (_DSCRIBE,)),
    "gradients": ("derivatives", ()),
    "jacobian": ("derivatives", ()),
    "jvp": ("pushforward", ()),
    "n_dim": ("n_features", (_QUIP,)),
    "sizes": ("n_features", (_QUIP,)),
    "vjp": ("pullback", ()),
}


def near(name: str, known: Collection[str]) -> str | None:
    """The known name that this one is meant to be: by the letters, by another program, or nearly."""
    plain = _plain(name)
    for own in known:
        if _plain(own) == plain:
            return own
    others = _foreign(name)
    if others is not None:
        return next((own for own in others[0] if own in known), None)
    close = difflib.get_close_matches(name, known, n=1)
    return close[0] if close else None


def parameter(cls: type, name: str, known: Collection[str]) -> str:
    """What to do about a parameter that a class does not have."""
    if name in _OF_CALLS:
        return f"{name} is an argument of transform, and of the other calculations"
    found = near(name, known)
    hint = f"did you mean {found!r}?" if found else f"there are {', '.join(known)}."
    others = _foreign(name)
    peers = _peers(cls, others[1] if others else ())
    return f"{hint} {peers}" if peers else hint.rstrip(".")


def attribute(cls: type, name: str, known: Iterable[str]) -> str | None:
    """What to do about an attribute that a class does not have; `None` where nobody has it."""
    if name in _METHODS:
        ours, constructors = _METHODS[name]
        peers = _peers(cls, constructors)
        use = f"use {'the attribute ' if ours == 'n_features' else ''}{ours}"
        return f"{use}; {peers}" if peers else use
    foreign = _foreign(name)
    if foreign is None:
        return None
    ours = next((own for own in foreign[0] if own in known), "")
    return f"its parameter is called {ours!r}" if ours else None


def _foreign(name: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Our names and the constructors that take another program's name, however it is spelled."""
    if name in _TOGETHER:
        return (_TOGETHER[name],), (_DSCRIBE,)
    if name in _PARAMETERS:
        return _PARAMETERS[name]
    plain = _plain(name)
    return next((found for other, found in _PARAMETERS.items() if _plain(other) == plain), None)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _peers(cls: type, constructors: Iterable[str]) -> str:
    """Which constructors of a class take the parameters of the programs whose name this is; perhaps none."""
    own = [name for name in constructors if hasattr(cls, name)]
    return ", ".join(f"{cls.__name__}.{name} takes the parameters of {_PROGRAMS[name]}" for name in own)
