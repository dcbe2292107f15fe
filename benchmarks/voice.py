"""Would a "your voice" calibration help: five clips of a stranger first, by which all others are then normalised?

Run by hand, with SER_DATA set: python -m benchmarks.voice --write results/voice.md

Five clips of each unseen speaker give a level, a speaking rate and a pitch (medians).  The speaker's other clips are
then brought to the medians of the speakers that the checkpoint was trained on, one way at a time, and answered with and
without.  Nothing is tuned: the limits of the changes were fixed beforehand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ser_core import effects
from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.corpora import Utterance, data_folder, get_corpus
from ser_core.evaluation.scores import quick_score
from ser_core.files import write_text
from ser_core.pitch import track
from ser_core.quality import Quality, assess
from ser_core.recogniser import Recogniser

CLIPS: Final = 5  # of a speaker, to calibrate with
DRAWS: Final = 2000
FRAME: Final = 160  # samples: the envelope has a value every 10 ms
SYLLABLE: Final = 4.0  # frames, of smoothing
DEPTH_DB: Final = 3.0  # by which a syllable stands out of its surroundings
RATES: Final = (0.8, 1.25)  # factors of speed, at most
SEMITONES: Final = 4.0  # of pitch, at most
GAIN_DB: Final = 20.0


@dataclass(frozen=True)
class Voice:
    """level: of the speech, dB below full scale.  rate: syllables a second of speech.  pitch: hertz."""

    level: float
    rate: float
    pitch: float


def voice_of(waveform: Waveform) -> Voice | None:
    """None where too little is spoken or voiced to say."""
    quality = assess(waveform)
    hertz = track(waveform.samples).hertz
    if quality.speech_seconds < 0.5 or np.isnan(hertz).all():
        return None
    return Voice(quality.level_dbfs, syllables(waveform.samples, quality) / quality.speech_seconds, np.nanmedian(hertz))


def syllables(samples: np.ndarray, quality: Quality) -> int:
    """Peaks of the loudness within the speech: an estimate without any transcript."""
    count = 0
    for start, end in quality.speech:
        part = samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        frames = part[: len(part) // FRAME * FRAME].reshape(-1, FRAME)
        if len(frames) < 5:
            continue
        loud = 10 * np.log10(gaussian_filter1d(np.square(frames).mean(1), SYLLABLE) + 1e-9)
        count += len(find_peaks(loud, prominence=DEPTH_DB, height=loud.max() - 25)[0])
    return count


def middle(voices: list[Voice]) -> Voice:
    return Voice(*(float(np.median([getattr(one, name) for one in voices])) for name in ("level", "rate", "pitch")))


def changes(own: Voice, usual: Voice) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Ways to bring this voice to the usual one; samples in, samples out."""
    db = float(np.clip(usual.level - own.level, -GAIN_DB, GAIN_DB))
    factor = float(np.clip(usual.rate / max(own.rate, 0.1), *RATES))
    steps = float(np.clip(12 * np.log2(usual.pitch / own.pitch), -SEMITONES, SEMITONES))
    back = -12 * float(np.log2(round(100 * factor) / 100))
    return {
        "level": lambda x: effects.gain(x, db),
        "rate, as a tape": lambda x: effects.speed(x, factor),
        "rate, pitch kept": lambda x: effects.pitch(effects.speed(x, factor), back),
        "pitch": lambda x: effects.pitch(x, steps),
        "level, rate and pitch": lambda x: effects.gain(effects.pitch(effects.speed(x, factor), back + steps), db),
    }


def usual_voices(recogniser: Recogniser, each: int, chance: np.random.Generator) -> dict[str, Voice]:
    """By sex, of the speakers that the checkpoint was trained on.  each: clips of a speaker."""
    found: dict[str, list[Voice]] = {}
    speakers: dict[str, list[Utterance]] = {}
    for name in ("ravdess", "emodb"):
        for utterance in get_corpus(name).scan(data_folder()).utterances:
            if utterance.id in recogniser.card.data.train.utterances:
                speakers.setdefault(utterance.speaker, []).append(utterance)
    for own in speakers.values():
        voices = [voice_of(load(own[i].path)) for i in chance.permutation(len(own))[:each]]
        found.setdefault(own[0].sex, []).append(middle([one for one in voices if one]))
    return {sex: middle(voices) for sex, voices in found.items()}


def strangers(recogniser: Recogniser, most: int, chance: np.random.Generator) -> dict[str, dict[str, list[Utterance]]]:
    """Corpus -> speaker -> clips, at most so many of each, of speakers that the checkpoint never heard."""
    card, found = recogniser.card, {}
    for name in ("ravdess", "emodb", "savee"):
        speakers: dict[str, list[Utterance]] = {}
        for utterance in get_corpus(name).scan(data_folder()).utterances:
            unseen = name == "savee" or utterance.id in card.data.test.utterances
            if unseen and card.merged(utterance.emotion) in card.labels:
                speakers.setdefault(utterance.speaker, []).append(utterance)
        found[name] = {
            speaker: [own[i] for i in chance.permutation(len(own))[:most]] for speaker, own in speakers.items()
        }
    return found


@dataclass
class Answers:
    """truth, speakers: of each clip.  heard: way -> label of each clip."""

    truth: list[int]
    speakers: list[str]
    heard: dict[str, list[int]]


def listen(
    recogniser: Recogniser, speakers: dict[str, list[Utterance]], usual: dict[str, Voice], neutral: bool
) -> Answers:
    """neutral: calibrate with neutral clips only, as five read prompts would be."""
    answers = Answers([], [], {})
    card = recogniser.card
    for speaker, own in speakers.items():
        clips = [(one, load(one.path)) for one in own]
        prompts: dict[int, Voice] = {}
        for i, (one, waveform) in enumerate(clips):
            if len(prompts) == CLIPS:
                break
            fits = not neutral or card.merged(one.emotion) == "neutral"
            if fits and (voice := voice_of(waveform)):
                prompts[i] = voice
        ways = changes(middle(list(prompts.values())), usual[own[0].sex])
        for i, (one, waveform) in enumerate(clips):
            if i in prompts:
                continue
            answers.truth.append(card.labels.index(card.merged(one.emotion)))
            answers.speakers.append(speaker)
            samples = torch.tensor(waveform.samples)
            sounds = {"as it is": waveform} | {
                name: Waveform(np.ascontiguousarray(way(samples).numpy()), one.id) for name, way in ways.items()
            }
            for name, answer in zip(sounds, recogniser.predict_many(list(sounds.values())), strict=True):
                answers.heard.setdefault(name, []).append(card.labels.index(answer.label))
    return answers


def compare(answers: Answers, way: str) -> tuple[float, float, float]:
    """Difference of UA with and without, and its 95 % interval: speakers are drawn, then clips of each, the same for
    both."""
    chance = np.random.default_rng(0)
    truth, speakers = np.array(answers.truth), np.array(answers.speakers)
    without, with_it = np.array(answers.heard["as it is"]), np.array(answers.heard[way])
    clips = [np.flatnonzero(speakers == speaker) for speaker in np.unique(speakers)]

    def difference(index: np.ndarray) -> float:
        return quick_score(truth[index], with_it[index])[1] - quick_score(truth[index], without[index])[1]

    drawn = []
    for _ in range(DRAWS):
        chosen = [clips[i] for i in chance.integers(len(clips), size=len(clips))]
        drawn.append(difference(np.concatenate([chance.choice(own, size=len(own)) for own in chosen])))
    return difference(np.arange(len(truth))), *(float(edge) for edge in np.percentile(drawn, [2.5, 97.5]))


def verdict(found: dict[tuple[str, str, str], tuple[float, float, float]]) -> str:
    """found: (corpus, calibrated with, way) -> difference of UA, and its interval."""
    better = [f"{way} ({kind}, {corpus})" for (corpus, kind, way), (_, low, _) in found.items() if low > 0]
    worse = [f"{way} ({kind}, {corpus})" for (corpus, kind, way), (_, _, high) in found.items() if high < 0]
    helped = {
        way: {corpus for (corpus, _, one), (_, low, _) in found.items() if one == way and low > 0} for *_, way in found
    }
    spoilt = {way for *_, way in found if any(one == way and high < 0 for (*_, one), (_, _, high) in found.items())}
    good = [way for way, corpora in helped.items() if len(corpora) > 1 and way not in spoilt]
    return (
        f"Better for certain: {', '.join(better) or 'none'}. Worse for certain: {', '.join(worse) or 'none'}. "
        "A calibration would be worth five prompts if one way were better on two corpora at least and worse on none: "
        + (f"that holds for {', '.join(good)}." if good else "none is, so the application has none.")
        + " With two to four speakers a corpus the intervals are wide."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="ctmam-general")
    parser.add_argument("--most", type=int, default=60, help="clips of each speaker")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    recogniser, chance = Recogniser(options.checkpoint), np.random.default_rng(0)
    usual = usual_voices(recogniser, 8, chance)
    unseen = strangers(recogniser, options.most, chance)
    lines = [
        "# Your voice",
        "",
        f"`python -m benchmarks.voice --checkpoint {options.checkpoint} --most {options.most}`",
        "",
        *__doc__.split("\n\n")[2].strip().splitlines(),
        "",
        "Usual voices: "
        + "; ".join(f"{sex} {v.level:.0f} dBFS, {v.rate:.1f} syllables/s, {v.pitch:.0f} Hz" for sex, v in usual.items())
        + ".",
        "",
        "| speakers | calibrated with | n | UA as it is | way | UA with it less UA without, 95 % paired interval |",
        "|---|---|---|---|---|---|",
    ]
    found: dict[tuple[str, str, str], tuple[float, float, float]] = {}
    for name, speakers in unseen.items():
        for neutral in (False, True):
            answers = listen(recogniser, speakers, usual, neutral)
            before = quick_score(np.array(answers.truth), np.array(answers.heard["as it is"]))[1]
            kind = f"{CLIPS} {'neutral' if neutral else 'any'}"
            start = f"{get_corpus(name).title}, {len(speakers)} | {kind} | {len(answers.truth)} | {before:.1%}"
            for way in list(answers.heard)[1:]:
                gain, low, high = found[get_corpus(name).title, kind, way] = compare(answers, way)
                lines.append(f"| {start} | {way} | {100 * gain:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}) points |")
                print(lines[-1], flush=True)
    text = "\n".join([*lines, "", verdict(found)])
    print(text)
    if options.write:
        write_text(options.write, text + "\n")


if __name__ == "__main__":
    main()
