from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn._channel_names import name_site, read_name
from m3n_sklearn.recording import channel_names, parse_channels
from m3n_sklearn.recording._channels import Triad, sites_of

SITE = st.from_regex(r"[a-z]{1,8}(_[a-z]{1,6})?", fullmatch=True).filter(
    lambda site: read_name(f"{site}_acc_x").site == site == name_site(site)
)


@given(st.lists(SITE, min_size=1, max_size=4, unique=True))
def test_names_are_parsed_back(sites):
    triads = parse_channels(channel_names(sites))
    expected = [(site, sensor) for site in sites for sensor in ("acc", "gyro")]
    assert [(t.site, t.sensor) for t in triads] == expected
    assert [t.columns for t in triads] == [
        (3 * i, 3 * i + 1, 3 * i + 2) for i in range(len(triads))
    ]
    assert sites_of(channel_names(sites)) == tuple(sites)


def test_axes_may_stand_in_any_order():
    names = ["hip_acc_z", "acc_x", "hip_acc_x", "acc_z", "hip_acc_y", "acc_y"]
    assert parse_channels(names) == (Triad("hip", "acc", (2, 4, 0)), Triad("", "acc", (1, 5, 3)))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["wrist_mag_x"], "not 'wrist_mag_x' .magnetometer.: leave"),
        (["series_1", "series_2"], "generic series, which has no sensors"),
        (["wrist_acc_x", "wrist_acc_x", "wrist_acc_y"], "occurs twice"),
        (["wrist_acc_x", "wrist_acc_y"], "only the axes x, y"),
    ],
)
def test_unreadable_names_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        parse_channels(names)


def test_one_string_is_not_a_list_of_names():
    with pytest.raises(TypeError, match="one string"):
        parse_channels("wrist_acc_x")


@pytest.mark.parametrize(
    ("sites", "sensors", "message"),
    [
        ([], ("acc",), "one or more different"),
        (["head", "head"], ("acc",), "one or more different"),
        ("head", ("mag",), r"must be some of.*\('acc', 'gyro'\)"),
        ("wrist_right", ("acc",), "'wrist_right' is written 'right_wrist'"),
        (["LeftAnkle"], ("acc",), "'LeftAnkle' is written 'left_ankle'"),
        ("linear", ("acc",), "'linear' is not a site"),
    ],
)
def test_bad_sites_and_sensors_are_refused(sites, sensors, message):
    with pytest.raises(ValueError, match=message):
        channel_names(sites, sensors)
