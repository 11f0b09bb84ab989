"""The estimators inside scikit-learn's own machinery, with arrays and with Windows."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
import sklearn
from joblib import Memory
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from m3n_sklearn import SMPLIMUSimulator, Windows, cut
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import Multi3NetPretrainer, save_corpus

from . import wrists
from .wrists import CHANNELS, RATE, corpus, pretrained, pretrainer, wrist_data

pytestmark = pytest.mark.slow

X, Y, GROUPS = wrist_data()  # 21 windows of 3 people
FORMS = {"Windows": X, "array": X["imu"]}


def classifier(source=None, **params):
    return wrists.classifier(
        source, **{"max_epochs": 3, "rate": RATE, "channels": CHANNELS, **params}
    )


@pytest.fixture(params=FORMS)
def windows(request):
    return FORMS[request.param]


@pytest.fixture
def pretrainings(monkeypatch):
    """Count how many pretrainings run in this process."""
    runs = []
    fit = Multi3NetPretrainer.fit

    def counting(self, *args, **kwargs):
        runs.append(self)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(Multi3NetPretrainer, "fit", counting)
    return runs


# ---- how often is pretrained

SEARCH = {"lr": [1e-3, 1e-2], "strategy": ["frozen", "finetune"]}
FOLDS = 3


def search(model, **params):
    return GridSearchCV(model, SEARCH, cv=GroupKFold(FOLDS), error_score="raise", **params)


def test_without_memory_every_fit_pretrains(pretrainings):
    search(classifier(pretrainer())).fit(X, Y, groups=GROUPS)
    assert len(pretrainings) == FOLDS * 4 + 1


def test_with_memory_each_training_set_is_pretrained_on_once(pretrainings, tmp_path):
    found = search(classifier(pretrainer(), memory=str(tmp_path))).fit(X, Y, groups=GROUPS)
    assert len(pretrainings) == FOLDS + 1
    again = search(classifier(pretrainer(), memory=Memory(str(tmp_path), verbose=0)))
    again.fit(X, Y, groups=GROUPS)
    assert len(pretrainings) == FOLDS + 1
    bare = search(classifier(pretrainer())).fit(X, Y, groups=GROUPS)
    for other in (again, bare):
        np.testing.assert_array_equal(
            found.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"]
        )
        np.testing.assert_array_equal(found.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("on_disk", [False, True])
def test_with_memory_and_a_corpus_there_is_one_pretraining(pretrainings, tmp_path, on_disk):
    rows = corpus()
    source = pretrainer(corpus=save_corpus(rows, tmp_path / "corpus") if on_disk else rows)
    model = classifier(source, memory=str(tmp_path / "cache"))
    search(model).fit(X, Y, groups=GROUPS)
    assert len(pretrainings) == 1
    other = clone(model).set_params(pretrainer__width=8)
    search(other).fit(X, Y, groups=GROUPS)
    assert len(pretrainings) == 2


def test_a_frozen_pretrainer_is_never_fitted_nor_changed(pretrainings):
    source = pretrained()
    before = {name: array.copy() for name, array in source.weights_.items()}
    pretrainings.clear()
    search(classifier(FrozenEstimator(source))).fit(X, Y, groups=GROUPS)
    assert pretrainings == []
    for name, array in source.weights_.items():
        np.testing.assert_array_equal(array, before[name])


# ---- searches

NESTED = {"pretrainer__width": [8, 16], "lr": [1e-3, 1e-2]}


@pytest.mark.parametrize("form", FORMS)
def test_two_jobs_give_the_bits_of_one(form, tmp_path):
    model = classifier(pretrainer(corpus=corpus(3)), strategy="finetune", memory=str(tmp_path))
    results = []
    for jobs in (1, 2):
        grid = GridSearchCV(
            model, NESTED, cv=GroupKFold(3), n_jobs=jobs, scoring="neg_log_loss"
        ).fit(FORMS[form], Y, groups=GROUPS)
        scores = [grid.cv_results_[f"split{k}_test_score"] for k in range(3)]
        results.append((np.array(scores), grid.predict_proba(FORMS[form])))
    assert np.isfinite(results[0][0]).all()
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


# ---- other meta-estimators


def test_cross_val_predict_and_learning_curve(windows):
    model = classifier(FrozenEstimator(pretrained()))
    proba = cross_val_predict(
        model, windows, Y, groups=GROUPS, cv=GroupKFold(3), method="predict_proba"
    )
    assert proba.shape == (21, 3) and np.isfinite(proba).all()
    sizes, train, test = learning_curve(
        model, windows, Y, groups=GROUPS, cv=GroupKFold(3), train_sizes=[9, 14]
    )
    assert sizes.tolist() == [9, 14] and train.shape == test.shape == (2, 3)


def test_temperature_calibration_changes_probabilities_and_no_prediction():
    rows = X["imu"]
    model = classifier(FrozenEstimator(pretrained()), strategy="frozen")
    calibrated = CalibratedClassifierCV(model, method="temperature", cv=3, ensemble=False)
    calibrated.fit(rows, Y)
    plain = clone(model).fit(rows, Y)
    np.testing.assert_array_equal(calibrated.predict(rows), plain.predict(rows))
    proba = calibrated.predict_proba(rows)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert np.abs(proba - plain.predict_proba(rows)).max() > 1e-3


@pytest.mark.parametrize("method", ["sigmoid", "temperature"])
def test_calibration(windows, method):
    model = CalibratedClassifierCV(classifier(FrozenEstimator(pretrained())), method=method, cv=3)
    proba = model.fit(windows, Y).predict_proba(windows)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)


def test_a_search_over_strategies_heads_and_learning_rates(windows):
    model = classifier(FrozenEstimator(pretrained()), max_epochs=1)
    grid = [
        {"strategy": ["scratch", "finetune", "auto"], "head": ["linear", "moe"], "lr": ["auto"]},
        {"strategy": ["finetune"], "label_at": ["window", "center"], "lr": [1e-3, 1e-2]},
        {"strategy": ["frozen"], "label_at": ["window", "center"], "augment": ["auto", "so3"]},
    ]
    found = GridSearchCV(model, grid, cv=2, error_score="raise").fit(windows, Y)
    assert len(found.cv_results_["params"]) == 14
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    assert found.predict(windows).shape == Y.shape


@pytest.mark.parametrize("method", ["auto", "predict"])
def test_stacking_and_voting(windows, method):
    members = [
        ("scratch", classifier()),
        ("frozen", classifier(FrozenEstimator(pretrained()), strategy="frozen")),
    ]
    if method == "auto":
        stacked = StackingClassifier(members, LogisticRegression(), cv=3)
        assert stacked.fit(windows, Y).predict(windows).shape == Y.shape
    voting = VotingClassifier(members, voting="soft" if method == "auto" else "hard")
    assert voting.fit(windows, Y).predict(windows).shape == Y.shape


def test_stacking_cannot_pass_windows_through():
    stacked = StackingClassifier([("a", classifier())], LogisticRegression(), passthrough=True)
    with pytest.raises((TypeError, ValueError)):
        stacked.fit(X, Y)


def test_one_versus_rest(windows):
    model = OneVsRestClassifier(classifier(max_epochs=1))
    assert model.fit(windows, Y).predict(windows).shape == Y.shape


# ---- a fitted pretrainer that is about to be trained again


def test_a_pipeline_that_trains_a_fitted_pretrainer_warns():
    source = clone(pretrainer(max_epochs=1)).fit(X)
    pipe = make_pipeline(source, LogisticRegression())
    with pytest.warns(UserWarning, match=r"fitted already.*FrozenEstimator\(pretrainer\)") as told:
        pipe.fit(X, Y)
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe.fit(X, Y)  # the Pipeline itself has trained it before
        source.fit(X)
        clone(source).fit(X)
        make_pipeline(FrozenEstimator(source), LogisticRegression()).fit(X, Y)
        make_pipeline(clone(source), LogisticRegression()).fit(X, Y)


@pytest.mark.parametrize(
    "use",
    [
        lambda source: GridSearchCV(make_pipeline(source, LogisticRegression()), {}, cv=2),
        lambda source: make_pipeline(clone(source), classifier(source, max_epochs=1)),
        lambda source: clone(classifier(source, max_epochs=1)),
        lambda source: VotingClassifier([("a", classifier(source, max_epochs=1))]),
    ],
)
def test_copies_of_a_fitted_pretrainer_warn(use):
    source = clone(pretrainer(max_epochs=1)).fit(X)
    with pytest.warns(UserWarning, match="copied without its weights") as told:
        use(source).fit(X, Y)
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        use(FrozenEstimator(source))


# ---- meta-estimators that require 2-D arrays

CODES = np.searchsorted(np.unique(Y), Y)
OUTPUTS = np.column_stack([CODES == 1, GROUPS == 0])
FLAT_ONLY = {
    "self-training": (SelfTrainingClassifier, np.where(np.arange(len(Y)) % 3 == 2, -1, CODES)),
    "one-vs-one": (OneVsOneClassifier, Y),
    # with a constant column in its code book, which the predictor of constants refuses
    "output code": (partial(OutputCodeClassifier, random_state=0), Y),
    "chain": (ClassifierChain, OUTPUTS),
    "bagging": (BaggingClassifier, Y),
}


def to_windows(rows):
    return rows[:, : X["imu"][0].size].reshape(len(rows), *X["imu"].shape[1:])


@pytest.mark.parametrize("name", FLAT_ONLY)
def test_flat_rows_in_front_and_windows_inside(name):
    meta, y = FLAT_ONLY[name]
    rows = X["imu"].reshape(len(X), -1)
    member = make_pipeline(FunctionTransformer(to_windows), classifier(max_epochs=1))
    assert meta(member).fit(rows, y).predict(rows).shape == y.shape
    for form in FORMS.values():  # as the user guide says
        with pytest.raises((TypeError, ValueError)):
            meta(classifier(max_epochs=1)).fit(form, y)


def test_several_outputs_and_boosting_take_windows():
    model = classifier(max_epochs=20)
    for form in FORMS.values():
        assert MultiOutputClassifier(model).fit(form, OUTPUTS).predict(form).shape == OUTPUTS.shape
    boosted = AdaBoostClassifier(model, n_estimators=2).fit(X["imu"], Y)
    assert boosted.predict(X["imu"]).shape == Y.shape


# ---- metadata


@pytest.mark.parametrize("form", FORMS)
def test_groups_and_weights_are_routed(form):
    rows, y, people = wrist_data(n_people=7)
    rows = rows if form == "Windows" else rows["imu"]
    weight = np.linspace(0.5, 1.5, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier(pretrainer(max_epochs=1), strategy="frozen")
        model.set_fit_request(sample_weight=True, groups=True).set_score_request(sample_weight=True)
        grid = GridSearchCV(
            make_pipeline(model), {"multi3netclassifier__strategy": ["frozen"]}, cv=GroupKFold(3)
        )
        routed = {"groups": people, "sample_weight": weight}
        scores = cross_validate(grid, rows, y, cv=GroupKFold(2), params=routed, error_score="raise")
        found = grid.fit(rows, y, **routed).best_estimator_[-1]
    assert np.isfinite(scores["test_score"]).all()
    alone = clone(model).fit(rows, y, sample_weight=weight, groups=people)
    np.testing.assert_array_equal(found.predict_proba(rows), alone.predict_proba(rows))
    unweighted = clone(model).fit(rows, y, groups=people)
    assert not np.array_equal(unweighted.predict_proba(rows), alone.predict_proba(rows))


def test_weights_reach_fit_without_routing(windows):
    model = make_pipeline(classifier())
    model.fit(windows, Y, multi3netclassifier__sample_weight=(Y != "rest").astype(float))
    assert "rest" not in set(model.predict(windows))


# ---- the three compositions


@pytest.fixture(scope="module")
def clips():
    """Return pose windows of 21 rows with captions, their labels and people."""
    motions = make_motions(n_people=3, n_repetitions=1, random_state=0)
    kinds = sorted({motion.label for motion in motions})[:3]
    rows, y, people = cut(
        [motion for motion in motions if motion.label in kinds],
        seconds=1.0, overlap=0.0, margin=0.3, pose_rate=20.0,
    )  # fmt: skip
    order = np.argsort(np.arange(len(y)) % 7, kind="stable")[: 3 * 7]
    return rows[order], np.asarray(y)[order], np.asarray(people)[order]


def simulator():
    return SMPLIMUSimulator(sites=("right_wrist",), rate=25.0)


def test_fine_tuning_behind_a_simulator(clips, tmp_path):
    rows, y, people = clips
    nested = pretrainer(corpus=rows, simulator=simulator(), rate=25.0)
    pipe = Pipeline(
        [
            ("simulate", SMPLIMUSimulator(rate=25.0)),
            ("classify", Multi3NetClassifier(nested, memory=str(tmp_path), max_epochs=2)),
        ]
    )
    grid = GridSearchCV(
        pipe,
        {"simulate__sites": [("right_wrist",), ("left_wrist",)], "classify__lr": [1e-3, 1e-2]},
        cv=GroupKFold(2),
        error_score="raise",
    ).fit(rows, y, groups=people)
    assert set(grid.predict(rows)) <= set(y)
    best = grid.best_estimator_
    signals = best[0].transform(rows)
    np.testing.assert_array_equal(
        grid.predict_proba(rows), best[-1].predict_proba(signals.drop("pose", "trans", "text"))
    )
    np.testing.assert_array_equal(
        grid.predict_proba(rows), best[-1].predict_proba(signals["imu"].astype(np.float32))
    )


def test_deploying_a_frozen_pretrainer():
    rows = X["imu"]
    fitted = Multi3NetClassifier(
        FrozenEstimator(pretrained()), rate=RATE, max_epochs=2, random_state=0
    ).fit(rows, Y)
    assert fitted.predict(rows).shape == Y.shape


def test_probing_the_embedding(clips):
    rows, y, people = clips
    pipe = make_pipeline(simulator(), pretrainer(), LogisticRegression())
    scores = cross_validate(pipe, rows, y, groups=people, cv=GroupKFold(3), error_score="raise")
    assert np.isfinite(scores["test_score"]).all()


def test_a_search_over_the_simulator_inside_the_pretrainer(clips):
    rows, y, _ = clips
    signals = simulator().fit_transform(rows)
    wrists = Windows(imu=signals["imu"], rate=25.0, channels=signals.channels)
    nested = pretrainer(corpus=rows, simulator=simulator(), rate=25.0)
    grid = GridSearchCV(
        Multi3NetClassifier(nested, max_epochs=2, random_state=0),
        {"pretrainer__simulator__gravity": [(0.0, 0.0, -9.81), (0.0, 0.0, -3.7)]},
        cv=2,
        error_score="raise",
    )
    assert grid.fit(wrists, y).predict(wrists).shape == y.shape
