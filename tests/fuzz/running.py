"""Read damaged files in other processes, whose time and memory are limited."""

from __future__ import annotations

import multiprocessing
import random
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from m3n_sklearn._hashing import content_hash

from .damage import damaged
from .formats import Format

SLOWEST = 20.0
"""Seconds after which a process is ended: nothing takes as long."""
LARGEST = 2 * 2**30
"""Bytes that a process may allocate while it reads."""
FINE = ("same", "silent", "clean")


@dataclass
class Row:
    """What became of the damaged files of a format."""

    format: str
    counts: dict[str, int] = field(default_factory=dict)
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


def run(chosen: Sequence[Format], count: int, start: int, keep: Path) -> Iterator[Row]:
    """Read so many damaged files of each format; yield a row for each."""
    # a copy of this process where there are copies: imports take seconds
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    for form in chosen:
        row, case = Row(form.name), start
        with tempfile.TemporaryDirectory() as folder:
            form.write(Path(folder))
            sound = {file: file.read_bytes() for file in sorted(Path(folder).glob(form.files))}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = content_hash(form.read(Path(folder)))
            while case < start + count:
                ours, theirs = context.Pipe()
                worker = context.Process(
                    target=_work, args=(theirs, form, folder, sound, expected, case, start + count)
                )
                worker.start()
                theirs.close()
                case = _watch(ours, row, case, start + count, form, sound, keep)
                worker.kill()
                worker.join()
                for file, content in sound.items():
                    file.write_bytes(content)
        yield row


def _watch(
    pipe: Connection,
    row: Row,
    case: int,
    stop: int,
    form: Format,
    sound: Mapping[Path, bytes],
    keep: Path,
) -> int:
    """Count what a process reports; return the case to go on with."""
    while case < stop:
        try:
            outcome, text, seconds = pipe.recv() if pipe.poll(SLOWEST) else ("hang", "", SLOWEST)
        except EOFError:
            outcome, text, seconds = "crash", "", 0.0
        row.counts[outcome] = row.counts.get(outcome, 0) + 1
        row.slowest = max(row.slowest, seconds)
        if outcome not in FINE:
            row.failures.append(f"{form.name} {case}: {outcome} {text}")
            name, content = case_of(form, sound, case)
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{form.name}-{case}-{name.name}").write_bytes(content)
        case += 1
        if outcome in ("hang", "crash"):
            break
    return case


def case_of(form: Format, sound: Mapping[Path, bytes], case: int) -> tuple[Path, bytes]:
    """Return the file of a case and its damaged content."""
    rng = random.Random(f"{form.name}:{case}")
    file = rng.choice(list(sound))
    return file, (form.damage or damaged)(sound[file], rng)


def _work(
    pipe: Connection,
    form: Format,
    folder: str,
    sound: Mapping[Path, bytes],
    expected: str,
    case: int,
    stop: int,
) -> None:
    """Read cases, and report each."""
    warnings.simplefilter("ignore")
    _limit_memory()
    for number in range(case, stop):
        for file, content in sound.items():
            file.write_bytes(content)
        file, content = case_of(form, sound, number)
        file.write_bytes(content)
        begin = time.perf_counter()
        outcome, text = read(form, Path(folder), expected)
        pipe.send((outcome, text, time.perf_counter() - begin))


def read(form: Format, folder: Path, expected: str) -> tuple[str, str]:
    """Read a folder with a damaged file; tell how it ended.

    Two files may disagree because one is damaged, so that an error may name either.
    """
    try:
        result = form.read(folder)
    except (ValueError, FileNotFoundError) as error:
        if type(error) not in (ValueError, FileNotFoundError):
            return "unclean", repr(error)[:300]
        names = [file.name for file in folder.rglob("*") if file.is_file()]
        named = any(name in str(error) for name in (*names, str(folder)))
        return "clean" if named else "unnamed", repr(error)[:300]
    except Exception as error:
        return "unclean", repr(error)[:300]
    try:
        return ("same" if content_hash(result) == expected else "silent"), ""
    except RecursionError:  # a parameter that nests values, which only fitting looks at
        return "silent", ""
    except Exception as error:
        return "unclean", f"a result that cannot be used: {error!r}"[:300]


def _limit_memory() -> None:
    """Let allocations fail beyond a limit, where the system knows one."""
    try:
        import resource

        with open("/proc/self/statm") as file:
            held = int(file.read().split()[5]) * resource.getpagesize()
    except (ImportError, OSError):
        return
    resource.setrlimit(resource.RLIMIT_DATA, (held + LARGEST, held + LARGEST))
