"""Who imports whom in a Python package, read from its files: nothing is executed, so imports inside functions count."""

import ast


def modules(folder):
    """Path of each file by the name of its module, `package.room.file`; a package stands for its `__init__`."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(folder):
    """For each module those that it imports, at its top or inside a function, but not for type checkers alone."""
    known = modules(folder)
    package = folder.name
    graph = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        asked = set()
        for node in _run(tree):
            if isinstance(node, ast.Import):
                asked |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                start = _start(node, name, path)
                asked |= {
                    whole if (whole := f"{start}.{alias.name}") in known or whole == f"{package}._core" else start
                    for alias in node.names
                }
        graph[name] = {one for one in asked if one.partition(".")[0] == package} - {name}
    return graph


def _start(node, name, path):
    """The module that `from ... import` names, also where it begins with dots."""
    if not node.level:
        return node.module
    parts = name.split(".")
    here = parts if path.name == "__init__.py" else parts[:-1]
    above = here[: len(here) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)


def _run(node):
    """All nodes but those under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from _run(other)
            continue
        yield child
        yield from _run(child)
