"""Pages in a real browser: they load without a network, play, scrub, zoom, and fit the screen.

The screenshots stay in the folder M3N_SKLEARN_SCREENSHOTS, or in pytest's temporary folder.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from m3n_sklearn.datasets import make_motions, make_wrist_har
from m3n_sklearn.evaluation import WindowFeatures
from m3n_sklearn.inspection import MotionPlayer, report

pytestmark = pytest.mark.slow

MAX_BYTES = 6_000_000
PLAYER = "document.querySelector('.m3n-player').player"
TIMELINE = "[...document.querySelectorAll('.plot')].find((p) => p.layout.dragmode === 'zoom')"


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the PATH")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    named = os.environ.get("M3N_SKLEARN_SCREENSHOTS")
    if not named:
        return tmp_path_factory.mktemp("screenshots")
    Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named)


@pytest.fixture(scope="module")
def page_path(tmp_path_factory):
    """A report with every kind of section, and 30 s of motion with two sensors."""
    pytest.importorskip("plotly")
    wrists = make_wrist_har(3, 2, ["clap", "stir", "wave", "drink"], random_state=0)
    test = wrists.groups == wrists.groups[-1]
    model = make_pipeline(WindowFeatures(), RandomForestClassifier(3, random_state=0))
    model.fit(wrists.X[~test], wrists.y[~test])
    [walk] = make_motions(1, 1, "walk", seconds=30.0, random_state=0)
    return report(
        model,
        wrists.X[test],
        wrists.y[test],
        groups=wrists.groups[test],
        path=tmp_path_factory.mktemp("page") / "report.html",
        items=[
            ("Walking", MotionPlayer.from_motion(walk)),
            ("A wrist", MotionPlayer.from_motion(wrists.motions[0], {"a": wrists.recordings[0]})),
        ],
    )


class Tab:
    """A tab that notes errors and requests."""

    def __init__(self, browser, path, width=1100, **settings):
        self.page = browser.new_page(viewport={"width": width, "height": 800}, **settings)
        self.page.set_default_timeout(120_000)  # a busy machine is slow
        self.errors, self.requests = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.errors.append(message.text),
        )
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def drawn(self):
        self.page.wait_for_function("document.documentElement.dataset.figures === 'drawn'")
        return self

    def get(self, script):
        return self.page.evaluate(script)

    def picture(self, name=".m3n-view"):
        return self.get(f"document.querySelector('{name}').toDataURL()")

    def drag(self, selector, start, stop):
        """Drag between two places that are shares of the size of an element."""
        node = self.page.locator(selector).first
        node.scroll_into_view_if_needed()
        box = node.bounding_box()
        places = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, stop)
        ]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        self.page.mouse.move(*places[1], steps=4)
        self.page.mouse.up()


@pytest.fixture(scope="module")
def tab(browser, page_path):
    return Tab(browser, page_path).drawn()


def test_a_page_is_one_small_file_that_asks_for_nothing_else(tab, page_path, folder):
    assert page_path.stat().st_size <= MAX_BYTES
    assert tab.requests == [page_path.as_uri()]
    assert tab.errors == []
    assert tab.get("document.querySelectorAll('.plot .main-svg').length") > 4
    assert tab.get("document.querySelectorAll('.m3n-player[data-ready]').length") == 2
    titles = tab.get("[...document.querySelectorAll('.modebar-btn')].map((b) => b.dataset.title)")
    assert titles and not [title for title in titles if "Share" in title or "cloud" in title]
    tab.page.screenshot(path=folder / "wide.png", full_page=True)


def test_the_play_button_plays_and_stops(tab):
    tab.get(f"{PLAYER}.seek(0)")
    before = tab.picture()
    button = tab.page.get_by_role("button", name="Play").first
    button.click()
    tab.page.wait_for_function(f"{PLAYER}.frame >= 5")
    tab.page.get_by_role("button", name="Pause").first.click()
    stopped = tab.get(f"{PLAYER}.frame")
    assert tab.picture() != before
    tab.page.wait_for_timeout(120)
    assert tab.get(f"{PLAYER}.frame") == stopped


def test_speed_scales_the_clock(tab):
    tab.page.get_by_label("Speed").first.select_option("0.25")
    moved = f"""(() => {{ const p = {PLAYER}; p.seek(1); p.playing = true; p.before = 1000;
        p.tick(1400); p.playing = false; p.draw(); return p.time; }})()"""
    assert tab.get(moved) == pytest.approx(1.1)
    tab.page.get_by_label("Speed").first.select_option("2")
    assert tab.get(moved) == pytest.approx(1.8)
    tab.page.get_by_label("Speed").first.select_option("1")


def test_the_slider_moves_body_and_playhead(tab):
    tab.get(f"{PLAYER}.seek(0)")
    before = tab.picture(), tab.picture(".m3n-chart")
    tab.drag(".m3n-bar input", (0.02, 0.5), (0.5, 0.5))
    assert tab.get(f"{PLAYER}.time") == pytest.approx(15.0, abs=0.5)
    assert tab.picture() != before[0] and tab.picture(".m3n-chart") != before[1]


def test_the_playhead_can_be_dragged_and_keys_step(tab):
    tab.drag(".m3n-chart", (0.3, 0.5), (0.8, 0.5))
    time = tab.get(f"{PLAYER}.time")
    assert time == pytest.approx(0.78 * 30, abs=1.0)
    tab.page.locator(".m3n-player").first.focus()
    for key, change in (("ArrowRight", 0.1), ("Shift+ArrowLeft", -1.0)):
        tab.page.keyboard.press(key)
        time += change
        assert tab.get(f"{PLAYER}.time") == pytest.approx(time, abs=1e-6)
    tab.page.keyboard.press("Space")
    assert tab.get(f"{PLAYER}.playing")
    tab.page.keyboard.press("Space")
    assert not tab.get(f"{PLAYER}.playing")


def test_the_body_turns_with_the_pointer_and_stands_upright(tab):
    tab.get(f"{PLAYER}.seek(0)")
    before = tab.picture()
    tab.drag(".m3n-view", (0.5, 0.5), (0.8, 0.4))
    assert tab.picture() != before
    # joints: the head is above the pelvis by half of the body, the feet are on the floor
    heights = tab.get(
        f"[0, 7, 15].map((j) => {PLAYER}.scene.bodies[0].places[3 * j + 2] - {PLAYER}.data.floor)"
    )
    assert 0.7 < heights[0] < 1.1 and 0.0 < heights[1] < 0.3 and 1.3 < heights[2] < 1.8


def test_joints_and_skin_in_the_browser_are_those_of_the_library(tab):
    from m3n_sklearn.body import forward_kinematics

    player = "document.querySelectorAll('.m3n-player')[1].player"
    wrists = make_wrist_har(3, 2, ["clap", "stir", "wave", "drink"], random_state=0)
    motion = wrists.motions[0]
    display = MotionPlayer.from_motion(motion, {"a": wrists.recordings[0]})
    body = display.simulator.worn(motion)[0]
    frame = tab.get(f"({player}.seek(1.0), {player}.frame)")
    shown = np.reshape(tab.get(f"[...{player}.scene.bodies[0].places]"), (-1, 3))
    index = np.argmin(abs(motion.times - motion.times[0] - 1.0))
    posed = forward_kinematics(body, motion.poses[index], motion.trans[index])
    assert frame == 30
    np.testing.assert_allclose(shown, posed.positions, atol=2e-3)
    # a sensor lies on the skin: a vertex is near
    gap = tab.get(
        f"""(() => {{ const s = {player}.scene, p = s.bodies[0].points, c = s.sensors[0].place;
        let best = 9; for (let v = 0; v < p.length; v += 3) best = Math.min(best,
        Math.hypot(p[v] - c[0], p[v + 1] - c[1], p[v + 2] - c[2])); return best; }})()"""
    )
    assert gap < 0.02


def test_the_timeline_zooms_and_comes_back(tab):
    ranges = f"({TIMELINE})._fullLayout.xaxis.range"
    tab.get(f"({TIMELINE}).id = 'timeline'")
    whole = tab.get(ranges)
    tab.drag("#timeline .nsewdrag", (0.3, 0.5), (0.6, 0.5))
    tab.page.wait_for_function(f"{ranges}[0] > {whole[0]} + 0.1")
    zoomed = tab.get(ranges)
    assert np.diff(zoomed) == pytest.approx(0.3 * np.diff(whole), rel=0.1)
    tab.page.locator("#timeline .nsewdrag").first.dblclick()
    tab.page.wait_for_function(f"{ranges}[0] < {zoomed[0]}")
    assert tab.get(ranges) == pytest.approx(whole)


def test_it_fits_a_phone_in_the_dark(browser, page_path, folder):
    tab = Tab(browser, page_path, width=400, color_scheme="dark", reduced_motion="reduce").drawn()
    tab.page.screenshot(path=folder / "narrow-dark.png", full_page=True)
    assert tab.get("document.documentElement.scrollWidth") <= 400
    assert tab.get("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 28)"
    assert tab.get(f"{PLAYER}.colors.text") == "#e6e6e6"
    # who asked for reduced motion sees it once
    assert not tab.get(
        f"""(() => {{ const p = {PLAYER}; p.seek(29.9); p.playing = true; p.before = 0; p.tick(500);
        return p.playing; }})()"""
    )
    assert tab.errors == []
    tab.page.close()


def test_a_notebook_shows_it_in_a_frame_of_its_height(browser, tmp_path, folder):
    [wave] = make_motions(1, 1, "wave", seconds=2.0, random_state=0)
    display = MotionPlayer.from_motion({"one": wave, "two": wave})
    path = tmp_path / "notebook.html"
    path.write_text(f"<p>cell</p>{display._repr_html_()}", "utf-8")
    tab = Tab(browser, path, width=900)
    frame = tab.page.frame_locator("iframe")
    frame.get_by_role("button", name="Play").click()
    frame.get_by_role("button", name="Pause").click()
    tall = frame.locator(".m3n-player").bounding_box()["height"]
    assert tab.page.locator("iframe").bounding_box()["height"] == pytest.approx(tall, abs=6)
    assert tab.errors == [] and tab.requests[0] == path.as_uri()
    assert not [url for url in tab.requests if url.startswith("http")]
    tab.page.screenshot(path=folder / "notebook.png")
    tab.page.close()
