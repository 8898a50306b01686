"""Outputs that appear under their name only when they are complete, and replace nothing but files of their kind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from isoprint._support import unfinished

# Names that the system gives to open files of a process. What is behind them must not be put aside.
_OPEN_FILES = re.compile(r"/dev/(stdin|stdout|stderr|fd/.*)|/proc/.*")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}

PathLike = str | os.PathLike[str]
IsOurs = Callable[[Path], bool]


def require_place(path: PathLike, *, store: IsOurs | None = None, stream: bool = False) -> Path:
    """Refuse a path where nothing may be put, before anything is computed for it.

    Parameters
    ----------
    path : path
        Where a file shall appear. Nothing or a regular file may be there, or a link to either.
    store : callable, optional
        Says whether a folder is an older store of the kind that shall appear; then such a folder may be there, and
        nothing else.
    stream : bool
        Whether a pipe or a device that takes text will do, which nothing is put in the place of.

    Returns
    -------
    Path
        The place itself, at the end of all links.

    Raises
    ------
    ValueError
        Where something else is in the way, or there is no folder for it.
    """
    name = _named(path)
    if store is None and name.endswith(("/", os.sep)):
        raise ValueError(f"output is {name!r}, the name of a folder; give the name of a file")
    if _is_stream(name):
        if stream:
            return Path(name)
        raise ValueError(f"output is {name!r}, which is no place for a file; give the name of a file")
    target = _end_of_links(name)
    if target.is_symlink():
        raise ValueError(f"output is {name!r}, a link that leads to itself; remove it first")
    parent = target.parent
    if not os.path.isdir(parent):  # noqa: PTH112  (pathlib raises where a name is too long)
        if os.path.lexists(parent):
            raise ValueError(f"output is {name!r}, but {str(parent)!r} is no folder")
        raise ValueError(f"output is {name!r}, but there is no folder {str(parent)!r}; make it first")
    with contextlib.suppress(FileNotFoundError):
        _require_replaceable(name, target, store)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(f"output is {name!r}, but nothing can be written into the folder {str(parent)!r}")
    return target


def _named(path: PathLike) -> str:
    name = os.fsdecode(path)
    if not name or "\0" in name:
        raise ValueError(f"output is {name!r}; give the name of a file")
    return name


def _end_of_links(name: str) -> Path:
    """The place itself; where links lead in a circle, one of them."""
    path = Path(name)
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _is_stream(name: str) -> bool:
    """Whether a path leads to an open file, or to a device or pipe that takes what is written one after another."""
    if _OPEN_FILES.fullmatch(os.path.abspath(name)):  # noqa: PTH100  (links are meant to stay)
        return True
    with contextlib.suppress(OSError):
        mode = Path(name).stat().st_mode
        return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)
    return False


def _require_replaceable(name: str, target: Path, store: IsOurs | None) -> None:
    mode = target.lstat().st_mode
    if stat.S_ISREG(mode) if store is None else stat.S_ISDIR(mode) and store(target):
        return
    kind = _KINDS.get(stat.S_IFMT(mode), "a file")
    if store is not None and stat.S_ISDIR(mode):
        kind = "a folder that holds something else than a store of isoprint"
    raise ValueError(f"output is {name!r}, where there is {kind}; nothing was touched: move it, or give another name")


@contextmanager
def replacing(path: PathLike, *, store: IsOurs | None = None, stream: bool = False) -> Iterator[Path]:
    """Make a file under a passing name, and put it in its place once the block is left without an error.

    Parameters
    ----------
    path, store, stream
        As for `require_place`.

    Yields
    ------
    Path
        Where the block makes the file; its name is that of the place.

    Notes
    -----
    The mode of an older file is kept, and its owner where that is allowed. Another name of the same file (a hard link)
    keeps the older content.
    """
    name = _named(path)
    streaming = _is_stream(name)
    if not streaming:
        unfinished.clear(_end_of_links(name))
    target = require_place(name, store=store, stream=stream)
    if streaming:
        with _poured(target) as part:
            yield part
        return
    with telling(path):
        folder, lock = unfinished.begun(target)
    try:
        part = folder / unfinished.NEW / target.name
        yield part
        with telling(path):
            require_place(path, store=store)
            unfinished.settle(part, target, folder)
    finally:
        os.close(lock)
        unfinished.remove(folder)


@contextmanager
def telling(path: PathLike, *kinds: type[Exception]) -> Iterator[None]:
    """Turn what goes wrong while a file is written into an `OSError` of one line that names the file.

    Parameters
    ----------
    path : path
        The file.
    *kinds : types of exceptions
        What libraries raise then, beside `OSError`.
    """
    try:
        yield
    except Exception as problem:
        if not isinstance(problem, (OSError, *kinds)):
            raise
        reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        told = OSError(f"{os.fsdecode(path)} cannot be written: {' '.join(reason.split())}")
        told.errno = getattr(problem, "errno", None)
        raise told from problem


def write(path: PathLike, content: bytes, *, stream: bool = False) -> None:
    """Put a file with this content in its place."""
    with replacing(path, stream=stream) as part, telling(path):
        part.write_bytes(content)


@contextmanager
def _poured(target: Path) -> Iterator[Path]:
    """Make a file elsewhere, and send it down a pipe or to a device."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / target.name
        yield part
        with telling(target), part.open("rb") as source, target.open("ab") as sink:
            shutil.copyfileobj(source, sink)
