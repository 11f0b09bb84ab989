"""Weights that come with the package: by name, offline, small, usable at once."""

from __future__ import annotations

import importlib
import json
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors
from sklearn.base import clone
from skorch.callbacks import Callback

from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer, SMPLIMUSimulator, Windows, cut
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import list_pretrained, load_pretrained
from m3n_sklearn.pretraining._registry import FOLDER
from m3n_sklearn.recording import channel_names
from m3n_sklearn.text import HashingEncoder

MEGABYTE = 1e6
REDISTRIBUTABLE = {"procedural", "cmu_asfamc_28", "cmu_expmap_96", "wisdm", "dsads", "selfback"}


def wrists(n: int = 12, sites: str | tuple[str, ...] = "right_wrist") -> Windows:
    channels = channel_names(sites)
    imu = np.random.default_rng(0).normal(0, 2, (n, len(channels), 128)).astype(np.float32)
    imu[:, 2] += 9.8
    return Windows(imu=imu, rate=50.0, channels=channels)


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_args, **_options):
        raise OSError("there is no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", list_pretrained())
def test_weights_are_small_and_their_data_may_be_used(name):
    file = FOLDER / f"{name}.safetensors"
    assert file.stat().st_size <= 5 * MEGABYTE
    manifest = json.loads((FOLDER / f"{name}.json").read_text())
    assert {source["name"] for source in manifest["sources"]} <= REDISTRIBUTABLE
    assert all(source["license"] for source in manifest["sources"])
    assert "/" not in "".join(file for s in manifest["sources"] for file in s["files"])


def test_the_wheel_takes_the_weights_along():
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("no repository to ask what it ignores")
    files = [str(file) for file in FOLDER.iterdir()]
    ignored = subprocess.run(
        ["git", "check-ignore", *files], cwd=root, capture_output=True, text=True, check=False
    )
    assert ignored.stdout == ""  # hatch leaves out what git ignores


@pytest.mark.parametrize(
    "sites", ["right_wrist", "left_wrist", ("left_wrist", "right_wrist"), "wrist"]
)
@pytest.mark.parametrize("name", list_pretrained())
def test_embeddings_of_any_wrist_offline(offline, name, sites):
    encoder = load_pretrained(name)
    assert encoder.corpus is None and encoder.simulator is None
    assert len(encoder.labeled_groups_) == {"m3n-base": 0, "m3n-real": 88}[name]
    assert all(weight.dtype == np.float32 for weight in encoder.weights_.values())
    X = wrists(sites=sites)
    embedded = encoder.transform(X)
    assert embedded.shape == (12, encoder.n_components_)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(embedded, load_pretrained(name).transform(X))


def test_a_classifier_takes_the_name(offline):
    X, y = wrists(), np.array(["a", "b"] * 6)
    classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    assert clone(classifier).pretrainer == "m3n-base"
    assert classifier.fit(X, y).predict_proba(X).shape == (12, 2)


def test_unknown_names_say_what_there_is(tmp_path):
    with pytest.raises(ValueError, match=r"encoder 'm3n-bse'; .*'m3n-base'.* Did you mean"):
        load_pretrained("m3n-bse")
    with pytest.raises(
        FileNotFoundError, match=r"pretrainer='m3n-bse'.*neither the name .*m3n-base.* nor a file"
    ):
        Multi3NetClassifier("m3n-bse").fit(wrists(), np.array(["a", "b"] * 6))


def test_names_go_before_files_and_paths_are_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m3n-base").write_bytes(b"no weights")
    X, y = wrists(), np.array(["a", "b"] * 6)
    Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="can't be read"):
        Multi3NetClassifier("./m3n-base").fit(X, y)


def test_a_site_without_a_name_is_read_like_the_known_ones():
    encoder = load_pretrained("m3n-base")
    vectors = encoder.weights_["encoders.imu.site_vectors.weight"]
    np.testing.assert_allclose(vectors[-1], vectors[:-1].mean(axis=0), atol=2e-3)
    x = np.random.default_rng(0).normal(size=(8, 6, 128)) + np.array([0, 0, 9.8, 0, 0, 0])[:, None]
    names = channel_names("left_wrist")
    named = encoder.transform(Windows(imu=x, rate=50.0, channels=names))
    unnamed = encoder.transform(Windows(imu=x, rate=50.0, channels=[n[11:] for n in names]))
    cosine = (named * unnamed).sum(axis=1)
    assert np.all(cosine > 0.5 * np.linalg.norm(named, axis=1) * np.linalg.norm(unnamed, axis=1))


def test_the_base_goes_on_with_motions_of_ones_own():
    def corpus(sites):
        motions = make_motions(
            n_people=1, n_repetitions=1, activities=["clap", "wave"], random_state=0
        )
        signals = SMPLIMUSimulator(sites=sites, rate=50.0).simulate(motions)
        pairs = list(zip(motions, signals, strict=True))
        return cut(pairs, seconds=2.56, short="pad", pose_rate=30.0)[0]

    start = load_pretrained("m3n-base")
    encoder = load_pretrained("m3n-base").set_params(
        warm_start=True, max_epochs=1, lr=1e-6, text_encoder=HashingEncoder(384)
    )
    encoder.fit(corpus(("left_wrist", "right_wrist")))
    assert len(encoder.history_) == len(start.history_) + 1
    X = wrists(4)
    np.testing.assert_allclose(encoder.transform(X), start.transform(X), atol=0.05)
    assert not np.array_equal(encoder.transform(X), start.transform(X))
    other = start.set_params(warm_start=True, text_encoder=HashingEncoder(384))
    with pytest.raises(ValueError, match=r"sites was \['left_wrist', .* and is \['right_wrist'\]"):
        other.fit(corpus(("right_wrist",)))


@pytest.mark.parametrize("name", list_pretrained())
def test_files_name_public_homes_and_todays_parameters(name):
    def classes(node):
        if isinstance(node, list):
            return [found for item in node for found in classes(item)]
        if not isinstance(node, dict):
            return []
        found = [node["class"]] if isinstance(node.get("class"), str) else []
        return found + [cls for value in node.values() for cls in classes(value)]

    with safetensors.safe_open(FOLDER / f"{name}.safetensors", framework="np") as file:
        tree = json.loads(file.metadata()["document"])["estimator"]
    assert set(tree["params"]) == set(Multi3NetPretrainer().get_params(deep=False))
    named = [*classes(tree), *classes(json.loads((FOLDER / f"{name}.json").read_text()))]
    assert {"InputMap", "m3n_sklearn.pretraining:Multi3NetPretrainer"} < set(named)
    for cls in set(named) - {"InputMap", "Layout"}:
        home, _, short = cls.partition(":")
        assert home.count(".") == 1 and "._" not in home
        assert hasattr(importlib.import_module(home), short)


def test_callbacks_are_left_out_of_files(tmp_path):
    fitted = Multi3NetPretrainer(width=8, max_epochs=1, callbacks=[Callback()]).fit(wrists())
    with pytest.warns(UserWarning, match=r"can't carry callbacks=list"):
        fitted.save(tmp_path / "encoder")
    assert Multi3NetPretrainer.load(tmp_path / "encoder").callbacks is None
