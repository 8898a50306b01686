"""The guard against getting slower: what it calls slower, measured on programs that make their times up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).parent.parent / "benches"

# Answers what `turns.Server` answers, from a table: microseconds of each call, one after the other, the last for good.
FAKE = """
import json, pathlib, sys
given = json.loads(pathlib.Path(sys.argv[1]).read_text())
log = pathlib.Path(sys.argv[1] + ".starts")
starts = len(log.read_text()) if log.exists() else 0
log.write_text("x" * (starts + 1))
for line in sys.stdin:
    order = json.loads(line)
    if "start" in order:
        missing = given.get("missing", {})
        print(json.dumps({"calls": list(given["times"]), "missing": missing, "version": "9", "numpy": "2", "isa": "z"}))
    elif order["time"] in given.get("broken", []):
        print(json.dumps({"error": "it broke"}))
    else:
        times = given["times"][order["time"]]
        print(json.dumps({"processor": times[min(starts, len(times) - 1)], "count": 3}))
    sys.stdout.flush()
"""


@pytest.fixture
def guard(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHES))
    import guard

    return guard


@pytest.fixture
def verdict(guard, tmp_path, capsys):
    """Run the guard on two tables of times; the exit status, what was printed, and the file."""

    def run(before, after, *options):
        sides = []
        for name, given in (("before", before), ("after", after)):
            table = tmp_path / f"{name}.json"
            table.write_text(json.dumps(given))
            (tmp_path / f"{name}.py").write_text(FAKE)
            sides.append(guard.Side(name, [sys.executable, str(tmp_path / f"{name}.py"), str(table)]))
        args = guard.arguments(["-o", str(tmp_path / "guard.json"), "--rounds", "2", *options])
        status = guard.run(sides, args)
        return status, capsys.readouterr().out, json.loads((tmp_path / "guard.json").read_text())

    return run


def same(*names, factor=1.0):
    return {"times": {name: [100.0 * factor] for name in names}}


def test_equal_times_pass(verdict):
    status, text, written = verdict(same("rows", "gradients"), same("rows", "gradients", factor=1.05))
    assert status == 0
    assert [one["ratio"] for one in written["calls"]] == [1.05, 1.05]
    assert "SLOWER" not in text
    assert {"machine", "date", "before", "after", "factor"} <= set(written)


def test_a_slow_call_is_named_and_fails(verdict):
    after = {"times": {"rows": [100.0], "gradients": [150.0]}}
    status, text, written = verdict(same("rows", "gradients"), after)
    assert status == 1
    assert written["slower"] == ["gradients"]
    assert next(line for line in text.splitlines() if "SLOWER" in line).split()[0] == "1.500"
    # It was measured three times, in new processes each time.
    assert written["calls"][1]["earlier"] == [1.5, 1.5]


def test_noise_is_measured_again_and_forgiven(verdict):
    status, text, written = verdict(same("rows"), {"times": {"rows": [150.0, 150.0, 101.0]}})
    assert status == 0
    assert written["calls"][0]["earlier"] == [1.5, 1.5]
    assert written["calls"][0]["ratio"] == 1.01
    assert "measured again" in text


def test_how_much_slower_is_said_by_the_factor(verdict):
    after = {"times": {"rows": [150.0]}}
    assert verdict(same("rows"), after, "--factor", "1.6")[0] == 0
    assert verdict(same("rows"), after, "--factor", "1.4")[0] == 1


def test_faster_passes(verdict):
    assert verdict(same("rows"), same("rows", factor=0.2))[0] == 0


def test_a_call_that_no_longer_works_fails(verdict):
    after = {"times": {"rows": [100.0]}, "missing": {"gradients": "TypeError: no more"}}
    status, text, written = verdict(same("rows", "gradients"), after)
    assert status == 1
    assert written["lost"] == {"gradients": "TypeError: no more"}
    assert "LOST  gradients: TypeError: no more" in text


def test_a_call_that_breaks_while_it_is_timed_fails(verdict):
    status, _, written = verdict(same("rows", "gradients"), {**same("rows", "gradients"), "broken": ["gradients"]})
    assert status == 1
    assert "it broke" in written["lost"]["gradients"]
    assert [one["call"] for one in written["calls"]] == ["rows"]


def test_a_new_call_is_not_judged(verdict):
    status, text, written = verdict(same("rows"), same("rows", "fused"))
    assert status == 0
    assert written["new"] == ["fused"]
    assert "new, not judged: fused" in text


def test_some_calls_only(verdict):
    both = same("rows of SOAP", "rows of ACSF", "neighbors")
    written = verdict(both, both, "--only", "SOAP", "neigh")[2]
    assert [one["call"] for one in written["calls"]] == ["rows of SOAP", "neighbors"]


def test_nothing_compared_is_no_success(verdict):
    assert verdict(same("rows"), same("rows"), "--only", "misspelled")[0] == 1


def test_one_of_median_and_least_alone_is_noise(guard):
    assert guard.suspicious({"ratio": 1.3, "ratio_of_least": 1.2}, 1.1)
    assert not guard.suspicious({"ratio": 1.3, "ratio_of_least": 1.05}, 1.1)
    assert not guard.suspicious({"ratio": 1.05, "ratio_of_least": 1.3}, 1.1)


def test_a_side_that_cannot_start_ends_the_run(guard, tmp_path):
    side = guard.Side("nobody", [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(SystemExit, match="nobody ended with status 3"):
        guard.run([side, side], guard.arguments(["-o", str(tmp_path / "guard.json")]))


def git(root, *words):
    author = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]
    subprocess.run(["git", *author, *words], cwd=root, check=True, capture_output=True)


def test_the_last_release_is_the_newest_tag_that_is_not_this_one(guard, tmp_path):
    reference = tmp_path / "reference.txt"
    reference.write_text("# why\n\nabc123 and more\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    assert guard.last_release(tmp_path, reference) == "abc123"
    git(tmp_path, "tag", "v0.9.0")
    assert guard.last_release(tmp_path, reference) == "abc123"
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "tag", "v0.10.0")
    git(tmp_path, "tag", "wheels")
    assert guard.last_release(tmp_path, reference) == "v0.9.0"
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "third")
    assert guard.last_release(tmp_path, reference) == "v0.10.0"


def test_what_sides_there_are(guard, tmp_path):
    import guard_sides

    (tmp_path / "isoprint").mkdir()
    (tmp_path / "isoprint" / "__init__.py").touch()
    folder = guard_sides.side_of(str(tmp_path), tmp_path)
    assert folder.variables == {"PYTHONPATH": str(tmp_path.resolve())}
    assert guard_sides.side_of(sys.executable, tmp_path).command[0] == sys.executable
    with pytest.raises(SystemExit, match=r"no wheel .*gone\.whl"):
        guard_sides.side_of(str(tmp_path / "gone.whl"), tmp_path)
    with pytest.raises(SystemExit, match="'nothing-of-that-kind' is no folder"):
        guard_sides.side_of("nothing-of-that-kind", tmp_path)


def test_the_reference_is_a_commit(guard):
    import guard_sides

    lines = guard_sides.REFERENCE.read_text().splitlines()
    (commit,) = [line for line in lines if line and not line.startswith("#")]
    assert len(commit) == 40
    assert set(commit) <= set("0123456789abcdef")
