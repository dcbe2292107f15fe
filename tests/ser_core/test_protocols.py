"""Honest splits: nobody stands on both sides."""

from dataclasses import replace
from pathlib import Path

import pytest

from ser_core.corpora import Utterance, get_corpus
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS
from ser_core.errors import ProtocolError
from ser_core.protocols import split
from ser_core.recipes import load_recipe
from ser_core.training.trainer import build, load_parts


def utterances(name: str, data: Path | None = None) -> tuple[Utterance, ...]:
    return get_corpus(name).scan(data).utterances


def made_up(speakers: int) -> list[Utterance]:
    one = utterances("synthetic")[0]
    return [
        replace(one, id=f"own/{s}_{n}", corpus="own", speaker=f"own/{s}", emotion=("angry", "sad")[n % 2])
        for s in range(speakers)
        for n in range(10)
    ]


def assert_disjoint(parts: dict[str, set[str]]) -> None:
    assert all(parts.values())
    assert not parts["train"] & parts["validation"]
    assert not parts["train"] & parts["test"]
    assert not parts["validation"] & parts["test"]


@pytest.mark.parametrize("name", ["ravdess", "savee", "emodb"])
def test_no_speaker_on_both_sides(data: Path, name: str) -> None:
    everything = utterances(name, data)
    parts = split(everything, "speaker_independent").parts()
    assert_disjoint({part: {u.speaker for u in own} for part, own in parts.items()})
    assert sorted(u.id for own in parts.values() for u in own) == [u.id for u in everything]


def test_no_synthetic_voice_on_both_sides_and_both_sexes_in_every_part() -> None:
    parts = split(utterances("synthetic"), "speaker_independent").parts()
    assert_disjoint({part: {u.speaker for u in own} for part, own in parts.items()})
    assert all({u.sex for u in own} == {"female", "male"} for own in parts.values())


def test_no_segment_of_one_utterance_on_both_sides() -> None:
    """What is cut is already split: the sound of every segment stands in one part only."""
    recipe = load_recipe("ctmam-synthetic", ["labels=['angry', 'sad']"])
    parts, _ = load_parts(recipe, None, lambda what, done, total: None)
    assert_disjoint({part: {clip.digest for clip in clips} for part, clips in parts.items()})
    model = build(recipe)
    segments = {
        part: {s.numpy().tobytes() for c in clips[:10] for s in model.raw_segments(c.samples).features}
        for part, clips in parts.items()
    }
    assert_disjoint(segments)


def test_a_split_is_the_same_every_time_and_in_any_order() -> None:
    own = made_up(10)
    assert split(own, "speaker_independent", seed=3) == split(own[::-1], "speaker_independent", seed=3)
    assert split(own, "speaker_independent", seed=3) != split(own, "speaker_independent", seed=4)
    parts = split(own, "speaker_independent", seed=3).parts()
    assert_disjoint({part: {u.speaker for u in members} for part, members in parts.items()})


def test_random_shares_speakers_but_no_utterance() -> None:
    parts = split(utterances("synthetic"), "random").parts()
    assert_disjoint({part: {u.id for u in own} for part, own in parts.items()})
    assert {u.speaker for u in parts["test"]} & {u.speaker for u in parts["train"]}
    assert {u.emotion for u in parts["test"]} == {u.emotion for u in parts["train"]}


@pytest.mark.parametrize("seed", range(5))
def test_random_keeps_the_held_out_voices_for_testing(seed: int) -> None:
    """No model may hear them, whatever the protocol: they are the voices of the samples."""
    everything = utterances("synthetic")
    parts = split(everything, "random", seed).parts()
    for part in ("train", "validation"):
        assert not {u.speaker for u in parts[part]} & set(HELD_OUT_SPEAKERS)
    held_out = {u.id for u in everything if u.speaker in HELD_OUT_SPEAKERS}
    assert held_out < {u.id for u in parts["test"]}
    others = len(everything) - len(held_out)
    assert len(parts["validation"]) == len(parts["test"]) - len(held_out) == pytest.approx(others / 10, abs=7)


def test_random_is_the_same_every_time_and_differs_between_seeds() -> None:
    own = made_up(4)
    assert split(own, "random", seed=3) == split(own[::-1], "random", seed=3)
    assert split(own, "random", seed=3) != split(own, "random", seed=4)


def test_random_needs_three_clips_of_each_emotion() -> None:
    own = made_up(3)
    lonely = replace(own[0], id="own/lonely", emotion="fear")
    with pytest.raises(ProtocolError, match="fear"):
        split([*own, lonely], "random")


def test_too_few_speakers_is_refused_with_the_reason() -> None:
    with pytest.raises(ProtocolError, match="at least three"):
        split(made_up(2), "speaker_independent")
    with pytest.raises(ProtocolError, match="choose one of"):
        split(made_up(5), "by_moonlight")
