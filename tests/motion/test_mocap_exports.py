"""Tables of Motive and Qualisys: bones are read, and markers are told from joints."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import read_motion
from m3n_sklearn.motion import read_joints

from .reference import RATE, assert_same
from .writers import named, write_motive, write_qualisys


@pytest.mark.parametrize(
    "options",
    [{}, {"unit": "Millimeters"}, {"parents": False}, {"people": 2}, {"kind": "Bone Marker"}],
)
def test_bones_of_motive(tmp_path, options):
    (motion,) = read_motion(write_motive(tmp_path / "walk.csv", **options))
    assert_same(motion)
    assert motion.rate == RATE


def test_the_second_person_of_motive(tmp_path):
    file = write_motive(tmp_path / "walk.csv", people=2)
    first, second = (read_joints(file, person=person) for person in (0, 1))
    assert_same(second)
    assert np.linalg.norm(second.trans[0] - first.trans[0]) == pytest.approx(2.0, abs=1e-3)
    with pytest.raises(ValueError, match="person=2, but there are 2 people"):
        read_joints(file, person=2)


def test_local_coordinates_of_motive_are_refused(tmp_path):
    file = write_motive(tmp_path / "walk.csv", space="Local")
    with pytest.raises(ValueError, match=r"walk.csv: .*coordinate space 'Global'"):
        read_motion(file)


@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_joints_of_qualisys(tmp_path, numbered, encoding):
    file = write_qualisys(tmp_path / "walk.tsv", numbered=numbered)
    file.write_bytes(file.read_text().encode(encoding))
    (motion,) = read_motion(file)
    assert_same(motion)
    assert motion.rate == RATE


def test_markers_are_not_joints(tmp_path):
    markers = [f"M{k}" for k in range(len(named()[0]))]
    file = write_qualisys(tmp_path / "walk.tsv", names=markers)
    with pytest.raises(ValueError, match=r"export of Qualisys .* of M0, M1, .*markers on the skin"):
        read_motion(file)
    chosen = dict(zip(_joints(), markers[:12], strict=True))
    assert_same(read_joints(file, chosen))
    file = write_motive(tmp_path / "walk.csv", kind="Marker")
    file.write_text(file.read_text().replace("Thigh", "WaistFront"))
    with pytest.raises(ValueError, match=r"export of Motive .*Export the bones of the skeleton"):
        read_motion(file)


def _joints():
    """SMPL's names of the first columns of `named`."""
    parts = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    return [f"{side}_{part}" for side in ("left", "right") for part in parts]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("NO_OF_FRAMES\t2\nDATA_INCLUDED\t6D\nBODY_NAMES\tA\n1\t2\t3\n", "it has 6D. Export 3D"),
        ("NO_OF_FRAMES\t2\nMARKER_NAMES\tA\tB\n1\t2\t3\n", "2 markers need 6"),
        ("Format Version,1.23,Take Name,a\n1,2,3\n", "without rows of names"),
        (
            "Format Version,1.23\n,Type,Rigid Body\n,Name,Box\n,,Position\nFrame,Time,X\n0,0,1\n",
            "without positions of bones or markers",
        ),
        (
            "Trajectories\n100\n,,A:LASI,,\nFrame,Sub Frame,X,Y,Z\n,,mm,mm,mm\n1,0,1,2,3\n",
            "Export the trial as C3D",
        ),
    ],
)
def test_other_exports_are_named(tmp_path, content, words):
    file = tmp_path / "a.tsv"
    file.write_text(content)
    with pytest.raises(ValueError, match=f"a.tsv: .*{words}"):
        read_joints(file)
