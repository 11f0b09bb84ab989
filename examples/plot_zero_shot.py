"""
Recognize activities from descriptions
======================================

Pretraining maps sentences and wrist signals into one space. A class then needs no example:
windows whose signal is close to its description are assigned to it. This example asks three
questions. Is the model better than chance? Are several sentences better than one? Does the result
depend on what the sentences say?
"""

# %%
# Captions, motions, signals
# --------------------------
# Four people perform twenty activities with several captions each. All signals are simulated.
from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator, cut
from m3n_sklearn.datasets import make_motions, make_wrist_har

TESTED = ["wave", "clap", "throw", "drink", "comb_hair", "wipe_table", "stir", "hammer"]
OTHERS = [
    "punch", "catch", "tennis_serve", "raise_hand", "walk", "pour", "eat", "brush_teeth", "write",
    "wash_hands", "saw", "paint_wall",
]  # fmt: skip
simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)


def pretrain(activities):
    """Pretrain on these activities only."""
    motions = make_motions(4, 1, activities, left_handed=0.0, random_state=0)
    pairs = list(zip(motions, simulator.simulate(motions), strict=True))
    corpus, _, _ = cut(pairs, seconds=2.56, overlap=0.7, short="pad", pose_rate=30.0)
    objectives = {"imu_text": 1.0, "imu_pose": 1.0}
    return Multi3NetPretrainer(
        objectives=objectives, width=64, batch_size=64, max_epochs=40, random_state=0
    ).fit(corpus)


# %%
# The test windows come from other people with other mountings.
wrists = make_wrist_har(6, 1, TESTED, random_state=1)
print(len(wrists.X), "windows of", len(TESTED), "classes")

# %%
# Text-named is not zero-shot
# ---------------------------
# If the captions of the pretraining contain the tested activities, the result is *text-named*: no
# real signal was labeled, but simulated signals with these captions were seen. *Zero-shot* in the
# strict sense requires a corpus without these activities. The two are different claims and belong
# in different columns. Here is one model for each.
pretrained = {
    "text-named": pretrain(TESTED + OTHERS),
    "true zero-shot": pretrain(OTHERS),
}

# %%
# ``fit`` reads no label here. It embeds the descriptions and uses the mean of each class as
# weights of the classifier.
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score

from m3n_sklearn import Multi3NetClassifier


def name(pretrainer, descriptions):
    """Classify all windows by descriptions."""
    classifier = Multi3NetClassifier(
        FrozenEstimator(pretrainer), strategy="zero_shot", descriptions=descriptions
    )
    return classifier.fit(wrists.X).predict(wrists.X)


def score(pretrainer, descriptions):
    return f1_score(wrists.y, name(pretrainer, descriptions), average="macro")


# %%
# The descriptions differ from the captions of the pretraining, so the sentence encoder has to
# connect them.
PROMPTS = {
    "wave": [
        "greeting a friend across the street",
        "the hand swings above the shoulder",
        "goodbye",
    ],
    "clap": ["a round of applause", "striking the palms together", "cheering at a concert"],
    "throw": ["pitching a baseball", "tossing a stone far away", "flinging something forward"],
    "drink": ["having a sip of water", "a bottle is brought to the lips", "emptying a glass"],
    "comb_hair": ["tidying the hair", "styling hair", "pulling a brush through long hair"],
    "wipe_table": ["cleaning the counter", "rubbing a desk with a sponge", "polishing furniture"],
    "stir": ["mixing ingredients", "moving a spoon around in a cup", "cooking porridge"],
    "hammer": ["driving a nail into wood", "pounding with a tool", "beating metal on an anvil"],
}

# %%
# Control: shuffled descriptions
# ------------------------------
# A model can be better than chance for reasons unrelated to language. In the control, each class
# has the sentences of another class. The loss in score is the contribution of the words.
import numpy as np


def shuffle(descriptions, seed):
    """Describe every class by the sentences of another."""
    rng, classes = np.random.default_rng(seed), list(descriptions)
    order = np.arange(len(classes))
    while (order == np.arange(len(classes))).any():
        order = rng.permutation(len(classes))
    return {label: descriptions[classes[k]] for label, k in zip(classes, order, strict=True)}


scores = {}
for claim, pretrainer in pretrained.items():
    alone = [{label: lines[k] for label, lines in PROMPTS.items()} for k in range(3)]
    shuffled = [score(pretrainer, shuffle(PROMPTS, seed)) for seed in range(10)]
    scores[claim] = {
        "three prompts": [score(pretrainer, PROMPTS)],
        "one prompt": [score(pretrainer, prompts) for prompts in alone],
        "shuffled": shuffled,
    }
    means = {key: round(float(np.mean(found)), 2) for key, found in scores[claim].items()}
    print(f"{claim:15s} {means}")

# %%
# A dot is one choice of descriptions. Without labels, the best single sentence is unknown, and
# several sentences reduce the risk. The dotted line is chance. A corpus of twelve activities
# teaches few words. Where descriptions are not better than shuffled ones, the model has learned
# nothing about language, even if it is above chance.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), sharey=True, layout="constrained")
for ax, (claim, found) in zip(axes, scores.items(), strict=True):
    for k, values in enumerate(found.values()):
        ax.bar(k, np.mean(values), color=f"C{k}", alpha=0.4)
        ax.plot(k + np.linspace(-0.2, 0.2, len(values)), values, "o", color=f"C{k}", ms=4)
    ax.axhline(1 / len(TESTED), color="k", ls=":")
    ax.set_xticks(range(len(found)), list(found))
    ax.set_title(claim)
axes[0].set_ylabel("macro F1, no labels")
axes[0].set_ylim(0, 1)

# %%
# Confusions
# ----------
# Plausible errors are similar movements: stirring and wiping both move a hand in circles above a
# table.
from sklearn.metrics import ConfusionMatrixDisplay

fig, axes = plt.subplots(1, 2, figsize=(10, 5.4), layout="constrained")
for ax, (claim, pretrainer) in zip(axes, pretrained.items(), strict=True):
    ConfusionMatrixDisplay.from_predictions(
        wrists.y, name(pretrainer, PROMPTS), normalize="true", ax=ax,
        xticks_rotation=60, values_format=".1f", cmap="Blues", colorbar=False,
    )  # fmt: skip
    ax.set_title(claim)

# %%
# Add one label per class
# -----------------------
# With descriptions and one window per class, ``strategy="auto"`` is ``"guided"``: it multiplies the
# probabilities of the network above by those of a regression on the labels.
from m3n_sklearn.evaluation import draw_labels

learn = np.flatnonzero(~np.isin(wrists.groups, ["wearer0", "wearer1", "wearer2"]))
test = np.flatnonzero(np.isin(wrists.groups, ["wearer0", "wearer1", "wearer2"]))
few = learn[draw_labels(wrists.y[learn], 1, random_state=0)]
guided = Multi3NetClassifier(
    FrozenEstimator(pretrained["text-named"]), descriptions=PROMPTS, random_state=0
).fit(wrists.X[few], wrists.y[few])
before = name(pretrained["text-named"], PROMPTS)[test]
after = guided.predict(wrists.X[test])
print(guided.strategy_, "with one window per class")
for title, predicted in (("descriptions", before), ("and one label per class", after)):
    print(f"{title:24s} {f1_score(wrists.y[test], predicted, average='macro'):.2f}")
