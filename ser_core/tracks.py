"""A `Course` as a file that other programs open: a table, subtitles (WebVTT), or a label track for Audacity.

Layouts: W3C WebVTT; Audacity manual, "Importing and Exporting Labels" (start, end, text, parted by tabs, seconds).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Final

from ser_core.course import Course, Stretch
from ser_core.emotions import AS_ACTED

NOTE: Final = "How a model labels acted emotion in speech; not what anyone feels, and not for judging people. Model: "


def as_csv(course: Course) -> str:
    """A row per window: the stretch of time it answers for (seconds), whether somebody speaks, label, probabilities."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["start", "end", "speech", "label", *course.labels])
    edges, shares = course.edges().round(3).tolist(), course.probabilities
    for row, spoken in enumerate(course.spoken):
        if spoken:
            answer = [course.labels[int(shares[row].argmax())], *shares[row].round(6).tolist()]
        else:
            answer = [""] * (1 + len(course.labels))
        writer.writerow([edges[row], edges[row + 1], int(spoken), *answer])
    return file.getvalue()


def as_vtt(course: Course) -> str:
    """Subtitles for a video or audio player, a cue per stretch."""
    cues = [
        f"{_clock(one.start)} --> {_clock(one.end)}\n{said(one)}" for one in course.stretches() if one.label is not None
    ]
    return "\n\n".join(["WEBVTT", f"NOTE {NOTE}{course.checkpoint}.", *cues]) + "\n"


def as_labels(course: Course) -> str:
    """A label track for Audacity (File, Import, Labels)."""
    return "".join(f"{one.start:.3f}\t{one.end:.3f}\t{said(one)}\n" for one in course.stretches())


def said(one: Stretch) -> str:
    """A stretch in words: "sounds like acted anger (72 %)", or "no speech"."""
    if one.label is None or one.probability is None:
        return "no speech"
    return f"sounds like {AS_ACTED[one.label]} ({100 * one.probability:.0f} %)"


def _clock(seconds: float) -> str:
    thousandths = round(1000 * seconds)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


FORMATS: Final[dict[str, Callable[[Course], str]]] = {".csv": as_csv, ".vtt": as_vtt, ".txt": as_labels}
