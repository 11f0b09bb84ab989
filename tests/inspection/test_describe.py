"""What `describe` says of recordings whose defects are made here, and of real ones."""

from __future__ import annotations

import warnings
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

from m3n_sklearn import Motion, Recording, cut, describe
from m3n_sklearn.datasets import load_sp_sw_har, load_utd_mhad, make_motions, make_wrist_har
from m3n_sklearn.inspection._mounting import MAPS, in_words
from m3n_sklearn.recording import channel_names, to_site_axes

NAMES = channel_names("right_wrist")
TURNED = (-1, -1, 1, -1, -1, 1)


@pytest.fixture(scope="module")
def recordings():
    return make_wrist_har(
        6,
        1,
        ["walk", "throw", "drink", "stir", "reach_and_grasp"],
        shift=0.2,
        seconds=4,
        random_state=0,
    ).recordings


def changed(recordings, person, change):
    """Change the recordings of one person, without the warnings about units."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [change(r) if r.subject == person else r for r in recordings]


def topics(found):
    return [(finding.topic, finding.who) for finding in found.findings]


def test_nothing_is_said_of_good_recordings(recordings):
    assert describe(recordings).findings == ()
    assert str(describe(recordings)).endswith("Nothing looks wrong.")


# ---- axes between people


@pytest.mark.parametrize(
    "scale", [(-1, -1, 1), (1, 1, -1), (1, -1, -1), (-1, -1, -1)], ids=lambda s: str(s)
)
def test_a_person_whose_axes_are_turned_or_mirrored_is_named(recordings, scale):
    both = np.concatenate([scale, np.prod(scale) * np.array(scale)])
    turned = changed(recordings, "wearer1", lambda r: r.replace(data=r.data * both))
    [finding] = describe(turned).findings
    assert (finding.topic, finding.who) == ("axes", "wearer1")
    assert in_words(np.diag(scale).astype(float)) in finding.found
    word = "mirrored" if np.prod(scale) < 0 else "turned"
    assert word in finding.found
    if scale == (-1, -1, -1):
        assert "Core Motion" in finding.cure


def test_the_cure_of_a_turned_watch_turns_it_back(recordings):
    turned = changed(recordings, "wearer1", lambda r: r.replace(data=r.data * TURNED))
    [finding] = describe(turned).findings
    X, _, groups = cut(turned, seconds=2.0)
    code = finding.cure.partition("to_site_axes(")[2].partition(")")[0]
    back = eval(f"to_site_axes({code})", {"X": X, "groups": groups, "to_site_axes": to_site_axes})
    expected = cut([r for r in recordings if r.subject == "wearer1"], seconds=2.0).X
    np.testing.assert_allclose(back["imu"], expected["imu"], atol=1e-9)


def test_a_watch_that_is_turned_in_some_classes_only(recordings):
    some = ("walk", "throw", "reach_and_grasp")
    turned = changed(
        recordings,
        "wearer1",
        lambda r: r.replace(data=r.data * TURNED) if r.labels[0] in some else r,
    )
    [finding] = describe(turned).findings
    assert finding.who == "wearer1" and "in 3 of 5 classes (walk, throw" in finding.found


def test_people_who_all_wear_it_otherwise_have_no_typical_mount(recordings):
    rng = np.random.default_rng(3)
    maps = dict.fromkeys(r.subject for r in recordings)
    for person, number in zip(maps, rng.permutation(24)[: len(maps)], strict=True):
        maps[person] = np.kron(np.eye(2), MAPS[number].T)
    mixed = [r.replace(data=r.data @ maps[r.subject]) for r in recordings]
    assert topics(describe(mixed)) == [("axes", "all")]


def test_two_people_cannot_be_compared(recordings):
    two = [r for r in recordings if r.subject in ("wearer0", "wearer1")]
    assert (
        describe(changed(two, "wearer1", lambda r: r.replace(data=r.data * TURNED))).findings == ()
    )


def test_gravity_that_was_removed_has_no_direction(recordings):
    def remove(r):
        data = r.data - np.concatenate([r.data[:, :3].mean(axis=0), np.zeros(3)])
        return r.replace(data=0.3 * data)

    found = describe(changed(recordings, "wearer1", remove))
    assert any(f.topic == "units" and f.who.startswith("wearer1") for f in found.findings)
    assert not [finding for finding in found.findings if finding.topic == "axes"]


# ---- axes of two sensors


@cache
def slow_turns(seconds=90.0, rate=50.0):
    """Gravity and angular rate of a sensor that turns slowly about changing axes."""
    from scipy.spatial.transform import Rotation

    t = np.arange(int(seconds * rate)) / rate
    gyro = np.stack([np.sin(0.7 * t), 0.8 * np.cos(0.53 * t), 0.9 * np.sin(0.31 * t + 1)], axis=1)
    pose = Rotation.identity()
    acc = []
    for rates in gyro:
        acc.append(pose.inv().apply([0, 0, 9.80665]))
        pose = pose * Rotation.from_rotvec(rates / rate)
    return np.array(acc), gyro


@pytest.mark.parametrize("number", [0, 1, 9, 23, 24, 31, 47])
def test_a_gyroscope_with_other_axes_is_found(number):
    acc, gyro = slow_turns()
    recording = Recording(np.hstack([acc, gyro @ MAPS[number].T]), 50.0, NAMES, subject="ann")
    found = [f for f in describe(recording).findings if f.topic == "axes"]
    if number == 0:
        assert found == []
    else:  # the map that is named undoes the one that was applied
        assert in_words(MAPS[number].T) in found[0].found


def test_a_fast_hand_says_nothing_about_the_gyroscope(recordings):
    shaken = [r.replace(data=r.data * [3, 3, 3, -1, -1, -1]) for r in recordings]
    assert not [f for f in describe(shaken).findings if "do not fit" in f.found]


# ---- units, gaps, clipping, rates, channels


def test_a_person_in_g_is_named_once(recordings):
    in_g = changed(
        recordings, "wearer2", lambda r: r.replace(data=r.data / ([9.80665] * 3 + [1] * 3))
    )
    [finding] = describe(in_g).findings
    assert (finding.topic, finding.who) == ("units", "wearer2")
    assert "multiply by 9.80665" in finding.cure


def test_gaps_and_the_windows_that_they_cost(recordings):
    def lose(r):
        seen = np.ones(r.n_samples, dtype=bool)
        seen[100:150] = False
        return r.replace(observed=seen)

    lossy = changed(recordings, "wearer3", lose)
    found = describe(lossy, seconds=2.0)
    [finding] = found.findings
    assert (finding.topic, finding.who) == ("gaps", "wearer3")
    assert "lasts 1 s" in finding.found and "min_observed" in finding.cure
    row = found.people["person"].index("wearer3")
    kept = len(cut([r for r in lossy if r.subject == "wearer3"], seconds=2.0).X)
    assert found.people["windows"][row] == kept
    assert found.people["lost"][row] == 35 - kept
    lost = describe(lossy, seconds=2.0, min_observed=0.2)
    assert lost.people["lost"][row] == 0


def test_clipping_at_the_limit_of_each_axis(recordings):
    t = np.arange(3000) / 50.0
    acc = np.stack([25 * np.sin(2 * t), 3 * np.cos(t), 9.8 + 0 * t], axis=1)
    clipped = np.clip(acc, -19.6, 19.8)
    found = describe(Recording(clipped, 50.0, NAMES[:3], subject="ann"))
    [finding] = [f for f in found.findings if f.topic == "clipping"]
    assert "19.6 m/s²" in finding.found and "SensorNoise(range=19.6)" in finding.cure
    whole = describe(Recording(acc, 50.0, NAMES[:3], subject="ann"))
    assert not [f for f in whole.findings if f.topic == "clipping"]


def test_rates_that_differ_need_one_rate(recordings):
    mixed = changed(recordings, "wearer0", lambda r: r.resample(25.0))
    found = describe(mixed)
    assert topics(found) == [("rates", "all")] and "imu_rate=50" in found.findings[0].cure
    assert describe(mixed, imu_rate=50.0).findings == ()


def test_channels_that_differ_or_have_no_names(recordings):
    acc_only = changed(recordings, "wearer0", lambda r: r.select([n for n in NAMES if "acc" in n]))
    [finding] = describe(acc_only).findings
    assert (finding.topic, finding.who) == ("channels", "wearer0")
    assert "right_wrist_acc_x" in finding.cure
    bare = Recording(np.zeros((200, 2)), 50.0, subject="ann", labels="rest")
    assert ("channels", "all") in topics(describe(bare))


# ---- people, classes, windows


def test_people_and_classes():
    still = np.tile([0.0, 0.0, 9.8], (200, 1)) + 0.01 * np.random.default_rng(0).normal(
        size=(200, 3)
    )

    def make(subject, labels):
        return Recording(still, 50.0, NAMES[:3], subject=subject, labels=labels)

    found = describe(
        [make("ann", "sit"), make("bob", "Sit "), make("bob", "walk"), make("eve", None)]
    )
    said = [finding.found for finding in found.findings if finding.topic == "classes"]
    assert any("'sit' and 'Sit ' look like one class" in text for text in said)
    assert any("no labels" in text for text in said)
    assert any("with one person only" in text for text in said)
    assert topics(describe(make(None, "sit"))) == [("people", "all")]
    assert topics(describe(make("ann", "sit"))) == [("people", "all")]


STILL = np.tile([0.0, 0.0, 9.81], (400, 1))


@pytest.mark.parametrize(
    ("cutting", "labels", "reason", "cure"),
    [
        ({"ignore": "rest"}, np.full(400, "rest"), "ignored class 7", "ignore fewer"),
        ({"min_purity": 1.0}, np.tile(["a", "b"], 200), "mixed labels 7", "Lower min_purity"),
    ],
)
def test_no_window_at_all_is_a_finding(cutting, labels, reason, cure):
    recording = Recording(STILL, 50.0, NAMES[:3], subject="ann", labels=labels)
    found = describe(recording, **cutting)
    [finding] = [one for one in found.findings if one.topic == "windows"]
    assert finding.found == f"No window is left: {reason}." and cure in finding.cure
    assert "no labels" not in str(found) and "Nothing looks wrong" not in str(found)


def test_no_labels_at_all_are_a_finding():
    pair = [Recording(STILL, 50.0, NAMES[:3], subject=name) for name in ("ann", "bob")]
    assert topics(describe(pair)) == [("classes", "all")]
    assert "no labels" in describe(pair).findings[0].found


def test_unlabeled_samples_are_a_finding_unless_they_are_ignored():
    labels = np.repeat(["unlabeled", "walk"], 200)
    both = [Recording(STILL, 50.0, NAMES[:3], subject=s, labels=labels) for s in ("ann", "bob")]
    for ignore in ((), None):
        [finding] = describe(both, ignore=ignore, min_purity=0.1).findings
        assert finding.who == "unlabeled" and 'cut(..., ignore="unlabeled")' in finding.cure
    assert describe(both, ignore="unlabeled", min_purity=0.1).findings == ()


def test_windows_agree_with_cut(recordings):
    joined = [
        Recording(
            np.concatenate([r.data for r in recordings if r.subject == person]),
            50.0,
            NAMES,
            labels=np.concatenate([r.labels for r in recordings if r.subject == person]),
            subject=person,
        )
        for person in ("wearer0", "wearer1", "wearer2")
    ]
    for options in ({}, {"min_purity": 0.9}, {"ignore": "walk"}, {"label": "center"}):
        y, groups = cut(joined, seconds=3.0, overlap=0.3, **options)[1:]
        found = describe(joined, seconds=3.0, overlap=0.3, **options)
        table = zip(*(found.labels[n] for n in ("person", "class", "windows")), strict=True)
        for person, label, windows in table:
            assert windows == np.sum((groups == person) & (y == label))
    assert "ignored class" in str(describe(joined, ignore="walk"))
    assert "mixed labels" in str(describe(joined, min_purity=0.9))
    short = describe(recordings, seconds=20.0)
    assert "short='pad'" in next(f.cure for f in short.findings if f.topic == "windows")


def test_motions_and_pairs():
    motions = make_motions(2, 1, ["wave", "walk"], random_state=0)
    found = describe(motions)
    assert found.recordings["kind"] == ["motion"] * 4
    assert sum(found.people["windows"]) == len(cut(motions, seconds=2.0).X)
    wrists = make_wrist_har(2, 1, ["wave"], random_state=0)
    pairs = list(zip(wrists.motions, wrists.recordings, strict=True))
    assert sum(describe(pairs).people["windows"]) == len(cut(pairs, seconds=2.0).X)
    assert "min_observed" in str(
        describe(
            Motion(
                np.zeros((200, 24, 3)),
                rate=50.0,
                observed=np.arange(200 * 24).reshape(200, 24) > 99,
            )
        )
    )


# ---- forms


def test_tables_as_frames(recordings):
    found = describe(changed(recordings, "wearer1", lambda r: r.replace(data=r.data * TURNED)))
    assert found.to_frame().shape[0] == len(recordings)
    for name in ("people", "classes", "labels", "recordings"):
        assert found.to_frame(name).to_dict("list") == getattr(found, name)
    assert found.to_frame("findings")["who"].tolist() == ["wearer1"]
    assert found.people["g x"][1] * found.people["g x"][0] < 0
    with pytest.raises(ValueError, match="table must be one of people"):
        found.to_frame("rows")


class Balance(HTMLParser):
    """Checks that every element is closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_escapes_names(recordings):
    odd = [r.replace(subject="<b>&") for r in recordings if r.subject == "wearer0"]
    page = describe(odd)._repr_html_()
    parser = Balance()
    parser.feed(page)
    assert parser.open == [] and "&lt;b&gt;&amp;" in page and "<b>&" not in page


def test_bad_arguments(recordings):
    with pytest.raises(TypeError, match=r"describe got stride, which cut does not take"):
        describe(recordings, stride=1.0)
    with pytest.raises(ValueError, match="items is empty"):
        describe([])
    with pytest.raises(TypeError, match=r"got int \(3\)"):
        describe([3])
    with pytest.raises(ValueError, match="seconds"):
        describe(recordings, seconds=-1.0)


# ---- real recordings


def axes_of(recordings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = describe(recordings)
    return {finding.who for finding in found.findings if finding.topic == "axes"}


def read_pool(path, hand=None):
    """Read recordings of a pool of real sets: one file of all samples with the rows of each."""
    pool = np.load(next(path.glob("*hz.npz")))
    acc, gyro = (pool[f"{n}_q"] * float(pool[f"{n}_scale"]) for n in ("acc", "gyro"))
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, (a, b) in enumerate(zip(pool["seg_ptr"][:-1], pool["seg_ptr"][1:], strict=True)):
            if hand is None or pool["hand"][i] == hand:
                facts = {"labels": str(pool["label"][i]), "subject": int(pool["subject"][i])}
                data = np.hstack([acc[a:b], gyro[a:b]])
                found.append(Recording(data, float(pool["rate_hz"]), NAMES, **facts))
    return found


@pytest.mark.slow
def test_no_false_alarm_about_the_axes_of_real_recordings(shared_data):
    assert axes_of(load_sp_sw_har(shared_data("sp_sw_har_watch"), seconds=None).recordings) == set()
    utd = load_utd_mhad(shared_data("utd_mhad"), skeletons=False, seconds=None)
    assert axes_of(utd.recordings) == set()
    for hand in ("left", "right"):
        assert axes_of(read_pool(shared_data("dsads"), hand)) == set()


@pytest.mark.slow
def test_four_people_of_wisdm_wore_the_watch_otherwise(shared_data):
    # readings that the signs of axes take to those of the others in each half of the classes
    assert axes_of(read_pool(shared_data("wisdm51_watch"))) == {"1601", "1607", "1622", "1628"}


def test_ignored_classes_are_not_described_and_purity_that_was_asked_for_is_not_advised():
    labels = np.repeat(["walk", "unlabeled", "stir"], 200)
    data = np.tile([0.0, 0.0, 9.81], (600, 1))
    recording = Recording(data, 50, channel_names("right_wrist")[:3], labels=labels)
    loose = describe(recording, seconds=2.0, overlap=0.5)
    strict = describe(recording, seconds=2.0, overlap=0.5, min_purity=0.8, ignore="unlabeled")
    assert "more than one class" in str(loose) and "more than one class" not in str(strict)
    assert loose.classes["class"] == ["stir", "unlabeled", "walk"]
    assert strict.classes["class"] == ["stir", "walk"]


def test_an_axis_that_reads_the_same_all_the_time_is_found(recordings):
    def stuck(recording):
        data = recording.data.copy()
        data[:, 1] = 0.1
        return Recording(data, recording.rate, recording.channels, subject=recording.subject)

    person = recordings[0].subject
    found = [f for f in describe(changed(recordings, person, stuck)).findings if f.topic == "axes"]
    assert any("right_wrist_acc_y reads the same all the time" in f.found for f in found)
