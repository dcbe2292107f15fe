"""What a checkpoint says of itself, in words."""

from __future__ import annotations

import streamlit as st

from ser_core.audio import Waveform
from ser_core.checkpoints import Card, Measured
from ser_core.corpora import get_corpus
from ser_core.errors import CorpusError

LANGUAGES = {"en": "English", "de": "German", "zh": "Chinese"}


def corpus_title(name: str) -> str:
    try:
        return get_corpus(name).title
    except CorpusError:
        return name


def accuracy(measured: Measured) -> str:
    """One measurement in whole percent with its interval: "RAVDESS 52% (46 to 58)"."""
    return f"{corpus_title(measured.corpus)} {right(measured)}"


def right(measured: Measured) -> str:
    """UA with its interval: "52% (46 to 58)"; of one speaker there is none: "28% (one speaker)"."""
    if measured.speakers < 2 or "ua" not in measured.intervals:
        return f"{100 * measured.ua:.0f}%" + (" (one speaker)" if measured.speakers < 2 else "")
    low, high = measured.intervals["ua"]
    return f"{100 * measured.ua:.0f}% ({100 * low:.0f} to {100 * high:.0f})"


def track_record(card: Card) -> str:
    """How often the checkpoint is right on voices it never heard, in one sentence, with what guessing would give."""
    honest = [measured for measured in card.results if not measured.seen_included]
    if not honest:
        return "How often this model is right on voices it never heard has not been measured."
    chance = 100 / len(card.labels)
    met = [accuracy(measured) for measured in honest if measured.corpus in card.data.corpora]
    unmet = [accuracy(measured) for measured in honest if measured.corpus not in card.data.corpora]
    sentence = f"On voices it never heard, this model is right: {', '.join(met or unmet)}."
    if met and unmet:
        sentence += f" On recordings of another make: {', '.join(unmet)}."
    return f"{sentence} Guessing: {chance:.0f}%."


def warning(card: Card, waveform: Waveform) -> str:
    """One sentence where the checkpoint has met this very clip, else nothing."""
    mine = waveform.digest[:16]
    if mine in card.data.train.utterances.values():
        return "The model was trained on this very clip: its answer is a memory, not a test."
    if mine in card.data.validation.utterances.values():
        return "This very clip helped to choose the model: its answer is not a fair test."
    return ""


def show(card: Card, waveform: Waveform | None = None) -> None:
    """The card, for a popover; on request with what the checkpoint has to do with a clip."""
    data = card.data
    corpora = ", ".join(
        f"{corpus_title(name)} (*synthetic*)" if name in data.synthetic else corpus_title(name) for name in data.corpora
    )
    languages = ", ".join(LANGUAGES.get(code, code) for code in data.languages)
    st.markdown(f"**{card.name}** · {card.parameters:,} parameters")
    if card.note:
        st.markdown(card.note)
    st.markdown(
        f"**Trained on** {corpora} ({languages}): {len(data.train.utterances):,} clips by "
        f"{len(data.train.speakers)} speakers. The epoch was chosen on {len(data.validation.utterances):,} clips by "
        f"{len(data.validation.speakers)} others. Protocol: `{data.protocol}`."
    )
    if card.results:
        seen = any(measured.seen_included for measured in card.results)
        st.markdown("**Measured** on speakers it never heard" + (", but where marked" if seen else ""))
        st.markdown(_table(card.results))
        st.caption(
            "Right, averaged over emotions: the share of clips named correctly, computed for each emotion and then "
            f"averaged (unweighted accuracy, UA), with its 95% interval. Guessing gives {100 / len(card.labels):.0f}%."
        )
    else:
        st.markdown("**Measured:** not yet.")
    st.markdown(f"**Licence of the weights:** {card.licence}")
    if waveform is not None:
        st.markdown(f"**This clip:** {warning(card, waveform) or 'the model has never met it.'}")
    st.caption(card.not_for)


def _table(results: tuple[Measured, ...]) -> str:
    rows = ["| Corpus | Right (95% interval) | Clips (speakers) |", "|---|---|---|"]
    for one in results:
        seen = " (**speakers heard in training**)" if one.seen_included else ""
        share = right(one).replace(" ", "\N{NO-BREAK SPACE}")
        figures = f"{share} | {one.n:,} ({one.speakers})"
        rows.append(f"| {corpus_title(one.corpus)}{seen} | {figures} |")
    return "\n".join(rows)
