"""A clip that another page sent here by a link: ?clip=<utterance id>.  It stays chosen on every page until another is.

Only recordings of corpora that are here, and of the visitor's own test set, go by such a name.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import corpora_here, evaluate_own
from pages.shared.clip import Clip
from pages.shared.clip_strip import plain
from pages.shared.memory import remembered
from pages.shared.permission import permission
from ser_core import quality
from ser_core.audio import load
from ser_core.corpora import Corpus, Utterance, data_folder
from ser_core.corpora.synthetic import TEXTS
from ser_core.errors import CorpusError

LINKED = "From a corpus"
PARAMETER = "clip"
KEPT = 4  # clips per visitor
_ID = "linked/id"
_FOLLOWED = "linked/followed"
_HELD = "linked/held"


def arrive() -> None:
    """Call before the picker is drawn: where the address names a clip that was not followed yet, choose it."""
    asked = st.query_params.get(PARAMETER)
    if asked and asked != st.session_state.get(_FOLLOWED):
        st.session_state[_FOLLOWED] = st.session_state[_ID] = asked
        hold()


def stay(source: str) -> None:
    """The choice survives the way to another page, which Streamlit forgets where no click in the widget made it.

    source: key of the widget that says where the clip comes from.
    """
    if st.session_state.get(_HELD):
        st.session_state[source] = LINKED


def hold() -> None:
    st.session_state[_HELD] = True


def let_go() -> None:
    """For callbacks: the visitor chooses something else."""
    st.session_state.pop(_HELD, None)


def known() -> bool:
    """Whether there is such a clip to go back to."""
    return _ID in st.session_state


def leave() -> None:
    """Another clip was chosen: the address no longer names this one."""
    st.session_state.pop(_FOLLOWED, None)
    st.query_params.pop(PARAMETER, None)


def current() -> Clip:
    """Raises SpeechEmotionError where it is not here, may not be heard by this visitor, or cannot be used."""
    name = str(st.session_state[_ID])
    st.session_state[_FOLLOWED] = st.query_params[PARAMETER] = name
    utterance = utterance_of(name)
    return remembered("linked clips", (utterance.id, str(utterance.path)), lambda: opened(utterance), KEPT)


def utterance_of(name: str) -> Utterance:
    """Raises CorpusError where no corpus here has it, NotAllowed where its terms keep it from this visitor."""
    own = evaluate_own.own_set()
    for one in own.scan.utterances if own else ():
        if one.id == name:
            return one
    key = name.partition("/")[0]
    for short in corpora_here.names():
        corpus = corpora_here.corpus_of(short)
        if corpus.key != key or corpus.find(data_folder()) is None:
            continue
        for one in corpora_here.scan_of(short).utterances:
            if one.id == name:
                check(corpus)
                return one
    # a link may hold anything, pictures of other hosts too, and the sentence is shown as Markdown
    raise CorpusError(f"There is no recording “{plain(name[:80])}” here: choose another clip.")


def check(corpus: Corpus) -> None:
    """Raises NotAllowed where recordings of this corpus may not be played to everyone, and this visitor is anyone."""
    if not corpus.licence.ships:
        permission().require(f"hear {corpus.title}: its terms are “{corpus.licence.name}”")


def opened(utterance: Utterance) -> Clip:
    """Raises AudioError where it cannot be used, or holds no speech."""
    waveform = load(utterance.path)
    measured = quality.assess(waveform)
    quality.require_speech(waveform, measured)
    synthetic = utterance.corpus == "synthetic"
    return Clip(
        title=utterance.id.partition("/")[2],
        origin="sample" if synthetic else "upload",
        waveform=waveform,
        quality=measured,
        wav=waveform.to_wav(),
        played=utterance.emotion,
        text=TEXTS.get(utterance.text),
    )
