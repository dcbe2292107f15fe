"""Where files go, and what is left of them."""

import os
import time
from pathlib import Path

import pytest

from ser_core.files import LEFT_BEHIND, scratch_folder, write_text


def test_what_a_killed_application_left_goes_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    folder = scratch_folder("test-sets")
    for name, age in (("old", LEFT_BEHIND + 60), ("young", 60)):
        (folder / name).mkdir()
        (folder / name / "voice.wav").write_bytes(b"of somebody")
        then = time.time() - age
        os.utime(folder / name, (then, then))
    assert scratch_folder("test-sets") == folder
    assert [one.name for one in folder.iterdir()] == ["young"]
    assert (folder / "young" / "voice.wav").is_file()


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "card.json"
    write_text(path, "before")

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        write_text(path, "after")
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["card.json"]
