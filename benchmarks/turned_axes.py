"""What `describe` says about the axes of real recordings, as they are and turned by us.

    python benchmarks/turned_axes.py DATA

DATA is the folder of the real data sets. Prints the table of the page "Look at your data first":
people who are named as they are; then each of the others is turned or mirrored in 47 ways, one at
a time, and it is counted how often the person is named, and how often with the right turn.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from m3n_sklearn import Recording
from m3n_sklearn.datasets import load_sp_sw_har, load_utd_mhad

# the rule itself: `describe` would read all recordings again for each of thousands of turned people
from m3n_sklearn.inspection._facts import agree_on_units, facts_of
from m3n_sklearn.inspection._findings import directions_of
from m3n_sklearn.inspection._mounting import MAPS, Directions, find_turned, in_words
from m3n_sklearn.recording import channel_names


def read_pool(path: Path, hand: str | None = None) -> list[Recording]:
    """Read the file of a pool set: all samples, with the rows of each recording."""
    pool = np.load(next(path.glob("*hz.npz")))
    acc, gyro = (pool[f"{n}_q"] * float(pool[f"{n}_scale"]) for n in ("acc", "gyro"))
    bounds = zip(pool["seg_ptr"][:-1], pool["seg_ptr"][1:], strict=True)
    return [
        Recording(
            np.hstack([acc[a:b], gyro[a:b]]),
            float(pool["rate_hz"]),
            channel_names("right_wrist"),
            labels=str(pool["label"][i]),
            subject=int(pool["subject"][i]),
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


def main() -> None:
    warnings.simplefilter("ignore")
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
