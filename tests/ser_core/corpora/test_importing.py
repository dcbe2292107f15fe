"""Recordings of somebody's own: found, labelled by a mapping, taken in whole or not at all."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ser_core.corpora import get_corpus
from ser_core.corpora.archive import Limits
from ser_core.corpora.importing import (
    KEPT,
    OWN,
    Found,
    corpus_name,
    import_corpus,
    imported,
    look,
    remove,
    unpack_upload,
)
from ser_core.corpora.mapping import Mapping, Spot, guess_emotion, guess_emotions, spots
from ser_core.errors import CorpusError, NotAllowed
from ser_core.permission import AT_THE_SHELL, Permission
from tests.ser_core.clips import sound, wav
from tests.ser_core.runs import quiet

FOLDER, SPEAKER = Spot("folder", 1), Spot("name", 1)
WORDS = {"Anger": "angry", "glad": "happy"}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two speakers, two emotions by folder, and files that are none."""
    root = tmp_path / "mine"
    for number, (folder, name) in enumerate(
        [("Anger", "s01_1"), ("Anger", "s02_1"), ("glad", "s01_1"), ("glad", "s02_1"), ("other", "s01_9")]
    ):
        path = root / "takes" / folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(sound(0.5) * (1 - number / 10)))
    (root / "takes" / "notes.txt").write_text("not a sound")
    (root / "takes" / "Anger" / ".hidden.wav").write_bytes(b"")
    return root


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_where_words_stand_is_found_and_guessed(recordings: Path) -> None:
    found = look(recordings)
    assert len(found.paths) == 5
    assert [problem.path.name for problem in found.left_out] == ["notes.txt"]
    places = spots(found.paths)
    assert guess_emotion(places) == FOLDER
    assert dict(places[FOLDER]) == {"Anger": 2, "glad": 2, "other": 1}
    assert dict(places[SPEAKER]) == {"s01": 3, "s02": 2}
    assert Spot("folder", 2) not in places  # all lie in "takes"
    assert guess_emotions(["Anger", "glad"]) == {"Anger": "angry", "glad": ""}


def test_what_was_taken_in_is_a_corpus_to_every_command(recordings: Path, data: Path) -> None:
    mapping = Mapping(FOLDER, WORDS, SPEAKER, {"s01": "female"}, "de")
    got = import_corpus(look(recordings), mapping, "my-voices", data, quiet, AT_THE_SHELL)
    assert got.name == corpus_name("my-voices")
    scan = get_corpus(got.name).scan(data)
    assert scan.counts() == {"angry": 2, "happy": 2}
    assert {(u.speaker, u.sex, u.language) for u in scan.utterances} == {
        ("csv-my-voices/s01", "female", "de"),
        ("csv-my-voices/s02", "unknown", "de"),
    }
    assert [problem.path.name for problem in got.left_out] == ["s01_9.wav"]
    original = recordings / "takes" / "Anger" / "s01_1.wav"
    assert (data / OWN / "my-voices" / "recordings" / "takes" / "Anger" / "s01_1.wav").read_bytes() == (
        original.read_bytes()
    )
    assert imported(data) == ["my-voices"]


def test_recordings_that_do_not_decode_stay_out_and_are_named(recordings: Path, data: Path) -> None:
    (recordings / "takes" / "glad" / "s02_2.wav").write_bytes(b"RIFF of nothing")
    (recordings / "takes" / "glad" / "s02_3.wav").write_bytes(wav(np.zeros(16_000)))
    got = import_corpus(look(recordings), Mapping(FOLDER, WORDS), "mine", data, quiet, AT_THE_SHELL)
    assert len(got.scan.utterances) == 4
    assert {problem.path.name for problem in got.left_out} == {"s01_9.wav", "s02_2.wav", "s02_3.wav"}


def test_nothing_is_half_there_when_it_fails_or_is_stopped(recordings: Path, data: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    found = look(recordings)
    with pytest.raises(KeyboardInterrupt):
        import_corpus(found, Mapping(FOLDER, WORDS), "mine", data, stop, AT_THE_SHELL)
    with pytest.raises(CorpusError, match="only the emotion angry"):
        import_corpus(found, Mapping(FOLDER, {"Anger": "angry"}), "mine", data, quiet, AT_THE_SHELL)
    assert imported(data) == []
    assert [path for path in (data / OWN).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["", "Mine", "../out", "a/b", "-x", "x" * 41, "mine.csv"])
def test_a_name_that_could_lead_elsewhere_is_refused(name: str, recordings: Path, data: Path) -> None:
    with pytest.raises(CorpusError, match="no name for a corpus"):
        import_corpus(look(recordings), Mapping(FOLDER, WORDS), name, data, quiet, AT_THE_SHELL)


def test_a_name_is_taken_once_and_needs_a_data_folder(recordings: Path, data: Path) -> None:
    found = look(recordings)
    import_corpus(found, Mapping(FOLDER, WORDS), "mine", data, quiet, AT_THE_SHELL)
    with pytest.raises(CorpusError, match="already"):
        import_corpus(found, Mapping(FOLDER, WORDS), "mine", data, quiet, AT_THE_SHELL)
    with pytest.raises(CorpusError, match="SER_DATA"):
        import_corpus(found, Mapping(FOLDER, WORDS), "other", None, quiet, AT_THE_SHELL)


def test_removing_moves_to_the_trash(recordings: Path, data: Path) -> None:
    import_corpus(look(recordings), Mapping(FOLDER, WORDS), "mine", data, quiet, AT_THE_SHELL)
    place = remove("mine", data, AT_THE_SHELL)
    assert imported(data) == []
    assert (place / "mine.csv").is_file()
    assert len(list(place.rglob("*.wav"))) == 4
    with pytest.raises(CorpusError, match="no corpus 'mine'"):
        remove("mine", data, AT_THE_SHELL)
    with pytest.raises(CorpusError):
        remove("../data", data, AT_THE_SHELL)


def test_links_lead_nowhere(recordings: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(sound(0.5)))
    os.symlink(secret, recordings / "takes" / "glad" / "link.wav")
    os.symlink(tmp_path, recordings / "takes" / "folder-link")
    assert len(look(recordings).paths) == 5


def test_a_folder_beyond_the_limits_or_without_recordings_is_refused(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="more than 3 files"):
        look(recordings, Limits(files=3))
    with pytest.raises(CorpusError, match="GB of recordings"):
        look(recordings, Limits(bytes=1_000))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="holds no recordings"):
        look(tmp_path / "empty")
    with pytest.raises(CorpusError, match="no folder"):
        look(tmp_path / ("x" * 5_000))


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def test_a_good_zip_is_unpacked_and_found(tmp_path: Path) -> None:
    clip = wav(sound(0.5))
    content = zipped(("mine/anger/a.wav", clip), ("mine/joy/b.wav", clip), ("__MACOSX/mine/anger/._a.wav", b"junk"))
    found: Found = look(unpack_upload(content, "mine.zip", tmp_path))
    assert found.paths == ("mine/anger/a.wav", "mine/joy/b.wav")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no ZIP"),
        (b"PK\x03\x04 and then nothing", "no ZIP"),
        (zipped(("../out.wav", b"x")), "unsafe name"),
        (zipped(("/etc/out.wav", b"x")), "unsafe name"),
        (zipped(("big.wav", bytes(80 * 2**20))), "unpacks to"),
        (zipped(*((f"{n}.wav", b"x") for n in range(120))), "more than the 100 allowed"),
    ],
    ids=["empty", "broken", "leads out", "absolute", "bomb", "many"],
)
def test_a_zip_that_is_none_or_evil_leaves_nothing(content: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=sentence) as refused:
        unpack_upload(content, "../../ev il.zip", tmp_path, Limits(bytes=2**20, files=100))
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_zip_in_a_zip_is_no_recording(tmp_path: Path) -> None:
    inner = zipped(("a.wav", wav(sound(0.5))))
    folder = unpack_upload(zipped(("inner.zip", inner)), "outer.zip", tmp_path)
    with pytest.raises(CorpusError, match="holds no recordings"):
        look(folder)


def test_whoever_may_not_takes_nothing_in_and_removes_nothing(recordings: Path, data: Path) -> None:
    found, mapping = look(recordings), Mapping(FOLDER, WORDS)
    nobody, one, other = Permission(False, "Ask."), Permission(True, "", "one"), Permission(True, "", "other")
    with pytest.raises(NotAllowed, match="Ask"):
        import_corpus(found, mapping, "mine", data, quiet, nobody)
    for number in range(KEPT):
        import_corpus(found, mapping, f"mine-{number}", data, quiet, one)
    with pytest.raises(NotAllowed, match="remove one"):
        import_corpus(found, mapping, "more", data, quiet, one)
    import_corpus(found, mapping, "theirs", data, quiet, AT_THE_SHELL)
    for stranger in (nobody, other):
        with pytest.raises(NotAllowed):
            remove("mine-0", data, stranger)
    with pytest.raises(NotAllowed):
        remove("theirs", data, one)
    remove("mine-0", data, one)
    remove("mine-1", data, AT_THE_SHELL)
    assert imported(data) == ["mine-2", "theirs"]
