"""Corpora are read by their own names, in the official layout and in the flat one; what does not fit is reported."""

from collections import Counter
from pathlib import Path

import pytest

from ser_core.corpora import data_folder, get_corpus
from ser_core.errors import CorpusError


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


@pytest.mark.parametrize("name", ["ravdess", "savee"])
def test_complete_corpora_have_the_published_counts(data: Path, name: str) -> None:
    corpus = get_corpus(name)
    scan = corpus.scan(data)
    assert Counter(u.emotion for u in scan.utterances) == corpus.expected
    assert not scan.problems


def test_emodb_here_is_part_of_the_release(data: Path) -> None:
    corpus = get_corpus("emodb")
    counts = Counter(u.emotion for u in corpus.scan(data).utterances)
    assert counts == {name: corpus.expected[name] for name in ("angry", "happy", "neutral", "sad")}
    sexes = {u.speaker: u.sex for u in corpus.scan(data).utterances}
    assert Counter(sexes.values()) == {"male": 5, "female": 5}


def test_ravdess_name(tmp_path: Path) -> None:
    put(tmp_path, "ravdess/Actor_12/03-01-06-02-01-02-12.wav")
    (utterance,) = get_corpus("ravdess").scan(tmp_path).utterances
    assert (utterance.emotion, utterance.speaker, utterance.sex) == ("fear", "ravdess/12", "female")
    assert utterance.text == "ravdess/01"


def test_savee_official_layout_and_flat_copy_are_the_same_utterances(tmp_path: Path) -> None:
    put(tmp_path / "official", "savee/AudioData/DC/sa03.wav", "savee/AudioData/KL/su15.wav")
    put(tmp_path / "flat", "savee/DC_sa03.flac", "savee/KL_su15.flac")
    official = get_corpus("savee").scan(tmp_path / "official").utterances
    flat = get_corpus("savee").scan(tmp_path / "flat").utterances
    assert [u.id for u in official] == [u.id for u in flat] == ["savee/DC_sa03", "savee/KL_su15"]
    assert [u.text for u in official] == [u.text for u in flat] == ["savee/common03", "savee/su15"]
    assert [u.emotion for u in flat] == ["sad", "surprise"]


def test_savee_sentences_go_by_what_is_said(tmp_path: Path) -> None:
    """Three sentences of all emotions, twelve of each; neutral repeats the three, and two of each other emotion."""
    counts = {"a": 15, "d": 15, "f": 15, "h": 15, "sa": 15, "su": 15, "n": 30}
    put(tmp_path, *(f"savee/DC_{code}{n:02}.wav" for code, count in counts.items() for n in range(1, count + 1)))
    text = {u.id.partition("_")[2]: u.text for u in get_corpus("savee").scan(tmp_path).utterances}
    assert len(text) == 120
    assert len(set(text.values())) == 3 + 7 * 12
    assert {text[f"{code}02"] for code in counts} == {"savee/common02"} == {text["n17"]}
    assert [text[name] for name in ("n19", "n22", "n25", "n28", "n30")] == [
        text[name] for name in ("a04", "d05", "su04", "sa05", "h05")
    ]
    assert text["n04"] == "savee/n04"


def test_emodb_name(tmp_path: Path) -> None:
    put(tmp_path, "emodb/wav/16b10Wb.wav")
    (utterance,) = get_corpus("emodb").scan(tmp_path).utterances
    assert (utterance.emotion, utterance.speaker, utterance.sex, utterance.language) == (
        "angry",
        "emodb/16",
        "female",
        "de",
    )


def test_what_does_not_fit_is_reported_not_fatal(tmp_path: Path) -> None:
    put(
        tmp_path,
        "ravdess/Actor_01/03-01-05-01-01-01-01.wav",
        "ravdess/copy/03-01-05-01-01-01-01.wav",  # the same utterance twice
        "ravdess/Actor_01/03-02-05-01-01-01-01.wav",  # song
        "ravdess/Actor_01/03-01-09-01-01-01-01.wav",  # no such emotion
        "ravdess/Actor_01/holiday.wav",
        "ravdess/Actor_01/cover.jpg",
        "ravdess/README.txt",
        "ravdess/.DS_Store",
    )
    scan = get_corpus("ravdess").scan(tmp_path)
    assert [u.id for u in scan.utterances] == ["ravdess/03-01-05-01-01-01-01"]
    reasons = {p.path.name: p.reason for p in scan.problems}
    assert len(scan.problems) == 5
    assert "song" in reasons["03-02-05-01-01-01-01.wav"]
    assert "not an audio file" in reasons["cover.jpg"]


@pytest.mark.parametrize("name", ["ravdess", "savee", "emodb"])
def test_a_wrong_folder_says_what_to_do(tmp_path: Path, name: str) -> None:
    corpus = get_corpus(name)
    with pytest.raises(CorpusError, match="SER_DATA"):
        corpus.scan(None)
    with pytest.raises(CorpusError, match="does not exist"):
        corpus.scan(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="expected the folder"):
        corpus.scan(tmp_path)
    put(tmp_path, f"{name}/holiday.wav")
    with pytest.raises(CorpusError, match="holds no"):
        corpus.scan(tmp_path)


def test_data_folder_comes_from_option_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", "/somewhere")
    assert data_folder() == Path("/somewhere")
    assert data_folder("/elsewhere") == Path("/elsewhere")
    monkeypatch.delenv("SER_DATA")
    assert data_folder() is None


def test_unknown_corpus_names_the_known_ones() -> None:
    with pytest.raises(CorpusError, match="ravdess"):
        get_corpus("ravdes")
