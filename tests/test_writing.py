"""Writing files: atomic, with mode and links; the dead leave nothing, a full disk is named."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from m3n_sklearn._files import ABANDONED, alone, naming_file, sweep, write_atomically

from .disks import full_disk

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX: modes, links, locks")


def temporary(path: Path, digit: str = "0") -> Path:
    return path.with_name(f".{path.name}.{digit * 32}.tmp")


# ---- what is written


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_a_replaced_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "e"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == mode


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o007])
def test_a_new_file_follows_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "e", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "e").stat().st_mode & 0o777 == 0o666 & ~mask


@posix
def test_links_stay_links(tmp_path):
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "v3"
    target.write_bytes(b"old")
    first, second = tmp_path / "first", tmp_path / "second"
    first.symlink_to(Path("disk") / "v3")
    second.symlink_to(first)
    write_atomically(second, b"new")
    assert target.read_bytes() == b"new" and first.is_symlink() and second.is_symlink()
    target.unlink()
    write_atomically(first, b"newer")  # a link to nothing yet
    assert target.read_bytes() == b"newer" and first.is_symlink()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["disk", "first", "second", "v3"]


@posix
def test_devices_and_pipes_are_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        write_atomically(pipe, b"new")
    assert pipe.is_fifo()


# ---- a disk that refuses


@posix
@pytest.mark.parametrize("room", [0, 5])
def test_a_full_disk_is_named_and_keeps_the_old_file(tmp_path, room):
    path = tmp_path / "e"
    path.write_bytes(b"old")
    with full_disk(room), pytest.raises(OSError, match=r"Free some space.*unchanged") as error:
        write_atomically(path, b"x" * 100)
    assert error.value.filename == str(path) and error.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EROFS, "may write to"),
        (errno.EACCES, "may write to"),
    ],
)
def test_refusals_of_the_system_say_what_to_do(tmp_path, number, words):
    with pytest.raises(OSError, match=words) as error, naming_file(tmp_path / "e"):
        raise OSError(number, "raw")
    assert error.value.filename == str(tmp_path / "e")
    assert type(error.value) is type(OSError(number, "raw"))


# ---- the dead and the living


def test_what_the_dead_have_left_is_swept(tmp_path):
    path, other = tmp_path / "e", tmp_path / "f"
    for name in (temporary(path), temporary(other), tmp_path / ".e.tmp", tmp_path / "e.tmp"):
        name.write_bytes(b"half")
    past = time.time() - 2 * ABANDONED  # old enough also where there are no locks
    for name in tmp_path.iterdir():
        os.utime(name, (past, past))
    write_atomically(path, b"new")
    assert {p.name for p in tmp_path.iterdir()} == {"e", temporary(other).name, ".e.tmp", "e.tmp"}
    sweep(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"e", ".e.tmp", "e.tmp"}


HOLD = """
import sys, time
from m3n_sklearn._files import try_lock
file = open(sys.argv[1], "xb")
try_lock(file)
print("held", flush=True)
time.sleep(60)
"""


@posix
def test_files_of_living_processes_are_kept(tmp_path):
    theirs = temporary(tmp_path / "e")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(theirs)], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    try:
        process.stdout.readline()
        os.utime(theirs, (0, 0))
        write_atomically(tmp_path / "e", b"new")
        assert theirs.exists()
    finally:
        process.kill()
        process.communicate()
    write_atomically(tmp_path / "e", b"newer")
    assert [p.name for p in tmp_path.iterdir()] == ["e"]


def test_without_locks_age_decides(tmp_path, monkeypatch):
    monkeypatch.setattr("m3n_sklearn._files.try_lock", lambda *_, **__: None)
    young, old = temporary(tmp_path / "e", "1"), temporary(tmp_path / "e", "2")
    for file in (young, old):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    sweep(tmp_path)
    assert young.exists() and not old.exists()


def test_many_writers_of_one_file_end_well(tmp_path):
    path, contents = tmp_path / "e", [bytes([65 + i]) * 5000 for i in range(8)]
    failed = []

    def write(content):
        try:
            for _ in range(10):
                write_atomically(path, content)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_one_after_the_other(tmp_path):
    inside, log = [], []

    def enter(name):
        with alone(tmp_path / "lock", "waiting") as held:
            assert held
            inside.append(name)
            assert len(inside) == 1
            time.sleep(0.01)
            log.append(inside.pop())

    threads = [threading.Thread(target=enter, args=(i,)) for i in range(8)]
    with pytest.warns(UserWarning, match="waiting"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(log) == list(range(8)) and not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist. Create it first"):
        write_atomically(tmp_path / "nowhere" / "file", b"new")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        write_atomically(tmp_path, b"new")
