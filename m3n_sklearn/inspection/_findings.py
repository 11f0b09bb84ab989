"""What is wrong or unusual in a set of recordings, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._channel_names import Doubt
from .._typing import Array
from ._facts import Facts
from ._mounting import (
    Directions,
    Turned,
    Turning,
    add_turnings,
    compare_sensors,
    disagreement,
    find_turned,
    in_words,
    mean_directions,
)

__all__ = ["Finding", "directions_of", "find_all", "names_of"]

NO_DIRECTION = ("gravity removed", "standardized", "scaled", "exchanged")
"""Doubts about an acceleration whose mean is not the direction of gravity."""

CLIPPED_ACC, CLIPPED_GYRO = 15.0, 4.0
"""Smallest limits of real sensors, in m/s² (2 g are 19.6) and rad/s (250 deg/s are 4.4)."""

TOLERANCE = 1e-6
"""Relative rounding error of readings at a limit."""

FEWEST_CLIPPED = 5
"""Samples at the limit from which on it is said."""

MANY_MIXED = 0.1
"""Share of windows with several classes from which on it is said."""

RATES_DIFFER = 1e-3
"""Relative difference of rates that counts."""

UNLABELED = "unlabeled"
"""The class that `read_table` gives to samples without a label."""

NO_WINDOWS = {
    "lost samples": "Lower min_observed, or cut shorter windows.",
    "ignored class": "Label the recordings, or ignore fewer classes.",
    "mixed labels": "Lower min_purity, or cut shorter windows.",
}
"""What to do if no window is left, by the most frequent reason."""

ALL_REVERSED = -np.eye(3)


class Finding(NamedTuple):
    """Something to look at before learning.

    Attributes
    ----------
    topic : {"rates", "channels", "units", "gaps", "clipping", "axes", "people", "classes", \
"windows"}
        What it is about.
    who : str
        The people or recordings concerned; "all" for all of them.
    found : str
        What was found.
    cure : str
        What to do about it.
    """

    topic: str
    who: str
    found: str
    cure: str


def find_all(facts: Sequence[Facts], cutting: dict[str, Any]) -> tuple[Finding, ...]:
    """Return the findings of all rules, by topic."""
    rules = (
        _rates(facts, cutting),
        _channels(facts),
        _units(facts),
        _gaps(facts),
        _clipping(facts),
        _axes(facts),
        _people(facts),
        _classes(facts),
        _windows(facts, cutting),
    )
    return tuple(finding for rule in rules for finding in rule)


def names_of(values: Iterable[Any], most: int = 6) -> str:
    """List names in the order given, the first few of them."""
    listed = [str(value) for value in dict.fromkeys(values)]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def _who(some: Sequence[Facts], every: Sequence[Facts]) -> str:
    """Name the people of some facts, or the recordings if not all of a person's are concerned."""
    if len(some) == len(every):
        return "all"
    people = {each.person for each in some}
    whole = sum(each.person in people for each in every) == len(some)
    if None not in people and whole:
        return names_of(each.person for each in some)
    return names_of(each.name for each in some)


# ---- clocks and channels


def _rates(facts: Sequence[Facts], cutting: dict[str, Any]) -> Iterator[Finding]:
    """Find rates that differ, so that `cut` needs one."""
    for kind, argument in (("recording", "imu_rate"), ("motion", "pose_rate")):
        some = [each for each in facts if each.kind == kind]
        rates = [each.rate for each in some]
        if not rates or cutting.get(argument) is not None:
            continue
        if max(rates) > (1 + RATES_DIFFER) * min(rates):
            common = Counter(round(rate, 2) for rate in rates).most_common(3)
            listed = ", ".join(f"{rate:g} Hz ({count})" for rate, count in common)
            yield Finding(
                "rates",
                "all",
                f"The rates of {len(some)} {kind}s differ, from {min(rates):.4g} to "
                f"{max(rates):.4g} Hz; the most frequent are {listed}.",
                f"Give one rate to cut, such as cut(..., {argument}={common[0][0]:g}).",
            )


def _channels(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find channels without names, or with other names."""
    some = [each for each in facts if each.channels is not None]
    unnamed = [each for each in some if isinstance(each.channels, int)]
    if unnamed:
        yield Finding(
            "channels",
            _who(unnamed, some),
            "The channels have no names, so units, gravity and axes were not looked at.",
            "Give Recording(channels=channel_names('right_wrist')), with your site and sensors.",
        )
    sets = Counter(
        tuple(sorted(each.channels)) for each in some if isinstance(each.channels, tuple)
    )
    if len(sets) > 1:
        usual = sets.most_common(1)[0][0]
        others = [
            each
            for each in some
            if isinstance(each.channels, tuple) and tuple(sorted(each.channels)) != usual
        ]
        shared = set(usual).intersection(*map(set, sets))
        cure = "Choose common channels with Recording.select"
        cure += f": {names_of(sorted(shared), 12)}." if shared else "; none is common to all."
        other = next(names for names in sets if names != usual)
        found = f"The channels are not those of the others: {names_of(other)}."
        yield Finding("channels", _who(others, some), found, cure)


def _units(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find readings that are not in m/s² and rad/s, or look lost."""
    owners: dict[str, list[Facts]] = {}
    doubts: dict[str, Doubt] = {}
    for each in facts:
        for doubt in each.doubts:
            owners.setdefault(doubt.key, []).append(each)
            doubts.setdefault(doubt.key, doubt)
    for key, some in owners.items():
        found, _, cure = doubts[key].message.partition(". ")
        topic = "gaps" if doubts[key].sensor == "lost" else "units"
        yield Finding(topic, _who(some, facts), f"{found}.", cure)


def _gaps(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find samples that are marked as not observed."""
    some = [each for each in facts if each.unobserved > 0]
    if not some:
        return
    longest = max(some, key=lambda each: each.longest_gap)
    share = sum(each.unobserved * each.seconds for each in some) / sum(e.seconds for e in some)
    lost = sum(each.fates.lost.get("lost samples", 0) for each in some)
    made = sum(each.fates.kept for each in some)
    yield Finding(
        "gaps",
        _who(some, facts),
        f"{_percent(share)} of the samples are not observed, the longest gap lasts "
        f"{longest.longest_gap:.3g} s ({longest.name}). {lost} of {lost + made} windows of "
        "these recordings are lost.",
        "cut drops windows with lost samples. cut(..., min_observed=0.9) keeps those with few, "
        "bridged by straight lines and marked in the column observed.",
    )


def _clipping(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find readings that stay at the limit of the sensor."""
    doubtful = [{doubt.sensor for doubt in each.doubts} for each in facts]
    for kind, least, unit in (("acc", CLIPPED_ACC, "m/s²"), ("gyro", CLIPPED_GYRO, "rad/s")):
        # 1. The limits of each person's sensor are its largest readings in any recording
        ends: dict[tuple[Hashable, str], Array] = {}
        for each in facts:
            for (site, sensor), read in each.sensors.items():
                if sensor == kind:
                    key = (each.person, site)
                    ends[key] = np.maximum(ends.get(key, np.zeros(6)), read.ends)
        # 2. Recordings that stay at them
        some, samples, limits = [], 0, []
        for each, doubts in zip(facts, doubtful, strict=True):
            for (site, sensor), read in each.sensors.items():
                if sensor != kind or kind in doubts:
                    continue
                at_limit = read.ends >= np.maximum(least, ends[each.person, site] * (1 - TOLERANCE))
                count = int(read.at_ends[at_limit].sum())
                if count:
                    some.append(each)
                    samples += count
                    limits += read.ends[at_limit & (read.at_ends > 0)].tolist()
        if samples >= FEWEST_CLIPPED:
            some = list({id(each): each for each in some}.values())
            yield Finding(
                "clipping",
                _who(some, facts),
                f"The {kind} stays at its largest reading, {min(limits):.4g} {unit}, for several "
                f"samples in a row: {samples} samples in {len(some)} of {len(facts)} recordings "
                "look clipped.",
                "Choose a larger range on the device for new recordings. Give simulated data the "
                f"same limit: IMUNoise({kind}=SensorNoise(range={min(limits):.4g})).",
            )


# ---- axes


def _constant_axes(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find axes that read the same all the time, next to others that do not."""
    stuck: dict[str, list[Facts]] = {}
    for each in facts:
        for (site, sensor), read in each.sensors.items():
            still = read.ends[:3] == -read.ends[3:]
            for axis in np.flatnonzero(still) if not still.all() else ():
                name = f"{site}_" * bool(site) + f"{sensor}_{'xyz'[axis]}"
                stuck.setdefault(name, []).append(each)
    for name, some in stuck.items():
        yield Finding(
            "axes",
            _who(some, facts),
            f"{name} reads the same all the time in {len(some)} of {len(facts)} recordings, and "
            "the other axes do not.",
            "Look at the column in the file: an axis that is not measured is not zero.",
        )


def _axes(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find axes that are turned or mirrored between people or sensors."""
    yield from _constant_axes(facts)
    for site, directions in directions_of(facts).items():
        where = f"the {site.replace('_', ' ')}" if site else "the sensor"
        apart = disagreement(directions)
        if apart is not None:
            yield Finding(
                "axes",
                "all",
                f"People do not wear {where} in one way: the directions of gravity in an activity "
                f"differ by {apart:.2f} (0 equal, 2 opposite) from the typical ones.",
                "Learn with Multi3NetClassifier(augment='so3'), which does not use the mounting, "
                "or give the sites of left and right wrists different names.",
            )
        for turned in find_turned(directions):
            yield _turned(turned, site, directions)
    turnings: dict[tuple[Hashable, str], list[Turning]] = {}
    for each in facts:
        for site, sums in each.turning.items():
            turnings.setdefault((each.person, site), []).append(sums)
    for (person, site), parts in turnings.items():
        mismatch = compare_sensors(add_turnings(parts))
        if mismatch is None:
            continue
        best = in_words(mismatch.map)
        if np.array_equal(mismatch.map, ALL_REVERSED):
            cure = (
                "Either the sign of the angular rate is reversed, or one axis of both sensors is: "
                "find out which from the data sheet, and multiply by -1."
            )
        else:
            cure = f"Reorder the angular rate to {best}, or look up the axes in the data sheet."
        yield Finding(
            "axes",
            "all" if person is None else str(person),
            f"The axes of acc and gyro{f' at {site}' if site else ''} do not fit each other: the "
            f"turn of gravity agrees with the angular rate as {best} (correlation "
            f"{mismatch.after:.2f}), but not as (x, y, z) ({mismatch.agreement:.2f}).",
            cure,
        )


def directions_of(facts: Sequence[Facts]) -> dict[str, Directions]:
    """Return the mean directions at each site, of people and classes."""
    stretches: dict[str, list[tuple[Hashable, Hashable, Any]]] = {}
    for each in facts:
        kinds = {doubt.kind for doubt in each.doubts if doubt.sensor == "acc"}
        if each.person is None or kinds & set(NO_DIRECTION):
            continue
        for (site, kind), read in each.sensors.items():
            if kind != "acc":
                continue
            into = stretches.setdefault(site, [])
            if read.classes is None:
                label = next(iter(each.classes), None)
                into.append((each.person, label, read.means))
                continue
            for label in np.unique(read.classes).tolist():
                into.append((each.person, label, read.means[read.classes == label]))
    return {site: mean_directions(parts) for site, parts in stretches.items()}


def _turned(turned: Turned, site: str, directions: Directions) -> Finding:
    """Say how a person's axes differ from those of the others."""
    compared = f"{turned.distance:.2f} (0 equal, 2 opposite)"
    part = ""
    if 0 < len(turned.classes) < len(directions.classes) and turned.map is not None:
        part = f" in {len(turned.classes)} of {len(directions.classes)} classes"
        part += f" ({names_of(turned.classes, 3)})"
    who, where = str(turned.person), f" at {site}" if site else ""
    if turned.map is None:
        return Finding(
            "axes",
            who,
            f"The directions of gravity{where} differ from those of the other people by "
            f"{compared}, and no exchange of axes explains it.",
            "Look at the recordings with Recording.plot(): the sensor may have moved, or the "
            "activities may be done otherwise. Multi3NetClassifier(augment='so3') does not use "
            "the mounting.",
        )
    words = in_words(turned.map)
    others = "".join(f" or {in_words(other)}" for other in turned.others[:2])
    is_mirrored = np.linalg.det(turned.map) < 0
    found = (
        f"The axes{where} look {'mirrored' if is_mirrored else 'turned'}{part}: gravity reads "
        f"{words}{others} where it reads (x, y, z) for the others. The directions differ by "
        f"{compared}, afterwards by {turned.after:.2f}."
    )
    if np.array_equal(turned.map, ALL_REVERSED):
        cure = "Multiply the acceleration by -1: iOS and watchOS (Core Motion) invert its sign."
    elif is_mirrored:
        signs = np.linalg.det(turned.map)
        cure = (
            "The sensor may be on the other side of the body: name its site, such as left_wrist. "
            f"To mirror the readings back: acc @ {_code(turned.map)}, "
            f"gyro @ {_code(signs * turned.map)}."
        )
    else:
        chosen = f" of these classes, with groups == {turned.person!r}" if part else ""
        rows = "X[rows]" if part else f"X[groups == {turned.person!r}]"
        cure = (
            f"Turn the windows{chosen}, back after cut: to_site_axes({rows}, {{{site!r}: "
            f"{_code(turned.map.T)}}}). Multi3NetClassifier(augment='so3') needs no turn: it does "
            "not use the mounting."
        )
        cure = cure.replace("windows, back", "windows back")
    return Finding("axes", who, found, cure)


def _code(matrix: Any) -> str:
    """Write a matrix of whole numbers as code."""
    return str((np.rint(matrix).astype(int) + 0).tolist())


# ---- people, classes, windows


def _people(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find recordings without a person, or of one person only."""
    nobody = [each for each in facts if each.person is None]
    if nobody:
        yield Finding(
            "people",
            "all" if len(nobody) == len(facts) else names_of(each.name for each in nobody),
            "The recordings have no subject, so people can be neither compared nor held out.",
            "Give Recording(subject=...): the person, or the device if one is worn by one person.",
        )
    elif len({each.person for each in facts}) == 1:
        yield Finding(
            "people",
            "all",
            "There is one person only, so a test cannot show how a model does on other people.",
            "Test on other days of this person: give recordings of a day one session, and fold by "
            "sessions (groups=) in cross_val_score.",
        )


def _classes(facts: Sequence[Facts]) -> Iterator[Finding]:
    """Find classes that are missing, rare, or written in two ways."""
    # 1. Items without labels
    without = [each for each in facts if not each.has_labels]
    if len(without) == len(facts):
        yield Finding(
            "classes",
            "all",
            "There are no labels, and a classifier learns from labels.",
            "Give Recording(labels=...) or Motion(label=...), or name the labels of a table in "
            "read_table(..., label=...).",
        )
    elif without:
        yield Finding(
            "classes",
            _who(without, facts),
            f"{len(without)} of {len(facts)} have no labels; cut gives their windows the class "
            "None.",
            "Label them, or cut them separately and leave them out of fit.",
        )
    seconds: Counter[Hashable] = Counter()
    windows: Counter[Hashable] = Counter()
    people: dict[Hashable, set[Hashable]] = {}
    for each in facts:
        for label, value in each.classes.items():
            seconds[label] += value  # type: ignore[assignment]
            people.setdefault(label, set()).add(each.person)
        windows.update(each.fates.labels)
    if UNLABELED in seconds:
        yield Finding(
            "classes",
            UNLABELED,
            f"Samples without a label are a class here, with {windows[UNLABELED]} windows: "
            f"read_table names them {UNLABELED!r}.",
            f'Leave them out: cut(..., ignore="{UNLABELED}").',
        )
    # 2. One class in two spellings
    spellings: dict[str, list[Hashable]] = {}
    for label in seconds:
        spellings.setdefault("".join(str(label).lower().split()), []).append(label)
    for same in spellings.values():
        if len(same) > 1:
            yield Finding(
                "classes",
                "all",
                f"{' and '.join(map(repr, same))} look like one class.",
                "Give it one spelling.",
            )
    # 3. Classes without windows, and of one person
    ignored = sum(each.fates.lost.get("ignored class", 0) for each in facts) > 0
    empty = [label for label in seconds if not windows[label]]
    if empty and not ignored:
        yield Finding(
            "classes",
            names_of(empty),
            f"{len(empty)} of {len(seconds)} classes have samples, but no window.",
            "Cut shorter windows that overlap more, or use cut(..., label='center').",
        )
    everybody = {each.person for each in facts}
    alone = [label for label, who in people.items() if len(who) == 1 and windows[label]]
    if alone and len(everybody) > 1:
        yield Finding(
            "classes",
            names_of(alone),
            f"{len(alone)} of {len(seconds)} classes occur with one person only, so no test on "
            "unseen people contains what the training contained.",
            "Record more people, or join these classes with others.",
        )


def _windows(facts: Sequence[Facts], cutting: dict[str, Any]) -> Iterator[Finding]:
    """Find items that are too short, and windows of several classes."""
    short = [each for each in facts if each.fates.too_short]
    if short:
        longest = max(each.seconds for each in short)
        yield Finding(
            "windows",
            _who(short, facts),
            f"{len(short)} of {len(facts)} are shorter than a window (up to {longest:.3g} s) and "
            "give none.",
            "Cut shorter windows, or use cut(..., short='pad').",
        )
    kept = sum(each.fates.kept for each in facts)
    lost: Counter[str] = Counter()
    for each in facts:
        lost.update(each.fates.lost)
    if lost and not kept:
        main = lost.most_common(1)[0][0]
        yield Finding(
            "windows",
            "all",
            f"No window is left: {', '.join(f'{why} {n}' for why, n in lost.most_common())}.",
            NO_WINDOWS[main],
        )
    mixed = [each for each in facts if each.fates.mixed]
    count = sum(each.fates.mixed for each in mixed)
    if kept and count >= MANY_MIXED * kept and not cutting.get("min_purity"):
        yield Finding(
            "windows",
            _who(mixed, facts),
            f"{count} of {kept} windows contain more than one class.",
            "cut(..., min_purity=0.8) drops the most mixed ones; shorter windows are purer.",
        )
    impure = lost["mixed labels"]
    if impure > kept > 0:
        yield Finding(
            "windows",
            "all",
            f"min_purity drops {impure} of {kept + impure} windows.",
            "Lower min_purity, or cut shorter windows.",
        )


def _percent(share: float) -> str:
    """Return a share in words."""
    return f"{share:.0%}" if share >= 0.01 else "Less than 1%"
