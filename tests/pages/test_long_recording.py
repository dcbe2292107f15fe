"""A long recording on the page Recognise: nothing is computed unasked, then its stretches stand there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import busy
from pages.shared.long_recording import LONG
from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.corpora.synthetic import samples
from tests.pages.checkpoints import put
from tests.pages.test_recognise import APP, upload


@pytest.fixture(scope="module")
def long_wav() -> bytes:
    """Two sentences, a long pause, and two sentences, a little longer than what counts as long."""
    spoken = np.concatenate([load(utterance.path).samples for utterance in samples()[:2]])
    noise = np.random.default_rng(0).normal(0, 1e-4, round((LONG + 2) * SAMPLE_RATE)).astype(np.float32)
    noise[: len(spoken)] += spoken
    noise[-len(spoken) :] += spoken
    return Waveform.from_array(noise, SAMPLE_RATE).to_wav()


def test_a_run_that_ends_before_its_bar_keeps_nobody_else_from_working(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(Exception):
        """What Streamlit does with a run where something is pressed."""

    def ends() -> None:
        raise Ended

    with monkeypatch.context() as pressed:
        pressed.setattr(busy.st, "empty", ends)
        with pytest.raises(Ended), busy.working():
            pass
    assert busy.lock().acquire(blocking=False)
    busy.lock().release()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SER_CHECKPOINTS", str(put(tmp_path, "ctmam-synthetic")))
    return AppTest.from_file(str(APP), default_timeout=120)


def test_a_long_recording_is_followed_on_request_with_a_pause_between(app: AppTest, long_wav: bytes) -> None:
    upload(app, long_wav)
    assert not app.exception
    assert not app.dataframe
    app.button(key="listen").click().run()
    assert not app.exception
    answers = app.dataframe[0].value["sounds like acted"].tolist()
    assert "no speech" in answers
    assert len(answers) >= 3
    assert app.toggle(key="smooth").value is True
    app.toggle(key="smooth").set_value(False).run()
    assert not app.exception
    assert len(app.dataframe) == 1
