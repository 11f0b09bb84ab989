"""What each strategy learns, from what, and what it leaves alone."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import InvalidParameterError

from m3n_sklearn import Windows
from m3n_sklearn._inputs import ImuWindows
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.nets._multi3net import build_imu_encoder, set_weights
from m3n_sklearn.pretraining import Multi3NetPretrainer
from m3n_sklearn.recording import channel_names

from ..wrists import (
    CAPTIONS,
    CHANNELS,
    CLASSES,
    RATE,
    classifier,
    corpus,
    pretrained,
    pretrainer,
    wrist_data,
)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune"])
@pytest.mark.parametrize("head", ["linear", "moe"])
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
    assert Multi3NetClassifier(max_epochs=1).fit(X, y).strategy_ == "scratch"


@pytest.mark.parametrize("strategy", ["best", "full", "ensemble"])
def test_unknown_strategies_are_refused(frozen, strategy):
    X, y, _ = wrist_data()
    with pytest.raises(InvalidParameterError, match="'strategy' parameter"):
        classifier(frozen, strategy=strategy).fit(X, y)


def encoder_weights(weights, prefix):
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}


@pytest.mark.parametrize("strategy", ["frozen", "finetune"])
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


def test_fine_tuning_starts_from_a_closed_form_head(frozen, monkeypatch):
    from m3n_sklearn.classification import _learning

    X, y, _ = wrist_data()
    monkeypatch.setitem(_learning.PENALTIES, "finetune", _learning.PENALTIES["frozen"])
    probe = classifier(frozen, strategy="frozen", statistics=False).fit(X, y)
    tuned = classifier(frozen, strategy="finetune", lr=1e-12).fit(X, y)
    np.testing.assert_allclose(tuned.predict_proba(X), probe.predict_proba(X), atol=1e-4)
    assert probe.history_ == [] and probe.n_iter_ == 0 and tuned.n_iter_ == 8


def test_fine_tuning_with_descriptions_starts_from_zero_shot(frozen):
    X, y, _ = wrist_data()
    named = classifier(frozen, strategy="zero_shot", descriptions=CAPTIONS).fit(X)
    model = classifier(frozen, strategy="finetune", descriptions=CAPTIONS, max_epochs=3)
    still = clone(model).set_params(lr=1e-12).fit(X, y)
    np.testing.assert_allclose(still.predict_proba(X), named.predict_proba(X), atol=1e-4)
    moved = model.fit(X, y)
    assert moved.strategy_ == "finetune" and "prompts" in moved.weights_
    assert np.abs(moved.predict_proba(X) - named.predict_proba(X)).max() > 1e-2


def encoded(pretrainer, imu):
    """Return the features of a pretrainer's IMU encoder."""
    config, weights = pretrainer._imu_encoder()
    encoder = set_weights(build_imu_encoder(config), weights).eval()
    with torch.inference_mode():
        return encoder(torch.from_numpy(pretrainer.input_(imu)))[0].numpy()


def test_frozen_is_a_scaled_logistic_regression(frozen):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y, _ = wrist_data()
    for rows in (np.arange(len(y)), np.flatnonzero(y != "rest")):
        ours = classifier(frozen, strategy="frozen", statistics=False).fit(X[rows], y[rows])
        features = encoded(pretrained(), ImuWindows(X[rows]["imu"], RATE, CHANNELS))
        rival = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000, tol=1e-6))
        rival.fit(features.astype(float), y[rows])
        np.testing.assert_allclose(
            ours.predict_proba(X[rows]), rival.predict_proba(features.astype(float)), atol=1e-3
        )


def test_a_saved_file_serves_as_pretrainer(frozen, tmp_path):
    X, y, _ = wrist_data()
    pretrained().save(tmp_path / "encoder.safetensors")
    for path in (tmp_path / "encoder.safetensors", str(tmp_path / "encoder.safetensors")):
        from_file = classifier(path, strategy="finetune", max_epochs=2).fit(X, y)
        handed = classifier(frozen, strategy="finetune", max_epochs=2).fit(X, y)
        np.testing.assert_array_equal(from_file.predict_proba(X), handed.predict_proba(X))


@pytest.mark.slow
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
    fitted = classifier(pretrainer(), strategy="finetune").fit(X, y)
    assert fitted.score(X, y) > 0.9
    with pytest.raises(ValueError, match=r"generic series.*channels of an IMU"):
        classifier(FrozenEstimator(pretrained()), strategy="frozen").fit(X, y)


def test_zero_shot_reads_no_label(frozen):
    X, _, _ = wrist_data()
    named = classifier(frozen, strategy="zero_shot", descriptions=CAPTIONS)
    without = named.fit(X).predict_proba(X)
    assert named.classes_.tolist() == CLASSES.tolist() and named.n_iter_ == 0
    nonsense = clone(named).fit(X[:2], [np.nan, np.inf]).predict_proba(X)
    np.testing.assert_array_equal(without, nonsense)
    np.testing.assert_allclose(without.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_zero_shot_learns_names_from_pretraining():
    X, y, _ = wrist_data(12)
    source = pretrainer(objectives={"imu_text": 1}, augment=None, max_epochs=40, lr=1e-2)
    source.fit(corpus(12))
    prompts = {name: (caption, caption + " again") for name, caption in CAPTIONS.items()}
    named = classifier(FrozenEstimator(source), strategy="zero_shot", descriptions=prompts)
    assert named.fit(X).score(X, y) > 0.8


def test_zero_shot_logits_are_cosines_with_centered_names(frozen):
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


@pytest.mark.parametrize("strategy", ["zero_shot", "guided", "finetune"])
def test_descriptions_that_words_do_not_tell_apart_are_named(frozen, strategy):
    X, y, _ = wrist_data()
    same = {**CAPTIONS, "rest": CAPTIONS["twist"]}
    named = classifier(frozen, strategy=strategy, descriptions=same, max_epochs=1)
    with pytest.warns(UserWarning, match=r"not tell these classes apart: rest \('.*\) and twist"):
        named.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named.set_params(descriptions=CAPTIONS).fit(X, y)


def test_windows_without_an_accelerometer_are_said(frozen):
    X, y, _ = wrist_data()
    gyro = Windows(imu=X["imu"][:, 3:], rate=RATE, channels=CHANNELS[3:])
    message = "no accelerometer at right_wrist, but the encoder was trained with one"
    with pytest.warns(UserWarning, match=message):
        classifier(frozen, strategy="frozen").fit(gyro, y)
    with pytest.warns(UserWarning, match=message):
        pretrained().transform(gyro)
    with warnings.catch_warnings():  # it was trained without one
        warnings.simplefilter("error")
        pretrainer(max_epochs=1).fit(gyro).transform(gyro)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"strategy": "zero_shot"},
            r"zero_shot.*needs a pretrainer that was trained with texts.*descriptions=\{label",
        ),
        ({"strategy": "frozen"}, "needs a pretrained encoder"),
        ({"strategy": "finetune"}, "needs a pretrained encoder"),
    ],
)
def test_a_missing_pretrainer_is_named(params, message):
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match=message):
        Multi3NetClassifier(**params).fit(X, y)


def test_descriptions_are_checked(frozen):
    X, _, _ = wrist_data()
    for given in (None, {}):
        with pytest.raises(ValueError, match="descriptions="):
            classifier(frozen, strategy="zero_shot", descriptions=given).fit(X)
    for given in ({"a": []}, {"a": ""}, {"a": [3]}):
        with pytest.raises(ValueError, match=r"descriptions\['a'\].*a sentence or several"):
            classifier(frozen, strategy="zero_shot", descriptions=given).fit(X)
    _, y, _ = wrist_data()
    for strategy in ("finetune", "auto"):
        for given in ({}, {y[0]: "this"}):
            with pytest.raises(ValueError, match="says nothing of the classes"):
                classifier(frozen, strategy=strategy, descriptions=given).fit(X, y)


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
    with pytest.raises(ValueError, match="rate of X is not known"):
        classifier(frozen, strategy="scratch").fit(X["imu"], y)
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
    fitted = classifier(frozen, strategy="finetune", max_epochs=3).fit(both, y)
    assert fitted.predict_proba(both).shape == (len(y), 3)
    swapped = Windows(imu=both["imu"], rate=RATE, channels=left + CHANNELS)
    assert fitted.predict(swapped).shape == y.shape
    scratch = classifier(max_epochs=3).fit(both, y)
    order = np.r_[6:12, 0:6]
    turned = Windows(imu=both["imu"][:, order], rate=RATE, channels=left + CHANNELS)
    np.testing.assert_allclose(
        scratch.predict_proba(turned), scratch.predict_proba(both), atol=1e-5
    )
    with pytest.raises(ValueError, match="Select, order or rename"):
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


# ---- from scratch


def test_scratch_takes_the_architecture_of_a_pretrainer_that_is_not_trained(monkeypatch):
    X, y, _ = wrist_data()
    monkeypatch.setattr(Multi3NetPretrainer, "fit", lambda *args, **kwargs: pytest.fail("fitted"))
    small = classifier(Multi3NetPretrainer(width=24), strategy="scratch", max_epochs=1).fit(X, y)
    assert small.weights_["encoder.trunk.layers.2.weight"].shape[0] == 24
    default = Multi3NetClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert default.config_["encoder"]["width"] == 128 and default.rate_ == RATE
    same = Multi3NetClassifier(Multi3NetPretrainer(), strategy="scratch", max_epochs=1)
    same.set_params(random_state=0).fit(X, y)
    np.testing.assert_array_equal(same.predict_proba(X), default.predict_proba(X))
    paper = Multi3NetPretrainer("paper", width=8)
    published = classifier(paper, strategy="scratch", max_epochs=1).fit(X, y)
    assert published.config_["encoder"]["name"] == "paper_imu"
    with pytest.raises(ValueError, match="windows of 40 samples"):
        published.predict(X["imu"][:, :, 5:])
    with pytest.raises(ValueError, match="multiple of 8"):
        classifier(Multi3NetPretrainer("paper", width=9), strategy="scratch").fit(X, y)


def test_scratch_takes_the_architecture_and_rate_of_a_fitted_pretrainer(frozen):
    X, y, _ = wrist_data()
    slow = Windows(imu=X["imu"][:, :, ::2], rate=RATE / 2, channels=CHANNELS)
    still = {"max_epochs": 1, "lr": 1e-12, "random_state": 3}
    scratch = classifier(frozen, strategy="scratch", **still).fit(slow, y)
    taken = classifier(frozen, strategy="finetune", **still).fit(slow, y)
    assert scratch.config_ == taken.config_ and scratch.input_ == taken.input_
    for name, array in pretrained()._imu_encoder()[1].items():
        np.testing.assert_allclose(taken.weights_[f"encoder.{name}"], array, atol=1e-6)
        if array.ndim > 2:
            assert np.abs(scratch.weights_[f"encoder.{name}"] - array).max() > 0.05


def test_what_is_read_is_worked_out_once(frozen, monkeypatch):
    from m3n_sklearn import _inputs

    calls = []
    for name in ("make_layout", "parse_channels", "find_doubts"):
        real = getattr(_inputs, name)

        def counted(*args, name=name, real=real, **kwargs):
            calls.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(_inputs, name, counted)
    X, y, _ = wrist_data()
    for strategy in ("scratch", "frozen", "auto"):
        calls.clear()
        classifier(frozen, strategy=strategy, max_epochs=1).fit(X, y)
        assert sorted(calls) == ["find_doubts", "make_layout", "parse_channels"]


def test_a_site_that_the_encoder_does_not_know_is_named():
    X, y, _ = wrist_data()
    named = [name.replace("right_wrist", "right_wirst") for name in X.channels]
    other = Windows(imu=X["imu"], rate=X.rate("imu"), channels=named)
    model = classifier(FrozenEstimator(pretrained()), strategy="frozen")
    with pytest.warns(UserWarning, match="site 'right_wirst' of X .* Did you mean 'right_wrist'"):
        model.fit(other, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)


def test_few_samples_per_second_are_said():
    rng = np.random.default_rng(0)
    y = np.tile(["rest", "shake"], 8)
    imu = np.where(y == "shake", 3.0, 0.1)[:, None, None] * rng.normal(size=(16, 6, 60))
    imu[:, 2] += 9.8
    slow = Windows(imu=imu[..., :15], rate=5.0, channels=channel_names("right_wrist"))
    with pytest.warns(UserWarning, match="5 samples per second and are brought to 50"):
        Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(slow, y)
    usual = Windows(imu=imu, rate=20.0, channels=channel_names("right_wrist"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(usual, y)
