"""Scenes: random motions, bodies, sites and rates, drawn together."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from m3n_sklearn.body import SiteKinematics, resolve_sites, site_kinematics
from m3n_sklearn.simulation import SMPLIMUSimulator
from m3n_sklearn.simulation.calibration._sensor_track import curve_of_site

from .bodies import KINDS, SEXES, random_body, random_sites
from .clips import jittered, random_motion, triads

G = 9.80665
SEEDS = st.integers(0, 2**31)
FRAMES = ("skin", "bone", "triangle")
SENSOR_RATES = (15.0, 33.3, 50.0, 100.0, 300.0)
# What is interpolated as it is comes at up to 120 Hz: above, 1e-9 m/s² is less than what the
# rounding of the poses themselves makes of an acceleration, about 1e-15 times the rate squared.
SAMPLINGS = (
    *((rate, None) for rate in (15.0, 30.0, 60.0, 120.0)),
    *((rate, 6.0) for rate in (30.0, 100.0, 200.0)),
    *((rate, "auto") for rate in (25.0, 60.0, 240.0)),
)
few, fewer = settings(max_examples=25), settings(max_examples=8)


@dataclasses.dataclass(frozen=True)
class Scene:
    """Somebody moves, wearing sensors; everything random follows from `seed`.

    What is smoothed is noisy: smoothing has something to do.
    """

    seed: int
    kind: str = "neutral"
    frame: str = "skin"
    sampling: tuple = (60.0, None)  # frames per second, smoothing
    rate: float = 50.0
    seconds: float = 2.0
    fastest: float = 2.0
    jitter: float = 2e-3

    @cached_property
    def motion(self):
        fps, smoothing = self.sampling
        facts = {"seconds": self.seconds, "fastest": self.fastest}
        motion = random_motion(self.seed, rate=fps, **facts)
        return motion if smoothing is None else jittered(motion, self.seed, self.jitter)

    @property
    def frames_per_second(self):
        return self.sampling[0]

    @property
    def smoothing(self):
        return self.sampling[1]

    @cached_property
    def body(self):
        return random_body(self.kind, self.seed)

    @cached_property
    def sites(self):
        sites = random_sites(self.body, self.seed)
        # a triangle needs three vertices
        return [s for s in sites if self.frame != "triangle" or isinstance(s, str) or s.vertices]

    def rng(self):
        return np.random.default_rng([self.seed, 1])

    def simulator(self, **changes):
        facts = {name: getattr(self, name) for name in ("sites", "smoothing", "frame", "rate")}
        return SMPLIMUSimulator(**{"body": self.body, **facts, **changes})

    def read(self, motion=None, **changes):
        """Readings (samples, sites, 2, 3): specific force and rate."""
        return triads(self.simulator(**changes).simulate(motion or self.motion))

    def sensors(self, times, sites=None):
        """Where the sensors are at these times, and how they are turned."""
        placed = resolve_sites(self.body, sites or self.sites)
        moved = [self._sensor(times, site) for site in placed]
        fields = {
            field.name: [getattr(one, field.name) for one in moved]
            for field in dataclasses.fields(moved[0])
        }
        names = sum(fields.pop("names"), ())
        stacked = {k: None if v[0] is None else np.concatenate(v, 1) for k, v in fields.items()}
        return SiteKinematics(names, **stacked)

    def _sensor(self, times, site):
        # which cut-offs are chosen does not matter here: only what is made of the curve
        curve = curve_of_site(self.body, site, self.motion, self.smoothing, None)
        return site_kinematics(self.body, [site], *curve.evaluate(times), frame=self.frame)


def scenes(kinds=KINDS, frames=FRAMES, samplings=SAMPLINGS, rates=SENSOR_RATES, **fixed):
    """Strategy for scenes; `fixed` facts are the same in all of them."""
    carried = [(k, f) for k in kinds for f in frames if f != "triangle" or k in SEXES]
    return st.builds(
        lambda seed, carrier, sampling, rate: Scene(seed, *carrier, sampling, rate, **fixed),
        SEEDS,
        *(st.sampled_from(choices) for choices in (carried, samplings, rates)),
    )
