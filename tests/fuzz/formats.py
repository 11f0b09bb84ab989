"""The formats: how to write a small valid file of each, and how to read it."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import safetensors.numpy
import scipy.sparse
import torch
from scipy.io import loadmat, savemat

import m3n_sklearn
from m3n_sklearn import Windows, read_table, write_table
from m3n_sklearn._hashing import file_digest
from m3n_sklearn._persistence import _digest
from m3n_sklearn.body import default_body, read_body
from m3n_sklearn.datasets import (
    load_mmfit,
    load_openpack,
    load_sp_sw_har,
    load_utd_mhad,
    make_motions,
    read_openpack_atr,
    read_openpack_seconds,
)
from m3n_sklearn.evaluation import _store as store
from m3n_sklearn.evaluation import load_scores
from m3n_sklearn.motion import (
    read_4dhumans,
    read_amass,
    read_bvh,
    read_gvhmr,
    read_mediapipe,
    read_motion,
    read_smpl,
    read_wham,
)
from m3n_sklearn.motion._mediapipe import standing_landmarks
from m3n_sklearn.pretraining import (
    CorpusSource,
    build_corpus,
    open_corpus,
    save_corpus,
)
from m3n_sklearn.pretraining.corpus import _folder as corpus
from m3n_sklearn.pretraining.corpus import _manifest as manifest
from m3n_sklearn.pretraining.corpus._clips import Plan
from m3n_sklearn.recording import Recording
from m3n_sklearn.simulation import SMPLIMUSimulator
from m3n_sklearn.text import _sentence as text_cache

from ..datasets import test_mmfit as mmfit
from ..datasets import test_openpack as openpack
from ..datasets import test_sp_sw_har as sp_sw_har
from ..datasets import test_utd_mhad as utd_mhad
from ..evaluation.studies import score
from ..motion import test_read_motion as motions
from ..motion import test_smpl as smpl
from ..motion.test_bvh import bvh_text, clip
from ..recording import tables
from .damage import damaged, damaged_tree


class Format(NamedTuple):
    """A format of files.

    `write` fills an empty folder, `read` reads it. One of the `files` (a pattern) is damaged at a
    time: by `damage` if it has digests, which are then made to fit again.
    """

    name: str
    files: str
    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    damage: Callable[[bytes, random.Random], bytes] | None = None


# ---- motions


def standing(frames: int = 12) -> np.ndarray[Any, Any]:
    """Return SMPL poses (F, 72) of a person who stands upright, y up."""
    return np.random.default_rng(0).normal(0, 0.05, (frames, 72))


def write_gvhmr(folder: Path) -> None:
    poses = torch.tensor(standing(), dtype=torch.float32)
    params = {
        "global_orient": poses[:, :3],
        "body_pose": poses[:, 3:66],
        "transl": torch.zeros(len(poses), 3),
        "betas": torch.zeros(len(poses), 10),
    }
    torch.save({"smpl_params_global": params}, folder / "hmr4d_results.pt")


def write_wham(folder: Path, **options: Any) -> None:
    poses = standing()
    person = {
        "pose_world": poses.astype(np.float32),
        "trans_world": np.zeros((len(poses), 3), np.float32),
        "betas": np.zeros((len(poses), 10), np.float32),
        "frame_ids": np.arange(len(poses)),
    }
    joblib.dump({0: person}, folder / "wham_output.pkl", **options)


def write_phalp(folder: Path, **options: Any) -> None:
    smpl = {
        "global_orient": np.diag([1.0, -1.0, -1.0])[None],
        "body_pose": np.tile(np.eye(3), (23, 1, 1)),
        "betas": np.zeros(10),
    }
    frames = {
        f"{n:06d}.jpg": {
            "time": n,
            "shot": 0,
            "tid": [1],
            "tracked_time": [0],
            "smpl": [{key: np.array(value) for key, value in smpl.items()}],
            "camera": [np.zeros(3)],
            "size": [[720, 1280]],
        }
        for n in range(6)
    }
    joblib.dump(frames, folder / "demo_video.pkl", **options)


def write_amass(folder: Path) -> None:
    poses = standing()
    poses[:, 0] += np.pi / 2  # z up
    arrays = {"poses": poses, "trans": np.zeros((len(poses), 3)), "betas": np.zeros(10)}
    np.savez(folder / "clip.npz", **arrays, gender="neutral", mocap_framerate=30.0)


def landmarks() -> np.ndarray[Any, Any]:
    points = np.tile(standing_landmarks(1.7), (10, 1, 1))
    return points + np.random.default_rng(0).normal(0, 0.002, points.shape)


def write_landmarks(folder: Path, kind: str) -> None:
    points, file = landmarks(), folder / f"landmarks.{kind}"
    if kind == "npy":
        np.save(file, points)
    elif kind == "npz":
        np.savez(file, world_landmarks=points, visibility=np.ones(points.shape[:2]))
    elif kind == "csv":
        np.savetxt(file, points.reshape(len(points), -1), delimiter=",", fmt="%.4f")
    else:
        frames = [
            [dict(zip("xyz", mark, strict=True)) for mark in frame] for frame in points.round(3)
        ]
        file.write_text(json.dumps([{"worldLandmarks": frame} for frame in frames]))


def write_hybrik(folder: Path, kind: str) -> None:
    """Write the same parameters as a file of pickles, of NumPy, or of torch before its archives."""
    content, file = smpl.hybrik(), folder / f"result.{kind}"
    if kind == "pkl":
        joblib.dump(content, file, compress=("gzip", 3))
    elif kind == "npy":
        np.save(file, np.array(content, dtype=object), allow_pickle=True)
    elif kind == "npz":
        np.savez_compressed(file, **content)
    else:
        torch.save(smpl.as_tensors(content), file, _use_new_zipfile_serialization=False)


def write_bvh(folder: Path) -> None:
    (folder / "clip.bvh").write_text(bvh_text(*clip(frames=12)))


# ---- bodies, estimators, corpora, studies


def body_arrays() -> dict[str, Any]:
    own = default_body()
    regressor = np.linalg.lstsq(own.vertices.T, own.rest_joints.T, rcond=None)[0].T
    return {
        "v_template": own.vertices,
        "weights": own.weights,
        "kintree_table": np.stack([own.parents, np.arange(24)]),
        "J_regressor": regressor,
        "f": own.faces.astype(np.int64),
        "shapedirs": np.zeros((own.n_vertices, 3, 2)),
    }


def write_body_pickle(folder: Path) -> None:
    arrays = body_arrays()
    arrays["J_regressor"] = scipy.sparse.csc_matrix(arrays["J_regressor"])
    (folder / "model.pkl").write_bytes(pickle.dumps(arrays, 2))


def write_estimator(folder: Path) -> None:
    motions = make_motions(1, 1, ["wave"], random_state=0)
    windows = m3n_sklearn.cut(motions, seconds=2.0, pose_rate=30.0).X
    m3n_sklearn.save(SMPLIMUSimulator().fit(windows), folder / "simulator.safetensors")


def signed_again(content: bytes, rng: random.Random) -> bytes:
    """Damage the JSON or an array of a saved estimator, and sign it again."""
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    tensors = safetensors.numpy.load(content)
    document = metadata["document"]
    if rng.random() < 0.8:
        tree = json.loads(document)
        for _ in range(rng.choice((1, 1, 2))):
            tree = damaged_tree(tree, rng)
        document = json.dumps(tree)
    else:
        document = damaged(document.encode(), rng).decode("utf-8", "replace")
    signed = {**metadata, "document": document, "sha256": _digest(document, tensors)}
    return safetensors.numpy.save(tensors, metadata=signed)


def write_corpus(folder: Path) -> None:
    rng = np.random.default_rng(0)
    texts = [("a person waves", "waving"), "a person walks"] * 2
    windows = Windows(
        imu=rng.normal(size=(4, 6, 20)), rate=50.0, text=texts, clip=np.array(["a", "b", "c", "d"])
    )
    save_corpus(windows, folder / "corpus")


def facts_again(content: bytes, rng: random.Random) -> bytes:
    """Damage the facts of a corpus, and sign them again."""
    meta = json.loads(content)
    del meta["sha256"]
    meta = damaged_tree(meta, rng)
    if isinstance(meta, dict):
        meta["sha256"] = corpus._meta_digest(json.loads(json.dumps(meta)))
    return json.dumps(meta).encode()


def open_signed(folder: Path) -> Any:
    """Open a corpus whose digests were made to fit its files."""
    place = folder / "corpus"
    meta = json.loads((place / corpus.META).read_text())
    meta["files"] = {name: file_digest(place / name) for name in meta["files"]}
    del meta["sha256"]
    (place / corpus.META).write_text(json.dumps({**meta, "sha256": corpus._meta_digest(meta)}))
    return columns(folder)


def columns(folder: Path) -> Any:
    """Open a corpus and read its columns, which are memory maps."""
    windows = open_corpus(folder / "corpus")
    return {name: np.array(windows[name]) for name in windows.columns}


def write_manifest(folder: Path) -> None:
    build_corpus(source(), folder / "corpus")


def source() -> CorpusSource:
    return CorpusSource("made", "BSD-3-Clause", make_motions(1, 1, ["wave"], random_state=0))


def read_manifest(folder: Path) -> Any:
    expected = manifest.read_manifest(folder / "corpus")
    with manifest.reading_manifest(folder / "corpus"):
        manifest.check_sources(expected, [source()])
        return Plan.of(expected["parameters"])


def write_cells(folder: Path) -> None:
    for number, budget in enumerate((1, 2, 0.5)):
        one = score(budget=budget, classes=np.array([0, 1]), held_out=(1,))
        content = {"format": store.FORMAT, "needs_labels": True, "scores": [store._to_json(one)]}
        signed = {**content, "sha256": store._digest(content)}
        (folder / f"ours-{number}.json").write_text(json.dumps(signed))


def cell_again(content: bytes, rng: random.Random) -> bytes:
    """Damage a cell of a study, and sign it again."""
    cell = json.loads(content)
    del cell["sha256"]
    cell = damaged_tree(cell, rng)
    if isinstance(cell, dict):
        cell["sha256"] = store._digest(cell)
    return json.dumps(cell).encode()


def read_vectors(folder: Path) -> Any:
    """Read a cache; where it is damaged it is empty, and written again."""
    if not (vectors := text_cache._read_vectors(folder / "cache.npz")):
        raise ValueError("cache.npz is not used")
    return vectors


def write_vectors(folder: Path) -> None:
    vectors = {word: np.full(4, n, np.float32) for n, word in enumerate(("a", "b", "c"))}
    text_cache._write_vectors(folder / "cache.npz", vectors)


# ---- tables


def write_logger(folder: Path) -> None:
    _, table = tables.frame(0)
    stamps = 1_767_225_600_000 + 20 * np.arange(len(table))
    table.assign(timestamp=stamps)[:300].to_csv(folder / "watch.csv", index=False)


def write_own_table(folder: Path, ending: str) -> None:
    _, table = tables.frame(0)
    channels = table[[*tables.ACC, *tables.GYRO]][:300]
    labels = table["activity"].to_list()[:300]
    one = Recording(channels, 50.0, labels=labels, subject="anna", name="walk")
    write_table(one, folder / f"all{ending}")


def write_intervals(folder: Path) -> None:
    write_logger(folder)
    rows = "start,end,label\n1767225600,1767225603,sit\n1767225603,1767225605,walk\n"
    (folder / "intervals.csv").write_text(rows)


def read_intervals(folder: Path) -> Any:
    intervals = folder / "intervals.csv"
    return list(read_table(folder / "watch.csv", label=intervals, verbose=False))


# ---- data sets


def write_openpack(folder: Path) -> None:
    openpack.write_session(folder / "v1.0.0", seconds=20)


def write_sp_sw_har(folder: Path) -> None:
    sp_sw_har.write_csv(folder, "s01_01", *sp_sw_har.execution(300))


def write_sp_sw_har_archive(folder: Path) -> None:
    sp_sw_har.write_archive(folder, ["s01_01", "s02_01"], [sp_sw_har.execution(300)] * 2)


def write_mmfit(folder: Path) -> None:
    short = {
        f"{device}_{kind}": mmfit.sensor(seconds=12, rate=50.0)
        for device in ("sw_l", "sw_r")
        for kind in ("acc", "gyr")
    }
    poses = mmfit.poses(first=30, count=90)
    mmfit.write_workout(folder / "mm-fit", sets=[(40, 100, 3, "squats")], pose=poses, **short)


def write_utd(folder: Path, compressed: bool = False) -> None:
    utd_mhad.write_clip(folder, "a1_s1_t1", 40, 16)
    for part, name in (("Inertial", "d_iner"), ("Skeleton", "d_skel")):
        file = next((folder / part).iterdir())
        savemat(file, {name: loadmat(file)[name]}, do_compression=compressed)


ATR = "v1.0.0/U0101/atr/atr01/S0100.csv"
SECONDS = "v1.0.0/U0101/annotation/openpack-operations-1hz/S0100.csv"

FORMATS: tuple[Format, ...] = (
    Format("bvh", "*.bvh", write_bvh, lambda f: read_bvh(f / "clip.bvh")),
    Format("amass", "*.npz", write_amass, lambda f: read_amass(f / "clip.npz")),
    Format("gvhmr", "*.pt", write_gvhmr, lambda f: read_gvhmr(f / "hmr4d_results.pt", rate=30.0)),
    Format("wham", "*.pkl", write_wham, lambda f: read_wham(f / "wham_output.pkl", rate=30.0)),
    Format(
        "wham-zlib",
        "*.pkl",
        partial(write_wham, compress=3),
        lambda f: read_wham(f / "wham_output.pkl", rate=30.0),
    ),
    Format(
        "4dhumans", "*.pkl", write_phalp, lambda f: read_4dhumans(f / "demo_video.pkl", rate=30.0)
    ),
    *(
        Format(
            f"smpl-{kind}",
            f"*.{kind}",
            partial(write_hybrik, kind=kind),
            lambda f, kind=kind: read_smpl(f / f"result.{kind}", rate=30.0),
        )
        for kind in ("pkl", "npy", "npz", "pt")
    ),
    *(
        Format(
            f"motion-{name}",
            "*",
            lambda f, write=write, ending=ending: write(f / f"clip{ending}"),
            lambda f, ending=ending, options=options: read_motion(f / f"clip{ending}", **options),
        )
        for name, (write, ending, _, options) in motions.FORMATS.items()
    ),
    *(
        Format(
            f"mediapipe-{kind}",
            f"*.{kind}",
            partial(write_landmarks, kind=kind),
            lambda f, kind=kind: read_mediapipe(f / f"landmarks.{kind}", rate=30.0),
        )
        for kind in ("npy", "npz", "csv", "json")
    ),
    Format(
        "body-npz",
        "*.npz",
        lambda f: np.savez_compressed(f / "model.npz", **body_arrays()),
        lambda f: read_body(f / "model.npz"),
    ),
    Format("body-pickle", "*.pkl", write_body_pickle, lambda f: read_body(f / "model.pkl")),
    Format(
        "estimator",
        "*.safetensors",
        write_estimator,
        lambda f: m3n_sklearn.load(f / "simulator.safetensors"),
    ),
    Format(
        "estimator-signed",
        "*.safetensors",
        write_estimator,
        lambda f: m3n_sklearn.load(f / "simulator.safetensors"),
        signed_again,
    ),
    Format("corpus", "corpus/*", write_corpus, columns),
    Format("corpus-facts", "corpus/meta.json", write_corpus, columns, facts_again),
    Format("corpus-signed", "corpus/*.npy", write_corpus, open_signed),
    Format("manifest", "corpus/manifest.json", write_manifest, read_manifest),
    Format("study", "*.json", write_cells, load_scores),
    Format("study-signed", "*.json", write_cells, load_scores, cell_again),
    Format("text-cache", "*.npz", write_vectors, read_vectors),
    Format(
        "table",
        "*.csv",
        write_logger,
        lambda f: list(read_table(f / "watch.csv", verbose=False)),
    ),
    Format("table-intervals", "intervals.csv", write_intervals, read_intervals),
    *(
        Format(
            f"table-own{ending}",
            "*",
            partial(write_own_table, ending=ending),
            lambda f, ending=ending: list(read_table(f / f"all{ending}", verbose=False)),
        )
        for ending in (".csv", ".csv.gz", ".parquet", ".feather")
    ),
    Format("openpack", "v1.0.0/**/*.csv", write_openpack, load_openpack),
    Format("openpack-atr", ATR, write_openpack, lambda f: read_openpack_atr(f / ATR)),
    Format(
        "openpack-labels", SECONDS, write_openpack, lambda f: read_openpack_seconds(f / SECONDS)
    ),
    Format("sp_sw_har", "DATA/*/*.csv", write_sp_sw_har, load_sp_sw_har),
    Format("sp_sw_har-npz", "*.npz", write_sp_sw_har_archive, load_sp_sw_har),
    Format("mmfit", "mm-fit/w00/*", write_mmfit, load_mmfit),
    Format("utd_mhad", "*/*.mat", write_utd, load_utd_mhad),
    Format("utd_mhad-zlib", "*/*.mat", partial(write_utd, compressed=True), load_utd_mhad),
)
