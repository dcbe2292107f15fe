"""How a training shows itself while it runs, and how it is stopped: the progress callable of the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from ser_core.jobs.folder import Beat, beat_path, output_path, stop_path, write_note
from ser_core.jobs.gauge import Gauge
from ser_core.jobs.logs import bound
from ser_core.training.run import Run

LOOK = 0.5  # seconds between two looks for a stop
BEAT = 2.0  # seconds between two signs of life


class Stopped(KeyboardInterrupt):
    """A stop that somebody asked for: like Ctrl-C, so that nothing on its way takes it for a failure."""


class Watch:
    """Called as progress(what, done, total) at every step.  Raises Stopped where the run is asked to stop.

    clock: seconds that only ever grow; the clock on the wall plays no part.
    """

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.clock = clock
        self.device = ""
        self.gauge: Gauge | None = None
        self._stage = ""
        self._since = (0, 0.0)  # steps done and time when this process began with the stage
        self._looked = self._beaten = float("-inf")

    def __call__(self, what: str, done: int, total: int) -> None:
        now = self.clock()
        self.check(now)
        stage = what.partition(":")[0]  # "training: epoch 3 of 26" goes on where epoch 2 ended
        if stage != self._stage:
            self._stage, self._since, self._beaten = stage, (done, now), float("-inf")
        if now - self._beaten >= BEAT:
            self._beaten = now
            steps, seconds = done - self._since[0], now - self._since[1]
            rate = steps / seconds if steps > 0 and seconds > 0 and stage != what else None  # of epochs only
            left = (total - done) / rate if rate else None
            load, memory = self.gauge.read() if self.gauge else (None, None)
            beat = Beat(
                what=what, done=done, total=total, moment=now, rate=rate, left=left, device=self.device, load=load,
                memory=memory,
            )  # fmt: skip
            with suppress(OSError):  # a full disk stops the training where it saves, not here
                write_note(beat_path(self.run), beat)
                bound(output_path(self.run))

    def check(self, now: float | None = None) -> None:
        """Look for the stop file, not more often than is useful."""
        now = self.clock() if now is None else now
        if now - self._looked >= LOOK:
            self._looked = now
            if stop_path(self.run).exists():
                raise Stopped("It was asked to stop: resume it, it goes on from its last epoch.")
