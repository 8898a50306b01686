"""Tables of `peers.py`, for the terminal and for the documentation."""

from scenes import SCENES


def case_of(given):
    """Parameters of a case in few words."""
    if "r_cut" in given:
        return f"{given['r_cut']:g} Å"
    if "n_features" in given:
        return f"{given['n_features']} features"
    return f"{given['n_max']},{given['l_max']}"


def cell(one, own):
    """Time of one record, and how many times as long as the twin it took."""
    value = one["processor"] if one["threads"] == 1 else one["wall"]
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return text if own or not one["times_twin"] else f"{text} (x{one['times_twin']:.3g})"


def rows_of(result, scene, task, threads):
    """A row for each contestant, a column for each case; no rows where nobody did it."""
    records = [r for r in result["records"] if (r["scene"], r["task"], r["threads"]) == (scene, task, threads)]
    cases = list(dict.fromkeys(case_of(r) for r in records))
    rows = []
    for name in dict.fromkeys(r["contestant"] for r in records):
        found = {case_of(r): r for r in records if r["contestant"] == name}
        own = result["about"][name]["own"]
        times = [cell(found[case], own) if case in found else "-" for case in cases]
        rows.append([result["about"][name]["name"], *times])
    return cases, rows


def shares(result):
    """The part of the processor's time that was spent in the system, where it is more than a tenth."""
    rows = []
    for r in result["records"]:
        whole = r["user"] + r["system"]
        if whole and r["system"] > 0.1 * whole and r["threads"] == 1:
            name = result["about"][r["contestant"]]["name"]
            rows.append([r["scene"], r["task"], case_of(r), name, f"{100 * r['system'] / whole:.0f} %"])
    return ["scene", "task", "case", "contestant", "in the system"], rows


def in_scenes(entries, text):
    """What is said of each scene, once where all say the same."""
    said = {c["scene"]: text([d for d in entries if d["scene"] == c["scene"]]) for c in entries}
    said = {scene: words for scene, words in said.items() if words}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{scene}: {words}" for scene, words in said.items()) or "-"


def once(words):
    """Words in their order, each once."""
    return ", ".join(dict.fromkeys(words))


def columns_of(entries):
    """Columns of each case."""
    wide = [c for c in entries if c["shape"] and len(c["shape"]) == 2 and c["task"] in ("features", "rows")]
    return once(f"{c['shape'][1]:,} ({c['case']})" for c in wide)


def neighbors_of(entries):
    """Neighbors of each case; one number where the cutoff is the same."""
    known = {c["case"]: f"{c['neighbors']:.0f}" for c in entries if c.get("neighbors") is not None}
    return once(known.values())


def worst(entries):
    """The largest difference of all arrays."""
    known = [c["difference"] for c in entries if c["difference"] is not None]
    return f"{max(known):.0e}" if known else "-"


def compared(result):
    """What was compared with what: one row for each peer."""
    header = ["peer", "beside", "tasks", "columns", "neighbors", "type", "threads", "largest difference"]
    rows = []
    for name in dict.fromkeys(c["contestant"] for c in result["compared"]):
        entries = [c for c in result["compared"] if c["contestant"] == name]
        about = result["about"][name]
        number = {r["threads"] for r in result["records"] if r["contestant"] == name}
        rows.append([
            f"{about['name']} {about['version']}",
            result["about"][about["twin"]]["name"],
            in_scenes(entries, lambda some: once(c["task"] for c in some)),
            in_scenes(entries, columns_of),
            in_scenes(entries, neighbors_of),
            once(c["dtype"] for c in entries if c["dtype"]),
            once(map(str, sorted(number))),
            worst(entries),
        ])  # fmt: skip
    return header, rows


def notes(result):
    """What each leaves out, and whose numbers are not those of the twin."""
    rows = []
    for name, about in result["about"].items():
        differ = [c for c in result["compared"] if c["contestant"] == name and not c["agrees"]]
        which = once(f"{c['scene']} {c['task']} {c['case']}" for c in differ)
        rows.append(
            [about["name"], about["note"] + (f"; differs by more than it should, no ratio: {which}" if which else "")]
        )
    rows += [[m["contestant"], f"{m['scene']} {case_of(m)} left out: {m['reason']}"] for m in result["missing"]]
    return ["", "what to know"], rows


def plain(header, rows):
    """For the terminal."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [header, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown(header, rows):
    """For the documentation."""
    lines = [f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows]]
    return "\n".join(lines)


def races(result):
    """Title, header and rows of every scene, number of threads and task."""
    for scene in dict.fromkeys(r["scene"] for r in result["records"]):
        records = [r for r in result["records"] if r["scene"] == scene]
        for threads in sorted({r["threads"] for r in records}):
            for task in dict.fromkeys(r["task"] for r in records):
                cases, rows = rows_of(result, scene, task, threads)
                if rows:
                    number = "one thread" if threads == 1 else f"{threads} threads"
                    yield f"{scene}: {task}, {number}", [SCENES[scene].unit, *cases], rows


def everything(result):
    """All that a run found, for the terminal."""
    parts = [f"{title}\n{plain(header, rows)}" for title, header, rows in races(result)]
    parts.append(f"what was compared with what\n{plain(*compared(result))}")
    parts += [f"{name}: {note}" for name, note in notes(result)[1]]
    return "\n\n".join(parts)
