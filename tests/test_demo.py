"""Whom the demo's encoders learn from."""

from __future__ import annotations

import re

import numpy as np

from examples.run_demo import real_task


def test_the_held_out_person_is_neither_pretrained_on_nor_rehearsed(shared_data):
    for name in ("cmu_mocap_subset", "bandai_namco_motion", "utd_mhad"):
        folder = shared_data(name)
    task = real_task(folder.parent)
    everybody = np.unique(task.groups).tolist()
    for person in everybody:
        names = map(str, task.corpus_without((person,))["clip"])
        seen = [found[1] for name in names if (found := re.fullmatch(r"a\d+_s(\d)_t\d", name))]
        assert sorted(set(seen)) == [str(other) for other in everybody if other != person]
        X, y = task.simulated_without((person,))
        assert len(X) == len(y) == len(seen)
