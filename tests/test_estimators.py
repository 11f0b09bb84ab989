"""What every public estimator has: names of its output, containers, an HTML repr, its input."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

import m3n_sklearn
from m3n_sklearn import HMMClassifier, IMUNoise, SMPLIMUSimulator, Windows
from m3n_sklearn.classification import ForeignEncoder
from m3n_sklearn.evaluation import WindowFeatures

from .wrists import CHANNELS, RATE, classifier, pretrained, pretrainer, wrist_data


def public_estimators():
    """Return all classes with parameters, by name."""
    found = {}
    for room in pkgutil.iter_modules(m3n_sklearn.__path__):
        if not room.name.startswith("_"):
            module = importlib.import_module(f"m3n_sklearn.{room.name}")
            things = {name: getattr(module, name) for name in module.__all__}
            found |= {
                name: thing
                for name, thing in things.items()
                if inspect.isclass(thing) and issubclass(thing, BaseEstimator)
            }
    return found


def extent(windows):
    """Return the features of an encoder of somebody else."""
    return np.ptp(windows, axis=2)


QUICK = {
    "ForeignEncoder": lambda: ForeignEncoder(extent, rate=RATE),
    "HMMClassifier": lambda: HMMClassifier(LogisticRegression()),
    "Multi3NetClassifier": lambda: classifier(max_epochs=1),
    "Multi3NetPretrainer": lambda: pretrainer(width=8),
}
ALL = {name: QUICK.get(name, kind) for name, kind in public_estimators().items()}
TRANSFORMERS = [name for name, kind in public_estimators().items() if hasattr(kind, "transform")]
# they have channels and samples, which no table can hold
WINDOWS_OUT = {"IMUNoise", "SMPLIMUSimulator"}

# they convert rates and units, which bare arrays do not tell
WINDOWS_ONLY = {"ForeignEncoder"}

X, Y, _ = wrist_data()
FLAT = X["imu"][:, 2].astype(float)
FORMS = {"Windows": X, "3-D": X["imu"], "2-D": FLAT}


def test_the_walk_finds_them():
    assert set(TRANSFORMERS) == WINDOWS_OUT | {
        "ForeignEncoder",
        "Multi3NetPretrainer",
        "WindowFeatures",
    }
    assert {"HMMClassifier", "Multi3NetClassifier", "Randomization"} <= set(ALL)


def forms_of(name):
    """Return the forms of windows that an estimator reads."""
    return {"Windows": X} if name in WINDOWS_ONLY else FORMS


@pytest.mark.parametrize(("name", "form"), [(n, f) for n in TRANSFORMERS for f in forms_of(n)])
def test_outputs_have_names(name, form):
    given = FORMS[form]
    fitted = ALL[name]().fit(given)
    names = fitted.get_feature_names_out()
    found = fitted.transform(given)
    assert all(isinstance(one, str) for one in names) and len(set(names)) == len(names)
    if name in WINDOWS_OUT and form == "Windows":
        if name == "IMUNoise":
            assert tuple(names) == found.channels
    else:
        assert len(names) == found.shape[1]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_tables_are_returned_where_there_are_any(name, library):
    frames = pytest.importorskip(library)
    wanted = ALL[name]().set_output(transform=library)
    for given in forms_of(name).values():
        found = clone(wanted).fit(given).transform(given)
        if name in WINDOWS_OUT:
            assert type(found) is type(given)
        else:
            assert isinstance(found, frames.DataFrame)
            assert list(found.columns) == list(clone(wanted).fit(given).get_feature_names_out())
        with sklearn.config_context(transform_output=library):
            assert type(ALL[name]().fit(given).transform(given)) is type(found)


def test_names_along_a_pipeline():
    simulated = make_pipeline(SMPLIMUSimulator(sites=("right_wrist",), rate=RATE), IMUNoise())
    net = FrozenEstimator(deepcopy(pretrained()))  # set_output changes it
    pipe = make_pipeline(
        simulated,
        FeatureUnion([("hand", WindowFeatures()), ("net", net)]),
    ).set_output(transform="pandas")
    poses = Windows(pose=0.1 * np.random.default_rng(0).normal(size=(4, 30, 24, 3)), rate=30.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # random poses
        frame = pipe.fit_transform(poses)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(pipe.get_feature_names_out())
    assert "hand__right_wrist_gyro_norm_max" in frame and "net__multi3netpretrainer0" in frame


def test_names_of_channels_pass_through_noise():
    assert tuple(IMUNoise().fit(X).get_feature_names_out()) == CHANNELS
    named = IMUNoise(channels=CHANNELS).fit(X["imu"])
    assert tuple(named.get_feature_names_out()) == CHANNELS
    with pytest.raises(ValueError, match="input_features are x0"):
        named.get_feature_names_out([f"x{i}" for i in range(6)])
    again = named.set_params(channels=None).fit(X["imu"])
    assert again.get_feature_names_out()[0] == "x0"


def test_a_simulator_forgets_the_columns_of_an_earlier_fit():
    simulator = SMPLIMUSimulator(sites=("right_wrist",)).fit(np.zeros((3, 20)))
    assert len(simulator.get_feature_names_out()) == 20
    simulator.fit(Windows(pose=np.zeros((2, 10, 24, 3)), rate=30.0))
    assert tuple(simulator.get_feature_names_out()) == CHANNELS


@pytest.mark.parametrize("name", ALL)
def test_html_of_each_estimator(name):
    estimator = ALL[name]()
    assert name in estimator._repr_html_()
    if hasattr(estimator, "fit"):
        given = FLAT if name == "HMMClassifier" else X
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No row of X has a neighbor")
            estimator.fit(given, Y)
        assert name in estimator._repr_html_()
        step = estimator if hasattr(estimator, "predict") else FrozenEstimator(estimator)
        assert name in make_pipeline(SMPLIMUSimulator(), step)._repr_html_()
    nested = HMMClassifier(classifier(pretrainer(simulator=SMPLIMUSimulator(noise=IMUNoise()))))
    html = nested._repr_html_()
    assert all(part in html for part in ("Multi3NetPretrainer", "SMPLIMUSimulator", "IMUNoise"))


@pytest.mark.parametrize("name", [name for name, make in ALL.items() if hasattr(make(), "fit")])
def test_features_of_the_input(name):
    table = pd.DataFrame(FLAT, columns=[f"t{i}" for i in range(FLAT.shape[1])])
    for given, count in ((FLAT, FLAT.shape[1]), (X["imu"], 6), (table, FLAT.shape[1])):
        if name in WINDOWS_ONLY or (name == "HMMClassifier" and given is X["imu"]):
            continue  # the classifier of an HMMClassifier wants a table here
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No row of X has a neighbor")
            fitted = ALL[name]().fit(given, Y)
        assert fitted.n_features_in_ == count
        assert hasattr(fitted, "feature_names_in_") == (given is table)


def test_what_each_requests_of_metadata():
    with sklearn.config_context(enable_metadata_routing=True):
        asked = {name: str(get_routing_for_object(make())) for name, make in ALL.items()}
        routed = HMMClassifier(LogisticRegression().set_fit_request(sample_weight=True))
        inner = routed.get_metadata_routing().consumes("fit", ["sample_weight", "times", "groups"])
    assert "'recordings': True, 'times': True" in asked["HMMClassifier"]
    assert "'sample_weight': None, 'groups': None" in asked["Multi3NetClassifier"]
    assert inner == {"sample_weight", "times"}
