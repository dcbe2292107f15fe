"""The page Corpora, without a browser."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import ser_core.corpora
from pages.shared import corpora_here, corpus_import
from ser_core import permission
from ser_core.corpora import get_corpus, list_corpora
from ser_core.corpora.importing import OWN, TRASH, imported
from ser_core.corpora.synthetic import samples
from ser_core.permission import Permission
from tests.ser_core.clips import sound, wav
from tests.ser_core.corpora.archives import NAMES, WHOLE, corpus_at
from tests.ser_core.corpora.server import Site, serving

APP = Path(__file__).resolve().parents[2] / "app.py"
OWNER = Permission(True, "")
NOBODY = Permission(False, "It takes the passphrase of whoever runs this server.")
VISITOR = Permission(True, "This server is open.", visitor="abc")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page as whoever runs the server sees it, with an empty data folder."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("SER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    allow(monkeypatch, OWNER)
    corpora_here.look_again()
    yield AppTest.from_file(str(APP), default_timeout=120).switch_page("pages/corpora.py")
    corpora_here.look_again()


def allow(monkeypatch: pytest.MonkeyPatch, answer: Permission) -> None:
    monkeypatch.setattr(permission, "may_act", lambda *_, **__: answer)


def words(app: AppTest) -> str:
    every = (*app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.success)
    return "\n".join(element.value for element in every)


def chart(app: AppTest, key: str) -> dict:
    """The figure of this key, as the browser gets it."""
    (figure,) = (json.loads(one.proto.spec) for one in app.get("plotly_chart") if key in one.proto.id)
    return figure


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def choose(app: AppTest, name: str) -> AppTest:
    app.run()
    return app.selectbox(key="corpus").set_value(name).run()


@pytest.mark.parametrize("folder", ["none", "gone", "empty"])
def test_with_no_corpus_but_the_synthetic_one(
    app: AppTest, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if folder == "none":
        monkeypatch.delenv("SER_DATA")
    elif folder == "gone":
        monkeypatch.setenv("SER_DATA", str(tmp_path / "gone"))
    app.run()
    assert not app.exception
    assert not app.error
    table = app.dataframe[0].value
    assert list(table["Corpus"]) == list_corpora()
    here = dict(zip(table["Corpus"], table["Here"], strict=True))
    assert here.pop("synthetic") == "700, complete"
    assert set(here.values()) == {"missing"}
    counts = get_corpus("synthetic").scan(None).counts()
    bars = chart(app, "by-emotion")["data"][1]
    assert dict(zip(bars["y"], bars["x"], strict=True)) == counts
    assert "350" in json.dumps(chart(app, "by-sex"))
    assert len(app.get("audio")) == 1


@pytest.mark.parametrize("name", list_corpora())
def test_every_corpus_says_its_licence_citation_and_how_to_get_it(app: AppTest, name: str) -> None:
    choose(app, name)
    assert not app.exception
    corpus = get_corpus(name)
    assert corpus.licence.name in words(app)
    assert corpus.citation in [one.value for one in app.code]
    for step in corpus.steps:
        assert step in words(app)


def test_what_is_missing_of_a_copy_is_told(app: AppTest, own_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_data / "ravdess" / "Actor_01" / "stray.exe").write_bytes(b"no sound")
    monkeypatch.setenv("SER_DATA", str(own_data))
    choose(app, "ravdess")
    assert not app.exception
    corpus = get_corpus("ravdess")
    scan = corpus.scan(own_data)
    for sentence in corpus.check(scan):
        assert sentence in words(app)
    bars = chart(app, "by-emotion")["data"]
    assert dict(zip(bars[1]["y"], bars[1]["x"], strict=True)) == {
        emotion: scan.counts().get(emotion, 0) for emotion in bars[1]["y"]
    }
    assert dict(zip(bars[0]["y"], bars[0]["x"], strict=True)) == corpus.expected
    stacked = sum(sum(one["y"]) for one in chart(app, "by-speaker")["data"])
    assert stacked == len(scan.utterances)
    assert "1 files left out" in [one.label for one in app.expander]


def test_what_stands_out_is_found_when_every_recording_is_heard(
    app: AppTest, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_DATA", str(own_data))
    first, second, third, *_ = sorted((own_data / "ravdess").rglob("*.ogg"))
    spoken = np.clip(20 * np.random.default_rng(0).normal(size=16_000), -1, 1)
    first.with_suffix(".wav").write_bytes(wav(spoken))
    first.unlink()
    second.with_suffix(".wav").write_bytes(wav(np.zeros(16_000)))
    second.unlink()
    shutil.copyfile(third, third.with_name(third.name.replace("-01-", "-02-", 5).replace("03-02", "03-01", 1)))
    choose(app, "ravdess")
    assert "clipped" not in app.selectbox(key="listen-kind").options
    press(app, "Hear every recording")
    assert not app.exception
    assert "silent or broken" in app.selectbox(key="listen-kind").options
    assert "clipped" in app.selectbox(key="listen-kind").options or "no speech heard" in words(app)
    app.selectbox(key="listen-kind").set_value("silent or broken").run()
    assert not app.exception
    assert "silent" in app.error[0].value


def test_listening_filters_by_emotion_and_speaker(app: AppTest) -> None:
    app.run()
    one = samples()[0]
    app.selectbox(key="listen-emotion").set_value(one.emotion)
    app.selectbox(key="listen-speaker").set_value(one.speaker).run()
    options = app.selectbox(key="listen-to").options
    assert one.id in options
    assert all(f"{one.speaker}_{one.emotion}" in name for name in options)


def test_what_may_not_be_given_out_is_not_played_to_everybody(
    app: AppTest, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = own_data / "savee"
    put.mkdir()
    for name in ("DC_a01", "DC_sa01", "KL_h01"):
        (put / f"{name}.wav").write_bytes(wav(sound(1.0)))
    monkeypatch.setenv("SER_DATA", str(own_data))
    choose(app, "savee")
    assert len(app.get("audio")) == 1
    allow(monkeypatch, NOBODY)
    app.run()
    assert not app.get("audio")
    assert "passphrase" in words(app)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A SAVEE of three recordings that may be fetched from this machine."""
    with serving(WHOLE) as site:
        monkeypatch.setitem(ser_core.corpora._corpora, "savee", corpus_at(site))
        yield site


def test_a_download_asks_for_the_terms_and_puts_the_corpus_in_place(app: AppTest, site: Site, tmp_path: Path) -> None:
    choose(app, "savee")
    button = next(button for button in app.button if button.label.startswith("Download"))
    assert button.disabled
    app.checkbox(key="accept-terms").check().run()
    press(app, "Download")
    assert not app.exception
    assert not app.error
    assert len(list((tmp_path / "data" / "savee").rglob("*.wav"))) == len(NAMES)
    assert "3, complete" in list(app.dataframe[0].value["Here"])


def test_a_download_that_fails_gets_a_sentence_and_leaves_nothing(app: AppTest, site: Site, tmp_path: Path) -> None:
    site.statuses = [404]
    choose(app, "savee")
    app.checkbox(key="accept-terms").check().run()
    press(app, "Download")
    assert not app.exception
    assert "404" in app.error[0].value
    assert list((tmp_path / "data").iterdir()) == []


def test_a_stranger_may_look_but_not_act(app: AppTest, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, NOBODY)
    choose(app, "savee")
    assert not [button for button in app.button if button.label.startswith("Download")]
    assert NOBODY.reason in words(app)
    app.session_state["part"] = "Bring your own"
    app.run()
    assert not app.exception
    assert not app.get("file_uploader")
    assert NOBODY.reason in words(app)


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def own_zip() -> bytes:
    clip = samples()[0].path.read_bytes()
    return zipped(*((f"My voices/{word}/s0{n}_take.ogg", clip) for word in ("Anger", "glad", "noise") for n in (1, 2)))


def bring(app: AppTest, content: bytes, name: str = "My voices.zip") -> AppTest:
    app.session_state["part"] = "Bring your own"
    app.run()
    return app.file_uploader(key="import-zip").upload(name, content, "application/zip").run()


def test_a_zip_is_labelled_in_a_dialog_and_becomes_a_corpus(app: AppTest, tmp_path: Path) -> None:
    bring(app, own_zip())
    assert "6 recordings found" in words(app)
    press(app, "Say what they are")
    assert not app.exception
    assert app.selectbox(key="label-word-Anger").value == "angry"
    assert app.selectbox(key="label-word-glad").value == "leave out"
    assert next(button for button in app.button if button.label == "Take them in").disabled
    app.selectbox(key="label-word-glad").set_value("happy").run()
    app.selectbox(key="label-speaker").set_value(1).run()
    app.multiselect(key="label-women").set_value(["s01"]).run()
    press(app, "Take them in")
    assert not app.exception
    assert "recordings found" not in words(app)
    assert imported(tmp_path / "data") == ["my-voices"]
    scan = corpora_here.scan_of("my-voices")
    assert scan.counts() == {"angry": 2, "happy": 2}
    assert {(u.speaker, u.sex) for u in scan.utterances} == {
        ("csv-my-voices/s01", "female"),
        ("csv-my-voices/s02", "unknown"),
    }
    another = AppTest.from_file(str(APP), default_timeout=120).switch_page("pages/corpora.py")
    choose(another, "my-voices")
    assert not another.exception
    assert "**4 recordings** · 2 speakers" in words(another)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no zip at all", "no ZIP"),
        (zipped(("../../evil.wav", b"x")), "unsafe name"),
        (zipped(("readme.txt", b"x")), "holds no recordings"),
        (zipped(("inner.zip", zipped(("a.wav", b"x")))), "holds no recordings"),
        (zipped(), "holds no recordings"),
    ],
    ids=["no zip", "evil", "no recordings", "nested", "empty"],
)
def test_a_zip_that_will_not_do_gets_a_sentence(
    app: AppTest, content: bytes, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(app, content)
    assert not app.exception
    assert sentence in app.error[0].value
    assert list((tmp_path / "data").iterdir()) == []
    monkeypatch.setattr(corpus_import, "receive", lambda *_: pytest.fail("it was unpacked once more"))
    app.run()
    assert sentence in app.error[0].value


def test_a_folder_of_the_server_is_for_whoever_runs_it(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.session_state["part"] = "Bring your own"
    app.session_state["import-from"] = "A folder on the server"
    app.run()
    app.text_input[0].set_value(str(tmp_path / "nothing here"))
    press(app, "Look")
    assert "There is no folder" in app.error[0].value
    allow(monkeypatch, VISITOR)
    app.session_state["import-from"] = "A ZIP from your computer"
    app.run()
    assert not app.exception
    assert app.button_group(key="import-from").options == ["A ZIP from your computer"]


def test_nothing_is_removed_without_a_question(app: AppTest, tmp_path: Path) -> None:
    bring(app, own_zip())
    press(app, "Say what they are")
    app.selectbox(key="label-word-glad").set_value("happy").run()
    press(app, "Take them in")
    press(app, "Remove")
    assert imported(tmp_path / "data") == ["my-voices"]
    press(app, "Keep it")
    assert imported(tmp_path / "data") == ["my-voices"]
    press(app, "Remove")
    press(app, "Move to the trash")
    assert not app.exception
    assert imported(tmp_path / "data") == []
    assert len(list((tmp_path / "data" / OWN / TRASH).rglob("*.ogg"))) == 4
