"""Corpora of one's own: a folder tree, a CSV file, an audformat database."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ser_core.corpora import get_corpus
from ser_core.corpora.base import MANY
from ser_core.errors import CorpusError
from tests.ser_core.corpora.trees import note, put


def table(path: Path, *lines: str) -> str:
    note(path, "\n".join(lines) + "\n")
    return f"csv:{path}"


def refused(name: str, says: str, data: Path | None = None) -> None:
    with pytest.raises(CorpusError, match=says) as caught:
        get_corpus(name).scan(data)
    assert "\n" not in str(caught.value)


def test_a_folder_of_emotions(tmp_path: Path) -> None:
    put(tmp_path, "Anger/a.wav", "anna/sad/b.wav", "happy/ben/c.flac")
    corpus = get_corpus(f"folder:{tmp_path}?name=My Clips&language=da")
    scan = corpus.scan(None)
    assert {u.id: u.emotion for u in scan.utterances} == {
        "folder-my-clips/Anger/a.wav": "angry",
        "folder-my-clips/anna/sad/b.wav": "sad",
        "folder-my-clips/happy/ben/c.flac": "happy",
    }
    utterance = scan.utterances[0]
    assert (utterance.corpus, utterance.language, utterance.sex) == (corpus.name, "da", "unknown")
    assert utterance.speaker == "folder-my-clips/unknown"
    assert not utterance.speaker_known
    assert not utterance.text_known


def test_nobody_may_give_away_what_is_trained_on_a_corpus_of_ones_own() -> None:
    corpus = get_corpus("folder:anywhere")  # the licence is asked for without the folder, after a training
    assert not corpus.licence.ships
    assert corpus.licence.name == "unknown"
    assert corpus.licence.rank > get_corpus("iemocap").licence.rank


@pytest.mark.parametrize(
    ("pattern", "speakers"),
    [
        (r"(s\d+)_", {"s1", "s2"}),
        (r"s\d+(?=_)", {"s1", "s2"}),
        (r"_(.)\.wav", {"a", "b"}),
        (r"^[^/]+/s\d", {"sad/s1", "angry/s2"}),
        (r"(?:sad|angry)/(s[12])&?_", {"s1", "s2"}),
    ],
)
def test_a_speaker_from_a_pattern(tmp_path: Path, pattern: str, speakers: set[str]) -> None:
    put(tmp_path, "sad/s1_a.wav", "angry/s2_b.wav")
    scan = get_corpus(f"folder:{tmp_path}?name=x&speaker={pattern}").scan(None)
    assert {u.speaker for u in scan.utterances} == {f"folder-x/{speaker}" for speaker in speakers}
    assert all(u.speaker_known for u in scan.utterances)


def test_a_file_whose_path_names_no_speaker_or_emotion_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "sad/s1_a.wav", "angry/s1_b.wav", "angry/nobody.wav", "curious/s1_c.wav", "s1_d.wav")
    note(tmp_path / "sad" / "cover.jpg")
    note(tmp_path / "readme.txt")
    scan = get_corpus(rf"folder:{tmp_path}?speaker=s\d").scan(None)
    assert len(scan.utterances) == 2
    reasons = {problem.path.name: problem.reason for problem in scan.problems}
    assert "no speaker" in reasons["nobody.wav"]
    assert "'curious'" in reasons["s1_c.wav"]
    assert "no folder" in reasons["s1_d.wav"]
    assert "not an audio file" in reasons["cover.jpg"]
    assert len(reasons) == 4


def test_a_relative_path_means_the_data_folder_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "data", "clips/sad/a.wav", "clips/happy/b.wav")
    put(tmp_path / "here", "clips/sad/c.wav", "clips/angry/d.wav", "others/sad/e.wav", "others/fear/f.wav")
    monkeypatch.chdir(tmp_path / "here")
    assert set(get_corpus("folder:clips").scan(tmp_path / "data").counts()) == {"happy", "sad"}
    assert set(get_corpus("folder:clips").scan(None).counts()) == {"angry", "sad"}
    assert set(get_corpus("folder:others").scan(tmp_path / "data").counts()) == {"fear", "sad"}
    refused("folder:nowhere", "nothing at .*nowhere nor at", tmp_path / "data")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "no recording with an emotion"),
        (("clip.wav",), "no recording with an emotion.*clip.wav: in no folder of an emotion"),
        (("curious/clip.wav",), "'curious' names no emotion"),
        (("sad/a.wav", "sad/b.wav"), "only the emotion sad"),
    ],
)
def test_a_folder_without_two_emotions_is_refused(tmp_path: Path, names: tuple[str, ...], says: str) -> None:
    refused(f"folder:{put(tmp_path, *names)}", says)


def test_a_file_is_no_folder_and_a_folder_no_csv(tmp_path: Path) -> None:
    put(tmp_path, "sad/a.wav")
    refused(f"folder:{tmp_path}/sad/a.wav", "is a file")
    refused(f"csv:{tmp_path}", "is a folder")
    refused("folder:" + "x" * 5000, "nothing at")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("folder:", "no corpus of your own"),
        ("csv: ", "no corpus of your own"),
        ("folder:a\nb", "characters"),
        ("folder:a?speaker=(", "no regular expression"),
        ("folder:a?speaker=", "empty"),
        ("folder:a?spaeker=x", "takes name, language, speaker"),
        ("csv:a?speaker=x", "takes name, language"),
        ("folder:a?name=b&name=c", "twice"),
    ],
)
def test_a_name_that_makes_no_sense_is_refused_before_the_disk_is_looked_at(name: str, says: str) -> None:
    with pytest.raises(CorpusError, match=says):
        get_corpus(name)


def test_an_unknown_name_is_told_of_folders_and_tables() -> None:
    with pytest.raises(CorpusError, match=r"crema-d.*folder:PATH"):
        get_corpus("mine")


def test_a_csv_with_everything(tmp_path: Path) -> None:
    put(tmp_path, "wav/1.wav", "wav/2.wav")
    note(
        tmp_path / "Études.csv",
        b"\xef\xbb\xbfEmotion;path;Speaker;sex;language;text;session;rater\r\n"
        b"joy;wav/1.wav;anna;F;fr;t1;s1;7\r\n"
        b"\r\n"
        b"angry;./wav/../wav/2.wav;;;;;\r\n",
    )
    first, second = get_corpus(f"csv:{tmp_path}/Études.csv?language=de").scan(None).utterances
    assert (first.id, first.emotion, first.speaker) == ("csv-études/wav/1.wav", "happy", "csv-études/anna")
    assert (first.sex, first.language, first.text, first.session) == ("female", "fr", "csv-études/t1", "csv-études/s1")
    assert (second.id, second.emotion, second.language) == ("csv-études/wav/2.wav", "angry", "de")
    assert not second.speaker_known
    assert second.session == ""
    assert first.path == tmp_path / "wav" / "1.wav"


def test_lines_of_a_csv_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    put(tmp_path / "in", "1.wav", "2.wav")
    put(tmp_path, "out.wav")
    note(tmp_path / "in" / "notes.doc")
    name = table(
        tmp_path / "in" / "all.csv",
        "path,emotion",
        "1.wav,sad",
        "2.wav,angry",
        "1.wav,happy",  # line 4: named twice
        "3.wav,sad",  # line 5: not there
        "../out.wav,sad",  # line 6
        f"{tmp_path}/out.wav,sad",
        ",sad",
        "notes.doc,sad",
        "2.wav,hangry",
        "2.wav,hangry",
        "2.wav,",
    )
    scan = get_corpus(name).scan(None)
    assert [u.emotion for u in scan.utterances] == ["sad", "angry"]
    told = " | ".join(problem.reason for problem in scan.problems)
    assert "second line" in told
    assert "no such file (line 5 of all.csv)" in told
    assert "line 6: ../out.wav needs a path below" in told
    assert "line 7" in told
    assert "line 8: an empty path" in told
    assert "not an audio file (line 9" in told
    assert "lines 10 and 11: the emotion 'hangry' is not in the vocabulary (angry, disgust" in told
    assert "line 12: no emotion" in told
    assert sum(problem.count for problem in scan.problems) == 9


def test_many_lines_with_one_unknown_emotion_are_one_problem(tmp_path: Path) -> None:
    put(tmp_path, "1.wav", "2.wav")
    name = table(tmp_path / "all.csv", "path,emotion", "1.wav,sad", "2.wav,angry", *["1.wav,odd"] * (2 * MANY))
    (problem,) = get_corpus(name).scan(None).problems
    assert problem.count == 2 * MANY
    assert f"lines 4, 5, 6 and {2 * MANY - 3} more" in problem.reason


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks the column path and emotion .its first line has no columns"),
        (b"file,label\n1.wav,sad\n", "lacks the column path and emotion .its first line has file, label"),
        (b"path\n1.wav\n", "lacks the column emotion"),
        (b"path,emotion\n", "no recording with an emotion"),
        (b"path,emotion\n1.wav,odd\n", "no recording with an emotion .*line 2: the emotion 'odd'"),
        (b"path,emotion\n1.wav,sad\n", "only the emotion sad"),
        ("path,emotion\n1.wav,fröhlich\n".encode("latin-1"), "not UTF-8"),
        (b"path,emotion\n\x00\x01", "no CSV at line 2|no recording"),
        (b'path,emotion\n"' + b"x" * 200_000, "no CSV at line 2"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, content: bytes, says: str) -> None:
    put(tmp_path, "1.wav")
    note(tmp_path / "all.csv", content)
    refused(f"csv:{tmp_path}/all.csv", says)


def database(root: Path, emotions: dict[str, str | None], speakers: dict[str, str] | None = None) -> Path:
    audformat = pytest.importorskip("audformat", reason="the optional package audformat is not installed")
    index = audformat.filewise_index(list(emotions))
    db = audformat.Database("mine", languages=["deu"])
    db.schemes["emotion"] = audformat.Scheme("str")
    db["labels"] = audformat.Table(index)
    db["labels"]["emotion"] = audformat.Column(scheme_id="emotion")
    db["labels"]["emotion"].set(list(emotions.values()))
    if speakers:
        db.schemes["speaker"] = audformat.Scheme(
            "str", labels={name: {"gender": sex} for name, sex in {"anna": "female", "ben": "male"}.items()}
        )
        db["files"] = audformat.Table(audformat.filewise_index(list(speakers)))
        db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
        db["files"]["speaker"].set(list(speakers.values()))
    root.mkdir(parents=True, exist_ok=True)
    db.save(str(root), storage_format="csv")
    put(root, *(name for name in emotions if name.startswith("wav/")))
    return root


def test_an_audformat_database(tmp_path: Path) -> None:
    emotions = {
        "wav/1.wav": "anger",
        "wav/2.wav": "sadness",
        "wav/3.wav": "hangry",
        "wav/4.wav": None,
        "out.wav": "joy",
    }
    root = database(tmp_path / "db", emotions, {"wav/1.wav": "anna", "wav/2.wav": "ben"})
    scan = get_corpus(f"audformat:{root}").scan(None)
    first, second = scan.utterances
    assert (first.id, first.emotion, first.speaker) == ("audformat-db/wav/1.wav", "angry", "audformat-db/anna")
    assert (first.sex, first.language) == ("female", "de")
    assert (second.emotion, second.sex) == ("sad", "male")
    reasons = {problem.path.name: problem.reason for problem in scan.problems}
    assert set(reasons) == {"3.wav", "4.wav", "out.wav"}
    assert "'hangry'" in reasons["3.wav"]
    assert "no emotion" in reasons["4.wav"]
    assert "no such file" in reasons["out.wav"]


def test_an_audformat_database_with_a_pickle_is_not_opened(tmp_path: Path) -> None:
    root = database(tmp_path / "db", {"wav/1.wav": "anger", "wav/2.wav": "sadness"})
    note(root / "db.labels.pkl", b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    refused(f"audformat:{root}", "pickle")
    assert not (tmp_path / "ran").exists()


def test_an_audformat_database_that_cannot_be_used(tmp_path: Path) -> None:
    refused(f"audformat:{put(tmp_path / 'none', 'a.wav')}", "no db.yaml")
    root = database(tmp_path / "db", {"wav/1.wav": "anger", "wav/2.wav": "anger"})
    refused(f"audformat:{root}", "only the emotion angry")
    refused(f"audformat:{root}?emotion=mood", "no table with a column 'mood'")
    refused(f"audformat:{root}?table=other", "has the column 'emotion' in labels")
    note(root / "db.yaml", "name: [")
    refused(f"audformat:{root}", "does not load")


def test_without_the_package_audformat_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(tmp_path / "db.yaml", "name: mine")
    monkeypatch.setitem(sys.modules, "audformat", None)
    refused(f"audformat:{tmp_path}", "pip install audformat")
