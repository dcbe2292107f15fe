"""The page Signal in a real browser."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from pages.shared.explanations import PICTURES
from ser_core.audio import load
from ser_core.changes import Changes
from ser_core.corpora.synthetic import samples
from ser_core.plots.theme import DARK, LIGHT
from tests.browser.conftest import NewPage, settled
from tests.browser.test_recognise import picture, rgb

KEYS = [name.lower().replace(" ", "-") for name in PICTURES]


def drawn(page: Page, clips: int = 1) -> Page:
    """Wait until the answer and every picture of so many clips stand."""
    for key in KEYS:
        expect(page.locator(f".st-key-picture-{key} .js-plotly-plot")).to_have_count(clips)
        expect(page.locator(f".st-key-picture-{key} .js-plotly-plot").last).to_contain_text("seconds")
    expect(page.locator(".st-key-answers .js-plotly-plot")).to_have_count(clips)
    expect(page.locator(".st-key-more").get_by_role("button", name="WAV")).to_be_visible()
    settled(page)
    return page


def to_signal(page: Page, phone: bool = False) -> Page:
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Signal").click()
    return drawn(page)


def saved(page: Page, where: str, kind: str) -> bytes:
    with page.expect_download() as download:
        page.locator(where).get_by_role("button", name=kind, exact=True).click()
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_before_and_after_stand_side_by_side(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = to_signal(visit(theme=theme, width=width, height=height), phone=screen == "phone")
    page.get_by_role("button", name="Add noise").click()
    drawn(page, clips=2)
    page.wait_for_url(re.compile(r"[?&]noise=10"))
    expect(page.get_by_role("heading", name=re.compile("sounds like acted"))).to_have_count(1)
    expect(page.locator(".st-key-answers audio")).to_have_count(2)
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    tick = page.locator(".st-key-picture-mfcc .ytick text").first
    muted = (DARK if theme == "dark" else LIGHT).muted
    assert tick.evaluate("text => getComputedStyle(text).fill") == rgb(muted)
    picture(page, f"signal-{theme}-{screen}")


def test_the_seconds_of_all_pictures_stand_one_above_the_other(visit: NewPage) -> None:
    page = to_signal(visit())
    edges = {
        tuple(
            round(
                page.locator(f".st-key-picture-{key} .nsewdrag").first.evaluate(
                    f"area => area.getBoundingClientRect().{side}"
                )
            )
            for side in ("left", "right")
        )
        for key in KEYS
    }
    assert len(edges) == 1


def test_silence_is_dark_in_both_themes(visit: NewPage) -> None:
    """Streamlit replaces some colours near black in figures; in a spectrogram it would paint silence pink."""
    page = to_signal(visit(theme="light"))
    scale = page.locator(".st-key-picture-spectrogram .js-plotly-plot").evaluate("plot => plot._fullData[0].colorscale")
    assert scale[0][1] == "rgb(0,0,3)"


def test_a_link_opens_the_same_view_in_a_fresh_browser(context: BrowserContext, address: str) -> None:
    page = context.new_page()  # the script that finds Streamlit's root tries the page's own folder: a 404, and no fault
    sample = samples()[-1]
    page.goto(
        f"{address}/signal?emotion={sample.emotion}&voice={sample.sex}&noise=5+dB&speed=1.25&mute=20&mute=40"
        "&settings=Mine&window=64+ms&zoom=0.5&zoom=1.5"
    )
    drawn(page, clips=2)
    expect(page.locator(".st-key-clip-strip")).to_contain_text(sample.emotion.capitalize())
    expect(page.get_by_role("link", name="Recognise")).to_be_visible()  # the page has come through app.py
    shown = page.locator(".st-key-picture-pitch .js-plotly-plot").first.evaluate("plot => plot.layout.xaxis.range")
    assert shown == [0.5, 1.5]
    heard = load(saved(page, ".st-key-more", "WAV"))
    expected = Changes(speed=1.25, snr_db=5.0, muted=(0.2, 0.4)).apply(load(sample.path))
    np.testing.assert_allclose(heard.samples, expected.samples, atol=2e-4)
    page.close()


def test_sliders_answer_to_the_keyboard_and_can_be_undone(visit: NewPage) -> None:
    page = to_signal(visit())
    page.locator(".st-key-semitones").get_by_role("slider").press("ArrowRight")
    page.wait_for_url(re.compile(r"[?&]semitones=0\.5"))
    drawn(page, clips=2)
    page.get_by_role("button", name="Undo all changes").click()
    drawn(page, clips=1)
    assert "semitones" not in page.url


def test_pictures_can_be_taken_away(visit: NewPage) -> None:
    page = to_signal(visit())
    page.locator(".st-key-picture-log-mel-spectrogram").get_by_role("button", name="Save").click()
    opened = "[data-testid=stPopoverBody]"
    assert saved(page, opened, "PNG").startswith(b"\x89PNG")
    assert b"<svg" in saved(page, opened, "SVG")
    html = saved(page, opened, "HTML").decode()
    assert "Plotly.newPlot(" in html
    assert not re.search(r"<(script|link)[^>]+(src|href)=", html)
    rows = list(csv.reader(io.StringIO(saved(page, opened, "CSV").decode())))
    assert rows[0][0] == "seconds"
    assert float(rows[-1][0]) == pytest.approx(load(samples()[0].path).seconds, abs=0.05)


def test_the_explanation_has_the_formula(visit: NewPage) -> None:
    page = to_signal(visit())
    page.locator(".st-key-picture-mfcc").get_by_role("button", name="About").click()
    body = page.get_by_test_id("stPopoverBody")
    expect(body.locator(".katex").first).to_be_visible()
    expect(body).to_contain_text("Does not show hertz")
    picture(page, "signal-about")
