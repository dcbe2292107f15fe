"""Evaluating on the page: what is offered, what is stored and shown again, and how work ends."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import evaluate_catalogue, evaluate_cross
from pages.shared.evaluate_work import Stopped, Work
from pages.shared.model_card import corpus_title
from ser_core.checkpoints import weights_digest
from ser_core.corpora.synthetic import samples
from ser_core.evaluation import load_evaluation
from ser_core.recogniser import Recogniser
from tests.pages.evaluating import FIRST, SECOND, chart, finished, part, press, words
from tests.ser_core.runs import copy


@pytest.fixture
def app(evaluate_page: AppTest) -> AppTest:
    return evaluate_page


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
    press(app, "evaluate-now")
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


def test_answers_that_other_weights_of_the_name_gave_are_not_shown(
    app: AppTest, judged: Path, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint was trained again."""
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    assert heard.weights == weights_digest(judged / FIRST)
    again = shutil.copytree(judged, tmp_path / "again")
    (again / FIRST / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setenv("SER_CHECKPOINTS", str(again))
    app.run()
    assert not app.exception
    assert "answered by other weights of this name" in words(app)
    assert not [one for one in app.get("plotly_chart") if one.proto.id.endswith("matrix")]
    app.selectbox(key="model").set_value(SECOND).run()
    assert chart(app, "matrix")


def test_answers_of_unknown_weights_are_shown(app: AppTest, stored: Path, tmp_path: Path) -> None:
    """As in evaluations that were stored without the digest."""
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    evaluate_catalogue.keep(replace(heard, weights="", stored=None), FIRST)
    found = evaluate_catalogue.find(FIRST, heard.corpus, heard.protocol)
    assert found
    assert (found.folder.parent, found.weights) == (tmp_path / "runs" / "evaluations", "")


def test_a_cell_that_cannot_be_filled_says_why_and_leaves_the_others(
    app: AppTest, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for recording in (own_data / "emodb" / "wav").iterdir():
        recording.write_bytes(b"nothing")
    unheard = [u.path for u in samples() if u.emotion in ("angry", "neutral", "sad")]
    for number, recording in enumerate(sorted(own_data.glob("ravdess/*/*.ogg"))):  # by name; no model learnt from these
        copy(unheard[number % len(unheard)], recording)
    monkeypatch.setenv("SER_DATA", str(own_data))
    loaded: list[str] = []

    def load(name: str) -> Recogniser:
        loaded.append(threading.current_thread().name)
        return Recogniser(name)

    monkeypatch.setattr(evaluate_cross, "Recogniser", load)
    part(app, "Across corpora")
    press(app, "fill-grid")
    finished(app)
    assert not app.exception
    assert set(loaded) == {"evaluate"}  # the bar is there before the first model
    assert "could not be evaluated: the empty cells say why" in words(app)
    assert f"- {SECOND} on emodb: emodb has no readable clip" in words(app)
    texts = {(one["y"], one["x"]): one["text"] for one in chart(app, "cross")["layout"]["annotations"]}
    assert texts[SECOND, f"{corpus_title('emodb')}<br>German"] == "–"
    assert texts[SECOND, f"{corpus_title('ravdess')}<br>English"].endswith("%")
    assert not app.error
