"""Tables and figures of `docs/performance.md`, from the files in `benches/results`.

python benches/page.py
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import draw
import tables

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
CALLS = ("features", "pullback", "features+pullback", "jacobian")


def number(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def choices(result: dict) -> str:
    """One frame in every way that there is to ask for it."""
    found = {(r["choice"], r["call"]): r for r in result["choices"]}
    calls = [call for call in CALLS if any(key[1] == call for key in found)]
    rows = []
    for name in dict.fromkeys(key[0] for key in found):
        columns = next(str(r["n_features"]) for key, r in found.items() if key[0] == name)
        rows.append(
            [
                f"`{name}`",
                columns,
                *(number(found[name, call]["us"]) if (name, call) in found else "-" for call in calls),
            ]
        )
    return tables.markdown(["", "columns", *calls], rows)


def some_costs(result: dict) -> str:
    """The curves of the figure in numbers, for SOAP and SoapTurbo."""
    blocks = []
    for what, label in draw.LABELS.items():
        found = [r for r in result["varied"] if r["varied"] == what]
        values = sorted({r["value"] for r in found})
        rows = []
        for kind in dict.fromkeys(r["kind"] for r in found):
            for call in CALLS:
                times = {r["value"]: r["us"] for r in found if (r["kind"], r["call"]) == (kind, call)}
                if times:
                    rows.append([f"{kind}, {call}", *(number(times[v]) if v in times else "-" for v in values)])
        blocks.append(tables.markdown([label, *(f"{value:,}" for value in values)], rows))
    return "\n\n".join(blocks)


def memory(result: dict) -> str:
    """What a call needs beside its result."""
    rows = [
        [r["call"], f"{r['atoms']:,}", f"{r['result_mb']:.0f}", f"{max(r['beside_mb'], 0.0):.0f}"]
        for r in result["memory"]
    ]
    return tables.markdown(["call", "atoms", "result, MB", "beside it, MB"], rows)


def races(result: dict) -> str:
    """All races, a table for each scene and task."""
    return "\n\n".join(
        f"**{title}**\n\n{tables.markdown(header, rows)}" for title, header, rows in tables.races(result)
    )


def system_time(result: dict) -> str:
    """Where the system has a part in the time."""
    header, rows = tables.shares(result)
    return tables.markdown(header, rows) if rows else "Nowhere more than a tenth."


def measured(result: dict) -> str:
    """How a file was made."""
    machine = result["machine"]
    return f"{draw.said(result)}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}."


def versions(result: dict) -> str:
    """Versions of the peers."""
    found = {a["name"]: a["version"] for a in result["about"].values()}
    return ", ".join(f"{name} {version}" for name, version in found.items())


def parts(costs: dict, peers: dict, structures: dict) -> dict[str, str]:
    """Text of every part that the page includes."""
    return {
        "measured": measured(costs) + "\n",
        "choices": choices(costs),
        "costs": some_costs(costs),
        "memory": memory(costs),
        "compared": tables.markdown(*tables.compared(peers)),
        "notes": tables.markdown(*tables.notes(peers)),
        "races": races(peers),
        "system": system_time(peers),
        "structures": races(structures),
        "structures_compared": tables.markdown(*tables.compared(structures)),
    }


def write(results: Path, docs: Path) -> None:
    """Parts and figures."""
    names = ("costs", "peers", "peers_structures")
    costs, peers, structures = (json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in names)
    for name, text in parts(costs, peers, structures).items():
        (docs / "data" / f"performance_{name}.inc").write_text(text + "\n", encoding="utf-8")
    draw.costs(costs, docs / "figures" / "performance_costs.png")
    draw.peers(peers, docs / "figures" / "performance_peers.png")


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--docs", type=Path, default=DOCS)
    args = parser.parse_args()
    write(args.results, args.docs)


if __name__ == "__main__":
    main()
