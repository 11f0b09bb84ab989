"""What `describe` says about the axes of real recordings, as they are and turned by us.

    python benchmarks/turned_axes.py DATA

DATA is the folder of the real data sets. Prints the table of the page "Look at your data first":
people who are named as they are; then each of the others is turned or mirrored in 47 ways, one at
a time, and it is counted how often the person is named, and how often with the right turn.

    python benchmarks/turned_axes.py DATA predict

counts what `predict` says about gravity that points the other way than in the fit: pairs of a
person and a class, as they are, and people whose axes are inverted; the others are the fit.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from m3n_sklearn import Recording
from m3n_sklearn._inputs import SHORTEST_GRAVITY, opposite
from m3n_sklearn.datasets import load_sp_sw_har, load_utd_mhad

# the rule itself: `describe` would read all recordings again for each of thousands of turned people
from m3n_sklearn.inspection._facts import agree_on_units, facts_of
from m3n_sklearn.inspection._findings import directions_of
from m3n_sklearn.inspection._mounting import MAPS, Directions, find_turned, in_words
from m3n_sklearn.recording import channel_names


def read_pool(path: Path, hand: str | None = None, file: str = "*hz.npz") -> list[Recording]:
    """Read the file of a pool set: all samples, with the rows of each recording."""
    pool = np.load(next(path.glob(file)))
    sensors = [n for n in ("acc", "gyro") if f"{n}_q" in pool]
    samples = np.hstack([pool[f"{n}_q"] * float(pool[f"{n}_scale"]) for n in sensors])
    bounds = zip(pool["seg_ptr"][:-1], pool["seg_ptr"][1:], strict=True)
    return [
        Recording(
            samples[a:b],
            float(pool["rate_hz"]),
            channel_names("right_wrist", sensors),
            labels=str(pool["label"][i]),
            subject=str(pool["subject"][i]),
        )
        for i, (a, b) in enumerate(bounds)
        if hand is None or pool["hand"][i] == hand
    ]


def sets(root: Path) -> Iterator[tuple[str, list[Recording]]]:
    yield "SP-SW-HAR", load_sp_sw_har(root / "sp_sw_har_watch", seconds=None).recordings
    utd = load_utd_mhad(root / "utd_mhad", skeletons=False, seconds=None)
    yield "UTD-MHAD", utd.recordings
    for hand in ("left", "right"):
        yield f"DSADS {hand}", read_pool(root / "dsads", hand)
    yield "WISDM", read_pool(root / "wisdm51_watch")


def further_sets(root: Path) -> Iterator[tuple[str, list[Recording]]]:
    yield from sets(root)
    for hand in ("left", "right"):
        yield f"TER {hand}", read_pool(root / "ter_assembly", file=f"*{hand}*hz.npz")
    yield "WEDA", read_pool(root / "weda_fall")
    yield "SELFBACK", read_pool(root / "selfback_wrist")
    yield "SmartFallMM", read_pool(root / "smartfallmm", file="*right*hz.npz")


def count_gravity(root: Path) -> None:
    """Print how often `predict` would say that gravity points the other way."""
    print(f"{'set':12s} {'pairs':>6s} {'named':>6s} {'people':>7s} {'inverted and named':>18s}")
    for name, recordings in further_sets(root):
        people = np.array([str(r.subject) for r in recordings])
        # a recording may have several labels: a pair is one of its segments
        parts = [
            (person, label, r.data[r.labels == label, :3])
            for person, r in zip(people, recordings, strict=True)
            for label in np.unique(r.labels)
        ]
        means = {
            person: np.mean(np.vstack([x for p, _, x in parts if p == person]), axis=0)
            for person in np.unique(people).tolist()
        }
        of_pair: dict[tuple[str, str], list[np.ndarray]] = {}
        for person, label, x in parts:
            of_pair.setdefault((person, str(label)), []).append(x)

        def told(person: str, now: np.ndarray, means: dict[str, np.ndarray] = means) -> bool:
            fit = np.mean([mean for other, mean in means.items() if other != person], axis=0)
            lengths = np.linalg.norm([fit, now], axis=1)
            return opposite(fit, now) and bool(lengths.min() >= SHORTEST_GRAVITY)

        named = sum(told(p, np.mean(np.vstack(x), axis=0)) for (p, _), x in of_pair.items())
        inverted = sum(told(person, -mean) for person, mean in means.items())
        print(f"{name:12s} {len(of_pair):6d} {named:6d} {len(means):7d} {inverted:18d}", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    if sys.argv[2:] == ["predict"]:
        count_gravity(Path(sys.argv[1]))
        return
    print(f"{'set':12s} {'people':>6s} {'named':>6s} {'turned':>7s} {'found':>6s} {'right':>6s}")
    for name, recordings in sets(Path(sys.argv[1])):
        facts = agree_on_units([facts_of(r, i, {"seconds": 2.0}) for i, r in enumerate(recordings)])
        [found] = directions_of(facts).values()
        named = find_turned(found)
        turned = hits = right = others = 0
        for row, person in enumerate(found.people):
            if any(one.person == person for one in named):
                continue
            for each in MAPS[1:]:
                means = found.means.copy()
                means[row] = means[row] @ each.T
                said = {
                    t.person: t for t in find_turned(Directions(found.people, found.classes, means))
                }
                turned += 1
                hits += person in said
                others += len(set(said) - {person} - {one.person for one in named})
                if person in said and said[person].map is not None:
                    right += np.array_equal(said[person].map, each)
        print(
            f"{name:12s} {len(found.people):6d} {len(named):6d} {turned:7d} {hits:6d} {right:6d}"
            f"   (others named by mistake: {others})"
        )
        for one in named:
            words = "unexplained" if one.map is None else in_words(one.map)
            print(
                f"    {one.person}: {words} in {len(one.classes)} of {len(found.classes)} classes, "
                f"distance {one.distance:.2f}, afterwards {one.after:.2f}"
            )


if __name__ == "__main__":
    main()
