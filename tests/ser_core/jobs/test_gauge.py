"""How busy a device is, as the training itself reads it."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest
import torch

from ser_core.jobs import gauge
from ser_core.jobs.gauge import Gauge


def test_on_the_processor_it_is_the_trainings_own_share() -> None:
    own = Gauge("cpu", threads=2)
    own._process = SimpleNamespace(  # type: ignore[assignment]
        cpu_percent=lambda: 150.0, memory_info=lambda: SimpleNamespace(rss=7)
    )
    assert own.read() == (0.75, 7)
    assert Gauge("cpu")._process.pid == psutil.Process().pid


def test_on_a_gpu_the_drivers_tool_is_asked_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a GPU: what PyTorch and the tool say is played."""
    asked: list[int] = []
    monkeypatch.setattr(gauge, "gpu_loads", lambda: asked.append(1) or {"1f-2e": 0.37})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1f-2e"))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 11)
    device = Gauge("cuda:0")
    assert [device.read(), device.read()] == [(0.37, 11)] * 2
    assert len(asked) == 1
