"""Honest splits: nobody stands on both sides."""

from dataclasses import replace
from pathlib import Path

import pytest

from ser_core.corpora import Utterance, get_corpus
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS
from ser_core.errors import ProtocolError
from ser_core.protocols import Split, folds, leaks, split
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


GROUPS = [{4, 9, 14, 19, 24}, {3, 8, 13, 18, 23}, {2, 7, 12, 17, 22}, {1, 6, 11, 16, 21}, {5, 10, 15, 20}]


def test_the_folds_of_ravdess_are_those_of_the_published_baseline(data: Path) -> None:
    every = folds(utterances("ravdess", data), "kfold")
    assert [{int(u.speaker[-2:]) for u in one.test} for one in every] == GROUPS
    for one in every:
        assert_disjoint({part: {u.speaker for u in own} for part, own in one.parts().items()})
        assert {u.sex for u in one.validation} == {"female", "male"}
    assert sum(len(one.test) for one in every) == 1440


@pytest.mark.parametrize("protocol", ["loso", "kfold", "kfold:3"])
def test_every_speaker_is_tested_once_by_a_model_that_never_heard_them(protocol: str) -> None:
    own = made_up(6)
    every = folds(own, protocol)
    assert sorted(u.id for one in every for u in one.test) == sorted(u.id for u in own)
    for one in every:
        assert_disjoint({part: {u.speaker for u in members} for part, members in one.parts().items()})
        assert not leaks(one).harmful()
        assert one == split(own[::-1], protocol, fold=every.index(one))
    assert len({one.validation for one in every}) > 1


@pytest.mark.parametrize("protocol", ["loso", "kfold", "paper:000", "paper:001", "paper:002", "paper:003", "paper:004"])
def test_no_protocol_lets_training_hear_the_held_out_voices(protocol: str) -> None:
    for one in folds(utterances("synthetic"), protocol):
        assert not {u.speaker for u in (*one.train, *one.validation)} & set(HELD_OUT_SPEAKERS)


def test_folds_that_leave_nobody_to_train_on_are_refused_with_the_way_out() -> None:
    own = made_up(3)
    says = "kfold:2 of the 3 speakers of own tests 2 of them at a time .* nobody is left to train on: choose more folds"
    with pytest.raises(ProtocolError, match=says):
        folds(own, "kfold:2")
    for protocol in ("kfold:3", "loso"):  # the way out
        assert all(one.train for one in folds(own, protocol))
    assert len(folds(made_up(4), "kfold:2")) == 2
    long = [replace(own[0], id=f"own/long_{n}", speaker="own/long") for n in range(90)]  # against all others
    with pytest.raises(ProtocolError, match="kfold:4 and loso test one at a time"):
        folds([*own, *long], "kfold:2")


def test_sessions_are_left_out_whole() -> None:
    own = [replace(u, session=f"own/S{int(u.speaker[-1]) // 2}") for u in made_up(8)]
    every = folds(own, "session")
    assert [{u.session for u in one.test} for one in every] == [{f"own/S{n}"} for n in range(4)]
    for one in every:
        assert_disjoint({part: {u.session for u in members} for part, members in one.parts().items()})
    with pytest.raises(ProtocolError, match="session"):
        folds(made_up(8), "session")
    with pytest.raises(ProtocolError, match="does not name the session of every clip"):
        folds([*own[:-1], replace(own[-1], session="")], "session")
    everywhere = [replace(u, session=f"own/S{number % 4}") for number, u in enumerate(own)]
    with pytest.raises(ProtocolError, match="would test voices that training has heard: choose kfold or loso"):
        folds(everywhere, "session")


@pytest.mark.parametrize(("clips", "test"), [(535, 107), (5531, 1107)], ids=["EmoDB", "IEMOCAP"])
def test_paper_000_tests_on_as_many_clips_as_it_printed(clips: int, test: int) -> None:
    one = made_up(1)[0]
    every = [replace(one, id=f"own/{n}", emotion=("angry", "sad")[n % 2]) for n in range(clips)]
    found = split(every, "paper:000")
    assert (len(found.train), len(found.test)) == (clips - test, test)


def test_paper_003_tests_on_as_many_clips_as_it_printed() -> None:
    one = made_up(1)[0]
    savee = {"angry": 60, "disgust": 60, "fear": 60, "happy": 60, "neutral": 120, "sad": 60, "surprise": 60}
    every = [replace(one, id=f"own/{e}_{n}", emotion=e) for e, count in savee.items() for n in range(count)]
    test = split(every, "paper:003").test
    assert sorted(sum(u.emotion == e for u in test) for e in savee) == [48] * 6 + [96]


@pytest.mark.parametrize(("protocol", "clips"), [("paper:001", 3), ("paper:003", 1)])
def test_a_share_too_small_for_every_emotion_is_refused_in_a_sentence(protocol: str, clips: int) -> None:
    one = made_up(1)[0]
    emotions = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    with pytest.raises(ProtocolError, match=r"cannot hold each|needs 2 of each"):
        split([replace(one, id=f"own/{e}_{n}", emotion=e) for e in emotions for n in range(clips)], protocol)


@pytest.mark.parametrize(("protocol", "share"), [("paper:000", 0.2), ("paper:001", 0.1)])
def test_a_paper_that_draws_utterances_and_chooses_on_test(protocol: str, share: float) -> None:
    own = made_up(10)
    one = split(own, protocol, seed=5)
    assert one.choose == "test"
    assert len(one.test) == pytest.approx(share * len(own), abs=1)
    assert not one.validation
    assert {u.id for u in one.train} | {u.id for u in one.test} == {u.id for u in own}
    found = leaks(one)
    assert found.harmful()
    assert found.speakers.clips == len(one.test)
    assert not found.utterances.clips
    assert found.words()[-1] == "The epoch is chosen on the test clips themselves."


def test_paper_002_holds_speakers_out_but_chooses_on_them() -> None:
    every = folds(made_up(4), "paper:002")
    assert len(every) == 4
    for one in every:
        found = leaks(one)
        assert not found.speakers.clips
        assert found.chosen_on_test
        assert found.words()[-1] == (
            "The epoch is chosen on the test clips themselves (our reading; the paper does not say)."
        )
        assert len({u.speaker for u in one.train}) == 3


def test_paper_003_splits_after_copying() -> None:
    """The released figures can only have come about so: nearly every test clip has a copy in training."""
    own = made_up(10)
    one = split(own, "paper:003", seed=1)
    pool = [u.id for u in (*one.train, *one.test)]
    assert len(pool) == len(set(pool)) == 4 * len(own)
    assert len(one.test) == 80
    found = leaks(one)
    assert found.siblings.clips > 0.9 * found.test
    assert not found.utterances.clips


def test_paper_004_has_folds_of_utterances() -> None:
    own = made_up(4)
    every = folds(own, "paper:004", seed=2)
    assert sorted(u.id for one in every for u in one.test) == sorted(u.id for u in own)
    for one in every:
        assert_disjoint({part: {u.id for u in members} for part, members in one.parts().items()})
        assert len(one.validation) == len(one.test) == 8
    iemocap = [replace(u, corpus="iemocap") for u in made_up(4)]
    assert len(folds(iemocap, "paper:004")) == 10


def test_a_split_of_speakers_leaks_no_more_than_sentences() -> None:
    own = made_up(10)
    found = leaks(split(own, "speaker_independent"))
    assert not found.harmful()
    assert found.texts.clips == found.test
    assert "sentences" in " ".join(found.words())
    apart = [replace(u, text=f"own/{u.speaker}") for u in own]
    assert leaks(split(apart, "speaker_independent")).words() == [
        "Nothing leaks: no speaker, sentence or clip stands on both sides."
    ]


def test_of_unknown_speakers_and_sentences_nobody_can_say_that_nothing_leaks() -> None:
    own = [replace(u, speaker="own/unknown", text="own/unknown") for u in made_up(10)]
    found = leaks(split(own, "random"))
    assert found.harmful()
    assert found.unknown_speakers.clips == found.unknown_texts.clips == found.test > 0
    assert not found.speakers.clips
    assert found.words() == [
        f"{found.test} of {found.test} test clips: nobody says who speaks, so the same speakers probably stand on both "
        "sides.",
        f"{found.test} of {found.test} test clips: nobody says what is spoken, so sentences may stand on both sides "
        "too.",
    ]


def test_a_known_voice_may_be_one_of_the_unknown_in_training() -> None:
    own = made_up(3)
    one = Split(train=tuple(replace(u, speaker="own/unknown") for u in own[:10]), validation=(), test=tuple(own[20:]))
    assert leaks(one).unknown_speakers.clips == len(one.test)
    assert leaks(one).harmful()


def test_leaks_are_counted_in_clips() -> None:
    own = made_up(3)
    one = Split(train=tuple(own[:10]), validation=(), test=(own[0], *own[10:13]))
    found = leaks(one)
    assert (found.test, found.utterances.clips, found.speakers.clips) == (4, 1, 1)
    assert found.speakers.words.startswith("1 of 4")


def test_refusals_name_the_reason() -> None:
    with pytest.raises(ProtocolError, match="does not say who speaks"):
        split([replace(u, speaker="own/unknown") for u in made_up(5)], "loso")
    for protocol in ("loso", "kfold:2"):
        with pytest.raises(ProtocolError, match=r"has 2 speaker\(s\), and a fold needs three: .* Add speakers"):
            split(made_up(2), protocol)
    with pytest.raises(ProtocolError, match="has 4 speakers, too few for 5 folds: choose kfold:4 or loso"):
        split(made_up(4), "kfold")
    with pytest.raises(ProtocolError, match="no fold 5"):
        split(made_up(5), "loso", fold=5)
    with pytest.raises(ProtocolError, match="choose one of"):
        split(made_up(5), "kfold:0")
    with pytest.raises(ProtocolError, match="needs 5 of each"):
        split(made_up(1)[:6], "paper:004")
    with pytest.raises(ProtocolError, match="no utterance"):
        split([], "loso")
