"""No page asks another host, and every page works where the browser could not: each outside request is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route, WebSocketRoute, expect

from tests.browser.conftest import ROOT, served, settled

PAGES = re.findall(r'url_path="(\w+)"', (ROOT / "app.py").read_text())


@pytest.fixture(scope="module")
def secure(chromium: str, served_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application with the headers that tell the browser to refuse other hosts, as `make app` starts it."""
    with served(".streamlit/serve.py", served_checkpoints, tmp_path_factory.mktemp("secure")) as url:
        yield url


def test_all_pages_are_found() -> None:
    assert len(PAGES) == (ROOT / "app.py").read_text().count("st.Page(")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_with_every_outside_request_refused(
    context: BrowserContext, secure: str, name: str, theme: str
) -> None:
    asked: list[str] = []
    complaints: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.url.startswith((f"{secure}/", "data:", "blob:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    def refuse_socket(socket: WebSocketRoute) -> None:
        if socket.url.startswith(secure.replace("http", "ws")):
            socket.connect_to_server()
        else:
            asked.append(socket.url)
            socket.close()

    page = context.new_page()
    page.route("**/*", refuse)
    page.route_web_socket("**/*", refuse_socket)
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on("console", lambda m: complaints.append(f"{m.text} {m.location['url']}") if m.type == "error" else None)
    path = "" if name == "recognise" else name  # the first page stands at the root
    answer = page.goto(f"{secure}/{path}")
    assert answer is not None
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.close()
    assert asked == []
    # Opened below the root, Streamlit first looks for its server at the page's own path and then finds it at the root.
    probes = (f"{secure}/{name}/_stcore/health", f"{secure}/{name}/_stcore/host-config")
    assert [complaint for complaint in complaints if not complaint.endswith(probes)] == []
