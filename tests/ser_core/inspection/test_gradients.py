"""Attributions of models where they are known, and that the model which everybody shares is left alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import InspectionError
from ser_core.inspection.gradcam import grad_cam, prepare_layer
from ser_core.inspection.gradients import METHODS, SEGMENTS, Method, attribute, thinned
from ser_core.models import System, create
from ser_core.segments import Segments
from tests.ser_core.inspection.made import SMALL, linear, small, speechlike

LABELS = ("angry", "neutral", "sad")


def features_of(model: System, clip: Waveform) -> torch.Tensor:
    with torch.no_grad():
        return model.prepare(torch.tensor(clip.samples)).features


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_a_linear_model_has_one_account_and_both_methods_give_it(method: Method) -> None:
    """Of w x / frames, a cell adds w (x - average) / frames: with one segment, on the clip's line as it stands."""
    model, clip = linear(), speechlike(0.5)
    features = features_of(model, clip)[0]
    weight = model.output.weight[1, :, None]
    frames = features.shape[1] - 1  # the last is centred on the clip's very end, which is no longer inside it
    average = features[:, :frames].mean(1, keepdim=True)
    expected = weight * (features - average) / features.shape[1]
    found = attribute(model, clip, method, LABELS, "neutral", row_groups=8)
    if method == "integrated_gradients":
        np.testing.assert_allclose(0.01 * found.map.values, expected.T[:frames], atol=1e-5)  # frames of 10 ms
        assert found.gap == pytest.approx(0.0, abs=1e-5)
    else:  # 100 ms are hidden at a time
        by_tenth = expected[:, :50].reshape(8, 5, 10).sum(2).repeat_interleave(10, dim=1)
        np.testing.assert_allclose(found.map.values[:50], by_tenth.T, atol=1e-5)


def test_the_sum_of_integrated_gradients_is_the_change_of_the_logit() -> None:
    """In logits per second, on the clip's 81 hundredths of a second; the segment's 80 columns come to lie on them."""
    model, clip = small("tf_transformer"), speechlike(0.81)
    found = attribute(model, clip, "integrated_gradients", LABELS, "sad")
    assert found.gap is not None
    features = features_of(model, clip)
    average = features.mean((0, 2), keepdim=True).expand_as(features)
    with torch.no_grad():
        change = float((model(features) - model(average))[0, 2])
    assert 0.01 * float(found.map.values.sum()) == pytest.approx(change, abs=found.gap + 0.08 * abs(change))
    assert found.gap < 0.1 * max(abs(change), 0.01)


@pytest.mark.parametrize("system", ["serct", "vit_vertical"])  # samples, and a picture
def test_occlusion_is_how_far_the_logit_falls(system: str) -> None:
    model, clip = small(system), speechlike(0.8)
    curve = attribute(model, clip, "occlusion", LABELS, "sad").curve()
    features = features_of(model, clip)
    assert len(features) == 1
    times = model.front_end.times(features.shape[2])
    inside = torch.as_tensor(times < 0.8) if system == "vit_vertical" else torch.ones(len(times), dtype=torch.bool)
    average = features[..., inside].mean((0, 2), keepdim=True)
    step = float(times[1] - times[0])
    width = max(1, round(0.1 / step), -(-len(times) // 40))
    hidden = features.clone()
    hidden[..., 2 * width : 3 * width] = average
    with torch.no_grad():
        fall = float((model(features) - model(hidden))[0, LABELS.index("sad")])
    middle = float(times[2 * width : 3 * width].mean())
    place = int(np.abs(curve.axis("time").centres - middle).argmin())
    assert curve.values[place] == pytest.approx(fall, abs=1e-5)


@pytest.mark.parametrize("system", SMALL)
@pytest.mark.parametrize("seconds", [0.4, 3.0])
@pytest.mark.parametrize("method", METHODS)
def test_every_system_and_method_on_the_clips_own_axis(system: str, seconds: float, method: Method) -> None:
    model, clip = small(system), speechlike(seconds)
    found = attribute(model, clip, method, LABELS)
    time, *rows = found.map.axes
    assert (time.name, time.unit) == ("time", "s")
    np.testing.assert_allclose(np.diff(time.centres), 0.01)
    assert 0 <= time.centres[0] < time.centres[-1] <= seconds
    assert np.isfinite(found.map.values).all()
    if method == "grad_cam":  # only what speaks for the emotion, which may be nothing
        assert found.map.values.min() >= 0
    else:
        assert np.ptp(found.curve().values) > 0
    assert bool(found.layer) == (method == "grad_cam")
    if method != "grad_cam":
        units = {"tf_transformer": ["Hz"], "vit_vertical": ["Hz"], "serct": []}
        assert [axis.unit for axis in rows] == units.get(system, ["coefficient"])


@pytest.mark.parametrize("system", SMALL)
def test_the_shared_model_is_left_as_it_was(system: str) -> None:
    model, clip = small(system), speechlike(1.0)
    features = features_of(model, clip)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        logits = model(features)
    for method in METHODS:
        attribute(model, clip, method, LABELS)
    with torch.no_grad():
        assert torch.equal(model(features), logits)
    assert {name: type(module) for name, module in model.named_modules()} == {
        name: type(module) for name, module in small(system).named_modules()
    }
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    for module in model.modules():
        assert not module.training
        assert not {*module._forward_hooks, *module._forward_pre_hooks, *module._backward_hooks}
    for parameter in model.parameters():
        assert parameter.grad is None
        assert not parameter.requires_grad


def test_others_get_their_answers_while_one_looks() -> None:
    model, clip = small("ctmam"), speechlike(1.5)
    features = features_of(model, clip)

    def answer(_: int) -> torch.Tensor:
        with torch.inference_mode():
            return model(features)

    alone = answer(0)
    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(attribute, model, clip, method, LABELS) for method in METHODS]
        answers = list(pool.map(answer, range(40)))
        accounts = [one.result() for one in looking]
    assert all(torch.equal(one, alone) for one in answers)
    for one, method in zip(accounts, METHODS, strict=True):
        np.testing.assert_allclose(
            one.map.values, attribute(model, clip, method, LABELS).map.values, rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("system", ["vit_vertical", "serct"])
def test_grad_cam_of_tokens_is_its_definition(system: str) -> None:
    """relu of the sum over channels of (mean gradient over tokens) x activation, computed by hand."""
    model, clip = small(system), speechlike(1.0)
    features = features_of(model, clip)
    kept = []
    place = model.layers[-1].norm1 if system == "vit_vertical" else model.encoder
    handle = place.register_forward_hook(lambda module, inputs, output: kept.append(output))
    logit = model(features.clone().requires_grad_(True))[0, 1]
    handle.remove()
    (gradient,) = torch.autograd.grad(logit, kept[0])
    expected = (gradient.mean(1, keepdim=True) * kept[0]).sum(2).relu()[0].detach().numpy()
    skipped = 1 if system == "vit_vertical" else 0
    layer = prepare_layer(model, features.shape[2])
    found = grad_cam(model, layer, features, 1)
    np.testing.assert_allclose(found.values[0], expected[skipped:][: found.values.shape[1]], rtol=1e-3, atol=1e-7)


def test_the_answer_is_what_is_accounted_for_unless_asked() -> None:
    model, clip = small("ctmam"), speechlike(2.0)
    with torch.no_grad():
        answer = LABELS[int(model(features_of(model, clip)).mean(0).argmax())]
    assert attribute(model, clip, "grad_cam", LABELS).emotion == answer


def test_it_works_for_who_is_in_inference_mode() -> None:
    with torch.inference_mode():
        found = attribute(small("mhsa_faca"), speechlike(0.6), "integrated_gradients", LABELS)
    assert np.ptp(found.map.values) > 0


def test_a_long_clip_is_thinned_without_a_gap() -> None:
    starts = 0.1 * np.arange(296)
    clip = Segments(torch.zeros(296, 1, 1), starts, 0.5, (0.0, 30.0))
    few = thinned(clip)
    assert len(few) < 70
    assert few.starts[-1] == starts[-1]
    assert np.diff(few.starts).max() <= 0.5 + 1e-9
    short = Segments(torch.zeros(SEGMENTS, 1, 1), starts[:SEGMENTS], 0.5, (0.0, 2.0))
    assert thinned(short) is short


def test_long_work_is_told_and_can_be_stopped() -> None:
    told: list[tuple[str, int, int]] = []
    for method in METHODS:
        attribute(small("mhsa_faca"), speechlike(1.0), method, LABELS, progress=lambda *what: told.append(what))
        assert told[-1][1] == told[-1][2] > 0

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attribute(small("mhsa_faca"), speechlike(1.0), "occlusion", LABELS, progress=stop)


def test_what_cannot_be_done_is_refused_in_a_sentence() -> None:
    model, clip = create("cnn", num_classes=3, width=4).eval(), speechlike(0.5)
    with pytest.raises(InspectionError, match="no layer for Grad-CAM"):
        attribute(model, clip, "grad_cam", LABELS)
    with pytest.raises(InspectionError, match="no label 'joy'"):
        attribute(model, clip, "occlusion", LABELS, "joy")
    with pytest.raises(InspectionError, match="no method"):
        attribute(model, clip, "magic", LABELS)  # type: ignore[arg-type]
    long = Waveform.from_array(np.tile(clip.samples, 125), SAMPLE_RATE)
    with pytest.raises(InspectionError, match="at most 60 s"):
        attribute(model, long, "occlusion", LABELS)
