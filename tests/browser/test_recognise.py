"""The page Recognise in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.shared import recorders
from ser_core.audio import load
from ser_core.corpora.synthetic import samples
from ser_core.emotions import AS_ACTED
from ser_core.plots.theme import DARK, LIGHT
from ser_core.recogniser import Recogniser
from tests.browser.conftest import SCREENSHOTS, NewPage


def answered(page: Page) -> Page:
    """Wait until the answer and both figures stand."""
    expect(page.get_by_role("heading", name=re.compile("^Sounds like"))).to_be_visible()
    expect(page.locator(".st-key-probabilities .js-plotly-plot")).to_contain_text("%")
    expect(page.locator(".st-key-timeline .js-plotly-plot")).to_contain_text("seconds")
    return page


def picture(page: Page, name: str) -> None:
    """A picture of the whole page, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size is not None
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    if height > size["height"]:
        page.set_viewport_size({"width": size["width"], "height": height})
        page.screenshot(path=SCREENSHOTS / f"{name}-whole.png")
        page.set_viewport_size(size)


def figure_text_colour(page: Page) -> str:
    label = page.locator(".st-key-probabilities .ytick text").first
    return str(label.evaluate("text => getComputedStyle(text).fill"))


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_the_first_view_is_alive(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = answered(visit(theme=theme, width=width, height=height))
    expect(page.locator(".st-key-clip-strip")).to_contain_text("synthetic")
    expect(page.locator(".st-key-clip-strip audio")).to_be_visible()
    expect(page.get_by_role("button", name="Try your own voice")).to_be_visible()
    assert figure_text_colour(page) == rgb((DARK if theme == "dark" else LIGHT).text)
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    picture(page, f"samples-{theme}-{screen}")


def test_the_figures_follow_the_theme_when_it_is_switched(visit: NewPage) -> None:
    page = answered(visit(theme="light"))
    page.get_by_test_id("stMainMenu").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.wait_for_function(
        "colour => { const label = document.querySelector('.st-key-probabilities .ytick text');"
        " return label && getComputedStyle(label).fill === colour }",
        arg=rgb(DARK.text),
    )


def test_a_link_opens_the_same_sample_and_model(visit: NewPage, served_checkpoints: Path) -> None:
    last = samples()[-1]
    model = sorted(path.parent.name for path in served_checkpoints.glob("*/card.json"))[-1]
    page = answered(visit(f"?emotion={last.emotion}&voice={last.sex}&model={model}"))
    expect(page.locator(".st-key-clip-strip")).to_contain_text(f"{last.emotion.capitalize()}, {last.sex} voice")
    expect(page.locator(".st-key-model input")).to_have_value(model)


def test_what_is_chosen_stands_in_the_address(visit: NewPage) -> None:
    page = answered(visit())
    page.get_by_role("radio", name="sad").click()
    page.wait_for_url(re.compile(r"[?&]emotion=sad"))
    page.get_by_role("radio", name="Upload").click()
    expect(page.get_by_text("Not for judging people")).to_be_visible()
    page.get_by_role("radio", name="Samples").click()
    expect(page.locator(".st-key-clip-strip")).to_contain_text("Sad,")


def test_the_saved_answer_is_that_of_the_core(visit: NewPage, served_checkpoints: Path) -> None:
    page = answered(visit())
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    alone = Recogniser(served_checkpoints / saved["checkpoint"]).predict(load(samples()[0].path))
    np.testing.assert_allclose(saved["probabilities"], alone.probabilities, atol=1e-5)
    assert saved["label"] == alone.label


def test_an_uploaded_clip_is_answered(visit: NewPage, served_checkpoints: Path) -> None:
    upload_and_compare(visit(), samples()[3].path, served_checkpoints)


def test_a_clip_of_ravdess_is_answered(visit: NewPage, served_checkpoints: Path, data: Path) -> None:
    clip = sorted((data / "ravdess").rglob("*-21.*"))[5]
    upload_and_compare(visit(), clip, served_checkpoints)


def upload_and_compare(page: Page, clip: Path, checkpoints: Path) -> None:
    answered(page)
    page.get_by_role("radio", name="Upload").click()
    page.locator(".st-key-upload input[type=file]").set_input_files(clip)
    expect(page.locator(".st-key-clip-strip")).to_contain_text(clip.name)
    with answered(page).expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    alone = Recogniser(checkpoints / saved["checkpoint"]).predict(load(clip))
    np.testing.assert_allclose(saved["probabilities"], alone.probabilities, atol=1e-5)
    expect(page.get_by_role("heading", name=f"Sounds like {AS_ACTED[alone.label]}")).to_be_visible()
    picture(page, f"upload-{clip.suffix[1:]}")


def test_a_file_that_is_no_sound_gets_a_sentence(visit: NewPage) -> None:
    page = answered(visit())
    page.get_by_role("radio", name="Upload").click()
    page.locator(".st-key-upload input[type=file]").set_input_files(
        {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"This is a letter and not a sound. " * 40}
    )
    expect(page.get_by_role("alert")).to_contain_text("not an audio file")
    picture(page, "refusal-light-laptop")


def to_recorders(page: Page) -> None:
    answered(page).get_by_role("button", name="Try your own voice").click()
    page.get_by_text("This is my voice, or its owner agreed.").click()


# So that a test can see what the browser is asked for, whoever asks.
WATCHED = """(devices => {
  const open = devices && devices.getUserMedia.bind(devices);
  if (devices) devices.getUserMedia = (wanted) => open((window.wanted = wanted));
})(navigator.mediaDevices)"""


def test_the_recorder_that_keeps_loudness(visit: NewPage) -> None:
    page = visit(theme="dark")
    page.add_init_script(WATCHED)
    page.reload()
    to_recorders(page)
    expect(page.get_by_role("button", name="Check the microphone")).to_be_visible()  # what it does stands by now
    recorder = page.locator(".st-key-plain_recorder")
    button = recorder.get_by_test_id("stAudioInputActionButton")
    expect(button).to_be_enabled()
    button.click()
    expect(recorder.get_by_test_id("stAudioInputWaveformTimeCode")).to_have_text("00:04")
    wanted = page.evaluate("() => window.wanted.audio")
    assert [wanted[name] for name in ("echoCancellation", "noiseSuppression", "autoGainControl")] == [False] * 3
    button.click()
    expect(page.locator(".st-key-clip-strip")).to_contain_text(recorders.PLAIN_TITLE)
    picture(answered(page), "recorded-dark-laptop")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_the_hands_free_recorder_stops_by_itself(visit: NewPage, by: str) -> None:
    page = visit()
    to_recorders(page)
    picture(page, f"record-by-{by}-light-laptop")
    recorder = page.frame_locator(".st-key-hands-free iframe").get_by_role("button", name="Record hands-free")
    expect(recorder).to_be_visible()  # and made a button, which Tab reaches
    if by == "mouse":
        recorder.click()
    else:
        page.get_by_role("button", name="Check the microphone").focus()
        page.keyboard.press("Shift+Tab")
        expect(recorder).to_be_focused()
        page.keyboard.press("Space")
    expect(page.locator(".st-key-clip-strip")).to_contain_text(recorders.HANDS_FREE_TITLE)
    answered(page)
