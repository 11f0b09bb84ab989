"""HTML reprs and plots of Motion, Recording and Windows."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from m3n_sklearn import Motion, Recording, Windows, cut
from m3n_sklearn.datasets import make_motions, make_wrist_har
from m3n_sklearn.inspection import MotionDisplay, RecordingDisplay, WindowsDisplay
from m3n_sklearn.inspection._colors import colors_of
from m3n_sklearn.recording import channel_names

MONDAY = 1772445600.0  # 2026-03-02 10:00 UTC


@pytest.fixture(scope="module")
def wrists():
    return make_wrist_har(2, 1, ["wave", "walk", "drink"], random_state=0)


@pytest.fixture
def recording():
    t = np.arange(2000) / 50.0
    acc = np.stack([3 * np.sin(t), 2 * np.cos(t), 9.8 + 0 * t], axis=1)
    seen = np.ones((2000, 6), dtype=bool)
    seen[500:600] = False
    return Recording(
        np.hstack([acc, 0.1 * acc]),
        50.0,
        channel_names("left_wrist"),
        labels=np.repeat(["sit", "<walk>"], 1000),
        observed=seen,
        start=MONDAY,
        subject="ann",
    )


def sketch(page):
    """Parse the only SVG of a page."""
    return ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def find(root, tag):
    return list(root.iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


# ---- recordings


def test_the_card_of_a_recording(recording):
    page = recording._repr_html_()
    assert "2026-03-02 10:00:00.000 UTC" in page and "95.0%, 1 gap<" in page
    assert "sit (20 s), &lt;walk&gt; (20 s)" in page and "<walk>" not in page
    root = sketch(page)
    curves = [p for p in find(root, "path") if p.get("fill") == "none"]
    assert len(curves) == 6
    # curves are interrupted once; classes and the gap are behind them
    assert all(curve.get("d").count("M") == 2 for curve in curves)
    titles = [title.text for title in find(root, "title")]
    assert titles == ["sit", "<walk>", "not observed"]
    assert "10:00:10" in [text.text for text in find(root, "text")]
    assert len(page) < 20_000


def test_a_sketch_keeps_the_extremes_of_a_long_recording():
    values = np.zeros((100_000, 3))
    values[77_777, 0] = 50.0
    page = Recording.trusted(values, 100.0, channel_names("chest", "acc"))._repr_html_()
    assert ">50<" in page and len(page) < 12_000


@pytest.mark.parametrize("count", [1, 2])
def test_short_and_generic_recordings_have_cards(count):
    assert "<svg" in Recording(np.zeros((count, 2)), 10.0)._repr_html_()
    named = Recording(np.zeros((count, 1)), 10.0, ["series_heart"])
    assert "series_heart" in named._repr_html_()
    assert len(named.plot().axes_) == 1


def test_the_figure_of_a_recording(recording):
    display = recording.plot()
    assert isinstance(display, RecordingDisplay)
    acc, gyro = display.axes_
    assert acc.get_ylabel() == "left wrist acc (m/s²)"
    assert gyro.get_xlabel() == "time (UTC)"
    assert np.isnan(acc.lines[0].get_ydata()).sum() == 100
    assert len(acc.collections) == 3  # two classes and the gap
    [legend] = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sit", "<walk>", "not observed"]
    with pytest.raises(ValueError, match="axes must be 2 matplotlib Axes"):
        recording.plot(axes=acc)


# ---- motions


def test_the_card_and_the_figure_of_a_motion():
    [motion] = make_motions(1, 1, ["wave"], random_state=0)
    page = motion._repr_html_()
    root = sketch(page)
    assert "a person waves" in page and len(find(root, "circle")) == 7
    display = motion.plot(n_figures=5)
    assert isinstance(display, MotionDisplay)
    assert display.ax_.get_xticklabels()[0].get_text() == "0 s"
    assert len(display.ax_.collections) == 10  # two sides of five figures
    with pytest.raises(ValueError, match="n_figures"):
        motion.plot(n_figures=0)


@pytest.mark.parametrize("joints", [22, 24, 52])
def test_motions_of_one_frame_and_of_any_joints(joints):
    motion = Motion(np.zeros((1, joints, 3)), rate=30.0)
    assert "<svg" in motion._repr_html_()
    motion.plot()


def test_a_figure_stands_upright_on_the_floor():
    from m3n_sklearn.inspection._stick_figures import stick_figures

    upright = np.zeros((3, 24, 3))
    upright[:, 0] = [np.pi / 2, 0, 0]  # SMPL's y is up in the rest pose
    found = stick_figures(upright, 3, stature=1.8)
    heads = found.positions[:, 15, 1]
    assert found.positions[..., 1].min() == 0.0
    np.testing.assert_allclose(heads, heads[0])
    assert 1.4 < heads[0] < 1.8
    # the right side of a body that faces the viewer is on the left of the picture
    right = [
        x for x, is_right in zip(found.positions[0, :, 0], found.right, strict=True) if is_right
    ]
    left = [
        x for x, is_right in zip(found.positions[0, :, 0], found.right, strict=True) if not is_right
    ]
    assert min(right) < min(left)


# ---- windows


def test_the_card_of_windows(wrists):
    X = cut(list(zip(wrists.motions, wrists.recordings, strict=True)), seconds=2.0).X
    page = X._repr_html_()
    assert f"Windows: {len(X)} rows" in page and "6 × 100" in page and "50 Hz" in page
    assert len(find(sketch(page), "path")) >= 6
    poses = X.drop("imu")._repr_html_()
    assert len(find(sketch(poses), "circle")) == 7
    assert "<svg" not in Windows(text=["wave", "walk"])._repr_html_()
    assert "<svg" not in X[:0]._repr_html_()
    absent = Windows(imu=np.zeros((2, 3, 50)), rate=50.0, present={"imu": [False, False]})
    assert "<svg" not in absent._repr_html_()


def test_the_figure_of_windows_shows_every_class(wrists):
    display = wrists.X.plot(wrists.y, n_windows=6)
    assert isinstance(display, WindowsDisplay)
    assert sorted({ax.get_title() for ax in display.axes_}) == ["drink", "walk", "wave"]
    for row, ax in zip(display.rows_, display.axes_, strict=True):
        assert ax.get_title() == wrists.y[row]
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), wrists.X["imu"][row, 0])
    assert len(wrists.X[:3].plot().axes_) == 3


def test_windows_that_cannot_be_drawn(wrists):
    with pytest.raises(ValueError, match="need a column imu or pose"):
        Windows(text=["a"]).plot()
    with pytest.raises(ValueError, match="no rows"):
        wrists.X[:0].plot()
    with pytest.raises(ValueError, match="y"):
        wrists.X.plot(["wave"])


# ---- without matplotlib


@pytest.mark.slow
def test_cards_and_descriptions_need_no_matplotlib_and_no_pandas():
    code = """
import sys
for name in ("matplotlib", "plotly"):
    sys.modules[name] = None
import numpy as np
from m3n_sklearn import Motion, Recording, Windows, describe
from m3n_sklearn.recording import channel_names
still = np.tile([0.0, 0.1, 9.8], (200, 1))
recording = Recording(still, 50.0, channel_names("chest", "acc"), subject="ann", start=1772445600.0)
for noun in (recording, Motion(np.zeros((9, 24, 3)), rate=30.0), Windows(imu=np.zeros((2, 3, 9)))):
    assert "<svg" in noun._repr_html_()
assert "ann" in describe(recording)._repr_html_() and "ann" in str(describe(recording))
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "fine", done.stderr


def test_names_with_dollars_are_not_formulas_and_many_classes_differ(recording, tmp_path):
    labels = np.array(["$a_{$", *(f"class {k}" for k in range(44))])[np.arange(2000) % 45]
    display = recording.replace(labels=labels).plot()
    display.figure_.savefig(tmp_path / "figure.png")
    assert len(set(colors_of(labels[:45]).values())) == 45
