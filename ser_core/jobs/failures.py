"""Why a training failed, in one sentence that says what would help."""

from __future__ import annotations

import errno
import gc

from ser_core.errors import JobError, SpeechEmotionError
from ser_core.jobs.child import SMALLER
from ser_core.jobs.estimate import fitting_batch
from ser_core.jobs.folder import Order
from ser_core.jobs.local import data_of
from ser_core.recipes import Recipe
from ser_core.training.run import Run


class TooLarge(JobError):
    """A training that does not fit on its GPU.  fits: the batch size that would, where one was found."""

    def __init__(self, message: str, fits: int | None = None) -> None:
        super().__init__(message)
        self.fits = fits


def in_a_sentence(error: BaseException) -> str:
    """What to tell of an error: what it was and what would help."""
    if isinstance(error, SpeechEmotionError):
        return str(error)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "No space left on device" in str(error) or "os error 28" in str(error):  # as libraries pass it on
        return "The disk is full: free some space, then resume it."
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES):
        return f"{error.filename or 'The run folder'} cannot be written: make it writable, then resume it."
    if is_memory(error):
        return f"This computer ran out of memory: {SMALLER}, or close other programs and resume it."
    return f"{type(error).__name__}: {error}"


def is_memory(error: BaseException) -> bool:
    """Of the computer; in PyTorch's words, where it was PyTorch that asked for it."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def is_gpu_memory(error: BaseException) -> bool:
    """By name, so that a worker that never came to load torch need not load it now."""
    return type(error).__name__ == "OutOfMemoryError"


def too_large(run: Run, recipe: Recipe, order: Order, device: str) -> TooLarge:
    """Look for the batch size that would have fitted, on the device as it is now that this run has let go of it."""
    import torch

    gc.collect()
    torch.cuda.empty_cache()
    run.write_state(status="running", reason="The GPU's memory ran out: looking for a batch size that fits.")
    tried = f"Batches of {recipe.training.batch_size} do not fit into the memory of {device}"
    try:
        fits = fitting_batch(recipe, device, data_of(order))
    except JobError as error:
        run.log(f"no batch size could be tried: {error}")
        return TooLarge(f"{tried}: clone it with a smaller training.batch_size.")
    if fits:
        return TooLarge(f"{tried}; {fits} would: clone it with training.batch_size = {fits}.", fits)
    return TooLarge(f"{tried}, and not even 2 would: choose a smaller variant or another device.")
