"""Files under way: made in a folder of their own beside their place, and moved there in one step.

The folder is `.NAME.xxxxxxxx.part`. As long as the maker of the file lives, a lock in there is held: the next output to
the same place removes the folders whose locks nobody holds, and leaves others alone. The lock ends with the process,
however that ends, so that neither the number of a process nor the name of a machine needs to be trusted; a file system
without locks keeps what a killed run has left.

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
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed instead
    fcntl = None  # type: ignore[assignment]

_LOCK, NEW, _OLD = "lock", "new", "old"
# Longer names would not fit into a name with something before and after it.
_LONGEST_NAME = 200


def begun(target: Path) -> tuple[Path, int]:
    """A new folder beside the place, and its lock, which is held."""
    while True:
        folder = Path(tempfile.mkdtemp(".part", f".{_tag(target.name)}.", target.parent))
        lock = -1
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            # Another run may have taken the folder for an abandoned one before it was locked.
            if _locked(lock) is not False and (folder / _LOCK).exists():
                (folder / NEW).mkdir()
                return folder, lock
        except FileNotFoundError:
            pass
        except BaseException:
            _given_back(lock)
            remove(folder)
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


def clear(target: Path) -> None:
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
    if _LOCK not in entries or not entries <= {_LOCK, NEW, _OLD}:
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
    remove(folder)


def remove(folder: Path) -> None:
    """Remove the folder; its lock goes last, so that a half removed folder is still known as one."""
    for name in (NEW, _OLD):
        shutil.rmtree(folder / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        if {entry.name for entry in folder.iterdir()} <= {_LOCK}:
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()


# Into its place


def settle(part: Path, target: Path, folder: Path) -> None:
    """Put the finished file or store in its place."""
    _to_disk(part)
    _keep_mode(part, target)
    if not part.is_dir():
        part.replace(target)
    elif not os.path.lexists(target):
        part.rename(target)
    elif not exchanged(part, target):
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


def exchanged(part: Path, target: Path) -> bool:
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
