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
    training or in choosing the epoch; chosen_on_test: whether the test clips themselves chose it.  test: all of them.
    """

    test: int
    speakers: Leak
    texts: Leak
    utterances: Leak
    siblings: Leak
    chosen_on_test: bool

    def harmful(self) -> bool:
        """Whether the score is no evidence about new voices (shared sentences alone are usual, and said)."""
        return bool(self.speakers.clips or self.utterances.clips or self.siblings.clips or self.chosen_on_test)

    def words(self) -> list[str]:
        """A sentence for each thing that leaks; one that says so where nothing does."""
        found = [leak.words for leak in (self.siblings, self.utterances, self.speakers, self.texts) if leak.clips]
        if self.chosen_on_test:
            found.append("The epoch is chosen on the test clips themselves.")
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
        return Leak(kind, clips, f"{clips} of {n} test clips {what}.")

    siblings = sum(original(u) in originals and u.id not in utterances for u in split.test)
    known = sorted({u.speaker for u in split.test} & speakers)
    sentences = sorted({u.text for u in split.test} & texts)
    return Leaks(
        test=n,
        speakers=leak(
            "speakers",
            sum(u.speaker in speakers for u in split.test),
            f"are of the {len(known)} speakers that training has heard too",
        ),
        texts=leak(
            "texts",
            sum(u.text in texts for u in split.test),
            f"speak one of {len(sentences)} sentences that training has heard too",
        ),
        utterances=leak("utterances", sum(u.id in utterances for u in split.test), "stand in training themselves"),
        siblings=leak("siblings", siblings, "have a changed copy, or their original, in training"),
        chosen_on_test=split.choose == "test",
    )


def original(utterance: Utterance) -> str:
    return utterance.original if isinstance(utterance, ChangedCopy) else utterance.id
