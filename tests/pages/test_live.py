"""The page Live without a browser, and what it makes of whatever a browser may send."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.live_listen import in_words, unpacked, whole
from pages.shared.live_places import FULL, GONE, LISTENING, LONGEST, TIME_IS_UP, Places
from ser_core.audio import SAMPLE_RATE, load
from ser_core.corpora.synthetic import samples
from ser_core.live import Listener
from ser_core.recogniser import Recogniser
from tests.pages.checkpoints import put

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture(scope="module")
def shelf_of_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("checkpoints"), "ctmam-general")


def test_the_page_asks_first_and_says_what_it_is_not_for(shelf_of_one: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(shelf_of_one))
    app = AppTest.from_file(str(APP), default_timeout=120).run().switch_page("pages/live.py").run()
    assert not app.exception
    assert app.title[0].value == "Live"
    assert not app.checkbox(key="consent").value
    assert "Not for judging people" in "".join(one.value for one in app.markdown)
    app.checkbox(key="consent").check().run()
    assert not app.exception


def test_in_class_the_notice_stands_above_the_page_and_not_in_it_too(
    shelf_of_one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(shelf_of_one))
    monkeypatch.setenv("SER_CLASS", "1")
    app = AppTest.from_file(str(APP), default_timeout=120).run().switch_page("pages/live.py").run()
    assert app.title[0].value == "Live"
    assert "Not for judging people" not in "".join(one.value for one in app.markdown)  # `app.py` puts it above


def test_the_window_that_was_heard_goes_where_another_page_is_drawn(
    shelf_of_one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(shelf_of_one))
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.session_state[LISTENING] = "seconds of sound"
    app.run()
    assert LISTENING not in app.session_state


def test_a_voice_gets_words_and_shares_and_silence_gets_none(shelf_of_one: Path) -> None:
    model = Recogniser(shelf_of_one / "ctmam-general")
    listener = Listener(model, SAMPLE_RATE)
    speech = np.rint(load(samples()[0].path).samples * 32_000).astype(np.int16)
    spoken = in_words(listener.hear(speech, 0), model)
    assert spoken["says"].startswith("Sounds like ")
    assert sum(spoken["shares"]) == pytest.approx(1, abs=0.01)
    quiet = in_words(listener.hear(np.zeros(4 * SAMPLE_RATE, np.int16), len(speech)), model)
    assert quiet["says"] == "Silence"
    assert quiet["shares"] is None
    loud = np.clip(speech.astype(np.int32) * 40, -32_768, 32_767).astype(np.int16)
    assert "Too loud" in in_words(Listener(model, SAMPLE_RATE).hear(loud, 0), model)["hint"]


def test_what_the_browser_packs_is_what_is_heard() -> None:
    sound = np.array([0, 1, -1, 32_767, -32_768], "<i2")
    packet = {"rate": 48_000.0, "pcm": base64.b64encode(sound.tobytes()).decode()}
    assert whole(packet, "rate") == 48_000
    np.testing.assert_array_equal(unpacked(packet, 5), sound)


@pytest.mark.parametrize(
    "packet",
    [None, [], "sound", {}, {"pcm": None}, {"pcm": 7}, {"pcm": "no base64!"}, {"pcm": "AAAA"}, {"pcm": "A" * 10**6}],
    ids=str,
)
def test_nonsense_from_a_browser_is_refused(packet: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever of them
        unpacked(packet, 1000)


@pytest.mark.parametrize("value", [None, -1, 1.5, float("nan"), float("inf"), "3", 2**60, []], ids=str)
def test_a_number_is_whole_and_small_enough(value: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole({"rate": value}, "rate")


def test_only_so_many_listen_at_once_and_a_place_is_given_back() -> None:
    places = Places(most=2)
    assert [places.take(who, 1, 0.0) for who in ("ann", "bob", "cem")] == ["", "", FULL]
    places.leave("ann")
    assert places.take("cem", 1, 1.0) == ""
    assert places.take("dai", 1, 1.0 + GONE / 2) == FULL
    assert places.take("dai", 1, 2.0 + GONE) == ""  # nobody heard of the others since


def test_a_start_lasts_so_long_and_the_next_begins_anew() -> None:
    places = Places(most=1)
    for second in range(0, int(LONGEST), 5):
        assert places.take("ann", 1, float(second)) == ""
    assert places.take("ann", 1, LONGEST + 1) == TIME_IS_UP
    assert places.take("ann", 2, LONGEST + 2) == ""
