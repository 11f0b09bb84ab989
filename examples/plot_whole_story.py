"""
From motion to macro F1
=======================

Multi³Net learns from motion capture, where captions are plentiful, and recognizes activities from
a wrist sensor, where labels are scarce. This example runs all steps on generated data: motions
with captions, simulated wrist sensors, joint pretraining of text, poses and IMU signals, and
fine-tuning on two labeled windows per class. It is tested on unseen people.
"""

# %%
# Motions with captions
# ---------------------
# A :class:`~m3n_sklearn.motion.Motion` is one clip of body motion with several paraphrases of its
# caption. Here the motions are generated. :func:`~m3n_sklearn.motion.read_amass` and
# :func:`~m3n_sklearn.motion.read_bvh` read recorded ones.
from m3n_sklearn.datasets import WRIST_ACTIVITIES, make_motions

motions = make_motions(4, 1, WRIST_ACTIVITIES, left_handed=0.0, random_state=0)
print(len(motions), "motions, such as", motions[0])
print(motions[0].text)

# %%
# Simulated readings
# ------------------
# The simulator differentiates a smooth trajectory through the poses. It returns the specific
# force (including gravity) and the angular rate in the frame of a watch. Press the button to play
# the body with its sensor, drag the body to turn it.
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.inspection import MotionPlayer

simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)
recordings = simulator.simulate(motions)
MotionPlayer.from_motion(motions[0], {"simulated": recordings[0]})

# %%
# Windows of all three modalities
# -------------------------------
# Poses and signals are cut on one clock. Labels and groups are returned separately, and
# pretraining reads neither.
from m3n_sklearn import cut

pairs = list(zip(motions, recordings, strict=True))
corpus, performed, _ = cut(
    pairs, seconds=2.56, overlap=0.7, margin=0.0, short="pad", pose_rate=30.0
)
print(corpus)

# %%
# Joint pretraining
# -----------------
# The encoder learns which caption and which pose belong to a signal. No label is read.
from m3n_sklearn import Multi3NetPretrainer

pretrainer = Multi3NetPretrainer(
    objectives={"imu_text": 1.0, "imu_pose": 1.0}, width=64, max_epochs=60, random_state=0
).fit(corpus)
print(f"retrieval across modalities is correct in {pretrainer.score(corpus):.0%} of rows")

# %%
# Few labels, unseen people
# -------------------------
# The wrist set comes from other people with other bodies, mountings, tempo and noise. Three
# people are the test set. The others supply two labeled windows per class.
import numpy as np

from m3n_sklearn.datasets import make_wrist_har
from m3n_sklearn.evaluation import draw_labels

wrists = make_wrist_har(random_state=1)
test = np.isin(wrists.groups, np.unique(wrists.groups)[:3])
train = np.flatnonzero(~test)
few = train[draw_labels(wrists.y[train], 2, blocks=wrists.X["clip"][train], random_state=0)]
print(len(few), "labeled windows of", len(wrists.target_names), "classes")

# %%
# Four strategies
# ---------------
# The baseline is the same network from random weights. With descriptions alone, activities are
# recognized without labels. A frozen encoder uses the labels for a linear model only. The default
# is an ensemble of a fine-tuned, a frozen and a from-scratch network. With ``rehearsal``, its
# training also includes the simulated windows.
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Multi3NetClassifier

encoder, words = FrozenEstimator(pretrainer), {"descriptions": wrists.descriptions}
classifiers = {
    "from scratch": Multi3NetClassifier(encoder, strategy="scratch", max_epochs=100),
    "from descriptions": Multi3NetClassifier(encoder, strategy="zero_shot", **words),
    "frozen": Multi3NetClassifier(encoder, strategy="frozen"),
    "default, rehearsal": Multi3NetClassifier(
        encoder, rehearsal=(corpus, performed), max_epochs=100, **words
    ),
}
predictions = {}
for name, classifier in classifiers.items():
    classifier.set_params(random_state=0).fit(wrists.X[few], wrists.y[few])
    predictions[name] = classifier.predict(wrists.X[test])
    print(f"{name:22s} strategy {classifier.strategy_}")

# %%
# These are the scores of a small run on generated data. :doc:`/benchmarks/learning` has tables on
# real recordings.
import matplotlib.pyplot as plt
from sklearn.metrics import f1_score

scores = {
    name: f1_score(wrists.y[test], predicted, average="macro")
    for name, predicted in predictions.items()
}
fig, ax = plt.subplots(figsize=(6.5, 2.8), layout="constrained")
drawn = ax.barh(list(scores), list(scores.values()))
ax.bar_label(drawn, fmt="%.2f", padding=3)
ax.invert_yaxis()
ax.set_xlabel("macro F1, 2 labeled windows per class, unseen people")
ax.set_xlim(0, 1)
plt.show()
