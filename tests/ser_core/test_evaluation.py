"""A checkpoint on a corpus: nobody is scored on a voice the model has heard, and the work can be stopped."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ser_core.checkpoints import Card
from ser_core.corpora import Utterance, get_corpus
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS
from ser_core.errors import CorpusError, SpeechEmotionError
from ser_core.evaluation import Evaluation, evaluate
from ser_core.evaluation import test_part as part_to_test
from ser_core.evaluation.cross import grid
from ser_core.evaluation.noise import noise_curve
from ser_core.protocols import ChangedCopy, split
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run

Trained = tuple[Run, Card]


@pytest.fixture(scope="module")
def utterances() -> tuple[Utterance, ...]:
    return get_corpus("synthetic").scan(None).utterances


@pytest.fixture(scope="module")
def evaluation(trained: Trained, utterances: tuple[Utterance, ...]) -> Evaluation:
    return evaluate(Recogniser(trained[0].checkpoint), utterances, "synthetic")


def test_trained_speakers_are_counted_and_left_out(
    trained: Trained, utterances: tuple[Utterance, ...], evaluation: Evaluation
) -> None:
    seen = trained[1].data.seen_speakers()
    assert {clip.speaker for clip in evaluation.clips} == set(HELD_OUT_SPEAKERS)
    assert evaluation.excluded == sum(u.speaker in seen for u in utterances) > 0
    assert evaluation.excluded + evaluation.outside + len(evaluation.truth) == len(utterances)
    assert evaluation.outside == sum(u.emotion not in trained[1].labels for u in utterances if u.speaker not in seen)


def test_only_seen_speakers_is_refused_with_the_reason(trained: Trained, utterances: tuple[Utterance, ...]) -> None:
    recogniser = Recogniser(trained[0].checkpoint)
    seen = [u for u in utterances if u.speaker in recogniser.card.data.seen_speakers()]
    with pytest.raises(CorpusError, match="heard every speaker"):
        evaluate(recogniser, seen, "synthetic")
    marked = evaluate(recogniser, seen[:10], "synthetic", include_seen=True)
    assert marked.seen_included
    assert marked.summary()["seen_included"] is True


@pytest.fixture
def renamed(trained: Trained, utterances: tuple[Utterance, ...], tmp_path: Path) -> Path:
    """Clips that the checkpoint learnt from, links to some it was chosen on, and some of its test, by other names."""
    parts = trained[1].data
    for part in (parts.train, parts.validation, parts.test):
        for number, u in enumerate(u for u in utterances if u.id in list(part.utterances)[:12]):
            target = tmp_path / "mine" / u.emotion / f"{part.speakers[0].partition('/')[2]}_{number}{u.path.suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(u.path) if part is parts.validation else shutil.copyfile(u.path, target)
    return tmp_path / "mine"


def test_clips_it_learnt_from_are_left_out_under_another_name(trained: Trained, renamed: Path) -> None:
    corpus = get_corpus(f"folder:{renamed}")
    found = corpus.scan(None).utterances
    recogniser = Recogniser(trained[0].checkpoint)
    result = evaluate(recogniser, found, corpus.name)
    assert (result.learnt, result.excluded, len(result.truth)) == (24, 0, 12)
    assert {clip.id.split("/")[-1].split("_")[0] for clip in result.clips} == {
        trained[1].data.test.speakers[0].partition("/")[2]
    }
    assert not result.seen_included
    kept = evaluate(recogniser, found, corpus.name, include_seen=True)
    assert (kept.learnt, len(kept.truth), kept.seen_included) == (0, 36, True)
    noisy = noise_curve(recogniser, found, corpus.name, snrs_db=(0.0,))
    assert noisy == noise_curve(
        recogniser, [u for u in found if u.id in {c.id for c in result.clips}], "x", snrs_db=(0.0,)
    )
    only = [u for u in found if u.id not in {clip.id for clip in result.clips}]
    with pytest.raises(CorpusError, match="trained or chosen on the very recordings of all 24"):
        evaluate(recogniser, only, corpus.name)


def test_a_copy_of_the_training_corpus_is_no_new_corpus(trained: Trained, renamed: Path) -> None:
    (cell,) = grid([trained[0].checkpoint], [f"folder:{renamed}"], None)
    assert cell.evaluation is not None
    assert cell.as_dict()["learnt"] == 24
    assert not cell.new_corpus


def test_the_card_holds_what_evaluating_the_shipped_file_gives(trained: Trained, evaluation: Evaluation) -> None:
    (stored,) = trained[1].results
    summary = evaluation.summary()
    assert stored.confusion == tuple(tuple(row) for row in summary["confusion"])
    assert (stored.wa, stored.ua, stored.wf1) == (summary["wa"], summary["ua"], summary["wf1"])


def test_other_emotions_and_broken_files_are_counted(
    trained: Trained, utterances: tuple[Utterance, ...], tmp_path: Path
) -> None:
    unseen = [u for u in utterances if u.speaker in HELD_OUT_SPEAKERS and u.emotion in trained[1].labels][:10]
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    changed = [replace(unseen[0], path=broken), replace(unseen[1], emotion="boredom"), *unseen[2:]]
    result = evaluate(Recogniser(trained[0].checkpoint), changed, "synthetic")
    assert (len(result.truth), result.outside, len(result.problems)) == (8, 1, 1)
    assert result.problems[0].utterance == unseen[0].id
    assert [clip.id for clip in result.clips] == [u.id for u in unseen[2:]]


class Enough(SpeechEmotionError):
    """What a page raises when somebody presses stop."""


def test_progress_is_told_every_few_clips(trained: Trained, utterances: tuple[Utterance, ...]) -> None:
    told: list[tuple[str, int, int]] = []
    result = evaluate(
        Recogniser(trained[0].checkpoint), utterances, "synthetic", progress=lambda *one: told.append(one)
    )
    assert {what for what, _, _ in told} == {"recognising synthetic"}
    done = [number for _, number, _ in told]
    assert (done[0], done[-1]) == (0, len(result.truth))
    assert max(np.diff(done)) <= 4


def test_raising_in_progress_stops_at_once(
    trained: Trained, utterances: tuple[Utterance, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    recogniser, calls = Recogniser(trained[0].checkpoint), []
    recognise = recogniser.predict_many
    monkeypatch.setattr(recogniser, "predict_many", lambda clips: calls.append(len(clips)) or recognise(clips))

    def stop(what: str, done: int, total: int) -> None:
        if done:
            raise Enough("Stopped.")

    with pytest.raises(Enough):
        evaluate(recogniser, utterances, "synthetic", progress=stop)
    assert len(calls) == 1


def test_answers_do_not_depend_on_the_batch(trained: Trained, utterances: tuple[Utterance, ...]) -> None:
    recogniser = Recogniser(trained[0].checkpoint)
    few = [u for u in utterances if u.speaker in HELD_OUT_SPEAKERS][:7]
    one, many = (evaluate(recogniser, few, "synthetic", batch=size) for size in (1, 5))
    assert one.clips == many.clips
    np.testing.assert_allclose(one.probabilities, many.probabilities, atol=1e-5)


def test_a_protocol_of_many_folds_tests_on_the_clips_of_all(trained: Trained, small_data: Path) -> None:
    """The checkpoint was trained elsewhere: whatever any fold would hold out is there to test on."""
    ravdess = get_corpus("ravdess").scan(small_data).utterances
    assert part_to_test(trained[1], ravdess, "loso") == ravdess
    assert {u.speaker for u in part_to_test(trained[1], ravdess, "speaker_independent")} == {"ravdess/21"}


def test_the_test_part_of_a_card_finds_changed_copies_again(trained: Trained, small_data: Path) -> None:
    """Under the protocol of paper 003 changed copies of clips have places of their own in the split."""
    ravdess = get_corpus("ravdess").scan(small_data).utterances
    held = split(ravdess, "paper:003").test
    assert any(isinstance(u, ChangedCopy) for u in held)
    part = trained[1].data.test.model_copy(update={"utterances": {u.id: "" for u in held}})
    data = trained[1].data.model_copy(update={"protocol": "paper:003", "test": part})
    assert part_to_test(trained[1].model_copy(update={"data": data}), ravdess, "paper:003") == held


def test_ravdess_speakers_it_was_trained_on_are_left_out(data: Path, trained: Trained, tmp_path: Path) -> None:
    """A card that lists an actor as seen: the actor's clips are left out, the others stay."""
    folder = Path(shutil.copytree(trained[0].checkpoint, tmp_path / "copy"))
    card = json.loads((folder / "card.json").read_text())
    card["data"]["train"]["speakers"].append("ravdess/03")
    (folder / "card.json").write_text(json.dumps(card))
    actors = [u for u in get_corpus("ravdess").scan(data).utterances if u.speaker in ("ravdess/03", "ravdess/04")]
    few = [u for u in actors if u.text == "ravdess/01" and u.id.split("-")[3] == "01"]
    result = evaluate(Recogniser(folder), few, "ravdess")
    assert {clip.speaker for clip in result.clips} == {"ravdess/04"}
    assert result.excluded == sum(u.speaker == "ravdess/03" for u in few)
