"""From motions to the windows of a corpus: mirrored, named, simulated and cut."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..._compat import FrozenEstimator
from ..._validation import check_count, check_positive, check_rate, is_number
from ..._windows import Windows
from ...motion import Motion
from ...recording import Recording, cut
from ...simulation import SMPLIMUSimulator
from ._manifest import estimator_from_json, estimator_to_json

__all__ = [
    "EXPONENTS",
    "Names",
    "Plan",
    "Tally",
    "allocate",
    "choose_rows",
    "chunks",
    "clips_of",
    "cut_clips",
    "mirrored_caption",
]

EXPONENTS = {"none": 1.0, "sqrt": 0.5, "uniform": 0.0}
"""Shares of the captions are proportional to their frequency to this power."""

Counts = NDArray[np.int64]

_OPPOSITE = {"left": "right", "right": "left", "clockwise": "counter-clockwise"}
_SIDED = re.compile(
    r"(?<![a-z])(left|right|(?:(?:counter|contra|anti)[\s\u2010-\u2013-]*)?clockwise)"
    r"(?=(?:wards?|most|hand|handed|foot|footed)?(?![a-z]))",
    re.IGNORECASE,
)
_OTHER_SENSES = re.compile(
    r"\b(?:all right|(?:that['\u2019]?s|that is) right|"
    r"(?<!the )right (?:away|now|angles?|after|before|next to)|"
    r"(?<!the )left (?:over|behind|alone|out)|(?:has|have|had|is|are|was|were) left|"
    r"left the (?:room|house|building|scene|place))\b",
    re.IGNORECASE,
)
"""Phrases in which "left" and "right" may not be sides."""

JOINTS = 24
"""Joints of the poses: SMPL's body. Hands of other models are left out."""


def allocate(counts: Counts, total: int, weights: NDArray[np.float64], exponent: float) -> Counts:
    """Divide `total` windows among captions, with shares of ``weights * counts ** exponent``.

    A caption with fewer windows than its share keeps all of them; the others divide the rest.

    Examples
    --------
    >>> allocate(np.array([100, 25, 1]), 31, np.ones(3), 0.5)
    array([20, 10,  1])
    """
    if total >= counts.sum():
        return counts.copy()
    demand = weights * counts.astype(np.float64) ** exponent
    share = np.zeros(len(counts))
    full = np.zeros(len(counts), dtype=bool)
    # water filling: fix the captions that keep everything until no other one reaches its count
    while True:
        left = total - counts[full].sum()
        share = np.where(full, counts, left * demand / demand[~full].sum())
        more = ~full & (share >= counts)
        if not more.any():
            break
        full |= more
    # whole windows by the largest remainders
    kept = np.floor(share + 1e-9).astype(np.int64)
    rest = total - int(kept.sum())
    by_remainder = np.argsort(-(share - kept), kind="stable")
    kept[by_remainder[:rest]] += 1
    return kept


def choose_rows(
    captions: NDArray[np.int64],
    weights: NDArray[np.float64],
    rngs: Sequence[np.random.Generator],
    total: int,
    balance: str,
    people: NDArray[np.int64] | None = None,
) -> NDArray[np.int64] | None:
    """Select `total` windows by their captions (n,), as increasing rows; None for all of them.

    Every caption has its own generator, so its selection does not depend on the others. With
    `people` (n,), the windows of a caption are divided among its people by the same rule.
    """
    counts = np.bincount(captions, minlength=len(weights))
    kept = allocate(counts, total, weights, EXPONENTS[balance])
    if (kept == counts).all():
        return None
    order = np.argsort(captions, kind="stable")
    of_caption = np.split(order, np.cumsum(counts)[:-1])
    chosen = [
        part
        for rows, count, rng in zip(of_caption, kept, rngs, strict=True)
        for part in _by_person(rows, count, rng, EXPONENTS[balance], people)
    ]
    return np.sort(np.concatenate(chosen))


def _by_person(
    rows: NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
    exponent: float,
    people: NDArray[np.int64] | None,
) -> list[NDArray[np.int64]]:
    """Select `count` of the rows of a caption, divided among its people."""
    order = rng.permutation(rows)
    if people is None:
        return [order[:count]]
    _, owner, counts = np.unique(people[order], return_inverse=True, return_counts=True)
    kept = allocate(counts, count, np.ones(len(counts)), exponent)
    return [order[owner == person][:share] for person, share in enumerate(kept)]


def mirrored_caption(sentence: str) -> str | None:
    """Exchange left and right, clockwise and counter-clockwise in an English caption.

    Returns None if "left" or "right" may have another meaning.

    Examples
    --------
    >>> mirrored_caption("the right hand swipes leftwards")
    'the left hand swipes rightwards'
    >>> mirrored_caption("a person has left the room") is None
    True
    """
    if _OTHER_SENSES.search(sentence):
        return None
    return _SIDED.sub(_exchange, sentence)


def _exchange(match: re.Match[str]) -> str:
    """Return the opposite, in upper or lower case."""
    word = match[0]
    other = _OPPOSITE.get(word.lower(), "clockwise")  # the opposite of any counter-clockwise
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other


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

    def simulator_for(self, motions: list[Motion]) -> SMPLIMUSimulator | None:
        """Return a simulator for one source, fitted on motions of it unless it is frozen."""
        if self.simulator is None:
            return None
        frozen = isinstance(self.simulator, FrozenEstimator)
        own = copy.copy(self.simulator.estimator) if frozen else clone(self.simulator)
        own.set_params(rate=float(self.rate), random_state=int(self.random_state), n_jobs=None)
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


class Tally:
    """Counts of the motions that were left out."""

    def __init__(self) -> None:
        self.unmirrored = 0
        self.too_short = 0

    def record(self) -> dict[str, int]:
        """Return the entries of the manifest."""
        return {"not_mirrored": self.unmirrored, "too_short": self.too_short}


class Names:
    """Unique names of motions and their mirror images."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.repeated = Counter[str]()

    def unique(self, name: str, plan: Plan) -> str:
        """Return the name, with a number where it is taken."""
        chosen = name
        while not self.taken.isdisjoint(versions := _version_names(chosen, plan)):
            self.repeated[name] += 1
            chosen = f"{name}#{self.repeated[name] + 1}"
        self.taken.update(versions)
        return chosen


def _version_names(prefix: str, plan: Plan) -> list[str]:
    """Return the names of a motion and of its mirror image."""
    return [prefix, f"{prefix}~mirrored"] if plan.mirror else [prefix]


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Split anything into lists."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def clips_of(motion: Motion, prefix: str, plan: Plan, tally: Tally) -> list[Motion]:
    """Return a motion and its mirror image, with the names that random draws are keyed by."""
    facts = {
        name: None if values is None else _columns(values)
        for name, values in (("observed", motion.observed), ("confidence", motion.confidence))
    }
    body = motion.replace(poses=_body(motion.poses), **facts)
    versions = [body]
    if plan.mirror:
        captions = [mirrored_caption(sentence) for sentence in body.text]
        if None in captions:
            tally.unmirrored += 1
        else:
            versions.append(body.mirrored().replace(text=captions))
    named = zip(versions, _version_names(prefix, plan), strict=False)
    return [version.replace(name=name) for version, name in named]


def _body(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep SMPL's 24 joints. Of other trees only the first 22 are the same; hands stay at rest."""
    if poses.shape[1] == JOINTS:
        return poses
    hands = np.zeros((len(poses), JOINTS - 22, 3))
    return np.concatenate([poses[:, :22], hands], axis=1)


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    """Keep the columns of the joints that `_body` keeps; hands get those of the wrists."""
    if values.shape[1] == JOINTS:
        return values
    return np.concatenate([values[:, :22], values[:, 20:22]], axis=1)


def cut_clips(
    clips: list[Motion], simulator: SMPLIMUSimulator | None, plan: Plan, tally: Tally
) -> Windows | None:
    """Simulate clips and cut them, with poses and readings on one clock; None for no window."""
    items: list[Any] = clips
    if simulator is not None:
        items = list(zip(simulator.vary(clips), simulator.simulate(clips), strict=True))
    parts = [part for item in items if (part := _cut(item, plan, tally)) is not None]
    return Windows.concatenate(parts) if parts else None


def _cut(item: Motion | tuple[Motion, Recording], plan: Plan, tally: Tally) -> Windows | None:
    """Cut one clip and add what is known of it; None if it is too short."""
    try:
        X = cut(
            item,
            seconds=plan.seconds,
            overlap=plan.overlap,
            margin=plan.margin,
            short=plan.short,
            imu_rate=plan.rate,
            pose_rate=plan.pose_rate,
            dtype=np.float32,
        ).X
    except ValueError as error:
        if not str(error).startswith("No window"):
            raise
        tally.too_short += 1
        return None
    motion = item if isinstance(item, Motion) else item[0]
    size = len(X)
    words: list[Any] = [motion.text[0] if len(motion.text) == 1 else motion.text or ""] * size
    height = np.nan if motion.stature is None else motion.stature
    kept = [name for name in ("imu", "start", "context") if name in X]
    return Windows(
        rate=X.rates,
        channels=X.channels,
        margin=X.margin,
        pose=X["pose"].astype(np.float32),
        trans=X["trans"].astype(np.float32),
        text=words,
        clip=np.full(size, motion.name),
        sex=np.full(size, motion.sex),
        stature=np.full(size, height, dtype=np.float32),
        **{name: X[name] for name in kept},
    )
