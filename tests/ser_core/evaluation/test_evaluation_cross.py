"""Each cell: unseen speakers, the emotions both know, and the reason where it is empty."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import load
from ser_core.checkpoints import Card
from ser_core.corpora import get_corpus
from ser_core.errors import CheckpointError, CorpusError
from ser_core.evaluation import restricted
from ser_core.evaluation.cross import columns, fill, grid
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from tests.ser_core.evaluation.made import made
from tests.ser_core.runs import RAVDESS

Trained = tuple[Run, Card]


def without(data: Path, pattern: str) -> Path:
    """The data folder without some clips."""
    for path in data.glob(pattern):
        path.unlink()
    return data


def test_the_choice_is_cut_down_to_some_labels() -> None:
    whole = made([0, 1, 3, 3], [0, 3, 3, 1])
    cut = restricted(whole, ("sad", "angry"))
    assert cut.labels == ("angry", "sad")
    assert [clip.id for clip in cut.clips] == ["demo/000", "demo/002", "demo/003"]
    assert cut.truth.tolist() == [0, 1, 1]
    assert cut.predicted.tolist() == [0, 1, 0]  # the last was heard as happy: between equals the first label
    assert cut.probabilities.sum(1) == pytest.approx(1.0)
    assert cut.probabilities[0] == pytest.approx([0.7 / 0.8, 0.1 / 0.8])
    assert cut.outside == whole.outside + 1


def test_cut_down_where_nothing_is_left_of_the_probabilities() -> None:
    certain = made([0, 1], [2, 2])
    certain.probabilities[:] = [0, 0, 1, 0]
    assert restricted(certain, ("angry", "happy")).probabilities.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_trained_here_and_tested_there(small_run: Trained, trained: Trained, small_data: Path) -> None:
    told: set[str] = set()
    cells = grid(
        [small_run[0].checkpoint, trained[0].checkpoint], ["ravdess", "emodb", "savee"], small_data,
        lambda what, done, total: told.add(what),
    )  # fmt: skip
    own, other, absent = cells[:3]
    assert [(cell.corpus, cell.language, cell.new_corpus, cell.new_language) for cell in cells[:3]] == [
        ("ravdess", "en", False, False),
        ("emodb", "de", True, True),
        ("savee", "en", True, False),
    ]
    assert own.evaluation
    assert other.evaluation
    assert {clip.speaker for clip in own.evaluation.clips} == {"ravdess/21"}  # the only voice it has not heard
    assert len({clip.speaker for clip in other.evaluation.clips}) == 4
    assert (absent.evaluation, absent.reason) == (None, "the corpus is not here: see --data or SER_DATA")
    assert all(cell.new_corpus for cell in cells[3:])
    values = other.as_dict()
    assert (values["n"], values["chance"], values["reason"]) == (20, pytest.approx(1 / 3), "")
    assert values["ua"] == other.evaluation.scores().ua
    assert "ua" not in absent.as_dict()
    assert "small on emodb" in told


def test_only_the_common_emotions_are_to_choose_from(small_run: Trained, own_data: Path) -> None:
    """No neutral clip in EmoDB: an answer is the likelier of the other two."""
    without(own_data, "emodb/wav/*N*")
    (cell,) = grid([small_run[0].checkpoint], ["emodb"], own_data)
    assert cell.evaluation
    assert cell.evaluation.labels == ("angry", "sad")
    recogniser = Recogniser(small_run[0].checkpoint)
    utterances = get_corpus("emodb").scan(own_data).utterances
    logits = np.array([answer.logits for answer in recogniser.predict_many([load(u.path) for u in utterances])])
    places = [recogniser.labels.index(name) for name in cell.evaluation.labels]
    assert [clip.id for clip in cell.evaluation.clips] == [u.id for u in utterances]
    assert cell.evaluation.predicted.tolist() == logits[:, places].argmax(1).tolist()


def test_why_a_cell_is_empty(small_run: Trained, own_data: Path) -> None:
    recogniser = Recogniser(small_run[0].checkpoint)
    (column,) = columns(["emodb"], own_data)
    angry = tuple(u for u in column.utterances if u.emotion == "angry")
    one = fill(recogniser, replace(column, utterances=angry))
    assert (one.evaluation, one.reason) == (None, "only one emotion in common (angry), so there is nothing to choose")
    bored = tuple(replace(u, emotion="boredom") for u in angry)
    assert fill(recogniser, replace(column, utterances=bored)).reason == "no emotion in common"
    broken = tuple(replace(u, path=own_data / "nowhere.wav") for u in column.utterances)
    assert "no readable clip" in fill(recogniser, replace(column, utterances=broken)).reason
    last = list(RAVDESS)[-1]
    shutil.rmtree(own_data / "ravdess" / f"Actor_{last}")
    (heard,) = grid([small_run[0].checkpoint], ["ravdess"], own_data)
    assert (heard.evaluation, heard.reason) == (None, "every speaker of it was heard in training or validation")


def test_languages_of_one_corpus_stand_apart(
    small_run: Trained, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corpus of two languages, one of them that of the training."""
    emodb = get_corpus("emodb")
    scan = emodb.scan(own_data)
    mixed = tuple(replace(u, language="en" if "a01" in u.id else "de") for u in scan.utterances)
    monkeypatch.setattr(type(emodb), "scan", lambda self, data: replace(scan, utterances=mixed))
    german, english = columns(["emodb"], own_data)
    assert (german.language, english.language) == ("de", "en")
    assert len(german.utterances) + len(english.utterances) == len(mixed)
    recogniser = Recogniser(small_run[0].checkpoint)
    assert fill(recogniser, german).new_language
    assert not fill(recogniser, english).new_language


def test_names_that_do_not_exist(small_run: Trained, small_data: Path) -> None:
    with pytest.raises(CorpusError, match="atlantis"):
        grid([small_run[0].checkpoint], ["atlantis"], small_data)
    with pytest.raises(CheckpointError, match="no-such"):
        grid(["no-such"], ["emodb"], small_data)
