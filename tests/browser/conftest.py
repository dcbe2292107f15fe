"""The real application in a real browser: Debian's Chromium, driven by Playwright, with a microphone made of a file."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from ser_core.audio import SAMPLE_RATE, load
from ser_core.checkpoints import list_checkpoints
from ser_core.corpora.synthetic import samples
from ser_core.files import checkpoints_folder
from tests.pages.checkpoints import put

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).with_name("screenshots")
PATIENCE = 120_000  # milliseconds; a loaded machine is slow, a passing test never waits for it
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
NewPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium")
    return path


@pytest.fixture(scope="session")
def served_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints that ship; where none does, untrained ones."""
    if list_checkpoints():
        return checkpoints_folder()
    return put(tmp_path_factory.mktemp("checkpoints"), "ctmam-general", "ctmam-synthetic")


@pytest.fixture(scope="session")
def address(chromium: str, served_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application on a port of its own, until the tests end."""
    with served("app.py", served_checkpoints, tmp_path_factory.mktemp("app")) as url:
        yield url


@contextmanager
def served(script: str, checkpoints: Path, home: Path) -> Iterator[str]:
    """The address at which `streamlit run script` serves; at the end, nobody must have met a traceback."""
    environment = {
        **os.environ,
        "SER_CHECKPOINTS": str(checkpoints),
        "SER_RUNS": str(home / "runs"),
        "SER_CACHE": str(home / "cache"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
    }
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port=0", "--server.headless=true"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said: list[str] = []
    drain = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
    try:
        for line in process.stdout:
            said.append(line)
            if url := re.search(r"URL: (http://\S+)", line):
                break
        else:
            pytest.fail("the application did not start:\n" + "".join(said))
        drain.start()
        yield url[1]
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # seen once in many; then say where its threads stood
            process.send_signal(signal.SIGABRT)
            process.wait(30)
            drain.join(5)
            pytest.fail("the application did not end when it was asked to:\n" + "".join(said[-200:]))
    assert "Traceback" not in "".join(said), "".join(said)


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake microphone hears, over and over: faint noise, a sentence, three seconds of faint noise."""
    speech = load(samples()[0].path).samples
    noise = np.random.default_rng(0).normal(0, 1e-4, SAMPLE_RATE * 7 // 2 + len(speech)).astype(np.float32)
    noise[SAMPLE_RATE // 2 : SAMPLE_RATE // 2 + len(speech)] += speech
    path = tmp_path_factory.mktemp("microphone") / "voice.wav"
    soundfile.write(path, noise, SAMPLE_RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def context(chromium: str, microphone: Path) -> Iterator[BrowserContext]:
    """One for all tests, so that scripts are loaded once; every page in it is a visitor of its own."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
        )
        context = browser.new_context(accept_downloads=True)
        context.set_default_timeout(PATIENCE)
        context.add_init_script("localStorage.clear()")  # a theme that another test switched to
        yield context
        browser.close()


def settled(page: Page) -> Page:
    """Wait until the server has nothing more to do for this page."""
    expect(page.locator('[data-test-script-state="notRunning"]')).to_have_count(1, timeout=PATIENCE)
    return page


@pytest.fixture
def visit(context: BrowserContext, address: str) -> Iterator[NewPage]:
    """Open the application as a new visitor.  At the end: no console error, and nothing was asked of another host."""
    pages: list[Page] = []
    complaints: list[str] = []
    missing: list[tuple[Page, str]] = []

    def request(url: str) -> None:
        if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
            complaints.append(f"asked an outside host: {url}")

    def console(message: ConsoleMessage) -> None:
        # On the address of a page Streamlit looks for itself below that address first, and does not find it there.
        where = message.location.get("url", "")
        if message.type != "error" or re.search(r"/\w+/_stcore/(health|host-config)$", where):
            return
        if "/media/" in where and message.page:  # gone with its page, where that was left while it loaded
            missing.append((message.page, where.removeprefix(address)))
        else:
            complaints.append(f"console: {message.text} ({where})")

    def open_page(
        query: str = "", *, theme: Literal["light", "dark"] = "light", width: int = 1440, height: int = 900
    ) -> Page:
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        if width < 640:  # by its name, not by its width, the navigation knows a phone, and closes after a choice
            context.new_cdp_session(page).send("Emulation.setUserAgentOverride", {"userAgent": PHONE})
        page.on("request", lambda r: request(r.url))
        page.on("websocket", lambda w: request(w.url))
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", console)
        page.goto(f"{address}/{query}")
        return page

    yield open_page
    for page, media in missing:
        if not page.is_closed() and page.locator(f'[src$="{media}"]').count():
            complaints.append(f"what the page shows is not there: {media}")
    for page in pages:
        page.close()
    assert complaints == []
