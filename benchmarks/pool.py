"""The archives of wrist recordings in the shared data: one .npz file for each set and sensor."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from m3n_sklearn import Recording, Windows, cut
from m3n_sklearn.recording import UnitsWarning, channel_names

Columns = Mapping[str, Any]
"""Entries of one recording, by column of the archive."""

STRETCH = 10.0
"""Longest stretch in s that counts as one block: labels are drawn stretch by stretch."""


def read_wrist(
    path: str | Path,
    site: str | Callable[[Columns], str],
    *,
    keep: Callable[[Columns], bool] = lambda columns: True,
) -> list[Recording]:
    """Read the recordings of an archive that have one label each.

    The file holds `seg_ptr` (N + 1,), `rate_hz`, `acc_q` (T, 3) and `acc_scale` in m/s², maybe
    `gyro_q` and `gyro_scale` in rad/s, and columns with one entry per recording: `subject`, `label`
    and others, which `keep` and a function `site` may look at.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    bounds = list(pairwise(arrays["seg_ptr"].tolist()))
    columns = {name: a.tolist() for name, a in arrays.items() if a.shape == (len(bounds),)}
    signals = [arrays["acc_q"] * float(arrays["acc_scale"])]
    if "gyro_q" in arrays:
        signals.append(arrays["gyro_q"] * float(arrays["gyro_scale"]))
    data = np.hstack(signals).astype(np.float32)
    found = []
    for k, (begin, end) in enumerate(bounds):
        own = {name: column[k] for name, column in columns.items()}
        if keep(own):
            part = data[begin:end]
            seen = (part[:, :3] != 0).any(axis=1)  # zeros stand for lost samples
            worn = site if isinstance(site, str) else site(own)
            with warnings.catch_warnings():
                # resting hands in steps of 1/64 g look like readings that repeat
                warnings.simplefilter("ignore", UnitsWarning)
                recording = Recording(
                    part,
                    float(arrays["rate_hz"]),
                    channel_names(worn)[: 3 * len(signals)],
                    observed=None if seen.all() else seen,
                    labels=np.full(end - begin, own["label"]),
                    subject=str(own["subject"]),
                    name=str(k),
                )
            found.append(recording)
    return found


def cut_spread(
    recordings: list[Recording],
    seconds: float,
    most: int,
    rate: float | None = None,
) -> tuple[Windows, np.ndarray, np.ndarray, np.ndarray]:
    """Cut windows without overlap, and keep some of each person and class.

    Returns
    -------
    X : Windows
        At most `most` windows of each person and class, from stretches that are drawn at random.
    y, groups, blocks : ndarray of shape (n,)
        Labels, people, and the stretch of each window: up to `STRETCH` seconds of a recording.
    """
    X, y, groups = cut(
        recordings, seconds=seconds, overlap=0, short="pad", imu_rate=rate, dtype=np.float32
    )
    assert y is not None and groups is not None
    inside = (np.asarray(X["start"]) // (seconds * max(1, STRETCH // seconds))).astype(int)
    blocks = np.array([f"{clip}@{k}" for clip, k in zip(X["clip"], inside, strict=True)])
    rng, kept = np.random.default_rng(0), []
    for person in np.unique(groups):
        for label in np.unique(y[groups == person]):
            rows = np.flatnonzero((groups == person) & (y == label))
            names, block_of = np.unique(blocks[rows], return_inverse=True)
            place = np.argsort(rng.permutation(len(names)))[block_of]
            kept.append(rows[np.argsort(place, kind="stable")][:most])
    chosen = np.sort(np.concatenate(kept))
    X = X[chosen]
    X = X.drop(*(name for name in X.columns if name not in ("imu", "clip", "start")))
    return X, y[chosen], np.asarray(groups)[chosen], blocks[chosen]
