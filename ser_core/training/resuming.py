"""The training state on disk, so that a run that was killed goes on from its last complete epoch."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

from accelerate import Accelerator
from safetensors import SafetensorError

from ser_core.errors import RunError
from ser_core.files import write_bytes, write_json
from ser_core.training.history import History
from ser_core.training.run import Run


def save(accelerator: Accelerator, history: History, run: Run, stage: str) -> None:
    """Write the training state beside the old one, then make it the newest by a rename."""
    folder = run.folder / "resume" / stage / "writing"
    accelerator.save_state(str(folder))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        keep(folder, history, run, stage)
    accelerator.wait_for_everyone()


def keep(folder: Path, history: History, run: Run, stage: str) -> None:
    write_bytes(folder / "best.safetensors", history.weights)
    write_json(folder / "history.json", {"rows": history.rows, "best": history.best})
    run.commit_resume(stage, folder, len(history.rows))
    run.write_metrics(stage, history.rows)


def resume(accelerator: Accelerator, run: Run, stage: str) -> History:
    """Load the newest complete state of a stage, if there is one, and the history up to it."""
    folder = run.resume_folder(stage)
    if folder is None:
        return History()
    stored = run.read_json(folder / "history.json")
    try:
        accelerator.load_state(str(folder))
    except (RuntimeError, ValueError, KeyError, EOFError, SafetensorError, UnpicklingError) as error:
        raise RunError(
            f"The training state in {folder} is damaged, or of another version of this program: start anew in "
            "another folder."
        ) from error
    if len(run.metrics().get(stage, ())) < len(stored["rows"]):  # killed between the state and its row
        run.write_metrics(stage, stored["rows"])
    run.log(f"{stage}: resumed after epoch {len(stored['rows'])}")
    return History(stored["rows"], stored["best"], (folder / "best.safetensors").read_bytes())
