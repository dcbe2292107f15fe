"""Protocols in which nobody stands on both sides: the honest ones.

speaker_independent   one split; the parts of the known corpora are listed below, so that every model and every reader
                      means the same clips
loso                  leave one speaker out: as many folds as speakers
kfold, kfold:K        K groups of speakers (5), scikit-learn's GroupKFold, each held out once
session               leave one session out, where a corpus was recorded in sessions of different speakers

In the last three the epoch is chosen on an eighth of the remaining speakers (at least one; both sexes from two on),
those that follow the ones held out, so that over the folds different speakers choose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ser_core.corpora import Utterance
from ser_core.corpora.synthetic import HELD_OUT_SPEAKERS, VALIDATION_SPEAKERS
from ser_core.errors import ProtocolError
from ser_core.protocols.base import Split, assign, only_corpus

# Both sexes in every part where the corpus has both.
VALIDATION = {
    "ravdess": ("ravdess/17", "ravdess/18", "ravdess/19", "ravdess/20"),
    "emodb": ("emodb/12", "emodb/13"),
    "savee": ("savee/JK",),
    "synthetic": VALIDATION_SPEAKERS,
}
TEST = {
    "ravdess": ("ravdess/21", "ravdess/22", "ravdess/23", "ravdess/24"),
    "emodb": ("emodb/15", "emodb/16"),
    "savee": ("savee/KL",),
    "synthetic": HELD_OUT_SPEAKERS,
}


def by_speaker(utterances: Sequence[Utterance], seed: int) -> Split:
    """The listed speakers of a known corpus; else a seeded draw of a fifth of the speakers for each held-out part."""
    corpus = only_corpus(utterances)
    speakers = known_speakers(utterances)
    if corpus in TEST:
        validation, test = set(VALIDATION[corpus]), set(TEST[corpus])
    else:
        if len(speakers) < 3:
            raise ProtocolError(
                f"{corpus} has {len(speakers)} speaker(s): a speaker-independent split needs at least three "
                "(choose the protocol random and read its scores as optimistic)."
            )
        order = np.random.default_rng(seed).permutation(speakers).tolist()
        share = max(1, round(len(speakers) / 5))
        validation, test = set(order[:share]), set(order[share : 2 * share])
    return hold_out(utterances, test, validation, "")


def leave_one_speaker_out(utterances: Sequence[Utterance]) -> tuple[Split, ...]:
    """One fold per speaker, in the order of their names."""
    own = without_held_out(utterances)
    speakers = enough(own)
    return tuple(hold_out(own, {s}, followers(own, {s}), f"speaker {s.partition('/')[2]}") for s in speakers)


def k_folds(utterances: Sequence[Utterance], k: int = 5) -> tuple[Split, ...]:
    """K groups of speakers, of about the same number of clips, each the test part once."""
    from sklearn.model_selection import GroupKFold  # here: a job that waits in line does without it

    own = sorted(without_held_out(utterances), key=lambda u: u.id)
    speakers = enough(own, k)
    groups = [u.speaker for u in own]
    found = []
    for number, (_, index) in enumerate(GroupKFold(k).split(own, groups=groups), 1):
        test = {own[i].speaker for i in index}
        fold = hold_out(own, test, followers(own, test), f"group {number} of {k}")
        if not fold.train:
            raise ProtocolError(
                f"kfold:{k} of the {len(speakers)} speakers of {only_corpus(own)} tests {len(test)} of them at a time "
                "and another chooses the epoch, so nobody is left to train on: choose more folds "
                f"(kfold:{len(speakers)} and loso test one at a time), or add speakers."
            )
        found.append(fold)
    return tuple(found)


def leave_one_session_out(utterances: Sequence[Utterance]) -> tuple[Split, ...]:
    """One fold per session; the session that follows chooses the epoch."""
    corpus = only_corpus(utterances)
    sessions = sorted({u.session for u in utterances if u.session})
    if len(sessions) < 3:
        raise ProtocolError(
            f"{corpus} has {len(sessions)} session(s): leaving one out needs three; choose kfold or loso, by speaker."
        )
    if not all(u.session for u in utterances):
        raise ProtocolError(
            f"{corpus} does not name the session of every clip, so none can be left out whole: name them all, or "
            "choose kfold or loso, by speaker."
        )
    known_speakers(utterances)
    again = Counter(speaker for speaker, _ in {(u.speaker, u.session) for u in utterances})
    if twice := sorted(speaker for speaker, count in again.items() if count > 1):
        raise ProtocolError(
            f"{len(twice)} speaker(s) of {corpus} stand in several sessions ({twice[0].partition('/')[2]} for one), so "
            "leaving one out would test voices that training has heard: choose kfold or loso, by speaker."
        )
    folds = []
    for number, session in enumerate(sessions):
        parts = {session: "test", sessions[(number + 1) % len(sessions)]: "validation"}
        fold = f"session {session.partition('/')[2]}"
        folds.append(assign(utterances, lambda u, parts=parts: parts.get(u.session, "train"), fold))  # type: ignore[misc]
    return tuple(folds)


def hold_out(utterances: Sequence[Utterance], test: set[str], validation: set[str], fold: str) -> Split:
    part_of = dict.fromkeys(validation, "validation") | dict.fromkeys(test, "test")
    return assign(utterances, lambda u: part_of.get(u.speaker, "train"), fold)


def followers(utterances: Sequence[Utterance], test: set[str]) -> set[str]:
    """The speakers behind the last one held out, round the end to the first, alternating between the sexes."""
    speakers = known_speakers(utterances)
    sex = {u.speaker: u.sex for u in utterances}
    last = max(speakers.index(s) for s in test)
    rest = [s for s in speakers[last + 1 :] + speakers[:last] if s not in test]
    share = max(1, round(len(rest) / 8))
    chosen: list[str] = []
    while len(chosen) < share:
        heard = [sex[s] for s in chosen]
        left = [s for s in rest if s not in chosen]
        chosen.append(min(left, key=lambda s: heard.count(sex[s])))  # the first of the sex chosen least so far
    return set(chosen)


def enough(utterances: Sequence[Utterance], k: int = 0) -> list[str]:
    """The speakers.  Raises ProtocolError where they are too few for a fold, or for K of them."""
    speakers = known_speakers(utterances)
    if len(speakers) < 3:
        raise ProtocolError(
            f"{only_corpus(utterances)} has {len(speakers)} speaker(s), and a fold needs three: one to test, one to "
            "choose the epoch, one to train on. Add speakers, or choose the protocol random and read its scores as "
            "optimistic."
        )
    if len(speakers) < k:
        raise ProtocolError(
            f"{only_corpus(utterances)} has {len(speakers)} speakers, too few for {k} folds: choose "
            f"kfold:{len(speakers)} or loso, or add speakers."
        )
    return speakers


def known_speakers(utterances: Sequence[Utterance]) -> list[str]:
    """Raises ProtocolError where a corpus does not say who speaks: then nobody can be held out."""
    if not all(u.speaker_known for u in utterances):
        raise ProtocolError(
            f"{only_corpus(utterances)} does not say who speaks in every clip, so no speaker can be held out: name the "
            "speakers, or choose the protocol random and read its scores as optimistic."
        )
    return sorted({u.speaker for u in utterances})


def without_held_out(utterances: Sequence[Utterance]) -> list[Utterance]:
    """The synthetic voices that no model may hear take no part in folds."""
    return [u for u in utterances if u.speaker not in HELD_OUT_SPEAKERS]
