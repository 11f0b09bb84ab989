"""The parameters of a corpus, as they are checked and as the manifest holds them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone

from ..._checks import check_count, check_positive, check_rate, is_number
from ..._sklearn import FrozenEstimator
from ...motion import Motion
from ...simulation import SMPLIMUSimulator
from ._balance import EXPONENTS
from ._manifest import estimator_from_json, estimator_to_json

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """Everything that decides about a corpus besides its sources; see :func:`build_corpus`."""

    simulator: Any
    seconds: float
    overlap: float
    rate: float
    pose_rate: float
    margin: float
    short: str
    copies: int
    mirror: bool
    max_per_caption: int | None
    n_windows: int | None
    balance: str
    random_state: int

    def __post_init__(self) -> None:
        """Check what the cutting does not."""
        check_positive(self.seconds, "seconds", "s")
        check_rate(self.rate, "rate")
        check_rate(self.pose_rate, "pose_rate")
        check_count(self.copies, "copies")
        for name in ("max_per_caption", "n_windows"):
            if getattr(self, name) is not None:
                check_count(getattr(self, name), name)
        if self.balance not in EXPONENTS:
            listed = ", ".join(map(repr, EXPONENTS))
            raise ValueError(f"balance must be one of {listed}, got {self.balance!r}.")
        if not isinstance(self.random_state, Integral) or isinstance(self.random_state, bool):
            raise TypeError(
                f"random_state must be an integer, got {self.random_state!r}: a corpus can be "
                "built again only from a seed."
            )
        if not is_number(self.overlap) or not 0 <= self.overlap < 1:
            raise ValueError(f"overlap must lie in [0, 1), got {self.overlap!r}.")
        _check_simulator(self.simulator)

    def simulator_for(self, motions: list[Motion], n_jobs: int | None) -> SMPLIMUSimulator | None:
        """Return a simulator of this plan for one source.

        Parameters
        ----------
        motions : list of Motion
            What it learns the noise of the poses from, unless it is frozen.
        n_jobs : int or None
            Its processes.
        """
        if self.simulator is None:
            return None
        frozen = isinstance(self.simulator, FrozenEstimator)
        own = copy.copy(self.simulator.estimator) if frozen else clone(self.simulator)
        own.set_params(rate=float(self.rate), random_state=int(self.random_state), n_jobs=n_jobs)
        if own.implausible == "warn":  # what no body produces teaches nothing
            own.set_params(implausible="mask")
        return own if frozen else own.fit(motions)

    def record(self) -> dict[str, Any]:
        """Return the parameters as JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "simulator"}
        values = {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}
        return {"simulator": self.simulator and estimator_to_json(self.simulator), **values}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Plan:
        """Read what `record` has written."""
        tree = record["simulator"]
        return cls(**{**record, "simulator": tree and estimator_from_json(tree)})


def _check_simulator(simulator: Any) -> None:
    inner = simulator.estimator if isinstance(simulator, FrozenEstimator) else simulator
    if inner is None:
        return
    if not isinstance(inner, SMPLIMUSimulator):
        raise TypeError(
            "simulator must be a SMPLIMUSimulator, one in a FrozenEstimator, or None, got "
            f"{type(simulator).__name__}."
        )
    if inner.randomize is not None and inner.randomize.mirror > 0:
        raise ValueError(
            "The simulator mirrors motions but not what their captions say of left and right: "
            "set Randomization(mirror=0.0) and build_corpus(mirror=True)."
        )
