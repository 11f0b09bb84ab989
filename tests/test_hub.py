"""Folders of save_pretrained are pushed to a hub and pulled from it; a local server stands in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import yaml
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from m3n_sklearn import (
    HMMClassifier,
    Multi3NetClassifier,
    Windows,
    from_pretrained,
    save,
    save_pretrained,
)
from m3n_sklearn.recording import channel_names


def windows(n=12):
    """Windows of one wrist, whose classes differ in the size of the noise."""
    rng = np.random.default_rng(0)
    y = np.array(["eat | drink", "café"])[np.arange(n) % 2]
    scale = np.where(y == "café", 0.3, 3.0)[:, None, None]
    x = rng.normal(size=(n, 6, 64)) * scale + np.array([0, 0, 9.8, 0, 0, 0])[:, None]
    return Windows(imu=x, rate=50.0, channels=channel_names("right_wrist")), y


@pytest.fixture(scope="module")
def model():
    X, y = windows()
    return Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)


@pytest.fixture
def folder(model, tmp_path):
    save_pretrained(model, tmp_path / "wrist", license="cc-by-4.0", datasets=["WISDM"])
    return tmp_path / "wrist"


def front_matter(text):
    """Return the metadata of a model card as a hub reads them."""
    return yaml.safe_load(re.match(r"---\n(.*?)\n---\n", text, flags=re.DOTALL)[1])


# ---- folders


def test_a_folder_gives_the_same_predictions(model, folder):
    X, _ = windows()
    assert np.array_equal(from_pretrained(folder).predict_proba(X), model.predict_proba(X))
    assert np.array_equal(from_pretrained(str(folder)).classes_, model.classes_)


def test_a_classifier_with_smoothing_is_a_folder_too(tmp_path):
    X, y = windows()
    model = HMMClassifier(Multi3NetClassifier("m3n-base", strategy="frozen"), cv=2)
    model.fit(X, y, times=np.arange(12.0))
    save_pretrained(model, tmp_path)
    loaded = from_pretrained(tmp_path)
    times = np.arange(12.0)
    assert loaded.predict(X, times=times).tolist() == model.predict(X, times=times).tolist()
    assert json.loads((tmp_path / "config.json").read_text())["class"] == "HMMClassifier"


def test_the_card_and_the_summary_say_what_the_model_is(model, folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    about = front_matter(text)
    assert (about["library_name"], about["license"]) == ("m3n_sklearn", "cc-by-4.0")
    assert "human-activity-recognition" in about["tags"]
    for expected in ("WISDM", "50 Hz", "1.28 s", "right_wrist_acc_x", "café, eat \\| drink"):
        assert expected in text
    summary = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert summary["classes"] == model.classes_.tolist()
    assert summary["channels"] == list(channel_names("right_wrist"))
    assert (summary["rate"], summary["seconds"]) == (50.0, 1.28)


def test_without_a_license_none_is_claimed(model, tmp_path):
    save_pretrained(model, tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "license" not in front_matter(text)
    assert "| License | not stated |" in text


def test_an_edited_card_is_kept(model, folder):
    (folder / "README.md").write_text("my own words")
    save_pretrained(model, folder)
    assert (folder / "README.md").read_text() == "my own words"


def test_files_of_different_saves_are_refused(model, folder, tmp_path):
    X, y = windows()
    other = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X[:8], y[:8])
    save(other, folder / "model.safetensors")
    with pytest.raises(ValueError, match="do not belong together"):
        from_pretrained(folder)


def test_folders_of_others_are_refused(folder, tmp_path):
    summary = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for change, message in (
        ({"library_name": "transformers"}, "library_name is 'transformers'"),
        ({"format": 9}, "reads up to 1"),
        ({"format": "x"}, "config.json has format 'x'; .*whole number.*again"),
        ({"format": 0.5}, "has format 0.5"),
        ({"format": -1}, "has format -1"),
    ):
        (folder / "config.json").write_text(json.dumps(summary | change))
        with pytest.raises(ValueError, match=message):
            from_pretrained(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(ValueError, match=r"not written by m3n_sklearn\.save_pretrained"):
        from_pretrained(folder)
    (folder / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        from_pretrained(folder)


def test_bad_arguments_are_refused(model, folder, tmp_path):
    with pytest.raises(ValueError, match="license must be an identifier"):
        save_pretrained(model, tmp_path / "a", license="CC BY")
    with pytest.raises(TypeError, match="datasets must be a list of names"):
        save_pretrained(model, tmp_path / "a", datasets="WISDM")
    with pytest.raises(TypeError, match="Only estimators of m3n_sklearn"):
        save_pretrained(LogisticRegression().fit([[0], [1]], [0, 1]), tmp_path / "a")
    with pytest.raises(NotFittedError):
        save_pretrained(Multi3NetClassifier(), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    with pytest.raises(NotADirectoryError, match="is a file"):
        save_pretrained(model, folder / "README.md")
    with pytest.raises(ValueError, match="revision= is for repositories"):
        from_pretrained(folder, revision="v1")
    with pytest.raises(NotADirectoryError, match=r"is a file.*with m3n_sklearn\.load"):
        from_pretrained(folder / "model.safetensors")
    for name in ("./nowhere", "a/..", "../a", "a/b/..", "a/b..c", "a/b--c", "a/b.", "-a/b", ""):
        with pytest.raises(FileNotFoundError, match="neither a folder nor a repository"):
            from_pretrained(name)
    for wrong in (b"owner/name", 3, None):
        with pytest.raises(TypeError, match=r"path of a folder or 'owner/name'.*got "):
            from_pretrained(wrong)


def test_a_file_is_named_before_a_repository(model, tmp_path, monkeypatch):
    save_pretrained(model, tmp_path / "hub")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotADirectoryError, match=r"config\.json is a file"):
        from_pretrained("hub/config.json")


def test_a_linked_summary_stays_a_link(model, tmp_path):
    (tmp_path / "hub").mkdir()
    outside = tmp_path / "summary.json"
    outside.write_text("{}")
    (tmp_path / "hub" / "config.json").symlink_to(outside)
    save_pretrained(model, tmp_path / "hub")
    assert (tmp_path / "hub" / "config.json").is_symlink()
    assert json.loads(outside.read_text())["library_name"] == "m3n_sklearn"
    from_pretrained(tmp_path / "hub")


# ---- a hub


class Hub(BaseHTTPRequestHandler):
    """The part of the hub's interface that a push and a pull of a small repository use."""

    repositories: dict[str, dict[str, bytes]] = {}
    requests: list[str] = []

    def log_message(self, *args):
        pass

    def answer(self, status, content=b"", **headers):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def answer_json(self, value):
        self.answer(200, json.dumps(value).encode(), **{"Content-Type": "application/json"})

    def do_GET(self):
        self.requests.append(f"{self.command} {self.path}")
        found = re.fullmatch(r"/([\w-]+/[\w-]+)/resolve/([\w.-]+)/(.+)", self.path)
        if found is None:
            return self.answer(404)
        name, revision, file = found.groups()
        if name not in self.repositories:
            return self.answer(404, **{"X-Error-Code": "RepoNotFound"})
        if revision != "main":
            return self.answer(404, **{"X-Error-Code": "RevisionNotFound"})
        if file not in self.repositories[name]:
            return self.answer(404, **{"X-Error-Code": "EntryNotFound"})
        content = self.repositories[name][file]
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        return self.answer(200, content, ETag=etag, **{"X-Repo-Commit": "c" * 40})

    do_HEAD = do_GET

    def do_POST(self):
        self.requests.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/api/repos/create":
            given = json.loads(body)
            return self.answer_json(
                {"url": f"{self.address()}/{given['organization']}/{given['name']}"}
            )
        if self.path == "/api/validate-yaml":
            assert front_matter(json.loads(body)["content"])["license"] == "cc-by-4.0"
            return self.answer_json({"errors": [], "warnings": []})
        name = re.match(r"/api/models/([\w-]+/[\w-]+)/", self.path)[1]
        if "/preupload/" in self.path:  # all files in the commit, none in a large-file storage
            files = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in files]
            return self.answer_json({"files": modes})
        files = self.repositories.setdefault(name, {})
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        url = f"{self.address()}/{name}/commit/{'c' * 40}"
        return self.answer_json({"commitUrl": url, "commitOid": "c" * 40, "success": True})

    def address(self):
        return "http://{}:{}".format(*self.server.server_address)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub on this machine, which huggingface_hub asks instead of the real one."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = "http://{}:{}".format(*server.server_address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        # what HF_ENDPOINT, HF_HUB_CACHE, … set before the first import
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        Hub.repositories.clear()
        Hub.requests.clear()
        yield huggingface_hub.HfApi(endpoint=address, token="hf_test")
        server.shutdown()


@pytest.fixture
def repository(hub, folder):
    """A repository with the files of a folder."""
    Hub.repositories["me/wrist"] = {file.name: file.read_bytes() for file in folder.iterdir()}
    return "me/wrist"


def test_push_and_pull(model, folder, hub):
    hub.create_repo("me/wrist")
    hub.upload_folder(repo_id="me/wrist", folder_path=folder)
    assert Hub.repositories["me/wrist"].keys() == {"README.md", "config.json", "model.safetensors"}
    loaded = from_pretrained("me/wrist")
    X, _ = windows()
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_what_was_downloaded_needs_no_hub(repository):
    with pytest.raises(ConnectionError, match="was not downloaded before"):
        from_pretrained(repository, local_files_only=True)
    from_pretrained(repository, revision="main")
    Hub.requests.clear()
    from_pretrained(repository, local_files_only=True)
    assert Hub.requests == []


def test_a_folder_takes_precedence_and_asks_no_host(repository, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_pretrained(model, "me/wrist")
    from_pretrained("me/wrist")
    assert Hub.requests == []


def test_what_the_hub_lacks_is_said(repository):
    with pytest.raises(FileNotFoundError, match="neither a folder nor a repository 'me/nothing'"):
        from_pretrained("me/nothing")
    with pytest.raises(FileNotFoundError, match="has no revision 'v9'"):
        from_pretrained(repository, revision="v9")
    del Hub.repositories[repository]["model.safetensors"]
    with pytest.raises(FileNotFoundError, match=r"has no model\.safetensors"):
        from_pretrained(repository)
    Hub.repositories["me/other"] = {"config.json": b'{"library_name": "timm"}'}
    with pytest.raises(ValueError, match="library_name is 'timm'"):  # its weights are not fetched
        from_pretrained("me/other")
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        Hub.repositories["me/empty"] = {}
        from_pretrained("me/empty")


def test_no_connection_is_said(hub, monkeypatch):
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConnectionError, match="cannot be downloaded"):
        from_pretrained("me/wrist")


def test_a_card_that_does_not_fit_the_model_is_said(model, tmp_path):
    save_pretrained(model, tmp_path, license="mit")
    (tmp_path / "README.md").write_text("# A card without classes\n")
    summary = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(summary | {"classes": ["other"]}))
    with pytest.warns(UserWarning, match=r"does not mention 'mit' and it was .* other classes"):
        save_pretrained(model, tmp_path, license="mit")
    assert (tmp_path / "README.md").read_text() == "# A card without classes\n"


def test_pointers_in_place_of_weights_are_named(model, tmp_path):
    save_pretrained(model, tmp_path)
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ValueError, match="git lfs pull"):
        from_pretrained(tmp_path)
