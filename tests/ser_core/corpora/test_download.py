"""Fetching a corpus from a server on this machine that breaks off, lies and sends evil archives."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ser_core.corpora import Corpus, get_corpus
from ser_core.corpora.archive import Limits
from ser_core.corpora.download import Downloaded, alone, download
from ser_core.corpora.transfer import BLOCK
from ser_core.errors import CorpusError
from tests.ser_core.corpora.archives import NAMES, WHOLE, corpus_at, packed
from tests.ser_core.corpora.server import Site, serving
from tests.ser_core.runs import quiet


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(WHOLE) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "downloads"


def fetched(corpus: Corpus, data: Path, **how: Limits) -> Downloaded:
    return download(corpus, data, quiet, pause=0, **how)


def whole(data: Path) -> bool:
    return [u.id for u in get_corpus("savee").scan(data).utterances] == [f"savee/{name}" for name in NAMES]


def refused(corpus: Corpus, data: Path, cache: Path, says: str, keeps_part: bool = False, **how: Limits) -> None:
    with pytest.raises(CorpusError, match=says) as caught:
        fetched(corpus, data, **how)
    assert "\n" not in str(caught.value)
    assert not list(data.rglob("*")), "something half is left"
    assert bool(list(cache.glob("*"))) == keeps_part


def test_a_corpus_is_fetched_checked_and_put_in_place(site: Site, cache: Path, tmp_path: Path) -> None:
    got = fetched(corpus_at(site, size=len(WHOLE)), tmp_path / "data")
    assert got == Downloaded(tmp_path / "data" / "savee", 3, verified=True, differences=())
    assert whole(tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["savee"]
    assert not list(cache.iterdir())
    assert site.asked == [""]


def test_a_connection_that_breaks_off_goes_on_where_it_was(site: Site, cache: Path, tmp_path: Path) -> None:
    site.breaks = [100_000, 50_000, 10_000, 70_000]
    assert fetched(corpus_at(site), tmp_path / "data").verified
    assert whole(tmp_path / "data")
    asked = [int(wanted[6:-1] or 0) for wanted in site.asked]
    assert len(asked) == 5
    assert asked == sorted(asked)
    assert len(WHOLE) + 4 * BLOCK - site.sent > 0  # no more than a block was sent again each time


def test_a_transfer_given_up_goes_on_at_the_next_call(site: Site, cache: Path, tmp_path: Path) -> None:
    site.breaks = [200_000] + [0] * 10
    refused(corpus_at(site), tmp_path / "data", cache, "broke off after 0.2 MB: run the same command", keeps_part=True)
    site.breaks, site.asked = [], []
    assert fetched(corpus_at(site), tmp_path / "data").verified
    assert len(site.asked) == 1
    assert 200_000 - BLOCK < int(site.asked[0][6:-1]) <= 200_000
    assert not list(cache.iterdir())


def test_a_stop_by_the_user_keeps_the_part(site: Site, cache: Path, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(corpus_at(site), tmp_path / "data", stop)
    assert not list((tmp_path / "data").iterdir())
    have = (cache / "corpus.zip.part").stat().st_size
    assert have > 0
    fetched(corpus_at(site), tmp_path / "data")
    assert site.asked == ["", f"bytes={have}-"]


def test_a_server_that_ignores_range_sends_all_of_it_anew(site: Site, cache: Path, tmp_path: Path) -> None:
    site.ranges, site.breaks = False, [100_000]
    assert fetched(corpus_at(site), tmp_path / "data").verified
    assert whole(tmp_path / "data")
    assert site.sent == len(WHOLE) + 100_000


def test_two_files_are_never_joined_when_the_server_changes_its_own(site: Site, cache: Path, tmp_path: Path) -> None:
    site.content, site.breaks = bytes(len(WHOLE)), [100_000] + [0] * 10
    refused(corpus_at(site), tmp_path / "data", cache, "broke off", keeps_part=True)
    site.content, site.etag, site.breaks = WHOLE, '"two"', []
    assert fetched(corpus_at(site), tmp_path / "data").verified


def test_without_a_mark_of_the_file_nothing_is_joined(site: Site, cache: Path, tmp_path: Path) -> None:
    site.etag, site.breaks = None, [100_000]
    assert fetched(corpus_at(site), tmp_path / "data").verified
    assert site.asked == ["", ""]


def test_a_part_that_is_the_whole_file_needs_no_byte_more(site: Site, cache: Path, tmp_path: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "corpus.zip.part").write_bytes(WHOLE)
    (cache / "corpus.zip.part.json").write_text(json.dumps({"url": site.url, "validator": site.etag}))
    assert fetched(corpus_at(site), tmp_path / "data").verified
    assert site.sent == 0


def test_notes_that_are_damaged_only_cost_a_new_start(site: Site, cache: Path, tmp_path: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "corpus.zip.part").write_bytes(b"rubbish")
    (cache / "corpus.zip.part.json").write_text("[")
    assert fetched(corpus_at(site), tmp_path / "data").verified
    assert site.asked == [""]


def test_a_server_that_is_busy_is_asked_again(site: Site, cache: Path, tmp_path: Path) -> None:
    site.statuses = [503, 429]
    assert fetched(corpus_at(site), tmp_path / "data").verified
    site.statuses = [500] * 10
    refused(corpus_at(site), tmp_path / "other", cache, "does not answer")


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_file_that_is_gone(site: Site, cache: Path, tmp_path: Path, status: int) -> None:
    site.statuses = [status]
    refused(corpus_at(site), tmp_path / "data", cache, f"answers {status} .*home page")
    assert site.asked == [""]  # asking again would not help


def test_no_server_at_all(cache: Path, tmp_path: Path) -> None:
    with serving(WHOLE) as site:
        corpus = corpus_at(site)
    refused(corpus, tmp_path / "data", cache, "does not answer: check the connection")


def test_the_wrong_file_is_told_by_its_digest(site: Site, cache: Path, tmp_path: Path) -> None:
    site.content = packed("AudioData/DC/a02.wav")
    refused(corpus_at(site), tmp_path / "data", cache, "has not the digest")


def test_the_wrong_file_is_told_by_its_size_before_it_is_fetched(site: Site, cache: Path, tmp_path: Path) -> None:
    refused(corpus_at(site, size=len(WHOLE) + 1), tmp_path / "data", cache, "another file")
    assert site.sent == 0 or site.sent == len(WHOLE)


def test_a_file_that_never_ends_is_cut_off(site: Site, cache: Path, tmp_path: Path) -> None:
    site.says_length = False
    refused(corpus_at(site, None, size=100_000), tmp_path / "data", cache, "sends more than was announced")
    refused(corpus_at(site, None), tmp_path / "data", cache, "sends more", limits=Limits(bytes=100_000))


def test_a_length_that_is_no_number_is_passed_over(site: Site, cache: Path, tmp_path: Path) -> None:
    site.says_length = "plenty"
    fetched(corpus_at(site), tmp_path / "data")


def test_a_file_larger_than_any_corpus_is_not_begun(site: Site, cache: Path, tmp_path: Path) -> None:
    refused(corpus_at(site), tmp_path / "data", cache, "more than any corpus", limits=Limits(bytes=100_000))


def test_without_a_digest_counts_are_checked_and_it_is_called_unverified(
    site: Site, cache: Path, tmp_path: Path
) -> None:
    got = fetched(corpus_at(site, None), tmp_path / "data")
    assert not got.verified
    assert not got.differences


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (packed("AudioData/DC/a01.wav", "AudioData/KL/h01.wav"), "not all of SAVEE .sad: 0 of 1"),
        (packed("holiday.wav"), "holds no SAVEE files"),
        (b"<!DOCTYPE html><title>Please log in</title>", "no archive"),
        (WHOLE[:-40], "damaged|no archive"),
        (b"", "no archive"),
    ],
    ids=["incomplete", "another corpus", "page", "cut", "empty"],
)
def test_without_a_digest_the_wrong_file_is_still_told(
    site: Site, cache: Path, tmp_path: Path, content: bytes, says: str
) -> None:
    site.content = content
    refused(corpus_at(site, None), tmp_path / "data", cache, says)


@pytest.mark.parametrize("name", ["../../../evil.wav", "/evil.wav"])
def test_an_evil_archive_writes_nothing(site: Site, cache: Path, tmp_path: Path, name: str) -> None:
    site.content = packed("AudioData/DC/a01.wav", name)
    refused(corpus_at(site, None), tmp_path / "data", cache, "unsafe name")
    assert not list(tmp_path.rglob("evil.wav"))


def test_a_bomb_is_refused(site: Site, cache: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("AudioData/DC/a01.wav", bytes(100 * 2**20))
    site.content = buffer.getvalue()
    refused(corpus_at(site, None), tmp_path / "data", cache, "unpacks to 100 MB, more than the 64 allowed")


def test_a_corpus_that_is_there_is_not_touched(site: Site, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "savee").mkdir()
    with pytest.raises(CorpusError, match="already"):
        fetched(corpus_at(site), tmp_path)
    assert not site.asked
    assert not list((tmp_path / "savee").iterdir())


def test_two_never_write_into_one_part(site: Site, cache: Path, tmp_path: Path) -> None:
    corpus = corpus_at(site, size=len(WHOLE))
    with alone(corpus):
        refused(corpus, tmp_path / "data", cache, "being fetched already")
    assert not site.asked
    fetched(corpus, tmp_path / "data")


def test_what_a_killed_download_left_goes_with_the_next(site: Site, cache: Path, tmp_path: Path) -> None:
    left = tmp_path / "data" / ".savee.half-k2_x" / "savee"
    left.mkdir(parents=True)
    (left / "a01.wav").write_bytes(b"half")
    fetched(corpus_at(site), tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["savee"]


def test_a_corpus_that_no_program_may_fetch_names_its_home_page(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"sail\.usc\.edu"):
        download(get_corpus("iemocap"), tmp_path, quiet)
    with pytest.raises(CorpusError, match="SER_DATA"):
        download(get_corpus("ravdess"), None, quiet)
