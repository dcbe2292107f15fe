"""A stored evaluation is read back as it was, without audio, and what is damaged is refused in one sentence."""

import csv
import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from ser_core.checkpoints import Measured
from ser_core.errors import EvaluationError
from ser_core.evaluation import (
    Clip,
    Evaluation,
    NoisePoint,
    Unreadable,
    compare,
    load_evaluation,
    pooled,
    save_evaluation,
)
from tests.ser_core.evaluation.made import LABELS, drawn, made


@pytest.fixture(scope="module")
def whole() -> Evaluation:
    """Two folds, a noise curve, and a clip that could not be read."""
    first, second = drawn(1, 60), drawn(2, 60)
    second = replace(second, clips=tuple(replace(clip, id=f"{clip.id}b") for clip in second.clips))
    return replace(
        pooled([first, second], ["one, with a comma", 'two "quoted"']),
        problems=(Unreadable(utterance="demo/broken", reason="This clip is silent: record again."),),
        noise=(NoisePoint(snr_db=0, wa=0.3, ua=0.25, interval=(0.2, 0.3)),),
        note="made by hand",
        weights="0123456789abcdef",
    )


@pytest.fixture(scope="module")
def stored_once(whole: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    save_evaluation(folder, whole)
    return folder


@pytest.fixture
def folder(stored_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(stored_once, tmp_path / "stored"))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_is_read_back_as_it_was(whole: Evaluation, folder: Path) -> None:
    again = load_evaluation(folder)
    assert again.clips == whole.clips
    assert (again.truth == whole.truth).all()
    assert (again.probabilities == whole.probabilities).all()  # to the last bit
    assert again.report() == whole.report()
    for name in ("checkpoint", "corpus", "protocol", "labels", "excluded", "outside", "problems", "temperature",
                 "command", "note", "noise", "seen_included", "weights"):  # fmt: skip
        assert getattr(again, name) == getattr(whole, name)


def test_the_figures_follow_from_the_stored_predictions(folder: Path) -> None:
    again = load_evaluation(folder)
    assert replace(again, stored=None).report() == again.stored


def test_the_stored_figures_equal_scikit_learn(folder: Path) -> None:
    stored, table = json.loads((folder / "evaluation.json").read_text()), rows(folder)
    truth, predicted = [row["truth"] for row in table], [row["predicted"] for row in table]
    assert stored["n"] == len(table) == 120
    assert stored["wa"] == pytest.approx(np.mean([t == p for t, p in zip(truth, predicted, strict=True)]))
    assert stored["ua"] == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert stored["wf1"] == pytest.approx(f1_score(truth, predicted, average="weighted"))
    assert stored["confusion"] == confusion_matrix(truth, predicted, labels=list(LABELS)).tolist()
    theirs = np.array(precision_recall_fscore_support(truth, predicted, labels=list(LABELS)))
    with (folder / "figures.csv").open(encoding="utf-8", newline="") as file:
        figures = list(csv.DictReader(file))
    assert [row["emotion"] for row in figures] == list(LABELS)
    for row, column in zip(figures, theirs.T, strict=True):
        assert [float(row[name]) for name in ("precision", "recall", "f1", "support")] == pytest.approx(column)


def test_a_row_says_who_spoke_and_how_sure_the_answer_is(whole: Evaluation, folder: Path) -> None:
    row = rows(folder)[0]
    assert (row["utterance"], row["speaker"], row["sex"], row["language"]) == ("demo/000", "demo/0", "female", "en")
    assert row["fold"] == "one, with a comma"
    assert [float(row[f"p_{label}"]) for label in LABELS] == whole.probabilities[0].tolist()


def test_without_a_digest_of_the_weights_none_is_stored(tmp_path: Path) -> None:
    """Nor are folders without one changed where they are written again."""
    save_evaluation(tmp_path, made([0, 0, 1], [0, 0, 0]))
    first = (tmp_path / "evaluation.json").read_bytes()
    assert b"weights" not in first
    save_evaluation(tmp_path, load_evaluation(tmp_path))
    assert (tmp_path / "evaluation.json").read_bytes() == first


def test_an_undefined_figure_stays_undefined(tmp_path: Path) -> None:
    save_evaluation(tmp_path, made([0, 0, 1], [0, 0, 0]))
    assert json.loads((tmp_path / "evaluation.json").read_text())["emotions"][1]["precision"] is None
    assert load_evaluation(tmp_path).emotions()[2].f1 is None


def test_saving_again_replaces_what_was_there(folder: Path) -> None:
    save_evaluation(folder, made([0, 1], [0, 1]))
    assert len(load_evaluation(folder).truth) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.json", "figures.csv", "predictions.csv"]


def test_a_folder_that_was_not_finished_is_no_evaluation(
    whole: Evaluation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while an earlier evaluation was being replaced: never new predictions beside old figures."""

    def full(path: Path, content: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ser_core.evaluation.store.write_text", full)
    with pytest.raises(OSError, match="No space"):
        save_evaluation(folder, whole)
    with pytest.raises(EvaluationError, match="There is no evaluation"):
        load_evaluation(folder)


def test_two_stored_evaluations_are_compared_without_audio(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        save_evaluation(tmp_path / name, drawn(seed))
    assert compare(load_evaluation(tmp_path / "a"), load_evaluation(tmp_path / "b")) == compare(drawn(1), drawn(2))


def test_of_one_speaker_no_interval_is_stored_nor_read(tmp_path: Path) -> None:
    """Earlier versions stored one."""
    alone = made([0, 1, 0, 1], [0, 1, 1, 1], ["demo/a"] * 4)
    save_evaluation(tmp_path, alone)
    path = tmp_path / "evaluation.json"
    now = path.read_bytes()
    values = json.loads(now)
    assert values["intervals"] == {}
    path.write_text(json.dumps(values | {"intervals": alone.bootstrapped()}))
    again = load_evaluation(tmp_path)
    assert (again.intervals(), again.report().intervals) == ({}, {})
    assert again.summary() == alone.summary()
    save_evaluation(tmp_path, again)
    assert path.read_bytes() == now


def test_pooled_folds_stored_without_a_calibration_are_read(folder: Path) -> None:
    """As earlier versions stored those of several temperatures."""
    values = json.loads((folder / "evaluation.json").read_text())
    (folder / "evaluation.json").write_text(json.dumps(values | {"temperature": None, "calibration": []}))
    again = load_evaluation(folder)
    assert (again.temperature, again.report().calibration) == (None, ())


@pytest.mark.parametrize("place", ["clips?language=en", "my clips?speaker=([a-z]\\d+)_&language=en", "mum's clips"])
def test_no_path_of_this_machine_is_stored(whole: Evaluation, tmp_path: Path, place: str) -> None:
    corpus = f"folder:/home/me/private/{place}"
    own = replace(whole, corpus=corpus, command=Measured.command_for("x", corpus, "all", False))
    save_evaluation(tmp_path / "stored", own)
    for path in (tmp_path / "stored").iterdir():
        content = path.read_text()
        assert "/home" not in content
        assert str(tmp_path) not in content
    again = load_evaluation(tmp_path / "stored")
    assert again.corpus == f"folder:{place}"
    assert shlex.split(again.command)[-1] == again.corpus


@pytest.mark.parametrize("name", ["/home/me/a.wav", "C:\\clips\\a.wav", "~/a.wav", ""])
def test_a_path_instead_of_an_id_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="not by a path"):
        save_evaluation(tmp_path / "stored", replace(made([0], [0]), clips=(Clip(name, "demo/a", "female", "en"),)))
    assert not (tmp_path / "stored").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/below"):
        with pytest.raises(EvaluationError, match="is a file"):
            save_evaluation(tmp_path / place, made([0], [0]))
    assert (tmp_path / "file").read_text() == "mine"


def figures(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Damage done to evaluation.json."""

    def damage(folder: Path) -> None:
        values = json.loads((folder / "evaluation.json").read_text())
        change(values)
        (folder / "evaluation.json").write_text(json.dumps(values))

    return damage


def table(change: Callable[[list[list[str]]], object]) -> Callable[[Path], None]:
    """Damage done to predictions.csv; row 0 is the header."""

    def damage(folder: Path) -> None:
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        change(lines)
        with (folder / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)

    return damage


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "evaluation.json").unlink(), "There is no evaluation"),
        (lambda folder: (folder / "evaluation.json").write_text("{"), "not a JSON file"),
        (lambda folder: (folder / "evaluation.json").write_bytes(b"\xff\xfe"), "not a JSON file"),
        (lambda folder: (folder / "evaluation.json").write_text("[]"), "damaged"),
        (lambda folder: (folder / "evaluation.json").write_text("[" * 100_000), "not a JSON file"),
        (figures(lambda values: values.update(format=2)), "format 2"),
        (figures(lambda values: values.pop("ua")), "damaged at ua"),
        (figures(lambda values: values.update(ua=float("nan"))), "damaged at ua"),
        (figures(lambda values: values.update(labels=["angry", "joyous"])), "damaged at labels"),
        (figures(lambda values: values.update(ua=0.99)), "do not follow"),
        (figures(lambda values: values["confusion"][0].reverse()), "do not follow"),
        (figures(lambda values: values.update(n=119)), "do not follow"),
        (figures(lambda values: values["problems"][0].update(utterance="/etc/passwd")), "damaged at problems"),
        (lambda folder: (folder / "predictions.csv").unlink(), "predictions.csv is missing"),
        (lambda folder: (folder / "predictions.csv").write_bytes(b""), "predictions.csv"),
        (lambda folder: (folder / "predictions.csv").write_bytes(b"\xff\x00"), "predictions.csv"),
        (table(lambda lines: lines.pop()), "do not follow"),
        (table(lambda lines: lines.__delitem__(slice(1, None))), "do not follow"),
        (table(lambda lines: lines.append(lines[1])), "do not follow"),
        (table(lambda lines: lines[0].reverse()), "columns"),
        (table(lambda lines: lines[3].pop()), "row 2"),
        (table(lambda lines: lines[3].__setitem__(5, "joyous")), "row 2"),
        (table(lambda lines: lines[3].__setitem__(6, "sad" if lines[3][6] != "sad" else "angry")), "do not follow"),
        (table(lambda lines: lines[3].__setitem__(-1, "0.9999")), "sum to 1"),
        (table(lambda lines: lines[3].__setitem__(-1, "nan")), "row 2"),
        (table(lambda lines: lines[3].__setitem__(0, "/home/me/a.wav")), "not by a path"),
    ],
)  # fmt: skip
def test_damage_is_refused_in_one_sentence(damage: Callable[[Path], None], says: str, folder: Path) -> None:
    damage(folder)
    with pytest.raises(EvaluationError, match=says) as refused:
        load_evaluation(folder)
    assert "\n" not in str(refused.value)
