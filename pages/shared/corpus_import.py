"""Bringing recordings of one's own: a ZIP or a folder, labelled by a dialog; and moving them away again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.shared import corpora_here
from pages.shared.corpus_labels import LABELLING, show_dialog
from pages.shared.permission import ask_permission, permission
from ser_core.corpora import data_folder
from ser_core.corpora.importing import LIMITS, TRASH, Found, imported, look, owner, remove
from ser_core.corpora.uploads import Scratch, receive
from ser_core.errors import SpeechEmotionError
from ser_core.permission import Permission

ZIP, FOLDER = "A ZIP from your computer", "A folder on the server"
_LOOKED = "import-found"
_SAID = "import-said"
_REMOVING = "import-removing"
_TAKEN = "import-taken"
_REFUSED = "import-refused"  # why the ZIP in the field will not do: it is not unpacked again at every click


@dataclass
class Brought:
    """What a visitor brought and has not taken in yet.  scratch: goes with the session; None for a server's folder."""

    found: Found
    name: str
    scratch: Scratch | None = None
    upload: str = ""  # Streamlit's id of the uploaded file


def show_import() -> None:
    st.markdown(
        "Bring recordings whose folders or file names tell the emotion. They are checked, copied into the data folder, "
        "and can then be looked at here, evaluated and trained on."
    )
    if data_folder() is None or not Path(str(data_folder())).is_dir():
        st.info("Start the app with SER_DATA=<folder>: imported recordings go there.", icon=":material/folder_off:")
        return
    answer = ask_permission("import recordings")
    if not answer.allowed:
        return
    if said := st.session_state.pop(_SAID, ""):
        st.success(said, icon=":material/check_circle:")
    # Whoever merely visits an open server must not read its disk.
    ways = [ZIP] if answer.visitor else [ZIP, FOLDER]
    way = st.segmented_control(
        "From", ways, default=ZIP, required=True, key="import-from", label_visibility="collapsed"
    )
    if way == ZIP:
        bring_zip()
    else:
        bring_folder()
    brought: Brought | None = st.session_state.get(_LOOKED)
    if brought is not None:
        st.markdown(
            f":material/folder_open: **{brought.found.root.name if brought.scratch is None else brought.name}**: "
            f"{len(brought.found.paths):,} recordings found."
        )
        if st.button("Say what they are …", icon=":material/label:", type="primary", key="import-label"):
            st.session_state[LABELLING] = True
        if st.session_state.get(LABELLING):
            show_dialog(brought.found, brought.name, finished)
    show_own(answer)


def bring_zip() -> None:
    file = st.file_uploader(
        "A ZIP of recordings, up to 64 MiB. A larger collection: put it on the server, or pack it as FLAC.",
        type=None,  # whatever it is, the sentence of ser_core says more than a closed door
        key="import-zip",
        on_change=forget,
    )
    if file is None or _LOOKED in st.session_state or file.file_id == st.session_state.get(_TAKEN):
        return
    if refused := st.session_state.get(_REFUSED):
        st.error(refused, icon=":material/folder_zip:")
        return
    with st.spinner("Unpacking …"):
        try:
            permission().require("import recordings")
            found, scratch = unpacked(file.getvalue(), file.name)
        except SpeechEmotionError as error:
            st.session_state[_REFUSED] = str(error)
            st.error(str(error), icon=":material/folder_zip:")
            return
    st.session_state[_LOOKED] = Brought(found, short_name(file.name.rpartition(".")[0]), scratch, file.file_id)


def unpacked(content: bytes, name: str) -> tuple[Found, Scratch]:
    """Raises CorpusError, in one sentence, where there is nothing to take in; then nothing is kept."""
    folder, scratch = receive(content, name, "imports")
    try:
        return look(folder), scratch
    except BaseException:
        scratch.cleanup()
        raise


def bring_folder() -> None:
    with st.form("import-folder", border=False):
        left, right = st.columns([0.8, 0.2], vertical_alignment="bottom")
        typed = left.text_input(
            "Folder",
            placeholder="/home/me/recordings",
            help=f"At most {LIMITS.files:,} files. Nothing in it is changed.",
        )
        if not right.form_submit_button("Look", width="stretch") or not typed.strip():
            return
    forget()
    try:
        answer = permission()
        answer.require("import recordings")
        answer.require_for("", "read folders of the server")
        found = look(Path(typed.strip()).expanduser())
    except SpeechEmotionError as error:
        st.error(str(error), icon=":material/folder_off:")
        return
    st.session_state[_LOOKED] = Brought(found, short_name(found.root.name))


def short_name(text: str) -> str:
    """A name that a corpus can have, as near as possible."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "mine"


def forget() -> None:
    st.session_state.pop(LABELLING, None)
    st.session_state.pop(_REFUSED, None)
    brought: Brought | None = st.session_state.pop(_LOOKED, None)
    if brought is not None and brought.scratch is not None:
        brought.scratch.cleanup()


def finished(sentence: str) -> None:
    """The dialog is done: what was brought is in its place, and its ZIP is not looked at again."""
    brought: Brought | None = st.session_state.get(_LOOKED)
    st.session_state[_TAKEN] = brought.upload if brought else ""
    forget()
    corpora_here.look_again()
    st.session_state[_SAID] = sentence


def show_own(answer: Permission) -> None:
    """What was taken in before, of a visitor of an open server only by themselves, and a way to move it away."""
    data = data_folder()
    names = [name for name in imported(data) if answer.visitor in ("", owner(name, data))]
    if not names:
        return
    st.subheader("Taken in here", anchor=False)
    for name in names:
        with st.container(horizontal=True, vertical_alignment="center", key=f"own-{name}"):
            st.markdown(f"**{name}** :gray[{corpora_here.how_many(name)} recordings]", width="content")
            st.code(corpora_here.corpus_of(name).name, language=None, width="content")
            st.space("stretch")
            if st.button("Remove …", icon=":material/delete:", type="tertiary", key=f"remove-{name}"):
                st.session_state[_REMOVING] = name
    if st.session_state.get(_REMOVING) in names:
        ask_remove(st.session_state[_REMOVING])
    st.caption("The name in the grey field is what the command line and recipes call it.")


def keep() -> None:
    st.session_state.pop(_REMOVING, None)


@st.dialog("Move this corpus to the trash?", on_dismiss=keep)
def ask_remove(name: str) -> None:
    st.markdown(
        f"**{name}**: {corpora_here.how_many(name)} recordings. They go to the folder `{TRASH}` beside it and nothing "
        "is deleted: move the folder back to have it again."
    )
    with st.container(horizontal=True):
        if st.button("Move to the trash", icon=":material/delete:", type="primary", key="remove-yes"):
            try:
                remove(name, data_folder(), permission())
            except SpeechEmotionError as error:
                st.error(str(error), icon=":material/error:")
                return
            keep()
            corpora_here.look_again()
            st.session_state[_SAID] = f"{name} lies in the trash now."
            st.rerun()
        if st.button("Keep it", key="remove-no"):
            keep()
            st.rerun()
