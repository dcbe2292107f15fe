"""What stands on both sides of a split: the reasons why a score may say little about a new voice."""

from __future__ import annotations

from dataclasses import dataclass

from ser_core.corpora import Utterance
from ser_core.protocols.base import Split
from ser_core.protocols.chance import ChangedCopy


@dataclass(frozen=True)
class Leak:
    """One kind of overlap: how many test clips it touches, and in words."""

    kind: str
    clips: int
    words: str


@dataclass(frozen=True)
class Leaks:
    """speakers, texts, utterances, siblings: test clips whose speaker, sentence, own sound, or changed copy was met in
    training or in choosing the epoch; chosen_on_test: whether the test clips themselves chose it; assumed: as
    we read a paper that does not say.  test: all of them.
    unknown_speakers, unknown_texts: test clips of which nobody can say it, because they, or clips of their corpus on
    the other side, do not tell who speaks or what.
    """

    test: int
    speakers: Leak
    texts: Leak
    utterances: Leak
    siblings: Leak
    chosen_on_test: bool
    assumed: bool
    unknown_speakers: Leak
    unknown_texts: Leak

    def harmful(self) -> bool:
        """Whether the score is no evidence about new voices (shared sentences alone are usual, and said)."""
        counted = (self.speakers, self.unknown_speakers, self.utterances, self.siblings)
        return self.chosen_on_test or any(leak.clips for leak in counted)

    def words(self) -> list[str]:
        """A sentence for each thing that leaks; one that says so where nothing does."""
        every = (
            self.siblings, self.utterances, self.speakers, self.unknown_speakers, self.texts, self.unknown_texts,
        )  # fmt: skip
        found = [leak.words for leak in every if leak.clips]
        if self.chosen_on_test:
            reading = " (our reading; the paper does not say)" if self.assumed else ""
            found.append(f"The epoch is chosen on the test clips themselves{reading}.")
        return found or ["Nothing leaks: no speaker, sentence or clip stands on both sides."]


def leaks(split: Split) -> Leaks:
    """Count what the test part shares with the rest."""
    met = (*split.train, *split.validation)
    speakers = {u.speaker for u in met if u.speaker_known}
    texts = {u.text for u in met if u.text_known}
    utterances = {u.id for u in met}
    originals = {original(u) for u in met}
    n = len(split.test)

    def leak(kind: str, clips: int, what: str) -> Leak:
        return Leak(kind, clips, f"{clips} of {n} test clips{what}.")

    nameless = {u.corpus_key for u in met if not u.speaker_known}
    wordless = {u.corpus_key for u in met if not u.text_known}

    siblings = sum(original(u) in originals and u.id not in utterances for u in split.test)
    known = sorted({u.speaker for u in split.test} & speakers)
    sentences = sorted({u.text for u in split.test} & texts)
    return Leaks(
        test=n,
        speakers=leak(
            "speakers",
            sum(u.speaker in speakers for u in split.test),
            f" are of the {len(known)} speakers that training has heard too",
        ),
        texts=leak(
            "texts",
            sum(u.text in texts for u in split.test),
            f" speak one of {len(sentences)} sentences that training has heard too",
        ),
        utterances=leak("utterances", sum(u.id in utterances for u in split.test), " stand in training themselves"),
        siblings=leak("siblings", siblings, " have a changed copy, or their original, in training"),
        chosen_on_test=split.choose == "test",
        assumed=split.assumed,
        unknown_speakers=leak(
            "unknown_speakers",
            sum(not u.speaker_known or u.corpus_key in nameless for u in split.test),
            ": nobody says who speaks, so the same speakers probably stand on both sides",
        ),
        unknown_texts=leak(
            "unknown_texts",
            sum(not u.text_known or u.corpus_key in wordless for u in split.test),
            ": nobody says what is spoken, so sentences may stand on both sides too",
        ),
    )


def original(utterance: Utterance) -> str:
    return utterance.original if isinstance(utterance, ChangedCopy) else utterance.id
