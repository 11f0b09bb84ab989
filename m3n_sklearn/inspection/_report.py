"""The page of a classifier or a study: scores, errors, timelines, settings, versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Hashable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.dummy import DummyClassifier

from .._files import check_target
from .._typing import AnyArray
from .._windows import Windows
from ..evaluation import (
    Budget,
    Score,
    budget_name,
    check_scores,
    macro_f1,
    marked_names,
    mean_interval,
)
from ..temporal import read_rows
from ._charts import (
    MAX_NUMBERS,
    confusion_chart,
    curve_chart,
    people_chart,
    signal_chart,
    timeline_chart,
)
from ._motion_player import MotionPlayer
from ._page import Notice, check_title, write_page
from ._report_windows import Item, LabeledWindows, named
from ._results import (
    CONFIDENCE,
    MIN_CLIPS,
    Person,
    Results,
    of_classifier,
    of_study,
    training_people,
    worst_errors,
)

__all__ = ["report"]

N_ERRORS = 6
"""Wrong windows that are shown."""

FEW_PEOPLE = 8
"""People below which a bootstrap over people gives intervals that are clearly too narrow."""

N_TIMELINES, MAX_WINDOWS, MAX_CELLS = 3, 4000, 60_000
"""Timelines, and the windows and probabilities in each."""

MIN_TIMELINE = 8
"""Windows below which a recording is a clip, so that clips are shown one after another."""

PACKAGES = (
    "m3n-sklearn",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "skorch",
    "joblib",
    "sentence-transformers",
    "plotly",
)


def report(
    model_or_study: Any,
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    path: str | os.PathLike[str],
    title: str | None = None,
    about: str = "",
    study: Sequence[Score] | None = None,
    method: str | None = None,
    recordings: ArrayLike | None = None,
    times: ArrayLike | None = None,
    label_names: Mapping[Any, str] | None = None,
    items: Iterable[Item] = (),
) -> Path:
    """Write the results of a classifier, of a few-label study, or of both into one HTML file.

    The page needs no network and no other file. It shows scores with confidence intervals, people,
    confusion, learning curves, timelines, the worst errors with their signals, settings and
    versions. Each figure says which windows of which people it is about.

    Parameters
    ----------
    model_or_study : classifier or sequence of Score
        A fitted classifier, which is tested on X and y; a classifier that is not fitted, which is
        cross-validated on them, leaving out one person at a time (five folds of people if there
        are more than ten); or the scores of
        :func:`m3n_sklearn.evaluation.few_label_study`.
    X : Windows or array-like of shape (n, ...), optional
        For a classifier: the windows. For a study: all its windows, which adds the signals of
        errors to the page.
    y : array-like of shape (n,), optional
        True labels of X. For a study they add confusion and errors.
    groups : array-like of shape (n,), optional
        People of X. Scores are then given for each person.
    path : path-like
        File to write. Its folder must exist. An existing file is replaced.
    title : str, optional
        Title of the page.
    about : str, optional
        Text below the title: what the data are, and what the scores do not show.
    study : sequence of Score, optional
        Scores to show with a classifier.
    method : str, optional
        Method of a study whose people, confusion and errors are shown, at its largest budget. By
        default the one with the largest mean there.
    recordings, times : array-like of shape (n,), optional
        Recording and time of each window, as in :meth:`HMMClassifier.predict
        <m3n_sklearn.temporal.HMMClassifier.predict>`; `Windows` that were cut have their own.
        Recordings of two people are never joined, even if they have the same name.
    label_names : mapping, optional
        Names of labels on the page.
    items : iterable of (str, object)
        Sections to add before the settings, as in :func:`write_page`: for example a
        :class:`MotionPlayer`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ImportError
        If plotly is not installed.
    FileNotFoundError
        If the folder of `path` does not exist.
    IsADirectoryError
        If `path` is a folder.
    ValueError
        If there are no labels for a classifier, no people for one that is not fitted, lengths
        differ, or `label_names` gives two labels one name.
    TypeError
        If `model_or_study` is neither a classifier nor a sequence of scores.

    See Also
    --------
    write_page : A page of your own sections.
    MotionPlayer : A motion that can be played.

    Notes
    -----
    The interval of a person is a bootstrap over clips, or over runs for a study; that of the mean
    is one over people (:func:`m3n_sklearn.evaluation.mean_interval`). A person with fewer than five
    clips has none.

    A fitted classifier needs windows of other people than those of its `fit`. The page warns if
    some are the same, which it knows only after ``fit(..., groups=...)``.

    Examples
    --------
    Each person is predicted by a classifier that was fitted on others:

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from m3n_sklearn import Multi3NetClassifier, report
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> wrists = make_wrist_har(4, 1, ["clap", "stir"], random_state=0)
    >>> classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    >>> page = report(
    ...     classifier, wrists.X, wrists.y, groups=wrists.groups,
    ...     path=Path(mkdtemp()) / "report.html",
    ... )
    """
    if find_spec("plotly") is None:
        raise ImportError('A report needs plotly: pip install "m3n-sklearn[report]".')
    # 1. What was given
    target = check_target(path)  # before the work
    if title is not None:
        check_title(title)
    is_model = hasattr(model_or_study, "predict") and not isinstance(model_or_study, type)
    if not is_model and (hasattr(model_or_study, "fit") or not _is_sequence(model_or_study)):
        raise TypeError(
            "report takes a fitted classifier, or the scores that few_label_study returns; got "
            f"{type(model_or_study).__name__}."
        )
    if not is_model and study is not None:
        raise ValueError("The scores of a study were given twice: leave study= out.")
    scores = study if is_model else model_or_study
    listed = None if scores is None else check_scores(scores)
    if is_model and (X is None or y is None):
        raise ValueError(
            "The report of a classifier needs test windows X and their labels y. Without labels, "
            "see TimelineDisplay.from_estimator."
        )
    # 2. Sections
    sections: list[Item] = [("", about)]
    name = f"Report of {type(model_or_study).__name__}" if is_model else "Few-label study"
    data = None if X is None else LabeledWindows.of(X, y, groups, recordings, times, label_names)
    if is_model:
        assert data is not None and y is not None
        sections += _of_classifier(model_or_study, data, y, groups)
    if listed is not None:
        sections += _of_study(listed, data, y, method, label_names, is_extra=is_model)
    sections += list(items)
    if is_model:
        sections.append(("Settings", model_or_study))
    if data is not None:
        sections += data.summary()
    sections += [("Versions", _versions())]
    # 3. The page
    return write_page(target, title=name if title is None else title, items=sections)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, np.ndarray))


# ---- a classifier


def _of_classifier(
    classifier: Any, data: LabeledWindows, y: ArrayLike, groups: ArrayLike | None
) -> list[Item]:
    """Return the sections of a classifier."""
    results = of_classifier(classifier, data.X, y, groups, data.rows)
    names = data.names([*results.classes.tolist(), *_tolist(results.columns)])
    return [
        *_headline(classifier, results),
        *_people(results),
        *_confusion(results, names, "All test windows."),
        *_timelines(results, data, names),
        *_errors(results, data, names),
    ]


def _tolist(values: AnyArray | None) -> list[Any]:
    return [] if values is None else values.tolist()


def _headline(classifier: Any, results: Results) -> list[Item]:
    """Return the scores of a classifier, and what they are about."""
    people = results.per_person()
    seen = set() if results.n_folds else training_people(classifier) & {one.name for one in people}
    who = "people not told" if results.people is None else _count(people)
    over = results.mean_over_people()
    rows: list[tuple[str, float, str, str]] = []
    if over is not None:
        bounds = _interval((over.low, over.high))
        rows.append(("macro F1, mean over people", over.mean, bounds, f"{len(people)} people"))
    interval = results.interval_over_clips()
    drawn = "" if interval is None or results.clips is None else f"{_n(results.clips)} recordings"
    whole = macro_f1(results.truth, results.predictions)
    rows.append(("macro F1, all windows together", whole, _interval(interval), drawn))
    rows.append(("accuracy", results.accuracy, "", ""))
    if results.windows is not None:
        before = macro_f1(results.truth, results.windows)
        rows.append(("macro F1 before the HMM, all windows", before, "", ""))
    guess = DummyClassifier().fit(results.truth, results.truth).predict(results.truth)
    rows.append(("macro F1 of the most frequent class", macro_f1(results.truth, guess), "", ""))
    warnings: list[Item] = []
    text = f"{len(results.rows)} windows of {_number(_n(results.truth), 'class')} ({who}) "
    if results.n_folds:
        text += (
            f"were predicted in {results.n_folds} folds of people: each person by a classifier "
            "that was fitted on people of the other folds only."
        )
    elif seen:
        both = ", ".join(map(str, sorted(seen, key=str)))
        text += "were passed to this report."
        warnings.append(
            (
                "",
                Notice(
                    f"The classifier was fitted on windows of {len(seen)} of the "
                    f"{_count(people)} of this report: {both}. The scores of these people are too "
                    "high, and do not say how well it works on others. Report on people who were "
                    "left out of fit, or pass a classifier that is not fitted."
                ),
            )
        )
    else:
        text += (
            "were passed to this report. The report cannot know who was in the training set: "
            "scores of people on whom the classifier was fitted are too high."
        )
    unknown = sorted(set(results.truth.tolist()) - set(_tolist(results.columns)), key=str)
    if results.columns is not None and unknown:
        text += (
            f"\n\nThe classifier does not know {len(unknown)} of these classes, whose windows are "
            f"always wrong: {', '.join(map(str, unknown))}."
        )
    if over is not None and over.n_people < FEW_PEOPLE:
        text += (
            f"\n\nIntervals of a bootstrap over {over.n_people} people are too narrow: fewer than "
            f"{100 * CONFIDENCE:.0f} % of them contain the mean that many people would give."
        )
    if results.probabilities is not None:
        lost = int((~np.isfinite(results.probabilities).all(axis=1)).sum())
        if lost:
            warnings.append(
                (
                    "",
                    Notice(
                        f"The classifier gives probabilities that are not numbers (NaN) for {lost} "
                        f"of {len(results.rows)} windows. They are empty in the timelines. Look "
                        "for NaN in X, and in what the classifier was fitted on."
                    ),
                )
            )
    table = {
        "score": [name for name, *_ in rows],
        "value": [f"{value:.3f}" for _, value, *_ in rows],
        f"{100 * CONFIDENCE:.0f} % interval": [shown for *_, shown, _ in rows],
        "bootstrap over": [drawn for *_, drawn in rows],
    }
    return [*warnings, ("", text), ("", table)]


def _interval(bounds: tuple[float, float] | None) -> str:
    """Return an interval as text."""
    return "" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _count(people: Sequence[Any]) -> str:
    """Return the number of people as text."""
    return f"{len(people)} {'person' if len(people) == 1 else 'people'}"


def _number(count: int, noun: str) -> str:
    """Return a number of things as text."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count} {noun if count == 1 else plural}"


def _n(values: AnyArray) -> int:
    """Return the number of different values."""
    return len(np.unique(values))


def _people(results: Results) -> list[Item]:
    """Return the scores of people."""
    people = results.per_person()
    if not people:
        return [("People", "No groups were given, so that people cannot be told apart.")]
    mean = results.mean_over_people()
    text = (
        f"Macro F1 of {_count(people)}. Bars are {100 * CONFIDENCE:.0f} % intervals of "
        "a bootstrap over the recordings of a person; people with fewer than "
        f"{MIN_CLIPS} recordings have none."
    )
    table = {
        "person": [str(person.name) for person in people],
        "windows": [person.n_windows for person in people],
        "macro F1": [f"{person.macro_f1:.3f}" for person in people],
        "interval": ["–" if one.interval is None else _interval(one.interval) for one in people],
        "accuracy": [f"{person.accuracy:.3f}" for person in people],
    }
    chart = people_chart(people, None if mean is None else mean.mean)
    return [("People", text), ("", chart), ("", table)]


def _confusion(results: Results, names: Mapping[Any, str], about: str) -> list[Item]:
    """Return the confusion matrix."""
    order = [label for label in names if label in set(results.classes.tolist())]
    few = len(order) <= MAX_NUMBERS
    text = (
        f"{about} Each row adds up to 100 % of the windows of a true class. "
        f"{'Below each share is' if few else 'Point at a cell for'} the number of windows."
    )
    place = np.searchsorted(results.classes, np.array(order))
    counts = results.confusion[np.ix_(place, place)]
    return [("Confusion", text), ("", confusion_chart(counts, [names[o] for o in order]))]


def _timelines(results: Results, data: LabeledWindows, names: Mapping[Any, str]) -> list[Item]:
    """Return labels and probabilities over time: of the worst, then of the longest recordings."""
    order = data.rows.order
    many, counts = np.unique(data.rows.recordings, return_counts=True)
    in_order = counts.max() < MIN_TIMELINE
    is_cut_up = not in_order and _is_one_class_each(results, data)
    in_order |= is_cut_up
    if in_order:  # clips: the windows of a person one after another
        order = order[_by_time(data)]
        ids = np.zeros(len(order), dtype=int) if results.people is None else results.people[order]
        kinds, counts = np.unique(ids, return_counts=True)
        kind = "Person"
    else:
        ids, kinds, kind = data.rows.recordings, many, "Recording"
    longest = kinds[np.argsort(-counts, kind="stable")]
    if not in_order and results.people is not None:  # one of each person, then further ones
        people = results.people[order].tolist()
        owner = dict(zip(ids.tolist(), people, strict=True))
        first = {owner[one]: one for one in longest[::-1].tolist()}
        longest = np.array(sorted(longest.tolist(), key=lambda one: first[owner[one]] != one))
    worst = _worst(results, ids, order, longest.tolist())
    shown = [worst, *(one for one in longest.tolist() if one != worst)][:N_TIMELINES]
    columns = 1 if results.columns is None else len(results.columns)
    most = min(MAX_WINDOWS, MAX_CELLS // columns)
    what = "have one class each" if is_cut_up else "are clips of a few windows"
    if in_order:
        about = (
            f"The recordings {what}, shown one after another in the order of time; the axis counts "
            "windows."
        )
        if len(kinds) > 1:
            about += " First the person with the lowest macro F1, then those with the most windows."
    else:
        about = f"{len(shown)} of {_number(len(kinds), 'recording')}"
        if len(kinds) > 1 and results.people is None:
            about += ": the one with the lowest accuracy, then the longest"
        elif len(kinds) > 1:
            about += (
                ": the longest of the person with the lowest macro F1, then the longest of others "
                "where there are several people"
            )
        about += "."
    found: list[Item] = [
        (
            "Timeline",
            f"{about} Below: probability of each class, full color is 100 %; the orange line is "
            "the true class. Drag to zoom in, double-click to zoom out; the tool bar pans.",
        )
    ]
    for one in shown:
        mask = ids == one
        count = int(mask.sum())
        places = np.flatnonzero(mask)[:most]
        if in_order:
            rows = read_rows(places, None, np.arange(len(places)))
        else:
            chosen = np.zeros(len(mask), dtype=bool)
            chosen[places] = True
            rows = data.rows.take(chosen)
        own = results.take(order[places])
        tracks = {"truth": own.truth}
        if own.windows is not None:
            tracks |= {"windows": own.windows, "smoothed": own.predictions}
        else:
            tracks["predicted"] = own.predictions
        chart = timeline_chart(rows, tracks, own.probabilities, own.columns, names, in_order)
        cut = "" if count == len(places) else f", the first {len(places)} of {count} windows"
        right = float(np.mean(own.truth == own.predictions))
        whose = "All windows" if in_order and results.people is None else f"{kind} {one}"
        found += [("", f"{whose}{cut}: accuracy {right:.2f}."), ("", chart)]
    return found


def _worst(results: Results, ids: AnyArray, order: AnyArray, longest: list[Any]) -> Any:
    """Return the recording or person to show first; of equal ones, the longest."""
    if results.people is not None:
        scores = {person.name: person.macro_f1 for person in results.per_person()}
        owner = dict(zip(ids.tolist(), results.people[order].tolist(), strict=True))
        return min(longest, key=lambda one: scores[owner[one]])
    hits = (results.truth == results.predictions)[order]
    long_enough = [one for one in longest if np.sum(ids == one) >= MIN_TIMELINE] or longest
    return min(long_enough, key=lambda one: float(hits[ids == one].mean()))


def _is_one_class_each(results: Results, data: LabeledWindows) -> bool:
    """Tell whether each recording has one class, and a person has several recordings."""
    if results.people is None or data.clips is None:
        return False
    n_clips = _n(data.clips)
    pairs = set(zip(data.clips.tolist(), results.truth.tolist(), strict=True))
    return len(pairs) == n_clips > _n(results.people)


def _by_time(data: LabeledWindows) -> AnyArray:
    """Return the places of the sorted rows, with the recordings in the order of their starts."""
    rows = data.rows
    first = np.flatnonzero(np.r_[True, rows.recordings[1:] != rows.recordings[:-1]])
    starts = np.repeat(rows.times[first], np.diff(np.r_[first, len(rows.times)]))
    return np.argsort(starts, kind="stable")


def _errors(results: Results, data: LabeledWindows, names: Mapping[Any, str]) -> list[Item]:
    """Return the most confident wrong windows with their signals."""
    heading = "Worst errors"
    wrong = int(np.sum(results.truth != results.predictions))
    worst = worst_errors(results, N_ERRORS)
    if not worst:
        return [(heading, "Every window is right.")]
    by = (
        "most confident first"
        if results.probabilities is not None
        else "most often wrong in the runs first"
    )
    text = (
        f"{wrong} of {len(results.rows)} predictions are wrong. These are {len(worst)} of them, "
        f"{by}, at most one of a person and class."
    )
    shown: list[Item] = []
    for place, weight in worst:
        row = int(results.rows[place])
        caption = (
            f"True {names[results.truth[place].item()]}, predicted "
            f"{names[results.predictions[place].item()]}"
        )
        if results.probabilities is not None:
            known = f"{weight:.2f}{_of_truth(results, place)}"
            caption += f" (probability {known if np.isfinite(weight) else 'NaN'})"
        else:
            caption += f" (wrong in {100 * weight:.0f} % of the runs)"
        caption += f". {data.where(row)}."
        shown.append((caption, _signals(data, row)))
    return [(heading, text), ("", shown)]


def _of_truth(results: Results, place: int) -> str:
    """Return the probability of the true class as text, where the classifier knows it."""
    columns, truth = _tolist(results.columns), results.truth[place].item()
    if results.probabilities is None or truth not in columns:
        return ""
    return f", true class {results.probabilities[place, columns.index(truth)]:.2f}"


def _signals(data: LabeledWindows, row: int) -> Any:
    """Return the signals of a window, with the body if its poses are known."""
    recording = data.recording_of(row)
    if recording is None:
        return "The window has no signals of triads that could be drawn."
    motion = data.motion_of(row)
    if motion is None:
        return signal_chart(recording, "time (s)" if isinstance(data.X, Windows) else "sample")
    return MotionPlayer.from_motion(motion, {"readings": recording})


# ---- a study


def _of_study(
    scores: list[Score],
    data: LabeledWindows | None,
    y: ArrayLike | None,
    method: str | None,
    label_names: Mapping[Any, str] | None,
    is_extra: bool,
) -> list[Item]:
    """Return the sections of a study; with a classifier only its curves."""
    heading = "Few-label study" if is_extra else ""
    methods = list(dict.fromkeys(score.method for score in scores))
    budgets = list(dict.fromkeys(score.budget for score in scores))
    people = sorted({str(score.group) for score in scores})
    draws = max(score.draw for score in scores) + 1
    shown, notes = marked_names(scores)
    text = (
        f"Macro F1 of {len(methods)} methods on {len(people)} people ("
        f"{', '.join(people)}), each tested by classifiers that saw no label of the "
        f"person, in up to {draws} draws of labels. Means over people with {100 * CONFIDENCE:.0f} "
        "% intervals of a bootstrap over people and draws. Two methods may differ although their "
        "intervals overlap, because they were tested on the same people: compare them person by "
        "person, with m3n_sklearn.evaluation.paired_difference(scores, ...)."
    )
    table: dict[str, list[str]] = {"method": [shown[name] for name in methods]}
    for budget in budgets:
        table[budget_name(budget)] = [_mean(scores, name, budget) for name in methods]
    found: list[Item] = [(heading, text), ("", table)]
    if notes:
        found.append(("", "\n".join(notes)))
    found.append(("Learning curves", curve_chart(scores)))
    if is_extra:
        return found
    # people, confusion and errors of one method
    chosen, budget, how = _chosen(scores, method)
    found += _people_of_study(scores, chosen, budget, how)
    if y is None:
        found.append(("Confusion", "No labels y were given, so that errors are not known."))
        return found
    clips, owners = (None, None) if data is None else (data.clips, data.people)
    results = of_study(scores, chosen, budget, y, clips, owners)
    names = named(results.classes.tolist(), label_names or {})
    found += _confusion(results, names, f"{chosen}, {budget_name(budget)}, all runs together.")
    if data is not None:
        found += _errors(results, data, names)
    return found


def _mean(scores: Sequence[Score], method: str, budget: Budget) -> str:
    """Return a mean with its interval, or a dash where there are no scores."""
    if not any(score.method == method and score.budget == budget for score in scores):
        return "–"
    found = mean_interval(scores, method, budget=budget, confidence=CONFIDENCE)
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _chosen(scores: Sequence[Score], method: str | None) -> tuple[str, Budget, str]:
    """Return the method whose details are shown, its largest budget, and why it is shown."""
    known = list(dict.fromkeys(score.method for score in scores))
    if method is not None and method not in known:
        raise ValueError(f"There are no scores of method {method!r}, but of {known}.")
    budget = list(dict.fromkeys(score.budget for score in scores))[-1]
    means = {
        name: mean_interval(scores, name, budget=budget).mean
        for name in known
        if any(score.method == name and score.budget == budget for score in scores)
    }
    if method is not None:
        return method, budget, "as chosen"
    return max(means, key=lambda name: means[name]), budget, "with the largest mean of all methods"


def _people_of_study(scores: Sequence[Score], method: str, budget: Budget, how: str) -> list[Item]:
    """Return the scores of people of one method, with intervals over its draws."""
    own = [score for score in scores if score.method == method and score.budget == budget]
    found: list[Person] = []
    draws: dict[Hashable, list[Score]] = {}
    for score in own:
        draws.setdefault(score.group, []).append(score)
    for person, runs in draws.items():
        one = mean_interval(runs, method, budget=budget, confidence=CONFIDENCE)
        interval = (one.low, one.high) if one.n_runs > 1 else None
        found.append(Person(person, len(runs[0].rows), one.mean, float("nan"), interval))
    found.sort(key=lambda person: -person.macro_f1)
    over = mean_interval(own, method, budget=budget, confidence=CONFIDENCE)
    text = (
        f"{method}, {budget_name(budget)}, {how}. Points are means over the draws of labels; bars "
        "are their bootstrap intervals, where there are several draws. "
        f"Mean over people: {over.mean:.3f} [{over.low:.3f}, {over.high:.3f}]."
    )
    return [("People", text), ("", people_chart(found, over.mean))]


# ---- versions


def _versions() -> dict[str, list[str]]:
    """Return the versions of Python and of the packages that are installed."""
    found = {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"package": list(found), "version": list(found.values())}
