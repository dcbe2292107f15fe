"""How a training shows itself and is stopped, on a clock of the test's own."""

from pathlib import Path

import pytest

from ser_core.jobs import watch as watching
from ser_core.jobs.folder import Beat, beat_path, output_path, read_note, stop_path
from ser_core.jobs.logs import bound, tail
from ser_core.jobs.watch import Stopped, Watch
from ser_core.training.run import LOG_BYTES, Run
from tests.ser_core.jobs.places import put_run


class Clock:
    """Seconds as the test says them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def beat(run: Run) -> Beat:
    found = read_note(beat_path(run), Beat)
    assert found
    return found


def test_a_stop_is_noticed_at_the_next_look() -> None:
    run, clock = put_run(), Clock()
    watch = Watch(run, clock)
    watch("training: epoch 1 of 2", 1, 10)
    stop_path(run).touch()
    watch("training: epoch 1 of 2", 2, 10)  # the disk is not asked at every step
    clock.now += 0.6
    with pytest.raises(Stopped):
        watch("training: epoch 1 of 2", 3, 10)


def test_a_stop_is_no_ordinary_error() -> None:
    """Whatever passes over a broken clip or a missing corpus does not pass over it."""
    assert not issubclass(Stopped, Exception)


def test_the_time_left_follows_the_steps_of_this_process() -> None:
    """A resumed training begins at step 50; what was done before it says nothing of its speed."""
    run, clock = put_run(), Clock()
    watch = Watch(run, clock)
    watch.device = "cuda:1"
    watch("training: epoch 6 of 10", 50, 100)
    assert beat(run).left is None
    clock.now += 3
    watch("training: epoch 6 of 10", 60, 100)
    assert beat(run).rate == pytest.approx(10 / 3)
    assert beat(run).left == pytest.approx(12)  # ten steps in three seconds, forty to go
    assert (beat(run).what, beat(run).done, beat(run).device) == ("training: epoch 6 of 10", 60, "cuda:1")
    watch("student: epoch 1 of 10", 1, 100)  # another stage, another speed
    assert beat(run).left is None


def test_signs_of_life_are_written_now_and_then() -> None:
    run, clock = put_run(), Clock()
    watch = Watch(run, clock)
    written = []
    for step in range(100):
        clock.now += 0.1
        watch("training: epoch 1 of 1", step, 100)
        written.append(beat(run).done)
    assert len(set(written)) == 5  # in ten seconds


def test_a_disk_that_takes_no_heartbeat_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watching, "write_note", full)
    Watch(put_run())("decoding", 1, 2)


def test_the_output_stays_bounded(runs: Path) -> None:
    run, clock = put_run(), Clock()
    line = b"a library warns, again and again\n"
    with output_path(run).open("ab") as file:  # as the worker's stdout
        file.write(line * (2 * LOG_BYTES // len(line)))
        file.flush()
        Watch(run, clock)("training: epoch 1 of 1", 1, 2)
        file.write(b"the last word\n")
    size = output_path(run).stat().st_size
    assert LOG_BYTES // 3 < size <= LOG_BYTES
    assert tail(output_path(run), 2).splitlines() == [line.decode().strip(), "the last word"]
    assert output_path(run).read_bytes().startswith(b"a library")  # cut between two lines


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo\n")
    bound(tmp_path / "log", limit=100)
    bound(tmp_path / "no log", limit=100)
    assert tail(tmp_path / "log", 1) == "two"
    assert tail(tmp_path / "log", 9) == "one\ntwo"
    assert tail(tmp_path / "no log") == ""
