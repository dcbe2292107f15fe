"""The page Evaluate on a visitor's own clips, without a browser."""

from __future__ import annotations

import gc
import io
import json
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ser_core.audio import load
from ser_core.checkpoints import load_card
from ser_core.corpora import uploads
from ser_core.corpora.synthetic import samples
from tests.pages.checkpoints import put
from tests.pages.evaluating import FIRST, SECOND, chart, finished, numbers, press, words


@pytest.fixture
def app(evaluate_page: AppTest) -> AppTest:
    return evaluate_page


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
    press(app, "evaluate-now")
    finished(app)
    assert not app.exception
    assert not app.error
    labels = load_card(FIRST).labels
    assert sum(int(text) for row in numbers(chart(app, "matrix"), labels) for text in row) == 4
    assert "4 clips · speakers unknown" in words(app)
    assert "your ZIP does not say who speaks" in words(app)  # what the intervals rest on
    assert any(" to " in one["text"] for one in chart(app, "scores")["layout"]["annotations"])
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


def test_a_clip_that_the_model_was_trained_on_is_left_out_of_ones_own(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "checkpoints", FIRST, SECOND)
    met = next(u.path for u in samples() if u.emotion == "angry")
    for path in folder.glob("*/card.json"):
        card = json.loads(path.read_text())
        card["data"]["train"]["utterances"]["other/name"] = load(met).digest[:16]
        path.write_text(json.dumps(card))
    monkeypatch.setenv("SER_CHECKPOINTS", str(folder))
    own(app)
    app.file_uploader[0].upload("mine.zip", archive(clips(("angry", "sad"))), "application/zip").run()
    press(app, "evaluate-now")
    finished(app)
    assert not app.exception
    assert "3 clips · 1 left out because it was trained or chosen on the very clip" in words(app)


def test_ones_own_clips_can_be_removed_before_the_visit_ends(app: AppTest, tmp_path: Path) -> None:
    own(app)
    app.file_uploader[0].upload("mine.zip", archive(clips(("angry", "sad"))), "application/zip").run()
    press(app, "own-remove")
    assert not app.exception
    assert not list((tmp_path / "cache" / "test-sets").iterdir())
    app.run()
    assert "4 clips" not in words(app)
    assert app.file_uploader[0].value is None  # the ZIP itself is gone, too


def test_a_full_server_says_so(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "TOTAL", 1000)
    own(app)
    app.file_uploader[0].upload("mine.zip", archive(clips(("angry", "sad"))), "application/zip").run()
    assert not app.exception
    assert "no room for it just now" in app.error[0].value
    assert not list((tmp_path / "cache" / "test-sets").iterdir())
