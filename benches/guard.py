"""Is any call slower than in the last release? The two take turns, and what seems slow is measured again.

    python benches/guard.py                                       the last release and the working tree, both built
    python benches/guard.py --before v0.2.0 --after tree          the same, said aloud
    python benches/guard.py --before path/to/python --after python            an interpreter, a folder with the package
    python benches/guard.py --only molecules construction         calls whose name has one of these words

A side is a commit or tag, a wheel, an interpreter that has isoprint, a folder that holds the package, or `tree`.
Without a tag, the last release is the commit in `reference.txt`.

Both run the same calls (`guard_calls.py`) in processes of their own, one thread, in turns; what counts is the time of
the processor, and of a call the median ratio over all rounds beside the ratio of the shortest times. Calls of which
both are above `--factor` are measured again, in new processes and three times as long; a call is slower if it was each
time. The exit status is 1 if one is, or if one that worked before fails now. Calls that are new are shown and not
judged. Results go to ``benches/results/guard.json``.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from guard_sides import ROOT, Side, last_release, side_of
from machine import machine
from turns import Failed, Program, in_turn

HERE = Path(__file__).resolve().parent


class Pair:
    """Both sides, running."""

    def __init__(self, sides: Sequence[Side]) -> None:
        self.programs = [Program(side.what, side.command, variables=side.variables) for side in sides]
        self.about = []
        try:
            for program in self.programs:
                self.about.append(program.ask(start={}))
        except Failed as problem:
            self.close()
            raise SystemExit(f"cannot be measured: {problem}") from None

    def close(self) -> None:
        """Let both end."""
        for program in self.programs:
            program.close()

    def turns(self, name: str, rounds: int, seconds: float) -> list[list[float]]:
        """Microseconds of the processor, before and after, one pair a round; both repeat the call equally often."""
        count = max(program.ask(time=name, seconds=seconds)["count"] for program in self.programs)
        pairs = []
        for round_ in range(rounds):
            pair = [0.0, 0.0]
            for place in in_turn(round_, [0, 1]):
                pair[place] = self.programs[place].ask(time=name, count=count)["processor"]
            pairs.append(pair)
        return pairs


def record(name: str, pairs: list[list[float]]) -> dict:
    """What is kept of the turns of one call."""
    ratios = [after / before for before, after in pairs]
    least = [min(times) for times in zip(*pairs, strict=True)]
    spread = statistics.quantiles(ratios, n=4)[::2] if len(ratios) > 1 else ratios * 2
    return {
        "call": name,
        "before": round(statistics.median(before for before, _ in pairs), 3),
        "after": round(statistics.median(after for _, after in pairs), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_least": round(least[1] / least[0], 3),
        "quartiles": [round(ratio, 3) for ratio in spread],
    }


def suspicious(one: dict, factor: float) -> bool:
    """Slower at the median and at best: one of the two alone is noise."""
    return min(one["ratio"], one["ratio_of_least"]) > factor


def measure(sides: Sequence[Side], names: Sequence[str] | None, rounds: int, args: argparse.Namespace) -> tuple:
    """What both sides say, a record of each call, and the calls that the later side no longer does, with the reason."""
    pair = Pair(sides)
    before, after = pair.about
    records, lost = {}, {}
    try:
        for name in before["calls"] if names is None else names:
            if args.only and not any(word in name for word in args.only):
                continue
            if name not in after["calls"]:
                lost[name] = after["missing"].get(name, "is not there")
                continue
            try:
                records[name] = record(name, pair.turns(name, rounds, args.turn))
            except Failed as problem:
                lost[name] = str(problem)
    finally:
        pair.close()
    return before, after, records, lost


def compare(sides: Sequence[Side], args: argparse.Namespace) -> dict:
    """Measure all, measure again what seems slow, and say what is."""
    before, after, records, lost = measure(sides, None, args.rounds, args)
    for _ in range(args.again):
        suspects = [name for name, one in records.items() if suspicious(one, args.factor)]
        if not suspects:
            break
        print(f"again, in new processes: {'; '.join(suspects)}", file=sys.stderr, flush=True)
        _, _, again, lost_again = measure(sides, suspects, 3 * args.rounds, args)
        for name, one in again.items():
            earlier = records[name]
            records[name] = {**one, "earlier": [*earlier.get("earlier", []), earlier["ratio"]]}
        lost.update(lost_again)
    return {
        "before": {"what": sides[0].what, **{k: before.get(k) for k in ("version", "numpy", "isa")}},
        "after": {"what": sides[1].what, **{k: after.get(k) for k in ("version", "numpy", "isa")}},
        "calls": list(records.values()),
        "slower": [name for name, one in records.items() if suspicious(one, args.factor)],
        "lost": lost,
        "new": [name for name in after["calls"] if name not in before["calls"]],
        "neither": sorted(set(before["missing"]) & set(after["missing"])),
    }


def table(result: dict) -> str:
    """All calls, the slowest first; µs of the processor, for an atom or for a call."""
    lines = [f"{'ratio':>6} {'quartiles':>14} {'least':>6} {'before':>10} {'after':>10}"]
    for one in sorted(result["calls"], key=lambda one: -one["ratio"]):
        numbers = [
            f"{one['ratio']:6.3f}",
            "{:6.3f}, {:6.3f}".format(*one["quartiles"]),
            f"{one['ratio_of_least']:6.3f}",
            f"{one['before']:10.2f}",
            f"{one['after']:10.2f}",
        ]
        mark = ["SLOWER"] if one["call"] in result["slower"] else []
        again = [f"(measured again, {', '.join(map(str, one['earlier']))} before)"] if "earlier" in one else []
        lines.append(" ".join([*numbers, one["call"], *mark, *again]))
    ratios = [one["ratio"] for one in result["calls"]]
    if ratios:
        lines.append(f"{len(ratios)} calls, median ratio {statistics.median(ratios):.3f}")
    lines += [f"LOST  {name}: {reason}" for name, reason in result["lost"].items()]
    if result["new"]:
        lines.append(f"new, not judged: {', '.join(result['new'])}")
    if result["before"]["numpy"] != result["after"]["numpy"]:
        lines.append("the two sides have different versions of numpy")
    return "\n".join(lines)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", help="default: the last release")
    parser.add_argument("--after", default="tree", help="default: the working tree")
    parser.add_argument("--factor", type=float, default=1.1, help="a call may take so many times as long (1.1)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turn", type=float, default=0.03, help="seconds for which a call is repeated in each turn")
    parser.add_argument("--again", type=int, default=2, help="how often what seems slow is measured again")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="calls whose name has one of these words")
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "guard", help="where versions are built")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "guard.json")
    return parser.parse_args(given)


def run(sides: Sequence[Side], args: argparse.Namespace) -> int:
    """Measure, print, write; the exit status."""
    result = compare(sides, args)
    about = {
        "machine": machine(), "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "benches/guard.py", *sys.argv[1:]]), "factor": args.factor,
        "rounds": args.rounds,
    }  # fmt: skip
    args.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**about, **result}, indent=1, ensure_ascii=False)
    args.output.write_text(text + "\n", encoding="utf-8")
    print(f"before: {result['before']['what']}; after: {result['after']['what']}\n{table(result)}")
    if not result["calls"]:
        print("nothing was compared")
        return 1
    return 1 if result["slower"] or result["lost"] else 0


def main() -> int:
    """Build what has to be built, then run."""
    args = arguments()
    return run([side_of(args.before or last_release(), args.folder), side_of(args.after, args.folder)], args)


if __name__ == "__main__":
    sys.exit(main())
