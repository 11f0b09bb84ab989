"""Bad input of the classifier is refused with words that help."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.recording import channel_names

from ..refusals import (
    CORPUS,
    IMU,
    NAN,
    PEOPLE,
    RECORDING,
    X,
    Y,
    cases,
    classifier,
    fitted,
    frozen,
    refuses,
    tiny,
)
from ..wrists import pretrained

HUGE = np.where(np.arange(9)[:, None, None] == 4, IMU * np.float32(1e30), IMU)


def clone_with(**params):
    return copy.copy(fitted()).set_params(**params)


def named(descriptions):
    return classifier(frozen(), strategy="zero_shot", descriptions=descriptions).fit(X)


@cases(
    (lambda: classifier(frozen()).fit(IMU, Y), ValueError, "rate of X is not known", "rate=50.0"),
    (lambda: classifier(rate=20.0).fit(X, Y), ValueError, "50 Hz", "rate=20", "rate=None"),
    (lambda: classifier().fit(IMU, np.zeros((9, 3))), ValueError, "1d array", "(9, 3)"),
    (lambda: classifier().fit(None, Y), TypeError, "X is a NoneType"),
    (lambda: classifier().fit([RECORDING], ["a"]), TypeError, "list of Recording", "cut"),
    (lambda: classifier().fit((X, Y, PEOPLE), Y), TypeError, "tuple of Windows"),
    (lambda: classifier().fit(IMU[:0], Y[:0]), ValueError, "0 sample(s)"),
    (lambda: classifier().fit(X[:0], Y[:0]), ValueError, "0 rows"),
    (lambda: classifier().fit(CORPUS.drop("imu"), Y), ValueError, "no column 'imu'", "Simulate"),
    (
        lambda: classifier().fit(Windows(imu=IMU, present={"imu": Y == "rest"}), Y),
        ValueError,
        "6 of 9 rows have no IMU",
        "X.present",
    ),
    (lambda: classifier().fit(X, Y, sample_weight=[1]), ValueError, "(1,)", "(9,)"),
    (lambda: classifier(class_weight={"rest": -2}).fit(X, Y), ValueError, "at least 0", "-2"),
    (lambda: classifier(class_weight={"rest": NAN}).fit(X, Y), ValueError, "finite", "nan"),
    (lambda: classifier(class_weight={"rest": "a"}).fit(X, Y), ValueError, "numbers", "'a'"),
    (lambda: classifier(channels=["a"]).fit(IMU, Y), ValueError, "names 1 channels", "6"),
    (lambda: classifier(channels=["acc_x"] * 6).fit(IMU, Y), ValueError, "occurs twice"),
    (lambda: classifier(lr=1e8, max_epochs=4).fit(X, Y), FloatingPointError, "Lower lr"),
    (lambda: clone(fitted()).predict(X), NotFittedError, "not fitted"),
    (lambda: fitted().predict(IMU[:, 0]), ValueError, "40 features", "expecting 6"),
    (lambda: fitted().predict(IMU * NAN), ValueError, "contains NaN"),
    (lambda: fitted().predict("a"), TypeError, "X is a str"),
    (lambda: fitted().predict(RECORDING), TypeError, "X is a Recording", "cut"),
    (
        lambda: fitted().predict(Windows(imu=IMU, rate=50.0, channels=channel_names("ankle"))),
        ValueError,
        "ankle_acc_x",
        "fitted on right_wrist",
    ),
    (lambda: fitted().score(X, Y[:2]), ValueError, "inconsistent"),
    (lambda: classifier(strategy="best").fit(X, Y), ValueError, "'strategy'", "Got 'best'"),
    (lambda: classifier(head="mlp").fit(X, Y), ValueError, "'head'", "Got 'mlp'"),
    (lambda: classifier(label_at="middle").fit(X, Y), ValueError, "'label_at'", "Got 'middle'"),
    (lambda: classifier(callbacks="stop").fit(X, Y), ValueError, "'callbacks'", "Got 'stop'"),
    (lambda: classifier(3).fit(X, Y), ValueError, "'pretrainer'", "Got 3"),
    (lambda: classifier(PCA()).fit(X, Y), TypeError, "PCA", "Multi3NetPretrainer is needed"),
    (lambda: classifier(FrozenEstimator(PCA())).fit(X, Y), TypeError, "FrozenEstimator of a PCA"),
    (lambda: classifier(FrozenEstimator(tiny())).fit(X, Y), NotFittedError, "not fitted"),
    (lambda: classifier(type(pretrained())).fit(X, Y), TypeError, "the class Multi3NetPretrainer"),
    (
        lambda: classifier(frozen(), descriptions={"stand": "a"}).fit(X, Y),
        ValueError,
        "nothing of the classes ['rest', 'shake', 'twist']",
        "describes ['stand']",
    ),
    (lambda: clone_with(augment="x").predict(X), ValueError, "'augment'", "Got 'x'"),
    (lambda: clone_with(rate=-1).predict(X), ValueError, "'rate'", "Got -1"),
    (lambda: fitted().predict(HUGE), ValueError, "1 of 9 windows", "window 4", "units"),
    (
        lambda: classifier(frozen(), strategy="frozen", rate=50.0).fit(HUGE, Y),
        ValueError,
        "1 of 9 windows",
        "overflow",
    ),
    (lambda: classifier().fit(HUGE, Y), FloatingPointError, "no longer finite", "scale of X"),
    (
        lambda: classifier().fit(IMU[:, 0].astype(float) * 1e200, Y),
        ValueError,
        "too large to be standardized",
    ),
    (lambda: classifier(__file__).fit(X, Y), ValueError, "can't be read", "truncated"),
    (lambda: named({"a": ""}), ValueError, "descriptions['a']", "sentence"),
    (lambda: named({"a": None}), ValueError, "descriptions['a']", "None"),
    (lambda: named({"a": "walk", 3: "run"}), TypeError, "one simple type", "['a', 3]"),
    (lambda: named({("a", 1): "walk", ("b", 1): "run"}), TypeError, "one simple type"),
    (lambda: named(["walk"]), ValueError, "'descriptions'", "Mapping"),
)
def test_classifier(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize("strategy", ["frozen", "finetune", "zero_shot", "guided"])
def test_strategies_that_need_a_pretrainer(strategy):
    words = (repr(strategy), "pretrain")
    refuses(lambda: Multi3NetClassifier(strategy=strategy).fit(X, Y), ValueError, *words)


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune"])
def test_one_class_is_predicted_with_certainty(strategy):
    source = None if strategy == "scratch" else frozen()
    alone = classifier(source, strategy=strategy).fit(X, ["rest"] * 9)
    assert alone.predict_proba(X).tolist() == [[1.0]] * 9


def test_windows_with_channels_last_warn():
    with pytest.warns(UserWarning, match=r"40 channels of 6 samples.*transpose\(0, 2, 1\)"):
        classifier().fit(IMU.transpose(0, 2, 1), Y)
