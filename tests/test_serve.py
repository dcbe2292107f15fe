"""What `make app` and `make class` add to Streamlit: headers, no outside host, and nobody clears what all share."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import requests
from streamlit import net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import caching
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.server.server_util import is_url_from_allowed_origins


@pytest.fixture(autouse=True)
def serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module in force, and Streamlit as it was after the test."""
    for owner, name in (
        (net_util, "get_external_ip"),
        (AppSession, "_handle_clear_cache_request"),
        (PagesManager, "uses_pages_directory"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    path = Path(__file__).resolve().parents[1] / ".streamlit" / "serve.py"
    spec = importlib.util.spec_from_file_location("serve", path)
    assert spec
    assert spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_a_page_of_another_site_is_refused_without_asking_an_outside_host(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(requests, "get", lambda url, **_: asked.append(url))
    assert not is_url_from_allowed_origins("https://elsewhere.example")
    assert is_url_from_allowed_origins("http://localhost:8501")
    assert asked == []


def test_no_visitor_clears_what_all_share(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[str] = []
    monkeypatch.setattr(caching.cache_resource, "clear", lambda: cleared.append("resource"))
    monkeypatch.setattr(caching.cache_data, "clear", lambda: cleared.append("data"))
    session = AppSession.__new__(AppSession)
    session._debug_last_backmsg_id, session._state = None, AppSessionState.SHUTDOWN_REQUESTED
    session.handle_backmsg(BackMsg(clear_cache=True))
    assert cleared == []
