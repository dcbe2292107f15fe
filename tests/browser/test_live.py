"""The page Live in a real browser, with a microphone that speaks a sentence, pauses, and begins again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from pages.shared.live_listen import KEPT_SECONDS, TITLE
from pages.shared.notice import CONSENT
from ser_core.audio import load
from tests.browser.conftest import NewPage, settled
from tests.browser.test_recognise import picture

# So that a test can see whether the microphone is still open.
WATCHED = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.streams = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.wanted = wanted.audio;
    const stream = await open(wanted);
    window.streams.push(stream);
    return stream;
  };
}"""
CLOSED = (
    "() => window.streams.length > 0 && window.streams.every(s => s.getTracks().every(t => t.readyState === 'ended'))"
)
START, STOP, KEEP = "Start listening", "Stop", "Keep the last 30 s"


def listening(page: Page) -> Page:
    """Tick the box, start by the keyboard, and wait for an answer with its latency."""
    page.get_by_text(CONSENT).click()
    page.evaluate(WATCHED)
    start = page.get_by_role("button", name=START)
    expect(start).to_be_enabled()
    start.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".live .says")).to_contain_text("Sounds like")
    expect(page.locator(".live .late")).to_have_text(re.compile(r"^\d+ ms from sound to answer$"))
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_answers_come_while_somebody_speaks(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = listening(visit("live", theme=theme, width=width, height=height))
    wanted = page.evaluate("() => window.wanted")
    assert not any(wanted[name] for name in ("echoCancellation", "noiseSuppression", "autoGainControl"))
    expect(page.locator(".live .row.first .share")).to_contain_text("%")
    expect(page.get_by_role("meter", name="Level of the microphone")).to_have_attribute(
        "aria-valuetext", re.compile("dBFS")
    )
    expect(page.locator(".live .says")).to_have_text("Silence")  # the pause
    expect(page.locator(".live .says")).to_contain_text("Sounds like")  # and the sentence again
    picture(page, f"live-{theme}-{screen}")
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    page.get_by_role("button", name=STOP).click()
    expect(page.get_by_role("button", name=START)).to_be_visible()
    expect(page.locator(".live .says")).to_have_text("Stopped")
    page.wait_for_function(CLOSED)
    expect(page.locator(".live .course")).to_have_attribute("aria-label", re.compile("silence \\d+%"))


def test_the_last_seconds_are_kept_on_request_only(visit: NewPage) -> None:
    page = listening(visit("live"))
    expect(page.locator(".st-key-live-kept")).to_have_count(0)
    page.get_by_role("button", name=KEEP).click()
    expect(page.locator(".st-key-clip-strip")).to_contain_text(TITLE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download WAV").click()
    assert 1 < load(Path(download.value.path())).seconds <= KEPT_SECONDS + 1
    picture(page, "live-kept-light-laptop")
    page.get_by_role("button", name="Open in Recognise").click()
    expect(page.get_by_role("heading", name=re.compile("^Sounds like"))).to_be_visible()
    expect(page.locator(".st-key-clip-strip")).to_contain_text(TITLE)
    page.wait_for_function(CLOSED)


def test_leaving_the_page_closes_the_microphone_without_a_word_to_the_server(visit: NewPage) -> None:
    page = visit("live")
    sent: list[ClientState] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(rerun(frame))))
    page.reload()
    listening(page)
    sent.clear()
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    page.wait_for_function(CLOSED)
    settled(page)
    # A message of Live that arrives after the one for the other page would empty that page.
    asked = next(i for i, one in enumerate(sent) if not one.fragment_id)
    assert [one for one in sent[asked:] if one.fragment_id] == []
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()


def rerun(frame: bytes | str) -> ClientState:
    """What the browser asked of the server: a run of the page, or of the fragment that it names."""
    assert isinstance(frame, bytes)
    return BackMsg.FromString(frame).rerun_script


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("NotAllowedError", "refused the microphone"),
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "close other programs that use it"),
    ],
)
def test_a_microphone_that_gives_nothing_gets_its_sentence(visit: NewPage, error: str, sentence: str) -> None:
    page = visit("live")
    page.get_by_text(CONSENT).click()
    page.evaluate(
        f"() => {{ navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{error}')) }}"
    )
    page.get_by_role("button", name=START).click()
    expect(page.locator(".live .hint")).to_contain_text(sentence)
    expect(page.get_by_role("button", name=START)).to_be_visible()


def test_a_muted_microphone_is_noticed(visit: NewPage) -> None:
    page = visit("live")
    page.get_by_text(CONSENT).click()
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = "
        "async () => new AudioContext().createMediaStreamDestination().stream }"
    )
    page.get_by_role("button", name=START).click()
    expect(page.locator(".live .hint")).to_contain_text("the microphone is muted")
    page.get_by_role("button", name=STOP).click()
    expect(page.get_by_role("button", name=START)).to_be_visible()


def test_a_microphone_that_is_unplugged_ends_it_with_a_sentence(visit: NewPage) -> None:
    page = listening(visit("live"))
    page.evaluate("() => window.streams[0].getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator(".live .hint")).to_contain_text("unplugged or taken away")
    expect(page.get_by_role("button", name=START)).to_be_visible()
    expect(page.get_by_role("button", name=KEEP)).to_be_enabled()  # what was heard before is not lost


def test_the_check_beside_the_recorders_hears_the_microphone(visit: NewPage) -> None:
    page = visit()
    page.get_by_role("radio", name="Record").click()
    page.get_by_role("button", name="Check the microphone").click()
    expect(page.locator(".check .hint")).to_contain_text("The microphone hears you")
    picture(page, "record-checked-light-laptop")
