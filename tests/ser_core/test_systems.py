"""Every published system through the Recogniser: alone, in a batch, looked into, and from eight threads."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ser_core.audio import Waveform, load
from ser_core.corpora.synthetic import samples
from ser_core.maps import maps_from_bytes, maps_to_bytes
from ser_core.models import describe_systems, list_systems, system_class
from ser_core.recogniser import Prediction, Recogniser
from tests.pages.checkpoints import untrained


@pytest.fixture(scope="module", params=list_systems())
def recogniser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    folder = tmp_path_factory.mktemp("systems") / request.param
    untrained(folder, 0, request.param, "default")
    return Recogniser(folder)


@pytest.fixture(scope="module")
def clips() -> list[Waveform]:
    return [load(u.path) for u in samples()[:4]]


def test_alone_or_in_a_batch(recogniser: Recogniser, clips: list[Waveform]) -> None:
    for clip, answer in zip(clips, recogniser.predict_many(clips), strict=True):
        np.testing.assert_allclose(answer.probabilities, recogniser.predict(clip).probabilities, atol=1e-5)


def test_every_map_lies_on_the_clip_and_survives_a_file(recogniser: Recogniser, clips: list[Waveform]) -> None:
    clip = clips[0]
    seen = recogniser.predict(clip, attention=True)
    np.testing.assert_allclose(seen.probabilities, recogniser.predict(clip).probabilities, atol=1e-5)
    assert seen.attention is not None
    assert seen.attention.maps
    assert seen.attention.along_clip
    for one in seen.attention.along_clip.values():
        time = one.axis("time").centres
        assert 0 <= time[0] <= time[-1] <= clip.seconds
        assert np.isfinite(one.values).all()
    stored = maps_from_bytes(maps_to_bytes(seen.attention.everything()))
    assert stored.keys() == seen.attention.everything().keys()


def test_eight_threads_half_of_them_looking(recogniser: Recogniser, clips: list[Waveform]) -> None:
    def answer(number: int) -> Prediction:
        return recogniser.predict(clips[number % len(clips)], attention=number % 2 == 0)

    alone = [answer(number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answer, range(8)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(other.probabilities, one.probabilities, atol=1e-5)
        assert (other.attention is None) == (one.attention is None)
        if one.attention and other.attention:
            assert other.attention.maps.keys() == one.attention.maps.keys()
            for name, values in one.attention.maps.items():
                np.testing.assert_allclose(other.attention.maps[name].values, values.values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("system", list_systems(baselines=True))
def test_every_system_says_where_it_departs_from_its_paper(system: str) -> None:
    deviations = system_class(system).deviations()
    assert deviations
    assert all(len(sentence) > 20 for sentence in deviations)


def test_the_list_of_systems_holds_the_published_counts() -> None:
    """Every row of the table, as `systems --json` prints it."""
    rows = {(row["system"], row["variant"]): row for row in describe_systems()}
    published = {
        ("ctmam", "default"): (4, 1_031_674),
        ("ctmam", "convffn_large"): (4, 10_390_522),
        ("serct", "default"): (7, 26_462_791),
        ("tf_transformer", "default"): (4, 239_464),
        ("vit_vertical", "teacher_12"): (7, 15_908_296),
        ("vit_vertical", "student"): (7, 2_599_943),
        ("mhsa_faca", "faca"): (4, 4_875_148),
    }
    for key, (classes, parameters) in published.items():
        assert (rows[key]["num_classes"], rows[key]["parameters"]) == (classes, parameters)
    assert {name for name, _ in rows} == set(list_systems(baselines=True))
    for row in rows.values():
        assert json.loads(json.dumps(row)) == row
        assert row["madds_per_second"] >= 0
        assert all(isinstance(sentence, str) for sentence in row["deviations"])
    assert rows["ctmam", "default"]["paper_parameters"] == 1_031_674
    assert rows["vit_vertical", "student"]["paper_flops"] == 0.32e9
