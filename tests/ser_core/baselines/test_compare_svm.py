"""The baseline under the protocols of every system, with features that need no other software."""

import shlex
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_core.audio import Waveform, load
from ser_core.baselines.compare_svm import Features, fit, fit_predict, labels_of
from ser_core.baselines.under import corpus_baseline, recipe_baseline
from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import CorpusError, ProtocolError
from ser_core.evaluation import load_evaluation, save_evaluation
from ser_core.protocols import Split, folds, split
from tests.ser_core.runs import LABELS, copy, quiet, small_recipe


def bands(waveform: Waveform) -> np.ndarray:
    """Log energy in 24 bands, mean and deviation over time, shape = (48,)."""
    frames = waveform.samples[: len(waveform.samples) // 400 * 400].reshape(-1, 400)
    power = np.abs(np.fft.rfft(frames * np.hanning(400)))[:, 1:193] ** 2
    energy = np.log(power.reshape(len(frames), 24, 8).sum(2) + 1e-8)
    return np.concatenate([energy.mean(0), energy.std(0)])


@pytest.fixture
def features() -> Features:
    return Features(bands)


@pytest.fixture
def ravdess(small_data: Path) -> tuple[Utterance, ...]:
    return get_corpus("ravdess").scan(small_data).utterances


def test_every_fold_is_what_scikit_learn_answers(ravdess: tuple[Utterance, ...], features: Features) -> None:
    """Four voices, each answered for by a machine on the other three."""
    every = folds(ravdess, "loso")
    result = fit_predict(every, features, "ravdess", "loso")
    assert result.labels == ("angry", "neutral", "sad")
    answers = {clip.id: result.labels[i] for clip, i in zip(result.clips, result.predicted, strict=True)}
    assert set(answers) == {u.id for u in ravdess}
    for speaker in {u.speaker for u in ravdess}:
        train, test = ([u for u in ravdess if (u.speaker == speaker) == held] for held in (False, True))
        machine = make_pipeline(StandardScaler(), SVC(C=10, class_weight="balanced"))
        machine.fit([bands(load(u.path)) for u in train], [u.emotion for u in train])
        values = machine.decision_function([bands(load(u.path)) for u in test])
        assert [answers[u.id] for u in test] == machine.classes_[values.argmax(1)].tolist()
    assert [group.n for group in result.by("fold")] == [5] * 4
    assert {clip.fold for clip in result.clips} == {one.fold for one in every}
    assert not result.seen_included
    assert result.excluded == 0


def test_a_single_split_has_no_folds(ravdess: tuple[Utterance, ...], features: Features) -> None:
    result = fit_predict(split(ravdess, "speaker_independent"), features, "ravdess", "speaker_independent")
    assert {clip.speaker for clip in result.clips} == {"ravdess/21"}
    assert result.report().folds is None
    assert result.report().calibration == ()  # its probabilities only rank


def test_it_learns_from_the_validation_part_too(ravdess: tuple[Utterance, ...], features: Features) -> None:
    one = split(ravdess, "speaker_independent")
    machine = fit(one.train + one.validation, features)
    moved = Split(one.train + one.validation, (), one.test)
    both = [fit_predict(which, features, "ravdess", "x").probabilities for which in (one, moved)]
    np.testing.assert_array_equal(*both)
    assert machine.seen == {u.speaker for u in one.train + one.validation}


def test_speakers_it_has_heard_are_left_out_and_counted(ravdess: tuple[Utterance, ...], features: Features) -> None:
    machine = fit([u for u in ravdess if u.speaker != "ravdess/21"], features)
    result = machine.evaluate(ravdess, "ravdess")
    assert {clip.speaker for clip in result.clips} == {"ravdess/21"}
    assert (len(result.truth), result.excluded) == (5, 15)
    marked = machine.evaluate(ravdess, "ravdess", include_seen=True)
    assert marked.seen_included
    with pytest.raises(CorpusError, match="left to test on"):
        machine.evaluate([u for u in ravdess if u.speaker in machine.seen], "ravdess")


def test_a_protocol_with_speakers_on_both_sides_is_marked(features: Features) -> None:
    synthetic = [u for u in get_corpus("synthetic").scan(None).utterances if u.speaker[-2:] in ("01", "02")]
    assert fit_predict(split(synthetic, "random"), features, "synthetic", "random").seen_included


def test_emotions_are_merged_and_others_left_out(ravdess: tuple[Utterance, ...], features: Features) -> None:
    calm = [replace(u, emotion="calm") if u.emotion == "neutral" and u.speaker == "ravdess/21" else u for u in ravdess]
    merged = fit_predict(
        split(calm, "speaker_independent"), features, "ravdess", "x", ("angry", "neutral"), {"calm": "neutral"}
    )
    assert merged.labels == ("angry", "neutral")
    assert Counter(merged.truth.tolist()) == {0: 2, 1: 1}
    assert merged.outside == 2
    assert labels_of(calm, {}) == ("angry", "neutral", "sad", "calm")


def test_two_emotions(ravdess: tuple[Utterance, ...], features: Features) -> None:
    """scikit-learn gives one column there; the sides must not be swapped."""
    machine = fit(ravdess, features, ("angry", "sad"))
    own = [u for u in ravdess if u.emotion in ("angry", "sad")]
    heard = [machine.labels[i] for i in machine.decide(own).argmax(1)]
    assert heard == [machine.labels[i] for i in machine.machine.predict(features.table(own))]
    assert set(heard) == {"angry", "sad"}


def test_an_emotion_that_a_fold_never_trained_on_is_never_answered(
    ravdess: tuple[Utterance, ...], features: Features
) -> None:
    machine = fit([u for u in ravdess if u.emotion != "neutral"], features, LABELS)
    features.prepare(ravdess, quiet)
    values = machine.decide(ravdess)
    assert np.isneginf(values[:, LABELS.index("neutral")]).all()
    one = split([u for u in ravdess if u.emotion != "neutral" or u.speaker == "ravdess/21"], "speaker_independent")
    result = fit_predict(one, features, "ravdess", "x", LABELS)
    assert result.probabilities[:, 1].tolist() == [0.0] * 5
    assert result.emotions()[1].recall == 0.0


def test_one_emotion_is_nothing_to_learn(ravdess: tuple[Utterance, ...], features: Features) -> None:
    with pytest.raises(CorpusError, match="fewer than two emotions"):
        fit([u for u in ravdess if u.emotion == "sad"], features)
    with pytest.raises(CorpusError, match="no fold"):
        fit_predict([], features, "ravdess", "loso")


def test_a_clip_is_computed_once_and_a_broken_one_is_reported(own_data: Path) -> None:
    calls: Counter[str] = Counter()

    def counted(waveform: Waveform) -> np.ndarray:
        calls[waveform.digest] += 1
        return bands(waveform)

    broken = next((own_data / "ravdess" / "Actor_02").glob("*.ogg"))
    broken.write_bytes(b"nothing")
    utterances = get_corpus("ravdess").scan(own_data).utterances
    result = fit_predict(folds(utterances, "loso"), Features(counted), "ravdess", "loso")
    assert len(result.truth) == 19
    assert set(calls.values()) == {1}
    assert [problem.utterance for problem in result.problems] == [f"ravdess/{broken.stem}"]


def test_it_is_stored_like_every_evaluation(small_data: Path, features: Features, tmp_path: Path) -> None:
    result = corpus_baseline("emodb", "loso", 0, features, small_data)
    assert result.command == "python -m ser_core baseline --corpus emodb --protocol loso"
    save_evaluation(tmp_path, result)
    again = load_evaluation(tmp_path)
    assert again.report() == result.report()
    assert again.checkpoint == "compare-svm"
    assert "only rank" in again.note


def test_the_command_of_an_own_corpus_is_one_that_a_shell_takes(
    small_data: Path, features: Features, tmp_path: Path
) -> None:
    for u in get_corpus("ravdess").scan(small_data).utterances:
        copy(u.path, tmp_path / "my own" / u.emotion / f"s{u.speaker[-2:]}_{u.path.name}")
    corpus = rf"folder:{tmp_path / 'my own'}?speaker=([a-z]\d+)_&language=en"
    result = corpus_baseline(corpus, "loso", 0, features, None)
    assert result.by("speaker")[0].n == 5
    command = ["python", "-m", "ser_core", "baseline", "--corpus", corpus, "--protocol", "loso"]
    assert shlex.split(result.command) == command
    save_evaluation(tmp_path / "stored", result)
    command[5] = r"folder:my own?speaker=([a-z]\d+)_&language=en"
    assert shlex.split(load_evaluation(tmp_path / "stored").command) == command


def test_a_protocol_that_the_corpus_does_not_allow(small_data: Path, features: Features) -> None:
    with pytest.raises(ProtocolError, match="by_moonlight"):
        corpus_baseline("ravdess", "by_moonlight", 0, features, small_data)
    with pytest.raises(CorpusError, match="savee"):
        corpus_baseline("savee", "loso", 0, features, small_data)


def test_where_a_recipe_stands(small_data: Path, features: Features) -> None:
    """Trained on one corpus, tested on its test speaker and on all of another corpus."""
    own, other = recipe_baseline(small_recipe("test_on=['emodb']"), features, small_data)
    assert ({clip.speaker for clip in own.clips}, own.protocol) == ({"ravdess/21"}, "speaker_independent")
    assert (len(other.truth), other.protocol, other.corpus) == (20, "all", "emodb")
    assert own.labels == other.labels == LABELS
