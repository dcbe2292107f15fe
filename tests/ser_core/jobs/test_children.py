"""What a short-lived child is asked: devices, costs, and what would fit."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ser_core.errors import CorpusError, JobError
from ser_core.files import PROJECT
from ser_core.jobs import AT_THE_SHELL, child, devices, estimate, probe_devices, trial
from ser_core.jobs import __main__ as child_side
from ser_core.jobs.child import ask
from ser_core.jobs.devices import gpu_loads
from ser_core.jobs.estimate import Estimate
from ser_core.jobs.trial import Request, fitting
from tests.ser_core.runs import small_recipe


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_asked", float("-inf"))


def test_devices_are_looked_up_by_a_child_and_kept_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = probe_devices()
    assert found[0].id == "cpu"
    assert 0 < found[0].free <= found[0].memory
    assert [device.id for device in found[1:]] == [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    monkeypatch.setattr(devices, "ask", lambda question: pytest.fail("asked again"))
    assert probe_devices() == found
    assert not torch.cuda.is_initialized()


def test_what_the_drivers_tool_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU-1f-2e, 37'\necho 'GPU-3d-4c, [N/A]'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert gpu_loads() == {"1f-2e": 0.37}
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert gpu_loads() == {}


def test_a_child_never_sees_the_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_ADMIN_KEY", "open sesame")
    assert "SER_ADMIN_KEY" not in child.environment()


def test_the_childs_own_sentence_arrives(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The child's side, in this process, and what the other side makes of it."""
    request = {"recipe": small_recipe("labels=['boredom', 'calm']").model_dump(mode="json")}
    monkeypatch.delenv("SER_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", ["ser_core.jobs", "estimate"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request)))
    monkeypatch.setattr(os, "nice", lambda by: None)
    monkeypatch.setattr(child_side, "give_way", lambda score: None)
    monkeypatch.setattr(child_side, "bound_memory", lambda: None)
    child_side.main()
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    monkeypatch.setattr(sys, "executable", "/bin/true")
    monkeypatch.setattr(child, "_lines", lambda file: ["a warning", said.strip()])
    with pytest.raises(JobError, match="No data folder is set"):
        ask("estimate")


def test_a_child_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "PROJECT", Path("/"))  # there is no ser_core to import
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(JobError, match="Asking for devices failed: nothing was said"):
        ask("devices")


def test_a_child_that_the_kernel_ended_for_its_memory_is_a_sentence() -> None:
    asked = child.Question("devices")
    asked.stop()  # as the kernel does it
    with pytest.raises(JobError, match=r"all of this computer's memory: lower training.batch_size"):
        asked.answer()


def test_a_process_is_refused_memory_that_is_not_free() -> None:
    """One with 256 MB left asks for four times as much."""
    script = """
from types import SimpleNamespace
import numpy as np, psutil
from ser_core.jobs.room import bound_memory
psutil.virtual_memory = lambda: SimpleNamespace(available=2**28)
bound_memory()
try:
    np.ones(2**27)
except MemoryError:
    print("refused")
"""
    said = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert said.stdout == "refused\n"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you ...")])
def test_a_batch_that_memory_does_not_hold(error: Exception, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(trial, "rehearse", full)
    with pytest.raises(JobError, match=r"Batches of 4 do not fit on cpu: lower training\.batch_size"):
        trial.estimate(Request(recipe=small_recipe("training.batch_size=4"), data=str(small_data)))


def test_a_child_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(JobError, match="took longer than 0 s"):
        ask("devices", seconds=0.01)


def test_the_cost_of_a_training_is_estimated_from_a_few_steps(small_data: Path) -> None:
    """Ten segments in batches of four: three steps an epoch, in a child that leaves nothing behind."""
    cost = estimate(small_recipe("training.epochs=100"), AT_THE_SHELL, data=small_data)
    assert (cost.clips, cost.segments, cost.steps_per_epoch) == (10, 10, 3)
    assert cost.seconds_per_epoch > 0
    assert cost.seconds >= 100 * cost.seconds_per_epoch
    assert cost.fits == (cost.memory <= cost.available)
    assert cost.memory > 100 * 2**20  # torch alone is more


def test_what_cannot_run_is_refused(small_data: Path) -> None:
    recipe = small_recipe("labels=['boredom', 'calm']")
    with pytest.raises(CorpusError, match="no clip to train on"):
        trial.estimate(Request(recipe=recipe, data=str(small_data)))


def test_three_stages_cost_three_times_one(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a teacher each stage is measured."""
    changes = (
        "system=vit_vertical",
        "variant=student",
        "training.epochs=10",
        "training.mixup=0",
        "transfer.teacher=default",
    )
    watches = []
    monkeypatch.setattr(trial, "rehearse", lambda *arguments: watches.append(arguments[-1]) or fill(arguments[-1]))
    monkeypatch.setenv("SER_CACHE", os.environ["SER_CACHE"])
    found = trial.estimate(Request(recipe=small_recipe(*changes), data=str(small_data)))
    assert isinstance(found, Estimate)
    assert found.seconds == pytest.approx(30 * found.seconds_per_epoch, rel=0.01)
    assert found.seconds_per_epoch == pytest.approx(found.steps_per_epoch * 2, rel=0.5)


def fill(watch: trial.Stopwatch) -> None:
    """Steps of one, two and three seconds."""
    for seconds, stage in enumerate(("teacher", "matching", "student"), start=1):
        watch.moments[stage] = [10.0, 10.0 + seconds, 10.0 + 2 * seconds]


@pytest.mark.parametrize(("limit", "fits"), [(100, 2), (1, 0), (3, 2)])
def test_the_batch_that_fits_is_found_by_halving(
    limit: int, fits: int, small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def rehearse(recipe, *_: object) -> None:  # type: ignore[no-untyped-def]
        tried.append(recipe.training.batch_size)
        if recipe.training.batch_size > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(trial, "rehearse", rehearse)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    assert fitting(Request(recipe=small_recipe(), data=str(small_data))) == fits
    assert tried == [2]
    tried.clear()
    assert fitting(Request(recipe=small_recipe("training.batch_size=64"), data=str(small_data))) == (
        32 if limit == 100 else fits
    )
    assert tried == ([32] if limit == 100 else [32, 16, 8, 4, 2])


def test_a_training_set_that_cannot_be_decoded(own_data: Path) -> None:
    for clip in own_data.glob("ravdess/*/*.ogg"):
        clip.write_bytes(b"no sound")
    with pytest.raises(CorpusError, match="No clip can be decoded"):
        trial.estimate(Request(recipe=small_recipe(), data=str(own_data)))
