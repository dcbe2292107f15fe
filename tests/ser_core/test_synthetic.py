"""The synthetic corpus that ships with the package."""

import io
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core.corpora.synthesis import ogg
from ser_core.corpora.synthesis.espeak import speak
from ser_core.corpora.synthesis.markup import ssml
from ser_core.corpora.synthesis.prosody import RULES, Cue, Prosody
from ser_core.corpora.synthesis.rendering import clips, render
from ser_core.corpora.synthesis.voices import SENTENCES, VOICES
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS, SYNTHETIC, TEXTS, VALIDATION_SPEAKERS, samples
from ser_core.errors import CorpusError

ROOT = SYNTHETIC.locate(None).parent
EMOTIONS = {"angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"}


@pytest.fixture(scope="module")
def utterances():
    return SYNTHETIC.scan(None).utterances


@pytest.fixture(scope="module")
def sounds(utterances):
    return {utterance.id: soundfile.read(utterance.path, dtype="float32", always_2d=True) for utterance in utterances}


def test_every_voice_speaks_every_sentence_in_every_emotion(utterances):
    counts = Counter((utterance.speaker, utterance.emotion) for utterance in utterances)
    assert len(VOICES) >= 8
    assert counts == {(f"synthetic/{voice.name}", emotion): 5 for voice in VOICES for emotion in EMOTIONS}
    assert {utterance.text for utterance in utterances} == set(TEXTS)
    assert Counter(utterance.emotion for utterance in utterances) == SYNTHETIC.expected


def test_it_is_found_whatever_the_data_folder_is_and_nothing_is_left_out(tmp_path, utterances):
    scan = SYNTHETIC.scan(tmp_path / "nowhere")
    assert scan.utterances == utterances
    assert scan.problems == ()


def test_it_says_that_it_is_synthetic_and_free():
    index = json.loads((ROOT / "index.json").read_text(encoding="utf-8"))
    assert SYNTHETIC.synthetic
    assert index["synthetic"] is True
    assert "synthetic" in SYNTHETIC.title.lower()
    assert "synthetic" in index["title"].lower()
    assert SYNTHETIC.licence.name == index["licence"] == "CC0-1.0"
    assert (ROOT / "LICENSE").is_file()


def test_held_out_and_validation_voices_are_one_female_and_one_male_each(utterances):
    sex = {utterance.speaker: utterance.sex for utterance in utterances}
    for speakers in (HELD_OUT_SPEAKERS, VALIDATION_SPEAKERS):
        assert sorted(sex[speaker] for speaker in speakers) == ["female", "male"]
    assert not set(HELD_OUT_SPEAKERS) & set(VALIDATION_SPEAKERS)


def test_the_index_marks_the_voices_as_the_loader_does(utterances):
    voices = json.loads((ROOT / "index.json").read_text(encoding="utf-8"))["voices"]
    assert {f"synthetic/{name}" for name, voice in voices.items() if voice["held_out"]} == set(HELD_OUT_SPEAKERS)
    assert {f"synthetic/{name}" for name, voice in voices.items() if voice["validation"]} == set(VALIDATION_SPEAKERS)
    assert {utterance.speaker: utterance.sex for utterance in utterances} == {
        f"synthetic/{name}": voice["sex"] for name, voice in voices.items()
    }


def test_no_training_voice_uses_the_engine_voice_of_a_held_out_one():
    variant = {voice.name: voice.engine.partition("+")[2] for voice in VOICES}
    held_out = {variant[speaker.removeprefix("synthetic/")] for speaker in HELD_OUT_SPEAKERS}
    assert [voice.name for voice in VOICES if voice.role == "train" and variant[voice.name] in held_out] == []


def test_samples_are_every_emotion_from_both_held_out_voices():
    pairs = {(utterance.speaker, utterance.emotion) for utterance in samples()}
    assert pairs == {(speaker, emotion) for speaker in HELD_OUT_SPEAKERS for emotion in EMOTIONS}
    assert len(samples()) == len(pairs)
    assert len({utterance.text for utterance in samples()}) == len(SENTENCES)


def test_it_weighs_four_megabytes_at_most():
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) <= 4_000_000


def test_every_clip_decodes_to_mono_speech_that_is_not_clipped(sounds):
    for name, (sound, rate) in sounds.items():
        assert (rate, sound.shape[1]) == (16_000, 1), name
        assert 1.0 <= len(sound) / rate <= 4.0, name
        assert 0.05 < np.abs(sound).max() < 0.98, name


@pytest.mark.parametrize("voice", [voice.name for voice in VOICES])
def test_the_rules_can_be_heard_in_every_voice(sounds, voice):
    def loudness(emotion):
        clips_of = [sounds[f"synthetic/{voice}_{emotion}_{sentence}"][0] for sentence in range(1, 6)]
        return 10 * np.log10(np.mean([np.mean(sound**2) for sound in clips_of]))

    def seconds(emotion):
        return sum(len(sounds[f"synthetic/{voice}_{emotion}_{sentence}"][0]) for sentence in range(1, 6)) / 16_000

    assert loudness("angry") > loudness("neutral") + 3 > loudness("sad") + 6
    assert seconds("fear") < seconds("neutral") < seconds("sad")


@pytest.mark.parametrize("name", ["hello.ogg", "f99_happy_1.ogg", "f01_bored_1.ogg", "f01_happy_9.ogg"])
def test_a_foreign_name_is_refused_in_one_sentence(name):
    with pytest.raises(CorpusError, match="synthetic"):
        SYNTHETIC.parse(Path(name))


def test_every_number_of_a_rule_has_a_source():
    for emotion, rule in RULES.items():
        for name, cue in vars(rule).items():
            if isinstance(cue, Cue) and emotion != "neutral" and cue != getattr(RULES["neutral"], name):
                assert any(source in cue.source for source in ("MA", "C ", "JL", "ours")), (emotion, name)


def test_a_stressed_word_is_raised_and_a_pause_stands_where_it_is_marked():
    flat = ssml("The *bus | stops", Prosody(), 0.0)
    raised = ssml("The *bus | stops", Prosody(accent=Cue(2.0, "ours"), pause=Cue(100.0, "ours")), 0.0)
    assert flat.count('pitch="+0%"') == 3
    assert "break" not in flat
    assert raised.count('pitch="+0%"') == 2
    assert 'bus</prosody> <break time="100ms"/>' in raised


def test_the_same_samples_make_the_same_file():
    tone = 0.3 * np.sin(np.arange(16_000) / 10).astype(np.float32)
    first, second = ogg.encode(tone, 16_000), ogg.encode(tone, 16_000)
    assert first == second
    decoded, rate = soundfile.read(io.BytesIO(first))
    assert (rate, len(decoded)) == (16_000, len(tone))
    assert np.corrcoef(decoded, tone)[0, 1] > 0.95


@pytest.mark.parametrize("stem", ["f10_fear_2", "m03_disgust_4"])
def test_a_clip_made_again_is_the_clip_that_ships(sounds, stem):
    pytest.importorskip("espeakng_loader", reason="making clips needs espeakng-loader (requirements-dev.txt)")
    clip = next(clip for clip in clips() if clip.stem == stem)
    made, _ = soundfile.read(io.BytesIO(ogg.encode(render(clip), 16_000)), dtype="float32")
    shipped = sounds[f"synthetic/{stem}"][0][:, 0]
    assert len(made) == len(shipped)
    # other processors round differently in the codec, so not bit for bit
    assert np.linalg.norm(made - shipped) < 0.05 * np.linalg.norm(shipped)


def test_without_espeak_the_reason_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(CorpusError, match="pip install espeakng-loader"):
        speak("<speak>one</speak>", "en", rate=180, pitch=50, span=50, volume=50, seed=1)


def test_an_unknown_engine_voice_is_named():
    pytest.importorskip("espeakng_loader", reason="needs espeakng-loader (requirements-dev.txt)")
    with pytest.raises(CorpusError, match="no-such-voice"):
        speak("<speak>one</speak>", "no-such-voice", rate=180, pitch=50, span=50, volume=50, seed=1)
