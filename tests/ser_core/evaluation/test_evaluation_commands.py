"""evaluate, compare and cross from a shell: the printed and stored figures are those of the library."""

import json
import re
from pathlib import Path

import pytest

from ser_core.checkpoints import Card
from ser_core.cli.console import figures
from ser_core.corpora import get_corpus
from ser_core.evaluation import compare, evaluate, load_evaluation, save_evaluation
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from ser_core.training.trainer import measured
from tests.conftest import Shell
from tests.ser_core.evaluation.made import drawn, made
from tests.ser_core.runs import copy

Trained = tuple[Run, Card]


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """Folders of two stored evaluations of the same clips."""
    for name, seed in (("a", 1), ("b", 2)):
        save_evaluation(tmp_path / name, drawn(seed))
    return [str(tmp_path / "a"), str(tmp_path / "b")]


def test_evaluate_prints_and_stores_what_the_library_gives(trained: Trained, tmp_path: Path, shell: Shell) -> None:
    arguments = ("evaluate", "--checkpoint", str(trained[0].checkpoint), "--corpus", "synthetic")
    status, out, err = shell(*arguments, "--protocol", "speaker_independent", "--out", str(tmp_path / "out"), "--json")
    assert status == 0, err
    printed, stored = json.loads(out), load_evaluation(tmp_path / "out")
    expected = evaluate(Recogniser(trained[0].checkpoint), get_corpus("synthetic").scan(None).utterances, "synthetic")
    for key in ("wa", "ua", "wf1", "intervals", "labels", "confusion", "n", "temperature"):
        assert printed[key] == json.loads(expected.report().model_dump_json())[key]
    assert stored.stored
    assert printed == stored.stored.model_dump(mode="json")
    assert printed["excluded"] == 0  # the test part of the protocol holds no seen speaker
    assert not printed["seen_included"]
    assert printed["noise"] == []


def test_evaluate_in_words(small_run: Trained, small_data: Path, shell: Shell) -> None:
    arguments = ("--checkpoint", str(small_run[0].checkpoint), "--corpus", "ravdess", "--data", str(small_data))
    status, out, err = shell("evaluate", *arguments, "--noise")
    assert status == 0, err
    assert re.search(r"5 clips of 1 speaker, WA \S+ %, UA \S+ %, WF1 \S+ % \(one speaker: no interval\)\n", out)
    for said in ("left out: 15 of seen speakers", "precision", "speaker ravdess/21",
                 "calibration error", "white noise at  30 dB", "white noise at   0 dB"):  # fmt: skip
        assert said in out
    assert "SEEN SPEAKERS" not in out
    assert "SEEN SPEAKERS INCLUDED" in shell("evaluate", *arguments, "--include-seen")[1]


def test_evaluate_says_who_is_unknown_and_what_it_learnt_from(trained: Trained, shell: Shell, tmp_path: Path) -> None:
    data, utterances = trained[1].data, get_corpus("synthetic").scan(None).utterances
    for part, count in ((data.train, 4), (data.test, 12)):
        for u in utterances:
            if u.id in list(part.utterances)[:count]:
                copy(u.path, tmp_path / "mine" / u.emotion / u.path.name)
    arguments = ("--checkpoint", str(trained[0].checkpoint), "--corpus", f"folder:{tmp_path / 'mine'}")
    status, out, err = shell("evaluate", *arguments)
    assert status == 0, err
    assert "12 clips of unknown speakers, " in out
    assert "(unknown speakers: intervals of clips alone)\n" in out
    assert "left out: 0 of seen speakers, 4 of clips it learnt from, 0 with other emotions" in out
    out = shell("cross", "--checkpoints", arguments[1], "--corpora", arguments[3])[1]
    assert "12 clips of unknown speakers, " in out
    assert "(unknown speakers: intervals of clips alone); " in out
    assert "left out: 4 of clips it learnt from" in out


def test_what_a_card_keeps_of_one_speaker_is_printed_without_an_interval() -> None:
    """As `train` prints it; a card keeps how many speakers there were, not who."""
    alone, both = (made([0, 1] * 4, [0, 1, 1, 1] * 2, voices) for voices in (["demo/a"] * 8, None))
    assert figures(measured(alone).model_dump()) == "WA 75.0 %, UA 75.0 %, WF1 73.3 % (one speaker: no interval)"
    low, high = both.intervals()["wa"]
    assert figures(measured(both).model_dump()).startswith(
        f"WA 75.0 % ({100 * low:.1f} to {100 * high:.1f}), UA 75.0 % ("
    )


def test_a_place_that_cannot_hold_it_is_refused_before_the_work(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "file").write_text("mine")
    arguments = ("--checkpoint", "no-such-checkpoint", "--corpus", "synthetic", "--out", str(tmp_path / "file"))
    status, out, err = shell("evaluate", *arguments)
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert "is a file" in err


def test_compare(two: list[str], shell: Shell) -> None:
    status, out, err = shell("compare", *two, "--json")
    assert (status, err) == (0, "")
    expected = compare(drawn(1), drawn(2))
    assert json.loads(out) == json.loads(expected.model_dump_json())
    status, out, err = shell("compare", *two)
    assert (status, err) == (0, "")
    assert expected.sentence() in out
    assert "Cohen's kappa" in out


def test_compare_where_kappa_means_nothing(tmp_path: Path, shell: Shell) -> None:
    save_evaluation(tmp_path, made([0, 0], [0, 0]))
    assert "not defined" in shell("compare", str(tmp_path), str(tmp_path))[1]


def test_compare_what_cannot_be_compared(two: list[str], tmp_path: Path, shell: Shell) -> None:
    save_evaluation(tmp_path / "other", made([0], [0], names=["other/clip"]))
    for second, says in ((str(tmp_path / "other"), "no clip in common"), (str(tmp_path / "nowhere"), "nowhere")):
        status, out, err = shell("compare", two[0], second)
        assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
        assert says in err


def test_cross(small_run: Trained, small_data: Path, shell: Shell) -> None:
    arguments = ["cross", "--checkpoints", str(small_run[0].checkpoint), "--data", str(small_data)]
    for name in ("ravdess", "emodb", "savee"):
        arguments += ["--corpora", name]
    status, out, err = shell(*arguments, "--json")
    assert status == 0, err
    cells = json.loads(out)
    assert [cell["corpus"] for cell in cells] == ["ravdess", "emodb", "savee"]
    measured = {result.corpus: result for result in small_run[1].results}
    assert cells[0]["ua"] == measured["ravdess"].ua  # all its emotions are common: the card's own figure
    assert cells[1]["ua"] == measured["emodb"].ua
    status, out, _ = shell(*arguments)
    assert status == 0
    own, other, absent = out.splitlines()
    assert own.startswith("small on ravdess (en): 5 clips of 1 speaker, 3 emotions (guessing 33.3 %), WA")
    assert own.endswith("% (one speaker: no interval)")
    assert other.startswith("small on emodb (de, new corpus and language): 20 clips")
    assert re.search(r"WF1 \S+ % \(\S+ to \S+\)$", other)
    assert absent == "small on savee (en, new corpus): - (the corpus is not here: see --data or SER_DATA)"
