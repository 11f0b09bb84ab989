"""
Search over simulator and pretrainer together
=============================================

Which mounts should be simulated? Do poses help in the pretraining? The answer is the score of the
classifier on unseen people. Nested estimators make this one search: a simulator inside a
pretrainer inside a classifier, with :class:`~sklearn.model_selection.GridSearchCV` around them.
"""

# %%
# A corpus of poses and captions
# ------------------------------
# The corpus contains no signals. The simulator is a parameter of the search, so signals are
# simulated inside.
from m3n_sklearn import cut
from m3n_sklearn.datasets import make_motions, make_wrist_har

ACTIVITIES = ["wave", "clap", "throw", "drink", "wipe_table", "stir", "hammer", "tape_box"]
motions = make_motions(4, 1, ACTIVITIES, seconds=5.0, left_handed=0.0, random_state=0)
corpus, _, _ = cut(motions, seconds=2.56, overlap=0.7, pose_rate=30.0)
print(corpus)

# %%
# The labeled windows come from six other people, whose watches are tilted. Two windows per class
# and person are labeled.
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
# A pretrainer with ``simulator=`` simulates its corpus again every ``simulate_every`` epochs,
# with other mounts each time if the simulator randomizes them. ``memory=`` stores each
# pretraining by its parameters and data. The corpus contains none of the labeled people, so all
# folds, all settings of the classifier and the final fit share one pretraining.
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
# Double underscores reach parameters at any depth. The frozen encoder is quick to evaluate; the
# best setting can be fine-tuned afterward. ``augment="so3"`` fits the head to eight orientations
# of each window. ``GroupKFold`` keeps each person in one fold.
from sklearn.model_selection import GridSearchCV, GroupKFold

from m3n_sklearn.simulation import Randomization

tilted = Randomization(mount_angle=np.deg2rad(40), site_jitter=0.01)
grid = {
    "pretrainer__simulator__randomize": [None, tilted],
    "pretrainer__objectives": [{"imu_text": 1.0}, {"imu_text": 1.0, "imu_pose": 1.0}],
    "augment": ["auto", "so3"],
}
search = GridSearchCV(classifier, grid, cv=GroupKFold(3), scoring="f1_macro")
search.fit(X, y, groups=people)
print(f"best: {search.best_score_:.2f} with")
for name, value in search.best_params_.items():
    print(f"  {name} = {value}")

# %%
# Eight settings in three folds and a final fit are 25 fits. Only four of them include a
# pretraining, one for each pair of simulator and objectives. The times show which.
results = search.cv_results_
seconds = np.array(results["mean_fit_time"])
for k, params in enumerate(results["params"]):
    mounts = "tilted" if params["pretrainer__simulator__randomize"] else "ideal"
    terms = " + ".join(params["pretrainer__objectives"])
    print(
        f"{mounts:7s} {terms:20s} augment={params['augment']:5} "
        f"macro F1 {results['mean_test_score'][k]:.2f}, {seconds[k]:.1f} s per fit"
    )

# %%
# Variation between folds
# -----------------------
# Each line is one setting over the three folds. People differ more than settings. Where lines
# cross, folds disagree about the best setting, so the best score is optimistic. Report a score of
# people who were in none of the folds, or of an outer loop: ``cross_val_score(search, ...)``.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for k, params in enumerate(results["params"]):
    if params["augment"] != search.best_params_["augment"]:
        continue
    mounts = "tilted" if params["pretrainer__simulator__randomize"] else "ideal"
    terms = " + ".join(params["pretrainer__objectives"])
    scores = [results[f"split{fold}_test_score"][k] for fold in range(3)]
    ax.plot(range(1, 4), scores, "o-", label=f"{mounts} mounts, {terms}")
ax.set_xticks(range(1, 4))
ax.set(xlabel="fold (two people each)", ylabel="macro F1", ylim=(0, 1))
ax.legend(frameon=False, fontsize="small")

# %%
# The best estimator is a fitted classifier.
best = search.best_estimator_
rest = np.setdiff1d(np.arange(len(wrists.X)), rows)
print(best.predict(wrists.X[rest[:5]]), "should be", wrists.y[rest[:5]])
