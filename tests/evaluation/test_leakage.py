"""What makes results too good to be true, line by line.

Each way in which the tested person can leak into what is learned has a test: here, or beside the
code that prevents it:

- user ids are not people (OpenPack has 21 ids of 16 people): `datasets/test_openpack.py`
- the test part of MM-Fit holds people of its training part, unseen_test does not:
  `datasets/test_mmfit.py`
- UTD-MHAD is split by subject: `datasets/test_utd_mhad.py`
- no window lies across a border or touches a gap: `recording/test_cutting.py`
- no label lies on a hole in the stamps: `datasets/test_mmfit.py`
- nor on seconds that nobody annotated: `datasets/test_openpack.py`
- padding is in the middle of nothing else and does not vote: `recording/test_cutting.py`
- X does not hold its labels: `datasets/test_generators.py`
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from m3n_sklearn import Motion, Multi3NetPretrainer, Recording, Windows, cut
from m3n_sklearn.datasets import load_openpack, mmfit_split, openpack_split, utd_split
from m3n_sklearn.evaluation import (
    Method,
    PurgedGroupKFold,
    WindowFeatures,
    consecutive_groups,
    few_label_study,
    format_differences,
    format_table,
    macro_f1,
    person_folds,
    purge_overlaps,
    to_frame,
)
from m3n_sklearn.inspection import LabelEfficiencyDisplay
from m3n_sklearn.pretraining import list_pretrained, load_pretrained
from m3n_sklearn.temporal import HMMClassifier

from ..wrists import classifier
from .studies import same, wrist_set

# ---- overlapping windows on both sides of a border


def walk(n_boxes=12, box_seconds=20, rate=10.0):
    """Return a random walk, which looks like itself nearby, with a random class per box."""
    rng = np.random.default_rng(3)
    n = int(n_boxes * box_seconds * rate)
    data = np.cumsum(rng.normal(size=(n, 3)), axis=0)
    classes = np.repeat(rng.permutation(n_boxes) % 2, n // n_boxes)
    recording = Recording(data, rate, labels=classes, subject="ann", name="s1")
    X, y, _ = cut(recording, seconds=4.0, overlap=0.75)
    return X, y, (X["start"] // box_seconds).astype(int)


def test_random_folds_recognize_what_cannot_be_recognized():
    X, y, boxes = walk()
    nearest = make_pipeline(WindowFeatures(), StandardScaler(), KNeighborsClassifier(1))
    random = cross_val_score(nearest, X, y, cv=KFold(4, shuffle=True, random_state=0))
    honest = cross_val_score(nearest, X, y, cv=PurgedGroupKFold(4), groups=boxes)
    assert random.mean() > 0.8 and honest.mean() < 0.65


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps the windows that it is fitted on and asked about."""

    met: list[tuple[str, Windows]] = []

    def fit(self, X, y=None):
        self.classes_ = np.array([0]) if y is None else np.unique(y)
        self.met.append(("fit", X))
        return self

    def predict(self, X):
        self.met.append(("predict", X))
        return np.zeros(len(X))

    def predict_proba(self, X):
        self.met.append(("predict", X))
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_a_study_shares_no_sample_between_both_sides():
    X, y, boxes = walk()
    Recorder.met.clear()
    folds = consecutive_groups(boxes, 4)
    silent = Method("silent", Recorder(), needs_labels=False)
    few_label_study([Method("a", Recorder()), silent], X, y, folds, budgets=(3, None))
    assert len(Recorder.met) == 2 * 3 * 4
    for (_, learned), (_, tested) in zip(Recorder.met[::2], Recorder.met[1::2], strict=True):
        distance = np.abs(learned["start"][:, None] - tested["start"])
        assert distance.min() >= 4.0 - 1e-9


# every sample has a number of its own, so windows show themselves what they share

MM = 1e-3
"""Meters that stand for the number 1 in a translation."""


@st.composite
def numbered_windows(draw):
    """Return windows of numbered samples and frames, in any order, their labels and groups."""
    seconds = draw(st.sampled_from([0.8, 2.0]))
    overlap = draw(st.sampled_from([0.0, 0.5, 0.75, 0.9]))
    margin = draw(st.sampled_from([None, 0.0, 0.3]))
    items, first = [], 0
    for number in range(draw(st.integers(1, 3))):
        count = draw(st.integers(120, 200))
        ids = np.repeat(first + np.arange(count)[:, None], 3, axis=1).astype(float)
        start = draw(st.sampled_from([0.0, 7.3] if margin is not None else [0.0, 1.7e9]))
        item = Recording(ids, 10.0, name=f"r{number}", start=start)
        if margin is not None:
            times = start + np.arange(count) / 10
            item = (Motion(np.zeros((count, 24, 3)), MM * ids, times=times), item)
        items.append(item)
        first += count
    rate = None if margin is None else 10.0
    X, _, _ = cut(items, seconds=seconds, overlap=overlap, margin=margin or 0.0, pose_rate=rate)
    order = np.random.default_rng(draw(st.integers(0, 9))).permutation(len(X))
    X = X[order]
    y = (X["imu"][:, 0, 0] // 15 % 2).astype(int)
    n_groups = draw(st.integers(3, 5))
    groups = (X["imu"][:, 0, 0] * n_groups // first).astype(int)
    return X, y, groups


def samples(X):
    """Return the numbers of the samples and of the frames in windows."""
    frames = X["trans"][..., 0].ravel() / MM if "trans" in X else np.empty(0)
    return set(np.rint(np.r_[X["imu"][:, 0].ravel(), frames]).astype(int).tolist())


def assert_nothing_shared(met):
    """Compare what was learned with what was predicted afterwards."""
    assert any(what == "predict" for what, _ in met)
    for what, windows in met:
        if what == "fit":
            learned = samples(windows)
        else:
            assert learned.isdisjoint(samples(windows))


@given(windows=numbered_windows(), seed=st.integers(0, 99))
def test_a_purge_leaves_no_shared_sample(windows, seed):
    X, _, _ = windows
    test = np.random.default_rng(seed).random(len(X)) < 0.1
    test[0] = True
    left = purge_overlaps(~test, test, X)
    assert samples(X[left]).isdisjoint(samples(X[test]))


@given(windows=numbered_windows(), grouped=st.booleans(), n_splits=st.integers(2, 3))
def test_no_fold_shares_a_sample(windows, grouped, n_splits):
    X, _, groups = windows
    tested = np.zeros(len(X), dtype=int)
    for train, test in PurgedGroupKFold(n_splits).split(X, groups=groups if grouped else None):
        assert len(train) and samples(X[train]).isdisjoint(samples(X[test]))
        tested[test] += 1
    assert (tested == 1).all()


@given(windows=numbered_windows())
def test_a_study_of_any_windows_shares_no_sample(windows):
    X, y, groups = windows
    Recorder.met.clear()
    few_label_study([Method("a", Recorder())], X, y, groups, budgets=(2, None), folds=2)
    assert_nothing_shared(Recorder.met)


@given(windows=numbered_windows(), by=st.sampled_from(["clips", "groups", "recordings"]))
def test_smoothing_is_chosen_on_folds_that_share_no_sample(windows, by):
    X, y, groups = windows
    Recorder.met.clear()
    parts = np.char.add(X["clip"].astype(str), groups.astype(str))  # of recordings that were cut
    given = {"clips": {}, "groups": {"groups": groups}, "recordings": {"recordings": parts}}[by]
    HMMClassifier(Recorder(), cv=3).fit(X, y, **given)
    # A fold is a fit, a prediction of what it holds out, and one of what it learned from. The last
    # fit is on all windows.
    folds = [Recorder.met[i : i + 2] for i in range(0, len(Recorder.met) - 2, 3)]
    assert_nothing_shared([event for fold in folds for event in fold])


@pytest.mark.parametrize("routed", [False, True])
def test_cross_validation_inside_meta_estimators_shares_no_sample(routed):
    X, y, boxes = walk()
    Recorder.met.clear()
    cv = PurgedGroupKFold(3)
    if routed:
        with config_context(enable_metadata_routing=True):
            GridSearchCV(Recorder(), {}, cv=cv).fit(X, y, groups=boxes)
        assert_apart(Recorder.met[:-1])
        return
    GridSearchCV(Recorder(), {}, cv=cv, refit=False).fit(X, y)
    CalibratedClassifierCV(Recorder(), cv=cv).fit(X, y)
    assert_apart(Recorder.met)
    Recorder.met.clear()
    StackingClassifier([("a", Recorder())], DummyClassifier(), cv=cv).fit(X, y)
    assert_apart(Recorder.met[1:])  # first come the members, which are fitted on all windows


def assert_apart(met):
    """Check that no window of four seconds overlaps one that was learned before."""
    assert any(what == "predict" for what, _ in met)
    for what, windows in met:
        if what == "fit":
            learned = windows["start"]
        else:
            assert np.abs(learned[:, None] - windows["start"]).min() >= 4.0 - 1e-9


@pytest.mark.slow
def test_the_real_session_is_split_without_a_shared_sample(shared_data):
    data = load_openpack(shared_data("openpack_sample"))
    seconds = data.X["imu"].shape[-1] / data.X.rate("imu")
    n_kept = 0
    for train, test in PurgedGroupKFold(5).split(data.X, groups=data.boxes):
        starts = data.X["start"]
        assert np.abs(starts[train][:, None] - starts[test]).min() >= seconds - 1e-6
        assert not set(data.boxes[train]) & set(data.boxes[test])
        n_kept += len(train)
    assert n_kept > 0.97 * 4 * len(data.X)


# ---- people


@given(
    owner=st.lists(st.integers(0, 6), min_size=8, max_size=30).filter(lambda p: len(set(p)) > 2),
    k=st.sampled_from([None, 2, 3]),
)
def test_nobody_is_on_both_sides(owner, k):
    people = np.array(owner)
    for held_out in person_folds(people, k):
        test = np.isin(people, held_out)
        assert test.any() and not test.all()
        assert not set(people[test]) & set(people[~test])


@pytest.mark.parametrize(
    "folds", [openpack_split("person_loo"), mmfit_split("loso"), utd_split("person_loo")]
)
def test_leaving_one_person_out_leaves_no_session_on_both_sides(folds):
    tested = [session for fold in folds for session in fold["test"]]
    assert len(tested) == len(set(tested))
    assert all(not set(fold["train"]) & set(fold["test"]) for fold in folds)


# ---- statistics, choices and weights come from the training part


def classifiers():
    linear = LogisticRegression()
    features = WindowFeatures()
    return {
        "scaler": make_pipeline(features, StandardScaler(), linear),
        "quantiles": make_pipeline(features, QuantileTransformer(n_quantiles=10), linear),
        "selection": make_pipeline(features, SelectKBest(k=10), linear),
        "network": classifier(max_epochs=1),
    }


@pytest.mark.parametrize("name", classifiers())
def test_what_the_tested_person_did_changes_nothing_that_is_learned(name):
    X, y, groups = wrist_set(spread=0.6)
    probe = X[:4]
    fitted = []

    class Kept(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.inner_ = classifiers()[name].fit(X, y)
            self.classes_ = self.inner_.classes_
            fitted.append(self.inner_.predict_proba(probe))
            return self

        def predict(self, X):
            return self.inner_.predict(X)

    wild = X.assign(imu=np.where((groups == 2)[:, None, None], 5.0, X["imu"]))
    for windows in (X, wild):
        method = Method(name, lambda held_out: Kept())
        few_label_study([method], windows, y, groups, budgets=(None,), folds=[(2,)])
    assert np.array_equal(*fitted)


@pytest.mark.parametrize("name", classifiers())
def test_one_window_is_judged_whatever_the_others_are(name):
    X, y, _ = wrist_set(spread=0.6)
    fitted = classifiers()[name].fit(X[:24], y[:24])
    together = fitted.predict_proba(X[24:])
    reversed_ = fitted.predict_proba(X[24:][np.arange(12)[::-1]])[::-1]
    alone = np.concatenate([fitted.predict_proba(X[[row]]) for row in range(24, 36)])
    assert together == pytest.approx(alone, abs=1e-6) and together == pytest.approx(reversed_)


def test_labels_of_the_tested_person_are_never_read():
    X, y, groups = wrist_set(spread=0.6)
    shuffled = y.copy()
    shuffled[groups == 2] = np.random.default_rng(0).permutation(y[groups == 2])
    forest = make_pipeline(WindowFeatures(), KNeighborsClassifier(1))
    options = {"budgets": (2, None), "n_draws": 2, "folds": [(2,)]}
    one, other = (
        few_label_study([Method("a", forest)], X, labels, groups, **options)
        for labels in (y, shuffled)
    )
    assert all(
        np.array_equal(a.predictions, b.predictions) for a, b in zip(one, other, strict=True)
    )
    assert not same(one, other)  # the scores do change


# ---- borders of recordings, padding, resampling


def test_a_window_is_made_of_one_recording():
    pieces = [Recording(np.full((95, 3), float(i)), 10.0, name=f"r{i}") for i in range(4)]
    X, _, _ = cut(pieces, seconds=2.0, overlap=0.5, imu_rate=20.0)
    assert np.ptp(X["imu"], axis=(1, 2)).max() < 1e-9
    assert np.allclose(X["imu"][:, 0, 0], [float(clip[1:]) for clip in X["clip"]])


def test_resampling_does_not_bridge_a_gap():
    data = np.r_[np.zeros((100, 3)), np.full((100, 3), 9.0)]
    observed = np.ones(200, dtype=bool)
    observed[80:120] = False
    recording = Recording(data, 20.0, observed=observed, labels=np.repeat(["a", "b"], 100))
    X, y, _ = cut(recording, seconds=1.0, overlap=0.5, imu_rate=10.0)
    ends = X["start"] + 1.0
    assert np.all((ends <= 4.0 + 1e-9) | (X["start"] >= 6.0 - 1e-9))
    assert set(y) == {"a", "b"}


# ---- what was seen in pretraining is said


def test_a_pretraining_is_told_everybody_it_is_tested_on():
    X, y, groups = wrist_set(n_people=5)
    numbered = X.assign(row=np.arange(len(X)))
    told = []

    class Tested(DummyClassifier):
        def __init__(self, held_out=(), **params):
            super().__init__(**params)
            self.held_out = held_out

        def predict(self, X):
            told.append((self.held_out, set(groups[X["row"]].tolist())))
            return super().predict(X)

    few_label_study(
        [Method("a", lambda who: Tested(who))], numbered, y, groups, budgets=(1,), folds=2
    )
    assert {person for who, _ in told for person in who} == set(groups.tolist())
    assert all(set(held_out) == tested for held_out, tested in told)


def test_a_flag_is_in_every_result():
    X, y, groups = wrist_set()
    flag = "unlabeled windows of the tested people in pretraining"
    compared = [Method("a", DummyClassifier(), flags=(flag,)), Method("b", DummyClassifier())]
    scores = few_label_study(compared, X, y, groups, budgets=(1, None))
    assert f"[1] {flag}" in format_table(scores) and "a [1]" in format_table(scores)
    assert f"[1] {flag}" in format_differences(scores, "b")
    assert set(to_frame(scores).query("method == 'a'")["flags"]) == {flag}
    display = LabelEfficiencyDisplay.from_scores(scores)
    assert flag in display.ax_.get_xlabel()
    plt.close(display.figure_)


class Probe(DummyClassifier):
    def __init__(self, pretrainer=None):
        super().__init__()
        self.pretrainer = pretrainer


TINY = {"width": 8, "max_epochs": 1, "text_encoder": "hashing", "rate": 20.0, "random_state": 0}


def one_person(kind, person=0):
    """Return the windows of one person for a pretraining, with captions if they are labeled."""
    X, y, groups = wrist_set()
    rows = groups == person
    own = X[rows].assign(groups=groups[rows])
    return own.assign(text=y[rows].tolist()) if kind == "labeled" else own


def ways_to_give(seen, corpus, folder):
    """Return estimators with a pretrainer that reads windows of a person."""
    seen.save(folder / "seen.safetensors")
    frozen = FrozenEstimator(seen)
    return {
        "frozen": Probe(frozen),
        "list": Probe(["m3n-base", frozen]),
        "path": Probe(folder / "seen.safetensors"),
        "path in a list": Probe(["m3n-base", str(folder / "seen.safetensors")]),
        "fitted later": Probe(Multi3NetPretrainer(**TINY, corpus=corpus)),
        "search": GridSearchCV(Probe(), {"pretrainer": [None, frozen]}, cv=KFold(2)),
        "pipeline": make_pipeline(frozen, DummyClassifier()),
    }


@pytest.mark.parametrize("kind", ["unlabeled", "labeled"])
def test_windows_of_tested_people_in_pretraining_are_flagged(tmp_path, kind):
    X, y, groups = wrist_set()
    corpus = one_person(kind)
    seen = Multi3NetPretrainer(**TINY).fit(corpus)
    given = ways_to_give(seen, corpus, tmp_path)
    compared = [Method(name, estimator) for name, estimator in given.items()]
    clean = Multi3NetPretrainer(**TINY)  # fitted on the training people
    scratch = classifier(FrozenEstimator(seen), strategy="scratch", max_epochs=1)
    compared += [Method("none", Probe(clean)), Method("words", Probe("m3n-base"))]
    compared += [Method("scratch", scratch)]  # it takes the architecture only
    for _ in range(2):  # computed, then read from files
        scores = few_label_study(compared, X, y, groups, budgets=(1,), store=tmp_path / "study")
        flagged = {(s.method, s.group) for s in scores if s.flags == (f"{kind} target windows",)}
        assert flagged == {(name, 0) for name in given}
        assert "list [1]" in format_table(scores) and "none [1]" not in format_table(scores)
    # people may be numbers here and strings there
    scores = few_label_study(compared[:1], X, y, groups.astype(str), budgets=(1,))
    assert {s.group for s in scores if s.flags} == {"0"}


def test_a_parameter_of_others_with_the_same_name_is_none_of_ours():
    X, y, groups = wrist_set()
    for text in ("resnet50", "./none.safetensors"):
        scores = few_label_study([Method("a", Probe(text))], X, y, groups, budgets=(1,))
        assert not any(score.flags for score in scores)


def test_people_of_earlier_pretraining_are_not_forgotten():
    pretrainer = Multi3NetPretrainer(**TINY).fit(
        one_person("labeled", 2).drop("groups"), groups=[2] * 12
    )
    pretrainer.set_params(warm_start=True).fit(one_person("labeled", 1))
    assert pretrainer.labeled_groups_.tolist() == [1, 2]
    assert pretrainer.set_params(warm_start=False).fit(
        one_person("labeled", 1)
    ).labeled_groups_ == [1]


def test_pretrainers_are_found_as_a_classifier_finds_them(tmp_path):
    X, y, groups = wrist_set(n_people=2)
    steps = Pipeline([("pretrainer", StandardScaler()), ("model", DummyClassifier())])
    given = [
        Method("path of a name", Probe(Path("m3n-base"))),
        Method("step", GridSearchCV(steps, {"pretrainer": ["passthrough"]}, cv=KFold(2))),
    ]
    flat = X["imu"].reshape(len(X), -1)
    assert few_label_study(given[:1], X, y, groups, budgets=(1,))
    assert few_label_study(given[1:], flat, y, groups, budgets=(1,))
    lost = [Method("lost", classifier(str(tmp_path / "lost.safetensors")))]
    with pytest.raises(FileNotFoundError, match=r"lost\.safetensors' is neither the name of"):
        few_label_study(lost, X, y, groups, budgets=(1,))


@pytest.mark.parametrize("name", list_pretrained())
def test_people_of_shipped_weights_are_named(name):
    people = load_pretrained(name).labeled_groups_.tolist()
    assert bool(people) == (name == "m3n-real")
    if people:
        X, y, groups = wrist_set(n_people=2)
        named = np.array(["dsads/1", "x"])[groups]
        scores = few_label_study([Method("a", Probe(name))], X, y, named, budgets=(1,))
        assert {s.group for s in scores if s.flags} == {"dsads/1"}


def test_captions_stay_out_of_the_windows_that_are_classified():
    motion = Motion(
        np.zeros((40, 22, 3)), np.zeros((40, 3)), 20.0, text=("a person waves",), label="wave"
    )
    X, _, _ = cut(motion, seconds=1.0)
    imu = np.random.default_rng(0).normal(size=(len(X), 6, 20))
    imu[:, 2] += 9.8
    tiny = classifier(max_epochs=1)
    named, other = (
        tiny.fit(Windows(imu=imu, rate=20.0, text=text), np.arange(len(X)) % 2).predict_proba(
            Windows(imu=imu, rate=20.0, text=text)
        )
        for text in (X["text"], ["something else"] * len(X))
    )
    assert np.array_equal(named, other)


# ---- scoring


def test_a_predicted_class_that_never_occurs_counts_as_wrong_and_adds_no_term():
    truth = ["pick", "pick", "tape", "tape"]
    assert macro_f1(truth, ["pick", "null", "tape", "tape"]) == pytest.approx((2 / 3 + 1) / 2)


def test_people_are_scored_each_and_not_pooled():
    y = np.array(list("abbbaaab"))
    groups = np.repeat([1, 2], 4)
    constant = Method("a", DummyClassifier(strategy="constant", constant="a"))
    X = np.zeros((8, 1))
    one, two = few_label_study([constant], X, y, groups, budgets=(None,))
    assert one.macro_f1 == pytest.approx(0.4 / 2) and two.macro_f1 == pytest.approx(6 / 7 / 2)
