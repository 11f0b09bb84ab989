"""
OpenPack end to end, with a timeline
====================================

Packing has an order: assemble the box, fill it, tape it, label it, scan it. A classifier of short
windows does not know this order and confuses steps that feel alike. This example classifies the
windows of a long recording and adds temporal context with
:class:`~m3n_sklearn.temporal.HMMClassifier`.

If the environment variable ``M3N_SKLEARN_DATA`` names a folder with the OpenPack sample session,
the example uses it: twenty boxes, ten operations, measured on the right wrist. Otherwise it
generates a worker.
"""

# %%
# A recording
# -----------
# The generated worker performs procedural activities, box after box. Their durations are drawn
# from gamma distributions, and a watch on the right wrist is simulated. The box is taped twice:
# to assemble it and to close it. Only the context distinguishes the two. Generated data are
# easier than real recordings.
import os
from pathlib import Path

import numpy as np

from m3n_sklearn import IMUNoise, Recording, SensorNoise, SMPLIMUSimulator, cut
from m3n_sklearn.datasets import load_openpack, make_motions

STEPS = (  # operation, what the hand does, usual duration in s
    ("assemble box", "tape_box", 9),
    ("insert items", "reach_and_grasp", 6),
    ("close box", "tape_box", 7),
    ("attach label", "attach_label", 4),
    ("scan label", "scan_label", 5),
)
RATE, SECONDS, HOP = 100 / 3, 4.0, 1.0


def generate(boxes=12, seed=0):
    """Return one recording of a worker, and the box of each of its samples."""
    rng = np.random.default_rng(seed)
    activities = sorted({activity for _, activity, _ in STEPS})
    takes = make_motions(1, boxes, activities=activities, seconds=24.0, random_state=seed)
    noise = IMUNoise(acc=SensorNoise(density=0.15))
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=RATE, noise=noise, random_state=seed)
    readings = {motion.name: simulator.simulate(motion) for motion in takes}
    parts, labels, numbers = [], [], []
    for box in range(boxes):
        for operation, activity, usual in STEPS:
            reading = readings[f"person0/{activity}/{box}"]
            count = int(np.clip(rng.gamma(9, usual / 9), 2, 15) * RATE)
            start = rng.integers(reading.n_samples - count)
            parts.append(reading.data[start : start + count])
            labels += [operation] * count
            numbers += [box + 1] * count
    data = np.concatenate(parts)
    recording = Recording(data, RATE, reading.channels, labels=np.array(labels), name="generated")
    return recording, np.array(numbers)


def find_openpack():
    """Return the folder of a real session, or None."""
    if "M3N_SKLEARN_DATA" not in os.environ:
        return None
    found = sorted(Path(os.environ["M3N_SKLEARN_DATA"]).glob("**/U0209/annotation"))
    return found[0].parents[1] if found else None


# %%
# Windows
# -------
# One window per second, four seconds long, with the label at its center. The columns ``clip`` and
# ``start`` contain the recording and the start of each window.
folder = find_openpack()
if folder is None:
    recording, box_of_sample = generate()
    X, y, _ = cut(recording, seconds=SECONDS, overlap=1 - HOP / SECONDS, label="center")
    middle = np.rint((X["start"] + SECONDS / 2) * RATE).astype(int)
    box, names = box_of_sample[middle], {operation: operation for operation, _, _ in STEPS}
else:
    data = load_openpack(
        folder, sessions="U0209-S0500", sensors="atr01", seconds=SECONDS,
        overlap=1 - HOP / SECONDS, label="center",
    )  # fmt: skip
    X, y, names = data.X, data.y, data.label_names
    box = np.array([int(name[-2:]) for name in data.boxes])
print(f"{'generated' if folder is None else 'OpenPack'}: {len(X)} windows, {box.max()} boxes")

# %%
# The last fifth of the boxes is the test set. Training windows that overlap a tested window are
# dropped.
tested = box > 0.8 * box.max()
times = X["start"]
apart = np.abs(times[:, None] - times[tested]).min(axis=1) >= SECONDS
train, test = np.flatnonzero(apart & (box > 0)), np.flatnonzero(tested)

# %%
# Windows, then context
# ---------------------
# Any classifier with ``predict_proba`` works; here it is a small network from scratch. The
# unfitted pretrainer only sets its size. ``fit`` holds boxes out (``groups``) to choose the
# weight of a single window, because a network is too confident on its training rows.
from sklearn.metrics import f1_score

from m3n_sklearn import HMMClassifier, Multi3NetClassifier, Multi3NetPretrainer

windows = Multi3NetClassifier(
    Multi3NetPretrainer(width=48), strategy="scratch", max_epochs=16, random_state=0
)
model = HMMClassifier(windows, cv=2).fit(X[train], y[train], groups=box[train])
print("weight of a window:", model.emission_)
scores = {
    "windows": f1_score(y[test], model.estimator_.predict(X[test]), average="macro"),
    "with context": f1_score(y[test], model.predict(X[test]), average="macro"),
}
print({name: round(score, 2) for name, score in scores.items()})

# %%
# The timeline
# ------------
# Top: true activities. Middle: predictions for single windows. Bottom: the most probable path,
# and the probability of each class given the whole recording.
from m3n_sklearn.inspection import TimelineDisplay

TimelineDisplay.from_estimator(model, X[test], y[test], label_names=names, probabilities=True)

# %%
# A table of segments
# -------------------
# Start, end and confidence of each step:
for row in model.segments(X[test])[:8]:
    label = names[row["label"].item()]
    print(f"{row['start']:7.1f} - {row['end']:6.1f} s  {label:22s} {row['confidence']:.2f}")

# %%
# Durations and order
# -------------------
# The mean duration of each step, and the step that follows most often:
for k, label in enumerate(model.classes_.tolist()):
    following = model.classes_[model.chain_.follows[k].argmax()].item()
    share = model.chain_.follows[k].max()
    seconds = model.chain_.durations[k]
    print(f"{names[label]:22s} {seconds:5.1f} s, then {names[following]} ({share:.0%})")
