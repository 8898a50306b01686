"""Features by several processes of this machine."""

from __future__ import annotations

from collections import deque
from importlib import import_module
from logging import CRITICAL
from typing import Any

# Chunks that a worker has or waits for.
_EACH = 2


def fill(rows: Any, frames: list[Any], descriptor: Any, n_workers: int, report: Any) -> None:
    """Write features of structures into `rows`, chunk after chunk, described by processes of one thread each."""
    from isoprint.extras import dask as lazily

    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise ImportError('--workers needs distributed: pip install "isoprint[dask]"') from None
    array = lazily.features(frames, descriptor)
    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=None, silence_logs=CRITICAL
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        chunks = [block for row in array.to_delayed() for block in row]
        waiting: deque[Any] = deque()
        start = 0
        for place in range(len(chunks) + _EACH * n_workers):
            if place < len(chunks):
                waiting.append(client.compute(chunks[place]))
            if place >= _EACH * n_workers - 1 and waiting:
                found = waiting.popleft().result()
                rows[start : start + len(found)] = found
                start += len(found)
                if report is not None:
                    report(start, rows.shape[0])
