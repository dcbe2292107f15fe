"""Every published system can learn: 32 real clips by heart, heard through the same path as in recognition."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from ser_core.audio import load
from ser_core.corpora import get_corpus
from ser_core.models import create, list_systems
from ser_core.training.data import Clip, SegmentSet, assemble
from ser_core.training.objectives import clip_outputs

EMOTIONS = ("angry", "happy", "neutral", "sad")
RATE = {"serct": 1e-4, "vit_vertical": 3e-4}  # the deep transformers; 1e-3 else, as their papers train
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def clips(data: Path) -> list[Clip]:
    utterances = get_corpus("emodb").scan(data).utterances
    chosen = [[u for u in utterances if u.emotion == emotion][:8] for emotion in EMOTIONS]
    waveforms = [(u, label, load(u.path)) for label, own in enumerate(chosen) for u in own]
    return [Clip(u, label, torch.tensor(w.samples), w.digest) for u, label, w in waveforms]


def epoch(model: torch.nn.Module, optimiser: torch.optim.Optimizer, data: SegmentSet, size: int) -> None:
    model.train()
    labels = data.segment_labels()
    for part in torch.randperm(len(labels)).split(size):
        if len(part) > 1:
            optimiser.zero_grad()
            F.cross_entropy(model(*data.batch(part, CPU)), labels[part]).backward()
            optimiser.step()


@pytest.mark.heavy
@pytest.mark.parametrize("system", list_systems())
def test_thirty_two_clips_by_heart(system: str, clips: list[Clip]) -> None:
    torch.manual_seed(1)
    model = create(system, num_classes=len(EMOTIONS))
    raw = [model.raw_segments(clip.samples).features for clip in clips]
    model.normaliser.fit(raw)
    data = assemble(clips, [model.normaliser(part) for part in raw])
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE.get(system, 1e-3))
    wrong = len(clips)
    for _ in range(150):
        epoch(model, optimiser, data, 8 if model.fill == "none" else 32)
        wrong = int((clip_outputs(model, data, CPU).argmax(1) != data.label).sum())
        if wrong == 0:
            break
    assert wrong == 0
