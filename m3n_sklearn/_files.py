"""Files of results and data: clear errors of readers, atomic writing, and shared folders."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ._warn import warn

if sys.platform != "win32":
    import fcntl

ABANDONED = 24 * 3600.0
"""Age in s of a temporary file that is deleted where locks do not tell whether its writer lives."""

OLD_CONTENT = "What was there before is unchanged"

_NO_SPACE = "Free some space, or write to another disk."
_NO_RIGHT = "Choose a folder that you may write to, or change its permissions."
_WAYS_OUT = {
    errno.ENOSPC: _NO_SPACE,
    errno.EFBIG: _NO_SPACE,
    getattr(errno, "EDQUOT", errno.ENOSPC): _NO_SPACE,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: _NO_RIGHT,
}
"""What to do after an error of the system."""

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{32}\.tmp")

STAND_INS = (
    (
        rb"version https://git-lfs",
        "this is a pointer of Git LFS, and not the file itself. Get the file with 'git lfs pull'.",
    ),
    (
        rb"(\.\./|/)*(\.git/)?annex/objects/",
        "this is a pointer of git-annex, and not the file itself. Get the file with 'git annex "
        "get' or 'datalad get'.",
    ),
    (
        rb"(<!--.*?-->\s*)*<(!doctype\s+html|html)\b",
        "this is a web page, and not the file itself. Pages of logins, licenses and missing files "
        "come in place of a download: open the address in a browser, or download the raw file.",
    ),
    (
        rb"(<\?xml[^>]*>\s*)?<Error>",
        "this is the error message of a server, and not the file itself. Download the file again.",
    ),
)
"""What comes in place of a file that was not fetched: how it begins, and what to do."""


@contextmanager
def reading(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """Read a file so that whatever its content causes is a ValueError that names the file.

    Check the user's arguments before this block: inside of it every error counts as the file's.
    `what` completes "cannot be read as ...".
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}{': it is a folder' if file.is_dir() else ''}.")
    try:
        yield file
    except (ImportError, Warning):  # a missing extra, or a warning that the user made an error
        raise
    except Exception as error:
        stand_in = _stand_in(file)
        if stand_in is not None:
            raise ValueError(f"{file}: {stand_in}") from error
        if isinstance(error, OSError) and error.filename is not None:
            raise  # not readable, or a disk that fails: the system says it
        if type(error) is not ValueError:  # subclasses of decoders say nothing to a user
            raise ValueError(_unreadable(file, what, error)) from error
        if file.name in str(error):
            raise
        raise ValueError(f"{file}: {error}") from error


def _stand_in(file: Path) -> str | None:
    """Say what a file is and what to do, if it only stands in place of another one."""
    try:
        with file.open("rb") as opened:
            start = opened.read(1024)
    except OSError:
        return None
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((say for how, say in STAND_INS if re.match(how, start, re.I | re.S)), None)


def _unreadable(file: Path, what: str, error: Exception) -> str:
    """Say that the content of a file is not what was expected."""
    return (
        f"{file} cannot be read as {what} ({type(error).__name__}: {error}). It may be "
        "damaged, or be another kind of file."
    )


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file to write, or say why there can be none; call it before the work."""
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(
            f"path must be the path of a file to write, got {type(path).__name__} ({path!r})."
        )
    target = Path(path)
    if target.is_dir():  # of "" as well, which is the current folder
        raise IsADirectoryError(
            f"Cannot write {os.fspath(path)!r}: it is a folder. Give the path of a file in it."
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"Cannot write {target}: the folder {target.parent} does not exist. Create it first."
        )
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "This is not a regular file, and can't be replaced", str(path))
    return target


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either complete or as it was, even after a crash.

    A link stays a link, and a replaced file keeps its mode. What dead processes have left of
    earlier attempts is deleted.
    """
    check_target(path)
    target = Path(os.path.realpath(path))
    with naming_file(path):
        sweep(target.parent, target.name)
        temporary, file = _new_temporary(target)
        try:
            with file:
                if target.exists():
                    temporary.chmod(stat.S_IMODE(target.stat().st_mode))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if sys.platform == "win32":  # open files can't be moved there
                    file.close()
                os.replace(temporary, target)  # while locked, or others would sweep it
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _new_temporary(target: Path) -> tuple[Path, BinaryIO]:
    """Create a file next to a target and lock it, which tells others that its writer lives."""
    while True:
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        file = temporary.open("xb")
        try_lock(file, wait=True)  # a sweeper may hold it for a moment
        if os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()  # swept between the two lines above


@contextmanager
def naming_file(path: str | os.PathLike[str], outcome: str = OLD_CONTENT) -> Iterator[None]:
    """Say in errors of the system which file could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.errno not in _WAYS_OUT:
            raise
        reason, way_out = os.strerror(error.errno), _WAYS_OUT[error.errno]
        raise OSError(error.errno, f"{reason}. {way_out} {outcome}", os.fspath(path)) from error


# ---- processes that share a folder


def try_lock(file: BinaryIO, *, wait: bool = False) -> bool | None:
    """Lock an open file until it is closed or its process ends.

    False if another one has the lock, None if there are no locks on this system.
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # some network file systems
        return None
    return True


@contextmanager
def alone(lock: Path, waiting: str) -> Iterator[bool]:
    """Hold a lock file during a block, after all who have it; warn with `waiting` before waiting.

    False if there are no locks here: then others may run the block as well.
    """
    while True:
        with naming_file(lock, "Nothing is written there"):
            file = lock.open("ab")
        held = try_lock(file)
        if held is False:
            warn(waiting)
            held = try_lock(file, wait=True)
        # the file that was waited for is gone if its holder has finished
        if held is None or _is_at(file, lock):
            break
        file.close()
    with file:
        try:
            yield bool(held)
        finally:
            with suppress(OSError):  # open files can't be deleted on Windows
                lock.unlink()


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Tell whether an open file is still that of a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def sweep(folder: Path, name: str | None = None) -> None:
    """Delete temporary files of dead processes: those for one file, or all in a folder."""
    found: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        found = [entry.path for entry in entries if _belongs(entry.name, name)]
    for path in found:
        with suppress(OSError), open(path, "r+b") as file:
            held = try_lock(file)
            age = time.time() - os.fstat(file.fileno()).st_mtime
            if held or (held is None and age > ABANDONED):
                os.unlink(path)


def _belongs(entry: str, name: str | None) -> bool:
    """Tell whether a name is that of a temporary file, for a file or for any."""
    match = _TEMPORARY.fullmatch(entry)
    return match is not None and name in (None, match["name"])
