"""How programs write BVH files: what is read all the same, and what is an error that explains."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.motion import read_bvh
from m3n_sklearn.motion._bvh_file import parse_bvh

from .test_bvh import FRAMES, assert_same, bvh_text, clip, heard

SOURCE = clip()
GOOD = bvh_text(*SOURCE)
LAST = GOOD.splitlines()[-1]
HEAD, TAIL = GOOD.split("MOTION\n")
ROWS = TAIL.splitlines()[2:]


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="clip.bvh", **options):
        path = tmp_path / name
        path.write_text(text, **options)
        return path

    return to_file


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    path.write_text(GOOD)
    return read_bvh(path)


def with_rows(rows, count=FRAMES):
    """The same file with other frames."""
    return f"{HEAD}MOTION\nFrames: {count}\nFrame Time: 0.0333333\n" + "\n".join(rows) + "\n"


def each_row(change):
    return with_rows([change(row) for row in ROWS])


def swapped(text):
    """Channels before offsets."""
    return re.sub(r"(\t*OFFSET [^\n]*\n)(\t*CHANNELS [^\n]*\n)", r"\2\1", text)


def wrapped(row, count):
    words = row.split()
    return "\n".join(" ".join(words[k : k + count]) for k in range(0, len(words), count))


def glued(row):
    """Minus signs take the place of blanks."""
    return row.replace(" -", "-")


WRITTEN = {
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "old line ends": GOOD.replace("\n", "\r"),
    "braces on the line": GOOD.replace("\n{", " {").replace("OFFSET ", "offset\t"),
    "blank lines": GOOD.replace("Frames: ", "Frames:\t").replace("MOTION\n", "\nMOTION  \n\n"),
    "all on few lines": GOOD.replace("{\n", "{ ").replace("\n\tOFFSET", " OFFSET"),
    "lower case": GOOD.replace("CHANNELS", "channels").replace("rotation", "Rotation"),
    "channels first": swapped(GOOD),
    "no blank after colons": GOOD.replace("Frames: ", "Frames:").replace("Time: ", "Time:"),
    "no colons": GOOD.replace("Frames: ", "Frames ").replace("Time: ", "Time "),
    "time first": re.sub(r"(Frames: 5\n)(Frame Time: [^\n]*\n)", r"\2\1", GOOD),
    "names on the next line": GOOD.replace("JOINT ", "JOINT\n"),
    "wrapped rows": each_row(lambda row: wrapped(row, 17)),
    "wrapped like one text": with_rows([wrapped(" ".join(ROWS), 29)]),
    "one long row": with_rows([" ".join(ROWS)]),
    "wrapped channels": GOOD.replace("Zrotation Xrotation", "Zrotation\n Xrotation"),
    "touching numbers": each_row(glued),
    "decimal commas": each_row(lambda row: row.replace(".", ",")),
    "comma between numbers": each_row(lambda row: row.replace(" ", ",")),
    "comma and blank": each_row(lambda row: row.replace(" ", ", ")),
    "semicolons": each_row(lambda row: row.replace(" ", ";")),
    "plus signs": each_row(lambda row: re.sub(r"(^| )(\d)", r"\1+\2", row)),
    "commas in offsets": re.sub(r"OFFSET [^\n]*", lambda match: match[0].replace(".", ","), GOOD),
    "commas between offsets": re.sub(r"(OFFSET) (\S+) (\S+) (\S+)", r"\1 \2, \3, \4", GOOD),
    "comments above": "# from a studio\n\n// with care\n; twice\n" + GOOD,
    "end of file as a character": GOOD + "\x1a",
    "zeros at the end": GOOD + "\0" * 512,
    "named end sites": GOOD.replace("End Site", "End Site LeftToeTip"),
    "joints without channels": GOOD.replace("End Site\n", "JOINT tip#\n"),
}


def numbered(text):
    """Give each joint called tip# a name of its own, and no channels."""
    parts = text.split("tip#")
    return "".join(part + (f"tip{k}" if k < len(parts) - 1 else "") for k, part in enumerate(parts))


@pytest.mark.parametrize("way", WRITTEN)
def test_ways_of_writing(write, plain, way):
    text = numbered(WRITTEN[way])
    assert text != GOOD
    motion, said = heard(read_bvh, write(text, newline=""))
    assert said == []
    assert_same(motion, plain)
    assert motion.rate == plain.rate


@pytest.mark.parametrize(
    "codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
def test_encodings(tmp_path, plain, codec):
    path = tmp_path / "clip.bvh"
    path.write_bytes(GOOD.replace("JOINT Head", "JOINT Head_\u00e9").encode(codec))
    assert_same(read_bvh(path), plain)


@pytest.mark.parametrize("kept", [0.0, 0.05])
def test_position_channels_that_mean_displacements(write, plain, kept):
    """Six channels at each joint: the position, or how far it lies from the offset."""
    source, root = SOURCE
    text = bvh_text(source, root, everywhere=True)
    path = write(text)
    assert_same(read_bvh(path), plain)
    read = parse_bvh(path)
    lines = text.splitlines()
    for n in range(FRAMES):
        values = np.array(lines[n - FRAMES].split(), dtype=float).reshape(-1, 6)
        values[1:, :3] = np.random.default_rng(n).normal(0, kept, (len(values) - 1, 3))
        lines[n - FRAMES] = " ".join(f"{value:.9f}" for value in values.ravel())
    displaced = parse_bvh(write("\n".join(lines)))
    offsets = np.array([joint.offset for joint in read.joints])
    places = displaced.positions() - offsets
    assert np.abs(places[:, 1:]).max() <= 5 * kept
    motion, said = heard(read_bvh, write("\n".join(lines)))
    assert said == []
    np.testing.assert_allclose(motion.poses, plain.poses, atol=1e-6 + 0.03 * (kept > 0))
    np.testing.assert_allclose(
        np.diff(motion.trans, axis=0), np.diff(plain.trans, axis=0), atol=2e-3
    )


def test_the_root_is_placed_in_the_world_or_by_its_offset(write, plain):
    """Its channels replace the offset; if all are zero, the offset holds."""
    offset = "ROOT Hips\n{\n\tOFFSET 0.0 90.0 0.0"
    text = re.sub(r"ROOT Hips\n\{\n\tOFFSET [^\n]*", offset, GOOD)
    assert text != GOOD
    np.testing.assert_allclose(read_bvh(write(text)).trans, plain.trans)
    zero = with_rows([" ".join(["0.0"] * 3 + row.split()[3:]) for row in ROWS])
    zero = re.sub(r"ROOT Hips\n\{\n\tOFFSET [^\n]*", offset, zero)
    assert read_bvh(write(zero)).trans[:, 2].mean() == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize("more", [1, 3, FRAMES, -1])
def test_other_numbers_of_frames_are_said(write, plain, more):
    path = write(GOOD.replace(f"Frames: {FRAMES}", f"Frames: {FRAMES - more}"))
    motion, said = heard(read_bvh, path)
    assert motion.n_frames == FRAMES and len(said) == 1
    assert f"announces {FRAMES - more} frames, but has {FRAMES}" in said[0]
    np.testing.assert_array_equal(motion.poses, plain.poses)


# ---- the frame time


@pytest.mark.parametrize(
    ("printed", "rate"),
    [
        ("0.0333333", 30.0),
        ("0,0333333", 30.0),
        ("0.0083333", 120.0),
        ("0.008333", 120.0),
        ("0.0166667", 60.0),
        ("0.01", 100.0),
        ("0.0417083", 24e3 / 1001),
        ("0.033366", 30e3 / 1001),
        ("0.0333", 30.0),
        ("0.033", 30.0),
        ("0.017", 60.0),
        ("0.0166", 60.0),  # cut off
        ("0.04167", 24.0),
        ("0.0083", 120.0),
        ("3.333e-2", 30.0),
        ("0.0330000", 1 / 0.033),  # enough digits
        ("0.008000", 125.0),
        ("0.0344828", 29.0),
        (".04", 25.0),
        ("4e-2", 25.0),
    ],
)
def test_printed_frame_times(write, printed, rate):
    path = write(bvh_text(*SOURCE, frame_time=printed))
    assert read_bvh(path).rate == pytest.approx(rate, rel=1e-12)
    assert read_bvh(path, rate=48.0).rate == 48


@pytest.mark.parametrize(
    ("printed", "rate", "words"),
    [
        ("0.008", 120.0, "between 111.1 and 133.3 Hz. The nominal rate 120 Hz was taken"),
        ("0.016", 60.0, "The nominal rate 60 Hz was taken"),
        ("0.007", 1 / 0.007, "Taken as 142.9 Hz"),  # 144 or 150
        ("0.03", 30.0, "between 25 and 40 Hz. The nominal rate 30 Hz was taken"),
        ("0.009", 1 / 0.009, "Taken as 111.1 Hz"),
    ],
)
def test_too_few_digits_of_the_frame_time_are_said(write, printed, rate, words):
    motion, said = heard(read_bvh, write(bvh_text(*SOURCE, frame_time=printed)))
    assert motion.rate == pytest.approx(rate, rel=1e-12)
    assert len(said) == 1 and words in said[0]


@pytest.mark.parametrize(
    "printed", ["0", "0.000000", "-0.01", "nan", "inf", "soon", "", "30", "33.3"]
)
def test_wrong_frame_times_need_a_rate(write, printed):
    path = write(bvh_text(*SOURCE, frame_time=printed))
    with pytest.raises(ValueError, match=r"clip.bvh: the frame time is .*rate="):
        read_bvh(path)
    motion, said = heard(read_bvh, path, rate=25.0)
    assert motion.rate == 25 and said == []


def test_a_missing_frame_time_needs_a_rate(write, plain):
    path = write(GOOD.replace("Frame Time: 0.0333333\n", ""))
    with pytest.raises(ValueError, match=r"clip.bvh: the frame time is 'missing'.*rate="):
        read_bvh(path)
    np.testing.assert_array_equal(read_bvh(path, rate=30.0).poses, plain.poses)


@pytest.mark.parametrize("printed", ["1.0", "0.5", "0.0001"])
def test_unusual_frame_times_are_said(write, printed):
    path = write(bvh_text(*SOURCE, frame_time=printed))
    said = heard(read_bvh, path, trim_tpose=False)[1]
    assert re.search(r"frame time is .* frames per second.*rate=", said[0])
    assert heard(read_bvh, path, rate=30.0)[1] == []


def test_radians_are_noticed(write):
    rows = [row.split() for row in ROWS]
    turned = [[*row[:3], *(f"{np.deg2rad(float(x)):.9f}" for x in row[3:])] for row in rows]
    said = heard(read_bvh, write(with_rows([" ".join(row) for row in turned])))[1]
    assert any("radians" in text for text in said)


# ---- errors


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIERARCHIE", "must begin with HIERARCHY"),
        (GOOD, "", "must begin with HIERARCHY"),
        ("MOTION", "", "no line MOTION"),
        ("ROOT Hips", "JOINT Hips", "line 2: ROOT was expected"),
        ("ROOT Hips", "ROOT", "has no name"),
        ("ROOT Hips\n{", "ROOT Hips\n", r"line 4: \{ was expected"),
        ("}\nMOTION", "MOTION", "brace"),
        ("}\nMOTION", "}\nROOT Other\nMOTION", "several skeletons"),
        ("}\nMOTION", "}\n}\nMOTION", "was expected"),
        ("JOINT Spine1", "JOINT Head", "Head occur more than once"),
        ("CHANNELS 6", "CHANNELS 5", "Hips announces 5 channels, but lists 6"),
        ("CHANNELS 6", "CHANNELS", "channels"),
        ("Xposition", "Wposition", "like Xposition"),
        ("\tCHANNELS 3 Z", "\tOFFSET 3 Z", "CHANNELS .*was expected, not 'OFFSET'"),
        ("\tOFFSET", "\tCHANNELS 0\n\tOFFSET", "was expected, not 'CHANNELS'"),
        (re.search(r"\t+OFFSET.*\n\t*CHANNELS 3.*\n", GOOD)[0], "", "has no OFFSET"),
        ("OFFSET 0 1 0", "OFFSET 0 1", "2 numbers, not 3"),
        ("OFFSET 0 1 0", "OFFSET 0 up 0", "got 'up'"),
        ("OFFSET 0 1 0", "OFFSET 0 nan 0", "nan, not a finite number"),
        ("OFFSET 0 1 0", "OFFSET 0 1e300 0", "1e300, not a finite number of plausible size"),
        (f"Frames: {FRAMES}", f"Frames: {FRAMES + 2}", "announces 7 frames, but has 5"),
        (f"Frames: {FRAMES}", "Frames: many", "whole number"),
        (f"Frames: {FRAMES}", "", "Frames: and a whole number"),
        (LAST, LAST[: len(LAST) // 2], r"line \d+ has .* truncated"),
        (LAST, LAST + " 1.0", r"line \d+ has .* truncated"),
        ("\n".join(ROWS), "", "but has 0"),
        (LAST, LAST.replace(LAST.split()[7], "nan"), "of LeftUpLeg is nan in frame 4"),
        (LAST, LAST.replace(LAST.split()[7], "1e300"), r"is 1e\+300 in frame 4"),
        (
            LAST,
            LAST.replace(LAST.split()[7], "x"),
            r"line \d+: its frames must be numbers, got 'x'",
        ),
        (LAST, LAST.replace(LAST.split()[7], "1.2.3"), "got '1.2.3'"),
    ],
)
def test_broken_files_are_explained(write, old, new, message):
    assert old in GOOD
    with pytest.raises(ValueError, match=f"clip.bvh: .*{message}"):
        read_bvh(write(GOOD.replace(old, new, 1) if old != GOOD else new))


def test_rows_of_wrong_lengths_are_not_taken_for_wrapped_ones(write):
    words = [row.split() for row in ROWS]
    words[1].append(words[2].pop(0))  # one number too many, then one too few
    path = write(with_rows([" ".join(row) for row in words]))
    with pytest.raises(ValueError, match=r"line \d+ has \d+ numbers, but the hierarchy has"):
        read_bvh(path)


@settings(max_examples=30)
@given(cut=st.integers(0, len(GOOD) - 12))
def test_truncated_files_never_pass_in_silence(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    path.write_text(GOOD[:cut])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, UserWarning), match=r"clip.bvh|announces 5 frames"):
            read_bvh(path)


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="No file at"):
        read_bvh(tmp_path / "none.bvh")
    (tmp_path / "photo.bvh").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"photo.bvh: it must begin with HIERARCHY"):
        read_bvh(tmp_path / "photo.bvh")
    deep = "HIERARCHY\nROOT a\n" + "{\nOFFSET 0 0 0\nCHANNELS 0\nJOINT b" * 5000
    (tmp_path / "deep.bvh").write_text(deep + "\nMOTION\nFrames: 1\nFrame Time: 1\n")
    with pytest.raises(ValueError, match="hierarchy ends"):
        read_bvh(tmp_path / "deep.bvh")
    still = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nEnd Site\n{\n}\n}\n"
    (tmp_path / "still.bvh").write_text(still + "MOTION\nFrames: 1\nFrame Time: 1\n\n")
    with pytest.raises(ValueError, match="no channels"):
        read_bvh(tmp_path / "still.bvh")


@pytest.mark.slow
@pytest.mark.parametrize("is_deep", [False, True])
def test_deep_and_wide_trees_are_read(write, is_deep):
    """20,000 joints below a hand, as one chain or side by side; benchmarks.bvh_corpus times it."""
    count = 20_000
    lines = HEAD.splitlines()
    hand = lines.index(next(line for line in lines if line.endswith("JOINT LeftHand"))) + 3
    block = ["{", "OFFSET 0 0.1 0", "CHANNELS 0"] + ["}"] * (not is_deep)
    extra = [line for k in range(count) for line in (f"JOINT extra{k}", *block)]
    extra += ["}"] * (count * is_deep)
    text = "\n".join([*lines[:hand], *extra, *lines[hand:], "MOTION", TAIL])
    path = write(text)
    assert read_bvh(path).n_frames == FRAMES
