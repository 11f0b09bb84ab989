"""Errors of recordings whose rows or time stamps were damaged and repaired.

M3N_SKLEARN_DATA=path python -m benchmarks.simulation clocks

Real recordings are damaged and put onto an even grid. Errors are the differences to the same
recording without damage: inside the losses, where nothing was measured, and outside. The target
outside is a straight line between good rows at their true times, which knows what was damaged.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from m3n_sklearn.recording import resample_timestamps

DRAWS = 20
SECONDS = 40.0
MARGIN = 1.0
"""Seconds at both ends that are not judged."""
RATE = 50.0


class Signal(NamedTuple):
    """Rows of one sensor in m/s² at the ticks of an even clock."""

    name: str
    rate: float
    rows: np.ndarray


class Damage(NamedTuple):
    """Rows that arrive, their stamps, and when they were measured."""

    stamps: np.ndarray
    rows: np.ndarray
    true: np.ndarray


def main(quick: bool = False) -> None:
    root = os.environ.get("M3N_SKLEARN_DATA")
    if not root:
        print("clocks: skipped, M3N_SKLEARN_DATA does not name the folder of the real data sets")
        return
    for line in lines(Path(root), 5 if quick else DRAWS):
        print(line, flush=True)


def lines(root: Path, draws: int = DRAWS) -> Iterator[str]:
    """Yield the table, a line for each kind of damage and recording."""
    yield f"Damaged rows and stamps at {RATE:g} Hz: largest error of each of {draws} draws, m/s²"
    heads = ("inside losses", "outside", "line, outside")
    yield f"{'':<38}" + "".join(f"{head:>18}" for head in heads) + f"{'lost':>8}{'warned':>8}"
    yield f"{'damage':<28}{'data':<10}" + f"{'median':>10}{'max':>8}" * 3 + f"{'%':>8}{'%':>8}"
    for signal in signals(root):
        for name, damage in DAMAGES.items():
            found = [judged(signal, damage, seed) for seed in range(draws)]
            inside, outside, line, lost, warned = (
                np.array(part) for part in zip(*found, strict=True)
            )
            cells = "".join(
                f"{np.median(part):>10.2f}{np.max(part):>8.2f}" for part in (inside, outside, line)
            )
            shares = f"{100 * lost.mean():>8.1f}{100 * warned.mean():>8.0f}"
            yield f"{name:<28}{signal.name:<10}{cells}{shares}"


def judged(
    signal: Signal, damage: Callable[..., Damage], seed: int
) -> tuple[float, float, float, float, bool]:
    """Largest errors inside and outside losses, of a line outside, share lost, warned or not."""
    rng = np.random.default_rng(seed)
    count = min(int(SECONDS * signal.rate), len(signal.rows))
    first = rng.integers(0, len(signal.rows) - count + 1)
    rows = signal.rows[first : first + count]
    true = np.arange(count) / signal.rate
    grid = np.arange(int(true[-1] * RATE)) / RATE
    clean, _, _ = resample_timestamps(true, rows, RATE, start=0.0, n_samples=len(grid))
    given = damage(true, rows, signal.rate, rng)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            found, _, _ = resample_timestamps(
                given.stamps, given.rows, RATE, start=0.0, n_samples=len(grid)
            )
        except ValueError:
            found = np.full_like(clean, np.nan)
    good = np.isfinite(given.rows).all(axis=1)
    at, kept = given.true[good], given.rows[good]
    line = np.stack([np.interp(grid, at, column) for column in kept.T], axis=1)
    after = np.clip(np.searchsorted(at, grid - 1e-9), 1, len(at) - 1)
    hole = (at[after] - at[after - 1] > 1.5 / signal.rate) & (at[after] > grid + 1e-9)
    judged_at = (grid > MARGIN) & (grid < grid[-1] - MARGIN)
    error, straight = (np.abs(x - clean).max(axis=1) for x in (found, line))
    inside, outside = judged_at & hole, judged_at & ~hole
    return (
        float(error[inside].max()) if inside.any() else 0.0,
        float(error[outside].max()),
        float(straight[outside].max()),
        float(inside.sum() / judged_at.sum()),
        bool(heard),
    )


# ---- damages


def keep(true: np.ndarray, rows: np.ndarray, kept: np.ndarray) -> Damage:
    return Damage(true[kept], rows[kept], true[kept])


def no_damage(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
    return Damage(true, rows, true)


def one_row_lost(
    true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator
) -> Damage:
    kept = np.ones(len(true), dtype=bool)
    kept[rng.integers(len(true) // 4, 3 * len(true) // 4)] = False
    return keep(true, rows, kept)


def rows_lost(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
    return keep(true, rows, rng.random(len(true)) > 0.05)


def third_of_a_second(
    true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator
) -> Damage:
    begin = rng.uniform(0.3, 0.6) * true[-1]
    return keep(true, rows, (true < begin) | (true > begin + 0.3))


def nan_rows(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
    holes = rows.copy()
    holes[rng.integers(len(true) // 4, 3 * len(true) // 4, 5)] = np.nan
    return Damage(true, holes, true)


def rounded(unit: float, lost: float = 0.0) -> Callable[..., Damage]:
    def damage(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
        kept = rng.random(len(true)) >= lost
        return Damage(np.round(true[kept] / unit) * unit, rows[kept], true[kept])

    return damage


def whole_seconds(
    true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator
) -> Damage:
    return Damage(np.floor(true), rows, true)


def jitter(share: float, lost: float = 0.0) -> Callable[..., Damage]:
    def damage(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
        kept = rng.random(len(true)) >= lost
        noise = rng.normal(0, share / rate, len(true))
        return Damage((true + noise)[kept], rows[kept], true[kept])

    return damage


def packets(size: int, lost: float = 0.0) -> Callable[..., Damage]:
    def damage(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
        of = np.arange(len(true)) // size
        # stamped in the middle, because a constant delay can't be identified
        stamps = (of * size + (size - 1) / 2) / rate
        kept = rng.random(of[-1] + 1)[of] >= lost
        return Damage(stamps[kept], rows[kept], true[kept])

    return damage


def rate_change(
    true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator
) -> Damage:
    kept = (true < 0.5 * true[-1]) | (np.arange(len(true)) % 2 == 0)
    return keep(true, rows, kept)


def uneven(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
    """Sampled at uneven times: the rows at those times by a band-limited interpolation."""
    at = np.cumsum(rng.uniform(0.6, 1.4, len(true) - 10)) / rate
    at = at[at < true[-1]]
    fine, _, _ = resample_timestamps(true, rows, 16 * rate, start=0.0)
    grid = np.arange(len(fine)) / (16 * rate)
    return Damage(at, np.stack([np.interp(at, grid, c) for c in fine.T], axis=1), at)


def wild(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
    stamps = true.copy()
    stamps[rng.integers(len(true) // 4, 3 * len(true) // 4)] += rng.choice([1000.0, -3.0])
    return Damage(stamps, rows, true)


def late(true: np.ndarray, rows: np.ndarray, rate: float, rng: np.random.Generator) -> Damage:
    """A computer that was busy stamps five rows together."""
    stamps = true.copy()
    for begin in rng.integers(len(true) // 4, 3 * len(true) // 4, 3):
        stamps[begin : begin + 5] = stamps[begin + 4]
    return Damage(stamps, rows, true)


DAMAGES: dict[str, Callable[..., Damage]] = {
    "none": no_damage,
    "one row lost": one_row_lost,
    "5 % of rows lost": rows_lost,
    "0.3 s lost": third_of_a_second,
    "5 NaN rows": nan_rows,
    "rounded to 1 ms": rounded(0.001),
    "rounded to 1 ms, 5 % lost": rounded(0.001, 0.05),
    "rounded to 10 ms": rounded(0.01),
    "rounded to 10 ms, 5 % lost": rounded(0.01, 0.05),
    "whole seconds": whole_seconds,
    "jitter 0.1 period": jitter(0.1),
    "jitter 0.3 period": jitter(0.3),
    "jitter 0.1, 3 % lost": jitter(0.1, 0.03),
    "packets of 4": packets(4),
    "packets of 4, 5 % lost": packets(4, 0.05),
    "half the rate half-way": rate_change,
    "really uneven": uneven,
    "one wild stamp": wild,
    "5 rows late, 3 times": late,
}


# ---- recordings


def signals(root: Path) -> Iterator[Signal]:
    """Yield an accelerometer of each available set."""
    readers = {
        "openpack": openpack,
        "utd": utd,
        "sp_sw_har": sp_sw_har,
        "wisdm51": wisdm51,
    }
    for name, reader in readers.items():
        try:
            rate, rows = reader(root)
        except FileNotFoundError:
            continue
        yield Signal(name, rate, rows)


def openpack(root: Path) -> tuple[float, np.ndarray]:
    from m3n_sklearn.datasets import read_openpack_atr

    file = root / "openpack_sample/openpack/v1.0.0/U0209/atr/atr01/S0500.csv"
    return 100 / 3, read_openpack_atr(file).acc


def utd(root: Path) -> tuple[float, np.ndarray]:
    """Clips of one person in a row, faded into each other where they meet."""
    from m3n_sklearn.datasets import load_utd_mhad

    clips = load_utd_mhad(root / "utd_mhad", subjects=1, seconds=None, skeletons=False).recordings
    return 50.0, joined([clip.data[:, :3] for clip in clips], 25)


def sp_sw_har(root: Path) -> tuple[float, np.ndarray]:
    from m3n_sklearn.datasets import load_sp_sw_har

    clips = load_sp_sw_har(root / "sp_sw_har_watch", subjects=[1, 2, 3], seconds=None).recordings
    return 104.3, joined([clip.data[:, :3] for clip in clips], 52)


def wisdm51(root: Path) -> tuple[float, np.ndarray]:
    file = root / "wisdm51_watch/wisdm51_watch_20hz.npz"
    with np.load(file) as data:
        longest = int(np.argmax(np.diff(data["seg_ptr"])))
        begin, end = data["seg_ptr"][longest : longest + 2]
        return 20.0, data["acc_q"][begin:end] * float(data["acc_scale"])


def joined(clips: list[np.ndarray], fade: int) -> np.ndarray:
    weight = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade))[:, None]
    whole = clips[0]
    for clip in clips[1:]:
        seam = (1 - weight) * whole[-fade:] + weight * clip[:fade]
        whole = np.concatenate([whole[:-fade], seam, clip[fade:]])
    return whole


if __name__ == "__main__":
    main("--quick" in sys.argv)
