"""Training under protocols other than the usual one: folds, the last epoch, and the papers' own ways."""

import json
from pathlib import Path

import pytest
import torch

from ser_core.corpora import get_corpus
from ser_core.errors import SpeechEmotionError
from ser_core.evaluation import load_evaluation
from ser_core.protocols import ChangedCopy, split
from ser_core.training.run import Run
from ser_core.training.trainer import load_parts, train
from tests.ser_core.runs import copy, epochs, log, quiet, small_recipe


def test_a_fold_trains_on_the_others(small_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe("protocol=loso", "fold=2", "training.epochs=1")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, small_data, quiet)
    expected = split(get_corpus("ravdess").scan(small_data).utterances, "loso", fold=2)
    assert set(card.data.test.utterances) == {u.id for u in expected.test}
    assert card.data.test.speakers == ("ravdess/17",)
    assert [(one.protocol, one.n, one.excluded) for one in card.results] == [("loso", len(expected.test), 0)]


def test_keeping_the_last_epoch_trains_on_validation_too(small_data: Path, tmp_path: Path) -> None:
    """Nothing is looked at to choose, so nothing has to be held out for it."""
    recipe = small_recipe("training.choose=last", "training.epochs=3")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, small_data, quiet)
    assert card.epoch == 3
    assert card.validation_ua is None
    assert card.temperature == 1.0
    assert card.data.validation.utterances == {}
    assert "ravdess/17" in card.data.train.speakers
    assert card.results[0].n == len(card.data.test.utterances)
    assert "validation UA" not in log(run)


def test_a_paper_that_chooses_on_the_test_clips(small_data: Path, tmp_path: Path) -> None:
    """Best and last epoch stand side by side in the run, and the card marks what was heard before."""
    recipe = small_recipe("protocol=paper:000", "training.epochs=3", "training.best_by=mean", "seed=1")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, small_data, quiet)
    rows = epochs(run)
    best = max(
        range(3), key=lambda i: (rows[i]["validation_ua"] + rows[i]["validation_wa"], -rows[i]["validation_loss"])
    )
    assert card.epoch == best + 1
    assert card.results[0].seen_included
    assert card.results[0].wa == pytest.approx(rows[best]["validation_wa"], abs=0.34)  # float16, and other segments
    assert card.validation_ua is None
    assert card.data.validation == card.data.test  # what chose the epoch is no longer unseen


def test_changed_copies_sound_changed_and_always_the_same(small_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe("protocol=paper:003", "training.epochs=1", "seed=1")
    parts, _ = load_parts(recipe, small_data, quiet)
    again, _ = load_parts(recipe, small_data, quiet)
    clips = {c.utterance.id: c for part in parts.values() for c in part}
    assert len(clips) == 4 * len(get_corpus("ravdess").scan(small_data).utterances)
    for part, own in parts.items():
        for one, other in zip(own, again[part], strict=True):
            assert torch.equal(one.samples, other.samples)
    copies = [c for c in clips.values() if isinstance(c.utterance, ChangedCopy)]
    assert len({c.digest for c in clips.values()}) == len(clips)
    for one in copies:
        source = clips[one.utterance.original]
        assert one.samples.shape != source.samples.shape or not torch.equal(one.samples, source.samples)
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, small_data, quiet)
    evaluation = load_evaluation(run.evaluation("ravdess"))
    assert {clip.id for clip in evaluation.clips} == set(card.data.test.utterances)
    assert any(clip.id.endswith("+speed") for clip in evaluation.clips)
    stored = json.loads((run.folder / "split.json").read_text())
    assert any("+noise" in name for name in stored["train"])


def test_only_the_clips_that_a_recipe_has_a_label_for_are_split(small_data: Path) -> None:
    """Neutral has too few clips for five folds, and takes no part; so has IEMOCAP's disgust."""
    recipe = small_recipe("protocol=paper:004", "labels=['angry', 'sad']")
    parts, _ = load_parts(recipe, small_data, quiet)
    assert sum(len(clips) for clips in parts.values()) == 16
    assert {len(parts["validation"]), len(parts["test"])} <= {3, 4}
    with pytest.raises(SpeechEmotionError, match="ravdess has no clip of boredom"):
        load_parts(small_recipe("labels=['boredom', 'excited']"), small_data, quiet)


def own_clips(folder: Path, speakers: list[str], emotions: list[str]) -> Path:
    """A folder of one's own: `<emotion>/<speaker>_<n>.ogg`."""
    sounds = {u.id: u.path for u in get_corpus("synthetic").scan(None).utterances}
    for emotion in emotions:
        for speaker in speakers:
            for sentence in (1, 2):
                copy(
                    sounds[f"synthetic/{speaker}_{emotion}_{sentence}"], folder / emotion / f"{speaker}_{sentence}.ogg"
                )
    return folder


@pytest.mark.parametrize(
    ("speakers", "emotions", "says"),
    [
        (["m01"], ["angry", "neutral", "sad"], "speaker"),
        (["m01", "f01", "m02", "f02"], ["angry", "sad"], "neutral"),
        (["m01", "f01", "m02", "f02"], [], "no"),
    ],
)
def test_a_corpus_that_cannot_train_is_refused_before_any_training(
    speakers: list[str], emotions: list[str], says: str, tmp_path: Path
) -> None:
    """One speaker, a class that is missing, no label at all."""
    folder = own_clips(tmp_path / "clips", speakers, emotions)
    folder.mkdir(exist_ok=True)
    recipe = small_recipe(f"corpora=['folder:{folder}?speaker=([^/_]+)_']")
    run = Run.start(recipe, tmp_path / "run")
    with pytest.raises(SpeechEmotionError, match=says):
        train(recipe, run, None, quiet)
    assert not run.begun
    assert run.state()["status"] == "failed"


def test_a_folder_of_ones_own_trains_by_speaker(tmp_path: Path) -> None:
    folder = own_clips(tmp_path / "clips", ["m01", "f01", "m02", "f02"], ["angry", "neutral", "sad"])
    recipe = small_recipe(f"corpora=['folder:{folder}?speaker=([^/_]+)_']", "training.epochs=1")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, None, quiet)
    assert not card.ships
    assert card.results[0].n == len(card.data.test.utterances) == 6
    assert not set(card.data.test.speakers) & card.data.seen_speakers()
