"""The baselines on the raw wave: small, deterministic, and the SVM as scikit-learn decides."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.svm import SVC
from torch import Tensor

from ser_core.errors import RecipeError
from ser_core.models import count_parameters, create, system_class
from ser_core.models.svm import Svm

NETWORKS = ["mlp", "lstm", "cnn_bilstm", "cnn"]


def segments(count: int, seed: int = 0) -> Tensor:
    """A tone whose pitch tells its class, `n % 3`, in noise.  [count, 1, 48000]."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(48_000) / 16_000
    tones = torch.stack([(2 * torch.pi * (100 + 50 * (n % 3)) * time).sin() for n in range(count)])
    return (tones + torch.randn(count, 48_000, generator=generator)).unsqueeze(1)


@pytest.mark.parametrize("name", NETWORKS)
def test_small_and_said_to_be_ours(name: str) -> None:
    with torch.device("meta"):
        assert 50_000 < count_parameters(create(name)) < 5_000_000
    assert system_class(name).baseline_of == "serct"
    assert any("ours" in text for text in system_class(name).deviations())


@torch.no_grad()
@pytest.mark.parametrize("name", NETWORKS)
def test_a_trained_model_does_not_throw_dice(name: str) -> None:
    """The released CNN dropped out at test time; and its probabilities went through the softmax twice."""
    model = create(name).eval()
    features = segments(2)
    logits = model(features)
    assert torch.equal(model(features), logits)
    assert not torch.allclose(logits.sum(1), torch.ones(2))


@torch.no_grad()
@pytest.mark.parametrize("name", [*NETWORKS, "svm"])
def test_the_recordings_level_has_no_say(name: str) -> None:
    model = create(name).eval()
    clip = 0.02 * torch.randn(20_000, generator=torch.Generator().manual_seed(4))
    loud, quiet = (model.prepare(clip * level).features for level in (1.0, 0.25))
    assert loud.shape == (1, 1, 48_000)
    torch.testing.assert_close(model(loud), model(quiet), rtol=1e-4, atol=1e-5)
    assert model(torch.zeros(1, 1, 48_000)).isfinite().all()


def test_the_lstm_runs_over_frames() -> None:
    """25 ms every 10 ms, where the release took 8,000 samples for one step."""
    model = create("lstm")
    frames = model.network[0](torch.randn(2, 48_000))
    assert frames.shape == (2, 298, 400)
    assert model.network[1].lstm.input_size == 400


@pytest.fixture(scope="module")
def machine() -> tuple[Svm, SVC]:
    """Ours and scikit-learn's, trained on the same 24 segments of three classes."""
    model = create("svm", num_classes=3).eval()
    features, labels = segments(24), torch.arange(24) % 3
    model.fit(features, labels)
    return model, SVC(decision_function_shape="ovr").fit(model.embed(features).double().numpy(), labels.numpy())


def test_svm_decides_as_scikit_learn(machine: tuple[Svm, SVC]) -> None:
    model, reference = machine
    features = torch.cat([segments(12, seed=5), segments(3, seed=6).flip(2) + segments(3, seed=7)])
    expected = reference.decision_function(model.embed(features).double().numpy())
    assert (expected.argmax(1)[:12] == np.arange(12) % 3).all(), "the reference itself must have learnt something"
    np.testing.assert_allclose(model(features).numpy(), expected, atol=1e-4)


def test_svm_of_two_classes() -> None:
    model = create("svm", num_classes=2).eval()
    features, labels = segments(12)[torch.arange(12) % 3 < 2], torch.arange(8) % 2
    model.fit(features, labels)
    points = model.embed(features).double().numpy()
    decision = SVC().fit(points, labels.numpy()).decision_function(points)
    logits = model(features)
    assert (logits.argmax(1).numpy() == (decision > 0)).all()
    confidence = logits[:, 1].double().numpy() - (decision > 0)  # without the vote
    np.testing.assert_allclose(confidence, decision / (3 * (np.abs(decision) + 1)), atol=1e-4)


def test_svm_is_stored_and_loaded_exactly(machine: tuple[Svm, SVC]) -> None:
    model, _ = machine
    stored = model.weights()
    assert stored["support"].shape[1] == 48_000
    other = create("svm", num_classes=3).eval()
    features = segments(3, seed=8)
    assert not torch.allclose(other(features), model(features))
    other.load_weights(stored)
    assert torch.equal(other(features), model(features))
    with pytest.raises(ValueError, match="another model"):
        create("svm", num_classes=4).load_weights(stored)
    with pytest.raises(ValueError, match="another model"):
        other.load_weights(stored | {"coefficients": F.pad(stored["coefficients"], (0, 1))})


def test_svm_says_which_class_is_missing() -> None:
    with pytest.raises(RecipeError, match="class 1"):
        create("svm", num_classes=3).fit(segments(4), torch.tensor([0, 2, 0, 2]))
