"""
Teach by demonstration
======================

A person shows a new gesture for ten seconds, and the classifier knows it, without a refit from
scratch. Movements that nobody has shown can be rejected as "none of these". All data are generated.
"""

# %%
# A classifier that knows six activities
# --------------------------------------
# Eight people perform ten activities. Four people train the classifier, and three calibrate it. The
# last person is the user.
import numpy as np

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.datasets import make_wrist_har

KNOWN = ["walk", "drink", "comb_hair", "wipe_table", "stir", "hammer"]
NEW, STRANGE = "draw_x", ["clap", "swipe_left", "throw"]
data = make_wrist_har(8, 3, [*KNOWN, NEW, *STRANGE], random_state=0)
people = np.unique(data.groups)
known = np.isin(data.y, KNOWN)
train = known & np.isin(data.groups, people[:4])
classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
classifier.fit(data.X[train], data.y[train], groups=data.groups[train])
print(len(classifier.examples_), "training windows,", len(classifier.classes_), "classes")

# %%
# Show a new gesture
# ------------------
# The user draws an X in the air for ten seconds, and shows the other activities for some seconds
# each. ``teach`` adds these windows. The result is that of a fit on all windows, but only the new
# windows pass through the encoder.
import time

user = data.groups == people[-1]
clips = np.asarray(data.X["clip"])
first = np.zeros(len(data.y), dtype=bool)
for label in [*KNOWN, NEW]:
    rows = np.flatnonzero(user & (data.y == label))
    first[rows[clips[rows] == clips[rows[0]]]] = True
begin = time.perf_counter()
classifier.teach(data.X[first], data.y[first], groups=data.groups[first])
print(f"taught {first.sum()} windows in {time.perf_counter() - begin:.2f} s")
print("classes:", *classifier.classes_)

# %%
# The user's other recordings test what was learned.
later = user & ~first & np.isin(data.y, [*KNOWN, NEW])
print(f"accuracy on later windows: {classifier.score(data.X[later], data.y[later]):.2f}")

# %%
# None of these
# -------------
# :func:`~m3n_sklearn.classification.conformalize` chooses the threshold below which a window is
# none of the classes. It needs windows that the classifier has not seen. Here three other people
# have recorded them. With ``confidence=0.9``, nine of ten windows of such people and of known
# classes are kept.
from m3n_sklearn.classification import conformalize

calibration = np.isin(data.groups, people[4:7]) & np.isin(data.y, [*KNOWN, NEW])
sets = conformalize(classifier, data.X[calibration], data.y[calibration], confidence=0.9)
strange = np.isin(data.y, STRANGE) & user
print(f"known movements rejected:   {sets.rejects(data.X[later]).mean():.2f}")
print(f"strange movements rejected: {sets.rejects(data.X[strange]).mean():.2f}")
print(sets.predict(data.X[strange][:6], none="none of these"))

# %%
# The picture shows the largest probability of each window. Windows left of the line are rejected.
# About half of the strange windows are. The classifier knows the user better than the people who
# calibrated it, so recordings of the user would allow a higher threshold.
import matplotlib.pyplot as plt

_, axes = plt.subplots(figsize=(7, 3), layout="constrained")
bins = np.linspace(0, 1, 26)
for rows, name in ((later, "known movements"), (strange, "strange movements")):
    largest = classifier.predict_proba(data.X[rows]).max(axis=1)
    share = np.full(len(largest), 1 / len(largest))
    axes.hist(largest, bins, weights=share, alpha=0.6, label=f"{name} ({len(largest)} windows)")
axes.axvline(sets.threshold_, color="black", linestyle="--", label="threshold")
axes.set(xlabel="largest probability of a class", ylabel="share of windows", xlim=(0, 1))
_ = axes.legend()

# %%
# A prediction set holds all classes that are plausible. It covers the true class of nine of ten
# windows.
found = sets.predict_set(data.X[later])
for row in range(0, len(found), max(1, len(found) // 5)):
    print(f"{data.y[later][row]:12s}", sets.classes_[found[row]])

# %%
# Forget it
# ---------
# ``forget`` removes a class or a person.
classifier.forget(NEW)
print("classes:", *classifier.classes_)
