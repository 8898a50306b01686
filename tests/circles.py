"""Circles in a graph of who needs whom."""


def circles(graph):
    """Groups of nodes that need each other, each sorted: the strongly connected parts with more than one node."""
    reached = {node: _reached(graph, node) for node in graph}
    groups = {
        tuple(sorted({other for other in reached[node] if node in reached.get(other, ())} | {node})) for node in graph
    }
    return sorted(group for group in groups if len(group) > 1)


def _reached(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        for following in graph.get(waiting.pop(), ()):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen
