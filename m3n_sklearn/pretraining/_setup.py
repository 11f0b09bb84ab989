"""From X or a corpus to data, network and plan: the steps between ``fit`` and the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._checks import check_rate
from .._inputs import ImuWindows
from ..nets import Multi3Net
from ..windows import Windows
from ._data import PretrainingData
from ._sources import number_sentences
from .losses import AUTO_WEIGHTS, DECODERS, NEEDS

__all__ = [
    "check_choices",
    "check_parts",
    "check_rates",
    "choose_objectives",
    "hold_out",
    "measure_scales",
    "present_rows",
    "spread_rows",
    "unlabelled_rows",
]

SAMPLE = 1024
"""Rows that scales are measured on."""


Masks = Mapping[str, NDArray[np.bool_]]
"""Which rows have a modality, by its name."""


def present_rows(windows: Windows, *, simulated: bool) -> dict[str, NDArray[np.bool_]]:
    """Tell which rows have which modality, of those that at least one row has.

    Parameters
    ----------
    windows : Windows
        The rows.
    simulated : bool
        Whether a simulator turns poses into IMU.

    Returns
    -------
    dict of str to ndarray of bool
        Masks, in the order imu, pose, text.
    """
    masks = {name: windows.present(name) for name in ("imu", "pose", "text")}
    if simulated:
        masks["imu"] = masks["imu"] | masks["pose"]
    if "text" in windows:
        masks["text"] = number_sentences(windows)[0][:, 0] >= 0
    return {name: mask for name, mask in masks.items() if mask.any()}


def _rows_for(name: str, masks: Masks) -> NDArray[np.bool_]:
    """Tell which rows have all that an objective needs."""
    return np.logical_and.reduce([masks[modality] for modality in NEEDS[name]])


def _fewest(name: str) -> int:
    """Return how many rows an objective needs: windows are contrasted with others."""
    return 1 if name in DECODERS else 2


def check_rates(imu: ImuWindows | None, pose_rate: float | None = None) -> None:
    """Raise ValueError for rates that nothing is recorded at; a generic series may have any."""
    if pose_rate is not None:
        check_rate(pose_rate, "The rate of 'pose'")
    if imu is not None:
        imu.check_rate()


def choose_objectives(objectives: str | Mapping[str, float], there: Masks) -> dict[str, float]:
    """Return the weights of the objectives that can run.

    Parameters
    ----------
    objectives : "auto" or mapping of str to float
        The parameter; a weight of 0 switches off.
    there : mapping of str to ndarray of bool
        Modalities that at least one row has, and which rows.

    Returns
    -------
    dict of str to float
        Positive weights, of objectives that enough rows have the modalities of, together.

    Raises
    ------
    ValueError
        If a name is unknown, a weight negative, or nothing is left to train.
    """
    wanted = AUTO_WEIGHTS if isinstance(objectives, str) else objectives
    unknown = set(wanted) - set(NEEDS)
    if unknown:
        raise ValueError(
            f"objectives names {', '.join(sorted(map(str, unknown)))}; there are "
            f"{', '.join(NEEDS)}."
        )
    if not all(isinstance(w, Real) and 0 <= w < np.inf for w in wanted.values()):
        raise ValueError(f"The weights of objectives must be numbers of at least 0, got {wanted}.")
    active = {
        name: float(wanted[name])
        for name in NEEDS
        if wanted.get(name, 0) > 0
        and set(NEEDS[name]) <= set(there)
        and _rows_for(name, there).sum() >= _fewest(name)
    }
    if not active:
        raise ValueError(
            f"There is nothing to train: the data have {' and '.join(there) or 'no modality'}, "
            f"and the objectives wanted, {', '.join(wanted) or 'none'}, need a row (to contrast, "
            "two) with all that they relate. Give IMU windows, or poses with "
            "simulator=SMPLIMUSimulator(), or poses with text."
        )
    return active


def check_choices(data: PretrainingData, objectives: Mapping[str, float], orientation: str) -> None:
    """Raise ValueError where input, objectives and augmentation make no sense together."""
    if data.input_map is None:
        return
    if orientation != "raw" and data.input_map.layout.is_series:
        raise ValueError(
            f"orientation={orientation!r} needs channels of an IMU (3, 6 or 12 of them, or named "
            "by channels=); these windows are a generic series. Use orientation='raw'."
        )
    if orientation == "invariant" and "reconstruction" in objectives:
        raise ValueError(
            "orientation='invariant' does not see the axes of a sensor, so that nothing can be "
            "reconstructed along them. Name objectives= without 'reconstruction', or use "
            "orientation='raw+invariant'."
        )
    if "imu_imu" in objectives and data.augmentation is None:
        raise ValueError(
            "The objective 'imu_imu' contrasts two augmented views of a window, but there is no "
            "augmentation. Set augment='so3' or another one, or leave the objective out."
        )


def unlabelled_rows(masks: Masks) -> NDArray[np.int64]:
    """Return the rows that have an IMU signal and neither pose nor caption."""
    nowhere = np.zeros_like(next(iter(masks.values())))
    imu, pose, text = (masks.get(name, nowhere) for name in ("imu", "pose", "text"))
    return np.flatnonzero(imu & ~pose & ~text)


def hold_out(
    groups: NDArray[Any], fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows by group.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        A group per row.
    fraction : float
        Share of the groups to hold out, at least one.
    rng : numpy.random.Generator
        Chooses them.

    Returns
    -------
    train, valid : ndarray of int
        Rows.

    Raises
    ------
    ValueError
        If there is only one group.
    """
    distinct, number = np.unique(groups, return_inverse=True)
    if len(distinct) < 2:
        raise ValueError(
            "early_stopping=True needs at least 2 groups (people, clips or rows) to hold one out."
        )
    count = min(max(1, round(fraction * len(distinct))), len(distinct) - 1)
    held = np.isin(number, rng.permutation(len(distinct))[:count])
    return np.flatnonzero(~held), np.flatnonzero(held)


def check_parts(
    objectives: Mapping[str, float], masks: Masks, parts: Mapping[str, NDArray[np.int64]]
) -> None:
    """Refuse a split that leaves an objective nothing to learn from, or nothing to watch.

    Parameters
    ----------
    objectives : mapping of str to float
        Those that run.
    masks : mapping of str to ndarray of bool
        Which rows have which modality.
    parts : mapping of str to ndarray of int
        Rows of each part, by its name.

    Raises
    ------
    ValueError
        If a part has no row, or a single one where rows are contrasted, for an objective.
    """
    for part, rows in parts.items():
        for name in objectives:
            count = int(_rows_for(name, masks)[rows].sum())
            if count < _fewest(name):
                raise ValueError(
                    f"early_stopping=True leaves the {part} part {count} rows with "
                    f"{' and '.join(NEEDS[name])}, and the objective {name!r} needs at least "
                    f"{_fewest(name)}. Give more groups, set another validation_fraction or "
                    "random_state, or leave the objective out."
                )


def spread_rows(mask: NDArray[np.bool_], limit: int = SAMPLE) -> NDArray[np.int64]:
    """Return up to `limit` evenly spread rows where a mask is true."""
    rows = np.flatnonzero(mask)
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int))]


def measure_scales(net: Multi3Net, data: PretrainingData) -> None:
    """Set the units of the decoders from a sample of the training rows.

    Means and spreads per site and channel for what is predicted from poses, where the sensor's
    frame is known; and one deviation from the window's mean per triad for what is reconstructed,
    which does not change when a sensor is turned.
    """
    assert data.imu is not None and data.input_map is not None
    x = data.network_input(spread_rows(data.imu.present)).astype(np.float64)
    deviation = np.sqrt(((x - x.mean(axis=3, keepdims=True)) ** 2).mean(axis=(0, 1, 3)))
    spread = x.std(axis=(0, 3))
    if not data.input_map.layout.is_series:
        deviation = _per_triad(deviation)
        spread = _per_triad(spread)
    with torch.no_grad():
        net.deviation.copy_(torch.tensor(_positive(deviation)))
        net.imu_mean.copy_(torch.tensor(x.mean(axis=(0, 3))))
        net.imu_scale.copy_(torch.tensor(_positive(spread)))


def _per_triad(values: NDArray[Any]) -> NDArray[Any]:
    triads = values.reshape(*values.shape[:-1], 2, 3)
    return np.repeat(np.sqrt((triads**2).mean(axis=-1)), 3, axis=-1)


def _positive(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(values > 1e-6, values, 1.0)
