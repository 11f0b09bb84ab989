"""Checks and choices between X and the training: modalities, objectives, network, scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._inputs import ImuWindows
from .._validation import check_rate
from .._windows import Windows
from ..nets import Multi3Net, multi3net_config
from ._data import PretrainingData
from ._modalities import number_sentences
from ._objectives import AUTO_WEIGHTS, DECODERS, NEEDS

__all__ = [
    "check_rates",
    "check_same_network",
    "check_views",
    "choose_objectives",
    "measure_scales",
    "network_config",
    "present_rows",
    "recorded_rows",
    "spread_rows",
]

SAMPLE = 1024
"""Rows that scales are measured on."""

Masks = Mapping[str, NDArray[np.bool_]]
"""Which rows have a modality, by its name."""


def present_rows(windows: Windows, *, simulated: bool) -> dict[str, NDArray[np.bool_]]:
    """Return which rows have imu, pose and text, of the modalities that any row has.

    A row without a sentence has no text. If IMU is simulated, rows with a pose have it.
    """
    masks = {name: windows.present(name) for name in ("imu", "pose", "text")}
    if simulated:
        masks["imu"] = masks["imu"] | masks["pose"]
    if "text" in windows:
        masks["text"] = number_sentences(windows)[0][:, 0] >= 0
    return {name: mask for name, mask in masks.items() if mask.any()}


def _enough_rows(name: str, masks: Masks) -> bool:
    """Tell whether an objective has its modalities in a row; to contrast, in two."""
    if not set(NEEDS[name]) <= set(masks):
        return False
    count = np.logical_and.reduce([masks[modality] for modality in NEEDS[name]]).sum()
    return bool(count >= (1 if name in DECODERS else 2))


def check_rates(imu: ImuWindows | None, pose_rate: float | None = None) -> None:
    """Raise ValueError for rates at which nothing is recorded; a generic series may have any."""
    if pose_rate is not None:
        check_rate(pose_rate, "The rate of 'pose'")
    if imu is not None:
        imu.check_rate()


def choose_objectives(objectives: str | Mapping[str, float], masks: Masks) -> dict[str, float]:
    """Return the positive weights of the objectives that the rows can train.

    Raises
    ------
    ValueError
        If a name is unknown, a weight is negative, or no objective is left.
    """
    wanted = AUTO_WEIGHTS if isinstance(objectives, str) else objectives
    unknown = set(wanted) - set(NEEDS)
    if unknown:
        raise ValueError(
            f"objectives contains {', '.join(sorted(map(str, unknown)))}; the objectives are "
            f"{', '.join(NEEDS)}."
        )
    if not all(isinstance(w, Real) and 0 <= w < np.inf for w in wanted.values()):
        raise ValueError(f"The weights of objectives must be numbers of at least 0, got {wanted}.")
    active = {
        name: float(wanted[name])
        for name in NEEDS
        if wanted.get(name, 0) > 0 and _enough_rows(name, masks)
    }
    if not active:
        raise ValueError(
            f"No objective can be trained: the data have {' and '.join(masks) or 'no modality'}, "
            f"and each of the objectives {', '.join(wanted) or '(none)'} needs a row (contrast: "
            "two rows) with all modalities that it relates. Give IMU windows, or poses with "
            "simulator=SMPLIMUSimulator(), or poses with text."
        )
    return active


def check_views(objectives: Mapping[str, float], data: PretrainingData) -> None:
    """Raise ValueError if two views of a window would be equal."""
    if "imu_imu" in objectives and data.augmentation is None:
        raise ValueError(
            "The objective 'imu_imu' contrasts two augmented views of a window, but there is no "
            "augmentation. Set augment='so3' or another one, or leave the objective out."
        )


def recorded_rows(masks: Masks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that have an IMU signal and no pose: without and with a caption."""
    absent = np.zeros_like(next(iter(masks.values())))
    imu, pose, text = (masks.get(name, absent) for name in ("imu", "pose", "text"))
    recorded = imu & ~pose
    return np.flatnonzero(recorded & ~text), np.flatnonzero(recorded & text)


def spread_rows(mask: NDArray[np.bool_], limit: int = SAMPLE) -> NDArray[np.int64]:
    """Return up to `limit` evenly spread rows where a mask is true."""
    rows = np.flatnonzero(mask)
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int))]


def network_config(
    data: PretrainingData, objectives: Mapping[str, float], encoder: str, width: int | None
) -> dict[str, Any]:
    """Return the configuration of the network, with the sizes of the data."""
    sizes: dict[str, Any] = {}
    if data.imu is not None and data.input_map is not None:
        first = data.network_input(spread_rows(data.imu.present)[:1])
        _, _, channels, n_times = first.shape
        sites = data.input_map.layout.sites or ("",)
        sizes.update(sites=sites, in_channels=channels, n_times=n_times)
    if "pose" in data.modalities:
        sizes["pose_shape"] = data.pose_shape()
    if data.captions is not None:
        sizes["text_size"] = data.captions.vectors.shape[1]
    return multi3net_config(
        encoder,
        modalities=data.modalities,
        decoders=[name for name in DECODERS if name in objectives],
        width=width,
        **sizes,
    )


def check_same_network(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ValueError if a warm start needs another network than that of the last fit."""
    if before == now:
        return
    old, new = (dict(_entries(config)) for config in (before, now))
    changes = "; ".join(
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )
    raise ValueError(
        "warm_start=True continues the last fit, but these data and parameters need another "
        f"network: {changes}. Set warm_start=False, or give the same modalities, sites, channels, "
        "window length and sizes."
    )


def _entries(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of a nested mapping with dotted names."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _entries(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def measure_scales(net: Multi3Net, data: PretrainingData) -> None:
    """Set the units of the decoders from a sample of the training rows."""
    assert data.imu is not None and data.input_map is not None
    rows = spread_rows(data.imu.present)
    x = data.network_input(rows).astype(np.float64)
    # Sensors that only some rows have are measured on these; zeros stand for one that no row has.
    sensors = data.sensors(rows)
    sensors |= ~sensors.any(axis=0)
    there: Any = True if sensors.all() else np.repeat(sensors, 3, axis=2)[..., None]
    # What is reconstructed comes in any rotation: one deviation from the window's mean per triad.
    squares = (x - x.mean(axis=3, keepdims=True)) ** 2
    deviation = np.sqrt(squares.mean(axis=(0, 1, 3), where=there))
    # What is predicted from poses comes in the simulated mount: a mean per site and channel too.
    spread = x.std(axis=(0, 3), where=there)
    if not data.input_map.layout.is_series:
        deviation = _per_triad(deviation)
        spread = _per_triad(spread)
    with torch.no_grad():
        net.deviation.copy_(torch.tensor(_positive(deviation)))
        net.imu_mean.copy_(torch.tensor(x.mean(axis=(0, 3), where=there)))
        net.imu_scale.copy_(torch.tensor(_positive(spread)))


def _per_triad(values: NDArray[Any]) -> NDArray[Any]:
    """Replace the values of a triad's axes by their root mean square."""
    triads = values.reshape(*values.shape[:-1], 2, 3)
    return np.repeat(np.sqrt((triads**2).mean(axis=-1)), 3, axis=-1)


def _positive(values: NDArray[Any]) -> NDArray[Any]:
    """Replace a scale of zero, that of a constant channel, by 1."""
    return np.where(values > 1e-6, values, 1.0)
