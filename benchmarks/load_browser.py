"""A student with a real browser: headless Chromium, driven through the page as a person would."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.async_api import Browser, Error, Page, expect

from benchmarks.load_student import PATIENCE, Answer

ALT = re.compile(r"([a-z]+) ([<>]?\d+)%")
ENDS = {"<1": 0.0, ">99": 1.0}  # percent -> share, as a page writes them


class BrowserStudent:
    """Used as a `Student` is.  Probabilities come in whole percent here, as a screen reader says them."""

    def __init__(self, number: int, address: str, checkpoint: str, browser: Browser, folder: Path) -> None:
        self.number, self.address, self.checkpoint = number, address, checkpoint
        self.browser, self.folder = browser, folder
        self.page: Page

    async def __aenter__(self) -> BrowserStudent:
        self.page = await self.browser.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.page.close()

    async def open(self) -> float:
        """Returns the seconds until the first answer stands there."""
        began = time.perf_counter()
        await self.page.goto(f"{self.address}/?model={self.checkpoint}")
        await self._chart().wait_for()
        seconds = time.perf_counter() - began
        await self.page.get_by_text("Upload", exact=True).click()
        await self.page.locator("input[type=file]").wait_for(state="attached")
        return seconds

    async def bring(self, turn: int, name: str, content: bytes) -> Answer:
        """Choose a file and wait until its own name and the bars are drawn."""
        path = self.folder / name
        path.write_bytes(content)
        answer = Answer(self.number, turn, time.perf_counter())
        try:
            await self.page.locator("input[type=file]").set_input_files(path)
            strip = self.page.locator(".st-key-clip-strip").get_by_text(path.stem)
            await expect(strip).to_be_visible(timeout=1000 * PATIENCE)
            answer.title = await strip.inner_text()
            # the bars of the clip before stay, paler, until the new ones are there
            await expect(self.page.locator("[data-stale=true]")).to_have_count(0, timeout=1000 * PATIENCE)
            said = await self._chart().get_attribute("aria-label") or ""
            answer.seconds = answer.whole = time.perf_counter() - answer.asked
            answer.shares = {
                label: ENDS[share] if share in ENDS else int(share) / 100 for label, share in ALT.findall(said)
            }
        except (Error, AssertionError) as error:
            answer.error = f"{type(error).__name__} {error}".strip()
        return answer

    def _chart(self):  # type: ignore[no-untyped-def]
        return self.page.locator('[aria-label^="Probabilities"]').first
