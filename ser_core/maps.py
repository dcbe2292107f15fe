"""The sink that collects attention during one forward call.

Maps belong to a call, never to a model: many visitors share one cached model in many threads.  A context variable
is private to the thread (and task) that set it, so nothing on the model changes while somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

_sink: ContextVar[dict[str, Tensor] | None] = ContextVar("attention_sink", default=None)


@contextmanager
def capture_attention() -> Iterator[dict[str, Tensor]]:
    """Collect every attention tensor of the forward calls inside the block, by name, in this thread only."""
    collected: dict[str, Tensor] = {}
    token = _sink.set(collected)
    try:
        yield collected
    finally:
        _sink.reset(token)


def capturing() -> bool:
    """Whether somebody looks: then layers compute their softmax explicitly instead of with a fused kernel."""
    return _sink.get() is not None


def record(name: str, values: Tensor) -> None:
    """Hand one attention tensor [B, ...] to the sink, if there is one."""
    sink = _sink.get()
    if sink is not None:
        sink[name] = values.detach()
