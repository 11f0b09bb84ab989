"""
How many labels are worth a pretraining?
========================================

A pretrained encoder is only worth its trouble if it beats what one would do without it: hand-made
features, or the same network from random weights, on the same labels. This example runs such a
comparison on people whom no method has met, and reads the result with the care it needs.
"""

# %%
# Two worlds
# ----------
# The pretraining sees simulated wrists of four people. The labels come from six others, who are
# built and move differently and wear their watches in their own ways.
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
# What is compared
# ----------------
# A :class:`~m3n_sklearn.evaluation.Method` is a name and an estimator, which is cloned for every
# fit. ``flags`` say what a reader must know before comparing rows, and every table and figure
# repeats them. Here, one method reads unlabelled windows of the tested people, and one reads no
# label at all. Both are legitimate, neither is the same game as the others.
#
# Networks have the same size, augmentation and number of epochs. By default the pretrained one is
# averaged with one from scratch, and goes on seeing what it was pretrained on (``rehearsal``), as
# the other does while labels are few. The encoder has met motions of
# these people's *activities* but of none of the people; if it had, ``Method`` would take a function
# of the held-out people that returns an encoder without them.
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.evaluation import Method, WindowFeatures

encoder = FrozenEstimator(pretrainer)
words = {"descriptions": wrists.descriptions}
simulated = (corpus, performed)  # rows of the pretraining, with the names of what is done
features = make_pipeline(WindowFeatures(), StandardScaler(), LogisticRegression(C=0.1))
scratch = Multi3NetClassifier(encoder, strategy="scratch", max_epochs=80, random_state=0)
pretrained = Multi3NetClassifier(
    encoder, rehearsal=simulated, **words, max_epochs=80, random_state=0
)
adapted = Multi3NetClassifier(
    strategy="scratch", width=32, norm="batch", adapt_norm="predict", max_epochs=80, random_state=0
)
named = Multi3NetClassifier(encoder, strategy="zero_shot", **words)
methods = [
    Method("features + linear", features),
    Method("from scratch", scratch),
    Method("from scratch, adapted", adapted, flags=("unlabelled target windows",)),
    Method("pretrained", pretrained),
    Method("from words", named, needs_labels=False, flags=("named from text, no label",)),
]

# %%
# The study
# ---------
# Two folds of three people. From the others, so many windows per class are drawn, clip by clip, so
# that five labelled windows do not turn out to be five looks at one movement; every method gets the
# same ones. Draws are repeated, since with one window per class luck decides much.
#
# With ``store=``, each finished fit is a small file: stop the study, start it again, and it goes on
# where it was. ``n_jobs`` changes how long it takes, not what comes out.
import tempfile

from m3n_sklearn.evaluation import few_label_study, format_table, load_scores

store = tempfile.mkdtemp()
design = {"folds": 2, "n_draws": 2, "blocks": wrists.X["clip"], "store": store}
scores = few_label_study(methods, wrists.X, wrists.y, wrists.groups, budgets=(1, 4), **design)
print(format_table(scores))

# %%
# A larger study computes only what is missing. Here the cheap rival gets all labels as well;
# everything else is read from the store. :func:`~m3n_sklearn.evaluation.load_scores` reads what is
# there without computing anything.
more = few_label_study(
    methods[:1], wrists.X, wrists.y, wrists.groups, budgets=(1, 4, None), **design
)
kept = load_scores(store)
print(len(scores), "scores at first,", len(kept), "in the store")

# %%
# Learning curves
# ---------------
# A point is a mean over people, the band its bootstrap interval: resampled are people, then their
# draws. People differ, so bands are wide. A method that reads no label is a level line, and the
# bar that labels have to clear.
from m3n_sklearn.inspection import LabelEfficiencyDisplay

display = LabelEfficiencyDisplay.from_scores(scores)

# %%
# Which one is ahead?
# -------------------
# That two bands overlap says little, for a person who is hard for one method is hard for the other
# as well. :func:`~m3n_sklearn.evaluation.paired_difference` compares them on the same people, draws
# and seeds, which takes that out.
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
# Every score is of one person and keeps its predictions, so nothing has to be run again to look
# closer. :func:`~m3n_sklearn.evaluation.to_frame` makes a data frame of them.
from m3n_sklearn.evaluation import to_frame

frame = to_frame(scores)
table = frame[frame.budget == "1 per class"].pivot_table(
    index="group", columns="method", values="macro_f1"
)
print(table.round(2).to_string())

# %%
# All of this is generated data: it shows how to ask, not what the answer is on real recordings. For
# that, see the measured tables of the user guide.
