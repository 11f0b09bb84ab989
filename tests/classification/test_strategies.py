"""What each strategy learns, from what, and what it leaves alone."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Windows
from m3n_sklearn.classification import Multi3NetClassifier

from ..wrists import CAPTIONS, CHANNELS, CLASSES, RATE, corpus, pretrained, pretrainer, wrist_data

STRATEGIES = ("frozen", "lp_ft", "full")


def classifier(source=None, **params):
    return Multi3NetClassifier(
        source, **{"max_epochs": 12, "width": 16, "random_state": 0, **params}
    )


@pytest.fixture(scope="module")
def frozen():
    return FrozenEstimator(pretrained())


@pytest.mark.parametrize("strategy", ["scratch", *STRATEGIES])
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_every_strategy_learns(frozen, strategy, head):
    X, y, groups = wrist_data(12)
    seen = groups > 0
    source = None if strategy == "scratch" else frozen
    fitted = classifier(source, strategy=strategy, head=head, max_epochs=40, lr=1e-2)
    fitted.fit(X[seen], y[seen])
    assert fitted.strategy_ == strategy
    assert fitted.score(X[~seen], y[~seen]) > 0.8
    proba = fitted.predict_proba(X)
    assert proba.shape == (len(X), 3) and proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


def test_auto_without_a_pretrainer_is_scratch():
    X, y, _ = wrist_data()
    assert classifier(max_epochs=1).fit(X, y).strategy_ == "scratch"


def encoder_weights(weights, prefix):
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_handed_in_is_never_trained(frozen, strategy):
    X, y, _ = wrist_data()
    before = {k: v.copy() for k, v in pretrained().weights_.items()}
    fitted = classifier(frozen, strategy=strategy).fit(X, y)
    for name, array in pretrained().weights_.items():
        np.testing.assert_array_equal(array, before[name])
    theirs = encoder_weights(before, "encoders.imu.")
    ours = encoder_weights(fitted.weights_, "encoder.")
    same = all(np.array_equal(theirs[k], ours[k]) for k in theirs)
    assert theirs.keys() == ours.keys() and same == (strategy == "frozen")
    assert not any(np.shares_memory(theirs[k], ours[k]) for k in theirs)


def test_lp_ft_starts_from_the_frozen_head(frozen):
    X, y, _ = wrist_data()
    probe = classifier(frozen, strategy="frozen").fit(X, y)
    tuned = classifier(frozen, strategy="lp_ft", C=0.1, lr=1e-12, weight_decay=0.0).fit(X, y)
    np.testing.assert_allclose(tuned.predict_proba(X), probe.predict_proba(X), atol=1e-4)
    assert probe.history_ == [] and probe.n_iter_ == 0 and tuned.n_iter_ == 12


def test_frozen_is_a_scaled_logistic_regression(frozen):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y, _ = wrist_data()
    for rows in (np.arange(len(y)), np.flatnonzero(y != "rest")):
        ours = classifier(frozen, strategy="frozen").fit(X[rows], y[rows])
        from m3n_sklearn._inputs import ImuWindows

        imu = ImuWindows(X[rows]["imu"], RATE, CHANNELS, False)
        features = pretrained()._trunk_features(imu)
        rival = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000, tol=1e-6))
        rival.fit(features.astype(float), y[rows])
        np.testing.assert_allclose(
            ours.predict_proba(X[rows]), rival.predict_proba(features.astype(float)), atol=1e-3
        )


def test_a_saved_file_serves_as_pretrainer(frozen, tmp_path):
    X, y, _ = wrist_data()
    pretrained().save(tmp_path / "encoder.safetensors")
    for path in (tmp_path / "encoder.safetensors", str(tmp_path / "encoder.safetensors")):
        from_file = classifier(path, strategy="lp_ft", max_epochs=2).fit(X, y)
        handed = classifier(frozen, strategy="lp_ft", max_epochs=2).fit(X, y)
        np.testing.assert_array_equal(from_file.predict_proba(X), handed.predict_proba(X))


def test_a_nested_pretrainer_is_cloned_and_fitted_on_X_or_its_corpus():
    X, y, groups = wrist_data()
    nested = pretrainer()
    fitted = classifier(nested, strategy="frozen").fit(X, y, groups=groups)
    assert not hasattr(nested, "weights_")
    by_hand = FrozenEstimator(clone(nested).fit(X))
    expected = classifier(by_hand, strategy="frozen").fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)

    bare = classifier(nested, strategy="frozen", rate=RATE, channels=CHANNELS)
    twice = bare.fit(np.repeat(X["imu"], 2, axis=0), np.repeat(y, 2)).predict_proba(X)
    once = bare.fit(X["imu"], y, sample_weight=np.full(len(y), 2)).predict_proba(X)
    np.testing.assert_allclose(twice, once, atol=1e-4)  # pretraining sees each window once

    other = pretrainer(corpus=corpus())
    fitted = classifier(other, strategy="frozen").fit(X, y)
    by_hand = FrozenEstimator(clone(other).fit(None))
    expected = classifier(by_hand, strategy="frozen").fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


def test_a_pretrainer_of_a_series():
    X = np.random.default_rng(0).normal(size=(30, 12))
    y = np.repeat([0, 1], 15)
    X[15:] += 2
    fitted = classifier(pretrainer(), strategy="lp_ft").fit(X, y)
    assert fitted.score(X, y) > 0.9
    with pytest.raises(ValueError, match="channels of an IMU"):
        classifier(FrozenEstimator(pretrained()), strategy="frozen").fit(X, y)


def test_zero_shot_reads_no_label(frozen):
    X, _, _ = wrist_data()
    named = classifier(frozen, strategy="zero_shot", descriptions=CAPTIONS)
    without = named.fit(X).predict_proba(X)
    assert named.classes_.tolist() == CLASSES.tolist() and named.n_iter_ == 0
    nonsense = clone(named).fit(X[:2], [np.nan, np.inf]).predict_proba(X)
    np.testing.assert_array_equal(without, nonsense)
    np.testing.assert_allclose(without.sum(axis=1), 1, atol=1e-5)


def test_zero_shot_learns_names_from_pretraining():
    X, y, _ = wrist_data(12)
    source = pretrainer(objectives={"imu_text": 1}, augment=None, max_epochs=40, lr=1e-2)
    source.fit(corpus(12))
    prompts = {name: (caption, caption + " again") for name, caption in CAPTIONS.items()}
    named = classifier(FrozenEstimator(source), strategy="zero_shot", descriptions=prompts)
    assert named.fit(X).score(X, y) > 0.8


def test_zero_shot_logits_are_cosines_with_centred_names(frozen):
    X, _, _ = wrist_data()
    named = classifier(frozen, strategy="zero_shot", descriptions={1: "a wave", 0: ["b", "c"]})
    proba = named.fit(X).predict_proba(X)
    z = pretrained().transform(X)
    b, c, a = pretrained().embed_text(["b", "c", "a wave"])
    names = np.stack([(b + c) / np.linalg.norm(b + c), a])
    names -= names.mean(axis=0)
    names /= np.linalg.norm(names, axis=1, keepdims=True)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    temperature = np.exp(pretrained().weights_["log_temperature"])
    odds = np.exp(z @ names.T / temperature)
    np.testing.assert_allclose(proba, odds / odds.sum(axis=1, keepdims=True), atol=1e-4)
    assert named.classes_.tolist() == [0, 1]


def test_zero_shot_of_one_class(frozen):
    X, _, _ = wrist_data()
    named = classifier(frozen, strategy="zero_shot", descriptions={"rest": "a person rests"})
    assert set(named.fit(X).predict(X)) == {"rest"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"strategy": "zero_shot"}, "needs a pretrainer that has learned from texts"),
        ({"strategy": "frozen"}, "needs a pretrained encoder"),
        ({"strategy": "lp_ft"}, "needs a pretrained encoder"),
        ({"strategy": "full"}, "needs a pretrained encoder"),
    ],
)
def test_a_missing_pretrainer_is_named(params, message):
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match=message):
        classifier(**params).fit(X, y)


def test_descriptions_are_checked(frozen):
    X, _, _ = wrist_data()
    for given in (None, {}):
        with pytest.raises(ValueError, match="descriptions="):
            classifier(frozen, strategy="zero_shot", descriptions=given).fit(X)
    for given in ({"a": []}, {"a": ""}, {"a": [3]}):
        with pytest.raises(ValueError, match="a sentence or several"):
            classifier(frozen, strategy="zero_shot", descriptions=given).fit(X)


def test_zero_shot_needs_texts(frozen):
    X, _, _ = wrist_data()
    deaf = FrozenEstimator(pretrainer().fit(X))
    with pytest.raises(ValueError, match="text"):
        classifier(deaf, strategy="zero_shot", descriptions=CAPTIONS).fit(X)


def test_other_estimators_and_unfitted_ones_are_refused(tmp_path):
    from sklearn.preprocessing import StandardScaler

    X, y, _ = wrist_data()
    for other in (StandardScaler(), FrozenEstimator(StandardScaler())):
        with pytest.raises(TypeError, match="StandardScaler, but a Multi3NetPretrainer"):
            classifier(other).fit(X, y)
    with pytest.raises(NotFittedError):
        classifier(FrozenEstimator(pretrainer())).fit(X, y)
    classifier(max_epochs=1).fit(X, y).save(tmp_path / "c")
    with pytest.raises(TypeError, match="holds a Multi3NetClassifier, but"):
        classifier(tmp_path / "c").fit(X, y)


def test_the_rate_of_a_bare_array_is_asked_for(frozen):
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match=r"rate of X is not known.*Multi3NetClassifier\(.*rate="):
        classifier(frozen, strategy="frozen").fit(X["imu"], y)
    bare = classifier(frozen, strategy="frozen", rate=RATE).fit(X["imu"], y)
    known = classifier(frozen, strategy="frozen").fit(X, y)
    np.testing.assert_array_equal(bare.predict_proba(X["imu"]), known.predict_proba(X))
    np.testing.assert_array_equal(known.predict_proba(X["imu"]), known.predict_proba(X))


def test_other_rates_are_resampled(frozen):
    X, y, _ = wrist_data(n_times=60)
    slow = Windows(imu=X["imu"][:, :, ::2], rate=RATE / 2, channels=CHANNELS)
    fitted = classifier(frozen, strategy="frozen").fit(slow, y)
    assert fitted.input_.rate == RATE and fitted.rate_ == RATE / 2
    np.testing.assert_array_equal(fitted.predict(slow["imu"]), fitted.predict(slow))
    assert np.mean(fitted.predict(X) == fitted.predict(slow)) > 0.8


def test_accelerometer_alone_and_two_sites(frozen):
    X, y, _ = wrist_data()
    acc = Windows(imu=X["imu"][:, :3], rate=RATE, channels=CHANNELS[:3])
    assert classifier(frozen, strategy="frozen").fit(acc, y).score(acc, y) > 0.6
    left = tuple(name.replace("right", "left") for name in CHANNELS)
    both = Windows(
        imu=np.concatenate([X["imu"], X["imu"]], axis=1), rate=RATE, channels=CHANNELS + left
    )
    fitted = classifier(frozen, strategy="lp_ft", max_epochs=3).fit(both, y)
    assert fitted.predict_proba(both).shape == (len(y), 3)
    swapped = Windows(imu=both["imu"], rate=RATE, channels=left + CHANNELS)
    assert fitted.predict(swapped).shape == y.shape
    scratch = classifier(max_epochs=3).fit(both, y)
    order = np.r_[6:12, 0:6]
    turned = Windows(imu=both["imu"][:, order], rate=RATE, channels=left + CHANNELS)
    np.testing.assert_allclose(
        scratch.predict_proba(turned), scratch.predict_proba(both), atol=1e-5
    )
    with pytest.raises(ValueError, match="Select or rename"):
        classifier(max_epochs=1).fit(X, y).predict(Windows(imu=X["imu"], rate=RATE, channels=left))


def test_units_that_look_wrong_are_warned_about(frozen):
    X, y, _ = wrist_data()
    in_g = X.assign(imu=X["imu"] / np.float32(9.81))
    for source in (None, frozen):
        with pytest.warns(UserWarning, match=r"9\.8"):
            classifier(source, max_epochs=1).fit(in_g, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            classifier(source, max_epochs=1).fit(X, y)
