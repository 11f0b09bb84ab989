"""Ten layouts of one set of recordings give the same recordings."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from m3n_sklearn import cut, read_table

from .tables import LAYOUTS, PEOPLE, SECONDS, label_of, readings, start_of

GAP = "gaps_and_jitter"


@pytest.fixture(params=LAYOUTS, scope="module")
def layout(request, tmp_path_factory):
    """Return the name of a layout, its recordings and the warnings of reading it."""
    source, options = LAYOUTS[request.param](tmp_path_factory.mktemp(request.param))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        recordings = read_table(source, verbose=False, **options)
    return request.param, recordings, caught


def test_ten_layouts_give_the_same_recordings(layout):
    name, recordings, _ = layout
    has_dates = name != "raw_counts"
    assert [one.subject for one in recordings] == (
        [who for who in PEOPLE for _ in range(2)] if name == GAP else list(PEOPLE)
    )
    for one in recordings:
        person = PEOPLE.index(one.subject)
        time = one.times - (start_of(person) if has_dates else 0.0)
        assert one.rate == (20.0 if "20_hz" in name else 50.0)
        assert one.channels[:3] == tuple(f"right_wrist_acc_{axis}" for axis in "xyz")
        assert len(one.channels) == (3 if "20_hz" in name else 6)
        acc, gyro = readings(time, person)
        seen = one.observed.all(axis=1)
        assert seen.mean() > 0.98
        # counts and times of 1 ms have errors of their own; resampling less
        allowed = 0.06 if name == GAP else 0.01
        assert np.abs(one.data[seen, :3] - acc[seen]).max() < allowed * 9.8
        if len(one.channels) == 6:
            assert np.abs(one.data[seen, 3:] - gyro[seen]).max() < allowed * 9
        same = one.labels == label_of(time)
        assert same.mean() > 0.995
        assert set(one.labels) <= {"sit", "walk", "wave"}


def test_ten_layouts_cover_the_same_time(layout):
    name, recordings, _ = layout
    lost = 3.0 if name == GAP else 0.0
    total = sum(one.duration + 1 / one.rate for one in recordings)
    assert total == pytest.approx(len(PEOPLE) * (SECONDS - lost), abs=0.2)


def test_ten_layouts_need_no_doubt(layout):
    caught = layout[2]
    assert not [str(one.message) for one in caught]


def test_ten_layouts_can_be_cut(layout):
    recordings = layout[1]
    X, y, groups = cut(recordings, seconds=2.0)
    assert set(groups) == set(PEOPLE)
    assert set(y) == {"sit", "walk", "wave"}
    assert X.channels == recordings[0].channels


def test_the_report_says_what_was_inferred(layout):
    name, recordings, _ = layout
    text = str(recordings.report)
    facts = recordings.report.facts
    assert facts["people"].startswith("3: anna, ben, cleo")
    assert facts["recordings"].startswith(f"{len(recordings)}, ")
    assert "sit" in facts["labels"]
    assert ("gaps" in facts) == (name == GAP)
    assert text.count("\n") < 15
    assert "<table>" in recordings.report._repr_html_()
