"""
How many labels does pretraining replace?
=========================================

Pretraining pays off only if it is better than hand-crafted features, and better than the same
network from random weights, on the same labels. This example compares them on unseen people with
:func:`~m3n_sklearn.evaluation.few_label_study` and shows how to read the result.
"""

# %%
# Data
# ----
# The pretraining uses simulated wrists of four people. The labels come from six other people,
# with other bodies, movements and mountings.
from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator, cut
from m3n_sklearn.datasets import make_motions, make_wrist_har

ACTIVITIES = ["wave", "clap", "throw", "drink", "wipe_table", "stir", "hammer", "tape_box"]
motions = make_motions(4, 1, ACTIVITIES, left_handed=0.0, random_state=0)
simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
pairs = list(zip(motions, simulator.simulate(motions), strict=True))
corpus, performed, _ = cut(pairs, seconds=2.56, overlap=0.7, short="pad", pose_rate=30.0)
pretrainer = Multi3NetPretrainer(
    objectives={"imu_text": 1.0, "imu_pose": 1.0}, width=32, batch_size=64, max_epochs=50,
    random_state=0,
).fit(corpus)  # fmt: skip
wrists = make_wrist_har(6, 2, ACTIVITIES, random_state=1)

# %%
# Methods
# -------
# A :class:`~m3n_sklearn.evaluation.Method` is a name and an estimator, which is cloned for every
# fit. ``flags`` state what a reader must know before comparing rows, and every table and figure
# repeats them. Here, one method reads no label at all.
#
# Both networks have the same architecture, augmentation and number of epochs. The pretrained one
# also trains on simulated windows of its corpus (``rehearsal``). The encoder has seen motions of
# these *activities*, but of none of these people. Otherwise ``Method`` would need a function of
# the held-out people that returns an encoder without them.
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.evaluation import Method, WindowFeatures

encoder = FrozenEstimator(pretrainer)
words = {"descriptions": wrists.descriptions}
simulated = (corpus, performed)  # windows of the pretraining and their classes
features = make_pipeline(WindowFeatures(), StandardScaler(), LogisticRegression(C=0.1))
scratch = Multi3NetClassifier(encoder, strategy="scratch", max_epochs=80, random_state=0)
pretrained = Multi3NetClassifier(
    encoder, rehearsal=simulated, **words, max_epochs=80, random_state=0
)
named = Multi3NetClassifier(encoder, strategy="zero_shot", **words)
methods = [
    Method("features + linear", features),
    Method("from scratch", scratch),
    Method("pretrained", pretrained),
    Method("from descriptions", named, needs_labels=False, flags=("text-named, no label",)),
]

# %%
# The study
# ---------
# There are two folds of three people. Windows of the other people are drawn clip by clip, so that
# several labeled windows are several movements. Every method gets the same windows. Draws are
# repeated, because one window per class is a matter of chance.
#
# With ``store=``, each finished fit is a small file. An interrupted study continues when it is
# called again. ``n_jobs`` changes the time, not the result.
import tempfile

from m3n_sklearn.evaluation import few_label_study, format_table, load_scores

store = tempfile.mkdtemp()
design = {"folds": 2, "n_draws": 2, "blocks": wrists.X["clip"], "store": store}
scores = few_label_study(methods, wrists.X, wrists.y, wrists.groups, budgets=(1, 4), **design)
print(format_table(scores))

# %%
# A larger study computes only what is missing. Here the fast baseline also gets all labels;
# everything else is read from the store. :func:`~m3n_sklearn.evaluation.load_scores` reads a
# store without computing anything.
more = few_label_study(
    methods[:1], wrists.X, wrists.y, wrists.groups, budgets=(1, 4, None), **design
)
kept = load_scores(store)
print(len(scores), "scores at first,", len(kept), "in the store")

# %%
# Learning curves
# ---------------
# A point is a mean over people. The band is its bootstrap interval over people and draws. Bands
# are wide because people differ. A method that reads no label is a horizontal line.
from m3n_sklearn.inspection import LabelEfficiencyDisplay

display = LabelEfficiencyDisplay.from_scores(scores)

# %%
# Which one is better?
# --------------------
# Overlapping bands say little, because a person who is difficult for one method is difficult for
# the other as well. :func:`~m3n_sklearn.evaluation.paired_difference` removes this by comparing
# both on the same people, draws and seeds.
from m3n_sklearn.evaluation import format_differences, paired_difference

for budget in (1, 4):
    found = paired_difference(scores, "pretrained", "from scratch", budget=budget)
    print(
        f"{budget} per class: {100 * found.mean:+.1f} points "
        f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}], {found.n_people} people"
    )
print(format_differences(scores, baseline="features + linear"))

# %%
# Person by person
# ----------------
# Each score belongs to one person and contains the predictions, so a closer look needs no new
# run. :func:`~m3n_sklearn.evaluation.to_frame` returns a data frame.
from m3n_sklearn.evaluation import to_frame

frame = to_frame(scores)
table = frame[frame.budget == "1 per class"].pivot_table(
    index="group", columns="method", values="macro_f1"
)
print(table.round(2).to_string())

# %%
# These data are generated. The example shows the method; :doc:`/benchmarks/learning` has the
# results on real recordings.
