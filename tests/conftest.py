"""What several tests share: real corpora where they are, and small trained checkpoints."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ser_core import cli
from ser_core.checkpoints import Card
from ser_core.corpora import data_folder, get_corpus
from ser_core.recipes import Recipe, load_recipe
from ser_core.training.run import Run
from ser_core.training.trainer import train
from tests.ser_core.runs import LABELS, put_corpora, quiet, small_recipe

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Runs and caches of the tests never touch the user's."""
    root = tmp_path_factory.mktemp("home")
    os.environ["SER_RUNS"] = str(root / "runs")
    os.environ["SER_CACHE"] = str(root / "cache")


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """A test that bounds torch's threads must not change the sums, hence the last bits, of those after it."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


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
    """A small CTMAM on three emotions of the synthetic corpus, two epochs: some ten seconds."""
    return load_recipe(
        "ctmam-synthetic",
        ["variant=small", f"labels={list(LABELS)}", "training.hop=1.8", "training.epochs=2", "training.batch_size=8",
         "training.mixup=0", "training.average=0.9"],
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(quick_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Card]:
    """A finished run of the quick recipe."""
    run = Run.start(quick_recipe, tmp_path_factory.mktemp("trained") / "run")
    return run, train(quick_recipe, run, None, quiet)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a few clips named as RAVDESS and EmoDB; read only."""
    return put_corpora(tmp_path_factory.mktemp("data"))


@pytest.fixture
def own_data(tmp_path: Path) -> Path:
    """The same clips, to be changed by the test."""
    return put_corpora(tmp_path / "data")


@pytest.fixture(scope="session")
def small_run(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Card]:
    """A finished run of the small recipe as it stands, measured on EmoDB too."""
    recipe = small_recipe("test_on=['emodb']")
    run = Run.start(recipe, tmp_path_factory.mktemp("small") / "run")
    return run, train(recipe, run, small_data, quiet)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of checkpoints instead of those that ship."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setenv("SER_CHECKPOINTS", str(folder))
    return folder


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line without a new process: arguments -> status, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ser_core", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call
