"""Can the rate about the forearm be predicted from what joint positions show?

Models learn it from marked wrists. They are judged on other people, on other people in other
exercises, and on gyroscopes that were worn in front of a depth camera.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.motion import SMPL_JOINTS

EVERY = 10
"""One of ten frames at 100 Hz is used, since neighbors are alike."""
RATES = 9
"""Number of the first features, which are angular rates; they change sign if time runs backward."""
FOLDS = 2
"""Parts of a person's clips; the mount of a sensor comes from the other part."""


def arm_features(motion: Motion, side: str, rate: float, smoothing: Any) -> np.ndarray:
    """Return what joint positions show of an arm at a rate, (T, 16), mirrored to the left side.

    Nine are the simulated rates of forearm, upper arm and chest, the one about the forearm first.
    Seven are the directions of upper arm and forearm seen from the chest, and the height of the
    latter.
    """
    # 1. Rates. Sites of the other side are mirror images
    sites = (f"{side}_wrist", f"{side}_upper_arm", "chest")
    simulator = SMPLIMUSimulator(sites=sites, rate=rate, smoothing=smoothing)
    data = simulator.simulate(motion).data
    mirror = np.array([1.0, 1.0, 1.0] if side == "left" else [1.0, -1.0, -1.0])
    rates = np.hstack([data[:, k + 3 : k + 6] * mirror for k in (0, 6, 12)])
    # 2. Directions
    body = default_body()
    posed = forward_kinematics(body, motion.poses).rotations
    joint = {name: SMPL_JOINTS.index(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist")}
    chest = posed[:, SMPL_JOINTS.index("spine3")]
    directions = []
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist")):
        bone = body.rest_joints[joint[end]] - body.rest_joints[joint[start]]
        directions.append(posed[:, joint[start]] @ (bone / np.linalg.norm(bone)))
    flip = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
    seen = [np.einsum("tji,tj->ti", chest, direction) * flip for direction in directions]
    posture = np.column_stack([*seen, directions[1][:, 2]])
    # 3. On the clock of the rates
    times = motion.times[0] + np.arange(len(rates)) / rate
    shown = [np.interp(times, motion.times, column) for column in posture.T]
    return np.column_stack([rates, *shown])


def _first(columns: int, model: Any) -> Any:
    return make_pipeline(FunctionTransformer(lambda X: X[:, :columns]), model)


MODELS: Mapping[str, Callable[[], Any]] = {
    "times one factor": lambda: _first(1, LinearRegression(fit_intercept=False)),
    "linear in the rates": lambda: _first(
        RATES, make_pipeline(StandardScaler(with_mean=False), Ridge(100.0, fit_intercept=False))
    ),
    "boosted trees, rates and posture": lambda: HistGradientBoostingRegressor(
        max_iter=100, max_leaf_nodes=15, min_samples_leaf=200, random_state=0
    ),
}


def explained(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return R², against a prediction of zero: 1 is perfect, below 0 is worse than no rate."""
    return float(1 - np.sum((truth - predicted) ** 2) / np.sum(truth**2))


def left_out(
    model: Callable[[], Any],
    X: np.ndarray,
    y: np.ndarray,
    tests: Sequence[tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Return predictions of all rows, each by a model of rows (train, test) that exclude it."""
    predicted = np.full(len(y), np.nan)
    for train, test in tests:
        predicted[test] = model().fit(X[train], y[train]).predict(X[test])
    return predicted


def splits(
    people: np.ndarray, exercises: np.ndarray
) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Return masks (train, test): of other people, and of other people in other exercises."""
    known = np.unique(people)
    halves = [np.isin(people, known[::2]), ~np.isin(people, known[::2])]
    return {
        "other people": [(people != person, people == person) for person in known],
        "other people and exercises": [
            (~half & (exercises != one), half & (exercises == one))
            for one in np.unique(exercises)
            for half in halves
        ],
    }


def prior_table(
    features: Sequence[np.ndarray],
    rates: Sequence[np.ndarray],
    people: Sequence[int],
    exercises: Sequence[str],
) -> dict[str, Any]:
    """Print R² of the rate about the forearm; return the models of all people, by name."""
    X = np.concatenate([clip[::EVERY] for clip in features])
    y = np.concatenate([clip[::EVERY] for clip in rates])
    counts = [len(clip[::EVERY]) for clip in rates]
    owner, exercise = np.repeat(people, counts), np.repeat(exercises, counts)
    tests = splits(owner, exercise)
    print("Rate about the forearm, both wrists: R² of predictions, which is 0 for no rate at all.")
    print("In brackets: lowest and highest of the people")
    print(f"{'':<36}" + "".join(f"{name:>32}" for name in tests))
    print(f"{'as simulated':<36}" + _row(y, [X[:, 0]] * len(tests), owner))
    for name, model in MODELS.items():
        found = [left_out(model, X, y, test) for test in tests.values()]
        print(f"{name:<36}" + _row(y, found, owner))
    print()
    return {name: model().fit(X, y) for name, model in MODELS.items()}


def _row(truth: np.ndarray, found: Sequence[np.ndarray], people: np.ndarray) -> str:
    cells = []
    for each in found:
        own = [explained(truth[people == p], each[people == p]) for p in np.unique(people)]
        cells.append(f"{explained(truth, each):.2f} ({min(own):.2f} to {max(own):.2f})")
    return "".join(f"{cell:>32}" for cell in cells)


def measured_gyro_table(folder: Path, priors: Mapping[str, Any], quick: bool) -> None:
    """The same models on UTD-MHAD: Kinect skeletons, and a gyroscope on the right wrist."""
    utd = load_utd_mhad(folder, subjects=[1, 2] if quick else None, actions="wrist", seconds=None)
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
    pairs, shown = [], []
    for motion, recording in zip(utd.motions, utd.recordings, strict=True):
        ours, theirs = simulator.simulate(motion).data[:, 3:], recording.data[:, 3:]
        count = min(len(ours), len(theirs))
        pairs.append((ours[:count], theirs[:count]))
        shown.append(arm_features(motion, "right", 50.0, "auto")[:count])
    truth = in_site(pairs, [motion.subject for motion in utd.motions])
    rows: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "as simulated": lambda X: X[:, 0],
        "zero": lambda X: np.zeros(len(X)),
        "half of the simulated rate": lambda X: X[:, 0] / 2,
        **{f"prior: {name}": model.predict for name, model in priors.items()},
    }
    print(f"UTD-MHAD right wrist, {len(pairs)} clips: measured rate about the forearm, rad/s")
    print(f"{'':<44}{'R²':>8}{'r, median':>12}{'r of |gyro|, median':>22}")
    for name, rule in rows.items():
        about = [rule(X) for X in shown]
        gap = explained(np.concatenate([t[:, 0] for t in truth]), np.concatenate(about))
        r, whole = [], []
        for rate, (ours, _), theirs in zip(about, pairs, truth, strict=True):
            with np.errstate(invalid="ignore"):
                r.append(np.corrcoef(rate, theirs[:, 0])[0, 1])
            lengths = np.linalg.norm(np.column_stack([rate, ours[:, 1:]]), axis=1)
            whole.append(np.corrcoef(lengths, np.linalg.norm(theirs, axis=1))[0, 1])
        text = f"{np.nanmedian(r):>12.3f}" if np.isfinite(r).any() else f"{'–':>12}"
        print(f"{name:<44}{gap:>8.2f}{text}{np.median(whole):>22.3f}")


def in_site(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], people: Sequence[Any]
) -> list[np.ndarray]:
    """Turn measured rates (T, 3) to simulated axes, by the mount in other clips of the person."""
    found: list[Any] = [None] * len(pairs)
    for person in sorted(set(people)):
        own = [i for i, p in enumerate(people) if p == person]
        for fold in range(FOLDS):
            train = [pairs[i] for k, i in enumerate(own) if k % FOLDS != fold]
            ours, theirs = (np.concatenate(side) for side in zip(*train, strict=True))
            mount = Rotation.align_vectors(ours, theirs)[0]
            for i in own[fold::FOLDS]:
                found[i] = mount.apply(pairs[i][1])
    return found
