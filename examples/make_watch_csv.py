"""Write watch.csv, the file of the quick start: four generated people and the quirks of a watch.

    python examples/make_watch_csv.py

Milliseconds since 1970 that jitter, acceleration in g, angular rate in degrees per second, a
pause without a label between two activities, and one gap for each person.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from m3n_sklearn.datasets import make_wrist_har

FILE = Path(__file__).with_name("watch.csv")
ACTIVITIES = ["clap", "knock", "stir", "walk"]
RATE = 50.0
STARTED = 1_717_401_600_000  # 2024-06-03 08:00 UTC, in ms
PAUSE, GAP, DAY = 1.0, 3.0, 86_400.0  # seconds


def write(path: Path = FILE) -> None:
    rng = np.random.default_rng(0)
    wrists = make_wrist_har(4, 2, ACTIVITIES, rate=RATE, random_state=0)
    people = list(dict.fromkeys(recording.subject for recording in wrists.recordings))
    tables = []
    for day, person in enumerate(people):
        own = [r for r in wrists.recordings if r.subject == person]
        begin = STARTED / 1000 + DAY * day
        for number, recording in enumerate(own):
            # 1. The stretch that follows holds the last reading: the hand rests
            rest = np.repeat(recording.data[-1:], round(PAUSE * RATE), axis=0)
            rest[:, 3:] = 0.0
            rest += rng.normal(0, [0.05] * 3 + [0.01] * 3, rest.shape)
            data = np.vstack([recording.data, rest])
            # 2. Stamps jitter by some milliseconds and are rounded to whole ones
            times = begin + np.arange(len(data)) / RATE
            begin = times[-1] + 1 / RATE + (GAP if number == len(own) // 2 else 0.0)
            stamps = np.round(1000 * times + rng.normal(0, 2, len(times))).astype(np.int64)
            # 3. The units and names of a logging app
            table = pd.DataFrame({"timestamp": np.maximum.accumulate(stamps), "user": person})
            table["activity"] = [*recording.labels, *[None] * len(rest)]
            for axis, name in enumerate("xyz"):
                table[f"accel_{name}"] = (data[:, axis] / 9.80665).round(3)
            for axis, name in enumerate("xyz"):
                table[f"gyro_{name}"] = np.degrees(data[:, 3 + axis]).round(1)
            tables.append(table)
    pd.concat(tables).to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    write()
