"""From clips to segments: what augmentation changes, how loudly and how often, and what the cache may get wrong."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ser_core.models import System
from ser_core.recipes.schema import AugmentSection
from ser_core.segments import Cutting
from ser_core.training import trainer
from ser_core.training.data import Clip, SegmentSet, augmented_segments, cache_key, cached_segments, change, mask
from ser_core.training.run import Run
from ser_core.training.trainer import build, load_parts, prepared, selection, training_cutting
from tests.ser_core.runs import quiet, small_recipe

EVERYTHING = AugmentSection(
    speed=(0.9, 1.1), gain_db=(-6, 6), noise_db=(5, 20), noise_share=1.0, time_mask=0.3, row_mask=0.3
)


@pytest.fixture(scope="module")
def model() -> System:
    return build(small_recipe())


@pytest.fixture(scope="module")
def clips(small_data: Path) -> list[Clip]:
    parts, _ = load_parts(small_recipe(), small_data, quiet)
    return parts["train"][:4]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def augmented(clips: list[Clip], model: System, augment: AugmentSection, seed: int = 1) -> SegmentSet:
    return augmented_segments(clips, model, training_cutting(small_recipe(), model), augment, seed)


# -- augmentation of whole sets -------------------------------------------------------------------------------------


def test_a_seed_is_a_draw(clips: list[Clip], model: System) -> None:
    one, again, other = (augmented(clips, model, EVERYTHING, seed) for seed in (1, 1, 2))
    assert torch.equal(one.features, again.features)
    assert torch.equal(one.clip, again.clip)
    assert not torch.equal(one.features, other.features)
    assert torch.equal(one.label, other.label)


def test_every_clip_has_a_draw_of_its_own(clips: list[Clip], model: System) -> None:
    louder = AugmentSection(noise_db=(0, 20), noise_share=1.0)
    twice = augmented([clips[0], clips[0]], model, louder)
    first, second = (twice.features[twice.clip == number] for number in (0, 1))
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    "effect",
    [{"speed": (0.8,)}, {"noise_db": (5, 5), "noise_share": 1.0}, {"time_mask": 0.5}, {"row_mask": 0.5}],
    ids=lambda effect: next(iter(effect)),
)
def test_every_effect_reaches_the_picture(clips: list[Clip], model: System, effect: dict[str, object]) -> None:
    plain = augmented(clips, model, AugmentSection())
    assert not torch.equal(augmented(clips, model, AugmentSection(**effect)).features, plain.features)


def test_without_an_effect_a_clip_is_what_recognition_sees(clips: list[Clip], model: System) -> None:
    """Training and recognition are one numeric path."""
    plain = augmented(clips, model, AugmentSection())
    seen = torch.cat([model.prepare(clip.samples).features for clip in clips])
    assert torch.equal(plain.features, seen)


def test_labels_follow_their_clips(clips: list[Clip], model: System) -> None:
    """A slower clip has more segments; each keeps the label of its clip."""
    slow = augmented(clips, model, AugmentSection(speed=(0.5,)))
    assert len(slow.features) > len(clips)
    assert slow.segment_labels().tolist() == [clips[number].label for number in slow.clip.tolist()]


def test_only_training_clips_are_augmented_and_anew_in_every_epoch(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds, heard = [], set()

    def note(clips: list[Clip], model: System, cutting: Cutting, augment: AugmentSection, seed: int, *rest: object):  # type: ignore[no-untyped-def]
        seeds.append(seed)
        heard.update(clip.utterance.id for clip in clips)
        return augmented_segments(clips, model, cutting, augment, seed, *rest)

    monkeypatch.setattr(trainer, "augmented_segments", note)
    run = Run.start(small_recipe("augment.gain_db=[-3, 3]"), tmp_path / "run")
    card = trainer.train(run.recipe(), run, small_data, quiet)
    assert len(seeds) == len(set(seeds)) == 2
    assert heard == set(card.data.train.utterances)


# -- each effect by itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.25])
def test_speed_changes_the_number_of_samples(clips: list[Clip], factor: float) -> None:
    samples = clips[0].samples
    changed = change(samples, AugmentSection(speed=(factor,)), generator())
    assert len(changed) == pytest.approx(len(samples) / factor, abs=2)


def test_every_speed_is_drawn() -> None:
    draws = generator()
    lengths = {len(change(torch.ones(1_000), AugmentSection(speed=(0.8, 1.0, 1.25)), draws)) for _ in range(50)}
    assert lengths == {800, 1_000, 1_250}


def level(samples: Tensor) -> float:
    """Decibels of the mean power."""
    return float(10 * torch.log10(samples.double().square().mean()))


def test_noise_stays_within_its_ratios(clips: list[Clip]) -> None:
    samples, draws = clips[0].samples, generator()
    augment = AugmentSection(noise_db=(10, 20), noise_share=1.0)
    ratios = [level(samples) - level(change(samples, augment, draws) - samples) for _ in range(40)]
    assert 9.9 < min(ratios) < 12
    assert 18 < max(ratios) < 20.1


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_noise_reaches_its_share_of_the_clips(share: float) -> None:
    samples, draws = torch.ones(100), generator()
    augment = AugmentSection(noise_db=(10, 10), noise_share=share)
    noisy = [not torch.equal(change(samples, augment, draws), samples) for _ in range(300)]
    assert sum(noisy) / 300 == pytest.approx(share, abs=0.08 if 0 < share < 1 else 0)


def test_a_shift_moves_the_sound_no_further_than_asked() -> None:
    samples, draws, moves = torch.arange(1.0, 16_001.0), generator(), []
    for _ in range(40):
        moved = change(samples, AugmentSection(shift=0.25), draws)
        later = int((moved == 0).sum()) * (1 if moved[0] == 0 else -1)
        kept = moved[later:] - samples[:-later] if later > 0 else moved[: 16_000 + later] - samples[-later:]
        assert len(moved) == len(samples)
        assert not kept.any()
        moves.append(later)
    assert -4_000 <= min(moves) < -3_000
    assert 3_000 < max(moves) <= 4_000


def test_gain_stays_within_its_bounds(clips: list[Clip]) -> None:
    samples, draws = clips[0].samples, generator()
    gains = [level(change(samples, AugmentSection(gain_db=(-6, 3)), draws)) - level(samples) for _ in range(40)]
    assert -6.01 < min(gains) < -4.5
    assert 1.5 < max(gains) < 3.01


@pytest.mark.parametrize(("kind", "axis"), [("row_mask", 1), ("time_mask", 2)])
def test_a_mask_is_one_band_no_wider_than_its_share(kind: str, axis: int) -> None:
    features, draws = torch.randn(3, 26, 57, generator=generator(5)), generator()
    widths = []
    for _ in range(60):
        masked = mask(features, AugmentSection(**{kind: 0.2}), draws)
        changed = (masked != features).any(dim=0).any(dim=2 - axis).nonzero().flatten().tolist()
        assert all(after == before + 1 for before, after in pairwise(changed))
        widths.append(len(changed))
    assert max(widths) == int(0.2 * features.shape[axis])
    assert min(widths) <= 1


def test_a_full_mask_leaves_nothing_behind() -> None:
    widest = max(
        int((mask(torch.randn(1, 4, 6), AugmentSection(time_mask=1.0), generator(seed))[0].std(1) < 1e-6).all())
        for seed in range(40)
    )
    assert widest == 1


# -- which clips choose the epoch -----------------------------------------------------------------------------------


def test_validate_on_picks_clips_with_their_segments(small_data: Path, model: System) -> None:
    recipe = small_recipe("corpora=['ravdess', 'emodb']", "validate_on=['emodb']", "training.hop=0.6")
    parts, _ = load_parts(recipe, small_data, quiet)
    held = parts["validation"][::-1]  # EmoDB first
    held = held[3:] + held[:3]  # and RAVDESS between its clips
    raw = [model.raw_segments(clip.samples, training_cutting(recipe, model)).features for clip in held]
    whole = prepared(held, raw, model)
    chosen = selection(recipe, held, whole)
    own = [number for number, clip in enumerate(held) if clip.utterance.corpus == "emodb"]
    assert 0 < len(own) < len(held)
    assert chosen.label.tolist() == [held[number].label for number in own]
    for place, number in enumerate(own):
        assert torch.equal(chosen.features[chosen.clip == place], whole.features[whole.clip == number])
    everything = selection(small_recipe("corpora=['ravdess', 'emodb']"), held, whole)
    assert torch.equal(everything.features, whole.features)


# -- the cache ------------------------------------------------------------------------------------------------------


def test_the_cache_key_changes_when_anything_changes(
    clips: list[Clip], model: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = build(small_recipe("preparation.trim_db=30.0"))
    keys = {
        cache_key(clips, model, model.cutting),
        cache_key(clips[:3], model, model.cutting),
        cache_key(clips[::-1], model, model.cutting),
        cache_key(clips, other, other.cutting),
        cache_key(clips, build(small_recipe("variant=default")), model.cutting),
        cache_key(clips, model, training_cutting(small_recipe("training.hop=0.5"), model)),
    }
    monkeypatch.setattr(torch, "__version__", "0.0")
    keys.add(cache_key(clips, model, model.cutting))
    assert len(keys) == 7


def test_a_damaged_cache_is_computed_again(
    clips: list[Clip], model: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    first = cached_segments(clips, model, model.cutting, quiet)
    (entry,) = (tmp_path / "features").iterdir()
    stored = cached_segments(clips, model, model.cutting, quiet)
    entry.write_bytes(entry.read_bytes()[:100])
    again = cached_segments(clips, model, model.cutting, quiet)
    for one, two, three in zip(first, stored, again, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)


def test_what_is_cached_is_not_computed_again(
    clips: list[Clip], model: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    said: list[str] = []
    for _ in range(2):
        cached_segments(clips, model, model.cutting, lambda what, done, total: said.append(what))
    assert said == ["computing features"] * len(clips)
