"""The words and files that the pages make of a clip, a card and a prediction."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pages.shared import clip, export, model_card
from pages.shared.clip import duration, open_clip, quality_line
from pages.shared.clip_strip import plain
from ser_core.audio import Waveform, load
from ser_core.checkpoints import Card, Measured, Part, load_card
from ser_core.corpora.synthetic import samples
from ser_core.errors import AudioError
from ser_core.quality import Quality
from ser_core.recogniser import Recogniser
from tests.pages.checkpoints import untrained


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "ctmam-test"
    untrained(folder, seed=0)
    return folder


@pytest.fixture
def card(folder: Path) -> Card:
    return load_card(folder)


def measured(clipped: float) -> Quality:
    return Quality(
        peak_dbfs=-3, level_dbfs=-20.6, clipped_share=clipped, seconds=3.91, speech_seconds=2.34,
        speech=((0.5, 2.84),), snr_db=31.6,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("clipped", "words"), [(0.0, "no clipping"), (0.0004, "hardly any clipping"), (0.031, "3.1% clipped")]
)
def test_the_quality_line(clipped: float, words: str) -> None:
    assert quality_line(measured(clipped)) == f"3.9 s · level −21 dBFS · {words} · SNR about 32 dB · 2.3 s of speech"
    assert "SNR" not in quality_line(replace(measured(clipped), snr_db=None))  # no pause to measure it in


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.25, "0.2 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"), (125, "2 min 5 s")]
)
def test_a_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_clip_without_speech_is_not_opened() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 32_000)
    content = load(samples()[0].path).from_array(noise, 16_000).to_wav()
    with pytest.raises(AudioError, match="No speech"):
        open_clip(content, "noise.wav", "noise.wav", "upload")


def test_long_recordings_of_all_visitors_have_a_bound_and_go_with_their_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    speech = load(samples()[0].path)
    long = Waveform.from_array(np.resize(speech.samples, 16_000 * 62), 16_000).to_wav()
    monkeypatch.setattr(clip, "MOST_SECONDS", 100.0)
    first = open_clip(long, "first.wav", "first.wav", "upload")
    with pytest.raises(AudioError) as refused:
        open_clip(long, "second.wav", "second.wav", "upload")
    assert str(refused.value) == clip.CROWDED
    assert open_clip(speech.to_wav(), "short.wav", "short.wav", "upload").quality.speech
    del first
    assert open_clip(long, "second.wav", "second.wav", "upload").quality.speech


def test_a_file_name_means_nothing_to_markdown() -> None:
    assert plain("a_b*[x](y) :smile: $1$") == r"a\_b\*\[x\]\(y\) \:smile\: \$1\$"


def test_a_clip_of_the_training_data_is_called_a_memory(card: Card) -> None:
    waveform = load(samples()[0].path)
    assert model_card.warning(card, waveform) == ""
    trained = Part(utterances={"x": waveform.digest[:16]})
    seen = card.model_copy(update={"data": card.data.model_copy(update={"train": trained})})
    assert "trained on this very clip" in model_card.warning(seen, waveform)
    chosen = card.model_copy(update={"data": card.data.model_copy(update={"validation": trained})})
    assert "not a fair test" in model_card.warning(chosen, waveform)


def test_the_track_record_names_interval_and_chance(card: Card) -> None:
    assert "not been measured" in model_card.track_record(card)
    result = Measured(
        corpus="ravdess",
        protocol="speaker_independent",
        n=240,
        excluded=1200,
        seen_included=False,
        speakers=4,
        wa=0.5,
        ua=0.524,
        wf1=0.5,
        intervals={"wa": (0.4, 0.6), "ua": (0.461, 0.583), "wf1": (0.4, 0.6)},
        labels=card.labels,
        confusion=(),
        command="",
    )
    sentence = model_card.track_record(card.model_copy(update={"results": (result,)}))
    assert "RAVDESS 52% (46 to 58)" in sentence
    assert "Guessing: 14%" in sentence
    seen = result.model_copy(update={"seen_included": True})
    assert "not been measured" in model_card.track_record(card.model_copy(update={"results": (seen,)}))
    other = result.model_copy(update={"corpus": "savee", "ua": 0.2})
    both = model_card.track_record(
        card.model_copy(
            update={"results": (result, other), "data": card.data.model_copy(update={"corpora": ("ravdess",)})}
        )
    )
    assert "of another make: SAVEE 20%" in both
    alone = card.model_copy(update={"results": (result.model_copy(update={"speakers": 1}),)})
    assert "RAVDESS 52% (one speaker)." in model_card.track_record(alone)


def test_a_saved_answer_holds_the_clip_and_every_segment(folder: Path) -> None:
    prediction = Recogniser(folder).predict(load(samples()[0].path))
    saved = json.loads(export.as_json(prediction, "clip.wav"))
    assert saved["clip"] == "clip.wav"
    np.testing.assert_allclose(saved["probabilities"], prediction.probabilities)
    assert len(saved["segments"]) == len(prediction.starts)

    rows = list(csv.DictReader(io.StringIO(export.as_csv(prediction))))
    assert [row["part"] for row in rows[:2]] == ["clip", "segment 1"]
    assert len(rows) == 1 + len(prediction.starts)
    np.testing.assert_allclose([float(rows[0][label]) for label in prediction.labels], prediction.probabilities)
    np.testing.assert_allclose(
        [float(rows[1][label]) for label in prediction.labels], prediction.segment_probabilities[0]
    )
