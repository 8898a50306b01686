"""Files that appear under their name only when they are complete, and replace nothing but files of their kind.

A new file is made in a folder of its own beside its place, `.NAME.xxxxxxxx.part`, and moved there in one step. As long
as its maker lives, a lock in that folder is held: the next output to the same place removes the folders whose locks
nobody holds, and leaves others alone. The lock ends with the process, however that ends, so that neither the number of
a process nor the name of a machine needs to be trusted; a file system without locks keeps what a killed run has left.

A store that is a folder changes places with the older one where the system can do that (Linux); elsewhere the older one
stands aside for a moment, and the next output puts it back if the process was killed just then.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed instead
    fcntl = None  # type: ignore[assignment]

_LOCK, _NEW, _OLD = "lock", "new", "old"
# Longer names would not fit into a name with something before and after it.
_LONGEST_NAME = 200
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
        _clear(_end_of_links(name))
    target = require_place(name, store=store, stream=stream)
    if streaming:
        with _poured(target) as part:
            yield part
        return
    with telling(path):
        folder, lock = _begun(target)
    try:
        part = folder / _NEW / target.name
        yield part
        with telling(path):
            require_place(path, store=store)
            _settle(part, target, folder)
    finally:
        os.close(lock)
        _remove(folder)


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


# The folder of a file that is being made


def _begun(target: Path) -> tuple[Path, int]:
    """A new folder beside the place, and its lock, which is held."""
    while True:
        folder = Path(tempfile.mkdtemp(".part", f".{_tag(target.name)}.", target.parent))
        lock = -1
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            # Another run may have taken the folder for an abandoned one before it was locked.
            if _locked(lock) is not False and (folder / _LOCK).exists():
                (folder / _NEW).mkdir()
                return folder, lock
        except FileNotFoundError:
            pass
        except BaseException:
            _given_back(lock)
            _remove(folder)
            raise
        _given_back(lock)


def _given_back(lock: int) -> None:
    if lock >= 0:
        os.close(lock)


def _tag(name: str) -> str:
    """A name, or as many letters that stand for it where it is too long."""
    encoded = os.fsencode(name)
    if len(encoded) <= _LONGEST_NAME:
        return name
    from hashlib import sha256

    return sha256(encoded).hexdigest()


def _locked(lock: int) -> bool | None:
    """Take a lock: whether that went well, or `None` where the file system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _clear(target: Path) -> None:
    """Remove what runs have left that were killed while they made a file for this place."""
    pattern = re.compile(rf"\.{re.escape(_tag(target.name))}\.[a-z0-9_]{{8}}\.part")
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        folders = [
            Path(entry.path)
            for entry in entries
            if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        ]
        for folder in folders:
            with contextlib.suppress(OSError):
                _retire(folder, target)


def _retire(folder: Path, target: Path) -> None:
    """Remove a folder that nobody holds, and put back a store that had stepped aside there."""
    entries = {entry.name for entry in folder.iterdir()}
    if not entries:
        folder.rmdir()
    if _LOCK not in entries or not entries <= {_LOCK, _NEW, _OLD}:
        return
    if fcntl is None:
        (folder / _LOCK).unlink()  # an error while it is open
        (folder / _LOCK).touch()
    lock = os.open(folder / _LOCK, os.O_RDWR)
    try:
        if fcntl is not None and not _locked(lock):
            return
        if (folder / _OLD).exists() and not os.path.lexists(target):
            (folder / _OLD).rename(target)
    finally:
        os.close(lock)
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove the folder; its lock goes last, so that a half removed folder is still known as one."""
    for name in (_NEW, _OLD):
        shutil.rmtree(folder / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        if {entry.name for entry in folder.iterdir()} <= {_LOCK}:
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()


# Into its place


def _settle(part: Path, target: Path, folder: Path) -> None:
    """Put the finished file or store in its place."""
    _to_disk(part)
    _keep_mode(part, target)
    if not part.is_dir():
        part.replace(target)
    elif not os.path.lexists(target):
        part.rename(target)
    elif not _exchanged(part, target):
        old = folder / _OLD
        target.rename(old)
        try:
            part.rename(target)
        except BaseException:
            old.rename(target)
            raise
    _sync(target.parent)


def _keep_mode(part: Path, target: Path) -> None:
    try:
        older, newer = target.lstat(), part.lstat()
    except FileNotFoundError:
        return
    if (older.st_uid, older.st_gid) != (newer.st_uid, newer.st_gid) and hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(part, older.st_uid, older.st_gid)
    part.chmod(stat.S_IMODE(older.st_mode) & 0o777)


def _to_disk(part: Path) -> None:
    """Have the content on the disk before the name points to it; what the disk cannot take is an error here."""
    for folder, _, names in os.walk(part):
        for name in names:
            _sync(Path(folder) / name)
    _sync(part)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return
    opened = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(opened)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # file systems that cannot do that
            raise
    finally:
        os.close(opened)


def _exchanged(part: Path, target: Path) -> bool:
    """Let two folders change places in one step, where the system can."""
    if sys.platform != "linux":
        return False
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    return int(rename(here, os.fsencode(part), here, os.fsencode(target), exchange)) == 0
