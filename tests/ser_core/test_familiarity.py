"""Confidence follows the card's temperature, distance the training clips, and damaged statistics are one sentence."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ser_core.audio import load
from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.errors import CheckpointError
from ser_core.familiarity import confidence, training_of
from ser_core.recogniser import Recogniser
from ser_core.training.finish import describe
from ser_core.training.run import Run

Trained = tuple[Run, Card]


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained[0].checkpoint, tmp_path / "copy"))


def test_confidence_is_the_winners_share_at_the_cards_temperature(trained: Trained) -> None:
    run, card = trained
    answer = Recogniser(run.checkpoint).predict(load(samples()[0].path))
    plain = card.model_copy(update={"temperature": 1.0})
    assert confidence(answer, plain) == pytest.approx(answer.probabilities.max())
    cooler, hotter = (card.model_copy(update={"temperature": t}) for t in (0.5, 4.0))
    assert confidence(answer, cooler) > confidence(answer, plain) > confidence(answer, hotter)
    assert confidence(replace(answer, logits=np.array([1000.0, 0.0, 0.0])), plain) == pytest.approx(1)


def test_training_clips_lie_at_a_distance_of_one_and_their_mean_at_none(folder: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    clips = torch.randn(500, 16, generator=generator) * torch.linspace(0.5, 3, 16) + 2
    save_file(describe(clips), folder / "statistics.safetensors")
    training = training_of(folder)
    assert training is not None
    distances = np.array([training.distance(one) for one in clips.double().numpy()])
    assert np.sqrt(np.mean(distances**2)) == pytest.approx(1, abs=0.02)
    assert training.distance(clips.double().mean(0).numpy()) == pytest.approx(0, abs=1e-4)
    assert training.distance(clips.double().numpy()[0] + 50) > distances.max()


def test_a_checkpoint_without_statistics_says_nothing(folder: Path) -> None:
    (folder / "statistics.safetensors").unlink()
    assert training_of(folder) is None


@pytest.mark.parametrize("damage", ["bytes", "shape", "nan", "zero"])
def test_damaged_statistics_are_one_sentence(folder: Path, damage: str) -> None:
    path = folder / "statistics.safetensors"
    tensors = load_file(path)
    if damage == "shape":
        tensors["embedding_mean"] = torch.zeros(3)
    elif damage == "nan":
        tensors["embedding_mean"][0] = float("nan")
    elif damage == "zero":
        tensors["embedding_variances"].zero_()
        tensors["embedding_residual"].zero_()
    save_file(tensors, path)
    if damage == "bytes":
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(CheckpointError, match="statistics of copy are damaged"):
        training_of(folder)
