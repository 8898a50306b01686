"""One model after the other, in threads or in processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from isoprint.study._losses import Task

# In a process of its own, what it was sent when it began.
_here: list[Task] = []


@contextmanager
def workers(task: Task, count: int, backend: str) -> Iterator[Executor]:
    """Those who evaluate the task; one of them is the caller itself."""
    executor = _executor(task, count, backend)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


def _executor(task: Task, count: int, backend: str) -> Executor:
    if backend == "processes":
        try:
            from joblib.externals.loky import ProcessPoolExecutor
        except ImportError:
            raise ImportError('backend="processes" needs joblib: pip install "isoprint[search]"') from None
        pool: Executor = ProcessPoolExecutor(count, initializer=_begin, initargs=(task,))
        return pool
    return _Caller() if count == 1 else ThreadPoolExecutor(count)


def submitted(executor: Executor, task: Task, parameters: Mapping[str, Any]) -> Future[dict[str, Any]]:
    """A result to come."""
    if isinstance(executor, (_Caller, ThreadPoolExecutor)):
        return executor.submit(task.evaluate, parameters)
    return executor.submit(_evaluate, parameters)


def _begin(task: Task) -> None:
    _here[:] = [task]


def _evaluate(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _here[0].evaluate(parameters)


class _Caller(Executor):
    """Works at once, in the thread that asks: what interrupts it, interrupts the study."""

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments, **named))
        return future
