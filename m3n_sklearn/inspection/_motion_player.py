"""A motion that can be played: a body with its sensors next to their signals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files

from .._validation import check_choice
from ..motion import Motion
from ..recording import Recording
from ..simulation import SMPLIMUSimulator
from ._scene import Actor, pack_scene, triads_of

__all__ = ["PLAYER_SCRIPT", "PLAYER_STYLE", "MotionPlayer"]

ASSETS = files(__package__).joinpath("_assets")
# in a function of their own, so that their names stay out of the page
PLAYER_SCRIPT = "".join(
    [
        '(() => {\n"use strict";\n',
        *(
            ASSETS.joinpath(f"{name}.js").read_text("utf-8")
            for name in ("scene", "signals", "player")
        ),
        "})();\n",
    ]
)
PLAYER_STYLE = ASSETS.joinpath("player.css").read_text("utf-8")

FRAME = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Motion</title>
<style>html {{ color-scheme: light dark; }} body {{ margin: 0; }}
{style}</style></head>
<body>{player}<script>{script}
{{
  // the frame is as tall as the player, except where a notebook isolates its output
  let frame = null;
  try {{ frame = window.frameElement; }} catch {{}}
  const fit = () => {{ frame.style.height = document.body.scrollHeight + 2 + "px"; }};
  if (frame) new ResizeObserver(fit).observe(document.body);
}}
</script></body></html>
"""
"""The document of a player in a notebook."""

SIMULATED = "simulated"


class MotionPlayer:
    """Bodies in motion with their sensors, next to the signals, with play, scrub and speed.

    It is interactive HTML: it is the output of a notebook cell, or a section of
    :func:`write_page` or :func:`report`. It needs no network and no other package. Build it with
    :meth:`from_motion`.

    Parameters
    ----------
    motions : mapping of str to Motion
        Names of the bodies and their motions, on one clock.
    recordings : mapping of str to Recording, optional
        Legend entries and recordings, on the clock of the motions. Channels must be triads.
    simulator : SMPLIMUSimulator, optional
        Decides body, sites and axes of the sensors. By default they are those of the package: at
        the sites of the recordings or, without recordings, at both wrists.
    quantity : {"axes", "norm"}, default="axes"
        What is shown first of each triad: its three axes, or its length, which does not depend on
        how the sensor is turned. The reader can switch.

    Attributes
    ----------
    motions : dict of str to Motion
        The motions that are played; those that the simulator varies are varied.
    recordings : dict of str to Recording
        All recordings that are shown, those that were simulated among them.
    caption : str
        What is shown, in words.

    See Also
    --------
    MotionDisplay : A picture of a motion.
    SensorsDisplay : A picture of a body with sensors.
    SignalDisplay : A picture of signals.
    report : A page of results.

    Notes
    -----
    Drag the body to turn it, drag the signals or the slider to move in time. The space bar plays
    and stops, the arrow keys move by 0.1 s (1 s with the shift key), Home and End go to the ends.
    A motion is repeated, unless the system asks for reduced motion. Colors follow the light or
    dark mode of the browser.

    Motions are stored with at most 30 frames per second and are interpolated. Surfaces are
    simplified to 7000 triangles; pose blend shapes are left out. The page contains this surface:
    for body models with a license, such as SMPL, that license decides whether you may pass the
    page on. The default body has no such limit.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_motions
    >>> from m3n_sklearn.inspection import MotionPlayer
    >>> [wave] = make_motions(1, 1, "wave", seconds=4.0, random_state=0)
    >>> player = MotionPlayer.from_motion(wave)  # the last line of a cell shows it
    >>> list(player.recordings)
    ['simulated']
    """

    def __init__(
        self,
        motions: Mapping[str, Motion],
        recordings: Mapping[str, Recording] | None = None,
        *,
        simulator: SMPLIMUSimulator | None = None,
        quantity: str = "axes",
    ) -> None:
        # 1. Check the arguments
        _check_mapping(motions, Motion, "motions", "{'anna': motion}")
        if not motions:
            raise ValueError("There is nothing to play: give at least one motion.")
        given = {} if recordings is None else recordings
        _check_mapping(given, Recording, "recordings", "{'measured': recording}")
        self.quantity = check_choice(quantity, "quantity", ("axes", "norm"))
        if simulator is not None and not isinstance(simulator, SMPLIMUSimulator):
            raise TypeError(
                f"simulator must be an SMPLIMUSimulator, got {type(simulator).__name__}."
            )
        for name, recording in given.items():
            triads_of(recording)
            _check_clock(name, recording, motions.values())
        # 2. Readings that are simulated
        adds = not given or (simulator is not None and SIMULATED not in given)
        chosen = _simulator_of(given) if simulator is None else simulator
        self.simulator = chosen
        self.recordings = dict(given)
        for name, motion in motions.items() if adds else ():
            entry = SIMULATED if len(motions) == 1 else f"{SIMULATED}, {name}"
            self.recordings[entry] = chosen.simulate(motion)
        # 3. Bodies that move as simulated, with their sensors
        self.motions = {
            name: motion if chosen.randomize is None else chosen.vary(motion)
            for name, motion in motions.items()
        }
        self._actors = [
            Actor(name, self.motions[name], *chosen.worn(motion))
            for name, motion in motions.items()
        ]
        self.caption = self._describe(given)

    @classmethod
    def from_motion(
        cls,
        motion: Motion | Mapping[str, Motion],
        recordings: Mapping[str, Recording] | None = None,
        *,
        simulator: SMPLIMUSimulator | None = None,
        quantity: str = "axes",
    ) -> MotionPlayer:
        """Show a motion, or several side by side, with measured and simulated signals.

        Parameters
        ----------
        motion : Motion or mapping of str to Motion
            What is played. Several bodies at one place are shown side by side.
        recordings : mapping of str to Recording, optional
            Legend entries and recordings, such as ``{"measured": recording}``, on the clock of the
            motion. The first is drawn solid, the others are dashed.
        simulator : SMPLIMUSimulator, optional
            Decides body, sites and axes of the sensors, such as one that was calibrated. With it,
            or without recordings, its readings are added as "simulated".
        quantity : {"axes", "norm"}, default="axes"
            What is shown first of each triad: its three axes, or its length.

        Returns
        -------
        MotionPlayer
            The player.

        Raises
        ------
        TypeError
            If an argument has another type.
        ValueError
            If there is no motion, channels are not triads, a site is not known, or a recording
            lies outside of the time of the motions.
        """
        motions = {_name_of(motion): motion} if isinstance(motion, Motion) else motion
        return cls(motions, recordings, simulator=simulator, quantity=quantity)

    def _repr_html_(self) -> str:
        """Return a frame with the player, for notebooks and galleries."""
        page = FRAME.format(style=PLAYER_STYLE, player=self.to_html(), script=PLAYER_SCRIPT)
        shown = (
            f'<iframe srcdoc="{escape(page)}" title="{escape(self.caption)}" '
            'style="width: 100%; height: 36rem; border: 0"></iframe>'
        )
        # whatever the encoding of the page around it
        return shown.encode("ascii", "xmlcharrefreplace").decode("ascii")

    def to_html(self) -> str:
        """Return the player as an element of a page that has its script and its style.

        :func:`write_page` adds both.

        Returns
        -------
        str
            A ``figure`` element.
        """
        scene = pack_scene(
            self._actors,
            self.recordings,
            frame=self.simulator.frame,
            quantity=self.quantity,
            caption=self.caption,
        )
        data = json.dumps(scene, separators=(",", ":")).replace("<", "\\u003c")
        return (
            f'<figure class="m3n-player"><script type="application/json">{data}</script>'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )

    def _describe(self, given: Mapping[str, Recording]) -> str:
        """Return what is shown, in words."""
        parts = []
        for actor in self._actors:
            stature = "" if actor.body.stature is None else f", {actor.body.stature:.2f} m tall"
            text = f": {actor.motion.text[0]}" if actor.motion.text else ""
            parts.append(f"{actor.name}{text} ({actor.motion.duration:.1f} s{stature}).")
        sites = dict.fromkeys(site.name for actor in self._actors for site in actor.sites)
        parts.append(f"Sensors: {', '.join(sites).replace('_', ' ')}.")
        names = [*given, *(name for name in self.recordings if name not in given)]
        parts.append(
            "Signals: "
            + ", ".join(f"{name} ({self.recordings[name].rate:.4g} Hz)" for name in names)
            + "."
        )
        return " ".join(parts)


def _check_mapping(values: object, kind: type, name: str, example: str) -> None:
    """Raise if this does not map names to objects of a type."""
    if not isinstance(values, Mapping) or not all(
        isinstance(key, str) and isinstance(value, kind) for key, value in values.items()
    ):
        raise TypeError(
            f"{name} must map names to objects of type {kind.__name__}, such as {example}; got "
            f"{type(values).__name__}."
        )


def _check_clock(name: str, recording: Recording, motions: Iterable[Motion]) -> None:
    """Raise if a recording has no time in common with the motions."""
    clocks = [motion.times for motion in motions]
    start = min(float(times[0]) for times in clocks)
    end = max(float(times[-1]) for times in clocks)
    first, last = float(recording.times[0]), float(recording.times[-1])
    if first > end or last < start:
        raise ValueError(
            f"Recording {name!r} lasts from {first:.12g} to {last:.12g} s, but what is played from "
            f"{start:.12g} to {end:.12g} s. Put both on one clock: recording.replace(start=...)."
        )


def _name_of(motion: Motion) -> str:
    """Return a name for the body: that of the person, or of the clip."""
    if motion.subject is None:
        return motion.name or "body"
    name = str(motion.subject)
    return f"person {name}" if name.isdigit() else name


def _simulator_of(recordings: Mapping[str, Recording]) -> SMPLIMUSimulator:
    """Return a simulator for the sites of recordings; for both wrists if there are none."""
    sites = list(dict.fromkeys(site for one in recordings.values() for site in one.sites if site))
    return SMPLIMUSimulator(sites=sites) if sites else SMPLIMUSimulator()
