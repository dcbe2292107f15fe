"""A corpus heard whole: what stands out, kept, and gone on with where it was stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import load
from ser_core.corpora.base import Utterance
from ser_core.corpora.synthetic import SYNTHETIC, samples
from ser_core.quality import assess
from ser_core.survey import kept_survey, survey
from tests.ser_core.clips import wav
from tests.ser_core.runs import quiet


def utterance(path: Path) -> Utterance:
    return Utterance(f"test/{path.stem}", path, "test", "angry", "test/a", "female", "en", "test/1")


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Utterance]:
    """Eight spoken clips and one of each kind that stands out."""
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "clips"
    folder.mkdir()
    spoken = [load(one.path).samples for one in samples()[:8]]
    for number, samples_ in enumerate(spoken):
        (folder / f"plain{number}.wav").write_bytes(wav(samples_ / np.abs(samples_).max() * 0.5))
    first = spoken[0] / np.abs(spoken[0]).max()
    (folder / "clipped.wav").write_bytes(wav(np.clip(20 * first, -1, 1)))
    (folder / "quiet.wav").write_bytes(wav(0.004 * first))
    (folder / "silent.wav").write_bytes(wav(np.zeros(16_000)))
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / "hum.wav").write_bytes(wav(0.3 * np.sin(np.arange(32_000) / 10)))
    (folder / "long.wav").write_bytes(wav(np.tile(0.5 * first, 30)))
    (folder / "twin.wav").write_bytes((folder / "plain0.wav").read_bytes())
    return [utterance(path) for path in sorted(folder.iterdir())]


def test_what_stands_out_is_found_and_only_that(clips: list[Utterance]) -> None:
    found = survey(clips, quiet)
    assert found.clipped() == ["test/clipped"]
    assert found.quiet() == ["test/quiet"]
    assert found.speechless() == ["test/hum"]
    assert found.odd_lengths() == ["test/long"]
    assert found.refused() == ["test/broken", "test/silent"]
    assert found.twice == (("test/plain0", "test/twin"),)


def test_the_figures_are_those_of_quality(clips: list[Utterance]) -> None:
    plain = next(one for one in clips if one.id == "test/plain3")
    heard, alone = survey(clips, quiet).heard["test/plain3"], assess(load(plain.path))
    assert heard.level == pytest.approx(alone.level_dbfs, abs=0.01)
    assert heard.seconds == pytest.approx(alone.seconds, abs=0.001)
    assert heard.speech == pytest.approx(alone.speech_seconds, abs=0.001)


def test_a_stopped_survey_goes_on_where_it_was(clips: list[Utterance]) -> None:
    asked: list[int] = []

    def stop(what: str, done: int, total: int) -> None:
        asked.append(done)
        if len(asked) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(clips, stop)
    assert kept_survey(clips) is None
    rest: list[int] = []
    found = survey(clips, lambda what, done, total: rest.append(done))
    assert len(rest) == len(clips) - 4
    assert kept_survey(clips) == found


def test_an_exchanged_file_is_heard_anew(clips: list[Utterance]) -> None:
    survey(clips, quiet)
    clips[-1].path.write_bytes(wav(0.2 * load(SYNTHETIC.scan(None).utterances[0].path).samples))
    assert kept_survey(clips) is None
