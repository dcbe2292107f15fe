"""The page Models in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ser_core.plots.theme import DARK, LIGHT
from tests.browser.conftest import NewPage, settled
from tests.browser.test_recognise import picture, rgb


def drawn(page: Page) -> Page:
    """Wait until the diagram stands."""
    expect(page.locator(".st-key-diagram .js-plotly-plot").first).to_contain_text("samples")
    expect(page.locator(".st-key-blocks")).to_contain_text("trainable parameters")
    settled(page)
    return page


def to_models(page: Page, phone: bool = False) -> Page:
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Models").click()
    return drawn(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "width", "height"), [("laptop", 1440, 900), ("phone", 390, 844)])
def test_the_diagram_fits_and_wears_the_theme(visit: NewPage, theme: str, screen: str, width: int, height: int) -> None:
    page = to_models(visit(theme=theme, width=width, height=height), phone=screen == "phone")
    page.get_by_text("Equations").click()
    expect(page.locator(".st-key-blocks .katex").first).to_be_visible()
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= width
    title = page.locator(".st-key-diagram .annotation text", has_text="LCT block").first
    assert title.evaluate("text => getComputedStyle(text).fill") == rgb((DARK if theme == "dark" else LIGHT).text)
    picture(page, f"models-{theme}-{screen}")


def test_what_is_looked_at_stands_in_the_address_and_opens_again(visit: NewPage) -> None:
    page = to_models(visit())
    inside = page.locator(".st-key-inside input")
    inside.click()
    inside.fill("blocks.0.attention")
    page.get_by_role("option", name="blocks.0.attention", exact=True).click()
    page.wait_for_url(re.compile(r"[?&]inside=blocks\.0\.attention"))
    expect(page.locator(".st-key-diagram .js-plotly-plot").first).to_contain_text("attention: 2 × 84 × 64")
    link = page.url.removeprefix(page.evaluate("location.origin") + "/")
    other = visit(link)
    expect(other.locator(".st-key-inside input")).to_have_value("blocks.0.attention")
    expect(other.locator(".st-key-diagram .js-plotly-plot").first).to_contain_text("attention: 2 × 84 × 64")
    picture(page, "models-inside")


def test_the_papers_numbers_and_the_cards(visit: NewPage, served_checkpoints: Path) -> None:
    page = to_models(visit())
    page.get_by_role("tab", name="Paper and ours").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    expect(page.get_by_text("Ablation", exact=True)).to_be_visible()
    picture(page, "models-paper")
    page.get_by_role("tab", name="Checkpoints here").click()
    for card in served_checkpoints.glob("*/card.json"):
        expect(page.locator(f".st-key-card-{card.parent.name}")).to_contain_text("Licence of the weights")
    picture(page, "models-cards")
