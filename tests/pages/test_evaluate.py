"""The page Evaluate, without a browser."""

from __future__ import annotations

import gc
import io
import json
import shutil
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import classification_report, confusion_matrix
from streamlit.testing.v1 import AppTest

from pages.shared import evaluate_catalogue, evaluate_run, evaluate_take, known_scores
from pages.shared.evaluate_clips import surest
from pages.shared.evaluate_pick import Choice
from pages.shared.evaluate_work import Stopped, Work
from ser_core.checkpoints import list_checkpoints, load_card
from ser_core.corpora.synthetic import samples
from ser_core.errors import CorpusError
from ser_core.evaluation import (
    Evaluation,
    alike,
    compare,
    evaluate,
    load_evaluation,
    restricted,
    save_evaluation,
    shared,
)
from ser_core.evaluation.comparing import chosen
from ser_core.recogniser import Recogniser
from ser_core.reproduce.tables import all_cells
from tests.pages.checkpoints import put
from tests.ser_core.evaluation.made import drawn

APP = Path(__file__).resolve().parents[2] / "app.py"
FIRST, SECOND = "ctmam-general", "ctmam-synthetic"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("checkpoints"), FIRST, SECOND)


@pytest.fixture(scope="module")
def stored(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What these checkpoints answer to the sample clips, stored under the names of the held-out voices."""
    root = tmp_path_factory.mktemp("evaluations")
    for name in (FIRST, SECOND):
        heard = evaluate(Recogniser(checkpoints / name), samples(), "synthetic", "speaker_independent")
        save_evaluation(root / f"{name}-synthetic", heard)
    return root


@pytest.fixture
def app(checkpoints: Path, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with no corpus but the synthetic one, and two stored evaluations."""
    monkeypatch.setenv("SER_CHECKPOINTS", str(checkpoints))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SER_DATA", raising=False)
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", stored)
    monkeypatch.setattr(known_scores, "RESULTS", tmp_path)
    return AppTest.from_file(str(APP), default_timeout=120).switch_page("pages/evaluate.py")


def part(app: AppTest, name: str) -> AppTest:
    app.session_state["part"] = name
    return app.run()


def words(app: AppTest) -> str:
    every = (*app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.success)
    return "\n".join(element.value for element in every)


def chart(app: AppTest, key: str) -> dict:
    """The figure of this key, as the browser gets it."""
    (figure,) = (json.loads(one.proto.spec) for one in app.get("plotly_chart") if one.proto.id.endswith(key))
    return figure


def numbers(figure: dict, labels: tuple[str, ...]) -> list[list[str]]:
    """What stands in the cells of a matrix, row by row."""
    texts = {(one["y"], one["x"]): one["text"] for one in figure["layout"]["annotations"]}
    return [[texts[acted, heard].replace("<b>", "").replace("</b>", "") for heard in labels] for acted in labels]


def finished(app: AppTest) -> AppTest:
    """Wait for the thread, then look again."""
    for thread in threading.enumerate():
        if thread.name == "evaluate":
            thread.join(120)
    return app.run()


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


@pytest.mark.parametrize(("shown", "normalise"), [("by row", "true"), ("by column", "pred")])
def test_shares_are_those_of_scikit_learn(app: AppTest, stored: Path, shown: str, normalise: str) -> None:
    app.run()
    app.button_group(key="share").set_value(shown).run()
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    expected = confusion_matrix(
        heard.truth, heard.predicted, labels=range(len(heard.labels)), normalize=normalise
    )  # fmt: skip
    figure = chart(app, "matrix")
    table = numbers(figure, heard.labels)
    for row, line in zip(table, expected, strict=True):
        for text, value in zip(row, line, strict=True):
            assert text == f"{100 * value:.0f}%" or (text == "–" and value == 0)


def test_figures_of_each_emotion_are_those_of_scikit_learn(app: AppTest, stored: Path) -> None:
    part(app, "Each emotion")
    assert not app.exception
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    expected = classification_report(
        heard.truth, heard.predicted, labels=range(len(heard.labels)), target_names=heard.labels, output_dict=True,
        zero_division=np.nan,
    )  # fmt: skip
    table = app.dataframe[0].value.set_index("Emotion")
    for name in heard.labels:
        for column, key in (("Precision", "precision"), ("Recall", "recall"), ("F1", "f1-score")):
            assert table.loc[name, column] == pytest.approx(100 * expected[name][key], nan_ok=True)
        assert table.loc[name, "Clips"] == expected[name]["support"]


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


def test_honest_and_leaky_stand_in_one_picture_once_they_are_measured(app: AppTest, tmp_path: Path) -> None:
    cells = [c for c in all_cells() if (c.table, c.system, c.corpus) == ("comparison", "vit_vertical", "savee")]
    entries = {}
    for cell, ua in zip(sorted(cells, key=lambda c: c.column), (0.41, 0.93), strict=True):
        score = {"wa": ua, "ua": ua, "wf1": ua}
        entries[cell.id] = {
            "system": cell.system, "variant": cell.variant, "corpus": cell.corpus, "column": cell.column,
            "protocol": cell.protocol, **score, "intervals": {"ua": [ua - 0.1, ua + 0.05]},
            "kept": score, "last": score,
        }  # fmt: skip
    (tmp_path / "comparison.json").write_text(json.dumps({"table": "comparison", "cells": entries}))
    part(app, "What leaks")
    assert not app.exception
    honest, leaky = chart(app, "honest-leaky")["data"][:2]
    assert (honest["x"], leaky["x"]) == ([0.41], [0.93])


def test_another_protocol_is_explained_and_not_evaluated(app: AppTest) -> None:
    app.run()
    app.selectbox(key="clips").set_value("random").run()
    assert not app.exception
    assert "train a model under it" in words(app)
    assert any("protocol='random'" in one.value for one in app.code)
    assert not [button for button in app.button if button.key == "evaluate-now"]


def test_a_run_leaves_out_seen_speakers_and_is_stored(app: AppTest, tmp_path: Path) -> None:
    app.run()
    app.selectbox(key="clips").set_value("unseen speakers").run()
    assert "630 are left out because the model has heard their speaker" in words(app)
    next(button for button in app.button if button.key == "evaluate-now").click().run()
    finished(app)
    assert not app.exception
    kept = load_evaluation(tmp_path / "runs" / "evaluations" / f"{FIRST}-synthetic-all")
    assert (len(kept.clips), kept.excluded) == (70, 630)
    assert "630 left out because the model has heard their speaker" in words(app)


def test_work_stops_at_the_next_clip_and_frees_the_place() -> None:
    begun, ended = threading.Event(), threading.Event()
    released: list[bool] = []

    def do(progress: object) -> None:
        for done in range(1000):
            progress("recognising", done, 1000)  # type: ignore[operator]
            begun.set()
            ended.wait(0.01)
        pytest.fail("nobody stopped it")

    work = Work("a run", do, lambda: True)
    thread = threading.Thread(target=work.run, args=(lambda: released.append(True),))
    thread.start()
    assert begun.wait(30)
    work.stop.set()
    thread.join(30)
    assert work.finished.is_set()
    assert work.problem == "Stopped: what was under way was not kept."
    assert released == [True]


def test_work_ends_when_its_visitor_is_gone() -> None:
    work = Work("a run", lambda progress: progress("recognising", 0, 10), lambda: False)
    work.run(lambda: None)
    assert work.finished.is_set()
    with pytest.raises(Stopped):
        work.report("recognising", 1, 10)


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def clips(emotions: tuple[str, ...], folder: str = "") -> dict[str, bytes]:
    return {f"{folder}{u.emotion}/{u.path.name}": u.path.read_bytes() for u in samples() if u.emotion in emotions}


def own(app: AppTest) -> AppTest:
    app.run()
    return app.selectbox(key="on").set_value("your own clips").run()


def test_a_test_set_of_ones_own_gets_everything_and_is_gone_with_its_file(app: AppTest, tmp_path: Path) -> None:
    own(app)
    app.file_uploader[0].upload("mine.zip", archive(clips(("angry", "sad"), "my voices/")), "application/zip").run()
    assert not app.exception
    assert "**4 clips**: 2 angry, 2 sad" in words(app)
    next(button for button in app.button if button.key == "evaluate-now").click().run()
    finished(app)
    assert not app.exception
    assert not app.error
    labels = load_card(FIRST).labels
    assert sum(int(text) for row in numbers(chart(app, "matrix"), labels) for text in row) == 4
    assert "4 clips · speakers unknown" in words(app)
    assert "your ZIP does not say who speaks" in words(app)  # what the intervals rest on
    assert str(tmp_path) not in words(app)
    assert not list((tmp_path / "runs").glob("evaluations/*"))
    unpacked = list((tmp_path / "cache" / "test-sets").rglob("*.ogg"))
    assert len(unpacked) == 4
    del app.session_state["evaluate/own-set"]  # as the end of the visit does
    gc.collect()
    assert not list((tmp_path / "cache" / "test-sets").rglob("*.ogg"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a letter", "is no ZIP file"),
        (archive({}), "holds no recording"),
        (archive({"../../angry/a.wav": b"x"}), "unsafe name"),
        (archive({"/angry/a.wav": b"x"}), "unsafe name"),
        (archive(clips(("angry",))), "only the emotion angry"),
        (archive({"inner.zip": archive(clips(("angry", "sad")))}), "holds no recording"),
        (archive({f"angry/{n}.wav": b"" for n in range(2001)}), "more than the 2,000 allowed"),
    ],
    ids=["no-zip", "empty", "evil", "absolute", "one-emotion", "nested", "too-many"],
)
def test_a_zip_that_will_not_do_gets_one_sentence_and_leaves_nothing(
    app: AppTest, tmp_path: Path, content: bytes, sentence: str
) -> None:
    own(app)
    app.file_uploader[0].upload("mine.zip", content, "application/zip").run()
    assert not app.exception
    (error,) = app.error
    assert sentence in error.value
    assert str(tmp_path) not in error.value
    assert not list((tmp_path / "cache" / "test-sets").glob("*"))


def test_a_clip_that_the_model_was_trained_on_is_left_out_of_ones_own(checkpoints: Path) -> None:
    from pages.shared.evaluate_own import unmet
    from ser_core.audio import load
    from ser_core.errors import AudioError

    card = load_card(checkpoints / SECOND)
    clip = samples()[0]
    part_of = card.data.train.model_copy(update={"utterances": {"x/1": load(clip.path).digest[:16]}})
    met = card.model_copy(update={"data": card.data.model_copy(update={"train": part_of})})
    assert unmet(card)(clip).digest == load(clip.path).digest
    with pytest.raises(AudioError, match="trained or chosen on this very clip"):
        unmet(met)(clip)


def test_what_is_taken_away_is_what_is_stored(stored: Path) -> None:
    folder = stored / f"{FIRST}-synthetic"
    heard = load_evaluation(folder)
    for name in ("evaluation.json", "predictions.csv", "figures.csv"):
        assert evaluate_take.stored(heard, name) == (folder / name).read_bytes()


def test_the_report_holds_every_figure_and_asks_nobody(app: AppTest, stored: Path, checkpoints: Path) -> None:
    app.run()
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    choice = Choice(FIRST, "synthetic", "speaker_independent", "", load_card(checkpoints / FIRST))
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
