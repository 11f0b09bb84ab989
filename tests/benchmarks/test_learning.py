"""The benchmark's own parts: baselines, turned sensors, results, targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator

from benchmarks.base_weights import BASE, REAL
from benchmarks.learning import claims, results, targets
from benchmarks.learning.baselines.augmented import MOST, Augmented
from benchmarks.learning.baselines.committee import Committee
from benchmarks.learning.baselines.deepconvlstm import DeepConvLSTM
from benchmarks.learning.baselines.limu_bert import FILES, ZERO_GYRO, LimuBertFeatures
from benchmarks.learning.baselines.signals import by_site, from_sites, readings
from benchmarks.learning.baselines.table import SCRATCH, from_scratch, list_baselines
from benchmarks.learning.corpora import CORPORA, UTD_MOUNT, for_training, without_gyro
from benchmarks.learning.encoders import PACKAGED, Encoders
from benchmarks.learning.grid import Grid
from benchmarks.learning.kept import Kept
from benchmarks.learning.mounting import InSiteAxes, Worn, list_turns, turned
from benchmarks.learning.parts import InParts
from benchmarks.learning.published import publish, read_published
from benchmarks.learning.recipes import ABLATIONS, CONE, FINE_TUNING, Recipe, short_hash
from benchmarks.learning.rows import (
    BASELINES,
    DEFAULT,
    FROZEN,
    GENERAL,
    GIVEN,
    GIVEN_WORDS,
    GUIDED,
    INDOMAIN,
    MEASURED,
    TEXT_NAMED,
    TWICE,
    TWO_ENCODERS,
    Row,
)
from benchmarks.learning.task import Task
from benchmarks.learning.watches import SMARTFALLMM_MOUNT, WATCHES
from benchmarks.pool import cut_spread, read_wrist
from benchmarks.real_sets import real_sources
from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.evaluation import Method, Score, few_label_study
from m3n_sklearn.recording import channel_names, to_site_axes
from m3n_sklearn.text import activity_sentences
from tests.wrists import classifier, pretrained, wrist_data


@pytest.fixture
def windows() -> tuple[Windows, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.repeat(["still", "busy"], 12)
    imu = rng.normal(0, 0.2, (24, 6, 64)).astype(np.float32)
    imu[12:] *= 20
    imu[:, 2] += 9.81
    return Windows(imu=imu, rate=50.0, channels=channel_names("right_wrist")), y


def test_readings_survive_the_units_of_the_augmentation(windows):
    imu = readings(windows[0])
    np.testing.assert_allclose(from_sites(by_site(imu)), imu, rtol=1e-6)


def test_augmented_copies_are_capped(windows):
    X, y = windows
    seen = []

    class Counting(DummyClassifier):
        def fit(self, X, y):
            seen.append(len(X))
            return super().fit(X["imu"][:, 0], y)

    Augmented(Counting(), n_copies=2, random_state=0).fit(X, y)
    rows = np.arange(MOST // 2) % 24
    Augmented(Counting(), n_copies=10, random_state=0).fit(X[rows], y[rows])
    assert seen == [3 * 24, MOST]


@pytest.mark.slow
def test_deepconvlstm_learns_what_is_easy_and_repeats_itself(windows):
    X, y = windows
    one, two = (DeepConvLSTM(1, 8, lr=1e-2, random_state=0).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert (one.predict(X) == y).mean() > 0.8


@pytest.mark.parametrize("name", FILES)
def test_limu_bert_embeds_each_site(name, shared_data, windows):
    weights = shared_data(FILES[name])
    features = LimuBertFeatures(weights).fit(windows[0]).transform(windows[0])
    assert features.shape == (24, 72)
    both = windows[0].assign(imu=np.tile(windows[0]["imu"], (1, 2, 1)))
    twice = LimuBertFeatures(weights).fit(both).transform(both)
    np.testing.assert_allclose(twice, np.tile(features, 2), atol=1e-5)


def test_rows_of_encoders_of_others(tmp_path):
    pytest.importorskip("aeon", reason="MiniRocket, one of the baselines, needs aeon")

    def rows(quick, **given):
        listed = list_baselines(tmp_path, 2, quick, "window", None, **given)
        return {each.name: each for each in listed if "LIMU" in each.name}

    assert list(rows(False)) == [f"{name}, frozen" for name in FILES]
    assert list(rows(True)) == ["LIMU-BERT-X, frozen"]
    assert not any(row.flags for row in rows(False).values())
    assert all(row.flags == (ZERO_GYRO,) for row in rows(False, acc_only=True).values())


def test_turned_sensors_keep_lengths(windows):
    X, _ = windows
    for turn in filter(None, list_turns().values()):
        changed = turned(X, np.array(turn))["imu"]
        lengths = np.linalg.norm(changed.reshape(24, 2, 3, -1), axis=2)
        before = np.linalg.norm(X["imu"].reshape(24, 2, 3, -1), axis=2)
        np.testing.assert_allclose(lengths, before, rtol=1e-4, atol=1e-5)


def test_a_fit_is_shared_by_all_turns(windows, tmp_path):
    X, y = windows
    kept = Kept(DeepConvLSTM(1, 1, random_state=0), str(tmp_path))
    for turn in list(list_turns().values())[:3]:
        Worn(kept, turn).fit(X, y).predict(X)
    assert len(list(tmp_path.rglob("output.pkl"))) == 1


def test_a_committee_shares_its_first_member(windows, tmp_path):
    X, y = windows
    single = classifier(max_epochs=1, random_state=3)
    kept = Kept(single, str(tmp_path)).fit(X, y)
    committee = Committee(single, 2, random_state=3, memory=str(tmp_path)).fit(X, y)
    assert len(list(tmp_path.rglob("output.pkl"))) == 2
    first, second = (member.predict_proba(X) for member in committee.members_)
    np.testing.assert_array_equal(first, kept.predict_proba(X))
    assert not np.allclose(first, second)
    np.testing.assert_allclose(committee.predict_proba(X), (first + second) / 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("per_class", "rehearses", "described"),
    [(1, False, False), (1, True, True), (8, False, False), (8, True, True)],
)
def test_the_default_in_parts_is_the_default(per_class, rehearses, described, tmp_path):
    X, y, _ = wrist_data(12)
    rows = np.concatenate([np.flatnonzero(y == c)[:per_class] for c in np.unique(y)])
    given = {"max_epochs": 2, "random_state": 5}
    scratch = classifier(**given)
    default = Multi3NetClassifier(
        FrozenEstimator(pretrained()),
        descriptions={c: f"doing {c}" for c in np.unique(y).tolist()} if described else None,
        rehearsal=wrist_data(12, seed=1)[:2] if rehearses else None,
        **given,
    )
    parts = InParts(default, scratch, str(tmp_path)).fit(X[rows], y[rows])
    whole = default.fit(X[rows], y[rows])
    assert len(parts.members_) == (3 if whole.strategy_ == "ensemble" else 1)
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("rehearses", [False, True])
def test_two_encoders_in_parts_are_the_two_together(rehearses, tmp_path):
    X, y, _ = wrist_data(6)
    both = [FrozenEstimator(pretrained()), FrozenEstimator(pretrained(random_state=1))]
    together = Multi3NetClassifier(
        both,
        descriptions={c: f"doing {c}" for c in np.unique(y).tolist()},
        rehearsal=wrist_data(12, seed=1)[:2] if rehearses else None,
        max_epochs=2,
        random_state=5,
    )
    scratch = classifier(max_epochs=2, random_state=5)
    parts = InParts(together, scratch, str(tmp_path)).fit(X, y)
    assert len(parts.members_) == 5
    np.testing.assert_allclose(
        parts.predict_proba(X), together.fit(X, y).predict_proba(X), atol=1e-5
    )


def test_the_default_in_parts_reads_windows_of_another_rate(windows, tmp_path):
    X, y = windows
    X = Windows(imu=X["imu"], rate=100 / 3, channels=channel_names("right_wrist"))
    scratch = from_scratch(True, "window", "m3n-base").set_params(max_epochs=1)
    default = Multi3NetClassifier("m3n-base", max_epochs=1, random_state=0)
    parts = InParts(default, scratch, str(tmp_path)).fit(X, y)
    assert len(parts.members_) == 3
    np.testing.assert_allclose(
        parts.predict_proba(X), default.fit(X, y).predict_proba(X), atol=1e-5
    )


def test_a_second_encoder_is_another_recipe_of_the_same_pretraining():
    first, second = TWO_ENCODERS.encoders
    assert first == Recipe("in-domain") and second == Recipe(TWO_ENCODERS.beside)
    assert TWO_ENCODERS.pretraining_key == first.pretraining_key != second.pretraining_key


def test_the_augmentation_of_fine_tuning_is_the_default_of_the_classifier(windows):
    X, y = windows
    default, named, other = (
        from_scratch(True, "window", None)
        .set_params(augment=augment, max_epochs=2)
        .fit(X, y)
        .predict_proba(X)
        for augment in ("auto", FINE_TUNING, CONE)
    )
    np.testing.assert_array_equal(default, named)
    assert not np.allclose(default, other)


def test_the_mount_of_simulated_sensors_is_that_of_the_real_ones(shared_data):
    real = load_utd_mhad(shared_data("utd_mhad"), subjects=1, skeletons=False, seconds=None)
    np.testing.assert_array_equal(UTD_MOUNT, real.mount["right_wrist"])


def test_recipes_have_keys_of_their_own():
    keys = {
        Recipe(
            "in-domain", pretrainer=a.pretrainer, unlabeled=a.unlabeled, varied=a.varied
        ).pretraining_key
        for a in ABLATIONS
    }
    pretrained = [a for a in ABLATIONS if a.pretrainer or a.unlabeled or a.varied]
    assert len(keys) == len(pretrained) + 1
    assert short_hash({"a": 1, "b": 2}) == short_hash({"b": 2, "a": 1})


# ---- results and targets


def row(name: str, f1: float, budgets=(1, 4, 8, None)) -> results.Result:
    rng = np.random.default_rng(len(name))
    nothing = np.empty(0, dtype=np.int64)
    return results.Result(
        name,
        [
            Score(name, b, p, d, f1 + 0.001 * rng.random(), nothing, nothing, fit_seconds=1.0)
            for b in budgets
            for p in "abcd"
            for d in range(1 if b is None else 3)
        ],
    )


def test_a_result_averages_its_scores():
    assert row("ours", 0.5).mean(4) == pytest.approx(0.5, abs=1e-3)
    assert not row("ours", 0.5).has(2) and np.isnan(row("ours", 0.5).mean(2))


def test_a_row_is_finished_when_the_store_has_all_of_its_cells(tmp_path, windows):
    X, y = windows
    groups = np.arange(24) % 3
    task = Task("small", "small", X, y, groups, np.arange(24), None, (1, None), {})
    method = Method("most frequent", lambda held_out: DummyClassifier())
    line = Row("baselines", method, {}, n_draws=2)
    grid = Grid(Encoders(tmp_path, tmp_path, quick=True), 2, 1)
    assert grid.result(task, line) is None
    cells = grid.cells(task, line)
    few_label_study([method], X, y, groups, budgets=(1,), n_draws=2, store=cells)
    assert grid.result(task, line) is None
    assert len(grid._score(task, line).scores) == len(grid.result(task, line).scores) == 9
    known = Grid(grid.encoders, 2, 1, {("other", line.key): results.Result("x", [])})
    assert known.result(replace(task, key="other"), line).name == "x"


def test_published_scores_are_taken_up(tmp_path):
    scores = [
        Score("net", 4, "7", 1, 0.125, *np.zeros((2, 0), int), held_out=(7, "x"), flags=("a",)),
        Score("net", None, "8", 0, 1 / 3, *np.zeros((2, 0), int), held_out=(8,)),
    ]
    path = tmp_path / "scores.csv.gz"
    publish(path, [(("utd", "baselines-1"), results.Result("net", scores))])
    before = path.read_bytes()
    found = read_published(path)
    publish(path, found.items())
    assert path.read_bytes() == before and list(found) == [("utd", "baselines-1")]
    back = found["utd", "baselines-1"]
    assert [(s.budget, s.group, s.draw, s.held_out, s.flags) for s in back.scores] == [
        (4, "7", 1, (7, "x"), ("a",)),
        (None, "8", 0, (8,), ()),
    ]
    np.testing.assert_allclose([s.macro_f1 for s in back.scores], [0.125, 1 / 3], atol=1e-5)


def test_bars_say_what_was_met_and_what_was_missed():
    tables = targets.Tables(
        {
            ("utd", BASELINES): {SCRATCH: row(SCRATCH, 0.5), "forest": row("forest", 0.4)},
            ("utd", INDOMAIN): {DEFAULT: row(DEFAULT, 0.57), TWICE: row(TWICE, 0.63)},
            ("utd", GENERAL): {DEFAULT: row(DEFAULT, 0.45)},
            ("utd", TEXT_NAMED): {
                "its own prompts": row("its own prompts", 0.5, (1,)),
                "shuffled prompts, 1": row("shuffled prompts, 1", 0.05, (1,)),
            },
        }
    )
    verdicts = {target.claim: target.met for target in targets.list_targets(tables)}
    start = "utd, indomain, 1 per class: ≥ 12 points ahead of the best baseline"
    assert verdicts[f"{start} ({SCRATCH})"] is False
    start = "utd, indomain, two encoders, 1 per class: ≥ 12 points ahead of the best baseline"
    assert verdicts[f"{start} ({SCRATCH})"] is True
    start = "utd, indomain, 4 per class: ≥ 6 points ahead of the best baseline"
    assert verdicts[f"{start} ({SCRATCH})"] is True
    assert verdicts[f"utd, general, 1 per class: ahead of the best baseline ({SCRATCH})"] is False
    assert verdicts["utd, text-named: macro F1 ≥ 0.45"] is True
    assert verdicts["utd, indomain, 4 per class: pretrained ahead of from scratch"] is True
    assert verdicts["utd, general, 4 per class: pretrained ahead of from scratch"] is False


# ---- watch sets


@pytest.fixture
def archive(tmp_path):
    """Two people, two classes, acc only, 20 s each at 10 Hz; the first second was lost."""
    labels, people = ["rest", "wave"] * 2, [1, 1, 2, 2]
    acc = np.random.default_rng(0).integers(1, 99, (800, 3)).astype(np.int16)
    acc[:10] = 0
    path = tmp_path / "watch.npz"
    np.savez(
        path,
        seg_ptr=np.arange(5) * 200,
        rate_hz=10.0,
        acc_q=acc,
        acc_scale=0.1,
        subject=people,
        label=labels,
    )
    return path


def test_an_archive_becomes_recordings(archive):
    found = read_wrist(archive, "left_wrist", keep=lambda columns: columns["subject"] == 2)
    assert [(one.subject, one.labels[0]) for one in found] == [("2", "rest"), ("2", "wave")]
    np.testing.assert_allclose(found[0].data, np.load(archive)["acc_q"][400:600] * 0.1)
    assert found[0].channels == channel_names("left_wrist", "acc")


def test_windows_are_spread_over_stretches_and_lost_samples_are_left_out(archive):
    recordings = read_wrist(archive, "left_wrist")
    X, y, people, blocks = cut_spread(recordings, 2.0, 3)
    counts = np.unique([f"{a} {b}" for a, b in zip(people, y, strict=True)], return_counts=True)[1]
    assert counts.tolist() == [3] * 4 and (np.abs(X["imu"]).sum(axis=1) > 0).all()
    assert len(set(blocks)) < len(y)  # neighbors share a stretch
    spans = [np.ptp(X["start"][blocks == one]) for one in set(blocks)]
    assert max(spans) < 10
    again = cut_spread(recordings, 2.0, 3)[0]
    np.testing.assert_array_equal(again["start"], X["start"])


@pytest.mark.filterwarnings("ignore:The activity")
def test_no_prompt_is_a_caption():
    for one in WATCHES.values():
        captions = {text.lower() for label in one.prompts for text in activity_sentences(label)}
        asked = [prompt.lower() for prompts in one.prompts.values() for prompt in prompts]
        assert not captions & set(asked) and len(set(asked)) == len(asked)


def test_every_tested_set_of_the_corpus_has_an_encoder_without_it(tmp_path):
    encoders = Encoders(tmp_path, tmp_path, quick=True)
    for one in WATCHES.values():
        key = encoders.unseen(REAL, one.family)
        read = {"wisdm", "dsads", "selfback"} - {one.family}
        assert key in CORPORA
        but = CORPORA[key].sources.keywords["but"]
        assert {source.name for source in real_sources(tmp_path, but)} == read


def test_given_encoders_are_copied_and_known_by_their_content(tmp_path):
    file = tmp_path / "own.safetensors"
    file.write_bytes(b"1")
    packaged = PACKAGED[BASE]
    files = {BASE: packaged, "own": file, "own, without wisdm": packaged}
    encoders = Encoders(tmp_path, tmp_path / "store", True, files)
    assert encoders.unseen("own", "wisdm") == "own, without wisdm"
    assert encoders.unseen("own", "ter") == "own"
    assert encoders.names == [BASE, "own", REAL]
    recipe = Recipe("own")
    encoders.pretrain(recipe, ())
    assert encoders.path(recipe, ()).read_bytes() == b"1"
    before = encoders.path(recipe, ())
    file.write_bytes(b"22")
    assert encoders.path(recipe, ()) != before


def test_simulated_straps_of_every_second_window_are_turned(monkeypatch):
    key = "in-domain, SmartFallMM right"
    monkeypatch.setattr(
        "benchmarks.learning.corpora.CORPORA",
        {key: replace(CORPORA[key], labels=lambda data: {"a": "rest"}, every=1)},
    )
    windows = Windows(
        imu=np.ones((2, 3, 8), dtype=np.float32),
        clip=["x/a", "x/a~mirrored"],
        start=[0.0, 1.0],
        rate=50.0,
        channels=channel_names("right_wrist", "acc"),
    )
    X, y = for_training(key, windows, None)
    assert y.tolist() == ["rest", "rest"]
    assert X["imu"][:, :, 0].tolist() == [[1, 1, 1], [-1, -1, 1]]
    assert X.channels == windows.channels


def test_windows_without_gyroscopes(windows):
    X, _ = windows
    acc = without_gyro(X.assign(text=["a"] * len(X)))
    assert acc.channels == channel_names("right_wrist", "acc") and acc["text"][0] == "a"
    np.testing.assert_array_equal(acc["imu"], X["imu"][:, :3])


def test_a_classifier_reads_the_axes_of_the_site(windows):
    X, y = windows
    seen = []

    class Looking(DummyClassifier):
        def fit(self, X, y):
            seen.append(X["imu"])
            return super().fit(np.zeros((len(y), 1)), y)

    InSiteAxes(Looking(), SMARTFALLMM_MOUNT).fit(X, y)
    np.testing.assert_array_equal(seen[0], to_site_axes(X, SMARTFALLMM_MOUNT)["imu"])
    np.testing.assert_allclose(seen[0][:, 0], X["imu"][:, 1])


def test_claims_take_each_set_once():
    sets = {"wisdm": (0.55, 0.5), "ter": (0.7, 0.5)}
    rows = {}
    for task, (ours, forest) in sets.items():
        rows[task, BASELINES] = {
            SCRATCH: row(SCRATCH, 0.45, (1, 4, 16)),
            "forest": row("forest", forest, (1, 4, 16)),
        }
        rows[task, f"{GIVEN}v9"] = {
            DEFAULT: row(DEFAULT, ours, (1, 4, 16)),
            FROZEN: row(FROZEN, 0.48, (1, 4, 16)),
            GUIDED: row(GUIDED, 0.54, (1, 4, 16)),
            MEASURED: row(MEASURED, 0.5, (1, 4, 16)),
        }
        rows[task, f"{GIVEN_WORDS}v9"] = {
            "its own prompts": row("its own prompts", 0.5, (1,)),
            "shuffled prompts, 1": row("shuffled prompts, 1", 0.1, (1,)),
        }
    # a set without one label alone does not count where words and labels are compared with both
    rows["weda", f"{GIVEN}v9"] = {GUIDED: row(GUIDED, 0.9, (1, 4, 16))}
    rows["weda", f"{GIVEN_WORDS}v9"] = rows["ter", f"{GIVEN_WORDS}v9"]
    lines = list(claims.list_claims(targets.Tables(rows)))
    rival = next(line for line in lines if "best rival, 1 per class" in line)
    assert "+12.5" in rival and "2 sets" in rival and rival.endswith("met")
    guided = next(line for line in lines if line.startswith("guided against the better of words"))
    assert "+4.0" in guided and "1 per class" in guided and guided.endswith("met")
    assert any(line.startswith("zero-shot, mean of 3: 0.50") and "met" in line for line in lines)


def test_intervals_of_means_over_sets():
    found = claims.mean_gap([targets.Gap(0.1, 0.0, 0.2), targets.Gap(0.3, 0.2, 0.4)])
    assert found.mean == pytest.approx(0.2)
    assert found.high - found.mean == pytest.approx(0.1 / np.sqrt(2))
