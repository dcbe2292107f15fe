"""Many visitors, one network: a bounded line of clips, and the one thread that answers them, several at a time.

A clip waits for its turn; whatever waits for the same checkpoint goes through one forward call
(`Recogniser.predict_many`), where each clip gets the answer that it gets alone.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, wait
from typing import Final

import torch
from threadpoolctl import ThreadpoolController

from ser_core.audio import Waveform
from ser_core.errors import ServingError
from ser_core.recogniser import Prediction, Recogniser

MOST: Final = 60  # clips that wait; two classes of thirty who all press at once
BATCH: Final = 8  # clips in one forward call
BATCH_SECONDS: Final = 30.0  # of sound in one forward call; a longer clip goes alone
STOPPED: Final = "The part of this program that answers has stopped and starts again with the next clip: try again."


class Ticket:
    """One clip's place in the line, and its answer."""

    def __init__(self, recogniser: Recogniser, waveform: Waveform, line: Line) -> None:
        self.recogniser = recogniser
        self.waveform = waveform
        self.seconds = waveform.seconds
        self._line = line
        self.future: Future[Prediction] = Future()

    def place(self) -> int:
        """1 for the next in line; 0 for a clip that is being answered, was answered, or left."""
        return self._line.place(self)

    def wait(self, seconds: float) -> bool:
        """Whether the answer, or the reason why there is none, is there within so many seconds."""
        return bool(wait((self.future,), seconds).done)

    def result(self, seconds: float | None = None) -> Prediction:
        """The answer; waits for it, at most so many seconds.

        Raises ServingError where it does not come in time, the clip has left the line, or the thread has stopped; else
        whatever answering this clip raised.
        """
        if not wait((self.future,), seconds).done:
            raise ServingError(f"No answer came within {seconds:g} s: try again in a moment.")
        if self.future.cancelled():
            raise ServingError("This clip has left the line: bring it again for an answer.")
        return self.future.result()

    def leave(self) -> None:
        """Give up; an answer that is there, or on its way, is only forgotten."""
        self._line.leave(self)


class Line:
    """A line of at most `most` clips before one thread, which starts with the first of them."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._waiting: deque[Ticket] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, recogniser: Recogniser, waveform: Waveform) -> Ticket:
        """Put a clip at the end of the line.  Raises ServingError where the line is full."""
        ticket = Ticket(recogniser, waveform, self)
        with self._changed:
            if len(self._waiting) >= self.most:
                raise ServingError(
                    f"{len(self._waiting)} clips are waiting for an answer, and no more may: try again in a moment."
                )
            self._waiting.append(ticket)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
                self._thread.start()
            self._changed.notify()
        return ticket

    def __len__(self) -> int:
        """How many clips wait, without those that are being answered."""
        return len(self._waiting)

    def place(self, ticket: Ticket) -> int:
        with self._changed:
            return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def leave(self, ticket: Ticket) -> None:
        with self._changed:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                ticket.future.cancel()
                ticket.future.set_running_or_notify_cancel()  # tells whoever waits for it

    def _work(self) -> None:
        """The thread.  However it ends, nobody is left waiting, and the next clip starts another."""
        batch: list[Ticket] = []
        try:
            torch.get_num_threads()  # in a fresh thread the first question sets the number, over any limit
            with ThreadpoolController().limit(limits=_threads(), user_api="openmp"):
                while True:
                    batch = self._next()
                    answer(batch)
                    batch = []  # nobody's clip is kept until the next comes
        finally:
            with self._changed:
                self._thread = None
                left = [ticket for ticket in (*batch, *self._waiting) if not ticket.future.done()]
                self._waiting.clear()
            for ticket in left:
                ticket.future.set_exception(ServingError(STOPPED))

    def _next(self) -> list[Ticket]:
        """Wait for clips; take the first, and those behind it that fit into the same forward call."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            batch: list[Ticket] = []
            seconds = 0.0
            for ticket in self._waiting:
                if ticket.recogniser is not self._waiting[0].recogniser:
                    continue
                seconds += ticket.seconds
                if batch and (seconds > BATCH_SECONDS or len(batch) == BATCH):
                    break
                batch.append(ticket)
            for ticket in batch:
                self._waiting.remove(ticket)
                ticket.future.set_running_or_notify_cancel()
            return batch


def _threads() -> int:
    """For the network: one core stays free for the pages, which else stand still with everybody's answers."""
    return max(1, torch.get_num_threads() - 1)


def answer(batch: list[Ticket]) -> None:
    """Give every ticket its answer.  Where one clip makes the call fail, each is answered alone."""
    recogniser = batch[0].recogniser
    try:
        predictions = recogniser.predict_many([ticket.waveform for ticket in batch])
    except Exception:
        for ticket in batch:
            _alone(ticket)
        return
    for ticket, prediction in zip(batch, predictions, strict=True):
        ticket.future.set_result(prediction)


def _alone(ticket: Ticket) -> None:
    try:
        prediction = ticket.recogniser.predict(ticket.waveform)
    except Exception as error:
        ticket.future.set_exception(error)
    else:
        ticket.future.set_result(prediction)
