"""Statistics of the signals next to the features of an encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.nets._statistics import BANDS, LAGS, PER_SIGNAL, SignalStatistics
from m3n_sklearn.recording import channel_names

SITES = ("left_wrist", "right_wrist")


def statistics(x):
    found = SignalStatistics(1, x.shape[2])(torch.from_numpy(x))
    return found.numpy()


def of_norm(found):
    """Return what one site's first triad says of its norm, after the correlations."""
    means, powers, lags = np.split(found[0, 6:], [3 * 8, (3 + len(BANDS) - 1) * 8])
    by_signal = (means.reshape(8, 3), powers.reshape(8, -1), lags.reshape(8, -1))
    return [part[6] for part in by_signal]


@pytest.mark.parametrize("hertz", [0.5, 1.2, 2.0, 3.0, 5.0, 9.0])
def test_a_sine_is_found_in_its_band_at_any_length(hertz):
    for length in (100, 128, 300):
        x = np.zeros((1, 1, 6, length))
        x[0, 0, 0] = 2 + np.sin(2 * np.pi * hertz * np.arange(length) / 50)  # norm = this channel
        (mean, spread, _), powers, _ = of_norm(statistics(x))
        assert_allclose([mean, np.exp(spread)], [2, np.sqrt(0.5)], atol=0.2)
        assert powers.argmax() == np.searchsorted(BANDS, hertz / 50) - 1


def test_a_period_is_found_by_its_lag():
    x = np.zeros((1, 1, 6, 500))
    x[0, 0, 0] = 2 + np.sin(2 * np.pi * np.arange(500) / 20)
    *_, lags = of_norm(statistics(x))
    assert lags[LAGS.index(20)] > 0.9 and lags[LAGS.index(10)] < -0.9
    assert abs(lags[LAGS.index(5)]) < 0.1


@given(st.integers(1, 200), st.sampled_from([1, 2, 3, 6, 9]), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_any_length_and_any_number_of_channels_give_finite_numbers(length, channels, seed):
    x = np.random.default_rng(seed).normal(size=(2, 1, channels, length)).astype(np.float32)
    x[1] = 0.0
    found = statistics(x)
    signals = channels + channels // 3 * (channels % 3 == 0)
    assert found.shape[1] == PER_SIGNAL * signals + (channels if channels % 3 == 0 else 0)
    assert np.isfinite(found).all()


def test_norms_do_not_depend_on_the_mounting():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 1, 6, 128))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turned = np.einsum("ij,nsajt->nsait", turn, x.reshape(1, 1, 2, 3, 128)).reshape(x.shape)
    for part, same in zip(of_norm(statistics(x)), of_norm(statistics(turned)), strict=True):
        assert_allclose(part, same, atol=1e-6)


def windows(sites=SITES, seed=0):
    rng = np.random.default_rng(seed)
    y = np.tile(["rest", "shake"], 12)
    scale = np.where(y == "shake", 3.0, 0.1)
    x = scale[:, None, None] * rng.normal(size=(24, 6 * len(sites), 128))
    x[:, 2] += 9.8
    return Windows(imu=x, rate=50.0, channels=channel_names(sites)), y


def test_sites_may_come_in_another_order():
    X, y = windows()
    model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)
    swapped = Windows(
        imu=np.roll(X["imu"], 6, axis=1), rate=50.0, channels=channel_names(SITES[::-1])
    )
    assert_array_equal(model.predict_proba(swapped), model.predict_proba(X))


def test_only_a_regression_reads_them():
    X, y = windows(SITES[1:])
    ensemble = Multi3NetClassifier("m3n-base", max_epochs=1, random_state=0).fit(X, y)
    assert not any(member["statistics"] for member in ensemble.config_["members"])
    whole = clone(ensemble).set_params(strategy="frozen").fit(X, y)
    encoder_alone = clone(whole).set_params(statistics=False).fit(X, y)
    learned = encoder_alone.examples_.features
    assert whole.examples_.features.shape[2] == learned.shape[2] + PER_SIGNAL * 8 + 6
    assert_array_equal(whole.examples_.features[..., : learned.shape[2]], learned)


def test_their_share_of_the_variance_does_not_depend_on_their_number():
    from m3n_sklearn.classification._closed_form import closed_form_head

    rng = np.random.default_rng(0)
    learned, one = rng.normal(size=(40, 5)), rng.normal(size=(40, 1))
    codes = rng.integers(0, 3, 40)
    logits = []
    for copies, constants in ((1, 0), (7, 0), (1, 20)):
        rows = np.hstack([learned, np.repeat(one, copies, axis=1), np.full((40, constants), 3.0)])
        W, b = closed_form_head(rows, codes, np.ones(40), 3, 1.0, n_learned=5)
        logits.append(rows @ W.T + b)
    assert_allclose(logits[0], logits[1], atol=1e-3)
    assert_allclose(logits[0], logits[2], atol=1e-9)


def test_what_only_rounding_tells_apart_is_no_evidence():
    rng = np.random.default_rng(0)
    X, y = windows(SITES[1:])
    still = X["imu"].copy()
    still[:, 3:] = 0.02 * rng.normal(size=(24, 3, 1))  # a gyroscope that reads its offset only
    X = Windows(imu=still, rate=50.0, channels=X.channels)
    model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)
    nearly = Windows(
        imu=still + 1e-6 * rng.normal(size=still.shape), rate=50.0, channels=X.channels
    )
    assert_allclose(model.predict_proba(nearly), model.predict_proba(X), atol=1e-2)
    moved = still.copy()
    moved[:, 3:] += 0.3 * rng.normal(size=(24, 3, 128))
    moving = Windows(imu=moved, rate=50.0, channels=X.channels)
    assert model.score(moving, y) > 0.9


def test_teaching_with_sites_in_another_order_is_teaching():
    X, y = windows()
    given = {"pretrainer": "m3n-base", "strategy": "frozen", "random_state": 0}
    new = Windows(imu=X["imu"] + 0.5, rate=50.0, channels=X.channels)
    swapped = Windows(
        imu=np.roll(new["imu"], 6, axis=1), rate=50.0, channels=channel_names(SITES[::-1])
    )
    taught = [
        Multi3NetClassifier(**given).fit(X, y).teach(shown, y).predict_proba(X)
        for shown in (new, swapped)
    ]
    assert_array_equal(*taught)


@pytest.mark.parametrize("hertz", [6.8, 7.7, 8.3, 9.7])
def test_no_frequency_is_missed_in_a_long_window(hertz):
    powers = []
    for length in (128, 600):
        x = np.zeros((1, 1, 6, length))
        x[0, 0, 0] = 2 + np.sin(2 * np.pi * hertz * np.arange(length) / 50)
        powers.append(of_norm(statistics(x))[1].max())
    assert powers[1] > powers[0] - 2.0
