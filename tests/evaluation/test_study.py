"""The study over people never seen: the same labels for all, resumable, in any number of jobs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import (
    Method,
    WindowFeatures,
    few_label_study,
    load_scores,
    macro_f1,
    per_person,
)
from m3n_sklearn.evaluation._jobs import Run, _seeded

from ..disks import full_disk
from .studies import methods, same, wrist_set


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers what it was given."""

    seen: list[dict] = []

    def __init__(self, random_state=None, name="spy"):
        self.random_state = random_state
        self.name = name

    def fit(self, X, y=None):
        self.classes_ = np.unique(y) if y is not None else np.array(["still"])
        self.seen.append({"X": X, "y": y, "state": self.random_state, "name": self.name})
        return self

    def predict(self, X):
        return np.full(X.shape[0], self.classes_[0])


@pytest.fixture(autouse=True)
def forget():
    Spy.seen.clear()


# ---- what is compared


def test_macro_f1_averages_over_the_classes_that_occur():
    assert macro_f1(["a", "a", "b"], ["a", "a", "b"]) == 1.0
    assert macro_f1(["a", "a"], ["a", "c"]) == pytest.approx(2 / 3)


def test_every_method_meets_the_same_people_and_draws():
    X, y, groups = wrist_set()
    scores = few_label_study(methods(), X, y, groups, budgets=(1, None), n_draws=2)
    assert len(scores) == 3 * (2 + 1) * 3
    for score in scores:
        assert np.all(groups[score.rows] == score.group)
        assert score.macro_f1 == macro_f1(y[score.rows], score.predictions)
        assert score.n_train == (2 if score.budget == 1 else 24)
        assert score.held_out == (score.group,)
        assert score.fit_seconds > 0 and score.predict_seconds > 0
    assert min(per_person(scores, "forest", None).values()) == 1.0
    assert list(per_person(scores, "by fold", 1).values()) == pytest.approx([1 / 3] * 3)
    assert list(dict.fromkeys(s.method for s in scores)) == ["majority", "forest", "by fold"]


def test_draws_differ_and_methods_share_them():
    X, y, groups = wrist_set()
    pair = [Method(name, Spy(name=name)) for name in ("a", "b")]
    few_label_study(pair, X, y, groups, budgets=(1, 0.5), n_draws=4, folds=[(0,)])
    a, b = ([s for s in Spy.seen if s["name"] == name] for name in ("a", "b"))
    assert len(a) == len(b) == 2 * 4
    for one, other in zip(a, b, strict=True):
        assert np.array_equal(one["X"]["imu"], other["X"]["imu"]) and one["state"] == other["state"]
    assert len({s["state"] for s in a}) == 4
    half = [s for s in a if len(s["y"]) == 12]
    assert len({s["X"]["imu"].tobytes() for s in half}) == 4


class Around(Spy):
    """Holds other estimators, without or with a seed of its own."""

    def __init__(self, inner=None, other=None):
        self.inner = inner
        self.other = other

    random_state = None
    name = "around"


@pytest.mark.parametrize(
    ("estimator", "seeded"),
    [
        (Spy(), {"random_state"}),
        (Spy(name=Spy(random_state=3)), {"random_state"}),
        (Around(Spy(), Around(Spy())), {"inner__random_state", "other__inner__random_state"}),
        (Around(Around(Spy(name=Spy()))), {"inner__inner__random_state"}),
        (Around(FrozenEstimator(Spy()), Spy(random_state=5)), {"other__random_state"}),
        (Around(), set()),
    ],
)
def test_the_outermost_seed_of_every_part_is_set(estimator, seeded):
    before = estimator.get_params()
    after = _seeded(clone(estimator), 0, Run(1, 2)).get_params()
    changed = {k for k in before if k.endswith("random_state") and before[k] != after[k]}
    assert changed == seeded and len({after[name] for name in seeded}) == min(1, len(seeded))


def test_draws_do_not_depend_on_what_else_is_studied():
    X, y, groups = wrist_set()
    few_label_study([Method("a", Spy())], X, y, groups, budgets=(2,), folds=[(2,)])
    few_label_study([Method("a", Spy())], X, y, groups, budgets=(1, 2, None), n_draws=2)
    alone = Spy.seen[0]
    assert any(
        np.array_equal(alone["X"]["imu"], other["X"]["imu"]) and alone["state"] == other["state"]
        for other in Spy.seen[1:]
    )


def test_a_fold_may_hold_several_people_who_are_scored_each():
    X, y, groups = wrist_set(n_people=5)
    told = []

    def build(held_out):
        told.append(held_out)
        return Spy()

    scores = few_label_study([Method("a", build)], X, y, groups, budgets=(1,), folds=2)
    assert sorted(score.group for score in scores) == [0, 1, 2, 3, 4]
    assert {score.held_out for score in scores} == set(told) and len(told) == 2
    for score in scores:
        assert np.all(groups[score.rows] == score.group)


def test_a_method_without_labels_is_fitted_once_per_fold(capsys):
    X, y, groups = wrist_set()
    scores = few_label_study(
        [Method("words", lambda people: Spy(), needs_labels=False), Method("other", Spy())],
        X,
        y,
        groups,
        folds=[(1,)],
        budgets=(1, 2),
        n_draws=2,
        verbose=1,
    )
    silent = [s for s in Spy.seen if s["y"] is None]
    assert len(silent) == 1 and len(silent[0]["X"]) == 24
    assert [s.budget for s in scores if s.method == "words"] == [1, 1, 2, 2]
    assert {s.n_train for s in scores if s.method == "words"} == {0}
    shown = capsys.readouterr().err
    assert "5/5" in shown and "without 1" in shown


class GroupSpy(Spy):
    """Takes people too."""

    def fit(self, X, y=None, groups=None):
        super().fit(X, y)
        self.seen[-1]["groups"] = groups
        return self


def test_estimators_that_choose_by_people_are_told_who_is_who():
    X, y, groups = wrist_set()
    few_label_study([Method("a", GroupSpy())], X, y, groups, budgets=(2, None), folds=[(1,)])
    assert set(Spy.seen[0]["groups"]) == {0, 2} and len(Spy.seen[0]["groups"]) == 24
    lone = few_label_study(
        [Method("a", GroupSpy())], X, y, groups > 0, budgets=(1,), folds=[(True,)]
    )
    assert Spy.seen[-1]["groups"] is None and lone[0].group is True
    extra = Method("a", GroupSpy(), extra=lambda who: (X[:2], y[:2]))
    few_label_study([extra], X, y, groups, budgets=(None,))
    assert Spy.seen[-1]["groups"] is None


def test_extra_windows_join_every_draw():
    X, y, groups = wrist_set()
    simulated = Windows(imu=np.ones((3, 6, 40)), rate=20.0, source=["bvh"] * 3)
    held = []

    def extra(held_out):
        held.append(held_out)
        return simulated, ["shake"] * 3

    scores = few_label_study([Method("a", Spy(), extra=extra)], X, y, groups, budgets=(1, None))
    assert sorted(held) == [(0,), (0,), (1,), (1,), (2,), (2,)]
    assert sorted(len(s["y"]) for s in Spy.seen) == [5, 5, 5, 27, 27, 27]
    assert (
        np.all(Spy.seen[0]["X"]["imu"][-3:] == 1) and list(Spy.seen[0]["y"][-3:]) == ["shake"] * 3
    )
    assert {score.n_train for score in scores} == {2, 24}
    few_label_study([Method("a", Spy(), extra=lambda who: (np.ones((1, 6, 40)), ["still"]))],
                    X["imu"], y, groups, budgets=(1,))  # fmt: skip
    assert Spy.seen[-1]["X"].shape == (3, 6, 40)


@pytest.mark.parametrize(
    ("extra", "error", "message"),
    [
        (lambda who: (np.ones((1, 6, 40)), ["shake"]), TypeError, "of the kind of X, Windows"),
        (lambda who: (Windows(imu=np.ones((2, 6, 40))), ["shake"]), ValueError, "per window, 2"),
        (lambda who: (Windows(imu=np.ones((1, 6, 40))), ["jump"]), ValueError, "'jump'"),
    ],
)
def test_extra_windows_must_fit(extra, error, message):
    X, y, groups = wrist_set()
    with pytest.raises(error, match=message) as caught:
        few_label_study([Method("mixed", Spy(), extra=extra)], X, y, groups, budgets=(1,))
    assert "mixed, 1 per class" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"extra": 3}, TypeError, "must be a function of the held-out people"),
        ({"extra": print, "needs_labels": False}, ValueError, "reads no labels"),
        ({"flags": "transductive"}, TypeError, "tuple of strings"),
        ({"flags": (1,)}, TypeError, "tuple of strings"),
    ],
)
def test_methods_refuse_nonsense(options, error, message):
    with pytest.raises(error, match=message):
        Method("a", Spy(), **options)


def test_labels_of_a_data_frame_and_classes_never_learned():
    X, y, groups = wrist_set()
    y = np.where((groups == 2) & (y == "still"), "jump", y)
    y = np.array(y, dtype=object)
    knn = make_pipeline(WindowFeatures(), KNeighborsClassifier(1))
    scores = few_label_study([Method("knn", knn)], X, y, groups, budgets=(None,))
    assert all(list(score.classes) == ["jump", "shake", "still"] for score in scores)
    assert "jump" not in next(s.predictions for s in scores if s.group == 2)


def test_a_study_needs_people_and_plain_labels():
    X, y, groups = wrist_set()
    with pytest.raises(ValueError, match=r"\[9\] are not among the groups"):
        few_label_study(methods(), X, y, groups, folds=[(9,)])
    with pytest.raises(ValueError, match="at least two groups"):
        few_label_study(methods(), X, y, np.zeros(len(y)))
    mixed = np.array([*y[:-1], 3], dtype=object)
    with pytest.raises(ValueError, match="all numbers or all strings"):
        few_label_study(methods(), X, mixed, groups)
    for column, value in product(("y", "groups", "blocks"), (None, np.nan)):
        given = {"y": y, "groups": groups, "blocks": np.arange(len(y))}
        given[column] = np.array(given[column], dtype=object)
        given[column][3] = value
        with pytest.raises(ValueError, match=f"{column} must be known.*1 of 36.*row 3"):
            few_label_study([Method("a", Spy(), needs_labels=False)], X, **given)
    with pytest.raises(ValueError, match=r"groups must be known.*36 of 36"):
        few_label_study(methods(), X, y, np.full(len(y), np.nan))


def test_a_fold_that_the_purge_empties_is_named():
    X, y, groups = wrist_set()
    X = X.assign(clip=["a"] * 36, start=np.arange(36) * 0.05)
    with pytest.raises(ValueError, match=r"in the fold without 1: each of its 24 training windows"):
        few_label_study(methods(), X, y, groups, folds=[(1,)])


# ---- jobs and the store


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_processes(tmp_path):
    rows = np.random.default_rng(0).permutation(36)
    X, y, groups = (values[rows] for values in wrist_set(spread=0.3))  # X is a slice, too
    options = {"budgets": (2, 0.5, None), "n_draws": 2, "folds": 2}
    one = few_label_study(methods(), X, y, groups, **options)
    two = few_label_study(methods(), X, y, groups, **options, n_jobs=2, store=tmp_path / "s")
    assert len({score.macro_f1 for score in one}) > 4
    assert same(one, two)
    stored = load_scores(tmp_path / "s")
    order = {name: i for i, name in enumerate(["majority", "forest", "by fold"])}

    def place(score):
        kind = (score.budget is None, isinstance(score.budget, float))
        return (score.held_out, kind, score.draw, order[score.method], score.group)

    assert same(sorted(one, key=place), sorted(stored, key=place))


class Fragile(Spy):
    """Breaks in its n-th fit."""

    def fit(self, X, y=None):
        super().fit(X, y)
        if len(self.seen) == 4:
            raise RuntimeError("power cut")
        return self


def test_a_study_resumes_after_an_error(tmp_path, capsys):
    X, y, groups = wrist_set()
    study = {"budgets": (1, 2), "n_draws": 2, "store": tmp_path}
    with pytest.raises(RuntimeError, match="power cut") as caught:
        few_label_study([Method("a", Fragile())], X, y, groups, **study)
    assert "draw" in caught.value.__notes__[0]
    assert len(load_scores(tmp_path)) == 3
    few_label_study([Method("a", Fragile())], X, y, groups, **study, verbose=1)
    assert len(Spy.seen) == 4 + 9 and "3/12" in capsys.readouterr().err
    few_label_study([Method("a", Fragile())], X, y, groups, **study)
    assert len(Spy.seen) == 13


def test_a_store_grows_with_its_study(tmp_path):
    X, y, groups = wrist_set()
    few_label_study([Method("a", Spy())], X, y, groups, budgets=(1,), store=tmp_path)
    larger = [Method("a", Spy(), flags=("noted",)), Method("b", Spy(name="b"))]
    options = {"budgets": (1, None), "n_draws": 2, "store": tmp_path}
    scores = few_label_study(larger, X, y, groups, **options)
    assert len(Spy.seen) == len(scores) == 2 * 3 * 3
    assert {score.flags for score in scores if score.method == "a"} == {("noted",)}


CHANGES = {
    "X": lambda call: {"X": call["X"].assign(imu=call["X"]["imu"] * 1.001)},
    "rate": lambda call: {"X": call["X"].assign(rate={"imu": 25.0})},
    "y": lambda call: {"y": np.where(call["y"] == "still", "rest", call["y"])},
    "groups": lambda call: {"groups": call["groups"] + 1},
    "blocks": lambda call: {"blocks": np.arange(36)[::-1] // 6},
    "random_state": lambda call: {"random_state": 1},
    "parameter": lambda call: {"methods": [Method("a", Spy(name="other"))]},
    "long parameter": lambda call: {"methods": [Method("a", Spy(name=words("new")))]},
    "frozen weights": lambda call: {"methods": [Method("a", Spy(name=encoder(1.0)))]},
    "function": lambda call: {"methods": [Method("a", Spy(name=np.exp))]},
    "extra": lambda call: {"methods": [Method("a", Spy(), extra=lambda who: (X_EXTRA, ["still"]))]},
    "labels": lambda call: {"methods": [Method("a", Spy(), needs_labels=False)]},
}
X_EXTRA = wrist_set()[0][:1]


def words(last):
    return {i: f"class {i}" for i in range(200)} | {100: last}


def encoder(shift):
    return FrozenEstimator(StandardScaler().fit(np.full((1, 2), shift)))


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_computed_and_never_mixed_with_what_was_there(tmp_path, what):
    X, y, groups = wrist_set()
    name = {"long parameter": words("old"), "frozen weights": encoder(0.0), "function": np.log}
    first = {
        "methods": [Method("a", Spy(name=name.get(what, "spy")))],
        **{"X": X, "y": y, "groups": groups, "budgets": (2,), "folds": [(1,)]},
    }
    few_label_study(**first, store=tmp_path)
    few_label_study(**first, store=tmp_path)
    assert len(Spy.seen) == 1
    changed = {**first, **CHANGES[what](first)}
    scores = few_label_study(**changed, store=tmp_path)
    assert len(Spy.seen) == 2
    assert same(scores, few_label_study(**changed))
    assert same(few_label_study(**first, store=tmp_path), few_label_study(**first))


def test_results_of_two_studies_in_one_folder_are_not_mixed(tmp_path):
    X, y, groups = wrist_set()
    for name in ("one", "other"):
        few_label_study([Method("a", Spy(name=name))], X, y, groups, budgets=(1,), store=tmp_path)
    with pytest.raises(ValueError, match=r"2 results of method 'a' for person \d.*empty folder"):
        load_scores(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not touch")
    with pytest.raises(ValueError, match="is not the store of a study"):
        load_scores(tmp_path / "mine")


def test_a_used_encoder_is_the_same_encoder(tmp_path):
    from m3n_sklearn.pretraining import load_pretrained
    from m3n_sklearn.recording import channel_names

    X, y, groups = wrist_set()
    frozen = FrozenEstimator(load_pretrained("m3n-base"))
    study = {"X": X, "y": y, "groups": groups, "budgets": (1,), "folds": [(0,)], "store": tmp_path}
    few_label_study([Method("a", Spy(name=frozen))], **study)
    frozen.transform(Windows(imu=np.zeros((2, 6, 40)), rate=20.0, channels=channel_names("wrist")))
    few_label_study([Method("a", Spy(name=frozen))], **study)
    assert len(Spy.seen) == 1


def test_a_store_needs_functions_that_have_a_name(tmp_path):
    X, y, groups = wrist_set()
    with pytest.raises(TypeError, match="Define its functions and classes in a module"):
        few_label_study([Method("a", Spy(name=lambda x: x))], X, y, groups, store=tmp_path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"half", b'{"format": 2, "scores": []}'])
def test_damaged_and_foreign_cells_are_named(tmp_path, content):
    X, y, groups = wrist_set()
    options = {"budgets": (1,), "store": tmp_path}
    few_label_study([Method("a", Spy())], X, y, groups, **options)
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-9] if content == b"half" else content)
    study = [[Method("a", Spy())], X, y, groups]
    for read in (lambda: load_scores(tmp_path), lambda: few_label_study(*study, **options)):
        with pytest.raises(ValueError, match=f"{path.name} is not a cell of a study.*delete it"):
            read()
    path.unlink()
    few_label_study(*study, **options)
    assert len(Spy.seen) == 4 and len(load_scores(tmp_path)) == 3


def test_a_method_is_read_once_for_all_of_its_cells(tmp_path, monkeypatch):
    from m3n_sklearn.evaluation import _store

    X, y, groups = wrist_set()
    read, identify = [], _store._identify
    monkeypatch.setattr(_store, "_identify", lambda m: read.append(m) or identify(m))
    few_label_study([Method("a", Spy())], X, y, groups, n_draws=3, store=tmp_path)
    assert len(read) == 1


def test_folds_share_what_they_have_in_common(tmp_path):
    X, y, groups = wrist_set(n_people=4)
    study = [[Method("a", Spy())], X, y, groups]
    options = {"budgets": (1,), "store": tmp_path}
    first = few_label_study(*study, **options, folds=[(0, 1)])
    again = few_label_study(*study, **options, folds=[(2, 3), (1, 0)])  # the other half, the same
    assert len(Spy.seen) == 2 and len(load_scores(tmp_path)) == 4
    assert [score.group for score in again] == [2, 3, 1, 0]
    assert again[2].held_out == (1, 0) and again[2].macro_f1 == first[1].macro_f1
    few_label_study(*study, **options, folds=[(1, 2)])
    with pytest.raises(ValueError, match="folds were changed"):
        load_scores(tmp_path)


def test_a_method_without_labels_is_loaded_at_the_budgets_of_the_others(tmp_path):
    X, y, groups = wrist_set()
    pair = [Method("a", Fragile()), Method("words", Spy(), needs_labels=False)]
    with pytest.raises(RuntimeError, match="power cut"):  # "words" first, for all people
        few_label_study(pair, X, y, groups, budgets=(1,), store=tmp_path)
    few_label_study(pair, X, y, groups, budgets=(1, 2), folds=[(0,)], store=tmp_path)
    found = {(score.method, score.group, score.budget) for score in load_scores(tmp_path)}
    words = {(group, budget) for method, group, budget in found if method == "words"}
    assert words == {(group, budget) for group in (0, 1, 2) for budget in (1, 2)}


def test_a_changed_score_is_noticed(tmp_path):
    X, y, groups = wrist_set()
    few_label_study([Method("a", Spy())], X, y, groups, budgets=(1,), store=tmp_path)
    path = next(tmp_path.iterdir())
    good = path.read_bytes()
    for place in range(2, len(good), 37):
        bad = bytearray(good)
        bad[place] ^= 1
        with contextlib.suppress(ValueError):
            if json.loads(bad) == json.loads(good):  # a digit beyond the precision of a number
                continue
        path.write_bytes(bad)
        with pytest.raises(ValueError, match=r"is not a cell of a study.*delete it"):
            load_scores(tmp_path)


def test_a_store_that_cannot_be_written_is_noticed_before_the_first_fit(tmp_path, monkeypatch):
    X, y, groups = wrist_set()
    study = [[Method("a", Spy())], X, y, groups]
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FileExistsError):
        few_label_study(*study, store=tmp_path / "file")
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(PermissionError, match=r"may write to.*No cell is computed") as error:
        few_label_study(*study, store=tmp_path / "store")
    assert error.value.filename == str(tmp_path / "store") and Spy.seen == []


def test_a_full_disk_names_the_cell_and_the_study_goes_on(tmp_path):
    X, y, groups = wrist_set()
    study = [[Method("a", Spy())], X, y, groups]
    with full_disk(200), pytest.raises(OSError, match="Free some space") as error:
        few_label_study(*study, budgets=(1,), store=tmp_path)
    assert Path(error.value.filename).suffix == ".json" and not list(tmp_path.iterdir())
    assert len(few_label_study(*study, budgets=(1,), store=tmp_path)) == 3


def test_cells_of_another_process_are_not_computed_again(tmp_path, monkeypatch):
    from m3n_sklearn.evaluation import _study

    X, y, groups = wrist_set()
    study = {"methods": [Method("a", Spy())], "X": X, "y": y, "groups": groups, "budgets": (1,)}
    compute = _study._compute

    def meanwhile(data, job, store):  # the other process finishes all cells during the first
        monkeypatch.setattr(_study, "_compute", compute)
        few_label_study(**study, store=tmp_path)
        return compute(data, job, store)

    monkeypatch.setattr(_study, "_compute", meanwhile)
    few_label_study(**study, store=tmp_path)
    assert len(Spy.seen) == 3 and len(load_scores(tmp_path)) == 3


KILLED = """
import os, signal, sys
from sklearn.dummy import DummyClassifier
from m3n_sklearn.evaluation import Method, few_label_study
from tests.evaluation.studies import wrist_set

class Deadly(DummyClassifier):
    fits = 0
    def fit(self, X, y):
        Deadly.fits += 1
        if Deadly.fits == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)

X, y, groups = wrist_set()
few_label_study([Method("a", lambda people: Deadly())], X, y, groups, budgets=(1, None), n_draws=3,
                store=sys.argv[1])
"""


@pytest.mark.slow
def test_a_killed_study_resumes(tmp_path, capsys):
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(load_scores(tmp_path)) == 5
    X, y, groups = wrist_set()
    options = {"budgets": (1, None), "n_draws": 3}
    dummy = [Method("a", lambda people: DummyClassifier())]
    resumed = few_label_study(dummy, X, y, groups, **options, store=tmp_path, verbose=1)
    assert "5/12" in capsys.readouterr().err
    assert same(resumed, few_label_study(dummy, X, y, groups, **options))
