"""`python -m ser_core inspect`: figures over the unseen speakers of a corpus."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ser_core.checkpoints import Card
from ser_core.corpora import get_corpus
from ser_core.inspection import corpus as module
from ser_core.inspection.corpus import evenly, summarise
from ser_core.training.run import Run
from tests.conftest import Shell
from tests.ser_core.runs import EMODB, LABELS, put_corpora


@pytest.fixture
def arguments(small_run: tuple[Run, Card], small_data: Path) -> tuple[str, ...]:
    return ("inspect", "--checkpoint", str(small_run[0].checkpoint), "--data", str(small_data), "--corpus", "emodb")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "figures.json"


def test_figures_of_unseen_speakers_by_emotion(arguments: tuple[str, ...], out: Path, shell: Shell) -> None:
    status, printed, err = shell(*arguments, "--limit", "3", "--out", str(out), "--no-random-weights")
    assert (status, err.strip()) == (0, "")
    found = json.loads(out.read_text())
    assert sorted(row["emotion"] for row in found["clips"]) == sorted(LABELS)
    assert {row["speaker"] for row in found["clips"]} <= {f"emodb/{speaker}" for speaker in EMODB}
    overall = [one for one in found["summary"] if one["emotion"] == "all"]
    rho = next(one for one in overall if one["figure"] == "block0.attention/energy_rho")
    assert rho["n"] == 3
    assert -1 <= rho["quarter"] <= rho["median"] <= rho["three_quarters"] <= 1
    assert any(one["figure"] == "block0.attention/deletion_area_gain" for one in overall)
    assert "3 clips of" in printed
    assert "block0.attention" in printed


def test_seen_speakers_are_left_out(small_run: tuple[Run, Card], small_data: Path, out: Path, shell: Shell) -> None:
    arguments = ("inspect", "--checkpoint", str(small_run[0].checkpoint), "--data", str(small_data), "--corpus",
                 "ravdess", "--out", str(out), "--no-masked", "--no-random-weights")  # fmt: skip
    assert shell(*arguments)[0] == 0
    speakers = {row["speaker"] for row in json.loads(out.read_text())["clips"]}
    assert speakers
    assert not speakers & set(small_run[1].data.seen_speakers())


def test_a_clip_it_learnt_from_is_left_out_under_another_name(
    small_run: tuple[Run, Card], small_data: Path, out: Path, tmp_path: Path, shell: Shell
) -> None:
    parts = small_run[1].data
    known = {u.id: u for name in small_run[1].data.corpora for u in get_corpus(name).scan(small_data).utterances}
    heard = next(iter(parts.train.utterances))
    unheard = next(name for name in parts.test.utterances if known[name].emotion != known[heard].emotion)
    for name, speaker in ((heard, "one"), (unheard, "two")):
        target = tmp_path / "mine" / known[name].emotion / f"{speaker}_1{known[name].path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known[name].path, target)
    corpus = f"folder:{tmp_path / 'mine'}"
    status, _, err = shell("inspect", "--checkpoint", str(small_run[0].checkpoint), "--corpus", corpus,
                       "--out", str(out), "--no-masked", "--no-random-weights")  # fmt: skip
    assert status == 0
    assert "one_1" in err
    assert "was trained or chosen on this very recording, under another name." in err
    first, second = sorted(json.loads(out.read_text())["clips"], key=lambda row: row["utterance"].split("/")[-1])
    assert "answer" not in first
    assert second["answer"]


def test_what_is_there_is_gone_on_with(
    arguments: tuple[str, ...], out: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = (*arguments, "--limit", "3", "--no-masked", "--no-random-weights", "--out", str(out))
    assert shell(*quick)[0] == 0
    whole = json.loads(out.read_text())
    out.write_text(json.dumps(whole | {"clips": whole["clips"][:2]}))
    inspected: list[Any] = []
    original = module.inspect_clip
    monkeypatch.setattr(module, "inspect_clip", lambda *a, **k: inspected.append(a) or original(*a, **k))
    assert shell(*quick)[0] == 0
    assert len(inspected) == 1
    assert json.loads(out.read_text()) == whole
    assert shell(*quick, "--seed", "1")[0] == 0  # other settings: all of it again
    assert len(inspected) == 4


def test_a_csv_has_a_row_for_each_clip(arguments: tuple[str, ...], tmp_path: Path, shell: Shell) -> None:
    target = tmp_path / "figures.csv"
    assert shell(*arguments, "--limit", "2", "--no-masked", "--no-random-weights", "--out", str(target))[0] == 0
    rows = list(csv.DictReader(target.open(encoding="utf-8", newline="")))
    assert len(rows) == 2
    assert -1 <= float(rows[0]["block0.attention/energy_rho"]) <= 1


def test_a_clip_that_cannot_be_read_is_said_and_the_rest_goes_on(
    small_run: tuple[Run, Card], tmp_path: Path, out: Path, shell: Shell
) -> None:
    data = put_corpora(tmp_path / "data")
    broken = next((data / "emodb" / "wav").glob("*.ogg"))
    broken.write_bytes(b"OggS, but no more")
    status, _, err = shell("inspect", "--checkpoint", str(small_run[0].checkpoint), "--data", str(data), "--corpus",
                           "emodb", "--no-masked", "--no-random-weights", "--out", str(out))  # fmt: skip
    assert status == 0
    assert broken.stem in err
    found = json.loads(out.read_text())
    assert len(found["clips"]) == 20
    assert next(one["missing"] for one in found["summary"] if one["emotion"] == "all") == 1


def test_wrong_requests_are_refused_in_one_line(arguments: tuple[str, ...], tmp_path: Path, shell: Shell) -> None:
    for more, sentence in (
        (("--out", str(tmp_path / "figures.txt")), "ends in .json or .csv"),
        (("--out", str(tmp_path / "f.json"), "--second-opinion", "magic"), "no second opinion 'magic'"),
        (("--out", str(tmp_path / "f.json"), "--view", "melody", "--limit", "1"), "no view 'melody'"),
        (("--out", str(tmp_path / "f.json"), "--protocol", "astrology"), "no protocol 'astrology'"),
    ):
        status, printed, err = shell(*arguments, *more)
        assert (status, printed) == (2, "")
        assert sentence in err
        assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.glob("f*"))


def test_few_clips_are_drawn_evenly_over_the_emotions(small_data: Path) -> None:
    utterances = get_corpus("ravdess").scan(small_data).utterances
    drawn = evenly(utterances, 6)
    assert sorted(u.emotion for u in drawn) == sorted(2 * LABELS)
    assert evenly(utterances, 6) == drawn
    assert evenly(utterances, 6, seed=1) != drawn
    assert len(evenly(utterances, 1000)) == len(utterances)
    angry_is_sad = evenly(utterances, 6, merged=lambda emotion: "sad" if emotion == "angry" else emotion)
    others = [u.emotion for u in angry_is_sad if u.emotion not in ("angry", "sad")]
    assert len(others) == 6 - 6 // (len(LABELS) - 1)  # the two together get one share


def test_a_distribution_counts_what_is_missing() -> None:
    heading = {"checkpoint": "c", "system": "s", "speaker": "x"}
    rows = [{**heading, "emotion": emotion, "v/energy_p": p}
            for emotion, p in (("sad", 0.01), ("sad", 0.5), ("angry", None))]  # fmt: skip
    by_emotion = {one["emotion"]: one for one in summarise(rows)}
    assert (by_emotion["all"]["n"], by_emotion["all"]["missing"]) == (2, 1)
    assert by_emotion["all"]["significant"] == 0.5
    assert by_emotion["angry"]["mean"] is None
