"""Recording: a page that cannot record says so, and each way a recording fails has a sentence of its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from pages.shared import recorders
from pages.shared.recorders import secure
from ser_core.audio import load
from ser_core.corpora.synthetic import samples
from tests.pages.checkpoints import put

APP = Path(__file__).resolve().parents[2] / "app.py"
RATE = 16_000


@pytest.fixture(scope="module")
def shelf_of_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("checkpoints"), "ctmam-general")


@pytest.fixture
def app(shelf_of_one: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SER_CHECKPOINTS", str(shelf_of_one))
    return AppTest.from_file(str(APP), default_timeout=120)


@pytest.mark.parametrize("url", ["http://192.168.1.20:8501/", "http://lab.example/recognise", "http://[fe80::1]:8501"])
def test_plain_http_on_a_network_is_no_place_to_record(url: str) -> None:
    assert not secure(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://192.168.1.20:8501/",
        "http://localhost:8501/",
        "http://127.0.0.1:8501",
        "http://[::1]:8501",
        "http://[",
        "",
    ],
)
def test_https_and_this_computer_are(url: str) -> None:
    assert secure(url)


def loud() -> np.ndarray:
    return np.clip(20 * load(samples()[0].path).samples, -1, 1)


@pytest.mark.parametrize(
    ("sound", "sentence"),
    [
        (lambda: np.zeros(0, np.float32), recorders.NOTHING_HEARD),
        (lambda: np.full(800, 0.1, np.float32), "at least 0.1 s is needed"),
        (lambda: np.zeros(RATE, np.float32), "This clip is silent"),
        (lambda: np.random.default_rng(0).normal(0, 0.05, 2 * RATE), "No speech was found"),
        (loud, "The recording is clipped"),
    ],
    ids=["nothing", "too short", "silent", "noise", "clipped"],
)
@pytest.mark.parametrize("page", ["recognise", "attention"])
def test_each_way_a_recording_fails_has_its_sentence(
    app: AppTest, page: str, sound: Callable[[], np.ndarray], sentence: str
) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound(), RATE, format="WAV", subtype="PCM_16")
    app.session_state["source"] = "Record"
    app.run().switch_page(f"pages/{page}.py").run()
    app.checkbox(key="consent").check().run()
    app.audio_input(key="plain_recorder").upload("recording.wav", buffer.getvalue(), "audio/wav").run()
    assert not app.exception
    said = [*(one.value for one in app.error), *(one.value.replace("\\", "") for one in app.caption)]
    assert any(sentence in one for one in said), said
