"""A checkpoint on the clips of a corpus -> `Evaluation`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ser_core.audio import Waveform, load
from ser_core.checkpoints import Card, Measured
from ser_core.corpora import Utterance
from ser_core.errors import AudioError, CorpusError
from ser_core.evaluation.report import Unreadable
from ser_core.evaluation.result import Clip, Evaluation
from ser_core.protocols import folds
from ser_core.protocols.chance import EFFECTS, changed
from ser_core.recogniser import Prediction, Recogniser

# What is being done, done, of how many.  It is called every few clips, and before the first; an exception that it
# raises stops the work at once and reaches the caller: nothing is written before the end.
Progress = Callable[[str, int, int], None]


def test_part(card: Card, utterances: Sequence[Utterance], protocol: str) -> tuple[Utterance, ...]:
    """The clips of one corpus that a protocol tests on, in all of its folds.

    Where the checkpoint was trained on this corpus under this very protocol, they are the test clips of its card.
    Raises ProtocolError for an unknown protocol, CorpusError where none of the clips is here.
    """
    corpus, key = utterances[0].corpus, utterances[0].corpus_key
    own = {name for name in card.data.test.utterances if name.startswith(f"{key}/")}
    if protocol == card.data.protocol and own:
        chosen = _by_id(utterances, own)
    else:
        every = folds(utterances, protocol, int(card.recipe.get("seed", 0)))
        chosen = tuple(sorted({u.id: u for one in every for u in one.test}.values(), key=lambda u: u.id))
    if not chosen:
        raise CorpusError(f"None of the clips that {protocol} tests on is in this copy of {corpus}: complete it.")
    return chosen


def _by_id(utterances: Sequence[Utterance], ids: set[str]) -> tuple[Utterance, ...]:
    """Those of these ids that are here, sorted; a changed copy (paper 003) is one of its original."""
    here = {u.id: u for u in utterances}
    for name in ids - here.keys():
        original, _, effect = name.rpartition("+")
        if original in here and effect in EFFECTS:
            here[name] = changed(here[original], effect)
    return tuple(here[name] for name in sorted(ids & here.keys()))


def evaluate(
    recogniser: Recogniser,
    utterances: Sequence[Utterance],
    corpus: str,
    protocol: str = "all",
    include_seen: bool = False,
    progress: Progress = lambda what, done, total: None,
    batch: int = 4,
    read: Callable[[Utterance], Waveform] = lambda utterance: load(utterance.path),
    doing: str = "",
    change: Callable[[Waveform], Waveform] = lambda waveform: waveform,
) -> Evaluation:
    """Recognise every utterance whose speaker the checkpoint has not heard.

    A clip that it learnt from or was chosen on is left out under whatever name it comes: names can be given anew, as
    when a folder of one's own holds copies of a corpus, so the samples are held against those of the card.

    batch: clips recognised together, and between two calls of `progress`; it changes no answer.  read: gives
    the clip of an utterance as training reads it; raises AudioError.  doing: what to call the work.  change: what is
    done to a clip before it is recognised, such as adding noise.
    Raises CorpusError, with the reason, where no clip is left to evaluate.
    """
    card = recogniser.card
    seen, met = card.data.seen_speakers(), card.data.met_sounds()
    unseen = [u for u in utterances if include_seen or u.speaker not in seen]
    if not utterances:
        raise CorpusError(f"There is no clip of {corpus} to evaluate on: the part that {protocol} tests on is empty.")
    usable = [u for u in unseen if card.merged(u.emotion) in card.labels]
    if not unseen:
        raise CorpusError(
            f"{recogniser.name} has heard every speaker of these {len(utterances)} {corpus} clips in training or "
            "validation: choose another corpus, or --include-seen to see figures that prove nothing."
        )
    kept: list[Utterance] = []
    predictions: list[Prediction] = []
    problems: list[Unreadable] = []
    learnt: list[Utterance] = []
    doing = doing or f"recognising {corpus}"
    progress(doing, 0, len(usable))
    for start in range(0, len(usable), batch):
        waveforms = []
        for utterance in usable[start : start + batch]:
            try:
                waveform = read(utterance)
                known = waveform.digest[:16] in met
                if known:
                    learnt.append(utterance)
                if include_seen or not known:
                    waveforms.append(change(waveform))
                    kept.append(utterance)
            except AudioError as error:
                problems.append(Unreadable(utterance=utterance.id, reason=str(error)))
        predictions.extend(recogniser.predict_many(waveforms))
        progress(doing, min(start + batch, len(usable)), len(usable))
    if not kept and learnt:
        raise CorpusError(
            f"{recogniser.name} was trained or chosen on the very recordings of all {len(learnt)} {corpus} clips that "
            "could be used: choose another corpus, or --include-seen to see figures that prove nothing."
        )
    if not kept:
        raise CorpusError(f"{corpus} has no readable clip with an emotion that {recogniser.name} knows.")
    seen_included = include_seen and bool(learnt or seen & {u.speaker for u in kept})
    return Evaluation(
        checkpoint=recogniser.name,
        corpus=corpus,
        protocol=protocol,
        labels=card.labels,
        clips=tuple(Clip(u.id, u.speaker, u.sex, u.language) for u in kept),
        truth=np.array([card.labels.index(card.merged(u.emotion)) for u in kept]),
        probabilities=np.stack([prediction.probabilities for prediction in predictions]),
        excluded=len(utterances) - len(unseen),
        learnt=0 if include_seen else len(learnt),
        outside=len(unseen) - len(usable),
        problems=tuple(problems),
        seen_included=seen_included,
        temperature=card.temperature,
        command=Measured.command_for(recogniser.name, corpus, protocol, seen_included),
        weights=recogniser.weights,
    )
