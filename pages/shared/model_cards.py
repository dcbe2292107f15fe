"""The cards of all checkpoints that are here: what each learnt from, how it did, how to make it again."""

from __future__ import annotations

import streamlit as st

from pages.shared import model_card
from pages.shared.model_picker import NONE_HERE
from ser_core.checkpoints import Card, find_checkpoint, list_checkpoints, load_card
from ser_core.errors import CheckpointError


def show_cards() -> None:
    names = list_checkpoints()
    if not names:
        st.error(NONE_HERE, icon=":material/deployed_code_alert:")
        return
    st.caption(
        "What ships with the app and what you kept. The code is Apache-2.0; weights carry the strictest licence of "
        "what they were trained on."
    )
    for name in names:
        with st.container(border=True, key=f"card-{name}"):
            try:
                card = load_card(name)
            except CheckpointError as error:
                st.error(str(error), icon=":material/deployed_code_alert:")
                continue
            model_card.show(card)
            with st.expander("How it was made", icon=":material/history:"):
                show_making(name, card)


def show_making(name: str, card: Card) -> None:
    """Provenance: enough to make it again, and to check every figure."""
    st.markdown(
        f"System `{card.system}`, variant `{card.variant}`; emotions: {', '.join(card.labels)}"
        + "".join(f"; {old} counts as {new}" for old, new in card.merge.items())
        + f". Weights of epoch {card.epoch}; confidence calibrated with temperature {card.temperature:.2f}."
    )
    data = card.data
    for title, part in (("Trained on", data.train), ("Chosen on", data.validation), ("Tested on", data.test)):
        if part.speakers:
            st.markdown(f"**{title}** {len(part.utterances):,} clips of :gray[{', '.join(part.speakers)}]")
    st.markdown("**Make it again**")
    st.code(card.reproduce, language="shell", wrap_lines=True)
    if card.results:
        st.markdown("**See its figures again**")
        st.code("\n".join(result.command for result in card.results), language="shell", wrap_lines=True)
    if card.environment:
        made_with = ", ".join(f"{package} {version}" for package, version in card.environment.items())
        st.caption(f"Made with {made_with}.")
    st.download_button(
        "card.json",
        (find_checkpoint(name) / "card.json").read_bytes(),
        f"{name}.card.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
        help="The card whole: every clip with the hash of its sound.",
    )
