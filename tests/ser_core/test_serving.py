"""The one thread that answers: everybody gets their own answer, the same as alone, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ser_core.audio import Waveform, load
from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.errors import ServingError
from ser_core.recogniser import Prediction, Recogniser
from ser_core.serving import BATCH, BATCH_SECONDS, Line, Ticket
from ser_core.training.run import Run

PATIENCE = 60  # seconds; nothing here waits for them unless it is broken


class Doorkeeper:
    """A recogniser that answers only while its door is open, and tells what it was given at once."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self.door = threading.Event()
        self.inside = threading.Semaphore(0)
        self.batches: list[list[Waveform]] = []
        self.deadly: Waveform | None = None

    def predict_many(self, waveforms: Sequence[Waveform]) -> list[Prediction]:
        self.batches.append(list(waveforms))
        self.inside.release()
        assert self.door.wait(PATIENCE)
        if any(waveform is self.deadly for waveform in waveforms):
            raise SystemExit  # ends a thread without a word
        return self.recogniser.predict_many(waveforms)

    def predict(self, waveform: Waveform) -> Prediction:
        return self.recogniser.predict(waveform)


@pytest.fixture(scope="module")
def recogniser(trained: tuple[Run, Card]) -> Recogniser:
    return Recogniser(trained[0].checkpoint)


@pytest.fixture(scope="module")
def clips() -> list[Waveform]:
    return [load(utterance.path) for utterance in samples()[:8]]


@pytest.fixture
def keeper(recogniser: Recogniser) -> Iterator[Doorkeeper]:
    made = Doorkeeper(recogniser)
    yield made
    made.door.set()  # lets the thread of the test go on to its end


def busy(line: Line, keeper: Doorkeeper, clip: Waveform) -> Ticket:
    """The first clip, on which the thread works, so that whatever comes after it waits."""
    first = line.submit(keeper, clip)  # type: ignore[arg-type]
    assert keeper.inside.acquire(timeout=PATIENCE)
    return first


def same(one: Prediction, other: Prediction) -> None:
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    np.testing.assert_allclose(one.segment_probabilities, other.segment_probabilities, atol=1e-5)
    np.testing.assert_allclose(one.starts, other.starts)


def test_what_waits_together_goes_together_and_is_answered_as_alone(
    recogniser: Recogniser, keeper: Doorkeeper, clips: list[Waveform]
) -> None:
    line = Line()
    first = busy(line, keeper, clips[0])
    tickets = [line.submit(keeper, clip) for clip in clips[1:5]]  # type: ignore[arg-type]
    keeper.door.set()
    for ticket, clip in zip([first, *tickets], clips[:5], strict=True):
        same(ticket.result(PATIENCE), recogniser.predict(clip))
    assert [len(batch) for batch in keeper.batches] == [1, 4]


def test_another_checkpoint_is_another_call(recogniser: Recogniser, keeper: Doorkeeper, clips: list[Waveform]) -> None:
    line = Line()
    busy(line, keeper, clips[0])
    other = line.submit(recogniser, clips[1])
    mine = line.submit(keeper, clips[2])  # type: ignore[arg-type]
    keeper.door.set()
    same(other.result(PATIENCE), recogniser.predict(clips[1]))
    same(mine.result(PATIENCE), recogniser.predict(clips[2]))
    assert keeper.batches == [[clips[0]], [clips[2]]]


def test_a_call_takes_no_more_than_it_should(keeper: Doorkeeper, clips: list[Waveform]) -> None:
    line = Line()
    busy(line, keeper, clips[0])
    waiting = [*clips, *clips, long_clip(clips[0]), clips[1]]
    tickets = [line.submit(keeper, clip) for clip in waiting]  # type: ignore[arg-type]
    keeper.door.set()
    for ticket in tickets:
        ticket.result(PATIENCE)
    assert all(len(batch) <= BATCH for batch in keeper.batches)
    assert all(len(batch) == 1 or sum(one.seconds for one in batch) <= BATCH_SECONDS for batch in keeper.batches)
    assert [one for batch in keeper.batches[1:] for one in batch] == waiting


def long_clip(clip: Waveform) -> Waveform:
    size = round((BATCH_SECONDS + 1) * 16_000)
    return Waveform.from_array(np.resize(clip.samples, size), 16_000)


def test_one_broken_clip_among_four_fails_alone(
    recogniser: Recogniser, keeper: Doorkeeper, clips: list[Waveform]
) -> None:
    broken = Waveform.from_array(clips[1].samples, 16_000)
    object.__setattr__(broken, "samples", np.full(16_000, "no number"))  # what no clip that was loaded can be
    line = Line()
    busy(line, keeper, clips[0])
    four = [clips[1], broken, clips[2], clips[3]]
    tickets = [line.submit(keeper, clip) for clip in four]  # type: ignore[arg-type]
    keeper.door.set()
    for ticket, clip in zip(tickets, four, strict=True):
        if clip is broken:
            with pytest.raises(TypeError):
                ticket.result(PATIENCE)
        else:
            same(ticket.result(PATIENCE), recogniser.predict(clip))


def test_a_full_line_refuses_in_one_sentence_and_takes_clips_again(keeper: Doorkeeper, clips: list[Waveform]) -> None:
    line = Line(most=2)
    busy(line, keeper, clips[0])
    waiting = [line.submit(keeper, clip) for clip in clips[1:3]]  # type: ignore[arg-type]
    with pytest.raises(ServingError, match=r"^2 clips are waiting .*: try again in a moment\.$"):
        line.submit(keeper, clips[3])  # type: ignore[arg-type]
    keeper.door.set()
    for ticket in waiting:
        ticket.result(PATIENCE)
    assert line.submit(keeper, clips[3]).result(PATIENCE).label  # type: ignore[arg-type]


def test_the_place_in_line_falls(recogniser: Recogniser, keeper: Doorkeeper, clips: list[Waveform]) -> None:
    other = Doorkeeper(recogniser)
    line = Line()
    first = busy(line, keeper, clips[0])
    second = line.submit(other, clips[1])  # type: ignore[arg-type]
    third = line.submit(keeper, clips[2])  # type: ignore[arg-type]
    assert [ticket.place() for ticket in (first, second, third)] == [0, 1, 2]
    keeper.door.set()
    assert other.inside.acquire(timeout=PATIENCE)
    assert [ticket.place() for ticket in (first, second, third)] == [0, 0, 1]
    other.door.set()
    third.result(PATIENCE)
    assert third.place() == 0


def test_who_leaves_makes_room(keeper: Doorkeeper, clips: list[Waveform]) -> None:
    line = Line(most=1)
    busy(line, keeper, clips[0])
    gone = line.submit(keeper, clips[1])  # type: ignore[arg-type]
    gone.leave()
    with pytest.raises(ServingError, match="left the line"):
        gone.result(PATIENCE)
    stays = line.submit(keeper, clips[2])  # type: ignore[arg-type]
    keeper.door.set()
    stays.result(PATIENCE)
    assert keeper.batches == [[clips[0]], [clips[2]]]


def test_eight_threads_each_get_their_own_answer(recogniser: Recogniser, clips: list[Waveform]) -> None:
    alone = [recogniser.predict(clip) for clip in clips]
    line = Line()

    def visitor(number: int) -> Prediction:
        return line.submit(recogniser, clips[number % 8]).result(PATIENCE)

    with ThreadPoolExecutor(8) as pool:
        for number, answer in enumerate(pool.map(visitor, range(64))):
            same(answer, alone[number % 8])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_the_thread_dies_nobody_is_left_waiting(keeper: Doorkeeper, clips: list[Waveform]) -> None:
    keeper.deadly = clips[1]
    line = Line()
    first = busy(line, keeper, clips[0])
    dying = line.submit(keeper, clips[1])  # type: ignore[arg-type]
    behind = line.submit(Doorkeeper(keeper.recogniser), clips[2])  # type: ignore[arg-type]
    keeper.door.set()
    first.result(PATIENCE)
    for ticket in (dying, behind):
        with pytest.raises(ServingError, match="try again"):
            ticket.result(PATIENCE)
    assert line.submit(keeper, clips[3]).result(PATIENCE).label  # type: ignore[arg-type]


def test_an_answer_that_does_not_come_in_time_is_said_to_be_late(keeper: Doorkeeper, clips: list[Waveform]) -> None:
    late = busy(Line(), keeper, clips[0])
    with pytest.raises(ServingError, match="No answer came within 0 s"):
        late.result(0)
