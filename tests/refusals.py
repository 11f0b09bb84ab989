"""How tests say that a call is refused with words that help, and good input to spoil."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Motion, Recording
from m3n_sklearn.recording import channel_names

from . import wrists
from .wrists import corpus, pretrained, pretrainer, wrist_data

NAN, INF, RNG = np.nan, np.inf, np.random.default_rng(0)
X, Y, PEOPLE = wrist_data(3)
IMU = np.asarray(X["imu"])
CORPUS = corpus(3)
POSES = np.zeros((20, 24, 3))
MOTION = Motion(POSES, rate=30.0)
WORN = channel_names("wrist")
STILL = np.tile([0.0, 0.0, 9.80665, 0.0, 0.0, 0.0], (200, 1))
RECORDING = Recording(STILL, 50.0, WORN)
PLACES, TURNS = np.zeros((50, 3)), np.tile([1.0, 0.0, 0.0, 0.0], (50, 1))


def classifier(source=None, **params):
    return wrists.classifier(source, **{"max_epochs": 1, **params})


def tiny(**params):
    return pretrainer(**{"width": 8, "max_epochs": 1, **params})


def frozen():
    return FrozenEstimator(pretrained())


@cache
def fitted():
    return classifier(random_state=0).fit(X, Y)


def refuses(call, error, *words):
    """Assert that a call raises such an error, whose message holds all the words."""
    with warnings.catch_warnings(), pytest.raises(error) as caught:
        warnings.simplefilter("ignore")
        call()
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


def cases(*rows):
    """Name each case by its place and what it should say."""
    return pytest.mark.parametrize(
        ("call", "error", "words"),
        [pytest.param(call, error, words, id="-".join(words)) for call, error, *words in rows],
    )
