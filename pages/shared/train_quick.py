"""The run to begin with: ready with one click, done in about a minute, without any corpus."""

from __future__ import annotations

import streamlit as st

from ser_core.recipes import Recipe, load_recipe

RECIPE = "vit_vertical-synthetic-quick"
TITLE = "A first training, ready to go"
ABOUT = (
    f"`{RECIPE}`: the ViT student learns seven emotions from the computer-spoken clips that ship with the app, and is "
    "tested on two voices it never heard. About a minute on two idle processor cores. **It is a check of the "
    "machinery, not evidence about emotion:** nobody felt or acted anything in these clips."
)


def show_quick(allowed: bool) -> Recipe | None:
    """Draw the card.  Returns the recipe when its button was pressed."""
    with st.container(border=True, key="quick"):
        left, right = st.columns([0.74, 0.26], vertical_alignment="center")
        left.markdown(f"**{TITLE}**  \n:small[{ABOUT}]")
        pressed = right.button(
            "Train it now", icon=":material/play_arrow:", type="primary", disabled=not allowed, width="stretch",
            key="quick-launch",
        )  # fmt: skip
    return load_recipe(RECIPE) if pressed else None
