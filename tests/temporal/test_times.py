"""Times of rows: numbers, durations and dates in every usual form give the same path."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.naive_bayes import GaussianNB

from m3n_sklearn import Windows
from m3n_sklearn.temporal import HMMClassifier

pd = pytest.importorskip("pandas")

SECONDS = np.arange(120.0)
Y = np.tile(np.repeat(["pick", "pack", "label"], [6, 9, 5]), 6)
X = np.stack([Y == "pick", Y == "pack"], axis=1) + np.random.default_rng(0).normal(size=(120, 2))
# clocks in Berlin are set back in the middle
BERLIN = pd.DatetimeIndex(
    pd.Timestamp("2024-10-27 00:59:00", tz="UTC") + pd.to_timedelta(SECONDS, unit="s")
).tz_convert("Europe/Berlin")
UTC = BERLIN.tz_convert("UTC").tz_localize(None)

DATES = {
    "datetime64[s]": UTC.to_numpy().astype("datetime64[s]"),
    "datetime64[ns]": UTC.to_numpy().astype("datetime64[ns]"),
    "index": BERLIN,
    "index without zone": UTC,
    "series": pd.Series(BERLIN, index=np.arange(120)[::-1]),
    "timestamps": list(BERLIN),
    "datetimes": [time.to_pydatetime() for time in BERLIN],
    "ISO": [time.isoformat() for time in BERLIN],
    "ISO with Z": pd.Series([time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in UTC]),
}
NUMBERS = {
    "Unix": 1.7e9 + SECONDS,
    "nullable": pd.Series(SECONDS.astype(int), dtype="Int64"),
    "timedelta64": SECONDS.astype("timedelta64[s]"),
    "timedeltas": [dt.timedelta(seconds=s) for s in SECONDS],
}


def model():
    return HMMClassifier(GaussianNB(), weight=0.5, balance=1.0)


@pytest.fixture(scope="module")
def by_seconds():
    return model().fit(X, Y, times=SECONDS).predict_proba(X, times=SECONDS)


@pytest.mark.parametrize("form", [*DATES, *NUMBERS])
def test_every_form_gives_the_same(by_seconds, form):
    times = {**DATES, **NUMBERS}[form]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = model().fit(X, Y, times=times)
        assert_array_equal(fitted.predict_proba(X, times=times), by_seconds)
    assert fitted.step_ == 1.0


def test_polars_columns_are_dates(by_seconds):
    pl = pytest.importorskip("polars")
    times = pl.Series(UTC.to_pydatetime().tolist()).dt.replace_time_zone("UTC")
    fitted = model().fit(X, Y, times=times, sample_weight=np.ones(120))
    assert_array_equal(fitted.predict_proba(X, times=times), by_seconds)
    with pytest.raises(ValueError, match="NaT, the first in row 119"):
        model().fit(X, Y, times=times.shift(-1))


@pytest.mark.parametrize("form", DATES)
def test_segments_of_dates_have_dates(form):
    segments = model().fit(X, Y, times=SECONDS).segments(X, times=DATES[form])
    expected = model().fit(X, Y, times=SECONDS).segments(X, times=SECONDS)
    assert segments["start"].dtype == "datetime64[us]"
    begin = np.datetime64("2024-10-27T00:59:00", "us")
    for name in ("start", "end"):
        assert_allclose((segments[name] - begin) / np.timedelta64(1, "s"), expected[name])
    frame = pd.DataFrame(segments)
    assert frame["end"].max() == pd.Timestamp("2024-10-27 01:00:59.5")


def test_days_and_windows_with_dates():
    days = model().fit(X, Y, times=np.datetime64("2024-01-01") + np.arange(120))
    assert days.step_ == 86400.0
    imu = np.repeat(X[:, :, None], 20, axis=2)
    rows = Windows(imu=imu, start=UTC.to_numpy(), clip=["a"] * 120, rate=10.0)

    class OnMeans(GaussianNB):
        def fit(self, X, y):
            return super().fit(X["imu"].mean(axis=2), y)

        def predict_proba(self, X):
            return super().predict_proba(X["imu"].mean(axis=2))

    fitted = HMMClassifier(OnMeans(), weight=0.5, balance=1.0).fit(rows, Y)
    # the first window is about its center, one second after its begin
    assert fitted.segments(rows)["start"][0] == np.datetime64("2024-10-27T00:59:00.5")


LOCAL = BERLIN.tz_localize(None)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (pd.Series(BERLIN).where(np.arange(120) != 4), "NaT, the first in row 4"),
        (np.where(SECONDS == 3, np.datetime64("NaT"), UTC.to_numpy()), "NaT, the first in row 3"),
        (np.where(SECONDS == 3, np.nan, SECONDS), "1 of 120 are None, NaN or NaT"),
        ([str(s) for s in SECONDS], "row 0 is '0.0'.*asarray"),
        (["2024-13-01T00:00:00"] * 120, "row 0 is '2024-13-01T00:00:00'"),
        ([time.time() for time in UTC], "ISO 8601"),
        ([time.date() for time in UTC], "a day alone does not order"),
        ([*BERLIN[:5], *UTC[5:]], "5 of 120 times have a time zone"),
        ([*BERLIN[:5], *SECONDS[5:]], "of one kind, got Timestamp, float64"),
        (SECONDS > 3, "got bool"),
        (1.7e12 + 1e3 * SECONDS, "Unix time in ms, give times / 1000"),
        ((1.7e18 + 1e9 * SECONDS).astype(int), "Unix time in ns"),
        ([BERLIN[0]] * 120, "two rows at 2024-10-27T00:59:00.000000 UTC, rows 0 and 1 of X"),
        (LOCAL.where(LOCAL[60] != LOCAL, LOCAL[59]), "repeat an hour when clocks are set back"),
        (SECONDS // 2, "two rows at 0 s, rows 0 and 1 of X"),
    ],
)
def test_what_is_not_a_time_is_refused(times, message):
    with pytest.raises(ValueError, match=message):
        model().fit(X, Y, times=times)


def test_several_recordings_under_one_name_are_noticed():
    both = np.concatenate([SECONDS[:60], SECONDS[:60] + 0.5])
    with pytest.warns(UserWarning, match=r"recording 0 go back at row 60 .* recordings=") as caught:
        model().fit(X, Y, times=both)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="clocks are set back"):
        model().fit(X, Y, times=LOCAL + pd.to_timedelta(SECONDS * 20.5, unit="s"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model().fit(X, Y, times=both, recordings=np.repeat(["a", "b"], 60))
        mixed = np.random.default_rng(0).permutation(120)
        model().fit(X[mixed], Y[mixed], times=SECONDS[mixed])


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_times_in_another_unit_than_those_of_fit_are_noticed(factor):
    fitted = model().fit(X, Y, times=SECONDS)
    with pytest.warns(UserWarning, match="apart, and those of fit were 1 s apart") as caught:
        fitted.predict(X, times=factor * SECONDS)
    assert caught[0].filename == __file__
