"""What several tests share: real corpora where they are, and one small trained checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ser_core.checkpoints import Card
from ser_core.corpora import data_folder, get_corpus
from ser_core.recipes import Recipe, load_recipe
from ser_core.training.run import Run
from ser_core.training.trainer import train


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Runs and caches of the tests never touch the user's."""
    root = tmp_path_factory.mktemp("home")
    os.environ["SER_RUNS"] = str(root / "runs")
    os.environ["SER_CACHE"] = str(root / "cache")


@pytest.fixture(scope="session")
def data() -> Path:
    """The real corpora.  Skips where SER_DATA is not set; where it is set but wrong, the test fails."""
    folder = data_folder()
    if folder is None:
        pytest.skip("SER_DATA is not set: no real corpora here")
    for name in ("ravdess", "savee", "emodb"):
        get_corpus(name).locate(folder)  # a set but wrong folder is an error, not a reason to skip
    return folder


@pytest.fixture(scope="session")
def quick_recipe() -> Recipe:
    """A small CTMAM on the synthetic corpus, three epochs: seconds."""
    return load_recipe(
        "ctmam-synthetic", ["variant=small", "training.epochs=3", "training.batch_size=32", "training.average=0"]
    )


@pytest.fixture(scope="session")
def trained(quick_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Card]:
    """A finished run of the quick recipe."""
    run = Run.start(quick_recipe, tmp_path_factory.mktemp("trained") / "run")
    return run, train(quick_recipe, run, None, lambda what, done, total: None)
