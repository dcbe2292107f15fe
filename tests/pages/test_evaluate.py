"""The page Evaluate, without a browser."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import evaluate_catalogue, evaluate_run, evaluate_take
from pages.shared.evaluate_clips import surest
from pages.shared.evaluate_pick import Choice
from ser_core.checkpoints import list_checkpoints, load_card, weights_digest
from ser_core.errors import CorpusError
from ser_core.evaluation import (
    Evaluation,
    NoisePoint,
    alike,
    compare,
    load_evaluation,
    restricted,
    save_evaluation,
    shared,
)
from ser_core.evaluation.comparing import chosen
from ser_core.recogniser import Recogniser
from ser_core.reproduce.tables import all_cells
from tests.pages.evaluating import FIRST, SECOND, chart, numbers, part, words
from tests.ser_core.evaluation.made import drawn


@pytest.fixture
def app(evaluate_page: AppTest) -> AppTest:
    return evaluate_page


def test_the_first_view_opens_a_stored_evaluation_without_a_model(
    app: AppTest, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recogniser, "__init__", lambda *_: pytest.fail("a model was loaded"))
    app.run()
    assert not app.exception
    assert not app.error
    report = json.loads((stored / f"{FIRST}-synthetic" / "evaluation.json").read_text())
    shown = [one["text"] for one in chart(app, "scores")["layout"]["annotations"]]
    for name in ("ua", "wa", "wf1"):
        low, high = report["intervals"][name]
        assert f"<b>{100 * report[name]:.0f}% ({100 * low:.0f} to {100 * high:.0f})</b>" in shown
    assert f"{report['n']} clips of {report['speakers']} speakers it never heard" in words(app)
    counts = numbers(chart(app, "matrix"), tuple(report["labels"]))
    assert [[int(text) for text in row] for row in counts] == report["confusion"]


def test_of_one_speaker_the_points_stand_without_bars(
    app: AppTest, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    own = [place for place, clip in enumerate(heard.clips) if clip.speaker == heard.clips[0].speaker]
    noise = (NoisePoint(snr_db=0, wa=0.2, ua=0.2, interval=(0.1, 0.3)),)
    save_evaluation(tmp_path / "alone" / "one", replace(chosen(heard, own), noise=noise))
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", tmp_path / "alone")
    app.run()
    assert not app.exception
    figure = chart(app, "scores")
    shown = [one["text"] for one in figure["layout"]["annotations"] if "%" in one["text"]]
    assert len(shown) == 3
    assert not any("to" in text for text in shown)
    assert set(figure["data"][0]["error_x"]["array"]) == {0}
    assert "There are no 95% intervals: clips of one speaker do not tell how much voices differ." in words(app)
    part(app, "How sure")
    assert not app.exception
    assert [trace["y"][1] for trace in chart(app, "noise")["data"]] == [0.2]


def test_the_surest_mistake_is_ready_to_be_heard_and_cells_lead_to_theirs(app: AppTest, stored: Path) -> None:
    app.run()
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    wrong = heard.truth != heard.predicted
    if not wrong.any():
        pytest.skip("this checkpoint makes no mistake on the samples")
    order = surest(heard, None)
    sureness = heard.probabilities.max(axis=1)
    assert sorted(order.tolist()) == np.flatnonzero(wrong).tolist()
    assert (np.diff(sureness[order]) <= 0).all()
    assert app.selectbox(key="utterance").value == heard.clips[order[0]].id
    assert len(app.get("audio")) == 1
    place = int(np.flatnonzero(~wrong)[0])
    label = heard.labels[heard.truth[place]]
    app.selectbox(key="cell").set_value(f"{label} heard as {label}").run()
    assert not app.exception
    expected = {clip.id for clip, t, p in zip(heard.clips, heard.truth, heard.predicted, strict=True)
                if heard.labels[t] == heard.labels[p] == label}  # fmt: skip
    assert set(app.selectbox(key="utterance").options) == expected


def test_two_models_stand_side_by_side_with_their_difference_and_a_test(app: AppTest, stored: Path) -> None:
    app.run()
    app.selectbox(key="against").set_value(SECOND).run()
    assert not app.exception
    first, second = (load_evaluation(stored / f"{name}-synthetic") for name in (FIRST, SECOND))
    difference = second.confusion() - first.confusion()
    table = numbers(chart(app, "matrix-difference"), first.labels)
    assert [[int(text.replace("\N{MINUS SIGN}", "-")) for text in row] for row in table] == difference.tolist()
    part(app, "Two models")
    found = compare(first, second)
    assert f"Alone right: {FIRST} on {found.only_first}, {SECOND} on {found.only_second}" in words(app)
    assert f"**{100 * found.agreement:.0f}%** of the clips" in words(app)


def test_the_second_models_clips_are_listed_too(app: AppTest, stored: Path) -> None:
    app.run()
    app.selectbox(key="against").set_value(SECOND).run()
    second = load_evaluation(stored / f"{SECOND}-synthetic")
    app.selectbox(key="whose").set_value(SECOND).run()
    assert not app.exception
    wrong = {clip.id for clip, t, p in zip(second.clips, second.truth, second.predicted, strict=True) if t != p}
    assert set(app.selectbox(key="utterance").options) == wrong


def test_models_that_answered_other_clips_are_compared_on_those_they_share(app: AppTest, stored: Path) -> None:
    second = load_evaluation(stored / f"{SECOND}-synthetic")
    half = restricted(chosen(second, range(0, len(second.clips), 2)), second.labels[:4])
    evaluate_catalogue.keep(half, SECOND)
    app.run()
    app.selectbox(key="against").set_value(SECOND).run()
    assert not app.exception
    first, other = alike(load_evaluation(stored / f"{FIRST}-synthetic"), half)
    assert f"{len(first.clips)} clips that both answered, choosing among the 4 emotions" in words(app)
    assert f"{100 * first.scores().ua:.0f}%" in json.dumps(chart(app, "scores"))
    assert len(other.clips) == len(first.clips)


def test_what_a_run_answered_is_filed_under_the_run(app: AppTest, stored: Path) -> None:
    """Its card bears the name of its recipe, as a checkpoint that ships may."""
    shipped = load_evaluation(stored / f"{FIRST}-synthetic")
    evaluate_catalogue.keep(shipped, "run one")
    found = evaluate_catalogue.find("run one", shipped.corpus, shipped.protocol)
    assert found
    assert evaluate_catalogue.opened(found).checkpoint == "run one"
    theirs = evaluate_catalogue.find(FIRST, shipped.corpus, shipped.protocol)
    assert theirs
    assert theirs.folder.parent == stored


@pytest.mark.parametrize("name", ["Each voice", "How sure", "What leaks", "Two models", "Across corpora"])
def test_every_part_can_be_opened(app: AppTest, name: str) -> None:
    part(app, name)
    assert not app.exception
    assert not app.error


def test_what_leaks_is_counted_for_every_protocol(app: AppTest) -> None:
    part(app, "What leaks")
    cells = {(one["y"], one["x"]): one["text"] for one in chart(app, "leaks")["layout"]["annotations"]}
    assert cells["speaker_independent", "its speaker"] == "none"
    assert cells["random", "its speaker"] != "none"
    assert cells["paper:003", "a changed copy"] != "none"
    assert cells["paper:003", "epoch chosen<br>on it"] == "yes"
    assert "python -m ser_core reproduce comparison" in words(app)


@pytest.mark.parametrize("speakers", [1, 4])
def test_honest_and_leaky_stand_in_one_picture_once_they_are_measured(
    app: AppTest, tmp_path: Path, speakers: int
) -> None:
    cells = [c for c in all_cells() if (c.table, c.system, c.corpus) == ("comparison", "vit_vertical", "savee")]
    entries = {}
    for cell, ua in zip(sorted(cells, key=lambda c: c.column), (0.41, 0.93), strict=True):
        score = {"wa": ua, "ua": ua, "wf1": ua}
        entries[cell.id] = {
            "system": cell.system, "variant": cell.variant, "corpus": cell.corpus, "column": cell.column,
            "protocol": cell.protocol, **score, "intervals": {"ua": [ua - 0.1, ua + 0.05]}, "speakers": speakers,
            "kept": score, "last": score,
        }  # fmt: skip
    (tmp_path / "comparison.json").write_text(json.dumps({"table": "comparison", "cells": entries}))
    part(app, "What leaks")
    assert not app.exception
    honest, leaky = chart(app, "honest-leaky")["data"][:2]
    assert (honest["x"], leaky["x"]) == ([0.41], [0.93])
    assert bool(honest["error_x"]["arrayminus"][0]) == (speakers > 1)  # of one speaker there is no interval


def test_what_is_taken_away_is_what_is_stored(stored: Path) -> None:
    folder = stored / f"{FIRST}-synthetic"
    heard = load_evaluation(folder)
    for name in ("evaluation.json", "predictions.csv", "figures.csv"):
        assert evaluate_take.stored(heard, name) == (folder / name).read_bytes()


def test_the_report_holds_every_figure_and_asks_nobody(app: AppTest, stored: Path, judged: Path) -> None:
    app.run()
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    choice = Choice(FIRST, "synthetic", "speaker_independent", "", load_card(judged / FIRST))
    page = evaluate_take.report(choice, heard)
    for one in heard.emotions():
        assert f"<td>{one.emotion}</td>" in page
    assert "src=" not in page.replace('src="data:', "").split("<body", 1)[0].split("<script", 1)[0]
    assert "<link" not in page.split("<script", 1)[0]
    assert heard.command.replace("'", "&#x27;") in page


def test_names_of_clips_mean_nothing_in_the_report(stored: Path) -> None:
    heard = drawn(1, n=40, right=0.2)
    evil = Evaluation(**vars(heard) | {"checkpoint": "<script>alert(1)</script>"})
    from ser_core.plots.evaluation_page import evaluation_page
    from ser_core.plots.theme import LIGHT

    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt; on demo</h1>" in evaluation_page(evil, [], LIGHT)


def test_a_damaged_evaluation_leaves_the_others(
    app: AppTest, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shutil.copytree(stored, tmp_path / "shelf")
    (shelf / f"{SECOND}-synthetic" / "evaluation.json").write_text("{")
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", shelf)
    app.run()
    assert not app.exception
    assert f"The evaluation in {SECOND}-synthetic is damaged" in words(app)
    assert chart(app, "matrix")
    answers = shelf / f"{FIRST}-synthetic" / "predictions.csv"
    answers.write_text(answers.read_text()[:-400])
    app.run()
    assert not app.exception
    assert "evaluate again" in app.error[0].value


def test_without_checkpoint_and_evaluation_the_page_says_how_to_get_one(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path / "nothing"))
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", tmp_path / "nothing")
    app.run()
    assert not app.exception
    assert "python -m ser_core train" in app.error[0].value


def test_stored_answers_are_shown_without_checkpoint_and_without_recordings(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "shelf"
    save_evaluation(
        shelf / "elsewhere", Evaluation(**vars(drawn(2)) | {"corpus": "ravdess", "checkpoint": "elsewhere"})
    )
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", shelf)
    app.run()
    app.selectbox(key="model").set_value("elsewhere").run()
    assert not app.exception
    assert app.selectbox(key="on").value == "ravdess"
    assert "cannot be played" in words(app)


def test_what_ships_opens_and_fits_the_cards() -> None:
    """Every shipped checkpoint has its answers to the held-out synthetic voices, and they are what its card says."""
    for name in list_checkpoints():
        folder = evaluate_catalogue.SHIPPED / f"{name}-synthetic"
        if not folder.is_dir():
            continue
        heard = load_evaluation(folder)
        measured = [
            one for one in load_card(name).results if (one.corpus, one.protocol) == (heard.corpus, heard.protocol)
        ]
        assert [one.n for one in measured] == [len(heard.clips)]
        assert measured[0].ua == pytest.approx(heard.scores().ua, abs=1e-9)
        assert heard.weights == weights_digest(name)


def test_clips_of_two_evaluations_are_brought_together(stored: Path) -> None:
    first, second = drawn(1), drawn(2)
    some = Evaluation(**vars(second) | {"clips": second.clips[50:], "truth": second.truth[50:],
                                        "probabilities": second.probabilities[50:]})  # fmt: skip
    one, other = shared(first, some)
    assert [clip.id for clip in one.clips] == [clip.id for clip in other.clips] == [c.id for c in some.clips]
    assert (one.truth == other.truth).all()


def test_a_corpus_that_is_not_listed_gets_a_sentence() -> None:
    with pytest.raises(CorpusError, match="not among the corpora"):
        evaluate_run.short_name("folder:nowhere")
