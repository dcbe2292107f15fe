"""For who cannot see well, uses no mouse, or is made dizzy by movement."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, settled
from tests.browser.test_outside import PAGES

STREAMLIT_OWN = "[data-testid='stSidebarNavItems']"  # its list wears the role of a menu
MATTERS = ("serious", "critical")
MANY = 80  # more stops of the Tab key than the first view has


def still(page: Page) -> Page:
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    settled(page)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)))")  # colours fade in
    return page


def focused(page: Page) -> str:
    """What has the focus, by name."""
    return str(page.evaluate("(document.activeElement.ariaLabel || document.activeElement.innerText || '').trim()"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_names_roles_and_contrast_hold(visit: NewPage, name: str, theme: Literal["light", "dark"]) -> None:
    page = still(visit("" if name == "recognise" else name, theme=theme))
    found = Axe().run(page, context={"exclude": [[STREAMLIT_OWN]]}).response["violations"]
    told = [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found
        if one["impact"] in MATTERS
        for node in one["nodes"]
    ]
    assert told == []


def test_another_sample_is_heard_by_keyboard_alone(visit: NewPage) -> None:
    page = still(visit())
    before = page.locator(".st-key-clip-strip").inner_text()
    for _ in range(MANY):
        page.keyboard.press("Tab")
        if focused(page).lower() == "angry":  # the chosen one of the group takes the focus
            break
    else:
        pytest.fail("the Tab key never reaches the samples")
    ring = page.evaluate(
        "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow; })()"
    )
    assert ring != "nonenone"  # it shows where it is
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-clip-strip")).not_to_have_text(before, use_inner_text=True)


def test_nothing_moves_where_movement_is_unwelcome(visit: NewPage) -> None:
    page = visit()
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    still(page)
    moving = page.evaluate(
        """() => document.getAnimations()
            .filter(one => one.playState === 'running' && one.effect.getTiming().iterations === Infinity)
            .map(one => one.effect.target?.outerHTML.slice(0, 120))"""
    )
    assert moving == []


def test_the_menu_with_the_themes_is_within_a_phones_screen(visit: NewPage) -> None:
    page = still(visit(theme="light", width=390, height=844))
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_role("menu").or_(page.get_by_test_id("stMainMenuPopover")).get_by_text("Dark").click()
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
