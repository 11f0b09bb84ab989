"""
Search over simulator and pretrainer together
=============================================

How noisy should simulated sensors be? Do poses help in the pretraining? The honest answer is the
score of a classifier on people it has not met, many steps later. Nested estimators make that one
search: simulator inside pretrainer inside classifier, and ``GridSearchCV`` around all of it.
"""

# %%
# A corpus of poses and captions
# ------------------------------
# It holds no signals: the simulator is a parameter of the search, so signals are made inside.
from m3n_sklearn import cut
from m3n_sklearn.datasets import make_motions, make_wrist_har

ACTIVITIES = ["wave", "clap", "throw", "drink", "wipe_table", "stir", "hammer", "tape_box"]
motions = make_motions(4, 1, ACTIVITIES, seconds=5.0, left_handed=0.0, random_state=0)
corpus, _, _ = cut(motions, seconds=2.56, overlap=0.7, pose_rate=30.0)
print(corpus)

# %%
# The labelled windows come from six other people, whose watches sit askew. Two windows per class
# and person are labelled.
import numpy as np

from m3n_sklearn.evaluation import draw_labels

wrists = make_wrist_har(6, 1, ACTIVITIES, random_state=1)
rows = np.concatenate(
    [
        (own := np.flatnonzero(wrists.groups == person))[draw_labels(wrists.y[own], 2)]
        for person in np.unique(wrists.groups)
    ]
)
X, y, people = wrists.X[rows], wrists.y[rows], wrists.groups[rows]

# %%
# Nested estimators
# -----------------
# A pretrainer with ``simulator=`` simulates its corpus again every ``simulate_every`` epochs, with
# other mounts each time if the simulator randomises. ``memory=`` keeps every pretraining, keyed by
# parameters and data: the corpus holds none of the labelled people, so one pretraining serves all
# folds, all settings of the classifier, and the final fit.
import tempfile

from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer, SMPLIMUSimulator

pretrainer = Multi3NetPretrainer(
    corpus=corpus,
    simulator=SMPLIMUSimulator(sites=("right_wrist",), rate=50.0, random_state=0),
    simulate_every=10, width=48, batch_size=64, max_epochs=20, random_state=0,
)  # fmt: skip
classifier = Multi3NetClassifier(
    pretrainer, strategy="frozen", memory=tempfile.mkdtemp(), random_state=0
)

# %%
# The grid
# --------
# Parameters at any depth are reached with double underscores. The frozen encoder is quick to judge;
# what wins can be fine-tuned afterwards. ``GroupKFold`` keeps each person on one side.
from sklearn.model_selection import GridSearchCV, GroupKFold

from m3n_sklearn.simulation import Randomization

tilted = Randomization(mount_angle=np.deg2rad(40), site_jitter=0.01)
grid = {
    "pretrainer__simulator__randomize": [None, tilted],
    "pretrainer__objectives": [{"imu_text": 1.0}, {"imu_text": 1.0, "imu_pose": 1.0}],
    "C": [0.03, 0.3],
}
search = GridSearchCV(classifier, grid, cv=GroupKFold(3), scoring="f1_macro")
search.fit(X, y, groups=people)
print(f"best: {search.best_score_:.2f} with")
for name, value in search.best_params_.items():
    print(f"  {name} = {value}")

# %%
# Eight settings in three folds and a final fit are 25 fits. Only four of them pretrained, one for
# each pair of simulator and objectives; the times show which.
results = search.cv_results_
seconds = np.array(results["mean_fit_time"])
for k, params in enumerate(results["params"]):
    mounts = "tilted" if params["pretrainer__simulator__randomize"] else "ideal"
    terms = " + ".join(params["pretrainer__objectives"])
    print(
        f"{mounts:7s} {terms:20s} C={params['C']:<5} "
        f"macro F1 {results['mean_test_score'][k]:.2f}, {seconds[k]:.1f} s per fit"
    )

# %%
# How much is chance?
# -------------------
# Each line is one setting over the three folds. People differ more than settings, and where lines
# cross, folds disagree about what is best: the winner's score is flattered by having been picked.
# What is reported in the end must come from people who were in none of the folds, or from another
# loop around the search: ``cross_val_score(search, ...)``.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for k, params in enumerate(results["params"]):
    if params["C"] != search.best_params_["C"]:
        continue
    mounts = "tilted" if params["pretrainer__simulator__randomize"] else "ideal"
    terms = " + ".join(params["pretrainer__objectives"])
    scores = [results[f"split{fold}_test_score"][k] for fold in range(3)]
    ax.plot(range(1, 4), scores, "o-", label=f"{mounts} mounts, {terms}")
ax.set_xticks(range(1, 4))
ax.set(xlabel="fold (two people each)", ylabel="macro F1", ylim=(0, 1))
ax.legend(frameon=False, fontsize="small")

# %%
# The winner is a fitted classifier like any other.
best = search.best_estimator_
rest = np.setdiff1d(np.arange(len(wrists.X)), rows)
print(best.predict(wrists.X[rest[:5]]), "should be", wrists.y[rest[:5]])
