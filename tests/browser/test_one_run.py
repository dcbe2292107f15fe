"""Two runs of one visitor share what the session holds, so they never go on at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from streamlit.proto.WidgetStates_pb2 import WidgetStates

from benchmarks.load_student import Student
from tests.browser.conftest import served


def test_a_click_waits_for_the_run_that_goes_on(served_checkpoints: Path, tmp_path: Path) -> None:
    # In another thread, since this one may have a loop already, Playwright's.
    with served("tests/browser/beside.py", served_checkpoints, tmp_path) as address, ThreadPoolExecutor(1) as other:
        assert other.submit(asyncio.run, pressed_twice(address)).result() == ["begun", "1 at once"]


async def pressed_twice(address: str) -> list[str]:
    """What the page shows in the end."""
    async with Student(0, address) as visitor:
        await visitor.run(WidgetStates())
        await visitor.until(lambda: visitor.last == ["begun"])
        await visitor.run(WidgetStates())
        await visitor.until(lambda: visitor.runs_begun == 2 and visitor.quiet())
        return visitor.last
