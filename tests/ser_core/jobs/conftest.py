"""Jobs of each test stand in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SER_RUNS of this test alone."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("SER_RUNS", str(folder))
    return folder
