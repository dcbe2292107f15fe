"""`recognise --segments`: the emotion along a long recording as a file."""

from __future__ import annotations

import sys
from pathlib import Path

from ser_core.cli.console import fail, progress_bar


def write(recording: str, checkpoint: str, target: Path, smooth: bool) -> None:
    """Raises AudioError for a recording that cannot be used, CheckpointError for a checkpoint."""
    from ser_core.audio import load
    from ser_core.checkpoints import default_checkpoint
    from ser_core.course import SMOOTHING, follow
    from ser_core.files import write_text
    from ser_core.recogniser import Recogniser
    from ser_core.tracks import FORMATS

    if target.suffix.lower() not in FORMATS:
        fail(f"--segments writes {', '.join(FORMATS)}, by the ending of the file's name.")
    recogniser = Recogniser(checkpoint or default_checkpoint())
    waveform = load(recording)
    for note in waveform.notes:
        print(f"{recording}: {note}", file=sys.stderr)
    with progress_bar() as progress:
        course = follow(recogniser, waveform, progress=progress)
    if smooth:
        course = course.smoothed(SMOOTHING)
    write_text(target, FORMATS[target.suffix.lower()](course))
    print(f"{recording}: " + ", ".join(f"{label} {100 * share:.0f} %" for label, share in course.shares().items()))
    print(f"of the time in which somebody speaks; {len(course.stretches())} stretches written to {target}")
