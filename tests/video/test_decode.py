"""Frames of video files: orientation, order, times, cuts and copies."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn.video import motion_from_video
from m3n_sklearn.video._decode import Video, copies_of, presentation_times
from m3n_sklearn.video._samples import write_video

from .scenes import (
    BLOCK,
    HEIGHT,
    WIDTH,
    Recorded,
    images,
    number_of,
    perform,
    person,
    turned,
    video,
)

pytest.importorskip("av", reason='PyAV is not installed: pip install "m3n-sklearn[video]"')


def opened(path, mirrored=False, max_rate=60.0):
    return Video(path, mirrored, max_rate)


def test_rotation_in_the_metadata_is_applied(tmp_path):
    frames = np.full((10, HEIGHT, WIDTH, 3), 30, np.uint8)
    frames[:, : HEIGHT // 2] = 220  # the upper half is bright
    path = tmp_path / "portrait.mp4"
    write_video(path, frames, rate=30)
    turned(path)
    seen = opened(path)
    first = next(iter(seen)).image
    # turned clockwise, the upper half is on the right
    assert first.shape == (WIDTH, HEIGHT, 3) and seen.size == (HEIGHT, WIDTH)
    assert first[:, HEIGHT // 2 + 20 :].mean() > 200 and first[:, : HEIGHT // 2 - 20].mean() < 50
    mirrored = next(iter(opened(path, mirrored=True))).image
    assert mirrored[:, : HEIGHT // 2 - 20].mean() > 200


def test_pixels_that_are_not_square(tmp_path):
    path = video(tmp_path, 5, aspect=2)
    seen = opened(path)
    assert next(iter(seen)).image.shape == (HEIGHT, 2 * WIDTH, 3) and seen.size == (640, 240)


def test_order_numbers_and_times(tmp_path):
    path = video(tmp_path, 20, rate=25.0)
    seen = opened(path)
    assert [number_of(frame.image) for frame in seen] == list(range(20))
    times, how = presentation_times(seen.stamps, seen.rate)
    np.testing.assert_allclose(times, np.arange(20) / 25, atol=1e-6)
    assert how == "time stamps" and seen.stride == 1


def test_frames_with_b_frames_come_in_the_order_of_presentation(tmp_path):
    path = video(tmp_path, 24, codec="mpeg2video", name="b.mkv")
    assert [number_of(frame.image) for frame in opened(path)] == list(range(24))


@pytest.mark.parametrize(
    ("stamps", "expected", "how"),
    [
        ([0.0, 0.04, 0.08], [0.0, 0.04, 0.08], "time stamps"),
        ([0.0, 0.08, 0.04, 0.12], [0.0, 0.04, 0.08, 0.12], "sorted"),
        ([0.0, np.nan, 0.08], [0.0, 0.04, 0.08], "25 Hz assumed"),
        ([0.0, 0.04, 0.04], [0.0, 0.04, 0.08], "25 Hz assumed"),
    ],
)
def test_times(stamps, expected, how):
    times, said = presentation_times(stamps, 25.0)
    np.testing.assert_allclose(times, expected)
    assert how in said


def test_no_clock_at_all():
    with pytest.raises(ValueError, match=r"no usable time stamps.*ffmpeg"):
        presentation_times([np.nan, np.nan], np.nan)


def test_cuts_but_not_motion(tmp_path):
    frames = images(40)
    for number, frame in enumerate(frames):  # something large that moves fast
        frame[40:200, (7 * number) % 200 : (7 * number) % 200 + 60] = 160
    frames[25:, BLOCK:] = 255 - frames[25:, BLOCK:]
    path = tmp_path / "cut.mp4"
    write_video(path, frames, rate=30)
    assert [frame.number for frame in opened(path) if frame.after_cut] == [25]


def test_copies_of_frames():
    # 24 Hz as 30 Hz: every fifth frame is a copy
    changes = np.full(100, 0.01)
    changes[4::5] = 0.0
    assert np.array_equal(np.flatnonzero(copies_of(changes)), np.arange(4, 100, 5))
    # a scene in which nothing moves, and a camera with a few lost frames
    assert not copies_of(np.zeros(100)).any()
    changes = np.full(100, 0.01)
    changes[50] = 0.0
    assert not copies_of(changes).any()
    assert copies_of([]).shape == (0,)


def test_a_file_without_video(tmp_path):
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(ValueError, match=r"noise\.mp4"):
        list(opened(tmp_path / "noise.mp4"))


def test_a_truncated_file_is_said(tmp_path):
    wave = perform("wave", seconds=4.0)
    path = video(tmp_path, 120, name="cut.mkv")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.warns(UserWarning, match=r"cut\.mkv: the file is truncated: its last \d.* s"):
        (motion,) = motion_from_video(path, model=Recorded(person(wave)))
    assert 1.0 < motion.duration < 3.0
