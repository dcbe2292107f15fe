"""What the tests of all pages share."""

from __future__ import annotations

import pytest

from pages.shared import deep_link


@pytest.fixture(autouse=True)
def no_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test begins each page as app.py would; there is no browser that could load it again."""
    monkeypatch.setattr(deep_link, "through_app", lambda: None)
