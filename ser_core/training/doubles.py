"""The same recording under two names: no split by names can keep it on one side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from ser_core.corpora import Utterance, get_corpus
from ser_core.errors import AudioError, CorpusError, RecipeError
from ser_core.evaluation import Progress
from ser_core.training.data import Clip, read


def check_sounds(
    parts: Mapping[str, Sequence[Clip]], test_on: Sequence[str], data: Path | None, progress: Progress
) -> None:
    """Refuse recordings that stand in two parts, or in a part and in `test_on`, as clips of two corpora.

    A corpus may come twice, as itself and as a folder of one's own, and its splits then differ.  Within one corpus its
    protocol has put every clip where it is: some corpora hold a clip twice, and some protocols part such pairs.
    Raises RecipeError.
    """
    places: dict[str, list[tuple[str, Utterance]]] = {}
    for part, clips in parts.items():
        for clip in clips:
            places.setdefault(clip.digest, []).append((part, clip.utterance))
    further = [(digest, u) for name in test_on for digest, u in sounds_of(name, data, progress)]
    for digest, utterance in further:
        places.setdefault(digest, []).append(("test_on", utterance))
    twice: dict[tuple[str, str, str, str], int] = {}
    for found in places.values():
        for (part, one), (other_part, other) in combinations(found, 2):
            apart = {part, other_part} not in ({part}, {"test", "test_on"})
            if apart and one.corpus_key != other.corpus_key:
                both = one.corpus, part, other.corpus, other_part
                twice[both] = twice.get(both, 0) + 1
                break
    if twice:
        (corpus, part, other_corpus, other_part), _ = max(twice.items(), key=lambda pair: pair[1])
        raise RecipeError(
            f"{sum(twice.values())} recordings stand on two sides under two names, as in {part} from {corpus} and in "
            f"{other_part} from {other_corpus}: name only one of the two corpora."
        )


def sounds_of(corpus: str, data: Path | None, progress: Progress) -> Iterator[tuple[str, Utterance]]:
    """The digest of every clip of a corpus that is only tested on; of one that is not here, none."""
    try:
        utterances = get_corpus(corpus).scan(data).utterances
    except CorpusError:
        return
    for done, utterance in enumerate(utterances, 1):
        with suppress(AudioError):
            yield read(utterance).digest, utterance
        progress(f"decoding {corpus}", done, len(utterances))
