"""A visitor's own test set: a ZIP of clips in emotion folders, unpacked for this visit alone."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import streamlit as st

from pages.shared import notice
from pages.shared.evaluate_work import working
from ser_core.corpora import Scan
from ser_core.corpora.archive import Limits
from ser_core.corpora.own import own_corpus
from ser_core.corpora.uploads import Scratch, receive
from ser_core.errors import CorpusError, SpeechEmotionError
from ser_core.evaluation import Evaluation

LIMITS = Limits(bytes=512 * 2**20, files=2000)
KEPT = 4  # models whose answers are kept
_SET = "evaluate/own-set"
_ANSWERS = "evaluate/own-answers"
_REFUSED = "evaluate/own-refused"
_FIELD = "evaluate/own-field"  # how often the field was emptied: a new key is a new, empty field
HOW = (
    "A ZIP with a folder for each emotion (angry, fear, happy, neutral, sad …), recordings in them, up to 64 MiB and "
    f"{LIMITS.files:,} files. The names of the folders count, not those of the files."
)


@dataclass(frozen=True, eq=False)
class OwnSet:
    """scratch: where it was unpacked; it goes with the session."""

    scan: Scan
    scratch: Scratch


def bring() -> OwnSet | None:
    """The field for the ZIP, and what became of it."""
    notice.show()
    with st.container(key="own-zip"):
        file = st.file_uploader(HOW, type=None, key=f"own-zip-{st.session_state.get(_FIELD, 0)}", on_change=forget)
    if file is not None and own_set() is None and _REFUSED not in st.session_state:
        with st.spinner("Unpacking …"):
            try:
                st.session_state[_SET] = unpacked(file.getvalue(), file.name)
                notice.mark_seen()
            except SpeechEmotionError as error:
                st.session_state[_REFUSED] = str(error)
    if refused := st.session_state.get(_REFUSED):
        st.error(refused, icon=":material/folder_zip:")
    own = own_set()
    if own is not None:
        show_counts(own)
    return own


def unpacked(content: bytes, name: str) -> OwnSet:
    """Raises CorpusError, in one sentence, where nothing can be judged with it; then nothing is kept."""
    folder, scratch = receive(content, name, "test-sets", LIMITS)
    try:
        corpus = own_corpus(f"folder:{folder}?name=own")
        try:
            return OwnSet(corpus.read(folder), scratch)
        except CorpusError as error:  # without the place on this server
            raise CorpusError(str(error).replace(str(folder), "The ZIP")) from error
    except BaseException:
        scratch.cleanup()
        raise


def show_counts(own: OwnSet) -> None:
    counts = ", ".join(f"{count} {emotion}" for emotion, count in own.scan.counts().items())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/folder_zip: **{len(own.scan.utterances):,} clips**: {counts}.", width="content")
        st.button(
            "Remove these clips", icon=":material/delete:", type="tertiary", key="own-remove", on_click=remove,
            disabled=working(), help="From this server, with the answers to them. They go with your visit, too.",
        )  # fmt: skip
    if own.scan.problems:
        left_out = sum(problem.count for problem in own.scan.problems)
        with st.expander(f"{left_out:,} files left out", icon=":material/block:"):
            for problem in own.scan.problems:
                inside = problem.path.relative_to(own.scan.root).as_posix()
                st.text(f"{inside}: {problem.reason.replace(str(own.scan.root), 'the ZIP')}")


def own_set() -> OwnSet | None:
    found: OwnSet | None = st.session_state.get(_SET)
    return found


def evaluated() -> OrderedDict[str, Evaluation]:
    """Model -> its answers to this visitor's clips."""
    answers: OrderedDict[str, Evaluation] = st.session_state.setdefault(_ANSWERS, OrderedDict())
    return answers


def forget() -> None:
    """The clips and all that came of them are gone."""
    own: OwnSet | None = st.session_state.pop(_SET, None)
    st.session_state.pop(_ANSWERS, None)
    st.session_state.pop(_REFUSED, None)
    if own is not None:
        own.scratch.cleanup()


def remove() -> None:
    """As `forget`, and the field for the ZIP is empty again, which lets go of the ZIP itself."""
    forget()
    st.session_state[_FIELD] = st.session_state.get(_FIELD, 0) + 1
