from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.pretraining import Augmentation
from m3n_sklearn.pretraining._augmentation import (
    CONE,
    FINE_TUNING,
    PRETRAINING,
    gravity_track,
    resolve_augmentation,
)

QUIET = Augmentation("so3", noise=0, shortest=1)


def batch(n: int = 6, sites: int = 2, length: int = 20, seed: int = 0) -> tuple:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, sites, 6, length)), np.ones((n, sites, 2), dtype=bool)


@given(st.sampled_from(["so3", "cone"]), st.integers(0, 99))
def test_acc_and_gyro_of_a_sensor_turn_together(rotation: str, seed: int) -> None:
    x, present = batch(seed=seed)
    y, _ = replace(QUIET, rotation=rotation)(x, present, np.random.default_rng(seed))
    before, after = (v.reshape(6, 2, 2, 3, 20) for v in (x, y))
    # inner products within and between the triads do not change, nor does handedness
    gram = np.einsum("nsait,nsbiu->nsabtu", before, before)
    assert np.allclose(np.einsum("nsait,nsbiu->nsabtu", after, after), gram)
    volume = np.linalg.det(before[:, :, 0, :, :3])
    assert np.allclose(np.linalg.det(after[:, :, 0, :, :3]), volume)
    assert not np.allclose(y, x)


def test_cone_stays_in_its_cone_but_for_watches_strapped_the_other_way() -> None:
    up = np.zeros((4000, 1, 6, 1))
    up[:, 0, 2] = 1.0
    present = np.ones((4000, 1, 2), dtype=bool)
    cone = replace(QUIET, rotation="cone", strap_flip=0.0)
    y, _ = cone(up, present, np.random.default_rng(0))
    assert (y[:, 0, 2, 0] >= np.cos(CONE) - 1e-9).all()
    assert y[:, 0, 2, 0].min() < np.cos(0.9 * CONE)
    side = np.roll(up, -2, axis=2)
    y, _ = replace(cone, strap_flip=0.25)(side, present, np.random.default_rng(0))
    assert np.mean(y[:, 0, 0, 0] < 0) == pytest.approx(0.25, abs=0.03)


def test_so3_is_uniform() -> None:
    up = np.zeros((4000, 1, 6, 1))
    up[:, 0, 2] = 1.0
    y, _ = QUIET(up, np.ones((4000, 1, 2), dtype=bool), np.random.default_rng(0))
    moment = np.einsum("ni,nj->ij", y[:, 0, :3, 0], y[:, 0, :3, 0]) / 4000
    assert np.allclose(moment, np.eye(3) / 3, atol=0.03)


def test_noise_and_bias_have_the_given_size() -> None:
    noisy = Augmentation(None, shortest=1)
    x, present = np.zeros((800, 1, 6, 50)), np.ones((800, 1, 2), dtype=bool)
    y, _ = noisy(x, present, np.random.default_rng(0))
    acc, gyro = 9.80665 * y[:, 0, :3], 5.0 * y[:, 0, 3:]
    assert acc.std(axis=2).mean() == pytest.approx(0.3, rel=0.05)
    assert acc.mean(axis=2).std() == pytest.approx(0.4, rel=0.05)
    assert gyro.std(axis=2).mean() == pytest.approx(0.05, rel=0.05)
    assert gyro.mean(axis=2).std() == pytest.approx(0.035, rel=0.05)
    half, _ = replace(noisy, noise=0.5)(x, present, np.random.default_rng(0))
    assert np.allclose(half, 0.5 * y, atol=1e-6)


def test_dropout_never_leaves_a_row_without_a_sensor() -> None:
    x, present = batch(500)
    present[:100, 1] = False
    harsh = replace(PRETRAINING, gyro_dropout=0.9, site_dropout=0.9)
    _, kept = harsh(x, present, np.random.default_rng(0))
    assert kept.any(axis=(1, 2)).all()
    assert not (kept & ~present).any()
    assert (~kept[100:].any(axis=2)).any()


@given(st.integers(1, 30), st.integers(0, 50))
def test_crops_are_windows_of_the_row(length: int, seed: int) -> None:
    x = np.arange(5 * length, dtype=float).reshape(5, 1, 1, length).repeat(6, axis=2)
    crop = Augmentation(None, noise=0, shortest=0.5)
    y, _ = crop(x, np.ones((5, 1, 2), dtype=bool), np.random.default_rng(seed))
    assert length / 2 <= y.shape[-1] <= length
    assert (np.diff(y, axis=-1) == 1).all()
    assert np.isin(y[:, 0, 0], x[:, 0, 0]).all()


def swinging(rate: float, pace: float = 1.0, seconds: float = 2.0) -> np.ndarray:
    """Return readings (1, 1, 6, T), in network units, of a sensor that swings about x."""
    t = pace * np.arange(round(seconds * rate / pace)) / rate
    angle, turn = 0.8 * np.sin(4 * t), pace * 3.2 * np.cos(4 * t)
    push = pace**2 * 0.3 * np.sin(9 * t)  # along world y, in g
    zero = np.zeros_like(t)
    acc = [
        zero,
        np.sin(angle) + push * np.cos(angle),
        np.cos(angle) - push * np.sin(angle),
    ]
    return np.stack([*acc, turn / 5.0, zero, zero])[None, None]


def test_gravity_follows_the_gyro() -> None:
    x, present = swinging(200.0), np.ones((1, 1, 2), dtype=bool)
    angle = 0.8 * np.sin(4 * np.arange(400) / 200.0)
    truth = np.stack([0 * angle, np.sin(angle), np.cos(angle)])
    error = np.abs(gravity_track(x, present, 200.0)[0, 0] - truth).max()
    assert error < 0.1
    without = gravity_track(x, np.array([[[True, False]]]), 200.0)
    assert np.allclose(without, x[:, :, :3].mean(axis=-1, keepdims=True))
    assert np.abs(without[0, 0] - truth).max() > 0.5


def test_tempo_is_that_of_a_faster_motion() -> None:
    rate, speed = 100.0, 1.25
    slow, present = swinging(rate), np.ones((1, 1, 2), dtype=bool)
    tempo = Augmentation(None, noise=0, shortest=0.8, tempo=4.0)
    for seed in range(200):  # until the drawn crop is one that such a speed just fits into
        y, _ = tempo(slow, present, np.random.default_rng(seed), rate=rate)
        expected = swinging(rate, (slow.shape[-1] - 1) / (y.shape[-1] - 1))
        if np.allclose(y[0, 0, 3], expected[0, 0, 3, : y.shape[-1]], atol=0.02):
            break
    else:
        pytest.fail("no draw reached the fastest speed")
    pace = (slow.shape[-1] - 1) / (y.shape[-1] - 1)
    assert 1 < pace <= speed
    assert np.allclose(y[0, 0, 1:3], expected[0, 0, 1:3, : y.shape[-1]], atol=0.04)


def test_amplitude_spares_gravity() -> None:
    still = np.zeros((30, 1, 6, 40))
    still[:, 0, 2] = 1.0
    present = np.ones((30, 1, 2), dtype=bool)
    larger = replace(QUIET, rotation=None, amplitude=0.3)
    assert np.allclose(larger(still, present, np.random.default_rng(0))[0], still)
    moving = still + np.random.default_rng(1).standard_normal(still.shape) * 0.2
    y, _ = larger(moving, present, np.random.default_rng(0), rate=50.0)
    factor = y[:, 0, 3].std(axis=1) / moving[:, 0, 3].std(axis=1)
    assert factor.std() == pytest.approx(0.3, rel=0.4)
    assert np.allclose(y[:, 0, 3:], factor[:, None, None] * moving[:, 0, 3:])


def test_input_and_dtype_are_kept() -> None:
    x, present = batch()
    single = x.astype(np.float32)
    before, mask = single.copy(), present.copy()
    everything = replace(PRETRAINING, tempo=1.25, amplitude=0.1)
    nothing = Augmentation(None, noise=0, shortest=1)
    for augmentation in (PRETRAINING, everything, replace(everything, rotation="so3"), nothing):
        y, _ = augmentation(single, present, np.random.default_rng(0), rate=50.0)
        assert y.dtype == np.float32
        assert np.isfinite(y).all()
        assert np.array_equal(single, before)
        assert np.array_equal(present, mask)


def test_resolving() -> None:
    assert resolve_augmentation("auto", PRETRAINING, series=False) is PRETRAINING
    assert resolve_augmentation("auto", PRETRAINING, series=True) is None
    assert resolve_augmentation(None, PRETRAINING, series=False) is None
    assert resolve_augmentation(QUIET, FINE_TUNING, series=False) is QUIET
    assert resolve_augmentation("cone", PRETRAINING, series=False).rotation == "cone"
    with pytest.raises(ValueError, match="generic series"):
        resolve_augmentation("so3", PRETRAINING, series=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rotation": "roll"}, "rotation must be"),
        ({"tempo": 0.9}, "tempo is a factor of at least 1"),
        ({"amplitude": -0.1}, "amplitude must be at least 0"),
        ({"strap_flip": 1.5}, "strap_flip is a probability"),
        ({"noise": -1.0}, "noise must be at least 0"),
        ({"shortest": 0.0}, r"shortest must be in.*\(0, 1\]"),
    ],
)
def test_wrong_parameters(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Augmentation(**wrong)
