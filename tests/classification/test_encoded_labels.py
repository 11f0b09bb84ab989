"""Labels in parameters, where a meta-estimator has encoded the labels in y."""

from __future__ import annotations

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder

from ..wrists import CAPTIONS, CLASSES, RATE, classifier, pretrained, wrist_data

X, Y, _ = wrist_data(3)
SIMULATED, SIMULATED_Y, _ = wrist_data(3, seed=9)

NAMES = {
    "strings": {"rest": "rest", "shake": "shake", "twist": "twist"},
    "numbers from 1": {"rest": 1, "shake": 2, "twist": 3},
    "numbers in another order": {"rest": 2, "shake": 0, "twist": 1},
    "numbers with gaps": {"rest": -1, "shake": 1, "twist": 7},
}


def named(labels, names):
    return np.array([names[label] for label in labels])


def rehearsing(names, extra=False, **params):
    """Return a classifier that rehearses, and weights and describes the classes by their labels."""
    rows, labels = SIMULATED, named(SIMULATED_Y, names)
    if extra:  # a window of a class that is not in y
        labels = np.array(labels)
        labels[0] = "wave" if labels.dtype.kind == "U" else 5
    return classifier(
        FrozenEstimator(pretrained()),
        strategy="finetune",
        rehearsal=(rows, labels),
        descriptions={names[label]: CAPTIONS[label] for label in CLASSES},
        class_weight={names["rest"]: 1.0, names["shake"]: 3.0},
        rate=RATE,
        max_epochs=2,
        **params,
    )


# ---- numbers of the classes are translated


@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_members_of_a_vote_keep_their_labels(names, extra):
    model, y = rehearsing(names, extra), named(Y, names)
    alone = clone(model).fit(X, y)
    voting = VotingClassifier([("a", make_pipeline(model))], voting="soft").fit(X, y)
    np.testing.assert_array_equal(voting.predict_proba(X), alone.predict_proba(X))
    np.testing.assert_array_equal(voting.predict(X), alone.predict(X))


@pytest.mark.parametrize("names", [NAMES["strings"], NAMES["numbers from 1"]], ids=str)
def test_stacks_and_calibration_keep_labels(names):
    model, y = rehearsing(names), named(Y, names)
    alone = clone(model).fit(X, y)
    stack = StackingClassifier([("a", model)], LogisticRegression(), cv=2).fit(X, y)
    np.testing.assert_array_equal(stack.transform(X), alone.predict_proba(X))
    nested = VotingClassifier([("b", VotingClassifier([("a", model)], voting="soft"))])
    member = nested.fit(X, y).estimators_[0].estimators_[0]
    np.testing.assert_array_equal(member.predict_proba(X), alone.predict_proba(X))
    for method in ("sigmoid", "temperature"):
        calibrated = CalibratedClassifierCV(model, method=method, cv=2, ensemble=False).fit(X, y)
        inside = calibrated.calibrated_classifiers_[0].estimator
        np.testing.assert_array_equal(inside.predict_proba(X), alone.predict_proba(X))


def test_zero_shot_members_return_the_numbers_of_a_vote():
    model = classifier(
        FrozenEstimator(pretrained()), strategy="zero_shot", descriptions=CAPTIONS, rate=RATE
    )
    alone = clone(model).fit(X)
    for voting in ("soft", "hard"):
        vote = VotingClassifier([("a", model)], voting=voting).fit(X, Y)
        np.testing.assert_array_equal(vote.predict(X), alone.predict(X))
    more = {**CAPTIONS, "wave": "a person waves"}
    with pytest.raises(ValueError, match="Describe these classes, and no other"):
        VotingClassifier([("a", model.set_params(descriptions=more))]).fit(X, Y)


def test_labels_are_translated_for_the_running_fit_only():
    names = NAMES["numbers from 1"]
    y = named(Y, names)
    voting = VotingClassifier([("a", rehearsing(names))], voting="soft").fit(X, y)
    alone = clone(rehearsing(names)).fit(X, y)
    again = clone(voting.estimators_[0]).fit(X, y)
    assert again.classes_.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(again.predict_proba(X), alone.predict_proba(X))
    search = GridSearchCV(VotingClassifier([("a", rehearsing(names))]), {"voting": ["soft"]}, cv=2)
    np.testing.assert_array_equal(search.fit(X, y).predict_proba(X), alone.predict_proba(X))
    boosted = AdaBoostClassifier(rehearsing(names).set_params(max_epochs=40), n_estimators=1).fit(
        X["imu"], y
    )
    assert boosted.estimators_[0].classes_.tolist() == [1, 2, 3]


def test_messages_name_the_labels_of_the_user():
    vote = VotingClassifier([("a", rehearsing(NAMES["strings"]))], voting="soft")
    with pytest.raises(ValueError, match=r"descriptions has .*given \['rest', 'shake', 'wave'\]"):
        vote.fit(X, np.where(Y == "twist", "wave", Y))
    vote.set_params(a__descriptions=None)
    with pytest.raises(ValueError, match=r"class_weight names \['rest', 'shake'\], but the labels"):
        vote.fit(X, np.where(Y == "twist", "a", "b"))
    vote.set_params(a__class_weight=None)
    with pytest.raises(ValueError, match=r"none of the classes \['a', 'b'\]; its labels are \['re"):
        vote.fit(X, np.where(Y == "twist", "a", "b"))


@pytest.mark.parametrize("names", [NAMES["strings"], NAMES["numbers from 1"]], ids=str)
def test_probabilities_of_cross_validation(names):
    model, y = rehearsing(names), named(Y, names)
    folds = [(np.arange(3, len(Y)), np.arange(3)), (np.arange(3), np.arange(3, len(Y)))]
    found = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
    for train, test in folds:
        alone = clone(model).fit(X[train], y[train])
        np.testing.assert_array_equal(found[test], alone.predict_proba(X[test]))
    options = {"cv": folds, "n_jobs": 2}
    with parallel_config("threading"):
        assert set(cross_val_predict(model, X, y, **options).tolist()) <= set(names.values())
        with pytest.raises(ValueError, match="cross_val_predict has numbered the classes"):
            cross_val_predict(model, X, y, method="predict_proba", **options)


# ---- what cannot be translated is refused


@pytest.mark.parametrize("names", [NAMES["strings"], NAMES["numbers from 1"]], ids=str)
def test_a_worker_does_not_know_the_classes(names):
    voting = VotingClassifier([("a", rehearsing(names)), ("b", rehearsing(names))], n_jobs=2)
    with (
        parallel_config("threading"),
        pytest.raises(ValueError, match="has numbered the classes: y holds 0, 1, 2, rehearsal hol"),
    ):
        voting.fit(X, named(Y, names))


def test_the_cure_works_in_a_worker():
    encoder = LabelEncoder().fit(Y)
    names = dict(zip(CLASSES, encoder.transform(CLASSES).tolist(), strict=True))
    model, y = rehearsing(names), encoder.transform(Y)
    voting = VotingClassifier([("a", model), ("b", model)], voting="soft", n_jobs=2)
    with parallel_config("threading"):
        voting.fit(X, y)
    np.testing.assert_array_equal(voting.predict(X), clone(model).fit(X, y).predict(X))


PARAMETERS = ["rehearsal", "descriptions", "class_weight"]


@pytest.mark.parametrize("kept", PARAMETERS)
@pytest.mark.parametrize("names", [NAMES["strings"], NAMES["numbers in another order"]], ids=str)
def test_one_problem_per_class_is_refused(names, kept):
    model = rehearsing(names).set_params(**{name: None for name in PARAMETERS if name != kept})
    flat = make_pipeline(FunctionTransformer(windows_of), model)
    rows = X["imu"].reshape(len(X), -1)
    codes = OutputCodeClassifier(flat, random_state=0)  # some codes separate no classes
    for meta in (OneVsRestClassifier(flat), OneVsOneClassifier(flat), codes):
        with pytest.raises(ValueError, match=f"{kept} holds .*handles several classes by itself"):
            meta.fit(rows, named(Y, names))


def windows_of(rows):
    return rows.reshape(len(rows), 6, -1)


def test_several_outputs_share_class_weights_only():
    outputs = np.column_stack([Y == "rest", Y == "twist"]).astype(int)
    model = classifier(max_epochs=1, class_weight={0: 1.0, 1: 2.0})
    assert MultiOutputClassifier(model).fit(X, outputs).predict(X).shape == outputs.shape
    model.set_params(rehearsal=(SIMULATED, (SIMULATED_Y == "rest").astype(int)))
    for meta in (MultiOutputClassifier, ClassifierChain):
        rows = X["imu"].reshape(len(X), -1)
        flat = make_pipeline(FunctionTransformer(leading_windows), model)
        with pytest.raises(ValueError, match="several problems with labels of their own"):
            meta(flat).fit(rows, outputs)


def leading_windows(rows):
    return windows_of(rows[:, : X["imu"][0].size])


class Foreign(ClassifierMixin, BaseEstimator):
    """A meta-estimator of another library, which numbers the classes."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        codes = np.unique(y, return_inverse=True)[1]
        self.estimator_ = clone(self.estimator).fit(X, codes)
        return self


def test_numbers_that_overlap_with_labels_are_refused():
    names = NAMES["numbers from 1"]
    for kept in ("rehearsal", "descriptions"):
        model = rehearsing(names).set_params(**{n: None for n in PARAMETERS if n != kept})
        with pytest.raises(ValueError, match=f"{kept} holds 1, 2, 3"):
            Foreign(model).fit(X, named(Y, names))
    with pytest.raises(ValueError, match="y holds the labels 0, 1, 2, and rehearsal holds 1, 2, 3"):
        Foreign(classifier(rehearsal=(SIMULATED, named(SIMULATED_Y, names)))).fit(X, Y)


@pytest.mark.parametrize("rehearsed", [[0, 1, 2], [0, 1], [0, 1, 2, 3]])
def test_labels_of_a_part_or_of_more_classes_are_not_refused(rehearsed):
    codes = np.arange(len(SIMULATED)) % len(rehearsed)
    model = classifier(max_epochs=1, rehearsal=(SIMULATED, np.array(rehearsed)[codes]))
    assert model.fit(X, np.arange(len(X)) % 3).classes_.tolist() == [0, 1, 2]


def test_labels_that_are_no_numbers_from_0_may_overlap():
    names = {"rest": "rest", "shake": "run", "twist": "wave"}
    model = classifier(max_epochs=1, rehearsal=(SIMULATED, named(SIMULATED_Y, names)))
    assert model.fit(X, Y).classes_.tolist() == CLASSES.tolist()
    with pytest.raises(ValueError, match="y to be passed"):
        classifier(rehearsal=(SIMULATED, SIMULATED_Y)).fit(X, None)
