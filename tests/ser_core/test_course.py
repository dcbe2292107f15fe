"""Emotion along a long recording: each window is a clip of its own, silence gets no answer, stretches cover it all."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ser_core import tracks
from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.course import WINDOW, Course, follow
from ser_core.errors import AudioError
from ser_core.plots.course import recording_course
from ser_core.plots.theme import LIGHT
from ser_core.quality import assess
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from tests.conftest import Shell

Trained = tuple[Run, Card]


@pytest.fixture(scope="module")
def recogniser(trained: Trained) -> Recogniser:
    return Recogniser(trained[0].checkpoint)


@pytest.fixture(scope="module")
def recording() -> Waveform:
    """Two sentences, twelve seconds of faint noise, two sentences."""
    spoken = [load(utterance.path).samples for utterance in samples()[:4]]
    pause = np.random.default_rng(0).normal(0, 1e-4, 12 * SAMPLE_RATE).astype(np.float32)
    return Waveform.from_array(np.concatenate([*spoken[:2], pause, *spoken[2:]]), SAMPLE_RATE)


@pytest.fixture(scope="module")
def course(recogniser: Recogniser, recording: Waveform) -> Course:
    return follow(recogniser, recording)


def test_a_window_gets_the_answer_of_that_stretch_alone(
    recogniser: Recogniser, recording: Waveform, course: Course
) -> None:
    for row in np.flatnonzero(course.spoken)[[0, -1]]:
        middle = course.centres[row]
        alone = recogniser.predict(recording.cut(middle - WINDOW / 2, middle + WINDOW / 2))
        assert course.logits[row] == pytest.approx(alone.logits, abs=1e-5)


def test_a_pause_gets_no_answer_and_the_last_window_ends_with_the_recording(
    recording: Waveform, course: Course
) -> None:
    quiet = [one for one in course.stretches() if one.label is None]
    begin, end = max(zip(course.speech, course.speech[1:], strict=False), key=lambda pair: pair[1][0] - pair[0][1])
    assert any(begin[1] - WINDOW <= one.start and one.end <= end[0] + WINDOW for one in quiet)
    assert course.centres[-1] + WINDOW / 2 == pytest.approx(recording.seconds)


@pytest.mark.parametrize("smoothing", [0.0, 8.0])
def test_stretches_follow_each_other_from_the_beginning_to_the_end(course: Course, smoothing: float) -> None:
    found = course.smoothed(smoothing).stretches()
    assert found[0].start == 0
    assert found[-1].end == course.seconds
    for one, after in pairwise(found):
        assert one.end == after.start
        assert one.label != after.label


def made(logits: list[list[float]]) -> Course:
    centres = np.arange(len(logits)) + 2.0
    return Course("made", ("angry", "sad"), centres, np.array(logits), ((0.0, 3.0),), len(logits) + 3.0)


def test_smoothing_averages_logits_of_neighbours_and_never_across_a_pause() -> None:
    nan = [np.nan, np.nan]
    smooth = made([[4, 0], [0, 2], [4, 0], nan, [0, 6], [0, 0]]).smoothed(2.0)
    assert smooth.logits[1] == pytest.approx([8 / 3, 2 / 3])
    assert smooth.logits[2] == pytest.approx([2, 1])
    assert not smooth.spoken[3]
    assert smooth.logits[4] == pytest.approx([0, 3])


def test_smoothing_can_be_switched_off() -> None:
    course = made([[4, 0], [0, 2]])
    assert course.smoothed(0) is course


def test_what_the_progress_raises_ends_the_work(recogniser: Recogniser, recording: Waveform) -> None:
    def stop(what: str, done: int, total: int) -> None:
        assert 0 < done <= total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(recogniser, recording, progress=stop)


def test_a_recording_without_speech_is_refused(recogniser: Recogniser) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * SAMPLE_RATE).astype(np.float32)
    with pytest.raises(AudioError) as caught:
        follow(recogniser, Waveform.from_array(noise, SAMPLE_RATE))
    assert caught.value.reason == "no_speech"


def test_a_clip_shorter_than_a_window_has_one_answer(recogniser: Recogniser) -> None:
    clip = load(samples()[0].path)
    course = follow(recogniser, clip)
    assert len(course.stretches()) == 1
    assert course.logits[0] == pytest.approx(recogniser.predict(clip).logits, abs=1e-5)


def test_the_speech_of_a_long_recording_is_that_of_its_parts(recording: Waveform) -> None:
    """The detector hears it in blocks; where they meet, nothing changes."""
    long = Waveform.from_array(np.tile(recording.samples, 4), SAMPLE_RATE)
    once = sum(end - start for start, end in assess(recording).speech)
    assert assess(long).speech_seconds == pytest.approx(4 * once, rel=0.05)


def test_the_table_has_a_row_per_window(course: Course) -> None:
    rows = list(csv.DictReader(io.StringIO(tracks.as_csv(course))))
    assert len(rows) == len(course.centres)
    assert {row["speech"] for row in rows} == {"0", "1"}
    spoken = next(row for row in rows if row["speech"] == "1")
    assert sum(float(spoken[label]) for label in course.labels) == pytest.approx(1, abs=1e-4)
    assert max(course.labels, key=lambda label: float(spoken[label])) == spoken["label"]


def test_subtitles_name_what_is_heard_and_leave_pauses_out(course: Course) -> None:
    blocks = tracks.as_vtt(course).strip().split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert "not for judging" in blocks[1]
    cues = blocks[2:]
    assert len(cues) == sum(one.label is not None for one in course.stretches())
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\nsounds like ", cue) for cue in cues)


def test_clock_times_carry_into_minutes_and_hours() -> None:
    course = Course("made", ("angry", "sad"), np.array([1800.0]), np.array([[1.0, 0.0]]), ((0.0, 3.0),), 3599.9999)
    assert "00:00:00.000 --> 01:00:00.000" in tracks.as_vtt(course)


def test_audacity_labels_are_parted_by_tabs_and_say_where_nobody_speaks(course: Course) -> None:
    lines = [line.split("\t") for line in tracks.as_labels(course).splitlines()]
    assert len(lines) == len(course.stretches())
    assert all(float(start) < float(end) for start, end, _ in lines)
    assert any(text == "no speech" for *_, text in lines)


def test_the_picture_has_a_row_per_emotion_with_the_likeliest_on_top(recording: Waveform, course: Course) -> None:
    figure = recording_course(recording.samples, course, LIGHT)
    names = list(figure.layout.yaxis2.ticktext)[1:]
    assert sorted(names) == sorted(course.labels)
    assert names[0] == next(iter(course.shares()))


@pytest.mark.parametrize("ending", [".csv", ".vtt", ".txt"])
def test_from_the_shell(trained: Trained, recording: Waveform, tmp_path: Path, shell: Shell, ending: str) -> None:
    (tmp_path / "talk.wav").write_bytes(recording.to_wav())
    target = tmp_path / f"talk{ending}"
    status, printed, _ = shell(
        "recognise", str(tmp_path / "talk.wav"), "--checkpoint", str(trained[0].checkpoint), "--segments", str(target)
    )
    assert status == 0
    assert "stretches written" in printed
    assert target.read_text()


def test_another_ending_is_one_sentence(trained: Trained, tmp_path: Path, shell: Shell) -> None:
    status, _, said = shell(
        "recognise", "x.wav", "--checkpoint", str(trained[0].checkpoint), "--segments", str(tmp_path / "x.srt")
    )
    assert status == 2
    assert ".vtt" in said
    assert len(said.strip().splitlines()) == 1
