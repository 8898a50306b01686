"""What the race of the programs takes for equal, who takes part, and that the page shows what the files say."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import isoprint as ip

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def benches(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benches"))


def test_difference_is_relative_to_the_largest_number():
    from agreement import difference

    ours = np.array([[100.0, 1.0]])
    assert difference(ours, ours + 1e-3) == pytest.approx(1e-5)
    assert difference(ours, np.array([[100.0, 1.0, 0.0]])) == np.inf
    assert difference(ours, np.array([[1.0, 100.0]])) == pytest.approx(0.99)


def test_columns_in_any_order():
    from agreement import difference_in_any_order

    ours = np.random.default_rng(0).standard_normal((5, 4))
    assert difference_in_any_order(ours, ours[:, [2, 0, 3]]) == 0.0
    assert difference_in_any_order(ours, ours[:, [2, 0]] + 0.1) > 0.01


def worker(name, own, calls, twin=None):
    contestant = SimpleNamespace(OWN=own, **({} if twin is None else {"TWIN": twin}))
    return SimpleNamespace(name=name, contestant=contestant, about={"calls": calls})


def test_who_takes_part():
    from peers import taking_part

    everybody = [
        worker("isoprint_soap", True, ["features", "strain"]),
        worker("isoprint_a", True, ["features", "strain"]),
        worker("isoprint_b", True, ["features", "jacobian"]),
        worker("a", False, ["features", "strain"], "isoprint_a"),
        worker("c", False, ["features"], "isoprint_c"),
        worker("alone", False, ["harmonics"]),
    ]

    def names(task):
        return [one.name for one in taking_part(everybody, task)]

    # Our own order beside the twin of a peer; a peer without its twin, and a twin without its peer, do not run.
    assert names("features") == ["isoprint_soap", "isoprint_a", "a"]
    assert names("strain") == ["isoprint_a", "a"]
    assert names("jacobian") == []
    assert names("harmonics") == ["alone"]


def test_every_contestant_says_what_it_is():
    import contestants

    for name in contestants.ALL:
        one = contestants.module(name)
        assert one.NAME
        assert one.PACKAGE
        assert one.NOTE
        twin = getattr(one, "TWIN", None)
        assert twin is None or (contestants.module(twin).OWN and not one.OWN and 0 < one.AGREES < 1e-3)
    assert set(contestants.OWN_ORDER) <= set(contestants.ALL)


def test_the_matrices_for_lapack_are_ours():
    from ase.build import bulk
    from contestants._om import MAX_SITES, matrices

    atoms = bulk("Si", "diamond", a=5.43)
    atoms.rattle(0.05, seed=1)
    om = ip.OverlapMatrix.from_libfp(cutoff=4.0, orbital="sp", natx=MAX_SITES, species=["Si"])
    for row, matrix in zip(om.transform(atoms), matrices(atoms, 4.0), strict=True):
        values = np.linalg.eigvalsh(matrix)[::-1]
        np.testing.assert_allclose(values, row[: len(values)], atol=1e-13)


def test_a_peer_that_differs_has_no_ratio():
    from peers import without_ratios

    given = {"contestant": "a", "scene": "carbon", "n_max": 4, "l_max": 4}
    records = [{**given, "task": task, "times_twin": 9.0} for task in ("features", "jacobian")]
    said = {"contestant": "a", "scene": "carbon", "case": "4,4"}
    compared = [{**said, "task": "features", "agrees": True}, {**said, "task": "jacobian", "agrees": False}]
    without_ratios({"records": records, "compared": compared})
    assert [one["times_twin"] for one in records] == [9.0, None]


def test_calls_are_timed_for_each_unit():
    import turns

    seen = []
    taken = turns.timed(turns.Call(seen.append, lambda: "fresh", units=4), 3)
    assert seen == ["fresh"] * 3
    assert set(taken) == {"wall", "processor", "user", "system"}
    assert all(value >= 0 for value in taken.values())


def test_a_program_that_fails_says_why():
    import sys

    import turns

    code = """
import sys; sys.path.insert(0, sys.argv[1])
import turns
def prepare(**given):
    print("peers print as they please")
    return turns.plain({"works": lambda: None, "fails": lambda: 1 / 0})
turns.serve(prepare)
"""
    program = turns.Program("one", [sys.executable, "-c", code, str(ROOT / "benches")])
    try:
        assert program.ask(start={})["calls"] == ["works", "fails"]
        assert program.ask(time="works", count=2)["count"] == 2
        with pytest.raises(turns.Failed, match="one: ZeroDivisionError"):
            program.ask(time="fails")
    finally:
        program.close()


def test_the_page_shows_what_the_files_say():
    import page

    results = ROOT / "benches" / "results"
    names = ("costs", "peers", "peers_structures")
    read = (json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in names)
    for name, text in page.parts(*read).items():
        shown = (ROOT / "docs" / "data" / f"performance_{name}.inc").read_text(encoding="utf-8")
        assert shown == text + "\n", f"run `python benches/page.py`: {name} is not what was measured"


def test_the_grid_of_times_can_be_drawn(benches, tmp_path):
    import speed

    result = json.loads((ROOT / "benches" / "results" / "speed.json").read_text(encoding="utf-8"))
    rows, columns, grid = speed.grid_of(result, speed.THEIRS, "jacobian", "times_twin")
    assert grid.shape == (len(rows), len(columns))
    assert min(grid[rows.index(3)]) > 1.0
    speed.draw(result, tmp_path / "grid.png")
    assert (tmp_path / "grid.png").stat().st_size > 10_000
    assert speed.arguments([]).contestants == [speed.OURS, speed.THEIRS]
