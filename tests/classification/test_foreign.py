"""Encoders of others: as transformers, alone under a classifier, and as members of an ensemble."""

from __future__ import annotations

import io
import pickle

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import m3n_sklearn
from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.classification import ForeignEncoder
from m3n_sklearn.deploy import export
from m3n_sklearn.evaluation import Method, few_label_study, load_scores
from m3n_sklearn.recording import channel_names, resample_windows

from ..wrists import RATE, pretrained, wrist_data

X, Y, GROUPS = wrist_data()
G = 9.80665


class Net(nn.Module):
    """Windows (n, C, T) -> features (n, 5); counts its calls, drops out in training."""

    def __init__(self, n_channels=6, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.linear = nn.Linear(2 * n_channels, 5)
        self.dropout = nn.Dropout(0.9)

    def forward(self, x):
        assert x.dtype == torch.float32 and not torch.is_grad_enabled()
        both = torch.cat([x.mean(dim=2), x.std(dim=2)], dim=1)
        return self.dropout(torch.relu(self.linear(both)))


def spread(windows):
    """Return features as a function of somebody else does."""
    return np.concatenate([windows.mean(axis=2), windows.std(axis=2)], axis=1)


def what_is_read(windows, **params):
    """Return the windows that a module gets."""
    seen = []

    def look(x):
        seen.append(x.copy())
        return x.reshape(len(x), -1)[:, :1]

    encoder = ForeignEncoder(look, **params).fit(windows)
    seen.clear()
    encoder.transform(windows)
    return np.concatenate(seen)


def test_units_rate_and_sensors_are_those_of_the_module():
    read = what_is_read(X, rate=RATE)
    assert read.dtype == np.float32
    assert_allclose(read, X["imu"], rtol=1e-6, atol=1e-6)
    slow = resample_windows(X["imu"], RATE, 20.0)
    read = what_is_read(X, rate=20.0, acc_unit="g", gyro_unit="deg/s")
    assert_allclose(read[:, :3], slow[:, :3] / G, rtol=1e-5, atol=1e-5)
    assert_allclose(read[:, 3:], np.rad2deg(slow[:, 3:]), rtol=1e-4, atol=1e-3)
    read = what_is_read(X, rate=RATE, sensors=("gyro", "acc"))
    assert_allclose(read, X["imu"][:, [3, 4, 5, 0, 1, 2]], rtol=1e-6, atol=1e-6)
    assert what_is_read(X, rate=RATE, sensors=["acc"]).shape[1] == 3


def test_short_windows_repeat_and_long_ones_are_cut_into_pieces():
    imu = np.zeros((1, 6, 50), np.float32)
    imu[0, 2] = np.arange(50) + 1
    windows = Windows(imu=imu, rate=RATE, channels=channel_names("right_wrist"))
    read = what_is_read(windows, rate=RATE, seconds=1.2)
    assert_allclose(read[0, 2], [*range(1, 51), *range(1, 11)], rtol=1e-6)
    read = what_is_read(windows, rate=RATE, seconds=0.4)  # 20 samples, three times
    assert_allclose(read[:, 2], np.array([[1], [16], [31]]) + np.arange(20), rtol=1e-6)
    first = ForeignEncoder(lambda x: x[:, 2, :1], rate=RATE, seconds=0.4).fit(windows)
    assert_allclose(first.transform(windows), [[16.0]], rtol=1e-6)  # the mean of three


def test_features_of_several_sites_stand_in_the_order_of_fit():
    two = np.concatenate([X["imu"], 2 * X["imu"]], axis=1)
    names = [*channel_names("left_wrist"), *channel_names("right_wrist")]
    both = Windows(imu=two, rate=RATE, channels=names)
    turned = Windows(imu=np.roll(two, 6, axis=1), rate=RATE, channels=[*names[6:], *names[:6]])
    encoder = ForeignEncoder(spread, rate=RATE).fit(both)
    features = encoder.transform(both)
    assert features.shape == (len(X), 24) == (len(X), len(encoder.get_feature_names_out()))
    assert_allclose(features[:, 12:], 2 * features[:, :12], rtol=1e-4, atol=1e-5)
    assert_array_equal(encoder.transform(turned), features)
    with pytest.raises(ValueError, match="is expecting 12"):
        encoder.transform(X)
    model = Multi3NetClassifier(ForeignEncoder(spread, rate=RATE), strategy="frozen").fit(both, Y)
    assert_array_equal(model.predict_proba(turned), model.predict_proba(both))


def test_in_a_pipeline():
    module = Net().train()
    probe = make_pipeline(ForeignEncoder(module, rate=25.0), StandardScaler(), LogisticRegression())
    fitted = clone(probe).fit(X, Y)
    assert fitted.score(X, Y) > 0.9
    assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(X))  # no dropout
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("module", [Net(), spread], ids=["torch", "function"])
def test_frozen_is_a_regression_on_its_features(module):
    encoder = ForeignEncoder(module, rate=20.0, seconds=0.5, acc_unit="g")
    model = Multi3NetClassifier(encoder, strategy="frozen", statistics=False, random_state=0).fit(
        X, Y
    )
    features = encoder.fit_transform(X)
    assert_allclose(model.examples_.features[0], features, rtol=1e-4, atol=1e-5)
    scaled = StandardScaler().fit(features.astype(float))
    expected = LogisticRegression(C=0.1, max_iter=1000, tol=1e-6)
    expected.fit(scaled.transform(features.astype(float)), Y)
    proba = expected.predict_proba(scaled.transform(features.astype(float)))
    assert_allclose(model.predict_proba(X), proba, atol=1e-4)
    assert model.input_.rate == RATE  # one resampling, from X to the encoder
    shared = clone(model).set_params(pretrainer=FrozenEstimator(encoder)).fit(X, Y)
    assert_array_equal(shared.predict_proba(X), model.predict_proba(X))
    assert clone(shared).pretrainer.estimator.module is module


def test_no_window_is_made_up():
    def strict(x):
        assert (x[:, 2] != 0).all()  # gravity
        return x.std(axis=2) / x.mean(axis=2)

    model = Multi3NetClassifier(ForeignEncoder(strict, rate=RATE), strategy="frozen").fit(X, Y)
    assert model.predict_proba(X[:1]).shape == (1, 3)


def test_teaching_gives_the_result_of_a_fit():
    encoder = ForeignEncoder(Net(), rate=20.0, seconds=0.5)
    known = Y != "twist"
    model = Multi3NetClassifier(encoder, strategy="frozen", random_state=0)
    taught = clone(model).fit(X[known], Y[known]).teach(X[~known], Y[~known])
    rows = np.r_[np.flatnonzero(known), np.flatnonzero(~known)]
    assert_array_equal(taught.predict_proba(X), model.fit(X[rows], Y[rows]).predict_proba(X))


def test_an_ensemble_has_its_frozen_member_only():
    encoder = ForeignEncoder(Net(), rate=20.0, seconds=0.5)
    own, first = FrozenEstimator(pretrained()), slice(0, 12)  # four windows of each class
    model = Multi3NetClassifier([encoder, own], max_epochs=1, random_state=0)
    model.fit(X[first], Y[first])
    assert model.config_["strategies"] == ["frozen", "frozen", "finetune", "scratch"]
    assert_allclose(model.config_["weights"], [0.1, 0.1, 0.4, 0.4])
    assert model.input_.rate == pretrained().input_.rate
    alone = Multi3NetClassifier(encoder, max_epochs=1, random_state=0).fit(X[first], Y[first])
    assert alone.config_["strategies"] == ["frozen", "scratch"]
    few = np.unique(Y, return_index=True)[1]
    assert clone(alone).fit(X[few], Y[few]).strategy_ == "frozen"
    # a warm start calls it again
    further = model.set_params(warm_start=True).fit(X[first], Y[first])
    assert further.n_iter_ == 4 and further.predict_proba(X).shape == (len(X), 3)


def test_fits_are_not_changed_by_another_pretrainer():
    model = Multi3NetClassifier(ForeignEncoder(Net(), rate=20.0), strategy="frozen").fit(X, Y)
    expected = model.predict_proba(X)
    copies = [pickle.loads(pickle.dumps(model)) for _ in range(2)]
    assert_array_equal(copies[0].predict_proba(X), expected)
    copies[1].set_params(pretrainer="m3n-base")
    assert_array_equal(copies[1].predict_proba(X), expected)


def test_files_hold_all_but_the_module(tmp_path):
    encoder, path = ForeignEncoder(Net(), rate=20.0, seconds=0.5), tmp_path / "model.safetensors"
    sources = [
        (encoder, "frozen", "loaded.pretrainer.set_params"),
        ([FrozenEstimator(pretrained()), encoder], "auto", r"loaded.pretrainer\[1\].set_params"),
    ]
    for source, strategy, hint in sources:
        model = Multi3NetClassifier(source, strategy=strategy, max_epochs=1, random_state=0)
        expected = model.fit(X, Y).predict_proba(X)
        with pytest.warns(UserWarning, match=r"module=Net; .* before you predict or fit again"):
            model.save(path)
        loaded = m3n_sklearn.load(path)
        with pytest.raises(ValueError, match=hint):
            loaded.predict(X)
        given = loaded.pretrainer if strategy == "frozen" else loaded.pretrainer[1]
        given.set_params(module=Net(seed=1))
        with pytest.raises(ValueError, match="not the encoder that the classifier was fitted"):
            loaded.predict(X)
        given.set_params(module=Net())
        assert_array_equal(loaded.predict_proba(X), expected)
    with pytest.warns(UserWarning, match="module=Net"):
        clone(encoder).fit(X).save(path)
    loaded = ForeignEncoder.load(path)
    with pytest.raises(ValueError, match="has no module"):
        loaded.transform(X)
    assert_array_equal(loaded.set_params(module=Net()).transform(X), encoder.fit_transform(X))


def test_its_identity_is_that_of_its_parameters():
    same, others = (
        ForeignEncoder(Net()),
        [ForeignEncoder(Net(seed=1)), ForeignEncoder(Net(), rate=20)],
    )
    assert same._identity() == ForeignEncoder(Net())._identity()
    assert same._identity() == clone(same)._identity()
    assert all(same._identity() != other._identity() for other in others)
    assert ForeignEncoder(spread)._identity() != ForeignEncoder(lambda x: x)._identity()


def test_a_missing_gyroscope_is_zeros_and_said():
    acc = Windows(imu=X["imu"][:, :3], rate=RATE, channels=channel_names("right_wrist")[:3])
    encoder = ForeignEncoder(spread, rate=RATE)
    with pytest.warns(
        UserWarning, match="spread reads a gyroscope, which X does not have: it gets"
    ):
        features = encoder.fit_transform(acc)
    assert not features[:, [3, 4, 5, 9, 10, 11]].any() and features[:, :3].any()
    with pytest.warns(UserWarning, match="which X does not have"):
        model = Multi3NetClassifier(encoder, strategy="frozen").fit(acc, Y)
    assert model.score(acc, Y) > 0.6
    only = ForeignEncoder(spread, rate=RATE, sensors=["acc"])
    assert_allclose(only.fit_transform(acc), features[:, [0, 1, 2, 6, 7, 8]], rtol=1e-6)
    gyro = Windows(imu=X["imu"][:, 3:], rate=RATE, channels=channel_names("right_wrist")[3:])
    with pytest.raises(ValueError, match="spread reads accelerations, which X does not have"):
        encoder.fit(gyro)


@pytest.mark.parametrize(
    ("module", "params", "message"),
    [
        (lambda x: x, {}, r"must return real features of shape \(1, n_features\).*got shape"),
        (lambda x: (x, x), {}, "got tuple"),
        (lambda x: x.mean(axis=(1, 2)), {}, "got shape"),
        (lambda x: np.zeros((len(x), 0)), {}, r"got shape \(1, 0\)"),
        (lambda x: np.fft.fft(x)[:, 0], {}, "got shape .* of complex64"),
        (lambda x: x.mean(axis=2).astype(str), {}, "got shape .* of <U"),
        (lambda x: x.mean(axis=2) * np.float64(1e300), {}, "returned NaN or infinity"),
        (
            lambda x: x.reshape(len(x), 7, -1),
            {"sensors": ["gyro", "acc"]},
            r"failed with ValueError: .*shape \(1, 6, 40\) .* gyro_x, .* acc_z",
        ),
        (
            nn.Linear(3, 2),
            {"sensors": ["acc"]},
            r"Linear failed with RuntimeError: .* given windows of shape \(1, 3, 40\)",
        ),
        (lambda x: np.log(0 * x[:, 0, :2]), {}, "returned NaN or infinity for some windows"),
        (spread, {"acc_unit": "stones"}, "acc_unit='stones' is not understood: give 'm/s2'"),
        (spread, {"gyro_unit": "g"}, "gyro_unit='g' is not understood"),
        (spread, {"sensors": ["mag"]}, "sensors must be 'acc', 'gyro' or both"),
        (spread, {"seconds": 1e-3}, "seconds=0.001 are no sample"),
        (None, {}, "has no module"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_wrong_modules_and_parameters_are_said(module, params, message):
    encoder = ForeignEncoder(module, **{"rate": RATE, **params})
    with pytest.raises(ValueError, match=message):
        encoder.fit(X)
    with pytest.raises(ValueError, match=message):
        Multi3NetClassifier(encoder, strategy="frozen").fit(X, Y)


def test_what_it_cannot_do_is_said(tmp_path):
    encoder = ForeignEncoder(spread, rate=RATE)
    for strategy in ("scratch", "finetune", "zero_shot", "guided"):
        model = Multi3NetClassifier(encoder, strategy=strategy, descriptions={"rest": "a"})
        with pytest.raises(ValueError, match=f"{strategy}' cannot use a ForeignEncoder"):
            model.fit(X, Y)
    words = {label: [f"someone does {label}"] for label in np.unique(Y)}
    with pytest.raises(ValueError, match="descriptions need a Multi3NetPretrainer"):
        Multi3NetClassifier(encoder, descriptions=words).fit(X, Y)
    with pytest.raises(ValueError, match="encoders of others do not have"):
        Multi3NetClassifier(encoder, strategy="frozen", label_at="center").fit(X, Y)
    with pytest.raises(ValueError, match="'rate' parameter of ForeignEncoder"):
        Multi3NetClassifier(ForeignEncoder(spread, rate=-1), strategy="frozen").fit(X, Y)
    with pytest.raises(ValueError, match="rate of X is not known"):
        encoder.fit(X["imu"])
    with pytest.raises(ValueError, match="generic series"):
        encoder.fit(Windows(imu=X["imu"][:, :5], rate=RATE))
    with pytest.raises(TypeError, match="module is the class Net: give an instance"):
        ForeignEncoder(Net, rate=RATE).fit(X)
    with pytest.raises(TypeError, match="given as a ForeignEncoder"):
        Multi3NetClassifier(StandardScaler(), strategy="frozen").fit(X, Y)
    model = Multi3NetClassifier(encoder, strategy="frozen").fit(X, Y)
    pytest.importorskip("onnx")
    with pytest.raises(TypeError, match="Cannot export a classifier with a ForeignEncoder"):
        export(model, tmp_path / "model.onnx")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_module_works_in_its_own_precision(dtype):
    class Mean(nn.Linear):
        def forward(self, x):
            assert x.dtype == dtype
            return super().forward(x.mean(dim=2))

    torch.manual_seed(0)
    module = Mean(6, 4)
    expected = X["imu"].mean(axis=2) @ module.weight.detach().numpy().T
    expected += module.bias.detach().numpy()
    encoder = ForeignEncoder(module.to(dtype), rate=RATE)
    features = encoder.fit_transform(X)
    assert features.dtype == np.float32
    assert_allclose(features, expected, rtol=0.1, atol=0.1)
    assert Multi3NetClassifier(encoder, strategy="frozen").fit(X, Y).predict(X[:1]).shape == (1,)


NET = Net().train()


def in_training_mode(x):
    """Return features with dropout."""
    with torch.no_grad():
        return NET(torch.from_numpy(x))


@pytest.mark.parametrize(
    "module",
    [in_training_mode, lambda x: ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)).mean(axis=2)],
    ids=["dropout", "statistics of the batch"],
)
def test_features_that_change_are_said(module):
    encoder = ForeignEncoder(module, rate=RATE)
    with pytest.warns(UserWarning, match="other features for the same window"):
        encoder.fit(X)
    with pytest.warns(UserWarning, match="other features for the same window"):
        Multi3NetClassifier(encoder, strategy="frozen").fit(X, Y)


def test_what_is_fitted_does_not_follow_the_encoder():
    module = Net()
    encoder = ForeignEncoder(module, rate=20.0, seconds=0.5)
    model = Multi3NetClassifier(encoder, strategy="frozen").fit(X, Y)
    expected = model.predict_proba(X)
    # other parameters are for the next fit
    encoder.set_params(rate=10.0, module=Net(seed=1))
    assert_array_equal(model.predict_proba(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)
    # other weights in the same module are refused, as in a loaded classifier
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.load_state_dict(Net(seed=1).state_dict())
    with pytest.raises(ValueError, match=r"Net is not the encoder that .* was fitted with"):
        model.predict_proba(X)
    module.load_state_dict(before)
    assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("shared", [False, True])
def test_a_study_with_it_goes_on(tmp_path, shared):
    encoder = ForeignEncoder(Net(), rate=20.0)
    source = FrozenEstimator(encoder) if shared else encoder
    method = Method("net", Multi3NetClassifier(source, strategy="frozen", random_state=0))
    for _ in range(2):  # the second one finds what the first one has computed
        few_label_study([method], X, Y, GROUPS, budgets=(1,), n_draws=1, store=tmp_path)
        assert len(list(tmp_path.iterdir())) == len(np.unique(GROUPS))
    assert len(load_scores(tmp_path)) == len(np.unique(GROUPS))


def test_joblib_keeps_it():
    model = Multi3NetClassifier(ForeignEncoder(Net(), rate=20.0), strategy="frozen").fit(X, Y)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    assert_array_equal(joblib.load(file).predict_proba(X), model.predict_proba(X))
