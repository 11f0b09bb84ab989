"""Labels, weights, warm start, callbacks, reproducibility and the state left behind."""

from __future__ import annotations

import pickle
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback, EarlyStopping

from m3n_sklearn import Windows, load
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.recording import channel_names

from ..wrists import CAPTIONS, RATE, classifier, holds_torch, pretrained, pretrainer, wrist_data


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        ["b", "a", "c"],
        [3, -1, 7],
        [0.0, 2.0, 1.0],
        np.array(["b", "a", "c"], dtype=object),
        np.array(["2021", "2020", "2022"], dtype="datetime64[Y]").astype(str),
    ],
    ids=str,
)
def test_labels_of_any_kind_come_back(names):
    X, y, _ = wrist_data()
    labels = np.asarray(names)[np.unique(y, return_inverse=True)[1]]
    fitted = classifier(max_epochs=40).fit(X, labels)
    np.testing.assert_array_equal(fitted.classes_, np.unique(labels))
    predicted = fitted.predict(X)
    assert predicted.dtype == labels.dtype
    assert np.mean(predicted == labels) > 0.8


@pytest.mark.parametrize("strategy", ["scratch", "frozen"])
def test_one_window_of_each_class_is_learned_from_in_silence(strategy):
    X, y, _ = wrist_data()
    source = FrozenEstimator(pretrained()) if strategy == "frozen" else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = classifier(source, strategy=strategy).fit(X[:3], y[:3])
    assert fitted.classes_.tolist() == sorted(y[:3])


def test_booleans_and_a_single_class():
    X, y, _ = wrist_data()
    assert classifier(max_epochs=1).fit(X, y == "rest").predict(X).dtype == bool
    for source, strategy in [(None, "scratch"), (FrozenEstimator(pretrained()), "finetune")]:
        alone = classifier(source, strategy=strategy, max_epochs=1).fit(X, ["rest"] * len(X))
        assert set(alone.predict(X)) == {"rest"}
        np.testing.assert_array_equal(alone.predict_proba(X), np.ones((len(X), 1)))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed.*zero_shot"),
        (["a"] * 5, "inconsistent numbers of samples"),
        (np.linspace(0, 1, 21), "Unknown label type.*continuous"),
        ([np.nan] + [1.0] * 20, "y is None or NaN"),
    ],
)
def test_wrong_labels_are_named(y, message):
    X, _, _ = wrist_data()
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, y)


def test_weights_are_checked():
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match=r"at least one non-zero|weight of zero"):
        classifier().fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(ValueError, match="every row a weight of zero"):
        classifier(class_weight=dict.fromkeys(set(y), 0.0)).fit(X, y)
    with pytest.raises(ValueError, match="Negative values"):
        classifier().fit(X, y, sample_weight=-np.ones(len(y)))
    with pytest.raises(ValueError, match=r"class_weight names.*'rest'"):
        classifier(class_weight={"jump": 2}).fit(X, y)
    with pytest.raises(ValueError, match="groups must have one entry per window"):
        classifier().fit(X, y, groups=[1, 2])


def series(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    y = np.arange(n) % 3
    return X + y[:, None], y


@pytest.mark.slow
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0}])
@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune"])
def test_a_weight_of_two_is_a_row_given_twice(strategy, class_weight):
    X, y = series()
    weight = np.arange(len(y)) % 4 % 3
    source = None if strategy == "scratch" else FrozenEstimator(pretrainer().fit(X))
    model = classifier(source, strategy=strategy, class_weight=class_weight, max_epochs=20)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    rows = np.repeat(np.arange(len(y)), weight)
    repeated = clone(model).fit(X[rows], y[rows])
    tolerance = 1e-6 if strategy == "scratch" else 1e-4
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=tolerance)


@pytest.mark.parametrize("strategy", ["auto", "frozen"])
def test_weights_that_sum_to_one_are_shares(strategy):
    X, y, _ = wrist_data()
    model = classifier(FrozenEstimator(pretrained()), strategy=strategy, max_epochs=2)
    weight = np.arange(len(y)) % 4 / 2.0
    rows = weight > 0
    plain = clone(model).fit(X[rows], y[rows], sample_weight=weight[rows] / weight[rows].mean())
    shares = clone(model).fit(X, y, sample_weight=weight / weight.sum())
    assert shares.strategy_ == plain.strategy_ == ("ensemble" if strategy == "auto" else strategy)
    np.testing.assert_allclose(shares.predict_proba(X), plain.predict_proba(X), atol=1e-4)


def test_auto_counts_a_weight_of_two_twice():
    X, y, _ = wrist_data()
    source, few = FrozenEstimator(pretrained()), np.arange(6)
    told = {c: f"doing {c}" for c in np.unique(y).tolist()}
    model = classifier(source, max_epochs=1, descriptions=told)
    assert clone(model).fit(X[few], y[few]).strategy_ == "finetune"
    assert clone(model).fit(X[few], y[few], sample_weight=np.full(6, 2)).strategy_ == "ensemble"
    assert clone(model).fit(X[few], y[few], sample_weight=np.full(6, 0.1)).strategy_ == "finetune"


def test_a_class_without_weight_is_known_and_never_expected():
    X, y = series()
    source = FrozenEstimator(pretrainer().fit(X))
    fitted = classifier(source, strategy="frozen").fit(X, y, sample_weight=(y != 1).astype(float))
    proba = fitted.predict_proba(X)
    assert fitted.classes_.tolist() == [0, 1, 2] and proba[:, 1].max() < 1e-6


def test_class_weight_shifts_the_balance():
    X, y, _ = wrist_data()
    rows = np.r_[np.flatnonzero(y == "rest")[:1], np.flatnonzero(y != "rest")]
    plain = classifier().fit(X[rows], y[rows]).predict_proba(X)[:, 0].mean()
    heavy = classifier(class_weight={"rest": 20.0}).fit(X[rows], y[rows]).predict_proba(X)
    assert heavy[:, 0].mean() > plain


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_groups_are_refused(missing):
    X, y, groups = wrist_data()
    some = groups.astype(object)
    some[:3] = missing
    with pytest.raises(ValueError, match="groups must be known for every window"):
        classifier().fit(X, y, groups=some)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("dtype", [object, "string"])
def test_labels_that_are_missing_are_refused(missing, dtype):
    X, y, _ = wrist_data()
    labels = pd.Series(y).astype(dtype)
    labels[0] = missing
    with pytest.raises(ValueError, match="y is None or NaN in some rows"):
        classifier().fit(X, labels)


@pytest.mark.parametrize("rate", [0.02, 1e6])
def test_a_period_is_no_rate(rate):
    X, y, _ = wrist_data()
    imu = np.asarray(X["imu"])
    for given in (imu, Windows(imu=imu, rate=rate)):
        known = {} if isinstance(given, Windows) else {"rate": rate}
        with pytest.raises(ValueError, match="rate of 'imu' must lie between"):
            classifier("m3n-base", strategy="frozen", **known).fit(given, y)
    fitted = classifier().fit(X, y)
    with pytest.raises(ValueError, match="rate of 'imu' must lie between"):
        fitted.predict(Windows(imu=imu, rate=rate))


def test_warm_start_goes_on_and_refuses_other_classes():
    X, y, _ = wrist_data()
    warm = classifier(warm_start=True, max_epochs=3).fit(X, y)
    first = warm.weights_
    warm.set_params(lr=1e-12).fit(X, y)
    assert warm.n_iter_ == 6 and [e["epoch"] for e in warm.history_] == [4, 5, 6]
    for name, array in warm.weights_.items():
        np.testing.assert_allclose(array, first[name], atol=1e-6)
    with pytest.raises(ValueError, match="same classes and channels"):
        warm.fit(X, np.where(y == "rest", "sit", y))
    with pytest.raises(ValueError, match="same classes and channels"):
        warm.fit(Windows(imu=X["imu"][:, :3], rate=RATE), y)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({}, {"head": "moe"}, "head"),
        ({}, {"label_at": "center", "head": "moe"}, "head, label_at"),
        ({}, {"pretrainer": "frozen"}, "pretrainer"),
        ({}, {"pretrainer__width": 8}, "pretrainer"),
        ({"pretrainer": "frozen"}, {"strategy": "scratch"}, "strategy"),
        ({"pretrainer": "frozen"}, {"pretrainer": "other"}, "pretrainer"),
        ({"pretrainer": "nested"}, {"pretrainer__width": 8}, "pretrainer"),
        ({"pretrainer": "frozen", "strategy": "auto"}, {"descriptions": CAPTIONS}, "descriptions"),
    ],
)
def test_warm_start_refuses_another_network(before, after, changed, tmp_path):
    X, y, _ = wrist_data(3)
    sources = {
        "frozen": FrozenEstimator(pretrained()),
        "other": FrozenEstimator(pretrainer(max_epochs=1).fit(X)),
        "nested": pretrainer(max_epochs=1),
    }
    if "pretrainer" in before:
        before = {"strategy": "finetune", **before}
    before, after = (
        {name: sources.get(str(value), value) for name, value in params.items()}
        for params in (before, after)
    )
    rows = np.repeat(np.arange(len(y)), 2)  # enough for an ensemble
    X, y = X[rows], y[rows]
    warm = classifier(warm_start=True, max_epochs=1).set_params(**before).fit(X, y)
    expected = warm.predict_proba(X)
    warm.save(tmp_path / "warm")
    for again in (warm, pickle.loads(pickle.dumps(warm)), load(tmp_path / "warm")):
        with pytest.raises(ValueError, match=f"other values of {changed}.*warm_start=False"):
            again.set_params(**after).fit(X, y)
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    assert warm.set_params(warm_start=False).fit(X, y).n_iter_ < 3


def test_warm_start_of_bare_arrays_goes_on_with_the_sites_of_the_pretrainer():
    X, y, _ = wrist_data(3)
    warm = classifier(FrozenEstimator(pretrained()), strategy="finetune", rate=RATE, max_epochs=1)
    warm.set_params(warm_start=True).fit(X["imu"], y)
    assert warm.input_.layout.sites == ("right_wrist",)
    assert warm.fit(X["imu"], y).n_iter_ == 2


@pytest.mark.slow
def test_warm_start_goes_on_with_the_same_pretrainer_in_a_new_wrapper(tmp_path):
    X, y, _ = wrist_data(3)
    pretrained().transform(X)
    described = {np.str_(label): (np.str_(text),) for label, text in CAPTIONS.items()}
    warm = classifier(FrozenEstimator(pretrained()), strategy="finetune", max_epochs=1)
    warm.set_params(descriptions=described, warm_start=True).fit(X, y).save(tmp_path / "warm")
    assert warm.set_params(pretrainer=FrozenEstimator(pretrained())).fit(X, y).n_iter_ == 2
    assert load(tmp_path / "warm").fit(X, y).n_iter_ == 2


@pytest.mark.parametrize(
    "change", [{"class_weight": {"rest": 9.0}}, {"augment": "so3"}, {"lr": 0.1}]
)
def test_warm_start_takes_what_the_training_is_told(change):
    X, y, _ = wrist_data(3)
    X, y = X[2:], y[2:]
    warm = classifier(warm_start=True, max_epochs=1).fit(X, y)
    same, other = (pickle.loads(pickle.dumps(warm)) for _ in range(2))
    same, other = same.fit(X, y), other.set_params(**change).fit(X, y)
    assert not np.array_equal(same.predict_proba(X), other.predict_proba(X))


def test_frozen_has_nothing_to_go_on_from():
    X, y, _ = wrist_data(3)
    model = classifier(FrozenEstimator(pretrained()), strategy="frozen", warm_start=True)
    expected = clone(model).set_params(strategy="finetune", max_epochs=1).fit(X, y).predict_proba(X)
    model.fit(X, y).set_params(strategy="finetune", max_epochs=1).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_a_fit_that_fails_leaves_the_last_one_as_it_was(failure, monkeypatch):
    from m3n_sklearn.classification import _classifier

    X, y, _ = wrist_data(3)
    fitted = classifier(max_epochs=1).fit(X, y)
    expected, labels = fitted.predict_proba(X), fitted.predict(X)

    def fail(*args, **kwargs):
        raise failure

    monkeypatch.setattr(_classifier, "train_members", fail)
    with pytest.raises(failure):
        fitted.fit(Windows(imu=X["imu"][:, :3], rate=RATE), np.char.add(y, "!"))
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)
    np.testing.assert_array_equal(fitted.predict(X), labels)
    new = classifier()
    with pytest.raises(failure):
        new.fit(X, y)
    assert not hasattr(new, "classes_") and not hasattr(new, "n_features_in_")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    X, y, _ = wrist_data()
    fitted = classifier(max_epochs=1).fit(X["imu"].astype(dtype), y)
    assert fitted.predict_proba(X["imu"].astype(dtype)).dtype == dtype
    assert {a.dtype for a in fitted.weights_.values()} == {np.dtype(dtype)}


@pytest.mark.slow
def test_same_seed_same_bits_and_global_states_untouched():
    X, y, _ = wrist_data(24)  # two batches
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    threads = torch.get_num_threads()
    a = classifier().fit(X, y)
    b = clone(a).fit(X, y)
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
    assert torch.equal(states[0], torch.get_rng_state()) and threads == torch.get_num_threads()
    assert np.array_equal(states[1], np.random.get_state()[1]) and states[2] == random.getstate()
    other = clone(a).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(a.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune", "zero_shot", "guided"])
@pytest.mark.parametrize("head", ["linear", "moe"])
def test_files_and_pickles_keep_predictions_and_carry_no_torch(strategy, head, tmp_path):
    X, y, _ = wrist_data()
    source = None if strategy == "scratch" else FrozenEstimator(pretrained())
    words = CAPTIONS if head == "linear" or strategy in ("zero_shot", "guided") else None
    fitted = classifier(source, strategy=strategy, head=head, descriptions=words, max_epochs=2)
    fitted.fit(X, y)
    expected = fitted.predict_proba(X)
    content = pickle.dumps(fitted)
    assert not holds_torch(content) and b"cuda" not in content
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.save(tmp_path / "c.safetensors")
    for back in (
        pickle.loads(content),
        load(tmp_path / "c.safetensors"),
        Multi3NetClassifier.load(tmp_path / "c.safetensors"),
    ):
        np.testing.assert_array_equal(back.predict_proba(X), expected)
        np.testing.assert_array_equal(back.predict_proba(X["imu"]), expected)
        assert back.predict(X).dtype == y.dtype
        assert back.strategy == strategy and back.classes_.tolist() == fitted.classes_.tolist()
    again = load(tmp_path / "c.safetensors").fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), expected)


def test_wrong_windows_are_named():
    X, y, _ = wrist_data()
    bad = X["imu"].copy()
    bad[3, 0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        classifier().fit(bad, y)
    with pytest.raises(ValueError, match="no column 'imu'"):
        classifier().fit(Windows(text=["a"] * len(y)), y)
    fitted = classifier(max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="3 channels, but Multi3NetClassifier is expecting 6"):
        fitted.predict(X["imu"][:, :3])
    with pytest.raises(ValueError, match=r"windows are \(n, channels, samples\)"):
        classifier().fit(X["imu"][..., None], y)


def test_windows_of_another_length_are_predicted():
    X, y, _ = wrist_data()
    longer, labels, _ = wrist_data(n_times=70, seed=3)
    fitted = classifier(max_epochs=40).fit(X, y)
    assert fitted.score(longer, labels) > 0.8


# ---- callbacks


class Recorder(Callback):
    """Count epochs, and write their number to the history."""

    def initialize(self):
        self.count_ = 0
        return self

    def on_epoch_end(self, net, **kwargs):
        self.count_ += 1
        net.history.record("seen", self.count_)


@pytest.mark.parametrize("strategy", ["scratch", "finetune", "auto"])
def test_each_network_is_trained_with_its_own_callbacks(strategy):
    X, y, _ = wrist_data()
    source, mine = FrozenEstimator(pretrained()), Recorder()
    model = classifier(source, strategy=strategy, max_epochs=3, callbacks=[mine])
    fitted = clone(model).set_params(callbacks=[mine]).fit(X, y)
    expected = [1, 2, 3] * (2 if strategy == "auto" else 1)
    assert [epoch["seen"] for epoch in fitted.history_] == expected
    assert not hasattr(mine, "count_")  # parameters are left alone
    plain = clone(model).set_params(callbacks=None).fit(X, y)
    np.testing.assert_array_equal(plain.predict_proba(X), fitted.predict_proba(X))


def test_callbacks_cannot_be_saved_in_a_file(tmp_path):
    X, y, _ = wrist_data()
    fitted = classifier(max_epochs=1, callbacks=[Recorder()]).fit(X, y)
    with pytest.warns(UserWarning, match="callbacks=list"):
        fitted.save(tmp_path / "c.safetensors")
    assert load(tmp_path / "c.safetensors").callbacks is None


def test_early_stopping_on_the_training_loss():
    X, y, _ = wrist_data()
    patient = EarlyStopping(monitor="train_loss", patience=2)
    fitted = classifier(max_epochs=60, lr=0.05, augment=None, callbacks=[patient]).fit(X, y)
    assert fitted.n_iter_ == len(fitted.history_) < 60


def test_what_is_not_a_callback_is_refused():
    X, y, _ = wrist_data()
    with pytest.raises(TypeError, match=r"callbacks\[0\] must be an instance of skorch"):
        classifier(max_epochs=1, callbacks=[print]).fit(X, y)


def test_named_channels_of_a_series_must_be_those_of_fit():
    X, y = np.random.default_rng(0).normal(size=(12, 2, 20)), np.arange(12) % 2
    names = ["series_0", "series_1"]
    fitted = classifier(strategy="scratch", max_epochs=1).fit(Windows(imu=X, channels=names), y)
    assert len(fitted.predict(X)) == len(X)
    for other in (names[::-1], ["series_heart", "series_1"]):
        with pytest.raises(ValueError, match="but the classifier was fitted on series_0, series_1"):
            fitted.predict(Windows(imu=X, channels=other))


def test_a_warm_start_reads_sites_in_any_order():
    X = np.random.default_rng(0).normal(size=(12, 12, 20)).astype("f4")
    X[:, [2, 8]] += 9.8
    y, names = np.arange(12) % 2, channel_names("left_wrist") + channel_names("chest")
    turned = Windows(imu=np.roll(X, 6, axis=1), channels=names[6:] + names[:6], rate=20.0)
    results = []
    for again in (Windows(imu=X, channels=names, rate=20.0), turned):
        model = classifier(strategy="scratch", max_epochs=1, warm_start=True)
        model.fit(Windows(imu=X, channels=names, rate=20.0), y).fit(again, y)
        results.append(model.predict_proba(turned))
    assert_array_equal(*results)
    other = Windows(imu=X, channels=names[:6] + channel_names("left_shin"), rate=20.0)
    with pytest.raises(ValueError, match="can only continue with the same classes and channels"):
        model.fit(other, y)


@pytest.mark.parametrize("augment", ["cone", "so3"])
def test_inverted_axes_are_named_unless_the_mounting_is_unknown(frozen, augment):
    X, y, _ = wrist_data()
    fitted = classifier(frozen, strategy="frozen", augment=augment).fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted.predict(Windows(imu=-X["imu"], rate=RATE, channels=X.channels))
    told = any("Gravity points the other way" in str(w.message) for w in caught)
    assert told == (augment == "cone")
