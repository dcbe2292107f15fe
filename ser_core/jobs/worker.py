"""The process that works on a job: waits for its turn, trains, and writes down how it ended.

    python -m ser_core.training RUN

A waiting worker has not loaded torch or scikit-learn yet: sixty in line take about 60 MB each and little time.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

from filelock import Timeout

from ser_core.errors import JobError, SpeechEmotionError
from ser_core.jobs.devices import probe_devices
from ser_core.jobs.environment import note_environment
from ser_core.jobs.failures import TooLarge, in_a_sentence, is_gpu_memory, too_large
from ser_core.jobs.folder import Order, lock, order_path, process_path, read_note, write_note
from ser_core.jobs.gauge import Gauge
from ser_core.jobs.local import data_of
from ser_core.jobs.process import process
from ser_core.jobs.queue import Line
from ser_core.jobs.reporting import to_tensorboard
from ser_core.jobs.room import check_disk, check_gpu, check_memory, give_way
from ser_core.jobs.watch import LOOK, Stopped, Watch
from ser_core.training.run import Run

RESERVE = 2**17  # bytes kept for the last word
NICE = 10  # the application on the same cores comes first


def main(arguments: list[str]) -> int:
    """0: done or cancelled, 1: failed (the reason stands in state.json), 2: nothing was done."""
    run = Run(Path(arguments[0] if arguments else "").resolve())
    if len(arguments) != 1 or not run.recipe_path.is_file():
        print("Name the folder of one run: python -m ser_core.training RUN", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _terminated)
    return work(run)


class Claimed(JobError):
    """Another process works on the run."""


@contextmanager
def claim(run: Run) -> Iterator[None]:
    """Be the process that works on a run.  Raises Claimed where another one is."""
    try:
        held = lock(run, timeout=5).acquire()  # whoever only looks at it holds it for a moment
    except Timeout as error:
        raise Claimed(f"Another process works on {run.folder}.") from error
    with held:
        write_note(process_path(run), process())
        yield


def work(run: Run, train: Callable[..., Any] | None = None) -> int:
    """Wait, train, and write down the end.  train: stands in for the training in tests.  Returns what `main` does."""
    try:
        with claim(run):
            reserve(run)
            try:
                perform(run, train)
                reserved(run).unlink(missing_ok=True)
                return 0
            except Stopped as stopped:
                ended(run, "cancelled", str(stopped))
                return 0
            except SystemExit:  # submitit's way out, after it has put the job into SLURM's line again
                ended(run, "queued", "It was displaced on the cluster and waits to go on.")
                raise
            except TooLarge as error:
                ended(run, "failed", str(error), fits=error.fits)
            except BaseException as error:
                if not isinstance(error, SpeechEmotionError):
                    traceback.print_exc()
                ended(run, "failed", in_a_sentence(error))
            return 1
    except Claimed as error:  # its folder is another's
        print(error, file=sys.stderr)
        return 2


def perform(run: Run, train: Callable[..., Any] | None = None) -> None:
    """Everything up to the finished checkpoint.  Raises Stopped, and whatever goes wrong."""
    order = read_note(order_path(run), Order)
    if order is None:
        raise JobError(f"{run.folder} was not launched as a job: use `python -m ser_core train --run`.")
    if order.place == "local":
        be_modest()
    recipe = run.recipe()
    watch = Watch(run)
    with turn(run, order, watch) as device:
        watch.device = device
        check_disk(run.folder)
        check_memory()
        note_environment(run, device, prepare(device, order.threads), order.threads)
        watch.gauge = Gauge(device, order.threads)
        run.log(f"begins on {device}")
        learnt = train or training_of(order)
        try:
            learnt(recipe, to_tensorboard(run) if order.tensorboard else run, data_of(order), watch, device)
            return
        except Exception as error:
            if not is_gpu_memory(error):
                raise
        # Here and not in the except block, which holds on to the memory of the failed step.
        raise too_large(run, recipe, order, device)


def follow(run: Run) -> None:
    """Be one of the further processes of a training on a cluster: they share the batches, the first one writes."""
    order = read_note(order_path(run), Order)
    if order is None:
        raise JobError(f"{run.folder} was not launched as a job.")
    prepare(own_device(order), order.threads)
    real_training()(run.recipe(), run, data_of(order), lambda what, done, total: None, own_device(order))


def own_device(order: Order) -> str:
    """The device that the cluster gave to this process."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if order.cluster and order.cluster.gpus else "cpu"


def training_of(order: Order) -> Callable[..., Any]:
    """A training, or a search that makes many."""
    if order.search is None:
        return real_training()
    from ser_core.jobs.search import perform_search

    return partial(perform_search, order.search, real_training())


def real_training() -> Callable[..., Any]:
    from ser_core.training.trainer import train

    return train


@contextmanager
def turn(run: Run, order: Order, watch: Watch) -> Iterator[str]:
    """Wait in line for a device, and hold it.  Raises Stopped; JobError where this computer has no such device."""
    if order.place == "slurm":  # which gave it a device of its own
        yield own_device(order)
        return
    devices = [order.device]
    if order.device == "cuda":
        devices = [device.id for device in probe_devices() if device.id != "cpu"]
        if not devices:
            raise JobError("There is no CUDA device that PyTorch can use here: launch it with --device cpu.")
    line = Line(run.folder.parent)
    pause = Event()
    try:
        while not (device := line.take(run, devices)):
            for _ in range(line.patience(run)):
                watch.check()
                pause.wait(LOOK)
        watch.check()
        yield device
    finally:
        with suppress(OSError):  # a disk that takes nothing must not hide the first error; its death frees it too
            line.leave(run)


def prepare(device: str, threads: int) -> str:
    """Load torch, bound its threads, look at the GPU's memory.  Returns the device's name."""
    import torch

    from ser_core.training.finish import device_name
    from ser_core.training.trainer import choose_device

    torch.set_num_threads(threads)
    chosen = choose_device(device)
    if chosen.type == "cuda":
        check_gpu(device, *torch.cuda.mem_get_info(chosen))
    return device_name(chosen)


def be_modest() -> None:
    """Lower priority than the application; Linux weighs whole sessions first, so the session's as well."""
    give_way(500)
    with suppress(OSError):
        os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")


def ended(run: Run, status: str, reason: str, **more: Any) -> None:
    """The last word.  Where not even that can be written, the job is seen to be lost."""
    with suppress(OSError):
        reserved(run).unlink(missing_ok=True)
    with suppress(OSError, SpeechEmotionError):
        run.write_state(status=status, reason=reason, **more)
        run.log(f"{status}: {reason}")


def reserve(run: Run) -> None:
    """Take room on the disk for the last word: on one that is full, giving it back lets that be written."""
    with suppress(OSError):
        reserved(run).write_bytes(bytes(RESERVE))


def reserved(run: Run) -> Path:
    return run.folder / ".reserve"


def _terminated(number: int, frame: object) -> NoReturn:
    raise Stopped("It was ended from outside (SIGTERM), perhaps because the computer shut down: resume it.")
