"""The page of a classifier or a study says what was measured, on whom, and nothing else."""

from __future__ import annotations

import base64
import json
import re
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from m3n_sklearn import Motion, Recording, Windows, cut
from m3n_sklearn.datasets import make_wrist_har
from m3n_sklearn.evaluation import Method, WindowFeatures, few_label_study, macro_f1, mean_interval
from m3n_sklearn.inspection import MotionPlayer, report
from m3n_sklearn.inspection import _report as module
from m3n_sklearn.inspection._results import (
    Results,
    _macro_f1,
    of_classifier,
    training_people,
    worst_errors,
)
from m3n_sklearn.recording import channel_names
from m3n_sklearn.temporal import HMMClassifier, read_rows

pytest.importorskip("plotly")


class Fixed(ClassifierMixin, BaseEstimator):
    """Returns the probabilities that it was given."""

    def __init__(self, probabilities, classes):
        self.probabilities, self.classes = probabilities, classes

    def fit(self, X, y=None):
        self.classes_ = np.asarray(self.classes)
        return self

    def predict_proba(self, X):
        return self.probabilities

    def predict(self, X):
        return self.classes_[self.probabilities.argmax(axis=1)]


@pytest.fixture(scope="module")
def wrists():
    return make_wrist_har(3, 2, ["clap", "stir", "wave"], random_state=0)


@pytest.fixture(scope="module")
def model(wrists):
    test = wrists.groups == wrists.groups[-1]
    model = make_pipeline(WindowFeatures(), RandomForestClassifier(10, random_state=0))
    return model.fit(wrists.X[~test], wrists.y[~test])


@pytest.fixture(scope="module")
def study(wrists):
    forest = make_pipeline(WindowFeatures(), RandomForestClassifier(10, random_state=0))
    methods = [Method("majority", DummyClassifier()), Method("forest", forest)]
    return few_label_study(methods, wrists.X, wrists.y, wrists.groups, budgets=(1, 3), n_draws=2)


def text_of(path):
    return path.read_text("utf-8")


def tables_of(text):
    """Give the rows of each table as lists of texts."""
    tables = []
    for table in re.findall(r"<table>.*?</table>", text, flags=re.DOTALL):
        rows = re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)
        tables.append([re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows])
    return tables


def figures_of(text):
    """Give the plotly figures, with their arrays decoded."""
    found = re.findall(r'<div class="plot"[^>]*><script[^>]*>(.*?)</script>', text, re.DOTALL)
    return [json.loads(one, object_hook=_array) for one in found]


def _array(value):
    if set(value) >= {"dtype", "bdata"}:
        array = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
        shape = value.get("shape")
        return array.reshape([int(n) for n in shape.split(",")]) if shape else array
    return value


def test_numbers_of_a_classifier_are_those_of_scikit_learn(wrists, model, tmp_path):
    path = report(model, wrists.X, wrists.y, groups=wrists.groups, path=tmp_path / "r.html")
    predicted = model.predict(wrists.X)
    tables = tables_of(text_of(path))
    headline = {row[0]: row[1] for row in tables[0][1:]}
    assert headline["accuracy"] == f"{accuracy_score(wrists.y, predicted):.3f}"
    whole = macro_f1(wrists.y, predicted)
    assert headline["macro F1, all windows together"] == f"{whole:.3f}"
    by_person = {
        person: macro_f1(wrists.y[wrists.groups == person], predicted[wrists.groups == person])
        for person in np.unique(wrists.groups)
    }
    assert {row[0]: row[2] for row in tables[1][1:]} == {
        str(person): f"{score:.3f}" for person, score in by_person.items()
    }
    mean = np.mean(list(by_person.values()))
    assert headline["macro F1, mean over people"] == f"{mean:.3f}"
    counts = next(
        trace["customdata"]
        for figure in figures_of(text_of(path))
        for trace in figure["data"]
        if trace["type"] == "heatmap" and "customdata" in trace
    )
    np.testing.assert_array_equal(counts, confusion_matrix(wrists.y, predicted))


def test_a_page_says_what_was_given_and_what_it_cannot_know(wrists, model, tmp_path):
    text = text_of(
        report(model, wrists.X, wrists.y, groups=wrists.groups, path=tmp_path / "r.html")
    )
    assert "54 windows of 3 classes (3 people) were passed" in text
    assert "cannot know who was in the training set" in text
    assert "bootstrap over 3 people are too narrow" in text
    facts = dict(row for row in tables_of(text)[2][1:])
    assert facts["window"] == "2.56 s" and facts["channels"] == "right wrist acc, right wrist gyro"
    assert facts["people"] == ", ".join(np.unique(wrists.groups))
    alone = text_of(report(model, wrists.X, wrists.y, path=tmp_path / "r.html"))
    assert "people not told" in alone and "No groups were given" in alone


def test_the_interval_uses_macro_f1_of_resampled_recordings():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(4, size=(2, 5, 40))
    pairs = list(zip(truth, predicted, strict=True))
    tables = np.array([confusion_matrix(*pair, labels=range(4)) for pair in pairs])
    expected = [macro_f1(*pair) for pair in pairs]
    hits, actual, called = tables.diagonal(axis1=1, axis2=2), tables.sum(axis=2), tables.sum(axis=1)
    np.testing.assert_allclose(_macro_f1(hits, actual, called), expected)
    # a person with four recordings has no interval; one who is always right has one of no width
    right = Results("m", np.arange(20), truth[0, :20], truth[0, :20], np.arange(4))
    four, five = (Results(**{**right.__dict__, "clips": np.arange(20) % n}) for n in (4, 5))
    assert four.interval_over_clips() is None and five.interval_over_clips() == (1.0, 1.0)


def test_errors_are_the_most_confident_ones_one_of_a_person_and_class():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6], [0.45, 0.55]])
    results = Results(
        "m",
        np.arange(5),
        np.array(["a"] * 5),
        np.array(["a", "b", "b", "b", "b"]),
        np.array(["a", "b"]),
        people=np.array([1, 1, 1, 2, 2]),
        probabilities=probabilities,
        columns=np.array(["a", "b"]),
    )
    assert worst_errors(results, 6) == [(1, 0.8), (3, 0.6)]


def test_captions_of_errors_name_the_window(tmp_path):
    still = np.tile([0.0, 0.0, 9.81], (400, 1))
    names = channel_names("left_wrist", "acc")
    X, y, groups = cut(
        [
            Recording(still, 50.0, names, labels="sit", subject="eve", name="one"),
            Recording(still + np.eye(3)[0], 50.0, names, labels="walk", subject="Bob", name="Two"),
        ],
        seconds=2.0,
        overlap=0.0,
    )
    probabilities = np.tile([0.9, 0.1], (8, 1))
    probabilities[6] = [0.97, 0.03]
    classifier = Fixed(probabilities, ["sit", "walk"]).fit(X)
    names = {"walk": "Walking", "sit": "Sitting"}
    path = report(classifier, X, y, groups=groups, path=tmp_path / "r.html", label_names=names)
    text = text_of(path)
    assert "4 of 8 predictions are wrong. These are 1 of them" in text
    assert (
        "True Walking, predicted Sitting (probability 0.97, true class 0.03). Row 6, person Bob, "
        "recording Two, from 4.00 s." in text
    )
    signals = figures_of(text)[-1]
    np.testing.assert_allclose(signals["data"][2]["y"], 9.81, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(signals["data"][0]["x"])[[0, -1]], [4.0, 5.98])
    assert signals["layout"]["yaxis"]["title"]["text"].endswith("(m/s²)")


def test_windows_with_poses_are_played_in_their_place(tmp_path):
    motion = Motion(np.zeros((240, 24, 3)), rate=60.0, label="walk", subject="eve", name="one")
    recording = Recording(
        np.tile([0.0, 0.0, 9.81], (200, 1)), 50.0, channel_names("left_wrist", "acc"), labels="walk"
    )
    X, y, _ = cut((motion, recording), seconds=1.0, overlap=0.0, margin=0.5)
    classifier = Fixed(np.tile([1.0, 0.0], (len(y), 1)), ["sit", "walk"]).fit(X)
    text = text_of(report(classifier, X, y, path=tmp_path / "r.html"))
    [data] = re.findall(r'"m3n-player"><script[^>]*>(.*?)</script>', text)
    scene = json.loads(data)
    row = int(re.search(r"Row (\d+)", text)[1])
    assert scene["start"] == scene["recordings"][0]["start"] == X["start"][row]
    assert scene["frames"] == 30 and scene["recordings"][0]["samples"] == 50


def test_timelines_have_the_segments_and_the_probabilities_of_a_recording(tmp_path):
    X = Windows(
        imu=np.zeros((10, 3, 50)),
        start=np.r_[np.arange(5.0), 20 + np.arange(5.0)],
        clip=["r"] * 10,
        rate=50.0,
    )
    y = np.repeat([0, 1], 5)
    probabilities = np.column_stack([np.linspace(1, 0, 10), np.linspace(0, 1, 10)])
    classifier = Fixed(probabilities, [0, 1]).fit(X)
    text = text_of(report(classifier, X, y, path=tmp_path / "r.html"))
    assert "Recording r: accuracy 1.00." in text
    timeline = next(f for f in figures_of(text) if f["layout"].get("barmode") == "overlay")
    bars = [trace for trace in timeline["data"] if trace["type"] == "bar"]
    assert [(b["base"], b["x"]) for b in bars] == [
        ([0.0, 0.0], [5.0, 5.0]),
        ([20.0, 20.0], [5.0] * 2),
    ]
    [shown] = [trace for trace in timeline["data"] if trace["type"] == "heatmap"]
    z = np.asarray(shown["z"])
    # nothing is shown in the gap between 5 and 20 s
    np.testing.assert_array_equal(z[0], [100, 89, 78, 67, 56, 0, 44, 33, 22, 11, 0])
    np.testing.assert_allclose(shown["x"], [0, 1, 2, 3, 4, 5, 20, 21, 22, 23, 24, 25])
    # the truth is a line on a wider white one
    edge, truth = (trace for trace in timeline["data"] if trace["type"] == "scatter")
    assert edge["line"]["color"] == "#fff" and edge["line"]["width"] > truth["line"]["width"]
    assert (edge["x"], edge["y"]) == (truth["x"], truth["y"])


def timelines_of(text):
    return [f for f in figures_of(text) if f["layout"].get("barmode") == "overlay"]


def test_the_truth_is_above_the_predictions_and_a_class_has_one_color(tmp_path):
    X = Windows(
        imu=np.zeros((20, 3, 50)),
        start=np.tile(np.arange(10.0), 2),
        clip=np.repeat(["one", "two"], 10),
        rate=50.0,
    )
    # class 0 is only predicted, and comes first
    probabilities = np.eye(3)[np.r_[np.zeros(10, int), np.tile([1, 2], 5)]]
    y = np.r_[np.repeat([1, 2], 5), np.tile([1, 2], 5)]
    text = text_of(report(Fixed(probabilities, [0, 1, 2]).fit(X), X, y, path=tmp_path / "r.html"))
    timelines = timelines_of(text)
    assert len(timelines) == 2
    colors = {}
    for figure in timelines:
        assert figure["layout"]["yaxis"]["categoryarray"] == ["truth", "predicted"]
        assert figure["layout"]["yaxis"]["autorange"] == "reversed"
        for bar in (trace for trace in figure["data"] if trace["type"] == "bar"):
            colors.setdefault(bar["name"], set()).add(bar["marker"]["color"])
    assert len(colors) == 3 and all(len(found) == 1 for found in colors.values())
    assert len(set.union(*colors.values())) == 3


def test_pieces_of_one_class_are_one_timeline_of_their_person_in_the_order_of_time(tmp_path):
    start = np.r_[20:30, 0:10, 10:20, 0:10].astype(float)
    clip = np.repeat(["a", "b", "c", "d"], 10)  # a comes after c
    X = Windows(imu=np.zeros((40, 3, 50)), start=start, clip=clip, rate=50.0)
    y, groups = np.repeat([2, 0, 1, 0], 10), np.repeat(["eve", "bob"], [30, 10])
    classifier = Fixed(np.eye(3)[y], [0, 1, 2]).fit(X)
    text = text_of(report(classifier, X, y, groups=groups, path=tmp_path / "r.html"))
    assert re.findall(r"<p>(Person \w+)", text) == ["Person eve", "Person bob"]
    assert "The recordings have one class each" in text
    bars = [trace for trace in timelines_of(text)[0]["data"] if trace["type"] == "bar"]
    assert [bar["base"][0] for bar in bars] == [-0.5, 9.5, 19.5]


def test_timelines_are_of_different_people(tmp_path):
    clip = np.repeat(["a", "b", "c", "d"], [14, 12, 10, 8])
    X = Windows(
        imu=np.zeros((44, 3, 50)),
        start=np.r_[0:14, 20:32, 0:10, 0:8].astype(float),
        clip=clip,
        rate=50.0,
    )
    y, groups = np.arange(44) % 2, np.repeat(["eve", "bob", "ann"], [26, 10, 8])
    classifier = Fixed(np.eye(2)[y], [0, 1]).fit(X)
    text = text_of(report(classifier, X, y, groups=groups, path=tmp_path / "r.html"))
    assert re.findall(r"<p>Recording (\w+)", text) == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("people", "shown"), [(["eve", "bob", "ann", "ann"], ["c", "a", "b"]), (None, ["d", "a", "b"])]
)
def test_the_worst_is_among_the_timelines(people, shown, tmp_path):
    clip = np.repeat(["a", "b", "c", "d", "e"], [14, 12, 10, 8, 1])
    X = Windows(
        imu=np.zeros((45, 3, 50)),
        start=np.r_[0:14, 0:12, 0:10, 0:8, 0].astype(float),
        clip=clip,
        rate=50.0,
    )
    y = np.arange(45) % 2
    right = (clip != "d") & (clip != "e")  # e is wrong, but too short to say much
    right[[0, 14, 26, 36]] = False
    right[37] = True
    classifier = Fixed(np.eye(2)[np.where(right, y, 1 - y)], [0, 1]).fit(X)
    groups = None if people is None else np.repeat([*people, "eve"], [14, 12, 10, 8, 1])
    text = text_of(report(classifier, X, y, groups=groups, path=tmp_path / "r.html"))
    assert re.findall(r"<p>Recording (\w+)", text) == shown
    assert "3 of 5 recordings" in text


def test_cells_of_a_confusion_have_shares_and_counts(tmp_path):
    y = np.repeat(["a", "b"], [9, 10])
    found = np.eye(2)[np.r_[np.zeros(6, int), np.ones(13, int)]]
    text = text_of(report(Fixed(found, ["a", "b"]).fit(None), found, y, path=tmp_path / "r.html"))
    cells = next(t["text"] for f in figures_of(text) for t in f["data"] if "text" in t)
    assert [[re.findall(r">?(\d+)<", cell) for cell in row] for row in cells] == [
        [["67", "6"], ["33", "3"]],
        [[], ["100", "10"]],
    ]
    # white text in the darkest cells only
    assert [["#fff" in cell for cell in row] for row in cells] == [[False, False], [False, True]]


def test_recordings_of_two_people_with_one_name_are_not_joined(tmp_path):
    X, y, groups = np.zeros((20, 3, 50)), np.arange(20) % 2, np.repeat(["eve", "bob"], 10)
    classifier = Fixed(np.eye(2)[y], [0, 1]).fit(X)
    times = np.tile(np.arange(10.0), 2)
    given = {"groups": groups, "times": times, "path": tmp_path / "r.html"}
    text = text_of(report(classifier, X, y, recordings=["r1"] * 20, **given))
    assert re.findall(r"<p>Recording ([^:]*):", text) == ["r1 (bob)", "r1 (eve)"]
    text = text_of(report(classifier, X, y, **given))
    assert re.findall(r"<p>Recording ([^:]*):", text) == ["bob", "eve"]


def test_two_labels_with_one_name_are_refused(wrists, model, tmp_path):
    names = {"stir": "move", "clap": "move"}
    with pytest.raises(ValueError, match=r"the labels 'stir', 'clap' one name, 'move'"):
        report(model, wrists.X, wrists.y, path=tmp_path / "r.html", label_names=names)


def test_probabilities_that_are_nan_are_told_and_not_drawn(tmp_path):
    X = Windows(imu=np.zeros((10, 3, 50)), start=np.arange(10.0), clip=["r"] * 10, rate=50.0)
    probabilities = np.tile([0.9, 0.1], (10, 1))
    probabilities[4:] = np.nan
    classifier = Fixed(probabilities, ["a", "b"]).fit(X)
    text = text_of(report(classifier, X, ["b"] * 10, path=tmp_path / "r.html"))
    assert "probabilities that are not numbers (NaN) for 6 of 10 windows" in text
    [shown] = [t for t in timelines_of(text)[0]["data"] if t["type"] == "heatmap"]
    assert np.isnan(np.asarray(shown["z"], dtype=float)).sum() == 12
    nothing = Fixed(np.full((10, 2), np.nan), ["a", "b"]).fit(X)
    text = text_of(report(nothing, X, ["b"] * 10, path=tmp_path / "r.html"))
    assert "(probability NaN)" in text


@pytest.mark.parametrize("wrap", [lambda fitted: fitted, FrozenEstimator, make_pipeline])
def test_people_of_the_training_set_are_named_at_the_top(wrap, wrists, tmp_path):
    first = np.unique(wrists.groups)[0]
    probabilities = np.tile([0.4, 0.3, 0.3], (len(wrists.y), 1))
    fitted = Fixed(probabilities, np.unique(wrists.y)).fit(wrists.X)
    groups = np.array([first, "somebody else", None], dtype=object)
    fitted.examples_ = SimpleNamespace(groups=groups)
    given = {"groups": wrists.groups, "path": tmp_path / "r.html"}
    text = text_of(report(wrap(fitted), wrists.X, wrists.y, **given))
    [notice] = re.findall(r'<p class="notice"[^>]*>(.*?)</p>', text)
    assert f"fitted on windows of 1 of the 3 people of this report: {first}." in notice
    assert text.index(notice) < text.index("<table>") and "cannot know" not in text
    fitted.examples_.groups = groups[1:]
    text = text_of(report(wrap(fitted), wrists.X, wrists.y, **given))
    assert '<p class="notice"' not in text


def test_times_that_are_unix_time_become_dates(tmp_path):
    X = Windows(imu=np.zeros((9, 3, 50)), start=1.7e9 + np.arange(9.0), clip=["r"] * 9, rate=50.0)
    classifier = Fixed(np.tile([1.0, 0.0], (9, 1)), [0, 1]).fit(X)
    text = text_of(report(classifier, X, np.zeros(9, dtype=int), path=tmp_path / "r.html"))
    timeline = next(f for f in figures_of(text) if f["layout"].get("barmode") == "overlay")
    assert timeline["layout"]["xaxis"]["type"] == "date"
    assert timeline["data"][0]["base"][0] == "2023-11-14T22:13:20.000"
    assert timeline["data"][0]["x"][0] == 9000  # ms
    wrong = text_of(report(classifier, X, np.ones(9, dtype=int), path=tmp_path / "r.html"))
    assert re.search(r"recording r, from 2023-11-14T22:13:2\d", wrong)
    assert np.asarray(figures_of(wrong)[-1]["data"][0]["x"])[0] == 0.0


def test_an_hmm_is_compared_with_its_windows(wrists, model, tmp_path):
    hmm = HMMClassifier(FrozenEstimator(model)).fit(wrists.X, wrists.y)
    text = text_of(report(hmm, wrists.X, wrists.y, groups=wrists.groups, path=tmp_path / "r.html"))
    assert "macro F1 before the HMM" in text
    timeline = next(f for f in figures_of(text) if f["layout"].get("barmode") == "overlay")
    tracks = {name for t in timeline["data"] if t["type"] == "bar" for name in t["y"]}
    assert tracks == {"truth", "windows", "smoothed"}


@pytest.mark.parametrize("in_chain", [False, True])
def test_a_classifier_that_is_not_fitted_predicts_people_it_has_not_seen(
    in_chain, wrists, tmp_path
):
    forest = make_pipeline(WindowFeatures(), RandomForestClassifier(10, random_state=0))
    given = HMMClassifier(forest) if in_chain else forest
    page = report(
        given, wrists.X, wrists.y, groups=wrists.groups, path=tmp_path / "page.html"
    ).read_text("utf-8")
    assert "in 3 folds of people" in page and "too high" not in page
    # the same folds by hand
    expected = np.empty(len(wrists.y), dtype=object)
    for person in np.unique(wrists.groups):
        test = wrists.groups == person
        expected[test] = clone(given).fit(wrists.X[~test], wrists.y[~test]).predict(wrists.X[test])
    assert f">{np.mean(expected == wrists.y):.3f}<" in page
    with pytest.raises(Exception, match="not fitted"):
        given.predict(wrists.X)


def test_classes_that_a_fold_has_not_seen_have_no_probability(wrists, tmp_path):
    y = np.where(wrists.groups == wrists.groups[0], "own " + wrists.y.astype(str), wrists.y)
    forest = make_pipeline(WindowFeatures(), RandomForestClassifier(10, random_state=0))
    results = of_classifier(forest, wrists.X, y, wrists.groups, read_rows(wrists.X, None, None))
    first = wrists.groups == wrists.groups[0]
    own = np.char.startswith(results.columns.astype(str), "own")
    assert own.sum() == 3 and not results.probabilities[np.ix_(first, own)].any()
    np.testing.assert_allclose(results.probabilities.sum(axis=1), 1.0)


@pytest.mark.parametrize(("n_people", "n_folds"), [(10, 10), (11, 5)])
def test_up_to_ten_people_are_left_out_one_by_one(n_people, n_folds):
    y, people = np.tile([0, 1], n_people), np.repeat(np.arange(n_people), 2)
    X = np.zeros((len(y), 2))
    results = of_classifier(DummyClassifier(), X, y, people, read_rows(X, None, None))
    assert results.n_folds == n_folds


def test_a_search_that_needs_people_is_explained(wrists, tmp_path):
    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=GroupKFold(2))
    with pytest.raises(ValueError, match=r"its own cv needs groups, which a report does not pass"):
        report(search, wrists.X, wrists.y, groups=wrists.groups, path=tmp_path / "r.html")


def test_predictions_that_are_no_classes_are_named(tmp_path):
    classifier = Fixed(np.tile([1.0, 0.0], (4, 1)), ["a", "b"])
    X, y = np.zeros((4, 3, 30)), ["a", "b", "a", "b"]
    classifier.fit(X).predict = lambda X: np.array(["c"] * len(X))
    with pytest.raises(ValueError, match=r"Fixed.predict returns 'c', which its classes_ do not"):
        report(classifier, X, y, path=tmp_path / "r.html")


def test_intervals_of_many_classes_need_little_memory():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(800, size=(2, 2000))
    rows = np.arange(2000)
    many = Results("m", rows, truth, predicted, np.arange(800), clips=rows % 20)
    tracemalloc.start()
    many.interval_over_clips()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_without_people_a_classifier_that_is_not_fitted_is_refused(wrists, tmp_path):
    for groups in (None, np.zeros(len(wrists.y))):
        with pytest.raises(ValueError, match=r"not fitted, and without groups= of two people"):
            report(
                LogisticRegression(), wrists.X, wrists.y, groups=groups, path=tmp_path / "p.html"
            )


def test_a_study_shows_means_with_intervals_and_its_best_method(study, tmp_path):
    text = text_of(report(study, path=tmp_path / "r.html"))
    [table] = [t for t in tables_of(text) if t[0][0] == "method"]
    for name, *cells in table[1:]:
        for budget, cell in zip((1, 3), cells, strict=True):
            one = mean_interval(study, name, budget=budget)
            assert cell == f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]"
    assert "forest, 3 per class, with the largest mean of all methods." in text
    assert "No labels y were given" in text
    chosen = text_of(report(study, path=tmp_path / "r.html", method="majority"))
    assert "majority, 3 per class, as chosen." in chosen


def test_a_study_with_windows_shows_its_errors(study, wrists, tmp_path):
    text = text_of(
        report(study, wrists.X, wrists.y, groups=wrists.groups, path=tmp_path / "r.html")
    )
    own = [s for s in study if s.method == "forest" and s.budget == 3]
    wrong = sum(int(np.sum(wrists.y[s.rows] != s.predictions)) for s in own)
    total = sum(len(s.rows) for s in own)
    assert f"{wrong} of {total} predictions are wrong" in text and "% of the runs" in text


def test_a_classifier_and_a_study_share_a_page_with_items(study, wrists, model, tmp_path):
    shown = MotionPlayer.from_motion(wrists.motions[0])
    text = text_of(
        report(
            model,
            wrists.X,
            wrists.y,
            study=study,
            path=tmp_path / "r.html",
            title="Both",
            about="About <this>.",
            items=[("Motion", shown)],
        )
    )
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert [h for h in headings if h in ("Few-label study", "Motion", "Settings", "Versions")] == [
        "Few-label study",
        "Motion",
        "Settings",
        "Versions",
    ]
    assert "<p>About &lt;this&gt;.</p>" in text and "<h1>Both</h1>" in text


def test_bare_arrays_count_samples_and_windows(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3, 30)), np.arange(20) % 2
    classifier = Fixed(np.tile([0.6, 0.4], (20, 1)), [0, 1]).fit(X)
    figures = figures_of(text_of(report(classifier, X, y, path=tmp_path / "r.html")))
    titles = [figure["layout"].get("xaxis", {}).get("title", {}).get("text") for figure in figures]
    assert "sample" in titles


@pytest.mark.parametrize(
    ("arguments", "changes", "error", "message"),
    [
        (("model",), {}, TypeError, "takes a fitted classifier, or the scores"),
        ((LogisticRegression(),), {}, ValueError, "needs test windows X and their labels y"),
        (([],), {}, ValueError, "scores is empty"),
        ((LogisticRegression, [[0.0]], [0]), {}, TypeError, "takes a fitted classifier"),
    ],
)
def test_arguments_are_checked(arguments, changes, error, message, tmp_path):
    with pytest.raises(error, match=message):
        report(*arguments, **changes, path=tmp_path / "r.html")


def test_labels_of_another_kind_are_named(wrists, model, tmp_path):
    numbers = np.unique(wrists.y, return_inverse=True)[1]
    with pytest.raises(ValueError, match=r"y has labels such as .*0.*, but the predictions are"):
        report(model, wrists.X, numbers, path=tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_before_the_work(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist. Create it first"):
        report("neither", path=tmp_path / "nowhere" / "r.html")


def test_an_unknown_method_is_named(study, tmp_path):
    with pytest.raises(ValueError, match="no scores of method 'x', but of"):
        report(study, path=tmp_path / "r.html", method="x")


def test_without_plotly_the_extra_is_named(study, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=re.escape('pip install "m3n-sklearn[report]"')):
        report(study, path=tmp_path / "r.html")


def test_a_folder_as_path_is_named_before_the_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (".", "", tmp_path):
        with pytest.raises(IsADirectoryError, match=r"it is a folder. Give the path of a file"):
            report("neither", path=path)
    with pytest.raises(TypeError, match="path must be the path of a file"):
        report("neither", path=None)


def test_a_study_and_other_labels_or_people_are_refused(study, wrists, tmp_path):
    path = tmp_path / "r.html"
    with pytest.raises(ValueError, match=r"but in the study it was .* in the same order"):
        report(study, wrists.X, np.roll(wrists.y, 5), groups=wrists.groups, path=path)
    with pytest.raises(ValueError, match="are of other people in groups"):
        report(study, wrists.X, wrists.y, groups=wrists.groups[::-1], path=path)
    assert not path.exists()


def test_figures_show_names_as_they_are(tmp_path):
    names = ["<b>bold</b>", "a<br>b", "x & y", "long " * 30]
    y = np.tile(names, 6)
    model = Fixed(np.tile(np.eye(4), (6, 1)), sorted(names)).fit(None)
    times = np.arange(24.0)
    page = report(model, np.zeros((24, 6)), y, times=times, path=tmp_path / "r.html")
    figures = figures_of(text_of(page))
    bars = {trace["name"] for figure in figures for trace in figure["data"] if "name" in trace}
    short = "long " * 7 + "long…"
    assert {"&lt;b&gt;bold&lt;/b&gt;", "a&lt;br&gt;b", "x &amp; y", short} <= bars


def test_many_classes_have_different_colors(tmp_path):
    classes = np.arange(60)
    model = Fixed(np.eye(60), classes).fit(None)
    page = report(model, np.zeros((60, 6)), classes, times=classes, path=tmp_path / "r.html")
    bars = [trace for figure in figures_of(text_of(page)) for trace in figure["data"]]
    colors = [trace["marker"]["color"] for trace in bars if trace["type"] == "bar"]
    assert len(set(colors)) == len(colors) == 60


def test_times_that_were_given_are_those_of_the_page(wrists, model, tmp_path):
    rows = np.arange(12)
    times = np.datetime64("2026-03-01T10:00", "ms") + rows * np.timedelta64(2560, "ms")
    page = report(
        model,
        wrists.X[:12],
        np.where(wrists.y[:12] == "clap", "wave", "clap"),
        recordings=np.zeros(12),
        times=times,
        path=tmp_path / "r.html",
    )
    assert re.search(r"Row \d+, recording 0.0, from 2026-03-01T10:00", text_of(page))


def test_pages_without_people_name_none(tmp_path):
    model = Fixed(np.eye(2)[[0, 1, 0, 1]], ["a", "b"]).fit(None)
    text = text_of(report(model, np.zeros((4, 6)), ["a", "b"] * 2, path=tmp_path / "r.html"))
    assert "All windows: accuracy 1.00" in text and "Person" not in text


def test_people_inside_of_a_calibration_are_known(wrists):
    kept = SimpleNamespace(groups=wrists.groups)
    inner = DummyClassifier().fit(wrists.X["imu"][:, 0], wrists.y)
    inner.examples_ = kept
    around = CalibratedClassifierCV(FrozenEstimator(inner)).fit(wrists.X["imu"][:, 0], wrists.y)
    assert training_people(around) == set(wrists.groups.tolist())
