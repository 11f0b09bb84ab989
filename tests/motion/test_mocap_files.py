"""Files of motion capture: TRC, C3D, MVNX, ASF/AMC give the motion from which they were written."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from m3n_sklearn import SMPLIMUSimulator, read_bvh
from m3n_sklearn.motion import SMPL_JOINTS, Motion, read_amc, read_c3d, read_mvnx, read_trc

from .reference import BODY, RATE, REFERENCE, Y_UP, assert_same, limb_errors, reference
from .writers import LIMB_NAMES, named, write_amc, write_c3d, write_c3d_of, write_mvnx, write_trc


@pytest.fixture(autouse=True)
def _silent():
    """No reader says a word about a file that is right."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ---- TRC


@pytest.mark.parametrize("unit", ["mm", "m", "cm"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_trc(tmp_path, unit, newline):
    motion = read_trc(write_trc(tmp_path / "a.trc", unit=unit, newline=newline), text="walks")
    assert_same(motion)
    assert (motion.name, motion.text, motion.rate, motion.is_uniform) == ("a", ("walks",), 50, True)


def test_trc_gaps_unit_and_clock(tmp_path):
    names, given = named(Y_UP)
    given[30:34, names.index("LWrist")] = np.nan
    motion = read_trc(write_trc(tmp_path / "a.trc", given=given))
    assert not motion.observed[30:34, SMPL_JOINTS.index("left_elbow")].any()
    assert limb_errors(motion).max() < 5
    # a header that says mm over numbers in m
    wrong = write_trc(tmp_path / "b.trc", given=named(Y_UP)[1] / 1000)
    with pytest.warns(UserWarning, match=r"person is 0.001.* m tall.*seem to be in meters"):
        assert_same(read_trc(wrong))
    assert read_trc(write_trc(tmp_path / "c.trc"), rate=100.0).rate == 100


def test_trc_of_markers_says_which_joints_are_missing(tmp_path):
    _, given = named(Y_UP)
    markers = [f"{s}{m}" for s in "LR" for m in ("ASI", "PSI", "KNE", "ANK", "SHO", "ELB")]
    file = write_trc(tmp_path / "a.trc", markers, given[:, : len(markers)])
    with pytest.raises(ValueError, match=r"a.trc: layout lacks left_hip.*understood.*LASI, LPSI"):
        read_trc(file)
    own = {joint: f"M{k}" for k, joint in enumerate(LIMB_NAMES)}
    names = [f"M{k}" for k in range(given.shape[1])]
    assert_same(read_trc(write_trc(tmp_path / "b.trc", names), own))
    with pytest.raises(ValueError, match=r"contains \['M99'\], but the columns are"):
        read_trc(tmp_path / "b.trc", own | {"head": "M99"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("PathFileType", "Path"), "begins with PathFileType"),
        (lambda t: t.replace("\tmm\t", "\tfurlong\t"), "its unit is 'furlong'"),
        (lambda t: "\n".join(t.split("\n")[:6]) + "\n\n", "at least six lines|0 rows of numbers"),
        (lambda t: t.replace("\n5\t", "\n5\t1\t2\t"), r"line \d+ has \d+ cells, but"),
        (lambda t: t.replace("\n5\t", "\n5\tx"), "cannot be read as a TRC|could not convert"),
    ],
)
def test_damaged_trc(tmp_path, change, message):
    file = write_trc(tmp_path / "a.trc")
    file.write_text(change(file.read_text()))
    with pytest.raises(ValueError, match=f"a.trc.*({message})"):
        read_trc(file)


# ---- C3D


def test_c3d(tmp_path):
    pytest.importorskip("ezc3d")
    motion = read_c3d(write_c3d(tmp_path / "a.c3d"), subject="01")
    assert_same(motion)
    assert (motion.name, motion.subject, motion.rate) == ("a", "01", 50)
    assert_same(read_c3d(write_c3d(tmp_path / "b.c3d", unit="m")))
    # Vicon puts the name of the person in front
    names, given = named()
    lost = given.copy()
    lost[30:34, names.index("LWrist")] = np.nan
    motion = read_c3d(write_c3d(tmp_path / "c.c3d", [f"Anna:{n}" for n in names], lost))
    assert not motion.observed[30:34, SMPL_JOINTS.index("left_elbow")].any()


@pytest.mark.parametrize("processor", [84, 85, 86])
@pytest.mark.parametrize("integer", [False, True])
def test_c3d_in_the_numbers_of_three_processors(tmp_path, processor, integer):
    assert_same(read_c3d(write_c3d_of(tmp_path / "a.c3d", processor, integer)))
    names, given = named()
    given[30:34, names.index("LWrist")] = np.nan
    motion = read_c3d(write_c3d_of(tmp_path / "b.c3d", processor, integer, given))
    assert not motion.observed[30:34, SMPL_JOINTS.index("left_elbow")].any()
    assert motion.rate == RATE


def test_damaged_c3d(tmp_path):
    """An entry that reaches beyond the end allocates nothing."""
    content = write_c3d_of(tmp_path / "a.c3d", 84, False).read_bytes()
    cuts = [b"", b"text", content[:100], content[:700], content[:2000]]
    shape = content.index(b"LABELS") + 10
    cuts.append(content[:shape] + b"\xff\xff" + content[shape + 2 :])
    cuts.append(content[:8] + b"\xff\xff" + content[10:])  # 65535 frames
    cuts.append(content[:515] + b"\x01" + content[516:])  # processor
    for k, damaged in enumerate(cuts):
        file = tmp_path / f"{k}.c3d"
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{k}.c3d"):
            read_c3d(file)


# ---- MVNX


@pytest.mark.parametrize("options", [{}, {"prefix": "mvn"}, {"labels": False}])
def test_mvnx(tmp_path, options):
    motion = read_mvnx(write_mvnx(tmp_path / "a.mvnx", **options), label="walk")
    assert_same(motion)
    assert (motion.source, motion.name, motion.label, motion.rate) == ("xsens", "a", "walk", 50)
    assert motion.stature == pytest.approx(1.75, rel=1e-3)


def test_mvnx_turns_of_the_hand_belong_to_the_forearm(tmp_path):
    poses = REFERENCE.poses.copy()
    poses[:, SMPL_JOINTS.index("left_wrist"), 0] = 0.8  # about the forearm
    motion = read_mvnx(write_mvnx(tmp_path / "a.mvnx", REFERENCE.replace(poses=poses)))
    np.testing.assert_allclose(motion.poses[:, SMPL_JOINTS.index("left_wrist")], 0, atol=1e-5)
    assert limb_errors(motion).max() < 0.1


@pytest.mark.parametrize(
    ("options", "change", "message"),
    [
        ({"position": False}, lambda t: t, "0 numbers of position.*Export orientation"),
        ({}, lambda t: t.replace('label="T8"', 'label="T9"'), "lacks the segments T8"),
        (
            {},
            lambda t: t.replace("type=", "kind=").replace("<frame ", "<fram "),
            "mismatched|no fr",
        ),
        ({}, lambda t: t[: len(t) // 2], "cannot be read as an MVNX"),
        ({}, lambda t: t.replace("frameRate", "rate"), "frameRate must be"),
        ({"doctype": '<!DOCTYPE a [<!ENTITY b "c">]>'}, lambda t: t, "declares a document type"),
    ],
)
def test_damaged_mvnx(tmp_path, options, change, message):
    file = write_mvnx(tmp_path / "a.mvnx", **options)
    file.write_text(change(file.read_text()))
    with pytest.raises(ValueError, match=f"a.mvnx.*({message})"):
        read_mvnx(file)


# ---- ASF/AMC


def test_amc(tmp_path):
    motion = read_amc(write_amc(tmp_path / "01_02.amc", asf=tmp_path / "01.asf"), rate=RATE)
    assert_same(motion)
    assert (motion.source, motion.name) == ("asf_amc", "01_02")
    assert motion.stature == pytest.approx(1.75, rel=1e-3)


def test_amc_finds_its_skeleton_and_unit(tmp_path):
    for k, (length, meters) in enumerate(((1.0, 1.0), (1.0, 0.01), (1.0, 0.0254), (0.3, 0.0254))):
        folder = tmp_path / str(k)
        folder.mkdir()
        file = write_amc(folder / "a.amc", length=length, meters=meters)
        (folder / "a.asf").rename(folder / "any.ASF")
        assert_same(read_amc(file, rate=RATE))
    (folder / "other.asf").write_text("")
    with pytest.raises(ValueError, match=r"a.amc: .*the folder has any.ASF, other.asf. Pass asf="):
        read_amc(file, rate=RATE)
    assert_same(read_amc(file, rate=RATE, asf=folder / "any.ASF"))
    (folder / "other.asf").unlink(), (folder / "any.ASF").unlink()
    with pytest.raises(ValueError, match=r"has no \.asf file"):
        read_amc(file, rate=RATE)


@pytest.mark.parametrize(
    ("ending", "change", "message"),
    [
        (".amc", lambda t: t.replace("lfemur -", "lfemur x"), "a.amc: line .*expected 3 numbers"),
        (".amc", lambda t: t.replace("lfemur", "lfemoral"), "'lfemoral' is not a bone"),
        (".amc", lambda t: t[: len(t) // 2], r"a.amc: (frame \d+ has no values of|line)"),
        (".amc", lambda t: t.splitlines()[0], "no frames"),
        (".asf", lambda t: t.replace("name lfemur", "name femurl"), "a.asf: the bones"),
        (
            ".asf",
            lambda t: t.replace(":hierarchy", ":other"),
            "an ASF file has the sections",
        ),
        (".asf", lambda t: t.replace("XYZ", "XYX"), "axis order"),
        (".asf", lambda t: re.sub("([lr])(femur|tibia|foot)", r"\2\1x", t), "No human skeleton"),
    ],
)
def test_damaged_asf_and_amc(tmp_path, ending, change, message):
    file = write_amc(tmp_path / "a.amc", reference(5))
    damaged = file.with_suffix(ending)
    text = damaged.read_text()
    assert change(text) != text or ending == ".amc"
    damaged.write_text(change(text))
    with pytest.raises(ValueError, match=message):
        read_amc(file, rate=RATE)


@pytest.mark.parametrize("write_and_read", [(write_mvnx, read_mvnx), (write_amc, read_amc)])
def test_tposes_are_left_out(tmp_path, write_and_read):
    write, read = write_and_read
    still = np.zeros((3, 24, 3))
    still[:, 0, 0] = np.pi / 2
    mixed = Motion(
        np.concatenate([still, REFERENCE.poses]),
        np.concatenate([np.tile(REFERENCE.trans[:1], (3, 1)), REFERENCE.trans]),
        RATE,
    )
    file = write(tmp_path / "a.x", mixed)
    rate = {"rate": RATE} if read is read_amc else {}
    with pytest.warns(UserWarning, match=r"Left out 3 frame\(s\), 3 at the start"):
        motion = read(file, **rate)
    assert_same(motion.replace(rate=RATE))
    assert motion.times[0] == pytest.approx(3 / RATE)
    assert read(file, trim_tpose=False, **rate).n_frames == 103


@pytest.mark.parametrize(
    "options",
    [{"rate": -1.0}, {"rate": "fast"}, {"text": 3}, {"name": 3}, {"label": []}, {"source": ""}],
)
@pytest.mark.parametrize("read", [read_trc, read_c3d, read_mvnx, read_amc])
def test_arguments_are_checked_before_the_file(tmp_path, read, options):
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        read(tmp_path / "absent", **({"rate": 50.0} | options))
    with pytest.raises(FileNotFoundError, match="absent"):
        read(tmp_path / "absent", rate=50.0)


def test_both_forms_of_a_clip_of_cmu_agree(shared_data):
    """The same clip as ASF/AMC and as BVH: the same limbs, and the same readings."""
    folder = shared_data("cmu_twin")
    first = read_amc(folder / "01_01.amc", rate=120.0)
    with pytest.warns(UserWarning, match="Left out 1 frame"):  # a T-pose that the conversion added
        second = read_bvh(folder / "01_01.bvh")
    assert limb_errors(first, second).max() < 0.01
    body = BODY.shaped(stature=second.stature)
    sites = ["left_wrist", "right_wrist", "chest"]
    readings = [
        SMPLIMUSimulator(body, sites=sites, rate=60.0).simulate(m.replace(source=None)).data
        for m in (first, second)
    ]
    assert np.abs(readings[0] - readings[1]).max() < 0.02
