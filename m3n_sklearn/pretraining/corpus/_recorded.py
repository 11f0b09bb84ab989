"""From recordings to the windows of a corpus: placed among its channels, captioned and cut."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._channel_names import is_series
from ..._compat import FrozenEstimator
from ..._inputs import warn_if_slow
from ..._windows import Windows
from ...motion import Motion
from ...recording import SENSORS, Recording, channel_names, cut, parse_channels
from ._captions import RecordingTerms
from ._clips import JOINTS, Plan, Tally, cut_clips, mirrored_caption
from ._manifest import CorpusSource

__all__ = ["blank_row", "completed", "corpus_channels", "cut_recordings"]

READ_AHEAD = 64
"""Recordings of each source whose channels are looked at, if nothing is simulated."""

MIRROR = {"acc": (-1.0, 1.0, 1.0), "gyro": (1.0, -1.0, -1.0)}
"""Signs of the axes of a site in the mirror, which is a site of the other side."""

SIDES = ("left_", "right_")

TIMES = ("pose", "trans", "context")
"""Columns that rows without a motion lack."""


class Place(NamedTuple):
    """Where readings go among the channels of a corpus."""

    columns: list[int]  # of the recording
    targets: list[int]  # of the corpus
    signs: NDArray[np.float64]
    mirrored: bool


# ---- the columns of a corpus with recordings


def corpus_channels(sources: Sequence[CorpusSource], plan: Plan) -> tuple[str, ...]:
    """Return the channels of a corpus: those that are simulated, else all that are recorded."""
    if plan.simulator is not None:
        inner = plan.simulator
        inner = inner.estimator if isinstance(inner, FrozenEstimator) else inner
        return tuple(inner.get_feature_names_out())
    sensors: dict[str, set[str]] = {}
    for source in sources:
        first = list(islice(source, READ_AHEAD)) if source.terms else []
        if source.terms and not first:
            raise ValueError(f"Source {source.name!r} contains no recording.")
        for recording in first:
            for site, sensor, _ in sensors_of(recording):
                sensors.setdefault(site, set()).add(sensor)
    # a sensor of an unnamed site is worn on one of the named sites
    vague = [site for site in sensors if _worn_on(site, [s for s in sensors if s != site])]
    anywhere = set().union(*(sensors[site] for site in vague))
    kept = {site: kinds | anywhere for site, kinds in sensors.items() if site not in vague}
    return tuple(
        name
        for site, kinds in kept.items()
        for sensor in SENSORS
        if sensor in kinds
        for name in _names(site, sensor)
    )


def blank_row(channels: Sequence[str], plan: Plan, *, poses: bool) -> Windows:
    """Return one row with all columns of a corpus, of which nothing was measured.

    With `poses`, the corpus contains motions.
    """
    seconds = 2 * plan.seconds
    still = np.zeros((int(np.ceil(seconds * plan.rate)) + 2, len(channels)))
    recording = Recording.trusted(still, plan.rate, channels)
    imu = cut(recording, seconds=plan.seconds, imu_rate=plan.rate, dtype=np.float32).X[:1]
    columns: dict[str, Any] = {
        "text": [""],
        "clip": [""],
        "imu": imu["imu"],
        "start": imu["start"],
        "measured": np.zeros((1, len(channels)), dtype=bool),
        "mount": ["known"],
    }
    rates, margin = dict(imu.rates), 0.0
    if poses:
        frames = np.zeros((int(np.ceil(seconds * plan.pose_rate)) + 2, JOINTS, 3))
        pose = cut_clips([Motion(frames, rate=plan.pose_rate, name="")], None, plan, Tally())
        assert pose is not None
        columns |= {name: pose[name][:1] for name in (*TIMES, "sex", "stature") if name in pose}
        rates |= {"pose": pose.rates["pose"]}
        margin = pose.margin
    return Windows(rate=rates, channels=imu.channels, margin=margin, **columns)


def completed(part: Windows, blank: Windows) -> Windows:
    """Return windows with all columns of a corpus; what they lack is marked absent."""
    count = len(part)
    columns: dict[str, Any] = {}
    absent = np.zeros(count, dtype=bool)
    for name in blank.columns:
        if name in part:
            columns[name] = part[name]
        else:  # a view of one row: zeros for many poses would not fit into memory
            columns[name] = np.broadcast_to(blank[name], (count, *blank[name].shape[1:]))
    if "imu" in part and "measured" not in part:  # simulated
        columns["measured"] = np.ones((count, len(blank.channels or ())), dtype=bool)
    lacking = [name for name in ("imu", *TIMES) if name in blank and name not in part]
    return Windows(
        rate=blank.rates,
        channels=blank.channels,
        margin=blank.margin,
        present=dict.fromkeys(lacking, absent),
        **columns,
    )


# ---- windows


def cut_recordings(
    recordings: Sequence[Recording],
    captions: Mapping[Hashable, tuple[str, ...]],
    terms: RecordingTerms,
    channels: tuple[str, ...],
    plan: Plan,
    tally: Tally,
) -> Windows | None:
    """Cut recordings into windows of the corpus' channels; None for no window."""
    parts = [_cut(one, captions, terms, channels, plan, tally) for one in recordings]
    kept = [part for part in parts if part is not None]
    return Windows.concatenate(kept) if kept else None


def _cut(
    recording: Recording,
    captions: Mapping[Hashable, tuple[str, ...]],
    terms: RecordingTerms,
    channels: tuple[str, ...],
    plan: Plan,
    tally: Tally,
) -> Windows | None:
    """Cut one recording; None if no window is left."""
    places = places_of(recording, channels)
    if plan.simulator is None:  # the corpus has what is recorded
        _check_complete(recording, places[0])
    # 1. Windows of the sensors that the corpus has; all places take the same ones
    warn_if_slow(recording.rate, plan.rate)
    used = places[0].columns
    own = Recording.trusted(
        recording.data[:, used],
        recording.rate,
        None,
        labels=recording.labels,
        name=recording.name,
        start=recording.start,
        observed=recording.observed[:, used],
    )
    try:
        X, labels, _ = cut(
            own,
            seconds=plan.seconds,
            overlap=plan.overlap,
            short=plan.short,
            imu_rate=plan.rate,
            min_purity=terms.min_purity,
            dtype=np.float32,
        )
    except ValueError as error:
        if not str(error).startswith("No window"):
            raise
        tally.too_short += 1
        return None
    # 2. Their places: a sensor that is worn on either side takes them in turn
    count = len(X)
    imu = np.zeros((count, len(channels), X["imu"].shape[2]), dtype=np.float32)
    measured = np.zeros((count, len(channels)), dtype=bool)
    turn = np.arange(count) % len(places)
    for k, place in enumerate(places):
        rows = np.flatnonzero(turn == k)
        signs = place.signs[:, None].astype(np.float32)
        cells = rows[:, None], np.array(place.targets)[None]
        imu[cells] = signs * X["imu"][rows]
        measured[cells] = True
    # 3. Their captions, which change sides in the mirror
    said = [recording.text] * count if labels is None else [captions.get(y, ()) for y in labels]
    if terms.texts is None:
        said = [()] * count
    elif places[0].mirrored:
        mirrored = {sentences: _mirrored(sentences, recording.name) for sentences in set(said)}
        said = [mirrored[sentences] for sentences in said]
    text = np.empty(count, dtype=object)
    text[:] = [one[0] if len(one) == 1 else one or "" for one in said]
    return Windows(
        rate=X.rates,
        channels=channels,
        imu=imu,
        text=text.tolist(),
        clip=np.full(count, recording.name),
        start=X["start"],
        measured=measured,
        mount=np.full(count, terms.mount),
    )


def _check_complete(recording: Recording, place: Place) -> None:
    """Raise ValueError if the corpus has no channels for some sensors of a recording."""
    placed = set(place.columns)
    lost = [(site, sensor) for site, sensor, own in sensors_of(recording) if own[0] not in placed]
    if lost:
        names = ", ".join(" ".join(filter(None, each)) for each in lost)
        raise ValueError(
            f"Recording {recording.name!r} has the sensors {names}, for which the corpus has no "
            f"channels: it has those of the first {READ_AHEAD} recordings of each source. Put a "
            "recording with these sensors first, select the channels of this one, or give a "
            "simulator of the sites and sensors to keep."
        )


def _mirrored(sentences: tuple[str, ...], name: str | None) -> tuple[str, ...]:
    """Return a caption in the mirror."""
    mirrored = [mirrored_caption(sentence) for sentence in sentences]
    wrong = [s for s, there in zip(sentences, mirrored, strict=True) if there is None]
    if wrong:
        raise ValueError(
            f"Recording {name!r} is mirrored to the side of the corpus, but 'left' or 'right' may "
            f"have another meaning in its caption {wrong[0]!r}. Word it in another way."
        )
    return tuple(sentence for sentence in mirrored if sentence is not None)


# ---- places


def sensors_of(recording: Recording) -> list[tuple[str, str, tuple[int, int, int]]]:
    """Return site, sensor and columns of each sensor of a recording."""
    names, count = recording.channels, recording.data.shape[1]
    if names is None and count in (3, 6):
        names = tuple(name for sensor in SENSORS[: count // 3] for name in _names("", sensor))
    if names is None or is_series(names):
        raise ValueError(
            f"Recording {recording.name!r} has {count} channels without the names of sensors. "
            "Name them by site, sensor and axis, such as channel_names('right_wrist')."
        )
    return [tuple(triad) for triad in parse_channels(names)]  # type: ignore[misc]


def places_of(recording: Recording, channels: Sequence[str]) -> list[Place]:
    """Return where the sensors of a recording go; several places if the side is not known."""
    sensors = sensors_of(recording)
    sites = list(dict.fromkeys(site for site, _, _ in parse_channels(channels)))
    worn = list(dict.fromkeys(site for site, _, _ in sensors))
    # 1. The same sites; else those of the other side, as in a mirror; else either side
    options: list[tuple[dict[str, str], bool]] = [({s: s for s in worn if s in sites}, False)]
    if not options[0][0]:
        options = [({s: _opposite(s) for s in worn if _opposite(s) in sites}, True)]
    if not options[0][0]:
        vague = [(site, found) for site in worn if (found := _worn_on(site, sites))]
        if len(vague) == 1:
            options = [({vague[0][0]: site}, False) for site in vague[0][1]]
    # 2. Their channels
    position = {name: i for i, name in enumerate(channels)}
    places = []
    for target_of, mirrored in options:
        columns: list[int] = []
        targets: list[int] = []
        signs: list[float] = []
        for site, sensor, own in sensors:
            wanted = _names(target_of[site], sensor) if site in target_of else ()
            if not wanted or wanted[0] not in position:
                continue  # another site, or a sensor that the corpus does not have
            columns += own
            targets += [position[name] for name in wanted]
            signs += MIRROR[sensor] if mirrored else (1.0, 1.0, 1.0)
        if columns:
            places.append(Place(columns, targets, np.array(signs), mirrored))
    if not places:
        raise ValueError(
            f"Recording {recording.name!r} has sensors at {', '.join(map(repr, worn))}, and the "
            f"corpus has {', '.join(map(repr, sites))}. Name the same sites, simulate others, or "
            "leave these recordings out."
        )
    most = max(len(place.columns) for place in places)
    return [place for place in places if len(place.columns) == most]


def _names(site: str, sensor: str) -> tuple[str, ...]:
    """Return the names of the channels of a sensor."""
    names = channel_names(site, sensor)
    return names if site else tuple(name.removeprefix("_") for name in names)


def _opposite(site: str) -> str:
    """Return the site of the other side."""
    for side, other in (SIDES, SIDES[::-1]):
        if site.startswith(side):
            return other + site.removeprefix(side)
    return ""


def _worn_on(site: str, sites: Sequence[str]) -> list[str]:
    """Return the sites that a site without a side may stand for: "wrist" for both wrists.

    A site without a name stands for the only site, or for both sides of the only one.
    """
    bases = {one: one.removeprefix(SIDES[0]).removeprefix(SIDES[1]) for one in sites}
    if site == "":
        return list(sites) if len(set(bases.values())) == 1 else []
    return [one for one, base in bases.items() if base == site and one != site]
