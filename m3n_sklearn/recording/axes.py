"""Readings of sensors that were worn in another way, in the axes of their sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import check_rotation
from ..windows import Windows
from .channels import parse_channels

__all__ = ["to_site_axes"]


def to_site_axes(X: Windows, mount: Mapping[str, ArrayLike]) -> Windows:
    """Turn readings from the axes of their sensors into those of the sites they were worn at.

    Pretrained weights such as ``"m3n-base"`` have learned from sensors whose axes are those of the
    site (see :doc:`/user_guide/conventions`). Readings of a sensor that is mounted in another way
    mean little to them until they are turned.

    Parameters
    ----------
    X : Windows
        With a column ``imu`` and channel names.
    mount : mapping of str to array-like of shape (3, 3)
        By site the rotation of the sensor in its site, as `SMPLIMUSimulator` takes it and the
        readers of `m3n_sklearn.datasets` give it as ``mount``: columns are the sensor's axes.
        Sites that it does not name are left alone.

    Returns
    -------
    Windows
        The same windows, with accelerations and angular rates turned.

    Raises
    ------
    ValueError
        If the channels are not named, a site is not there or a matrix is no rotation.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.recording import channel_names, to_site_axes
    >>> upside_down = np.zeros((1, 3, 50))
    >>> upside_down[:, 2] = -9.81
    >>> X = Windows(imu=upside_down, rate=50.0, channels=channel_names("right_wrist", "acc"))
    >>> half_a_turn_about_x = np.diag([1.0, -1.0, -1.0])
    >>> to_site_axes(X, {"right_wrist": half_a_turn_about_x})["imu"][0, :, 0] + 0.0
    array([0.  , 0.  , 9.81])
    """
    if not isinstance(X, Windows) or "imu" not in X.columns or X.channels is None:
        raise ValueError(
            "X must be Windows with a column imu and channel names, such as Windows(imu=..., "
            "rate=50.0, channels=channel_names('right_wrist'))."
        )
    if not isinstance(mount, Mapping):
        raise TypeError(f"mount must map sites to (3, 3) rotations, got {type(mount).__name__}.")
    turns = {site: check_rotation(turn, f"mount[{site!r}]") for site, turn in mount.items()}
    triads = parse_channels(X.channels)
    unknown = set(turns) - {triad.site for triad in triads}
    if unknown:
        raise ValueError(
            f"mount names {', '.join(sorted(map(str, unknown)))}, but X has the sites "
            f"{', '.join(dict.fromkeys(triad.site for triad in triads))}."
        )
    imu = np.array(X["imu"])
    observed = np.array(X["observed"]) if "observed" in X else None
    for triad in triads:
        if triad.site in turns:
            columns = list(triad.columns)
            imu[:, columns] = turns[triad.site].astype(imu.dtype) @ imu[:, columns]
            if observed is not None:  # a turned axis is made of all three
                observed[:, columns] = observed[:, columns].all(axis=1, keepdims=True)
    present = {name: X.present(name) for name in ("imu", "observed") if name in X}
    masks: dict[str, Any] = {} if observed is None else {"observed": observed}
    return X.assign(imu=imu, channels=X.channels, present=present, **masks)
