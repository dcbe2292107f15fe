"""What visitors send is unpacked for their visit, and all of it together stays within bounds."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from ser_core.corpora import uploads
from ser_core.corpora.archive import Limits
from ser_core.corpora.uploads import receive, size_of
from ser_core.errors import CorpusError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where all visitors' folders of one kind lie."""
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    return tmp_path / "imports"


def zipped(size: int, name: str = "angry/a.wav") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo(name), bytes(size), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def test_it_goes_with_what_it_lies_in(place: Path) -> None:
    folder, scratch = receive(zipped(100), "mine.zip", "imports")
    assert (folder / "angry" / "a.wav").stat().st_size == 100
    scratch.cleanup()
    assert list(place.iterdir()) == []


def test_all_visitors_together_are_bounded(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "TOTAL", 5 * 2**20)
    _, first = receive(zipped(3 * 2**20), "one.zip", "imports")
    with pytest.raises(CorpusError, match="unpacks to 3 MB, and 2 MB are left beside what other visitors brought"):
        receive(zipped(3 * 2**20), "two.zip", "imports")
    assert size_of(place) == 3 * 2**20
    first.cleanup()
    _, second = receive(zipped(3 * 2**20), "two.zip", "imports")
    second.cleanup()


def test_some_of_the_disk_stays_free(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=uploads.SPARE + 2**20))
    with pytest.raises(CorpusError, match="1 MB are left"):
        receive(zipped(3 * 2**20), "mine.zip", "imports")
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a letter", "is no ZIP file"),
        (zipped(2**20), "more than the 0 allowed"),
        (zipped(1, name=""), "holds a member without a name"),
    ],
    ids=["no-zip", "huge", "nameless"],
)
def test_what_is_wrong_with_it_is_said_and_nothing_stays(place: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(CorpusError, match=sentence):
        receive(content, "mine.zip", "imports", Limits(bytes=1000))
    assert list(place.iterdir()) == []
