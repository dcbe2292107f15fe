"""What a folder says of its job, in every condition that a crash, a restart or a hand can leave it in."""

import shutil
import time
from pathlib import Path

import pytest

from ser_core.errors import JobError
from ser_core.jobs import AT_THE_SHELL, Job, cancel, get_job, list_jobs
from ser_core.jobs import process as processes
from ser_core.jobs.folder import Beat, Order, beat_path, lock, order_path, process_path, stop_path, write_note
from ser_core.jobs.job import ordinal
from ser_core.jobs.local import Local
from ser_core.jobs.process import process
from ser_core.jobs.sight import Sight
from ser_core.training.run import Run
from tests.ser_core.jobs.places import NOBODY, child, kill, put_run


def status(run: Run) -> tuple[str, str]:
    found = Job(run).status()
    return found.state, found.reason


def test_alive_it_runs() -> None:
    run = put_run(worker=process(), status="running", epoch=3, epochs=8, stage="training")
    beat = Beat(
        what="training: epoch 4 of 8", done=7, total=16, moment=time.monotonic(), rate=2.0, left=9.5, device="cuda:1"
    )
    write_note(beat_path(run), beat)
    run.write_metrics("training", [{"stage": "training", "epoch": 3, "validation_ua": 0.5, "validation_loss": None}])
    found = Job(run).status()
    assert (found.state, found.reason, found.device) == ("running", "", "cuda:1")
    assert (found.stage, found.epoch, found.epochs, found.seconds_left) == ("training", 3, 8, 9.5)
    assert (found.what, found.done, found.total, found.rate) == ("training: epoch 4 of 8", 7, 16, 2)
    assert found.metrics == {"epoch": 3, "validation_ua": 0.5}
    assert not found.ended


@pytest.mark.parametrize("state", ["queued", "running"])
def test_killed_it_is_lost(state: str) -> None:
    started = child(time.sleep, 60)
    run = put_run(worker=process(started.pid), status=state)
    assert status(run)[0] == state
    kill(started)
    assert status(run) == ("lost", Job(run).status().reason)
    assert "resume it" in status(run)[1]


def test_another_process_with_its_number_does_not_keep_it_alive() -> None:
    """The number is in use, by a process that started later."""
    worker = process().model_copy(update={"started": process().started - 1})
    assert status(put_run(worker=worker, status="running"))[0] == "lost"


def test_a_restart_of_the_computer_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run(worker=process(), status="running")
    monkeypatch.setattr(processes, "boot", lambda: "the next one")
    assert status(run)[0] == "lost"
    monkeypatch.setattr("ser_core.jobs.local.boot", lambda: "the next one")
    assert "restarted" in status(run)[1]


def test_the_clock_on_the_wall_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run(worker=process(), status="running")
    write_note(beat_path(run), Beat(what="", done=1, total=2, moment=time.monotonic(), rate=None, left=1, device="cpu"))
    before = Job(run).status()
    for moment in (0.0, time.time() + 1e9):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        assert Job(run).status() == before


def test_a_worker_that_is_silent_for_long_is_not_lost_but_said() -> None:
    run = put_run(worker=process(), status="running")
    write_note(
        beat_path(run), Beat(what="", done=1, total=2, moment=time.monotonic() - 1200, rate=None, left=1, device="cpu")
    )
    assert status(run) == ("running", "It lives, but has not said anything for 20 minutes.")


def test_a_job_that_ends_while_it_is_looked_at_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run(worker=process(), status="running")

    def ends(self: Local, run: Run) -> Sight:
        run.write_state(status="failed", reason="just now")
        return Sight(alive=False, gone="lost")

    monkeypatch.setattr(Local, "sight", ends)
    assert status(run) == ("failed", "just now")


def test_a_launch_broken_off_half_way_is_lost() -> None:
    """The folder is there, its launcher is not, and no worker ever was."""
    assert "broken off" in status(put_run(worker=None))[1]
    assert status(put_run(worker=None))[0] == "lost"


def test_while_it_is_being_launched_it_is_queued() -> None:
    run = put_run(worker=None)
    write_note(order_path(run), Order(launched="", launcher=process()))
    assert status(run) == ("queued", "It is starting.")


@pytest.mark.parametrize(
    ("state", "alive", "says"),
    [("running", True, "stopping"), ("queued", True, "stopping"), ("running", False, "cancelled"),
     ("queued", False, "cancelled"), ("done", True, "done"), ("failed", True, "failed"), ("failed", False, "failed")],
)  # fmt: skip
def test_asked_to_stop(state: str, alive: bool, says: str) -> None:
    run = put_run(worker=process() if alive else NOBODY, status=state)
    stop_path(run).touch()
    assert status(run)[0] == says


def test_dead_between_the_checkpoint_and_the_last_word_it_is_done() -> None:
    run = put_run(status="running")
    run.checkpoint.mkdir()
    (run.checkpoint / "card.json").touch()  # the folder appears complete or not at all
    assert status(run)[0] == "done"


def test_on_another_computer_the_lock_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put_run(worker=process().model_copy(update={"host": "elsewhere"}), status="running")
    with lock(run):
        assert status(run)[0] == "running"
    assert status(run) == ("lost", "Nothing is heard of it from elsewhere: resume it.")


def test_started_by_hand_nothing_tells_whether_it_runs() -> None:
    run = put_run(worker=None, status="running")
    order_path(run).unlink()
    state, reason = status(run)
    assert state == "lost"
    assert "not launched as a job" in reason


@pytest.mark.parametrize("name", ["state.json", "job.json", "process.json"])
@pytest.mark.parametrize("content", ["", "{", '["x"]', "null", '{"status": 7, "epoch": "many"}'])
def test_a_damaged_file_is_a_sentence_in_the_list(name: str, content: str) -> None:
    run = put_run(status="running")
    (run.folder / name).write_text(content)
    (job,) = list_jobs()
    assert job.status().state == "failed"
    assert name in job.status().reason


def test_a_damaged_heartbeat_is_none() -> None:
    run = put_run(worker=process(), status="running")
    beat_path(run).write_text('{"what": "of another version"}')
    assert (status(run), Job(run).status().what) == (("running", ""), "")


@pytest.mark.parametrize("name", ["metrics.csv", "recipe.toml", "log.txt", "output.txt"])
def test_other_damage_does_not_hide_a_job(name: str) -> None:
    run = put_run(status="failed", reason="so it was")
    (run.folder / name).write_bytes(b'\xff\x00,\n\n"')
    (job,) = list_jobs()
    assert (job.status().state, job.status().reason) == ("failed", "so it was")
    assert job.log() is not None
    assert job.output() is not None


@pytest.mark.parametrize("name", ["state.json", "job.json", "heartbeat.json", "metrics.csv", "log.txt", "stop"])
def test_a_folder_where_a_file_belongs_does_not_hide_the_other_jobs(name: str) -> None:
    path = put_run("odd", worker=process(), status="running").folder / name
    path.unlink(missing_ok=True)
    path.mkdir()
    put_run("sound", status="done")
    assert {job.id: job.status().state for job in list_jobs()}["sound"] == "done"
    odd = get_job("odd")
    odd.metrics(), odd.log(), odd.output()
    assert odd.status().state in ("running", "stopping", "failed")


def test_what_is_not_ours_to_read_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be allowed everything: the refusal is made here."""
    theirs, ours = put_run("theirs", status="running"), put_run("ours", status="done")
    read = Path.read_text

    def refusing(path: Path, *more: object, **others: object) -> str:
        if theirs.folder in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", refusing)
    assert status(ours)[0] == "done"
    assert status(theirs)[0] == "failed"
    assert "cannot be read: Permission denied" in status(theirs)[1]


def test_a_row_with_a_value_too_many_hides_the_table_only() -> None:
    run = put_run(status="done")
    (run.folder / "metrics.csv").write_text("stage,epoch,validation_ua\ntraining,1,0.5,0.7\n")
    assert Job(run).metrics() == {}
    assert status(run)[0] == "done"


def test_the_last_signs_of_the_process_before_are_not_those_of_one_that_waits() -> None:
    run = put_run(worker=process(), status="queued")
    beat = Beat(what="training: epoch 4 of 8", done=7, total=16, moment=0.0, rate=2.0, left=9.5, device="cuda:1")
    write_note(beat_path(run), beat)
    found = Job(run).status()
    assert (found.state, found.device, found.what, found.rate, found.seconds_left) == ("queued", "cpu", "", None, None)


def test_a_worker_whose_order_is_damaged_can_still_be_stopped() -> None:
    run = put_run(worker=process(), status="running")
    order_path(run).write_text("{}")
    with lock(run):
        assert status(run)[0] == "running"
        assert "job.json is damaged" in status(run)[1]
        cancel(get_job("run"), AT_THE_SHELL)
        assert stop_path(run).exists()
    assert status(run)[0] == "failed"


def test_the_list_is_the_newest_first_and_holds_runs_only(runs: Path) -> None:
    assert list_jobs() == []
    for day, name in enumerate(("b", "c", "a")):
        write_note(order_path(put_run(name)), Order(launched=f"2026-01-0{day + 1}", launcher=NOBODY))
    put_run(".launch-x")
    (runs / "holiday").mkdir()
    (runs / "notes.txt").write_text("mine")
    assert [job.id for job in list_jobs()] == ["a", "c", "b"]
    shutil.rmtree(runs)
    assert list_jobs() == []


@pytest.mark.parametrize("name", ["none", "", ".", "..", "../run", "run/", ".trash", "/", "a" * 5000, "run\x00"])
def test_a_job_that_is_not_there(name: str) -> None:
    put_run()
    with pytest.raises(JobError, match="no job"):
        get_job(name)
    assert get_job("run").id == "run"


def test_places_in_words() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 101, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th",
    ]  # fmt: skip


def test_process_json_of_a_launch_is_what_the_worker_writes() -> None:
    run = put_run(worker=process())
    assert process_path(run).is_file()
    assert Job(run).place.wait(run, 0) is False
