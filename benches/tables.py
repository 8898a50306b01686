"""Tables of `peers.py`, for the terminal and for the documentation."""

from scenes import SCENES


def case_of(given):
    """Parameters of a case in few words."""
    if "r_cut" in given:
        return f"{given['r_cut']:g} Å"
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
    # Ours alone is no race.
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


def compared(result):
    """What was compared with what: one row for each peer and scene, for the largest case."""
    header = ["peer", "beside", "scene", "tasks", "columns", "type", "largest difference", "what to know"]
    rows = []
    for key in dict.fromkeys((c["contestant"], c["scene"]) for c in result["compared"]):
        entries = [c for c in result["compared"] if (c["contestant"], c["scene"]) == key]
        about = result["about"][key[0]]
        features = [c for c in entries if c["shape"] and len(c["shape"]) == 2 and c["task"] in ("features", "rows")]
        columns = ", ".join(dict.fromkeys(f"{c['shape'][1]:,} ({c['case']})" for c in features)) or "-"
        known = [c["difference"] for c in entries if c["difference"] is not None]
        worst = f"{max(known):.0e}" if known else "-"
        differ = [f"{c['task']} {c['case']}" for c in entries if not c["agrees"]]
        note = about["note"] + (f"; differs, so no ratio: {', '.join(differ)}" if differ else "")
        tasks = ", ".join(dict.fromkeys(c["task"] for c in entries))
        types = ", ".join(dict.fromkeys(c["dtype"] for c in entries if c["dtype"]))
        twin = result["about"][about["twin"]]["name"]
        rows.append([f"{about['name']} {about['version']}", twin, key[1], tasks, columns, types, worst, note])
    alone = [a for a in result["about"].values() if not a["own"] and a["twin"] is None]
    rows += [[f"{a['name']} {a['version']}", "nothing", "-", "-", "-", "-", "-", a["note"]] for a in alone]
    return header, rows


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
    header, rows = compared(result)
    brief = [[*row[:5], row[6]] for row in rows]
    parts.append(f"what was compared with what\n{plain([*header[:5], header[6]], brief)}")
    parts += [f"{about['name']}: {about['note']}" for about in result["about"].values()]
    parts += [f"{m['contestant']}, {m['scene']} {m.get('task', '')}: {m['reason']}" for m in result["missing"]]
    return "\n\n".join(parts)
