"""Speech is found however quiet or screamed it is, nothing else passes for it, and the figures are what they say."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import silero_vad
import torch

from ser_core import quality
from ser_core.audio import Waveform, load
from ser_core.corpora.synthetic import samples
from ser_core.errors import AudioError
from ser_core.quality import Quality, assess, require_speech, speech_probabilities
from tests.ser_core.clips import noises, sound

GOOD = Quality(
    peak_dbfs=-3.0, level_dbfs=-20.0, clipped_share=0.0, seconds=3.0, speech_seconds=2.0, speech=((0.5, 2.5),)
)


@pytest.fixture(scope="module")
def voice() -> Waveform:
    """Somebody (eSpeak NG) speaking."""
    return load(samples()[0].path)


def test_speech_is_found_where_it_is(voice: Waveform) -> None:
    pause = np.zeros(16_000, np.float32)
    clip = Waveform.from_array(np.concatenate([pause, voice.samples, pause]), 16_000)
    found = assess(clip)
    assert found.speech[0][0] == pytest.approx(1.0, abs=0.3)
    assert found.speech[-1][1] == pytest.approx(1.0 + voice.seconds, abs=0.3)
    assert found.speech_seconds == pytest.approx(sum(end - start for start, end in found.speech))
    assert found.seconds == pytest.approx(voice.seconds + 2.0)


def test_stretches_of_speech_lie_in_the_clip_and_in_order(voice: Waveform) -> None:
    moments = [moment for stretch in assess(voice).speech for moment in stretch]
    assert moments == sorted(moments)
    assert moments[0] >= 0.0
    assert moments[-1] <= voice.seconds


def test_a_very_quiet_voice_is_found_as_well(voice: Waveform) -> None:
    quiet = Waveform.from_array(voice.samples * 0.002, 16_000)
    assert assess(quiet).speech == assess(voice).speech


def test_a_pop_beside_a_quiet_voice_does_not_hide_it(voice: Waveform) -> None:
    popped = voice.samples * 0.02
    popped[100:103] = 1.0
    assert assess(Waveform.from_array(popped, 16_000)).speech_seconds > 0.5 * assess(voice).speech_seconds


@pytest.mark.parametrize("seconds", [0.5, 3.0])
@pytest.mark.parametrize("name", noises(0.5, 0))
def test_a_clip_in_which_nobody_speaks_is_refused(name: str, seconds: float) -> None:
    for seed in (1, 2):
        clip = Waveform.from_array(0.3 * noises(seconds, seed)[name], 16_000)
        with pytest.raises(AudioError) as caught:
            require_speech(clip)
        assert caught.value.reason == "no_speech"
        assert str(caught.value).endswith(".")


def test_a_clip_with_speech_passes_with_its_quality(voice: Waveform) -> None:
    measured = assess(voice)
    assert require_speech(voice) == measured
    assert require_speech(voice, measured) is measured


def test_a_pause_that_was_cut_out_has_no_speech() -> None:
    padded = np.concatenate([sound(1.0), np.zeros(16_000)])
    pause = Waveform.from_array(padded, 16_000).cut(1.2, 1.8)
    assert assess(pause).speech == ()
    assert assess(pause).level_dbfs == quality.FLOOR_DBFS


def test_the_detector_gives_what_the_library_gives_frame_by_frame(voice: Waveform) -> None:
    lead = quality.LEAD_FRAMES * quality.VAD_FRAME
    clip = voice.samples.copy()
    clip[lead : lead + 2 * quality.VAD_CONTEXT] = 0  # what stands in front of the lead, where the library sees zeros
    whole = np.concatenate([clip[1 : lead + 1][::-1], clip])
    whole = np.pad(whole, (0, -len(whole) % quality.VAD_FRAME))
    model = silero_vad.load_silero_vad()
    with torch.inference_mode():
        frames = torch.from_numpy(whole).split(quality.VAD_FRAME)
        expected = np.array([float(model(frame, 16_000)) for frame in frames])[quality.LEAD_FRAMES :]
    assert expected.max() > 0.9
    assert np.abs(speech_probabilities(clip) - expected).max() < 1e-5


def test_eight_threads_get_what_one_alone_gets() -> None:
    clips = [load(sample.path) for sample in samples()[:6]]
    clips += [Waveform.from_array(0.3 * noises(2.0, 3)[name], 16_000) for name in ("white", "hum")]
    alone = [assess(clip) for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(assess, clips)) == alone


def test_the_number_of_threads_and_the_random_state_stay_as_they_were() -> None:
    """In a fresh process, since this one has loaded the detector already."""
    program = """
import torch
torch.set_num_threads(3)
torch.manual_seed(7)
state = torch.get_rng_state()
from ser_core.audio import Waveform
from ser_core.quality import assess
import numpy as np
assess(Waveform.from_array(np.sin(np.arange(16_000) / 5), 16_000))
assert torch.get_num_threads() == 3, torch.get_num_threads()
assert torch.equal(torch.get_rng_state(), state)
import threading
seen = []
thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
thread.start(); thread.join()
assert seen == [3], seen
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_levels_are_in_decibels_below_full_scale() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)
    measured = assess(Waveform.from_array(tone, 16_000))
    assert measured.peak_dbfs == pytest.approx(-6.02, abs=0.05)
    assert measured.level_dbfs == pytest.approx(-9.03, abs=0.05)  # no speech: RMS of the whole clip


def test_the_level_is_that_of_the_speech_and_not_of_the_pauses(voice: Waveform) -> None:
    with_pause = np.concatenate([voice.samples, np.zeros(10 * 16_000, np.float32)])
    assert assess(Waveform.from_array(with_pause, 16_000)).level_dbfs == pytest.approx(
        assess(voice).level_dbfs, abs=1.0
    )


@pytest.mark.parametrize("snr_db", [5.0, 15.0, 30.0])
@pytest.mark.parametrize("offset", [0.0, 0.02])
def test_the_signal_to_noise_ratio_is_that_of_the_speech_to_its_pauses(
    voice: Waveform, snr_db: float, offset: float
) -> None:
    pause = np.zeros(16_000, np.float32)
    speech = np.concatenate([pause, voice.samples, pause])
    spoken = assess(Waveform.from_array(speech, 16_000)).speech
    power = np.concatenate([speech[int(16_000 * start) : int(16_000 * end)] for start, end in spoken]).var()
    noise = np.random.default_rng(0).normal(0, np.sqrt(power / 10 ** (snr_db / 10)), len(speech))
    noisy = Waveform.from_array((speech + noise + offset).astype(np.float32), 16_000)
    assert assess(noisy).snr_db == pytest.approx(snr_db, abs=1.5)


def test_a_silent_pause_is_as_good_as_it_gets_and_without_a_pause_there_is_no_ratio(voice: Waveform) -> None:
    silent = np.concatenate([np.zeros(16_000, np.float32), voice.samples])
    assert assess(Waveform.from_array(silent, 16_000)).snr_db == quality.MOST_SNR_DB
    start, end = assess(voice).speech[0]
    assert assess(voice.cut(start + 0.1, min(end, start + 1.0))).snr_db is None
    noise = Waveform.from_array(0.3 * noises(2.0, 1)["white"], 16_000)
    assert assess(noise).snr_db is None


def test_clipping_is_the_share_of_samples_in_runs_at_full_scale(voice: Waveform) -> None:
    loud = voice.samples / np.abs(voice.samples).max()
    assert assess(Waveform.from_array(loud, 16_000)).clipped_share < quality.CLIPPED_HINT  # reaches it, is not cut off
    cut_off = np.clip(loud * 4, -1, 1)
    share = assess(Waveform.from_array(cut_off, 16_000)).clipped_share
    assert quality.CLIPPED_HINT < share <= np.mean(np.abs(cut_off) >= quality.FULL_SCALE)


def test_runs_of_full_scale_are_counted_exactly() -> None:
    flat = np.zeros(16_000)
    flat[100:110], flat[200:202], flat[300:305], flat[400:402], flat[402:404] = 1.0, 1.0, -1.0, 1.0, -1.0
    assert assess(Waveform.from_array(flat, 16_000)).clipped_share == 15 / 16_000


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ({"clipped_share": 0.02}, "clipped"),
        ({"level_dbfs": -58.0}, "quiet"),
        ({"snr_db": 6.4}, "about 6 dB"),
        ({"speech_seconds": 0.4}, "0.4 s of speech"),
    ],
)
def test_each_shortcoming_has_its_hint(what: dict[str, float], word: str) -> None:
    (hint,) = Quality(**{**vars(GOOD), **what}).sentences()
    assert word in hint


def test_a_good_clip_has_no_hint() -> None:
    assert GOOD.sentences() == []


def test_speech_of_real_corpora_is_never_refused(data: Path) -> None:
    """Every clip that the detector alone would miss, the quietest ones, and a spread over the rest."""
    screamed = [data / "ravdess" / "Actor_06" / f"03-01-{kind}-06.flac" for kind in ("06-02-02-02", "06-02-02-01")]
    screamed += [data / "ravdess" / "Actor_06" / "03-01-03-02-02-02-06.flac"]
    screamed += [data / "ravdess" / "Actor_18" / "03-01-05-02-02-01-18.flac"]
    rest = sorted((data / "ravdess").rglob("*.flac"))[::60]
    rest += sorted((data / "savee").rglob("*.flac"))[::40] + sorted((data / "emodb").rglob("*.flac"))[::30]
    refused = [path.name for path in [*screamed, *rest] if not assess(load(path)).speech]
    assert len(rest) > 40
    assert refused == []
