"""One numeric path: a clip gets the same probabilities alone, in a batch, in eight threads, from shell and notebook."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform, load
from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from tests.conftest import Shell

Trained = tuple[Run, Card]


@pytest.fixture(scope="module")
def recogniser(trained: Trained) -> Recogniser:
    return Recogniser(trained[0].checkpoint)


@pytest.fixture(scope="module")
def clips() -> list[Waveform]:
    return [load(u.path) for u in samples()[:8]]


def test_the_clip_is_the_softmax_of_mean_segment_logits(recogniser: Recogniser, clips: list[Waveform]) -> None:
    prediction = recogniser.predict(clips[0])
    exponent = np.exp(prediction.logits - prediction.logits.max())
    np.testing.assert_allclose(prediction.probabilities, exponent / exponent.sum())
    assert prediction.segment_probabilities.shape == (len(prediction.starts), len(recogniser.labels))
    np.testing.assert_allclose(prediction.segment_probabilities.sum(1), 1)
    assert prediction.ranked()[0][0] == prediction.label


def test_segments_lie_on_the_clip(recogniser: Recogniser, clips: list[Waveform]) -> None:
    for clip in clips:
        prediction = recogniser.predict(clip)
        assert (prediction.starts >= 0).all()
        assert (prediction.ends > prediction.starts).all()
        assert (prediction.ends <= clip.seconds + 1e-9).all()


def test_alone_or_in_a_batch(recogniser: Recogniser, clips: list[Waveform]) -> None:
    together = recogniser.predict_many(clips)
    for clip, answer in zip(clips, together, strict=True):
        np.testing.assert_allclose(answer.probabilities, recogniser.predict(clip).probabilities, atol=1e-5)


def test_eight_threads_at_once(recogniser: Recogniser, clips: list[Waveform]) -> None:
    alone = [recogniser.predict(clip) for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(recogniser.predict, clips * 4))
    for number, answer in enumerate(together):
        np.testing.assert_allclose(answer.probabilities, alone[number % 8].probabilities, atol=1e-5)


def test_command_line_and_notebook_agree(trained: Trained, recogniser: Recogniser, shell: Shell) -> None:
    paths = [str(u.path) for u in samples()[:2]]
    status, out, err = shell("recognise", *paths, "--checkpoint", str(trained[0].checkpoint), "--json")
    assert (status, err) == (0, "")
    for path, answer in zip(paths, json.loads(out), strict=True):
        prediction = recogniser.predict(load(path))
        assert set(answer) == {"clip", "checkpoint", "label", "labels", "probabilities", "segments"}
        assert answer["clip"] == path
        assert answer["labels"] == list(recogniser.labels)
        assert answer["label"] == prediction.label == answer["labels"][int(np.argmax(answer["probabilities"]))]
        np.testing.assert_allclose(answer["probabilities"], prediction.probabilities, atol=1e-5)
        np.testing.assert_allclose([s["start"] for s in answer["segments"]], prediction.starts)
        np.testing.assert_allclose([s["end"] for s in answer["segments"]], prediction.ends)
        np.testing.assert_allclose(
            [s["probabilities"] for s in answer["segments"]], prediction.segment_probabilities, atol=1e-5
        )


def test_an_answer_is_plain_values(recogniser: Recogniser, clips: list[Waveform]) -> None:
    answer = recogniser.predict(clips[0]).as_dict("clip.wav")
    assert json.loads(json.dumps(answer)) == answer
    assert (answer["clip"], answer["checkpoint"]) == ("clip.wav", recogniser.name)


def test_recognising_loads_no_training_code() -> None:
    code = (
        "import sys; from ser_core.recogniser import Recogniser; import ser_core.quality; "
        "bad = [m for m in sys.modules if m.startswith(('accelerate', 'ser_core.training', 'streamlit'))]; "
        "print(bad); sys.exit(bool(bad))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_change_on_the_way_to_the_network_changes_the_answer_alone(
    recogniser: Recogniser, clips: list[Waveform]
) -> None:
    plain = recogniser.predict(clips[0])
    same = recogniser.predict_changed(clips[0], lambda segments: segments)
    np.testing.assert_allclose(same.probabilities, plain.probabilities, atol=1e-6)
    blank = recogniser.predict_changed(
        clips[0], lambda segments: replace(segments, features=torch.zeros_like(segments.features))
    )
    assert not np.allclose(blank.probabilities, plain.probabilities, atol=1e-3)
    np.testing.assert_array_equal(blank.starts, plain.starts)
