"""The page Recognise, without a browser: every way to bring a clip, every refusal, every checkpoint."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from pages.shared import recorders, trust, waiting
from ser_core import audio, quality
from ser_core.audio import load
from ser_core.corpora.synthetic import samples
from ser_core.emotions import AS_ACTED
from ser_core.errors import AudioError
from ser_core.models import list_systems
from ser_core.recogniser import Prediction, Recogniser
from ser_core.serving import STOPPED, Line
from tests.pages.checkpoints import put, untrained

APP = Path(__file__).resolve().parents[2] / "app.py"
RATE = 16_000


@pytest.fixture(scope="module")
def two_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("checkpoints"), "ctmam-general", "ctmam-synthetic")


@pytest.fixture
def app(two_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SER_CHECKPOINTS", str(two_checkpoints))
    return AppTest.from_file(str(APP), default_timeout=120)


def upload(app: AppTest, content: bytes, name: str = "clip.wav") -> AppTest:
    app.session_state["source"] = "Upload"
    app.run()
    return app.file_uploader(key="upload").upload(name, content, "audio/wav").run()


def words(app: AppTest) -> str:
    """All text of the page."""
    elements = [*app.header, *app.markdown, *app.caption]
    return "\n".join(element.value for element in elements).replace("\\", "")  # names are escaped for Markdown


def test_in_class_the_notice_comes_first_until_it_was_read(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CLASS", "1")
    app.run()
    assert "Not for judging people" in app.main.markdown[0].value
    app.button(key="notice-read").click().run()
    assert not app.exception
    assert "Not for judging people" not in words(app)
    assert app.session_state["source"] == "Samples"


def wav(samples_: np.ndarray, rate: int = RATE, **how: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples_, rate, format="WAV", **how)
    return buffer.getvalue()


def tone(seconds: float, rate: int = RATE) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def spoken() -> bytes:
    """A clip with speech in it, as a visitor would bring it."""
    return load(samples()[0].path).to_wav()


def test_the_first_view_has_a_clip_and_its_answer(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert not app.error
    prediction: Prediction = app.session_state["prediction"]
    assert app.header[0].value.removesuffix(", perhaps") == f"Sounds like {AS_ACTED[prediction.label]}"
    assert "synthetic" in words(app)
    assert len(app.get("plotly_chart")) == 2
    assert [button.label for button in app.button] == ["Try your own voice"]


@pytest.mark.parametrize(("confidence", "distance", "unsure"), [(0.9, 1.0, False), (0.4, 1.0, True), (0.9, 0.3, True)])
def test_little_confidence_or_a_faint_response_makes_the_answer_unsure_on_every_page(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, confidence: float, distance: float, unsure: bool
) -> None:
    monkeypatch.setattr(trust, "confidence", lambda *_: confidence)
    monkeypatch.setattr(trust, "_distance", lambda *_: distance)
    app.run()
    for page in ("pages/recognise.py", "pages/signal.py", "pages/attention.py"):
        app.switch_page(page).run()
        assert not app.exception
        assert app.header[0].value.endswith(", perhaps") is unsure


def test_a_link_to_what_is_not_here_shows_nothing_of_another_host(app: AppTest) -> None:
    app.query_params["clip"] = "![seen](https://elsewhere.example/seen.png)"
    app.session_state["source"] = "From a corpus"
    app.run()
    assert not app.exception
    (said,) = (error.value for error in app.error)
    assert "There is no recording" in said
    assert "](" not in said


def test_every_sample_can_be_chosen(app: AppTest) -> None:
    app.run()
    last = samples()[-1]
    app.button_group(key="emotion").set_value(last.emotion)
    app.button_group(key="voice").set_value(last.sex).run()
    assert not app.exception
    assert f"Made to sound **{last.emotion}**" in words(app)


def test_an_upload_gets_the_answer_of_the_core(app: AppTest, two_checkpoints: Path) -> None:
    upload(app, spoken(), "my voice.wav")
    assert not app.exception
    assert not app.error
    assert "my voice" in words(app)
    shown: Prediction = app.session_state["prediction"]
    alone = Recogniser(two_checkpoints / "ctmam-general").predict(load(spoken()))
    np.testing.assert_allclose(shown.probabilities, alone.probabilities, atol=1e-5)


def header_without_channel() -> bytes:
    content = bytearray(wav(tone(1)))
    content[22:24] = b"\0\0"
    return bytes(content)


def with_nan() -> bytes:
    samples_ = tone(1)
    samples_[100] = np.nan
    return wav(samples_, subtype="FLOAT")


BAD = {
    "empty": lambda: b"",
    "header only": lambda: wav(tone(1))[:44],
    "not audio": lambda: b"These are words, and words are not sound. " * 50,
    "no channel": header_without_channel,
    "zero length": lambda: wav(np.zeros(0, np.float32)),
    "too short": lambda: wav(tone(0.05)),
    "too long": lambda: wav(np.zeros(4_000 * 3_700, np.float32) + 0.1, 4_000, subtype="PCM_U8"),
    "too large": lambda: wav(tone(1)) + bytes(audio.MAX_BYTES),
    "not a number": with_nan,
    "infinite": lambda: wav(np.full(RATE, np.inf, np.float32), subtype="FLOAT"),
    "silence": lambda: wav(np.zeros(RATE, np.float32)),
    "no speech": lambda: wav(np.random.default_rng(0).normal(0, 0.05, 2 * RATE).astype(np.float32)),
    "M4A": lambda: b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(200),
    "WebM": lambda: bytes.fromhex("1a45dfa3") + b"\x9fB\x86\x81\x01webm" + bytes(200),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_clip_that_cannot_be_used_gets_the_sentence_of_the_core(app: AppTest, kind: str) -> None:
    content = BAD[kind]()
    with pytest.raises(AudioError) as refusal:
        quality.require_speech(load(content, name="clip.wav"))
    upload(app, content)
    assert not app.exception
    assert [error.value for error in app.error] == [str(refusal.value)]
    assert "prediction" not in app.session_state


def test_a_good_clip_after_a_bad_one_is_answered(app: AppTest) -> None:
    upload(app, b"nothing to hear")
    app.file_uploader(key="upload").upload("good.wav", spoken(), "audio/wav").run()
    assert not app.error
    assert "prediction" in app.session_state


def test_a_file_that_was_cut_off_is_answered_and_said_to_be(app: AppTest) -> None:
    content = spoken()[: -2 * RATE // 4]
    (note,) = load(content).notes
    upload(app, content)
    assert not app.error
    assert note in words(app)
    assert "prediction" in app.session_state


def test_an_upload_stays_while_looking_at_a_sample(app: AppTest) -> None:
    upload(app, spoken(), "mine.wav")
    app.button_group(key="source").set_value("Samples").run()
    assert "Made to sound" in words(app)
    app.button_group(key="source").set_value("Upload").run()
    assert "mine" in words(app)
    assert "prediction" in app.session_state


def test_the_notice_stands_before_the_first_own_clip(app: AppTest) -> None:
    app.session_state["source"] = "Upload"
    app.run()
    for point in ("*acted* emotion", "does not measure what anyone feels", "2024/1689", "not legal advice"):
        assert point in words(app)


def test_recording_waits_for_the_tick(app: AppTest) -> None:
    app.run()
    app.button[0].click().run()
    assert app.audio_input(key="plain_recorder").disabled
    app.checkbox(key="consent").check().run()
    recorder = app.audio_input(key="plain_recorder")
    assert not recorder.disabled
    recorder.upload("audio.wav", spoken()).run()
    assert not app.exception
    assert not app.error
    assert recorders.PLAIN_TITLE in words(app)
    assert "prediction" in app.session_state


def test_a_hands_free_recording_is_taken_once(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = [spoken()]
    monkeypatch.setattr(recorders, "audio_recorder", lambda **_: heard.pop() if heard else None)
    app.session_state["source"] = "Record"
    app.session_state["consent"] = True
    app.run()
    assert not app.error
    assert recorders.HANDS_FREE_TITLE in words(app)
    app.run()
    assert recorders.HANDS_FREE_TITLE in words(app)
    assert "prediction" in app.session_state


def test_a_hands_free_recording_without_sound_says_what_to_check(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    header = wav(np.zeros((0, 2), np.float32), 48_000)
    heard = [header]
    monkeypatch.setattr(recorders, "audio_recorder", lambda **_: heard.pop() if heard else None)
    app.session_state["source"] = "Record"
    app.session_state["consent"] = True
    app.run()
    assert not app.exception
    assert [error.value for error in app.error] == [recorders.NOTHING_HEARD]


def test_another_checkpoint_answers_for_itself(app: AppTest) -> None:
    app.run()
    assert app.session_state["prediction"].checkpoint == "ctmam-general"
    app.selectbox(key="model").set_value("ctmam-synthetic").run()
    assert not app.exception
    assert app.session_state["prediction"].checkpoint == "ctmam-synthetic"


def test_any_checkpoint_alone_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(put(tmp_path, "ctmam-synthetic")))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not app.exception
    assert not app.error
    assert app.session_state["prediction"].checkpoint == "ctmam-synthetic"


def test_without_a_checkpoint_the_page_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not app.exception
    assert "python -m ser_core train" in app.error[0].value


@pytest.mark.parametrize("damage", ["card", "weights", "no weights"])
def test_a_damaged_checkpoint_leaves_the_others_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    put(tmp_path, "ctmam-general", "ctmam-synthetic")
    broken = tmp_path / "ctmam-general"
    if damage == "card":
        (broken / "card.json").write_text("{ this is no card")
    elif damage == "weights":
        (broken / "model.safetensors").write_bytes(b"\x10" * 100)
    else:
        (broken / "model.safetensors").unlink()
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not app.exception
    assert app.session_state["prediction"].checkpoint == "ctmam-synthetic"  # greets visitors in its place
    app.selectbox(key="model").set_value("ctmam-general").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "ctmam-general" in app.error[0].value
    app.selectbox(key="model").set_value("ctmam-synthetic").run()
    assert not app.error
    assert "prediction" in app.session_state


def test_a_checkpoint_that_was_replaced_is_loaded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path))
    untrained(tmp_path / "mine", seed=1)
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    before = app.session_state["prediction"].probabilities
    untrained(tmp_path / "mine", seed=2)
    app.run()
    assert not app.exception
    assert not np.allclose(before, app.session_state["prediction"].probabilities)


def test_a_visitor_keeps_few_answers(app: AppTest) -> None:
    app.run()
    for utterance in samples()[:10]:
        app.button_group(key="emotion").set_value(utterance.emotion)
        app.button_group(key="voice").set_value(utterance.sex).run()
    assert len(app.session_state["answers"]) == 8


@pytest.mark.parametrize("system", list_systems())
def test_every_system_answers(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of any system, on a sample and on a clip much shorter than its segments, as the core answers."""
    untrained(tmp_path / system, 0, system, "default")
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not app.exception
    content = beginning(spoken(), seconds=0.9)
    upload(app, content)
    assert not app.exception
    assert not app.error
    page: Prediction = app.session_state["prediction"]
    assert page.checkpoint == system
    own = Recogniser(tmp_path / system).predict(load(content))
    np.testing.assert_allclose(page.probabilities, own.probabilities, atol=1e-5)


def beginning(content: bytes, seconds: float) -> bytes:
    """The beginning of a clip, as WAV bytes."""
    return wav(load(content).samples[: round(seconds * RATE)])


def test_a_full_line_is_said_to_be_full_and_can_be_tried_again(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crowded:
        crowded.setattr(waiting, "line", lambda: Line(most=0))
        app.run()
    assert not app.exception
    assert [warning.value.partition(":")[2] for warning in app.warning] == [" try again in a moment."]
    assert "prediction" not in app.session_state
    (again,) = (button for button in app.button if button.label == "Try again")
    again.click().run()
    assert not app.warning
    assert "prediction" in app.session_state


def test_who_waits_sees_their_place_and_may_give_up(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The visitor presses the button while the page still waits: the run ends there, and the place is free again."""
    told: list[str] = []
    places = iter([12, 3])

    class Slow:
        left = False

        def wait(self, seconds: float) -> bool:
            return False

        def place(self) -> int:
            place = next(places, None)
            if place is None:  # what Streamlit does with a run when something is pressed
                waiting._leave(key)
                waiting.st.rerun()
            told.append(waiting.in_words(place))
            return place

        def leave(self) -> None:
            self.left = True

    ticket = Slow()
    key = f"ctmam-general-{waveform_of_the_first_sample().digest[:16]}"
    with monkeypatch.context() as slow:
        slow.setattr(waiting, "line", lambda: type("Stub", (), {"submit": lambda *_: ticket})())
        app.run()
    assert not app.exception
    assert told == ["12th in line for an answer …", "3rd in line for an answer …"]
    assert ticket.left
    assert [warning.value for warning in app.warning] == [waiting.LEFT]
    (again,) = (button for button in app.button if button.label == "Try again")
    again.click().run()
    assert "prediction" in app.session_state


def waveform_of_the_first_sample() -> audio.Waveform:
    return load(samples()[0].path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_what_answers_has_died_the_page_says_so(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as deadly:
        deadly.setattr(Recogniser, "predict_many", dies)
        app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [STOPPED]
    (again,) = (button for button in app.button if button.label == "Try again")
    again.click().run()
    assert "prediction" in app.session_state
