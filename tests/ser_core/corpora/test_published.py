"""Published corpora are read in their official layouts, with the facts their papers state."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ser_core.corpora import Utterance, get_corpus, list_corpora
from ser_core.corpora.base import MANY
from ser_core.errors import CorpusError
from tests.ser_core.corpora.trees import iemocap, note, put

# utterances, speakers, women, as the papers state them
PUBLISHED = {
    "casia": (1200, 4, 2),
    "crema-d": (7442, 91, 43),
    "emodb": (535, 10, 5),
    "esd-en": (17_500, 10, 5),
    "esd-zh": (17_500, 10, 5),
    "iemocap": (7529, 10, 5),  # 10,039 less 2,507 without a majority and 3 "other"
    "iemocap-improvised": (2280, 10, 5),  # the four emotions that are stated
    "ravdess": (1440, 24, 12),
    "savee": (480, 4, 0),
    "tess": (2800, 2, 2),
}
KEPT_BACK = {"casia", "esd-en", "esd-zh", "iemocap", "iemocap-improvised", "savee", "tess"}


def only(name: str, data: Path) -> Utterance:
    (utterance,) = get_corpus(name).scan(data).utterances
    return utterance


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_facts_are_those_of_the_papers(name: str) -> None:
    corpus = get_corpus(name)
    utterances, speakers, women = PUBLISHED[name]
    assert sum(corpus.expected.values()) == utterances
    assert len(corpus.speakers) == speakers
    assert list(corpus.speakers.values()).count("female") == women
    assert all(speaker.startswith(f"{corpus.key}/") for speaker in corpus.speakers)
    assert corpus.licence.ships == (name not in KEPT_BACK)
    assert corpus.steps
    assert corpus.homepage.startswith("http")


def test_an_archive_has_a_digest_or_none_and_says_where_it_is_cited() -> None:
    archives = [archive for name in list_corpora() for archive in get_corpus(name).archives]
    assert archives
    for archive in archives:
        assert archive.url.startswith("http")
        assert archive.cited
        assert archive.digest is None or archive.digest.startswith(("md5:", "sha256:"))


def test_crema_d(tmp_path: Path) -> None:
    put(
        tmp_path / "CREMA-D",
        "AudioWAV/1002_IEO_ANG_HI.wav",
        "AudioWAV/1040_ITH_SAD_X.wav",
        "AudioMP3/1002_DFA_HAP_XX.mp3",
    )
    note(tmp_path / "CREMA-D" / "VideoDemographics.csv", "ActorID,Age,Sex\n")
    scan = get_corpus("crema-d").scan(tmp_path)
    angry, slip = scan.utterances
    assert (angry.emotion, angry.speaker, angry.sex) == ("angry", "crema-d/1002", "female")
    assert (angry.text, angry.intensity, angry.language) == ("crema-d/IEO", "high", "en")
    assert (slip.emotion, slip.sex, slip.intensity) == ("sad", "male", "")
    assert not scan.problems


@pytest.mark.parametrize("name", ["1092_DFA_ANG_XX", "1000_DFA_ANG_XX", "1001_XYZ_ANG_XX", "1001_DFA_SUR_XX"])
def test_a_crema_d_name_out_of_range_is_left_out(tmp_path: Path, name: str) -> None:
    put(tmp_path, "crema-d/AudioWAV/1001_DFA_ANG_XX.wav", f"crema-d/AudioWAV/{name}.wav")
    assert len(get_corpus("crema-d").scan(tmp_path).problems) == 1


def test_tess_in_folders_flat_and_with_its_one_slip(tmp_path: Path) -> None:
    put(tmp_path / "folders", "tess/OAF_Pleasant_surprise/OAF_back_ps.wav", "tess/OAF_neutral/OA_bite_neutral.wav")
    put(tmp_path / "flat", "tess/OAF_back_ps.wav", "tess/OA_bite_neutral.wav")
    folders = get_corpus("tess").scan(tmp_path / "folders").utterances
    flat = get_corpus("tess").scan(tmp_path / "flat").utterances
    assert [u.id for u in folders] == [u.id for u in flat] == ["tess/OAF_back_ps", "tess/OAF_bite_neutral"]
    surprise, slip = flat
    assert (surprise.emotion, surprise.text, surprise.sex) == ("surprise", "tess/back", "female")
    assert slip.speaker == surprise.speaker == "tess/OAF"


def test_esd_splits_into_two_languages_with_parallel_sentences(tmp_path: Path) -> None:
    put(
        tmp_path / "esd",
        "0011/Angry/0011_000351.wav",
        "0011/Neutral/train/0011_000001.wav",  # some copies have a folder for each part
        "0020/Surprise/0020_001750.wav",
        "0001/Sad/0001_001051.wav",
    )
    note(tmp_path / "esd/0011/0011.txt", "0011_000001\tThe nine the eggs, I keep.\tNeutral\n")
    english = get_corpus("esd-en").scan(tmp_path)
    assert {u.id: (u.emotion, u.sex, u.text) for u in english.utterances} == {
        "esd-en/0011_000001": ("neutral", "male", "esd-en/001"),
        "esd-en/0011_000351": ("angry", "male", "esd-en/001"),
        "esd-en/0020_001750": ("surprise", "male", "esd-en/350"),
    }
    assert not english.problems
    chinese = only("esd-zh", tmp_path)
    assert (chinese.emotion, chinese.sex, chinese.language) == ("sad", "female", "zh")


def test_an_esd_file_outside_a_folder_of_an_emotion_is_left_out(tmp_path: Path) -> None:
    put(tmp_path / "Angry" / "esd", "0011/0011_000351.wav", "0011/Angry/0011_000352.wav")
    scan = get_corpus("esd-en").scan(tmp_path / "Angry")  # the emotion above the corpus counts for nothing
    assert [u.id for u in scan.utterances] == ["esd-en/0011_000352"]
    assert "no folder of an emotion" in scan.problems[0].reason


def test_casia(tmp_path: Path) -> None:
    put(tmp_path, "casia/ZhaoZuoxiang/fear/201.wav")
    utterance = only("casia", tmp_path)
    assert utterance.id == "casia/zhaozuoxiang_fear_201"
    assert (utterance.emotion, utterance.speaker, utterance.sex) == ("fear", "casia/zhaozuoxiang", "male")
    assert (utterance.text, utterance.language) == ("casia/201", "zh")


def test_emodb_passes_over_the_labels_beside_the_recordings(tmp_path: Path) -> None:
    put(tmp_path, "emodb/wav/03a01Lb.wav", "emodb/wav/08a05Ea.wav", "emodb/wav/16b10Aa.wav")
    note(tmp_path / "emodb/lablaut/03a01Lb.lablaut")
    note(tmp_path / "emodb/erkennung.txt")
    scan = get_corpus("emodb").scan(tmp_path)
    assert [u.emotion for u in scan.utterances] == ["boredom", "disgust", "fear"]
    assert not scan.problems


def test_ravdess_intensity(tmp_path: Path) -> None:
    put(tmp_path, "ravdess/Actor_11/03-01-08-02-01-01-11.wav")
    utterance = only("ravdess", tmp_path)
    assert (utterance.emotion, utterance.intensity, utterance.sex) == ("surprise", "strong", "male")


@pytest.mark.parametrize("root", ["iemocap", "iemocap/IEMOCAP_full_release", "IEMOCAP_full_release"])
def test_iemocap_in_its_official_tree(tmp_path: Path, root: str) -> None:
    iemocap(
        tmp_path / root,
        [("Ses01F_impro03_M007", "exc"), ("Ses05M_script01_1b_F000", "hap"), ("Ses01F_script01_1_F001", "fru")],
    )
    note(tmp_path / root / "Session1/dialog/EmoEvaluation/._Ses01F_impro03.txt", b"\x00\x05\x16\x07")
    note(tmp_path / root / "Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro03_e2_cat.txt", "Ses01F ...")
    put(tmp_path / root, "Session1/dialog/wav/Ses01F_impro03.wav")
    scan = get_corpus("iemocap").scan(tmp_path)
    improvised, shared, scripted = scan.utterances
    assert (improvised.emotion, improvised.style, improvised.session) == ("excited", "improvised", "iemocap/Ses01")
    assert (improvised.speaker, improvised.sex) == ("iemocap/Ses01M", "male")
    assert (scripted.emotion, scripted.style, scripted.session) == ("happy", "scripted", "iemocap/Ses05")
    assert shared.text == scripted.text == "iemocap/script01_1"
    assert improvised.text == "iemocap/Ses01F_impro03_M007"
    assert not scan.problems


def test_iemocap_improvised_is_the_same_recordings_and_speakers(tmp_path: Path) -> None:
    labels = [("Ses02F_impro01_F000", "ang"), ("Ses02F_script01_1_F000", "ang")]
    iemocap(tmp_path / "iemocap", labels)
    whole = {u.id: u for u in get_corpus("iemocap").scan(tmp_path).utterances}
    part = only("iemocap-improvised", tmp_path)
    assert replace(part, corpus="iemocap") == whole["iemocap/Ses02F_impro01_F000"]
    assert len(whole) == 2


def test_iemocap_votes_without_a_name_are_counted_in_one_line(tmp_path: Path) -> None:
    undecided = [(f"Ses03F_impro02_M{n:03}", "xxx") for n in range(MANY + 5)]
    iemocap(tmp_path / "iemocap", [("Ses03F_impro02_F000", "sur"), ("Ses03F_impro02_F001", "oth"), *undecided])
    put(tmp_path / "iemocap", "Session3/sentences/wav/Ses03F_impro02/Ses03F_impro02_F002.wav")
    scan = get_corpus("iemocap").scan(tmp_path)
    assert [u.emotion for u in scan.utterances] == ["surprise"]
    counts = {problem.reason: problem.count for problem in scan.problems}
    assert sorted(counts.values()) == [1, 1, MANY + 5]
    assert any("'oth'" in reason for reason in counts)
    assert any("no label" in reason for reason in counts)
    (many,) = (p for p in scan.problems if p.count > 1)
    assert "'xxx'" in many.reason
    assert f"{MANY + 4} more files" in many.reason


def test_iemocap_without_its_labels_says_where_they_belong(tmp_path: Path) -> None:
    put(tmp_path, "iemocap/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav")
    with pytest.raises(CorpusError, match="EmoEvaluation"):
        get_corpus("iemocap").scan(tmp_path)
    with pytest.raises(CorpusError, match="Session1"):
        get_corpus("iemocap").scan(put(tmp_path / "other", "iemocap/clip.wav"))


def test_a_corpus_is_found_under_the_name_its_release_unpacks_to(tmp_path: Path) -> None:
    put(tmp_path, "Emotion Speech Dataset/0011/Angry/0011_000351.wav", "CASIA database/wangzhe/sad/250.wav")
    assert only("esd-en", tmp_path).emotion == "angry"
    assert only("casia", tmp_path).emotion == "sad"


def test_check_says_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    corpus = replace(get_corpus("savee"), expected={"angry": 2, "sad": 1, "happy": 1})
    put(tmp_path, "savee/DC_a01.wav", "savee/DC_sa01.wav", "savee/JE_sa02.wav", "savee/JK_h01.wav")
    assert corpus.check(corpus.scan(tmp_path)) == [
        "angry: 1 of 2 utterances, 1 missing.",
        "sad: 2 utterances, 1 more than the 1 published.",
        "speakers: 1 of 4 missing (KL).",
    ]


def test_a_release_that_holds_everything_twice_is_read_once_and_told_in_one_line(tmp_path: Path) -> None:
    names = [f"Actor_01/03-01-05-01-01-01-{n:02}.wav" for n in range(1, 25)]
    put(tmp_path / "ravdess", *names, *(f"again/{name}" for name in names))
    scan = get_corpus("ravdess").scan(tmp_path)
    assert len(scan.utterances) == 24
    (problem,) = scan.problems
    assert problem.count == 24
    assert "second copy" in problem.reason


def test_every_id_begins_with_the_key_of_its_corpus(data: Path) -> None:
    for name in ("ravdess", "savee", "emodb"):
        corpus = get_corpus(name)
        scan = corpus.scan(data)
        assert all(u.id.startswith(f"{corpus.key}/") for u in scan.utterances)
        assert {u.speaker: u.sex for u in scan.utterances} == corpus.speakers
        assert Counter(u.corpus for u in scan.utterances) == {name: len(scan.utterances)}
