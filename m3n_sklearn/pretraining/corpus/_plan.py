"""The parameters of a corpus: their checks, and their record in the manifest."""

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
    """The parameters of :func:`build_corpus` that the corpus depends on."""

    simulator: Any
    seconds: float
    overlap: float
    rate: float
    pose_rate: float
    margin: float
    short: str
    mirror: bool
    n_windows: int | None
    balance: str
    random_state: int

    def __post_init__(self) -> None:
        """Check what `cut` does not check."""
        check_positive(self.seconds, "seconds", "s")
        check_rate(self.rate, "rate")
        check_rate(self.pose_rate, "pose_rate")
        if self.n_windows is not None:
            check_count(self.n_windows, "n_windows")
        if self.balance not in EXPONENTS:
            listed = ", ".join(map(repr, EXPONENTS))
            raise ValueError(f"balance must be one of {listed}, got {self.balance!r}.")
        if not isinstance(self.random_state, Integral) or isinstance(self.random_state, bool):
            raise TypeError(
                f"random_state must be an integer, got {self.random_state!r}: without a seed a "
                "corpus can't be built again."
            )
        if not is_number(self.overlap) or not 0 <= self.overlap < 1:
            raise ValueError(f"overlap must be in [0, 1), got {self.overlap!r}.")
        _check_simulator(self.simulator)

    def simulator_for(self, motions: list[Motion], n_jobs: int | None) -> SMPLIMUSimulator | None:
        """Return a simulator for one source, fitted on motions of it unless it is frozen."""
        if self.simulator is None:
            return None
        frozen = isinstance(self.simulator, FrozenEstimator)
        own = copy.copy(self.simulator.estimator) if frozen else clone(self.simulator)
        own.set_params(rate=float(self.rate), random_state=int(self.random_state), n_jobs=n_jobs)
        if own.implausible == "warn":  # rows that no body can produce are left out
            own.set_params(implausible="mask")
        return own if frozen else own.fit(motions)

    def record(self) -> dict[str, Any]:
        """Return the parameters as JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "simulator"}
        values = {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}
        return {"simulator": self.simulator and estimator_to_json(self.simulator), **values}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Plan:
        """Return the plan that `record` has turned into JSON."""
        tree = record["simulator"]
        return cls(**{**record, "simulator": tree and estimator_from_json(tree)})


def _check_simulator(simulator: Any) -> None:
    """Raise an error unless it is an SMPLIMUSimulator that does not mirror by itself."""
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
            "The simulator mirrors motions, but not left and right in their captions: set "
            "Randomization(mirror=0.0) and build_corpus(mirror=True)."
        )
