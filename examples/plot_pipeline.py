"""
One pipeline from poses to labels
=================================

Simulator, pretrainer and classifier are scikit-learn estimators, so they form a pipeline. This
example fits a :class:`~sklearn.pipeline.Pipeline` to body poses. It then takes the pretrained
encoder out of the pipeline and uses it for the recordings of a watch: pretrain once, fine-tune
often.
"""

# %%
# X: windows of poses
# -------------------
# :class:`~m3n_sklearn.Windows` can contain several modalities. These contain poses and captions,
# and no sensor signal. Labels and people are returned separately.
from m3n_sklearn import cut
from m3n_sklearn.datasets import make_motions, make_wrist_har

ACTIVITIES = ["wave", "clap", "throw", "drink", "wipe_table", "stir", "hammer", "tape_box"]
motions = make_motions(5, 1, ACTIVITIES, seconds=5.0, left_handed=0.0, random_state=0)
X, y, people = cut(motions, seconds=2.56, overlap=0.7, pose_rate=30.0)
print(X)

# %%
# The pipeline
# ------------
# The simulator adds the readings of a watch to each row. The pretrainer learns a joint space of
# text, poses and signals without reading y, and turns each window into a vector. The logistic
# regression learns labels from the vectors.
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator

pipeline = Pipeline(
    [
        ("simulate", SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)),
        (
            "pretrain",
            Multi3NetPretrainer(
                objectives={"imu_text": 1.0, "imu_pose": 1.0},
                width=48, batch_size=64, max_epochs=30, random_state=0,
            ),
        ),
        ("classify", LogisticRegression()),
    ]
)  # fmt: skip
pipeline

# %%
# Cross-validation has no leak: all steps are cloned for each fold, so the pretraining has not
# seen the tested people either.
from sklearn.model_selection import GroupKFold, cross_val_score

found = cross_val_score(pipeline, X, y, groups=people, cv=GroupKFold(3), scoring="f1_macro")
print("macro F1 on unseen people, simulated signals:", found.round(2))

# %%
# The joint space
# ---------------
# Steps can be used alone. A slice of the pipeline embeds windows, and the pretrainer embeds
# sentences into the same space. In two dimensions, windows of one activity are close to each
# other and to the mean of their captions (stars).
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

pipeline.fit(X, y)
pretrainer = pipeline["pretrain"]
windows = pipeline[:-1].transform(X)
plane = PCA(2).fit(windows)
fig, ax = plt.subplots(figsize=(7, 5), layout="constrained")
for k, activity in enumerate(ACTIVITIES):
    ax.scatter(*plane.transform(windows[y == activity]).T, s=12, color=f"C{k}", label=activity)
    sentences = list(next(m for m in motions if m.label == activity).text)
    caption = pretrainer.embed_text(sentences).mean(axis=0)
    ax.scatter(
        *plane.transform(caption[None]).T, s=170, marker="*", color=f"C{k}", edgecolor="black"
    )
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
_ = ax.set(xlabel="first principal component", ylabel="second")

# %%
# Deploying
# ---------
# The pipeline above needs poses, which a watch does not record. Deployment therefore uses the
# encoder only. Save it to one file without executable content, and pass the file to a classifier
# that learns from a few labeled recordings. Here they are generated.
import tempfile
from pathlib import Path

from sklearn.metrics import f1_score

from m3n_sklearn import Multi3NetClassifier, load, save
from m3n_sklearn.evaluation import draw_labels

folder = Path(tempfile.mkdtemp())
save(pretrainer, folder / "encoder.safetensors")

wrists = make_wrist_har(6, 1, ACTIVITIES, random_state=1)
known = np.isin(wrists.groups, ["wearer0", "wearer1", "wearer2"])
train, test = np.flatnonzero(known), np.flatnonzero(~known)
few = train[draw_labels(wrists.y[train], 2, blocks=wrists.X["clip"][train], random_state=0)]

classifier = Multi3NetClassifier(
    folder / "encoder.safetensors", descriptions=wrists.descriptions, max_epochs=60, random_state=0
)
classifier.fit(wrists.X[few], wrists.y[few])
predicted = classifier.predict(wrists.X[test])
print(f"{len(few)} labeled windows, {classifier.strategy_}:", end=" ")
print(f"macro F1 {f1_score(wrists.y[test], predicted, average='macro'):.2f} on other wearers")

# %%
# A fitted classifier is one file as well. It works without the pretrainer and gives the same
# predictions.
save(classifier, folder / "watch.safetensors")
restored = load(folder / "watch.safetensors")
print("same predictions:", np.array_equal(restored.predict(wrists.X[test]), predicted))
print(f"{(folder / 'watch.safetensors').stat().st_size / 1e6:.1f} MB")

# %%
# A pipeline passes *data* from step to step, but fine-tuning needs the network itself. The
# classifier therefore takes the encoder as a parameter. To search over pretraining and
# fine-tuning together, nest them: :ref:`sphx_glr_auto_examples_plot_grid_search.py`.
