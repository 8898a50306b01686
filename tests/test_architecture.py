"""Who may call whom: rooms of the Python package and of the Rust core, with arrows that lead one way."""

import importlib
import pickle
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import isoprint as ip
import python_imports
import rust_imports
from circles import circles
from isoprint._support.moved import MOVED

PACKAGE = Path(ip.__file__).parent
CORE = Path(__file__).parents[1] / "rust/core/src"

# What each room of `python/isoprint` may import, at the top of a file or inside a function.
PYTHON = {
    # The public names.
    "isoprint": {
        "threads",
        "memory",
        "kernels",
        "maps",
        "models",
        "reductions",
        "select",
        "stores",
        "study",
        "blindness",
        "descriptors",
        "structures",
        "_support",
        "_core",
    },
    "cli": {
        "isoprint",
        "maps",
        "extras",
        "study",
        "models",
        "stores",
        "blindness",
        "descriptors",
        "structures",
        "_support",
    },
    "extras": {"study", "models", "reductions", "blindness", "structures", "_support"},
    "study": {"models", "blindness", "descriptors", "structures", "_support", "_core"},  # experiments with learners
    "models": {"descriptors", "translators", "structures", "_support", "_core"},
    "blindness": {"descriptors", "structures", "_support"},
    "descriptors": {"translators", "structures", "_support", "_core"},
    "kernels": {"descriptors", "structures", "_support", "_core"},  # similarities of structures
    "stores": {"extras", "descriptors", "structures", "_support", "_core"},  # rows on disk, of any number of structures
    "reductions": {"select", "descriptors", "structures", "_support"},  # summaries of rows that are never stored
    "maps": {"extras", "reductions", "structures", "_support"},  # structures, or atoms, in a few dimensions
    "select": {"_support", "_core"},  # samples of rows and columns
    "translators": {"structures", "_support"},  # parameters of other programs, in plain values
    # Interfaces of other programs.
    "compat": {"extras", "kernels", "descriptors", "translators", "structures", "_support"},
    "testing": {"structures", "_support"},  # checks of any descriptor, from here or not
    "structures": {"_support", "_core"},
    "threads": {"_support", "_core"},
    "memory": {"_support", "_core"},
    "_support": set(),
    "typing": set(),  # for type checkers, which the others ask for it as well
}

# Imports against the arrows, each inside a function, and why.
PYTHON_EXCEPTIONS = {
    ("blindness.sensitivity", "extras.plotting"): "results offer `plot()`, which needs matplotlib when it is called",
    ("blindness.manifold.path", "extras.plotting"): "results offer `plot()`, which needs matplotlib when it is called",
    ("study.search", "extras.plotting_search"): "results offer `plot()`, which needs matplotlib when it is called",
}

# What each room of `rust/core/src` may name.
RUST = {
    "lib": {"error", "stop"},  # hands both on as `isoprint_core::Error` and `Stop`
    "engine": {"descriptors", "geometry", "math", "simd", "memory", "stop", "error"},
    "descriptors": {"math", "simd", "memory", "stop", "error"},
    "geometry": {"simd", "memory", "stop", "error"},
    "math": {"simd", "memory", "stop", "error"},
    "simd": {"memory", "error"},
    "memory": {"error"},
    "stop": {"error"},
    "error": set(),
}

RUST_EXCEPTIONS: dict[tuple[str, str], str] = {}

# Rooms in which no files need each other in a circle. A folder's `mod.rs` and the files below it are one thing here.
RUST_WITHOUT_CIRCLES = {"lib", "engine", "descriptors", "geometry", "math", "simd", "memory", "stop"}


def room_of(module, separator):
    """The first word of a path; the root has a name of its own."""
    return module.split(separator)[0] or "lib"


def against(graph, allowed, exceptions, separator):
    """Imports that no arrow allows."""
    return sorted(
        (module, other)
        for module, others in graph.items()
        for other in others
        if (room := room_of(module, separator)) != (beyond := room_of(other, separator))
        and beyond not in allowed[room]
        and (module, other) not in exceptions
    )


def of_python(folder=PACKAGE):
    """Imports of the package without its name before each module; the package itself keeps it."""
    short = lambda name: name.removeprefix(f"{folder.name}.")  # noqa: E731
    return {short(name): set(map(short, others)) for name, others in python_imports.imports(folder).items()}


def without_parents(graph):
    """A graph in which no file needs the `mod.rs` of a folder that it is in."""
    return {name: {other for other in others if not name.startswith(f"{other}::")} for name, others in graph.items()}


def test_rooms_of_the_package_are_all_on_the_map():
    files = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py"} - {"__init__"}
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert files | folders == set(PYTHON) - {"isoprint"}


def test_python_imports_follow_the_arrows():
    assert against(of_python(), PYTHON, PYTHON_EXCEPTIONS, ".") == []


def test_python_modules_need_each_other_in_no_circle():
    assert circles(of_python()) == []


def test_exceptions_are_still_needed():
    for graph, exceptions in ((of_python(), PYTHON_EXCEPTIONS), (rust_imports.imports(CORE), RUST_EXCEPTIONS)):
        for (module, other), reason in exceptions.items():
            assert other in graph[module], f"{module} no longer needs {other}, {reason}"


def test_rooms_of_the_core_are_all_on_the_map():
    assert {room_of(name, "::") for name in rust_imports.imports(CORE)} == set(RUST)


def test_rust_names_follow_the_arrows():
    assert against(rust_imports.imports(CORE), RUST, RUST_EXCEPTIONS, "::") == []


def test_arrows_lead_one_way():
    assert circles(PYTHON) == []
    assert circles(RUST) == []


@pytest.mark.parametrize("room", sorted(RUST_WITHOUT_CIRCLES))
def test_rust_files_of_a_room_need_each_other_in_no_circle(room):
    graph = without_parents(rust_imports.imports(CORE))
    assert [group for group in circles(graph) if any(room_of(name, "::") == room for name in group)] == []


def written(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_lazy_import_upwards_and_a_circle_are_found(tmp_path):
    files = {
        "house/__init__.py": "",
        "house/roof/__init__.py": "from house.cellar import wine",
        "house/cellar/__init__.py": "",
        "house/cellar/wine.py": "def pour():\n    from ..roof import tiles\n    from house.cellar.glass import Glass\n",
        "house/cellar/glass.py": "from typing import TYPE_CHECKING\n\nimport house.cellar.wine as w\n"
        "if TYPE_CHECKING:\n    from house.roof import tiles\n",
        "house/roof/tiles.py": "",
    }
    graph = of_python(written(tmp_path, files) / "house")
    arrows = {"house": set(), "roof": {"cellar"}, "cellar": set()}
    assert against(graph, arrows, {}, ".") == [("cellar.wine", "roof.tiles")]
    assert against(graph, arrows, {("cellar.wine", "roof.tiles"): "wine is had on the roof"}, ".") == []
    assert circles(graph) == [("cellar.glass", "cellar.wine")]


def test_names_in_rust_are_followed(tmp_path):
    files = {
        "lib.rs": "pub mod roof;\nmod cellar;\nmod door;\npub use door::Key;\n",
        "door.rs": "pub struct Key;",
        "roof/mod.rs": "mod tiles;\npub mod chimney;\nuse tiles::Tile;\n#[cfg(test)]\nuse crate::door::Key;\n"
        "use crate::cellar::{\n    self, wine::{Red, White as W}};",
        "roof/tiles.rs": "// use crate::door;\npub struct Tile;\nfn lay() { super::chimney::smoke(); }\n"
        '#[cfg(test)]\nmod tests { use super::*; use crate::door; fn brace() -> &\'static str { "}" } }\n',
        "roof/chimney.rs": "use super::Tile;\npub fn smoke() {}",
        "cellar/mod.rs": "pub mod wine;\n#[cfg(test)]\nmod trial;",
        "cellar/trial.rs": "use crate::roof;",
        "cellar/wine.rs": "use crate::Key;\nuse crate::roof::chimney as pipe;\nconst CORK: char = '{';",
    }
    graph = rust_imports.imports(written(tmp_path, files))
    assert graph == {
        "": {"door"},
        "door": set(),
        "roof": {"roof::tiles", "cellar", "cellar::wine"},
        "roof::tiles": {"roof::chimney"},
        "roof::chimney": {"roof::tiles"},
        "cellar": set(),
        "cellar::wine": {"door", "roof::chimney"},
    }
    arrows = {"lib": {"door"}, "roof": {"cellar"}, "cellar": {"door"}, "door": set()}
    assert against(graph, arrows, {}, "::") == [("cellar::wine", "roof::chimney")]
    assert ("roof::chimney", "roof::tiles") in circles(without_parents(graph))


MODULES = [name for _, name, _ in pkgutil.walk_packages(ip.__path__, "isoprint.") if name != "isoprint.cli.__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_hidden_by_one_of_its_names(name):
    if library := re.fullmatch(r"isoprint\.extras\._?(jax|torch)(_maps)?", name):
        pytest.importorskip(library[1])
    module = importlib.import_module(name)
    found = {}
    exec(f"import {name} as found", found)
    assert isinstance(found["found"], ModuleType)
    assert found["found"] is module is sys.modules[name]


@pytest.mark.parametrize("old", MOVED)
def test_old_paths_lead_to_the_same_modules(old):
    new = importlib.import_module(MOVED[old])
    assert importlib.import_module(old) is new
    assert getattr(ip, old.partition(".")[2]) is new
    assert new.__name__ == new.__spec__.name == MOVED[old]
    for _, inner, _ in pkgutil.iter_modules(getattr(new, "__path__", ())):
        assert importlib.import_module(f"{old}.{inner}") is importlib.import_module(f"{MOVED[old]}.{inner}")


@pytest.mark.parametrize(
    ("path", "name", "thing"),
    [
        ("isoprint.derivatives", "Derivatives", ip.Derivatives),
        ("isoprint.derivatives", "Pullback", ip.Pullback),
        ("isoprint.distances", "Matching", ip.Matching),
        ("isoprint.manifold.path", "Path", ip.Path),
        ("isoprint.pairs.pair", "Pairs", ip.Pairs),
        ("isoprint.pairs.pair", "BlindPair", ip.BlindPair),
        ("isoprint.study.tables", "Table", ip.study.Table),
        ("isoprint.descriptors.soap", "SOAP", ip.SOAP),
        ("isoprint.descriptors.hybrid", "Hybrid", ip.Hybrid),
    ],
)
def test_pickles_name_classes_by_paths_that_stay(path, name, thing):
    assert pickle.loads(f"c{path}\n{name}\n.".encode()) is thing
    assert pickle.loads(pickle.dumps(thing)) is thing


def test_fingerprints_can_be_had_from_their_room():
    from isoprint.descriptors import ACSF, SOAP, CoulombMatrix, Hybrid, OverlapMatrix, SoapTurbo

    assert (ACSF, SOAP, CoulombMatrix) == (ip.ACSF, ip.SOAP, ip.CoulombMatrix)
    assert (Hybrid, OverlapMatrix, SoapTurbo) == (ip.Hybrid, ip.OverlapMatrix, ip.SoapTurbo)
