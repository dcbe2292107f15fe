"""Two processes that share every batch learn what one learns."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from ser_core.checkpoints import load_card
from ser_core.training.run import Run
from tests.ser_core.runs import small_recipe

SCRIPT = Path(__file__).with_name("distributed.py")


def launch(processes: int, *command: str) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    done = subprocess.run([*torchrun, *command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_same_weights_from_one_process_and_from_two(tmp_path: Path) -> None:
    found = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        launch(processes, str(SCRIPT), str(folder))
        found.append(load_file(folder / "weights.safetensors"))
    for name, weights in found[0].items():
        assert weights.dtype == torch.float64
        torch.testing.assert_close(found[1][name], weights, rtol=0, atol=1e-5)


def test_a_whole_training_by_two_processes(small_data: Path, tmp_path: Path) -> None:
    """One writes, both end, and the run is like any other."""
    run = Run.start(small_recipe("training.epochs=2"), tmp_path / "run")
    launch(2, str(SCRIPT), str(run.folder), str(small_data))
    assert run.done
    assert len(run.metrics()["training"]) == 2
    assert load_card(run.checkpoint).results[0].n > 0
    assert (run.folder / "log.txt").read_text().count(" done\n") == 1
