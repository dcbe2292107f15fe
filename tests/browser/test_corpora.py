"""The page Corpora in a real browser."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ser_core.corpora.synthetic import samples
from ser_core.plots.theme import DARK, LIGHT
from tests.browser.conftest import NewPage, settled
from tests.browser.test_recognise import picture, rgb


def drawn(page: Page) -> Page:
    """Wait until the counts stand and a recording can be played."""
    settled(page)  # the figures of another corpus are gone by then
    for key in ("by-emotion", "by-sex", "by-speaker", "lengths"):
        expect(page.locator(f".st-key-{key} .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-listen audio")).to_be_visible()
    settled(page)
    return page


def to_corpora(page: Page, phone: bool = False) -> Page:
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Corpora").click()
    return drawn(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_the_synthetic_corpus_is_laid_out(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = to_corpora(visit(theme=theme, width=width, height=height), phone=screen == "phone")
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    label = page.locator(".st-key-by-emotion .ytick text").first
    assert label.evaluate("text => getComputedStyle(text).fill") == rgb((DARK if theme == "dark" else LIGHT).text)
    expect(page.locator(".st-key-by-speaker .legend")).to_contain_text("surprise")
    picture(page, f"corpora-{theme}-{screen}")


def test_another_corpus_says_how_to_get_it(visit: NewPage) -> None:
    page = to_corpora(visit())
    chosen = page.locator(".st-key-corpus input")
    chosen.click()
    chosen.fill("tess")
    page.get_by_role("option", name="tess", exact=True).click()
    page.wait_for_url("**corpus=tess**")
    expect(page.get_by_text("CC BY-NC-ND 4.0: weights trained on it may not be given away")).to_be_visible()
    picture(page, "corpora-missing")


def zipped() -> bytes:
    clip = samples()[0].path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for folder in ("Anger", "glad"):
            for speaker in ("s01", "s02"):
                file.writestr(f"my voices/{folder}/{speaker}_take.ogg", clip)
    return buffer.getvalue()


@pytest.mark.skipif(not os.environ.get("SER_DATA"), reason="SER_DATA is not set: there is no folder to import into")
def test_the_dialog_for_ones_own_recordings(visit: NewPage) -> None:
    """Up to the last click, which would write into the data folder."""
    page = to_corpora(visit())
    page.get_by_role("tab", name="Bring your own").click()
    upload = page.locator(".st-key-import-zip input[type=file]")
    upload.set_input_files({"name": "letter.zip", "mimeType": "application/zip", "buffer": b"a letter"})
    expect(page.get_by_role("alert")).to_contain_text("no ZIP file")
    upload.set_input_files({"name": "my voices.zip", "mimeType": "application/zip", "buffer": zipped()})
    page.get_by_role("button", name="Say what they are").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".st-key-label-word-Anger input")).to_have_value("angry")
    expect(dialog.get_by_role("button", name="Take them in")).to_be_disabled()
    glad = dialog.locator(".st-key-label-word-glad input")
    glad.click()
    glad.fill("happy")
    page.get_by_role("option", name="happy", exact=True).click()
    expect(dialog.get_by_role("button", name="Take them in")).to_be_enabled()
    picture(page, "corpora-dialog")


def test_a_recording_of_ravdess_is_reached(visit: NewPage, data: Path) -> None:
    page = to_corpora(visit())
    chosen = page.locator(".st-key-corpus input")
    chosen.click()
    chosen.fill("ravdess")
    page.get_by_role("option", name="ravdess", exact=True).click()
    expect(page.locator(".st-key-listen-to input")).to_have_value("ravdess/03-01-01-01-01-01-01")
    expect(drawn(page).get_by_text("1,440 recordings")).to_be_visible()
    picture(page, "corpora-ravdess")
