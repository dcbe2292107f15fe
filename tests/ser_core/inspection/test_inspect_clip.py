"""Everything about one clip in one call."""

import json
from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.corpora.synthetic import samples
from ser_core.errors import InspectionError
from ser_core.inspection import inspect_clip
from ser_core.recogniser import Recogniser
from tests.pages.checkpoints import untrained
from tests.ser_core.clips import noises
from tests.ser_core.inspection.made import speechlike


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    folder = tmp_path_factory.mktemp("inspected") / "ctmam"
    untrained(folder, 0)
    return Recogniser(folder)


def test_a_report_holds_every_figure(recogniser: Recogniser) -> None:
    clip = load(samples()[0].path)
    report = inspect_clip(recogniser, clip, second_opinions=("occlusion", "grad_cam"))
    assert report.emotion == recogniser.predict(clip).label
    assert report.view == "block0.attention"
    assert report.view in report.alignment
    assert report.notes == ()
    assert 0 <= report.span[0] < report.span[1] <= clip.seconds
    plain = report.as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["system"] == "ctmam"
    figures = report.figures()
    for name in ("block0.attention/energy_rho", "timing/speech_gain", "block0.attention/deletion_area_gain",
                 "block0.attention/random_weights_rho", "occlusion/attention_rho", "grad_cam/energy_rho"):  # fmt: skip
        assert isinstance(figures[name], float), name
    assert all(value is None or np.isfinite(value) for value in figures.values())


def test_the_same_call_gives_the_same_figures(recogniser: Recogniser) -> None:
    clip = speechlike(1.0)
    assert inspect_clip(recogniser, clip).figures() == inspect_clip(recogniser, clip).figures()


def test_one_head_can_be_chosen_and_a_wrong_view_is_refused(recogniser: Recogniser) -> None:
    clip = speechlike(1.0)
    report = inspect_clip(recogniser, clip, "block0.attention.head0", masked=False, random_weights=False)
    assert report.view == "block0.attention.head0"
    assert report.faithfulness is report.randomisation is None
    with pytest.raises(InspectionError, match=r"no view 'melody' here: choose one of block0\.attention, timing"):
        inspect_clip(recogniser, clip, "melody")


@pytest.mark.parametrize("kind", ["noise", "short", "long"])
def test_odd_clips_are_measured_in_words(recogniser: Recogniser, kind: str) -> None:
    clip = {
        "noise": Waveform.from_array(0.1 * noises(1.0, 0)["white"], SAMPLE_RATE),
        "short": speechlike(0.4),
        "long": speechlike(62.0),
    }[kind]
    report = inspect_clip(recogniser, clip, random_weights=False, second_opinions=("grad_cam",))
    json.dumps(report.as_dict(), allow_nan=False)
    if kind == "noise":
        assert "no speech" in report.alignment[report.view].speech.reason
    if kind == "long":
        assert report.faithfulness is None
        assert report.second_opinions == ()
        assert len(report.notes) == 2
        assert all("at most 60 s" in note for note in report.notes)


def test_a_model_without_attention_is_refused(tmp_path: Path) -> None:
    untrained(tmp_path / "cnn", 0, "cnn", "default")
    with pytest.raises(InspectionError, match="no attention along time"):
        inspect_clip(Recogniser(tmp_path / "cnn"), speechlike(0.5))
