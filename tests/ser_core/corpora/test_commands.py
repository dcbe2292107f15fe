"""`corpora list|check|summary|download` at the command line, and files that only a closer look shows to be bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ser_core import corpora
from ser_core.corpora import Corpus, get_corpus, list_corpora
from ser_core.corpora.checks import duplicates, unreadable
from tests.conftest import Shell
from tests.ser_core.corpora.archives import WHOLE, corpus_at
from tests.ser_core.corpora.server import serving
from tests.ser_core.corpora.trees import note, put
from tests.ser_core.runs import quiet


@pytest.fixture
def savee(tmp_path: Path) -> Path:
    """Two speakers, two emotions, a second each, one file that is no sound and one copy."""
    put(tmp_path / "savee", "DC_a01.wav", "DC_sa01.wav", "KL_a01.wav", seconds=1.0)
    note(tmp_path / "savee" / "KL_a02.wav", b"version https://git-lfs.github.com/spec/v1\n")
    note(tmp_path / "savee" / "KL_a03.wav", (tmp_path / "savee" / "DC_a01.wav").read_bytes())
    return tmp_path


def test_list_tells_what_is_here_and_how_to_get_the_rest(shell: Shell, savee: Path) -> None:
    status, out, _ = shell("corpora", "list", "--data", str(savee))
    assert status == 0
    assert all(name in out for name in list_corpora())
    assert f"here: {savee / 'savee'}" in out
    assert "fetched by corpora download ravdess" in out
    assert "by hand, steps in corpora download iemocap" in out
    assert "may not be given away" in out
    rows = {row["name"]: row for row in json.loads(shell("corpora", "list", "--json", "--data", str(savee))[1])}
    assert rows["savee"]["folder"] == str(savee / "savee")
    assert rows["ravdess"]["folder"] is None
    assert rows["crema-d"]["speakers"] == 91


def test_list_needs_no_data_folder(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SER_DATA", raising=False)
    status, out, _ = shell("corpora", "list")
    assert status == 0
    assert "synthetic" in out


def test_check_names_what_is_missing_unreadable_and_twice(shell: Shell, savee: Path) -> None:
    status, out, _ = shell("corpora", "check", "savee", "--decode", "--data", str(savee))
    assert status == 1
    assert "angry: 4 of 60 utterances, 56 missing." in out
    assert "speakers: 2 of 4 missing (JE, JK)." in out
    assert "KL_a02.wav: " in out
    assert "byte for byte the same: savee/DC_a01, savee/KL_a03" in out
    report = json.loads(shell("corpora", "check", "savee", "--json", "--data", str(savee))[1])
    assert report["counts"] == {"angry": 4, "sad": 1}
    assert report["duplicates"] == [["savee/DC_a01", "savee/KL_a03"]]
    assert not report["problems"]  # only decoding shows it


def test_check_of_a_whole_corpus_ends_well(shell: Shell) -> None:
    status, out, _ = shell("corpora", "check", "synthetic")
    assert status == 0
    assert "as many of each emotion as published" in out


def test_only_files_that_are_the_same_byte_for_byte_are_duplicates(savee: Path) -> None:
    utterances = get_corpus("savee").scan(savee).utterances
    assert [[u.id for u in group] for group in duplicates(utterances)] == [["savee/DC_a01", "savee/KL_a03"]]
    (problem,) = unreadable(utterances, quiet)
    assert problem.path.name == "KL_a02.wav"
    (savee / "savee" / "DC_a01.wav").unlink()  # gone since the scan
    assert duplicates(utterances) == []
    assert {p.path.name for p in unreadable(utterances, quiet)} == {"KL_a02.wav", "DC_a01.wav"}


def test_the_byte_identical_pair_of_ravdess_is_found(data: Path) -> None:
    (pair,) = duplicates(get_corpus("ravdess").scan(data).utterances)
    assert [u.id for u in pair] == ["ravdess/03-01-03-01-02-01-07", "ravdess/03-01-03-01-02-02-07"]


def test_summary_counts_and_measures(shell: Shell, savee: Path) -> None:
    status, out, _ = shell("corpora", "summary", "savee", "--data", str(savee))
    assert status == 0
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert lines["savee/DC"] == ["male", "1", "1", "2"]
    assert lines["savee/KL"] == ["male", "3", "0", "3"]
    assert lines["all"] == ["4", "1", "5"]
    assert lines["seconds"] == ["3", "1", "4"]
    assert "1 files do not say how long they are" in out
    found = json.loads(shell("corpora", "summary", "savee", "--json", "--data", str(savee))[1])
    assert found["counts"] == {"angry": {"savee/DC": 1, "savee/KL": 3}, "sad": {"savee/DC": 1}}
    assert found["seconds"] == {"angry": 3.0, "sad": 1.0}


def test_a_corpus_of_ones_own_is_summarised_and_checked(shell: Shell, tmp_path: Path) -> None:
    put(tmp_path, "sad/s1_a.wav", "angry/s1_b.wav", "odd/s1_c.wav")
    name = rf"folder:{tmp_path}?speaker=s\d&name=mine"
    status, out, _ = shell("corpora", "summary", name)
    assert status == 0
    assert "folder-mine/s1" in out
    status, out, _ = shell("corpora", "check", name)
    assert status == 1
    assert "s1_c.wav: its folder 'odd' names no emotion" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "atlantis"), "no corpus 'atlantis'"),
        (("summary", "folder:"), "no corpus of your own"),
        (("summary", "csv:nowhere.csv"), "nothing at"),
        (("check", "ravdess"), "does not exist"),
        (("download", "atlantis"), "no corpus 'atlantis'"),
    ],
)
def test_every_failure_is_one_line(shell: Shell, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    status, out, err = shell("corpora", *arguments, "--data", str(tmp_path / "nowhere"))
    assert status == 2
    assert says in err
    assert len((out + err).splitlines()) == 1


def test_download_prints_the_steps_where_no_program_may_fetch(shell: Shell) -> None:
    status, out, _ = shell("corpora", "download", "esd-en")
    assert status == 1
    assert "1. Fill in the licence form" in out
    assert "https://hltsingapore.github.io/ESD/" in out
    assert shell("corpora", "download", "synthetic")[0] == 0


def test_download_says_what_it_fetched_and_how_sure_it_is(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    with serving(WHOLE) as site:
        for digest, says in (("md5", "digest is the published one"), (None, "unverified")):
            known: dict[str, Corpus] = {"savee": corpus_at(site, digest)}
            monkeypatch.setattr(corpora, "_corpora", known)
            status, out, err = shell("corpora", "download", "savee", "--data", str(tmp_path / str(digest)))
            assert status == 0, err
            assert says in out
            assert "3 utterances in" in out
            assert "registered research use" in out
        site.statuses = [404]
        status, _, err = shell("corpora", "download", "savee", "--data", str(tmp_path / "gone"))
        assert status == 2
        assert "answers 404" in err
        assert "Traceback" not in err
