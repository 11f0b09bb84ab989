"""
Activities that are only described
==================================

Pretraining puts sentences and wrist signals into one space. So a class needs no example: describe
it, and the windows whose signal lies near the description are recognised. This example asks three
questions of such a model. Does it beat chance, do several sentences do better than one, and does
any of it depend on what the sentences say?
"""

# %%
# Words, motions, signals
# -----------------------
# Four people perform twenty activities, each with several sentences. They are simulated: nobody
# wore a sensor.
from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator, cut
from m3n_sklearn.datasets import make_motions, make_wrist_har

TESTED = ["wave", "clap", "throw", "drink", "comb_hair", "wipe_table", "stir", "hammer"]
OTHERS = [
    "punch", "catch", "tennis_serve", "raise_hand", "walk", "pour", "eat", "brush_teeth", "write",
    "wash_hands", "saw", "paint_wall",
]  # fmt: skip
simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0)


def pretrain(activities):
    """Return a space of words and signals that has met these activities, and no others."""
    motions = make_motions(4, 1, activities, left_handed=0.0, random_state=0)
    pairs = list(zip(motions, simulator.simulate(motions), strict=True))
    corpus, _, _ = cut(pairs, seconds=2.56, overlap=0.7, short="pad", pose_rate=30.0)
    objectives = {"imu_text": 1.0, "imu_pose": 1.0}
    return Multi3NetPretrainer(
        objectives=objectives, width=64, batch_size=64, max_epochs=40, random_state=0
    ).fit(corpus)


# %%
# The windows to be named come from other people, who wear their watches in their own ways.
wrists = make_wrist_har(6, 1, TESTED, random_state=1)
print(len(wrists.X), "windows of", len(TESTED), "classes")

# %%
# Text-named is not zero-shot
# ---------------------------
# If the captions of the pretraining contain the tested activities, no *real* signal was labelled,
# but the model has met their simulation under these very words: the classes are *named from text*.
# Zero-shot in the strict sense takes a corpus without them. The two are different claims and never
# belong into one column; here is a model for each.
pretrained = {
    "text-named": pretrain(TESTED + OTHERS),
    "true zero-shot": pretrain(OTHERS),
}

# %%
# ``fit`` reads no label here. It embeds the prompts, takes the mean over those of a class, and
# keeps them as the classifier's weights.
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score

from m3n_sklearn import Multi3NetClassifier


def name(pretrainer, descriptions):
    """Return the class of each window, by descriptions alone."""
    classifier = Multi3NetClassifier(
        FrozenEstimator(pretrainer), strategy="zero_shot", descriptions=descriptions
    )
    return classifier.fit(wrists.X).predict(wrists.X)


def score(pretrainer, descriptions):
    return f1_score(wrists.y, name(pretrainer, descriptions), average="macro")


# %%
# The prompts are not the captions of the pretraining but words of our own, so that the sentence
# encoder has to make the connection.
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
# The control: shuffled prompts
# -----------------------------
# A model can be above chance for reasons that have nothing to do with language: it may answer with
# well-separated directions, and luck does the rest. So the same sentences are dealt out again, each
# class described by the words of another. What the score loses is what the words were worth.
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
# A dot is one choice of prompts. Which single prompt describes a class best cannot be known without
# labels; several of them spread the risk. The dotted line is what guessing gives. Twelve activities
# teach hardly any words: where prompts do no better than shuffled ones, nothing was understood,
# whatever the dotted line says.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), sharey=True, layout="constrained")
for ax, (claim, found) in zip(axes, scores.items(), strict=True):
    for k, values in enumerate(found.values()):
        ax.bar(k, np.mean(values), color=f"C{k}", alpha=0.4)
        ax.plot(k + np.linspace(-0.2, 0.2, len(values)), values, "o", color=f"C{k}", ms=4)
    ax.axhline(1 / len(TESTED), color="k", ls=":")
    ax.set_xticks(range(len(found)), list(found))
    ax.set_title(claim)
axes[0].set_ylabel("macro F1, no label read")
axes[0].set_ylim(0, 1)

# %%
# What is taken for what
# ----------------------
# Errors of a model that understands something are neighbours: stirring and wiping are both a hand
# that goes around over a table.
from sklearn.metrics import ConfusionMatrixDisplay

fig, axes = plt.subplots(1, 2, figsize=(10, 5.4), layout="constrained")
for ax, (claim, pretrainer) in zip(axes, pretrained.items(), strict=True):
    ConfusionMatrixDisplay.from_predictions(
        wrists.y, name(pretrainer, PROMPTS), normalize="true", ax=ax,
        xticks_rotation=60, values_format=".1f", cmap="Blues", colorbar=False,
    )  # fmt: skip
    ax.set_title(claim)

# %%
# One label changes much
# ----------------------
# Words are a start, and labels can follow. With descriptions and fewer than four windows per class,
# ``strategy="auto"`` fine-tunes the very network that named the classes above.
from m3n_sklearn.evaluation import draw_labels

learn = np.flatnonzero(~np.isin(wrists.groups, ["wearer0", "wearer1", "wearer2"]))
test = np.flatnonzero(np.isin(wrists.groups, ["wearer0", "wearer1", "wearer2"]))
few = learn[draw_labels(wrists.y[learn], 1, random_state=0)]
tuned = Multi3NetClassifier(
    FrozenEstimator(pretrained["text-named"]), descriptions=PROMPTS,
    max_epochs=100, random_state=0,
).fit(wrists.X[few], wrists.y[few])  # fmt: skip
before = name(pretrained["text-named"], PROMPTS)[test]
after = tuned.predict(wrists.X[test])
print(tuned.strategy_, "with one window per class")
for title, predicted in (("words", before), ("words and one label", after)):
    print(f"{title:20s} {f1_score(wrists.y[test], predicted, average='macro'):.2f}")
