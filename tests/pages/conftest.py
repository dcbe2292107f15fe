"""What the tests of all pages share, and the page Evaluate with two models that have answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import deep_link, evaluate_catalogue, known_scores
from ser_core.corpora.synthetic import samples
from ser_core.evaluation import evaluate, save_evaluation
from ser_core.recogniser import Recogniser
from tests.pages.checkpoints import put
from tests.pages.evaluating import FIRST, SECOND

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture(autouse=True)
def no_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test begins each page as app.py would; there is no browser that could load it again."""
    monkeypatch.setattr(deep_link, "through_app", lambda: None)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two checkpoints; read only."""
    return put(tmp_path_factory.mktemp("checkpoints"), FIRST, SECOND)


@pytest.fixture(scope="session")
def stored(judged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What these checkpoints answer to the sample clips, under the names of the held-out voices; read only."""
    root = tmp_path_factory.mktemp("evaluations")
    for name in (FIRST, SECOND):
        heard = evaluate(Recogniser(judged / name), samples(), "synthetic", "speaker_independent")
        save_evaluation(root / f"{name}-synthetic", heard)
    return root


@pytest.fixture
def evaluate_page(judged: Path, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with no corpus but the synthetic one, and two stored evaluations."""
    monkeypatch.setenv("SER_CHECKPOINTS", str(judged))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SER_DATA", raising=False)
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", stored)
    monkeypatch.setattr(known_scores, "RESULTS", tmp_path)
    return AppTest.from_file(str(APP), default_timeout=120).switch_page("pages/evaluate.py")
