"""Small made-up wrist windows, and encoders pretrained on such, for several test modules."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from m3n_sklearn import Windows
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.pretraining import Multi3NetPretrainer
from m3n_sklearn.recording import channel_names

RATE = 50.0
CHANNELS = channel_names("right_wrist")
CLASSES = np.array(["rest", "shake", "twist"])
CAPTIONS = {
    "rest": "a person rests an arm",
    "shake": "someone shakes a hand",
    "twist": "turning the wrist",
}


def wrist_data(n_per_class=7, n_people=3, n_times=40, seed=0):
    """Return Windows, labels and people: still, shaken along x, twisted about z."""
    rng = np.random.default_rng(seed)
    y = np.tile(CLASSES, n_per_class)
    groups = np.repeat(np.arange(n_people), int(np.ceil(len(y) / n_people)))[: len(y)]
    t = np.arange(n_times) / RATE
    imu = 0.3 * rng.normal(size=(len(y), 6, n_times))
    imu[:, 2] += 9.81
    wave = np.sin(2 * np.pi * (4 + groups[:, None]) * t + rng.uniform(0, 6, (len(y), 1)))
    imu[y == "shake", 0] += 8 * wave[y == "shake"]
    imu[y == "twist", 5] += 5 * wave[y == "twist"]
    X = Windows(imu=imu.astype(np.float32), rate=RATE, channels=CHANNELS)
    return X, y, groups


def corpus(n_per_class=7, seed=1):
    """Return Windows with IMU, poses and captions."""
    X, y, _ = wrist_data(n_per_class, seed=seed)
    rng = np.random.default_rng(seed)
    pose = 0.1 * rng.normal(size=(len(y), 8, 24, 3))
    text = [(CAPTIONS[label], CAPTIONS[label] + " again") for label in y]
    return X.assign(pose=pose, trans=np.zeros((len(y), 8, 3)), text=text, rate={"pose": 10.0})


def pretrainer(**params):
    """Return an unfitted pretrainer that is quick."""
    small = {"width": 16, "max_epochs": 2, "text_encoder": "hashing"}
    return Multi3NetPretrainer(**{**small, "random_state": 0, **params})


@cache
def pretrained(**params):
    """Return a fitted pretrainer of captioned IMU and poses; nobody may change it."""
    return pretrainer(**{"max_epochs": 12, "lr": 1e-2, **params}).fit(corpus())


def classifier(source=None, **params):
    """Return a classifier that is quick; without a pretrainer, a small network from scratch."""
    if source is None:
        source, params = Multi3NetPretrainer(width=16), {"strategy": "scratch", **params}
    return Multi3NetClassifier(source, **{"max_epochs": 8, "random_state": 0, **params})


def holds_torch(content):
    """Tell whether a pickle names torch, other than the package's own module ``_torch``."""
    return re.search(rb"(?<![._])torch", content) is not None
