"""
Look at your data first
=======================

One person wears the watch the other way round, one has gaps, one has readings in g. None of this
raises an error: a classifier learns it and does worse on these people. This example finds all
three with one call and mends them.
"""

# %%
# Recordings with three defects
# -----------------------------
# The recordings are generated, in m/s² and rad/s. The defects are those of real data sets. A
# recording in g warns when it is made; that warning is switched off here.
import warnings

import numpy as np

from m3n_sklearn.datasets import make_wrist_har
from m3n_sklearn.recording import STANDARD_GRAVITY, UnitsWarning

warnings.simplefilter("ignore", UnitsWarning)
activities = ["walk", "throw", "drink", "stir", "reach_and_grasp"]
wrists = make_wrist_har(6, 1, activities, seconds=4.0, shift=0.3, random_state=0)


def spoil(recording):
    if recording.subject == "wearer1":  # half a turn about z: x and y are reversed
        return recording.replace(data=recording.data * [-1, -1, 1, -1, -1, 1])
    if recording.subject == "wearer3":  # a second is lost
        lost = np.abs(recording.times - 4.0) < 0.5
        return recording.replace(observed=~lost)
    if recording.subject == "wearer4":  # g instead of m/s²
        return recording.replace(data=recording.data / ([STANDARD_GRAVITY] * 3 + [1] * 3))
    return recording


recordings = [spoil(recording) for recording in wrists.recordings]

# %%
# What there is, and what to look at
# ----------------------------------
# Each finding says who is concerned and what to do. ``seconds`` and other arguments are those of
# :func:`~m3n_sklearn.recording.cut`, so the windows are those that you will get.
from m3n_sklearn import describe

found = describe(recordings, seconds=2.0)
found  # a notebook shows it as a page, print(found) as text

# %%
# Look at one
# -----------
# Classes are colored spans, gaps are grey.
gappy = next(r for r in recordings if r.subject == "wearer3" and r.labels[0] == "stir")
display = gappy.plot()

# %%
# A notebook shows a recording, a motion and windows as a card.
gappy

# %%
motion = next(m for m in wrists.motions if m.label == "throw")
display = motion.plot()

# %%
# Mend it
# -------
# The readings in g are multiplied. The watch that was turned is turned back. The gap stays, and is
# what is left to look at: the windows around it are dropped, or bridged and marked with
# ``min_observed``.


def mend(recording):
    if recording.subject == "wearer1":
        return recording.replace(data=recording.data * [-1, -1, 1, -1, -1, 1])
    if recording.subject == "wearer4":
        return recording.replace(data=recording.data * ([STANDARD_GRAVITY] * 3 + [1] * 3))
    return recording


mended = [mend(recording) for recording in recordings]
describe(mended, seconds=2.0)

# %%
# Windows
# -------
# Examples of each class, before a model sees them.
from m3n_sklearn import cut

X, y, groups = cut(mended, seconds=2.0)
display = X.plot(y, n_windows=8)

# %%
X
