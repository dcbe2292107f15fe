"""openSMILE is optional: its licence comes first, its features are kept, and its figures are the published ones."""

import io
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ser_core.audio import load
from ser_core.baselines.functionals import SIZE, Functionals
from ser_core.baselines.under import corpus_baseline
from ser_core.corpora.synthetic import samples
from ser_core.errors import BaselineError
from tests.conftest import Shell


@dataclass
class Smile:
    """Stands for openSMILE's: the first samples of a clip, as if they were functionals."""

    calls: list[int] = field(default_factory=list)

    def __call__(self, signal: np.ndarray, rate: int) -> np.ndarray:
        assert rate == 16_000
        self.calls.append(len(signal))
        return signal[None, :SIZE, None]


@pytest.fixture
def smile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smile:
    """A stand-in for the package, and a cache of its own."""
    stand_in, module = Smile(), ModuleType("opensmile")
    sets = SimpleNamespace(ComParE_2016="set"), SimpleNamespace(Functionals="level")
    vars(module).update(Smile=lambda **options: stand_in, FeatureSet=sets[0], FeatureLevel=sets[1], __version__="0")
    monkeypatch.setitem(sys.modules, "opensmile", module)
    monkeypatch.setattr("ser_core.baselines.licence.find_spec", lambda name: object())
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return stand_in


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.baselines.licence.find_spec", lambda name: None)
    with pytest.raises(BaselineError, match=r"pip install opensmile.*non-commercial.*https://github.com/audeering"):
        Functionals(accept_licence=True)


def test_the_licence_is_accepted_once(smile: Smile) -> None:
    with pytest.raises(BaselineError, match=r"Research License.*--accept-licence"):
        Functionals()
    Functionals(accept_licence=True)
    Functionals()


def test_a_clip_is_computed_once(smile: Smile) -> None:
    clip = load(samples()[0].path)
    first = Functionals(accept_licence=True)(clip)
    again = Functionals()(clip)
    assert len(smile.calls) == 1
    assert (first.shape, first.dtype) == ((SIZE,), np.float32)
    assert (first == again).all()
    Functionals()(load(samples()[1].path))
    assert len(smile.calls) == 2


def array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"nothing", array(np.zeros(5, np.float32)), array(np.full(SIZE, np.nan)), array(np.array([{}]))]
)
def test_a_damaged_entry_is_computed_again(content: bytes, smile: Smile, tmp_path: Path) -> None:
    clip = load(samples()[0].path)
    right = Functionals(accept_licence=True)(clip)
    (entry,) = (tmp_path / "cache").rglob("*.npy")
    assert clip.digest in entry.name
    entry.write_bytes(content)
    assert (Functionals()(clip) == right).all()
    assert len(smile.calls) == 2


def test_from_the_shell(smile: Smile, small_data: Path, tmp_path: Path, shell: Shell) -> None:
    arguments = ["baseline", "--corpus", "ravdess", "--protocol", "loso", "--data", str(small_data)]
    status, out, err = shell(*arguments)
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert "--accept-licence" in err
    assert smile.calls == []
    status, out, err = shell(*arguments, "--accept-licence", "--out", str(tmp_path / "out"), "--json")
    assert status == 0, err
    report = json.loads(out)
    stored = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert report | {"format": 1} == stored
    assert (report["n"], report["folds"]["folds"], report["seen_included"]) == (20, 4, False)
    status, out, err = shell(*arguments)
    assert status == 0, err
    assert "4 folds: WA" in out


def test_the_shell_wants_a_corpus_or_a_recipe(shell: Shell) -> None:
    for arguments in ((), ("--corpus", "ravdess", "--recipe", "ctmam-general")):
        status, _, err = shell("baseline", *arguments)
        assert (status, len(err.strip().splitlines())) == (2, 1)
        assert "one of the two" in err


@pytest.mark.heavy
def test_the_published_figures_on_emodb(data: Path) -> None:
    """Four emotions, leave one speaker out: WA 85.8, UA 84.0."""
    pytest.importorskip("opensmile", reason="openSMILE is optional and not installed")
    from ser_core.baselines.compare_svm import Features

    scores = corpus_baseline("emodb", "loso", 0, Features(Functionals(accept_licence=True)), data).scores()
    assert (100 * scores.wa, 100 * scores.ua) == pytest.approx((85.8, 84.0), abs=0.5)
