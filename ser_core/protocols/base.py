"""What a protocol gives: parts of a corpus, fold by fold, and which part chooses the epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ser_core.corpora import Utterance
from ser_core.errors import ProtocolError


@dataclass(frozen=True)
class Split:
    """The three parts of a corpus (or of several, joined), each sorted by utterance id.

    fold: what is held out, in words.  choose: which part the epoch is chosen on; "test" is what some papers do, and
    then there is no validation part.  assumed: the paper does not say on what it chose, this is how it is read here.
    """

    train: tuple[Utterance, ...]
    validation: tuple[Utterance, ...]
    test: tuple[Utterance, ...]
    fold: str = ""
    choose: Literal["validation", "test"] = "validation"
    assumed: bool = False

    def __add__(self, other: Split) -> Split:
        fold = ", ".join(filter(None, (self.fold, other.fold)))
        joined = self.train + other.train, self.validation + other.validation, self.test + other.test
        return Split(*joined, fold=fold, choose=other.choose, assumed=other.assumed)

    def parts(self) -> dict[str, tuple[Utterance, ...]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}


def assign(
    utterances: Sequence[Utterance],
    part_of: Callable[[Utterance], str],
    fold: str = "",
    choose: Literal["validation", "test"] = "validation",
) -> Split:
    """Put every utterance into the part that `part_of` names; any other name leaves it out."""
    parts: dict[str, list[Utterance]] = {"train": [], "validation": [], "test": []}
    for utterance in sorted(utterances, key=lambda u: u.id):
        if (part := part_of(utterance)) in parts:
            parts[part].append(utterance)
    train, validation, test = (tuple(parts[name]) for name in ("train", "validation", "test"))
    return Split(train, validation, test, fold, choose)


def only_corpus(utterances: Sequence[Utterance]) -> str:
    """The corpus of all these utterances.  Raises ProtocolError where there are several, or none."""
    corpora = {u.corpus for u in utterances}
    if len(corpora) != 1:
        raise ProtocolError("A protocol splits one corpus at a time: split each, then join the parts.")
    return corpora.pop()
