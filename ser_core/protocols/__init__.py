"""How the utterances of one corpus are split into training, validation and test.

Splitting happens before cutting into segments and before augmenting, so a segment never has a sibling elsewhere; the
one exception is `paper:003`, which does it the other way round because that paper did.  The honest protocols are in
`speakers.py`, those that draw utterances in `chance.py`, and `leaks` says what stands on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ser_core.corpora import Utterance
from ser_core.errors import ProtocolError
from ser_core.protocols.base import Split
from ser_core.protocols.chance import (
    ChangedCopy,
    at_random,
    copies_then_fifth,
    plain_fifth,
    tenth_of_each,
    utterance_folds,
)
from ser_core.protocols.leaks import Leaks, leaks
from ser_core.protocols.speakers import by_speaker, k_folds, leave_one_session_out, leave_one_speaker_out

# What each is, in a sentence; the order is that of a list to choose from.
PROTOCOLS = {
    "speaker_independent": "One split; nobody who is tested was heard before.",
    "loso": "Leave one speaker out: every speaker is tested once, by a model that never heard them.",
    "kfold": "Five groups of speakers, each tested once; kfold:K for another number.",
    "session": "Leave one recording session out, with all who speak in it.",
    "random": "A tenth of the utterances to test on, whoever speaks: speakers stand on both sides.",
    "paper:000": "CTMAM's: four fifths and one of the utterances, the epoch chosen on the test clips.",
    "paper:001": "SERCT's: nine tenths and one of each emotion, the epoch chosen on the test clips.",
    "paper:002": "The Time-Frequency Transformer's, as read here: leave one speaker out, the epoch chosen on them.",
    "paper:003": "The vertical ViT's: fourfold augmentation first, then four fifths and one, chosen on the test clips.",
    "paper:004": "MHSA-FACA's, as read here: folds of utterances, speakers stand on all sides.",
}
ON_TEST = ("paper:000", "paper:001", "paper:002", "paper:003")  # the epoch is chosen on the test clips
SEEN = ("random", *ON_TEST, "paper:004")  # tested on speakers that training heard, or that chose the epoch


def split(utterances: Sequence[Utterance], protocol: str, seed: int = 0, fold: int = 0) -> Split:
    """One fold of a protocol over the utterances of one corpus, counted from 0.

    Raises ProtocolError for an unknown protocol or fold, and for a corpus with too few speakers or utterances.
    """
    every = folds(utterances, protocol, seed)
    if not 0 <= fold < len(every):
        raise ProtocolError(f"{protocol} has {len(every)} fold(s) here, numbered from 0: there is no fold {fold}.")
    return every[fold]


def folds(utterances: Sequence[Utterance], protocol: str, seed: int = 0) -> tuple[Split, ...]:
    """All folds of a protocol over the utterances of one corpus.  Raises ProtocolError as `split` does."""
    check_protocol(protocol)
    if not utterances:
        raise ProtocolError("There is no utterance to split.")
    if protocol.startswith("kfold"):
        return k_folds(utterances, int(protocol.partition(":")[2] or 5))
    if protocol == "loso":
        return leave_one_speaker_out(utterances)
    if protocol == "session":
        return leave_one_session_out(utterances)
    if protocol == "paper:002":  # it names no clips that choose the epoch, and leaves none for it: read as on test
        return tuple(
            Split(tuple(sorted(s.train + s.validation, key=lambda u: u.id)), (), s.test, s.fold, "test", assumed=True)
            for s in leave_one_speaker_out(utterances)
        )
    if protocol == "paper:004":
        return utterance_folds(utterances, seed)
    single = {
        "speaker_independent": by_speaker,
        "random": at_random,
        "paper:000": plain_fifth,
        "paper:001": tenth_of_each,
        "paper:003": copies_then_fifth,
    }
    return (single[protocol](utterances, seed),)


def check_protocol(protocol: str) -> str:
    """The name itself.  Raises ProtocolError where there is no such protocol."""
    if protocol in PROTOCOLS or re.fullmatch(r"kfold:([2-9]|[1-9]\d)", protocol):
        return protocol
    raise ProtocolError(f"There is no protocol {protocol!r}: choose one of {', '.join(PROTOCOLS)}.")


__all__ = [
    "ON_TEST",
    "PROTOCOLS",
    "SEEN",
    "ChangedCopy",
    "Leaks",
    "Split",
    "check_protocol",
    "folds",
    "leaks",
    "split",
]
