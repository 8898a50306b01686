"""Who needs whom in a Rust crate, read from its files.

Paths count that begin with `crate`, `super`, `self` or a child module, in a `use` or elsewhere. Unit tests are left
out. Macros and methods are not followed; what a file needs of another it has to name once.
"""

import re

_TOKENS = re.compile(r"//[^\n]*|/\*.*?\*/|r#*\"|b?\"(?:\\.|[^\"\\])*\"|'(?:\\.[^']*|[^'\\])'", re.DOTALL)
# The attributes of an item that is there for tests alone, and its visibility.
_TEST = r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))? )?"
_PATH = re.compile(r"(?<![\w:])(?:::)?(\w+)((?:::\w+)+)(?!\w)")


def imports(source):
    """For each module of the crate in this folder, such as `math::eigen`, the modules that it names."""
    files = {}
    for path in sorted(source.rglob("*.rs")):
        parts = path.relative_to(source).with_suffix("").parts
        name = "::".join(parts[:-1] if parts[-1] in ("mod", "lib") else parts)
        files[name] = _bare(path.read_text(encoding="utf-8"))
    tested = {child for name, code in files.items() for child in _tested_children(name, code)}
    files = {
        name: _without_tests(code) for name, code in files.items() if not any(_within(name, one) for one in tested)
    }
    handed = {name: _names(name, code, files) for name, code in files.items()}
    return {name: _needed(name, code, files, handed) - {name} for name, code in files.items()}


def _needed(name, code, files, handed):
    paths = [*_used(code).values(), *([m[1], *m[2].split("::")[1:]] for m in _PATH.finditer(_without_uses(code)))]
    return {_module(whole, files, handed) for path in paths if (whole := _whole(path, name, files)) is not None}


def _whole(path, name, files):
    """A path from the root of the crate on, or nothing where it leads elsewhere."""
    here = name.split("::") if name else []
    path = list(path)
    if path[0] == "crate":
        return path[1:]
    if path[0] in ("self", "super"):
        while path and path[0] in ("self", "super"):
            if path.pop(0) == "super":
                here = here[:-1]
        return here + path
    return here + path if "::".join([*here, path[0]]) in files else None


def _module(path, files, handed, depth=0):
    """The file in which the item of a path is defined, also where modules on the way hand it on."""
    size = next(n for n in range(len(path), -1, -1) if "::".join(path[:n]) in files)
    name, rest = "::".join(path[:size]), path[size:]
    if rest and depth < 9 and rest[0] in handed[name]:
        return _module([*handed[name][rest[0]], *rest[1:]], files, handed, depth + 1)
    return name


def _names(name, code, files):
    """What a module calls by names that it was given by `use`, as paths from the root of the crate on."""
    wholes = {given: _whole(path, name, files) for given, path in _used(code).items()}
    return {given: path for given, path in wholes.items() if path is not None}


def _used(code):
    """The paths of all `use`, by the names that they give."""
    found = {}
    for statement in re.finditer(r"\buse\s+([^;]+);", code):
        for path in _branches(re.sub(r"\s+", " ", statement[1]).strip()):
            words = path.split(" as ")
            parts = words[0].removeprefix("::").split("::")
            if parts[-1] == "self":
                parts = parts[:-1]
            given = words[1].strip() if len(words) > 1 else parts[-1]
            found[given if given not in ("*", "_") else f"{given} {path}"] = [p for p in parts if p != "*"]
    return found


def _branches(tree):
    """The single paths of `a::{b, c::{d, e}}`."""
    head, brace, rest = tree.partition("{")
    if not brace:
        return [tree.strip()]
    inner, depth, start, parts = rest[: rest.rindex("}")], 0, 0, []
    for place, letter in enumerate(inner):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and not depth:
            parts.append(inner[start:place])
            start = place + 1
    parts.append(inner[start:])
    return [head.strip() + path for part in parts if part.strip() for path in _branches(part.strip())]


def _without_uses(code):
    return re.sub(r"\buse\s+[^;]+;", "", code)


def _bare(code):
    """Code without comments and without what stands in quotes."""

    def blank(match):
        return "" if match[0].startswith(("//", "/*")) else '""'

    code = re.sub(r"r(#+)\"(?:.*?)\"\1", '""', code, flags=re.DOTALL)
    return _TOKENS.sub(blank, code)


def _without_tests(code):
    """Code without items that are there for tests alone."""
    kept, place = [], 0
    for match in re.finditer(_TEST, code):
        if match.start() < place:
            continue
        brace, semicolon = code.find("{", match.end()), code.find(";", match.end())
        kept.append(code[place : match.start()])
        place = semicolon + 1 if 0 <= semicolon < brace or brace < 0 else _closed(code, brace)
    return "".join(kept) + code[place:]


def _closed(code, brace):
    """The place after the brace that closes this one."""
    depth = 0
    for place in range(brace, len(code)):
        depth += (code[place] == "{") - (code[place] == "}")
        if not depth:
            return place + 1
    raise ValueError("a brace is never closed")


def _tested_children(name, code):
    """Modules that are declared for tests alone."""
    for match in re.finditer(_TEST + r"mod (\w+);", code):
        yield f"{name}::{match[1]}" if name else match[1]


def _within(name, folder):
    return name == folder or name.startswith(folder + "::")
